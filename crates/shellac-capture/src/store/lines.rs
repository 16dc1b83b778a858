//! Lines of a file from its start, none longer than [`MAX_LINE_BYTES`].

use std::io::{self, BufRead, BufReader, ErrorKind, Read};

use crate::index::MAX_LINE_BYTES;

/// The lines that `reader` has, without their ends. What is longer, or has no end, is passed over.
#[derive(Debug)]
pub(super) struct Lines<R> {
    reader: BufReader<R>,
    failed: bool,
}

impl<R: Read> Lines<R> {
    pub(super) fn new(reader: R) -> Lines<R> {
        Lines { reader: BufReader::with_capacity(64 << 10, reader), failed: false }
    }

    /// The next line into `line`; `false` at the end.
    fn read_into(&mut self, line: &mut Vec<u8>) -> io::Result<bool> {
        let mut too_long = false;
        line.clear();
        loop {
            let block = match self.reader.fill_buf() {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                block => block?,
            };
            if block.is_empty() {
                return Ok(false);
            }
            let end = memchr::memchr(b'\n', block);
            let part = &block[..end.unwrap_or(block.len())];
            too_long |= line.len() + part.len() > MAX_LINE_BYTES;
            if !too_long {
                line.extend_from_slice(part);
            }
            let used = part.len() + usize::from(end.is_some());
            self.reader.consume(used);
            match end {
                Some(_) if too_long => {
                    line.clear();
                    too_long = false;
                }
                Some(_) => return Ok(true),
                None => {}
            }
        }
    }
}

impl<R: Read> Iterator for Lines<R> {
    type Item = io::Result<Vec<u8>>;

    fn next(&mut self) -> Option<io::Result<Vec<u8>>> {
        if self.failed {
            return None;
        }
        let mut line = Vec::new();
        match self.read_into(&mut line) {
            Ok(true) => Some(Ok(line)),
            Ok(false) => None,
            Err(error) => {
                self.failed = true;
                Some(Err(error))
            }
        }
    }
}

#[cfg(test)]
mod tests;
