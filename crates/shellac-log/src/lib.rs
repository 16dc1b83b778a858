//! Records to transactions to groups: where records come from, how they are put together, what was lost.
//!
//! A [`Group`] holds [`Transaction`]s in output order, each of which holds its records.
//!
//! Everything that comes from a file, a pipe or shared memory is input: whatever it says ends in an error
//! with a place, or in a group.
//!
//! How a group is printed is not known here, nor what the time is: it is handed in.

pub mod begin;
pub mod transaction;

pub use begin::Relation;
pub use transaction::{Group, Grouping, Kind, LogRecord, LogRecords, Reason, Transaction};
