//! Answers on the wire: a line of status and length, the body, a newline that does not count.

use crate::Status;

/// Length of the line in front of a body, its newline included.
const HEAD_BYTES: usize = 13;

/// What a command brings back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// How it ended.
    pub status: Status,
    /// The text, which usually ends in a newline of its own.
    pub body: Vec<u8>,
}

impl Answer {
    /// An answer with this text.
    #[must_use]
    pub fn new(status: Status, text: impl Into<Vec<u8>>) -> Answer {
        Answer { status, body: text.into() }
    }

    /// Done, with this text.
    #[must_use]
    pub fn ok(text: impl Into<Vec<u8>>) -> Answer {
        Answer::new(Status::OK, text)
    }

    /// The text for people; what is not UTF-8 is replaced.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The same, not longer than `most` bytes: what is longer is cut, and an `OK` becomes a `TRUNCATED`.
    ///
    /// It is not cut within a character.
    #[must_use]
    pub fn limited(mut self, most: usize) -> Answer {
        // The head has eight digits for the length.
        let most = most.min(99_999_999);
        if self.body.len() > most {
            let start = (most.saturating_sub(3)..=most)
                .rev()
                .find(|&at| self.body.get(at).is_none_or(|byte| byte & 0xc0 != 0x80));
            self.body.truncate(start.unwrap_or(most));
            if self.status == Status::OK {
                self.status = Status::TRUNCATED;
            }
        }
        self
    }

    /// Appends the answer as it goes over the wire, at most 99,999,999 bytes of body.
    pub fn write_to(&self, out: &mut Vec<u8>) {
        let len = self.body.len().min(99_999_999);
        out.extend_from_slice(format!("{:<3} {len:<8}\n", self.status.code()).as_bytes());
        out.extend_from_slice(&self.body[..len]);
        out.push(b'\n');
    }
}

/// Why bytes are no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FrameError {
    /// The first line is not `STATUS LENGTH`.
    #[error("it does not answer in the command line protocol: it begins with {found:?}")]
    BadHead {
        /// The beginning.
        found: String,
    },
    /// A body that is longer than the reader takes.
    #[error("its answer has {len} bytes, more than {most}")]
    TooLong {
        /// What the head says.
        len: usize,
        /// What is taken.
        most: usize,
    },
    /// There is no newline behind the body.
    #[error("its answer does not end where its length says")]
    NoEnd,
}

/// Puts answers together from pieces.
#[derive(Debug)]
pub struct AnswerReader {
    bytes: Vec<u8>,
    most: usize,
}

impl AnswerReader {
    /// Takes bodies of at most `most_bytes`.
    #[must_use]
    pub fn new(most_bytes: usize) -> AnswerReader {
        AnswerReader { bytes: Vec::new(), most: most_bytes }
    }

    /// Hands in what was received. Ask [`AnswerReader::next`] behind each call, or memory grows by all that comes.
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The next complete answer.
    ///
    /// # Errors
    ///
    /// [`FrameError`], again at every call: what follows cannot be understood.
    #[allow(clippy::should_implement_trait, reason = "its end is not the end of the answers")]
    pub fn next(&mut self) -> Result<Option<Answer>, FrameError> {
        let Some((head, rest)) = self.bytes.split_first_chunk::<HEAD_BYTES>() else {
            return Ok(None);
        };
        let (status, len) = parse_head(head).ok_or_else(|| FrameError::BadHead {
            found: String::from_utf8_lossy(head).into_owned(),
        })?;
        if len > self.most {
            return Err(FrameError::TooLong { len, most: self.most });
        }
        match rest.get(len) {
            None => Ok(None),
            Some(b'\n') => {
                let body = rest[..len].to_vec();
                self.bytes.drain(..HEAD_BYTES + len + 1);
                Ok(Some(Answer { status, body }))
            }
            Some(_) => Err(FrameError::NoEnd),
        }
    }

    /// Whether an answer has begun: an end here is within it.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        !self.bytes.is_empty()
    }

    /// Whether its head is complete, so that an end here is within its body.
    #[must_use]
    pub fn has_head(&self) -> bool {
        self.bytes.len() >= HEAD_BYTES
    }
}

/// `SSS LLLLLLLL\n`: numbers with blanks behind them.
fn parse_head(head: &[u8; HEAD_BYTES]) -> Option<(Status, usize)> {
    let number = |bytes: &[u8]| -> Option<usize> {
        let text = std::str::from_utf8(bytes).ok()?.trim_end_matches(' ');
        // A sign would be accepted by the parser.
        text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
    };
    if head[3] != b' ' || head[12] != b'\n' {
        return None;
    }
    let status = Status::new(u16::try_from(number(&head[..3])?).ok()?)?;
    Some((status, number(&head[4..12])?))
}

#[cfg(test)]
mod tests;
