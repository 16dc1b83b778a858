//! One request and everything around it: what happened, when, on which connection, and why.
//!
//! [`Trace::build`] stitches transactions to a tree, [`render`] writes it. Both are pure: the caller finds
//! the transactions and says how wide the page is. A number that the log does not contain is "not recorded".

mod attempt;
mod bars;
mod changes;
mod curl;
mod details;
mod fields;
mod hide;
mod html;
mod journey;
mod json;
mod model;
mod packets;
pub(crate) mod page;
mod phases;
mod phrases;
mod request;
mod retries;
mod rows;
#[cfg(test)]
mod tests;
mod tree;
mod waterfall;
mod why;
mod words;
#[cfg(test)]
pub(crate) mod written;

pub use attempt::{AnswerHead, Attempt, Exchange, Failure, RequestHead, Step};
pub use changes::{Change, Step as HeadStep, between};
pub use curl::curl;
pub use details::Details;
pub use fields::{Acct, Close, Header, Headers, Micros, Open, Stamp};
pub(crate) use fields::{join, number};
pub use html::{HtmlOptions, html};
pub use json::{SCHEMA, TraceData};
pub use model::{Node, RecordLine, Trace, What};
pub use phases::Phase;
pub use request::{Request, Session};
pub use retries::Follow;
pub use tree::{Options, render};
pub use waterfall::{Bar, Piece, Waterfall};
pub use words::{Zone, duration, epoch, local_time};
