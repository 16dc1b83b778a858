//! Names of backends: what is asked of name servers and when, what their answers mean, and which addresses a name has.
//!
//! [`Name`] is what requests see: the addresses that a name has now. [`Schedule`] says when it has to be looked up
//! again and what the end of a look-up changes, [`Lookup`] is one look-up with all its questions, [`message`] the
//! bytes of questions and answers, [`Hosts`] and [`servers`] what the files of the system say.
//!
//! Nothing here sends anything: whoever does is handed the bytes and tells what came back.

mod lookup;
pub mod message;
mod name;
mod schedule;
mod system;

pub use lookup::{Ask, Lookup, Plan, Step};
pub use name::{Found, Name, Trouble};
pub use schedule::{Change, Schedule, Times};
pub use system::{Hosts, servers};

#[cfg(test)]
mod tests;
