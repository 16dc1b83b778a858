//! Records to transactions to groups: where records come from, how they are put together, what was lost.
//!
//! A [`Source`] hands out records: [`FileSource`] those of a file or pipe, [`LiveSource`] those of a running
//! instance. The [`Grouper`] makes [`Group`]s of [`Transaction`]s in output order of them; a [`Filter`] says which
//! of their records are shown.
//!
//! Everything that comes from a file, a pipe or shared memory is input: whatever it says ends in an error
//! with a place, or in a group. Loss is an input of its own kind, never silence.
//!
//! How a group is printed is not known here, nor what the time is: it is handed in.

pub mod begin;
pub mod detect;
pub mod file_source;
pub mod filter;
pub mod grouper;
pub mod live_source;
pub mod loss;
pub mod past;
mod selection;
pub mod source;
pub mod time;
pub mod transaction;

pub use begin::Relation;
pub use detect::{Detected, Detector};
pub use file_source::{Ahead, FileSource};
pub use filter::{CompiledFilter, Filter, Sides};
pub use grouper::{Account, Compat, GivenUp, Grouper, Limits, OPEN_BYTES};
pub use live_source::{LiveOptions, LiveSource};
pub use loss::{Cause, Ledger, Lost, Report};
pub use past::{Mark, Past, PastNext};
pub use shellac_ring::{Lag, OpenError, ReadError};
pub use source::{Basis, Choice, Damage, Gone, Input, Loss, Source, SourceError, choose};
pub use transaction::{Group, Grouping, Kind, LogRecord, LogRecords, Reason, Transaction};
