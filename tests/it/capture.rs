//! The directory of captures under hardship: writers that are killed, disks that somebody else fills.

mod killed;
mod small_disk;
mod writer;
