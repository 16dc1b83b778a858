//! Commands on their way to the worker, and what comes back.
//!
//! ```text
//! to the worker:    NUMBER WORD WORD ...        one line, words quoted as requests are
//!                   0 RECORD RECORD ...         to be written to the log as they are; not answered
//! to the manager:   STATUS LENGTH, then a body  the framing of answers; its first line is NUMBER
//! unasked:          the same with NUMBER 0; its second line says what it is
//! ```
//!
//! Because of the numbers a command that takes its time holds up no other. Both ends are used by `shellac-manager` and its
//! caller: [`Orders`] is the worker's end.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex, PoisonError};

use shellac_admin::{Answer, AnswerReader, Incoming, RequestReader, Status, quote};

/// Longest answer of a worker in bytes.
const ANSWER_BYTES_MOST: usize = 16 << 20;
/// Longest command to a worker in bytes: one carries the text of a configuration, quoted.
const ORDER_BYTES_MOST: usize = 96 << 20;

/// What came from the worker.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// The answer to the command with this number.
    Answer(u64, Answer),
    /// Something that nobody asked for: what it is, and its text.
    Notice(String, String),
}

/// The manager's end, without the connection.
#[derive(Debug)]
pub(crate) struct Relay {
    out: Vec<u8>,
    reader: AnswerReader,
}

impl Default for Relay {
    fn default() -> Relay {
        Relay { out: Vec::new(), reader: AnswerReader::new(ANSWER_BYTES_MOST) }
    }
}

impl Relay {
    /// Sends a command under a number; with 0 it is not answered.
    pub(crate) fn send<W: AsRef<str>>(&mut self, number: u64, words: &[W]) {
        self.out.extend_from_slice(number.to_string().as_bytes());
        for word in words {
            self.out.push(b' ');
            self.out.extend_from_slice(quote(word.as_ref()).as_bytes());
        }
        self.out.push(b'\n');
    }

    pub(crate) fn to_send(&self) -> &[u8] {
        &self.out
    }

    pub(crate) fn sent(&mut self, len: usize) {
        self.out.drain(..len.min(self.out.len()));
    }

    pub(crate) fn received(&mut self, bytes: &[u8]) {
        self.reader.push(bytes);
    }

    /// What came next; the error is why nothing more can be understood.
    pub(crate) fn next(&mut self) -> Result<Option<Heard>, String> {
        let Some(mut answer) = self.reader.next().map_err(|error| error.to_string())? else {
            return Ok(None);
        };
        let number = first_line(&mut answer.body).ok_or("an answer without a number")?;
        let number: u64 = number.parse().map_err(|_| format!("{number:?} is not a number"))?;
        if number > 0 {
            return Ok(Some(Heard::Answer(number, answer)));
        }
        let what = first_line(&mut answer.body).ok_or("a notice without a name")?;
        Ok(Some(Heard::Notice(what, answer.text())))
    }
}

/// Takes the first line off.
fn first_line(body: &mut Vec<u8>) -> Option<String> {
    let len = body.iter().position(|&byte| byte == b'\n')?;
    let line: Vec<u8> = body.drain(..=len).take(len).collect();
    String::from_utf8(line).ok()
}

/// The worker's end: commands come out, answers go in, from any thread.
#[derive(Debug, Clone)]
pub struct Orders {
    writer: Arc<Mutex<UnixStream>>,
}

/// One command for the worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// What the answer has to carry; 0 wants none.
    pub number: u64,
    /// The command and its arguments.
    pub words: Vec<String>,
}

impl Orders {
    /// Takes over a connection on which the handoff has arrived and everything is ready.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn new(connection: &UnixStream) -> io::Result<Orders> {
        Ok(Orders { writer: Arc::new(Mutex::new(connection.try_clone()?)) })
    }

    /// Says that this worker serves.
    ///
    /// # Errors
    ///
    /// What the system says; the manager is gone then.
    pub fn ready(&self) -> io::Result<()> {
        self.write(crate::READY)
    }

    /// Answers a command.
    ///
    /// # Errors
    ///
    /// What the system says; the manager is gone then.
    pub fn answer(&self, number: u64, answer: &Answer) -> io::Result<()> {
        self.frame(answer.status, number, &answer.body)
    }

    /// Tells something unasked, such as a state to be kept (`state`) or why this process is about to end (`panic`).
    ///
    /// # Errors
    ///
    /// What the system says; the manager is gone then.
    pub fn notice(&self, what: &str, text: &str) -> io::Result<()> {
        self.frame(Status::OK, 0, format!("{what}\n{text}").as_bytes())
    }

    fn frame(&self, status: Status, number: u64, text: &[u8]) -> io::Result<()> {
        let mut body = format!("{number}\n").into_bytes();
        body.extend_from_slice(text);
        let mut frame = Vec::new();
        Answer::new(status, body).limited(ANSWER_BYTES_MOST).write_to(&mut frame);
        self.write(&frame)
    }

    fn write(&self, bytes: &[u8]) -> io::Result<()> {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        writer.write_all(bytes)
    }
}

/// Puts the commands together that arrive at the worker.
#[derive(Debug)]
pub struct OrderReader {
    reader: RequestReader,
}

impl Default for OrderReader {
    fn default() -> OrderReader {
        OrderReader { reader: RequestReader::new(ORDER_BYTES_MOST) }
    }
}

impl OrderReader {
    /// Reads what is there, waiting until something is; `false` at the end.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn read_from(&mut self, connection: &UnixStream) -> io::Result<bool> {
        let mut piece = [0; 16 << 10];
        let len = (&mut &*connection).read(&mut piece)?;
        self.reader.push(&piece[..len]);
        Ok(len > 0)
    }

    /// The next command that has arrived whole.
    ///
    /// # Errors
    ///
    /// What came is none, and nothing behind it can be understood.
    #[allow(clippy::should_implement_trait, reason = "its end is not the end of the commands")]
    pub fn next(&mut self) -> Result<Option<Order>, String> {
        let mut words = match self.reader.next() {
            None => return Ok(None),
            Some(Incoming::Request(words)) => words,
            Some(Incoming::Bad(error)) => return Err(error.to_string()),
            Some(Incoming::TooLong) => return Err("a command that is too long".to_owned()),
        };
        let number = words.remove(0);
        match number.parse() {
            Ok(number) if !words.is_empty() => Ok(Some(Order { number, words })),
            _ => Err(format!("{number:?} is not the number of a command")),
        }
    }
}

#[cfg(test)]
mod tests;
