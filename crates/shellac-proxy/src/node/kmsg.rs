//! The kernel's own log.

use std::os::fd::OwnedFd;

use rustix::fs::{Mode, OFlags, SeekFrom, open, seek};
use rustix::io::{Errno, read};
use shellac_upstream::node::kmsg::{Complaint, RECORD_BYTES, complaint, text_of};

/// Records that are read in one round at most; the rest waits for the next.
const MOST: usize = 200;

/// The kernel's log, from now on.
#[derive(Debug)]
pub(super) struct Kmsg(OwnedFd);

impl Kmsg {
    /// Opens it, behind what is there; `None` when that is not permitted or not possible.
    pub(super) fn open() -> Option<Kmsg> {
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = open("/dev/kmsg", flags, Mode::empty()).ok()?;
        seek(&file, SeekFrom::End(0)).ok()?;
        Some(Kmsg(file))
    }

    /// What came since the last call; `None` when it cannot be read any more.
    pub(super) fn complaints(&self) -> Option<Vec<Complaint>> {
        let mut found = Vec::new();
        let mut record = vec![0; RECORD_BYTES];
        for _ in 0..MOST {
            match read(&self.0, &mut record) {
                Ok(0) => return Some(found),
                Ok(len) => found.extend(text_of(&record[..len]).and_then(|line| complaint(&line))),
                // Lines were overwritten before we came; it goes on with the oldest that is left.
                Err(Errno::PIPE | Errno::INTR) => {}
                // One that does not fit into the buffer is passed over by the kernel.
                Err(Errno::INVAL) => {}
                Err(Errno::AGAIN) => return Some(found),
                Err(_) => return None,
            }
        }
        Some(found)
    }
}
