//! What a store may use.

use std::path::PathBuf;
use std::time::Duration;

use super::disk::Space;

/// Where captures go, and how much of what they may use.
#[derive(Clone, Debug)]
pub struct StoreOptions {
    /// The directory. It is made with mode 0750 when it is not there, its parent is not.
    pub dir: PathBuf,
    /// Bytes that all capture files may have together, each rounded up to [`BLOCK_BYTES`].
    pub max_bytes: u64,
    /// Capture files at most, those that are written included.
    pub max_files: usize,
    /// What stays free on the file system.
    pub keep_free: KeepFree,
    /// Captures of every class that stay, counted from the oldest.
    pub keep_first: usize,
    /// Captures of every class that stay, counted from the newest.
    pub keep_last: usize,
    /// Bytes of one capture at most; it is cut there.
    pub max_capture_bytes: u64,
    /// Captures that may be written at the same time.
    pub max_open: usize,
    /// Bytes of the index with its older files.
    pub index_bytes: u64,
    /// Bytes of the manifest, of which half may be there while it is rewritten.
    pub manifest_bytes: u64,
    /// Several captures in one file, up to these limits; `None`: each has its own.
    pub roll: Option<Roll>,
    /// What is forced to the disk. A writer that is killed loses nothing that was written; this is about power cuts.
    pub fsync: Fsync,
    /// Files that were finished this long ago are compressed, but for the newest one; `None`: none is.
    pub compress_after: Option<Duration>,
}

/// Files are counted in blocks of this size, which is how most file systems hand them out.
pub const BLOCK_BYTES: u64 = 4096;

impl StoreOptions {
    /// A store in `dir` that uses at most 1 GiB in 10,000 files and keeps 5 % of the file system free.
    pub fn new(dir: impl Into<PathBuf>) -> StoreOptions {
        StoreOptions {
            dir: dir.into(),
            max_bytes: 1 << 30,
            max_files: 10_000,
            keep_free: KeepFree::Percent(5.0),
            keep_first: 5,
            keep_last: 20,
            max_capture_bytes: 256 << 20,
            max_open: 64,
            index_bytes: 64 << 20,
            manifest_bytes: 16 << 20,
            roll: None,
            fsync: Fsync::None,
            compress_after: None,
        }
    }
}

/// How much of the file system stays free, for whoever else writes there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum KeepFree {
    /// Of all its bytes.
    Percent(f64),
    /// So many bytes.
    Bytes(u64),
}

impl KeepFree {
    /// The same in bytes, on a file system like this.
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a share of a disk needs no exact bytes; `as` saturates"
    )]
    pub fn bytes_of(self, space: Space) -> u64 {
        match self {
            KeepFree::Bytes(bytes) => bytes,
            KeepFree::Percent(percent) => (space.total as f64 * percent / 100.0) as u64,
        }
    }
}

/// When a file that holds several captures is closed and the next one begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Roll {
    /// When it has so many bytes. More than a quarter of the budget counts as a quarter, for an open file cannot go.
    pub bytes: u64,
    /// When it is so old.
    pub age: Duration,
}

/// What is forced to the disk before work goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fsync {
    /// Nothing; what was written seconds before a power cut may be gone.
    None,
    /// Each capture before it gets its final name.
    Capture,
    /// Each write to a capture, each line of index and manifest.
    Always,
}
