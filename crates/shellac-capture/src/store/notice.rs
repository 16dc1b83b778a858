//! What somebody should hear about a store: each change of its state once.

use std::fmt;
use std::path::PathBuf;

/// Something that the owner of the store should be told. Its text names place, reason and next step.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Notice {
    /// Writing failed. It is said once; the store goes on trying.
    CannotWrite {
        /// What was written to.
        path: PathBuf,
        /// Why it failed, in the system's words.
        error: String,
    },
    /// Writing works again.
    WritesAgain {
        /// What is written to.
        path: PathBuf,
        /// Lines that had been held and are written now.
        held: u64,
        /// Lines lost since the store was opened.
        lost: u64,
    },
    /// The file system has less room than is to be kept free: no captures until that changes.
    BelowKeepFree {
        /// The directory.
        dir: PathBuf,
        /// Bytes that are free.
        free: u64,
        /// Bytes that should be.
        keep: u64,
    },
    /// There is room again.
    AboveKeepFree {
        /// The directory.
        dir: PathBuf,
        /// Captures that were refused or cut meanwhile.
        refused: u64,
    },
    /// The budget is too small for what is being written.
    BudgetTooSmall {
        /// The directory.
        dir: PathBuf,
        /// Which one: `bytes` or `files`.
        what: &'static str,
    },
    /// A file whose writer died was cut to its last whole record and got its final name.
    Recovered {
        /// The file.
        path: PathBuf,
        /// Bytes that are kept.
        bytes: u64,
        /// Bytes of a cut record that were removed.
        cut: u64,
    },
    /// The end of a list of lines was cut in the middle of one, which was removed.
    CutLine {
        /// The file.
        path: PathBuf,
        /// Bytes that were removed.
        bytes: u64,
    },
    /// The oldest part of the index was removed.
    IndexForgot {
        /// The file that was removed.
        path: PathBuf,
    },
    /// There was a mistake in the directory when it was opened; the store works nevertheless.
    Odd {
        /// The file.
        path: PathBuf,
        /// What is odd about it.
        what: String,
    },
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Notice::CannotWrite { path, error } => write!(
                f,
                "cannot write {}: {error}; failures are counted and lines held until it works again",
                path.display()
            ),
            Notice::WritesAgain { path, held, lost } => write!(
                f,
                "{} is written again; {held} held lines written, {lost} lost so far",
                path.display()
            ),
            Notice::BelowKeepFree { dir, free, keep } => write!(
                f,
                "{}: {free} bytes free, {keep} are to be kept free; failures are only indexed until there is room: \
                 free some, or keep less free",
                dir.display()
            ),
            Notice::AboveKeepFree { dir, refused } => {
                write!(f, "{}: room again; {refused} captures were refused or cut", dir.display())
            }
            Notice::BudgetTooSmall { dir, what } => write!(
                f,
                "{}: the budget of {what} is too small for what is being written; failures are only indexed: allow more",
                dir.display()
            ),
            Notice::Recovered { path, bytes, cut } => write!(
                f,
                "{}: its writer did not finish it; {bytes} bytes of whole records kept, {cut} bytes cut",
                path.display()
            ),
            Notice::CutLine { path, bytes } => {
                write!(
                    f,
                    "{}: the last line was cut off; its {bytes} bytes were removed",
                    path.display()
                )
            }
            Notice::IndexForgot { path } => write!(
                f,
                "{} was removed: the index has used up its budget; allow more to look further back",
                path.display()
            ),
            Notice::Odd { path, what } => write!(f, "{}: {what}", path.display()),
        }
    }
}
