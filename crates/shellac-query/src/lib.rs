//! Query text to a predicate over a transaction group.
//!
//! [`Query::parse`] reads the text, [`Query::selects`] says whether a group is wanted, and [`Query::tags`] which
//! records it looks at. A [`Listener`] asks the same while records pass by. What a group is, is for the caller to say: whatever is a [`QueryTransaction`] can be asked.
//!
//! A query is bytes, as the command line and files give them; so are the records. Errors carry the place in the
//! text and what was expected there, and print what the stock tools print. Where the generations of those tools
//! read numbers or names differently, [`Compat`] decides.
//!
//! Where transactions come from is not known here, nor how options are written.

mod error;
mod grammar;
mod lexer;
mod listener;
mod number;
mod predicate;
mod query;
pub mod regex;
mod subject;
mod token;

pub use error::QueryError;
pub use listener::{Heard, HeardTransaction, Listener};
pub use query::{Compat, Options, Query, QueryTransaction};
