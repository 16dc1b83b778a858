//! Where records come from, seen from the side that reads them.

use std::{fmt, io};

use shellac_format::{Dialect, Layout};
pub use shellac_ring::Loss;

use crate::detect::Detected;
use crate::loss::Lost;

/// What a [`Source`] has to say when it is asked for more.
#[derive(Debug, PartialEq, Eq)]
pub enum Input<'a> {
    /// One unit: whole records of one transaction that were published together.
    Unit(&'a [u8]),
    /// Whole records each of which is a unit by itself.
    Row(&'a [u8]),
    /// Nothing new at the moment.
    Nothing,
    /// Nothing will ever come.
    End,
    /// There is no log at the moment, and why. It is looked for with every call.
    Unavailable(String),
    /// A log was opened; the dialect is known from here on.
    Opened,
    /// Records could not be read. What comes next is what is left.
    Lost(Lost),
    /// The log that was read is gone: its writer ended or was replaced. All of it was read, as far as it could be.
    Abandoned(Gone),
    /// A log is there again after [`Input::Abandoned`].
    Reacquired,
}

/// What became of a log that was being read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gone {
    /// There is another worker.
    WorkerRestarted,
    /// There is no worker.
    WorkerEnded,
    /// There is no instance in the directory, or its manager is dead.
    InstanceEnded,
    /// There is no directory.
    DirectoryGone,
}

impl fmt::Display for Gone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Gone::WorkerRestarted => "the worker was restarted",
            Gone::WorkerEnded => "the worker has ended",
            Gone::InstanceEnded => "the instance has ended",
            Gone::DirectoryGone => "the directory is gone",
        })
    }
}

/// A row of inputs.
pub trait Source {
    /// The dialect of the records that the next input holds. It is known from [`Input::Opened`] on and can change
    /// with [`Input::Reacquired`].
    fn dialect(&self) -> Dialect;

    /// The next input.
    ///
    /// # Errors
    ///
    /// [`SourceError`] with file, place and reason. Nothing comes after an error.
    fn next(&mut self) -> Result<Input<'_>, SourceError>;

    /// Whether records are held back because it is not clear yet which dialect they are of.
    fn is_holding(&self) -> bool {
        false
    }

    /// The caller waits no longer: the dialect is decided on with the next call, by what is there.
    fn hurry(&mut self) {}
}

/// Why a source cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// The system refused.
    #[error("{name}: cannot read at byte {at}")]
    Io {
        /// The file.
        name: String,
        /// Bytes that were read before.
        at: u64,
        /// What the system said.
        source: io::Error,
    },
    /// It does not start as a file of records does.
    #[error("Not a VSL file: {name} ({found})")]
    NotALog {
        /// The file.
        name: String,
        /// What is there instead.
        found: String,
    },
    /// Something that is no record, or the end in the middle of one.
    #[error("{name}: byte {at}: {reason}")]
    Damaged {
        /// The file, or the segment of a live log.
        name: String,
        /// Where in it, in bytes from its start.
        at: u64,
        /// What is wrong there.
        reason: Damage,
    },
    /// The dialect that was asked for has other records than these.
    #[error("{name}: the log has {found} transaction numbers, which dialect {asked} does not have")]
    Dialect {
        /// The file, or the directory of a live log.
        name: String,
        /// The dialect that was asked for.
        asked: Dialect,
        /// What the log has.
        found: &'static str,
    },
}

/// What is wrong at a place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Damage {
    /// The last record is not all there.
    #[error("the last record is cut off: {have} of at least {need} bytes are there")]
    CutOff {
        /// Bytes that are there.
        have: usize,
        /// Bytes the record needs, as far as its header says.
        need: usize,
    },
    /// A zero word.
    #[error("no record here: a zero word")]
    Zero,
    /// An end or wrap mark, which only a ring has.
    #[error("no record here: an end mark (tag {number})")]
    Mark {
        /// The tag's number.
        number: u8,
    },
    /// What the reader of a ring has to say.
    #[error("{0}")]
    Ring(String),
}

/// Which table of tags is used, and why this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The table.
    pub dialect: Dialect,
    /// Who or what decided.
    pub basis: Basis,
}

/// What a [`Choice`] is based on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// Only one dialect has such records.
    Layout,
    /// The user said so.
    Asked,
    /// The writer says so.
    Announced,
    /// The records look like it.
    Records {
        /// How many were looked at.
        count: u32,
    },
    /// The records look as much like another one.
    Tie,
}

impl Choice {
    /// Whether it may well be wrong.
    pub const fn is_tie(&self) -> bool {
        matches!(self.basis, Basis::Tie)
    }
}

impl From<Detected> for Choice {
    fn from(detected: Detected) -> Choice {
        let Detected { dialect, records: count, is_tie } = detected;
        Choice { dialect, basis: if is_tie { Basis::Tie } else { Basis::Records { count } } }
    }
}

impl fmt::Display for Choice {
    /// For a person: the table and the reason.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dialect = self.dialect;
        match self.basis {
            Basis::Layout => write!(f, "{dialect}, the only one with such records"),
            Basis::Asked => write!(f, "{dialect}, as asked"),
            Basis::Announced => write!(f, "{dialect}, as its writer says"),
            Basis::Records { count: 0 } => write!(f, "{dialect}, for there are no records"),
            Basis::Records { count: 1 } => write!(f, "{dialect}, as its first record looks"),
            Basis::Records { count } => {
                write!(f, "{dialect}, as its first {count} records look")
            }
            Basis::Tie => write!(f, "{dialect}, though its records could be of another as well"),
        }
    }
}

/// An error with what led to it, on one line.
pub fn with_sources(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

/// Decides on the table for a log whose marker says `layout`.
///
/// `asked` is the user's word, `announced` the writer's own. Three dialects share one layout: `None` says that
/// only the records can tell.
///
/// # Errors
///
/// [`SourceError::Dialect`] when the user's dialect has another layout.
pub fn choose(
    name: &str,
    layout: Layout,
    asked: Option<Dialect>,
    announced: Option<Dialect>,
) -> Result<Option<Choice>, SourceError> {
    if let Some(asked) = asked
        && asked.layout() != layout
    {
        let found = match layout {
            Layout::Words2 => "30-bit",
            Layout::Words3 => "51-bit",
        };
        return Err(SourceError::Dialect { name: name.to_owned(), asked, found });
    }
    let announced = announced.filter(|dialect| dialect.layout() == layout);
    Ok(match (layout, asked, announced) {
        (_, Some(dialect), _) => Some(Choice { dialect, basis: Basis::Asked }),
        (Layout::Words2, None, _) => Some(Choice { dialect: Dialect::V6_0, basis: Basis::Layout }),
        (_, None, Some(dialect)) => Some(Choice { dialect, basis: Basis::Announced }),
        (Layout::Words3, None, None) => None,
    })
}
