//! Query text to a predicate over a transaction group.
//!
//! [`Query::parse`] reads the text, [`Query::selects`] says whether a group is wanted.
//!
//! Errors carry the place in the text and what was expected there.
//!
//! Where transactions come from is not known here. So far the language has one comparison, `vxid == N`.

pub mod parse;
pub mod query;
pub mod regex;

pub use query::{Query, QueryError};
