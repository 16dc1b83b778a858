//! The counters that an instance publishes: sets of 64-bit values, each described by a document in JSON.
//!
//! A segment of class `Stat` holds the values of one set, one of class `StatDoc` the description of sets that look alike; a
//! number in both says which belong together. [`Counters`] follows all of them through an [`shellac_vsm::Attachment`]; [`write`](mod@write)
//! publishes those of [`table`].
//!
//! ```text
//! head of both, 24 bytes, native order
//! byte 0    ready, 4 bytes: 0 not yet, 1 valid, 2 valid and not to be shown
//!      8    where the body begins, in bytes
//!     16    number of the document
//! body of Stat: counters of 8 bytes; of StatDoc: JSON up to a NUL
//! ```

mod counters;
mod doc;
mod set;
pub mod table;
pub mod write;

pub use counters::{Counter, CounterId, Counters, Reading};
pub use doc::{DocError, Format, Info, Level, Semantics, SetDoc};

#[cfg(all(test, not(shellac_model = "loom")))]
mod tests;
