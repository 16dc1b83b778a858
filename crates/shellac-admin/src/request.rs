//! Requests from a stream of bytes: lines, and here documents behind them.

use crate::words::{SyntaxError, marked};

/// What came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Incoming {
    /// A request; its first word is the command, without a `-` in front.
    Request(Vec<String>),
    /// A line that is none.
    Bad(SyntaxError),
    /// A request that is longer than allowed; nothing behind it can be understood.
    TooLong,
}

/// A here document that has begun.
#[derive(Debug)]
struct Here {
    words: Vec<String>,
    token: String,
    text: String,
}

/// Puts requests together from pieces.
#[derive(Debug)]
pub struct RequestReader {
    bytes: Vec<u8>,
    /// Up to here there is no newline.
    searched: usize,
    here: Option<Here>,
    /// Longest request in bytes, a here document included.
    most: usize,
    lost: bool,
}

impl RequestReader {
    /// Takes requests of at most `most_bytes`.
    #[must_use]
    pub fn new(most_bytes: usize) -> RequestReader {
        RequestReader { bytes: Vec::new(), searched: 0, here: None, most: most_bytes, lost: false }
    }

    /// Changes the longest request.
    pub fn set_most(&mut self, most_bytes: usize) {
        self.most = most_bytes;
    }

    /// Hands in what was received.
    ///
    /// What is not asked for by [`RequestReader::next`] is kept, so whoever lets requests wait stops reading meanwhile.
    pub fn push(&mut self, bytes: &[u8]) {
        if !self.lost {
            self.bytes.extend_from_slice(bytes);
        }
    }

    /// Bytes that wait to be understood.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.bytes.len()
    }

    /// Whether a whole line waits.
    #[must_use]
    pub fn has_line(&self) -> bool {
        self.bytes[self.searched..].contains(&b'\n')
    }

    /// The next request; lines without a word are skipped.
    #[allow(clippy::should_implement_trait, reason = "its end is not the end of the requests")]
    pub fn next(&mut self) -> Option<Incoming> {
        loop {
            if self.lost {
                return None;
            }
            let kept = self.here.as_ref().map_or(0, |here| here.text.len());
            let found = self.bytes[self.searched..].iter().position(|&byte| byte == b'\n');
            let len = found.map_or(self.bytes.len(), |at| self.searched + at);
            if kept.saturating_add(len) > self.most {
                self.lost = true;
                self.bytes = Vec::new();
                self.here = None;
                return Some(Incoming::TooLong);
            }
            if found.is_none() {
                self.searched = self.bytes.len();
                return None;
            }
            let line: Vec<u8> = self.bytes.drain(..=len).take(len).collect();
            self.searched = 0;
            if let Some(incoming) = self.line(&line) {
                return Some(incoming);
            }
        }
    }

    /// One line without its newline.
    fn line(&mut self, line: &[u8]) -> Option<Incoming> {
        if let Some(here) = &mut self.here {
            let Ok(text) = std::str::from_utf8(line) else {
                self.here = None;
                return Some(Incoming::Bad(SyntaxError::NotUtf8));
            };
            if text != here.token {
                here.text.push_str(text);
                here.text.push('\n');
                return None;
            }
            let Here { mut words, text, .. } = self.here.take()?;
            words.push(text);
            return Some(Incoming::Request(words));
        }
        let marked = match marked(line) {
            Ok(words) => words,
            Err(error) => return Some(Incoming::Bad(error)),
        };
        let is_here = matches!(&marked[..], [.., (marker, false), _] if marker == "<<");
        let mut words: Vec<String> = marked.into_iter().map(|(word, _)| word).collect();
        without_dash(&mut words);
        if words.is_empty() {
            return None;
        }
        if is_here && let Some(token) = words.pop() {
            words.pop();
            self.here = Some(Here { words, token, text: String::new() });
            return None;
        }
        Some(Incoming::Request(words))
    }
}

/// Takes away the one `-` that start-up scripts put in front of a command whose failure does not matter.
fn without_dash(words: &mut Vec<String>) {
    if let Some(first) = words.first_mut()
        && let Some(name) = first.strip_prefix('-')
    {
        if name.is_empty() {
            words.remove(0);
        } else {
            *first = name.to_owned();
        }
    }
}

#[cfg(test)]
mod tests;
