//! The only crate with `unsafe` code: mapped words, header views, block copies, TCP_INFO, IP_RECVERR,
//! ignored signals, questions about many bytes at a time.
//!
//! [`MappedFile`] and [`MappedFileMut`] are files in memory, [`LogView`] and [`LogViewMut`] look at one as
//! a log segment. [`Words`] and [`LogHead`] (with their halves for writers, [`WordsMut`] and
//! [`LogHeadMut`]) are what the ring is written against: a mapping, an array in a test ([`ArrayLog`]) and the
//! atomics of a model checker all are one.
//!
//! Nobody gets a `&[u8]`, a `&T` or a `&str` into memory that another process may change: there are
//! atomic words, read one by one, and copies. Each byte is accessed with one width for ever: the log in
//! 32-bit words, the head before it in the widths of its fields, everything else in cells of 64 bits ([`Cells`]).
//!
//! Nothing in here knows what a record is.

#![allow(
    unsafe_code,
    reason = "this is the crate for it: memory shared with other processes, and system calls without a safe wrapper"
)]

pub mod array;
pub mod cells;
mod copy;
mod glob;
mod identity;
mod ignored;
pub mod log_view;
pub mod mapped;
mod monotonic;
mod recverr;
pub mod tcp_info;
pub mod wide;
pub mod words;

pub use array::ArrayLog;
pub use cells::{
    ArrayCells, CELL_BYTES, CellView, CellViewMut, Cells, CellsAdd, CellsError, CellsMut,
};
pub use glob::glob_matches;
pub use identity::become_user;
pub use ignored::IgnoredSignals;
pub use log_view::{LogView, LogViewError, LogViewMut};
pub use mapped::{CreateOptions, MapError, MappedFile, MappedFileMut};
pub use monotonic::monotonic_micros;
pub use recverr::report_errors;
pub use tcp_info::{TcpInfo, tcp_info};
pub use words::{LogHead, LogHeadMut, OutOfBounds, Words, WordsMut};
