//! The lines of a file from its end, in blocks, with bounded memory.

use std::io::{self, ErrorKind, Read, Seek, SeekFrom};

use super::MAX_LINE_BYTES;

const BLOCK_BYTES: u64 = 64 << 10;

/// A line and where it starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) offset: u64,
    pub(super) text: Text,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Text {
    /// Without its end.
    Whole(Vec<u8>),
    /// What follows the last line end of the file.
    Cut(Vec<u8>),
    /// More bytes than a line may have; this many.
    TooLong(u64),
}

/// Reads what a file had when it was opened, last line first.
#[derive(Debug)]
pub(super) struct Backward<F> {
    file: F,
    /// Where `block` starts in the file; what is before it was not read yet.
    at: u64,
    /// Bytes that were read, without the lines that were handed out.
    block: Vec<u8>,
    /// Bytes of a line that is too long and were dropped: they follow `block`.
    dropped: u64,
    /// No line end was seen yet.
    is_tail: bool,
    /// The first line of the file was handed out.
    is_done: bool,
}

impl<F: Read + Seek> Backward<F> {
    pub(super) fn new(mut file: F) -> io::Result<Backward<F>> {
        let at = file.seek(SeekFrom::End(0))?;
        Ok(Backward { file, at, block: Vec::new(), dropped: 0, is_tail: true, is_done: false })
    }

    /// The line before the one handed out last, `None` at the start of the file.
    pub(super) fn read(&mut self) -> io::Result<Option<Line>> {
        loop {
            // The line end of the line itself was taken off when the one behind it was handed out.
            if let Some(end) = memchr::memrchr(b'\n', &self.block) {
                let line = self.block.split_off(end + 1);
                self.block.truncate(end);
                let offset = self.at + end as u64 + 1;
                let was_tail = std::mem::replace(&mut self.is_tail, false);
                if was_tail && line.is_empty() && self.dropped == 0 {
                    continue;
                }
                return Ok(Some(self.line(offset, line, was_tail)));
            }
            if self.at == 0 {
                let was_tail = std::mem::replace(&mut self.is_tail, false);
                let is_empty = self.block.is_empty() && self.dropped == 0;
                if std::mem::replace(&mut self.is_done, true) || (was_tail && is_empty) {
                    return Ok(None);
                }
                let line = std::mem::take(&mut self.block);
                return Ok(Some(self.line(0, line, was_tail)));
            }
            if self.block.len() > MAX_LINE_BYTES {
                self.dropped += self.block.len() as u64;
                self.block.clear();
            }
            self.read_block()?;
        }
    }

    fn line(&mut self, offset: u64, line: Vec<u8>, is_cut: bool) -> Line {
        let dropped = std::mem::take(&mut self.dropped);
        let text = if dropped > 0 || line.len() > MAX_LINE_BYTES {
            Text::TooLong(line.len() as u64 + dropped)
        } else if is_cut {
            Text::Cut(line)
        } else {
            Text::Whole(line)
        };
        Line { offset, text }
    }

    /// Puts the block before what is there in front of it.
    fn read_block(&mut self) -> io::Result<()> {
        let len = self.at.min(BLOCK_BYTES);
        self.file.seek(SeekFrom::Start(self.at - len))?;
        let mut block = Vec::new();
        if (&mut self.file).take(len).read_to_end(&mut block)? as u64 != len {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        block.append(&mut self.block);
        self.block = block;
        self.at -= len;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
