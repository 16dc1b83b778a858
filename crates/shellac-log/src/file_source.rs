//! Records from a file, a pipe or standard input, through `read()`.
//!
//! Nothing is mapped: a file that shrinks under a reader ends it, it does not kill it.

use std::io::{self, ErrorKind, Read};
use std::ops::Range;

use shellac_format::heads::ordinary_bytes;
use shellac_format::{Dialect, Head, Layout};

use crate::detect::{Detector, ENOUGH_RECORDS};
use crate::source::{Choice, Damage, Input, Source, SourceError, choose};

/// Room for what was read, all of which is asked for with one `read()`. The longest record is far shorter, and many of them
/// are looked at to find out the dialect. The kernel copies so much a third faster than 128 KB at a time, which saves
/// more than finding it in a nearer cache does.
const BLOCK_BYTES: usize = 1 << 20;
/// Bytes that are walked here at once at most ([`FileSource::peek`] hands out the whole block): small enough to stay in a
/// cache between this walk and the next.
const ROW_BYTES: usize = 64 << 10;
/// Bytes of a file's magic.
const MAGIC_BYTES: usize = 4;

/// A [`Source`] over anything that can be read.
#[derive(Debug)]
pub struct FileSource<R> {
    name: String,
    reader: R,
    /// `None` while only the records can tell.
    choice: Option<Choice>,
    detector: Detector,
    /// How much of what was read and not handed out the detector has seen.
    detected: usize,
    /// No more waiting for the detector.
    hurry: bool,
    /// Whether [`Input::Opened`] was said.
    opened: bool,
    layout: Layout,
    block: Box<[u8]>,
    /// The part of `block` that was read and not handed out.
    start: usize,
    end: usize,
    /// Where `start` is in the file.
    offset: u64,
    at_end: bool,
    failed: bool,
    /// Bytes that were handed out unchecked.
    ahead: usize,
    /// Whoever walks what is at `start` does not get any further.
    stuck: bool,
}

/// What [`FileSource::peek`] found.
#[derive(Debug, PartialEq, Eq)]
pub enum Ahead<'a> {
    /// What was read and nobody has looked at.
    Unchecked(&'a [u8]),
    /// Anything else.
    Input(Input<'a>),
}

impl<R: Read> FileSource<R> {
    /// Reads the magic, which decides on the layout of the records. `name` is for messages; `asked` is the
    /// dialect that the user named.
    ///
    /// # Errors
    ///
    /// [`SourceError::NotALog`] without a magic, [`SourceError::Dialect`] when `asked` has another layout,
    /// [`SourceError::Io`].
    pub fn open(
        name: impl Into<String>,
        mut reader: R,
        asked: Option<Dialect>,
    ) -> Result<FileSource<R>, SourceError> {
        let name = name.into();
        let mut magic = [0; MAGIC_BYTES];
        let mut have = 0;
        while have < MAGIC_BYTES {
            match reader.read(&mut magic[have..]) {
                Ok(0) => {
                    let found = format!("it ends after {have} bytes");
                    return Err(SourceError::NotALog { name, found });
                }
                Ok(more) => have += more,
                Err(error) if is_for_now(&error) => {}
                Err(source) => return Err(SourceError::Io { name, at: have as u64, source }),
            }
        }
        let Some(layout) = Layout::from_file_magic(magic) else {
            let found = format!("it starts with \"{}\"", magic.escape_ascii());
            return Err(SourceError::NotALog { name, found });
        };
        let choice = choose(&name, layout, asked, None)?;
        Ok(FileSource {
            name,
            reader,
            choice,
            detector: Detector::default(),
            detected: 0,
            hurry: false,
            opened: false,
            layout,
            block: vec![0; BLOCK_BYTES].into_boxed_slice(),
            start: 0,
            end: 0,
            offset: MAGIC_BYTES as u64,
            at_end: false,
            failed: false,
            ahead: 0,
            stuck: false,
        })
    }

    /// The table of tags and why this one. It is known when [`Input::Opened`] was said; before, it is what the
    /// records suggest that were looked at so far.
    pub fn choice(&self) -> Choice {
        self.choice.unwrap_or_else(|| self.detector.answer().into())
    }

    /// Looks at the first records until they say enough. `false`: there are too few at the moment.
    fn detect(&mut self) -> Result<bool, SourceError> {
        loop {
            let (whole, stop) = walk(self.layout, &self.block[self.detected..self.end]);
            self.detector.input(&self.block[self.detected..self.detected + whole]);
            self.detected += whole;
            let is_over = match stop {
                Stop::NotARecord(_) => true,
                Stop::Empty | Stop::Short { .. } => self.at_end || self.end == BLOCK_BYTES,
                Stop::Full => false,
            };
            if is_over || self.detector.records() == ENOUGH_RECORDS {
                return Ok(true);
            }
            if stop != Stop::Full && !self.fill()? {
                return Ok(self.hurry || self.detector.is_clear());
            }
        }
    }

    /// The next input as [`Source::next`] gives it, except that rows are not walked here, for a caller who walks them
    /// anyway: it does so from head to head as [`Heads`](shellac_format::Heads) does, to the first bytes that are no
    /// whole record, and says with [`FileSource::take`] how far that was. What is wrong there is found out then.
    ///
    /// # Errors
    ///
    /// As [`Source::next`].
    pub fn peek(&mut self) -> Result<Ahead<'_>, SourceError> {
        self.ahead = 0;
        if !self.opened {
            return self.next().map(Ahead::Input);
        }
        while self.stuck || self.start == self.end {
            if let Some(input) = self.checked()? {
                return Ok(Ahead::Input(input.into_input(&self.block)));
            }
            self.stuck = false;
        }
        self.ahead = self.end - self.start;
        Ok(Ahead::Unchecked(&self.block[self.start..self.end]))
    }

    /// So many of the bytes that [`FileSource::peek`] gave were whole records.
    pub fn take(&mut self, walked_bytes: usize) {
        let walked_bytes = walked_bytes.min(std::mem::take(&mut self.ahead));
        self.start += walked_bytes;
        self.offset += walked_bytes as u64;
        self.stuck = walked_bytes == 0;
    }

    /// Bytes of the file that were handed out so far, magic included.
    pub const fn position(&self) -> u64 {
        self.offset
    }

    /// Walks what was read, or reads on. `None`: there is more to walk now.
    fn checked(&mut self) -> Result<Option<Checked>, SourceError> {
        if self.failed {
            return Ok(Some(Checked::End));
        }
        let (whole, stop) = walk(self.layout, &self.block[self.start..self.end]);
        if whole > 0 {
            let row = self.start..self.start + whole;
            self.start = row.end;
            self.offset += whole as u64;
            return Ok(Some(Checked::Row(row)));
        }
        match stop {
            Stop::NotARecord(damage) => return Err(self.damaged(0, damage)),
            Stop::Short { need } if self.at_end => {
                let have = self.end - self.start;
                return Err(self.damaged(0, Damage::CutOff { have, need }));
            }
            Stop::Empty if self.at_end => return Ok(Some(Checked::End)),
            Stop::Empty | Stop::Short { .. } | Stop::Full => {}
        }
        Ok(if self.fill()? { None } else { Some(Checked::Nothing) })
    }

    fn damaged(&mut self, at: usize, reason: Damage) -> SourceError {
        self.failed = true;
        SourceError::Damaged { name: self.name.clone(), at: self.offset + at as u64, reason }
    }

    /// Reads until something came, or the end. `false`: nothing is there at the moment.
    fn fill(&mut self) -> Result<bool, SourceError> {
        self.block.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        match self.reader.read(&mut self.block[self.end..]) {
            Ok(0) => self.at_end = true,
            Ok(more) => self.end += more,
            Err(error) if is_for_now(&error) => return Ok(false),
            Err(source) => {
                self.failed = true;
                let at = self.offset + self.end as u64;
                return Err(SourceError::Io { name: self.name.clone(), at, source });
            }
        }
        Ok(true)
    }
}

