//! A file of counts that outlives the process: what was published, and how far the reader is.
//!
//! ```text
//! byte 0     batches that the reader has read plus one, u64; written by the reader, with `pwrite`;
//!            zero: the reader is not there yet
//!      8     threads, u64
//!     16     per thread: batches published, u64; their bytes in the log with batch headers, u64
//! ```
//!
//! A thread counts a batch right after publishing it, so when the process is killed one batch per thread may
//! be published and not counted.

use std::path::Path;

use shellac_sys::{CreateOptions, MappedFileMut, OutOfBounds};

const HEAD_BYTES: usize = 16;
const THREAD_BYTES: usize = 16;

/// The mapped file.
pub(crate) struct Counts {
    file: MappedFileMut,
}

impl Counts {
    /// Makes the file, in place of one that is there.
    pub(crate) fn create(path: &Path, threads: usize) -> anyhow::Result<Counts> {
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
        let len = HEAD_BYTES + threads * THREAD_BYTES;
        let file = MappedFileMut::create(path, len, &CreateOptions::default())?;
        file.write_bytes(8, &(threads as u64).to_ne_bytes())?;
        Ok(Counts { file })
    }

    /// Notes what `thread` has published.
    pub(crate) fn publish(
        &self,
        thread: usize,
        batches: u64,
        bytes: u64,
    ) -> Result<(), OutOfBounds> {
        let mut both = [0; THREAD_BYTES];
        both[..8].copy_from_slice(&batches.to_ne_bytes());
        both[8..].copy_from_slice(&bytes.to_ne_bytes());
        self.file.write_bytes(HEAD_BYTES + thread * THREAD_BYTES, &both)
    }

    /// Batches that all threads have published.
    pub(crate) fn published(&self) -> Result<u64, OutOfBounds> {
        let threads = self.number(8)?;
        let mut sum = 0;
        for thread in 0..usize::try_from(threads).unwrap_or(usize::MAX) {
            sum += self.number(HEAD_BYTES + thread * THREAD_BYTES)?;
        }
        Ok(sum)
    }

    /// Batches that the reader has read; `None` when it is not there yet.
    pub(crate) fn read(&self) -> Result<Option<u64>, OutOfBounds> {
        Ok(self.number(0)?.checked_sub(1))
    }

    fn number(&self, at: usize) -> Result<u64, OutOfBounds> {
        let mut bytes = [0; 8];
        self.file.read_bytes(at, &mut bytes)?;
        Ok(u64::from_ne_bytes(bytes))
    }
}
