//! The command line protocol of Varnish and Vinyl: both sides, without input or output.
//!
//! A request is one line of words ([`words()`], [`RequestReader`]), an answer has a status and a length in front
//! ([`Answer`], [`AnswerReader`]). [`Session`] is the server's side of one connection, from the challenge to the end;
//! [`Login`] is the client's way to the first command. [`Row`] describes a command, and a slice of rows is what `help` and the
//! checks before a command is run are made of.
//!
//! What comes from the other side is input: it is bounded before it is stored, and gives an answer or an error. Bytes and the time are handed
//! in and out; what commands do is not known here.

mod answer;
mod auth;
mod banner;
mod columns;
mod command;
mod json;
mod login;
mod record;
mod request;
mod session;
mod status;
mod words;

pub use answer::{Answer, AnswerReader, FrameError};
pub use auth::{Challenge, response};
pub use banner::Banner;
pub use columns::{Cell, Columns};
pub use command::{Call, Commands, Place, Row};
pub use json::{Envelope, quoted};
pub use login::{Login, LoginError, LoginStep};
pub use record::{read_record, shown, written_record};
pub use request::{Incoming, RequestReader};
pub use session::{Host, LINE_BYTES_BEFORE_LOGIN, Session, SessionLimits};
pub use status::Status;
pub use words::{SyntaxError, quote, words};