impl<R: Read> Source for FileSource<R> {
    fn dialect(&self) -> Dialect {
        self.choice().dialect
    }

    fn is_holding(&self) -> bool {
        self.choice.is_none() && self.end > 0
    }

    fn hurry(&mut self) {
        self.hurry = true;
    }

    fn next(&mut self) -> Result<Input<'_>, SourceError> {
        if !self.opened && !self.failed {
            if self.choice.is_none() {
                if !self.detect()? {
                    return Ok(Input::Nothing);
                }
                self.choice = Some(self.detector.answer().into());
            }
            self.opened = true;
            return Ok(Input::Opened);
        }
        loop {
            if let Some(checked) = self.checked()? {
                return Ok(checked.into_input(&self.block));
            }
        }
    }
}

/// An input whose records are in the block.
enum Checked {
    Row(Range<usize>),
    Nothing,
    End,
}

impl Checked {
    fn into_input(self, block: &[u8]) -> Input<'_> {
        match self {
            Checked::Row(row) => Input::Row(&block[row]),
            Checked::Nothing => Input::Nothing,
            Checked::End => Input::End,
        }
    }
}

/// Why a walk over whole records ended.
#[derive(Debug, PartialEq, Eq)]
enum Stop {
    /// Everything was walked.
    Empty,
    /// A row is long enough.
    Full,
    /// The next record is not all there.
    Short { need: usize },
    /// What is next is no record.
    NotARecord(Damage),
}

/// How many bytes at the start of `bytes` are whole records (or heads of batches, which are stepped over
/// as the originals do it), up to about [`ROW_BYTES`].
fn walk(layout: Layout, bytes: &[u8]) -> (usize, Stop) {
    // Nearly always this is all there is to do; below, what is next is looked at more closely.
    let mut at = ordinary_bytes(layout, bytes, ROW_BYTES);
    while at < ROW_BYTES {
        let rest = &bytes[at..];
        let Some(head) = Head::decode(layout, rest) else {
            let stop = match rest.len() {
                0 => Stop::Empty,
                _ => Stop::Short { need: layout.head_bytes() },
            };
            return (at, stop);
        };
        let damage = match head.number {
            0 => Some(Damage::Zero),
            number if head.is_mark() => Some(Damage::Mark { number }),
            _ => None,
        };
        if let Some(damage) = damage {
            return (at, Stop::NotARecord(damage));
        }
        let opens_batch = head.is_batch() && u16::from_ne_bytes(low_half(rest)) == 0;
        let need = if opens_batch { layout.head_bytes() } else { head.record_bytes(layout) };
        if need > rest.len() {
            return (at, Stop::Short { need });
        }
        at += need;
    }
    (at, Stop::Full)
}

/// Not an error: ask again.
fn is_for_now(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::WouldBlock)
}

/// The two bytes of the first word that hold a record's length.
const fn low_half(bytes: &[u8]) -> [u8; 2] {
    if cfg!(target_endian = "little") { [bytes[0], bytes[1]] } else { [bytes[2], bytes[3]] }
}

#[cfg(test)]
mod tests;
