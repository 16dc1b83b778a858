//! The shared-memory directory: who runs here, and which files hold what.
//!
//! A working directory has two sets of segments, the manager's and the worker's, each with a text file
//! `_.index` that lists them. [`MgtSet`] and [`ChildSet`] publish one; [`Attachment`] follows both, through
//! rewritten indices, restarted workers and directories that come and go; [`locate`] finds the directory that
//! `-n` means.
//!
//! Everything in such a directory is input, written by another program: a bad line is reported and
//! skipped, a file name cannot leave the directory, a length is compared with the file before anything is mapped.
//! Every failure names the path, the reason and what to do about it.
//!
//! What is inside a segment, and waiting for one to appear, is other people's business.

pub mod attach;
mod error;
pub mod group;
pub mod index;
pub mod letters;
pub mod locate;
pub mod publish;
mod retired;

pub use attach::{AttachOptions, Attachment, Problem, Segment, SegmentId, Status};
pub use error::VsmError;
pub use index::{Entry, Header};
pub use publish::{ChildSet, MgtSet, PublishOptions, SetWriter};
pub use retired::{map_all_retired, map_retired};

use std::fmt;

/// Which of the two sets of a working directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SetKind {
    /// The manager's.
    Mgt,
    /// The worker's; absent while there is none.
    Child,
}

impl SetKind {
    /// The name of its directory below the working directory.
    #[must_use]
    pub fn dir_name(self) -> &'static str {
        match self {
            SetKind::Mgt => "_.vsm_mgt",
            SetKind::Child => "_.vsm_child",
        }
    }
}

impl fmt::Display for SetKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SetKind::Mgt => "manager",
            SetKind::Child => "worker",
        })
    }
}
