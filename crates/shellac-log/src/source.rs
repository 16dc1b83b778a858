//! Where records come from, seen from the side that reads them.

use std::io;

use shellac_format::{Dialect, Layout};
pub use shellac_ring::Loss;

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
    /// Records were overwritten before they could be read. What comes next is what is left.
    Overrun(Loss),
    /// A writer died in the middle of a record. What others wrote behind it up to the end of its segment
    /// cannot be reached; what comes next is from the segment after that.
    Hole(Loss),
    /// The log that was read is gone: its writer ended or was replaced.
    Abandoned,
    /// A log is there again after [`Input::Abandoned`].
    Reacquired,
}

/// A row of inputs.
pub trait Source {
    /// The dialect of the records that the next input holds. It can change with [`Input::Reacquired`].
    fn dialect(&self) -> Dialect;

    /// The next input.
    ///
    /// # Errors
    ///
    /// [`SourceError`] with file, place and reason. Nothing comes after an error.
    fn next(&mut self) -> Result<Input<'_>, SourceError>;
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

/// Which table of tags is used, and whether somebody said so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The table.
    pub dialect: Dialect,
    /// Neither the log nor the user said which of several it is.
    pub assumed: bool,
}

/// Decides on the table for a log whose marker says `layout`.
///
/// `asked` is the user's word, `announced` the writer's own. Three dialects share one layout: without a
/// word the oldest of them is assumed.
///
/// # Errors
///
/// [`SourceError::Dialect`] when the user's dialect has another layout.
pub fn choose(
    name: &str,
    layout: Layout,
    asked: Option<Dialect>,
    announced: Option<Dialect>,
) -> Result<Choice, SourceError> {
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
    Ok(match (layout, asked.or(announced)) {
        (_, Some(dialect)) => Choice { dialect, assumed: false },
        (Layout::Words2, None) => Choice { dialect: Dialect::V6_0, assumed: false },
        (Layout::Words3, None) => Choice { dialect: Dialect::V7_3, assumed: true },
    })
}
