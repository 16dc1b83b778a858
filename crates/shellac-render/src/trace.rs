//! One request and everything around it: what happened, when, on which connection, and why.
//!
//! [`Trace::build`] stitches transactions to a tree, [`render`] writes it. Both are pure: the caller finds
//! the transactions and says how wide the page is. A number that the log does not contain is "not recorded".

mod attempt;
mod details;
mod fields;
mod model;
mod page;
mod phrases;
mod request;
#[cfg(test)]
mod tests;
mod tree;
mod why;
mod words;
#[cfg(test)]
pub(crate) mod written;

pub use attempt::{AnswerHead, Attempt, Exchange, Failure, RequestHead, Step};
pub use details::Details;
pub use fields::{Acct, Close, Header, Headers, Micros, Open, Stamp};
pub(crate) use fields::{join, number};
pub use model::{Node, Trace, What};
pub use request::{Request, Session};
pub use tree::{Options, render};
pub use words::{Zone, duration, epoch, local_time};
