//! Groups to text: log lines, trace trees, causes.
//!
//! [`lines`] writes a group record by record, as the log tool shows it, [`colored`] does it with colour; [`trace`] makes a tree of one
//! request with its attempts, times and bytes; [`json`] writes a group as one line of JSON; [`causes`] says why an attempt failed, on the grounds of
//! what [`error_text`] makes of its error; [`failures`] has the failed attempts of a group in one piece, [`dimensions`] the
//! properties by which failing and good requests are compared; [`ncsa`] writes the lines of an access log.
//!
//! All of it is pure: text comes out, nothing is opened, and moments are those of the log. What a log says
//! is input: it reaches a terminal through [`visible()`] only, and secrets through [`redact`].
//!
//! Where transactions come from and how a terminal is recognised is not known here.

pub mod causes;
pub mod colored;
pub mod dimensions;
pub mod error_text;
pub mod explain;
pub mod failures;
pub mod json;
pub mod lines;
pub mod ncsa;
pub mod redact;
mod stop;
pub mod trace;
mod visible;

pub use visible::visible;
