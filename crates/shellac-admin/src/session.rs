//! The server's side of one connection.

use std::time::Duration;

use crate::auth::Challenge;
use crate::command::{Call, Commands, Place};
use crate::request::{Incoming, RequestReader};
use crate::{Answer, Status};

/// Longest line of one who has not proved that he knows the secret, in bytes.
pub const LINE_BYTES_BEFORE_LOGIN: usize = 80;

/// What a connection may ask for before that.
const BEFORE_LOGIN: [&str; 4] = ["auth", "help", "ping", "quit"];

/// What bounds a connection.
#[derive(Debug, Clone, Copy)]
pub struct SessionLimits {
    /// Longest request in bytes, a here document included.
    pub request_bytes: usize,
    /// Bytes of requests that may wait for their turn.
    pub waiting_bytes: usize,
}

/// What a session has to know of its server when it looks at requests.
#[derive(Debug, Clone, Copy)]
pub struct Host<'a> {
    /// The commands that there are.
    pub commands: &'a Commands,
    /// The banner as it is now.
    pub banner: &'a str,
    /// Whether a worker runs.
    pub worker_runs: bool,
    /// Longest body of an answer in bytes.
    pub answer_bytes: usize,
    /// Since 1970.
    pub now: Duration,
}

/// One connection: bytes in, calls and bytes out.
///
/// It runs one request at a time: [`Session::next`] gives a call, and nothing more until [`Session::answer`].
#[derive(Debug)]
pub struct Session {
    reader: RequestReader,
    out: Vec<u8>,
    limits: SessionLimits,
    challenge: Challenge,
    /// `None`: everybody who can connect may do everything.
    secret: Option<Vec<u8>>,
    trusted: bool,
    /// A call was given out and not answered.
    busy: bool,
    /// The other side will send nothing more.
    ended: bool,
    /// Nothing more is read; over when everything is sent.
    closing: bool,
}

impl Session {
    /// Begins with the greeting: the challenge, or the banner where no secret is asked for.
    ///
    /// The challenge must not be used for another session.
    #[must_use]
    pub fn open(
        limits: SessionLimits,
        secret: Option<Vec<u8>>,
        challenge: Challenge,
        host: &Host<'_>,
    ) -> Session {
        let trusted = secret.is_none();
        let most = if trusted { limits.request_bytes } else { LINE_BYTES_BEFORE_LOGIN };
        let mut session = Session {
            reader: RequestReader::new(most),
            out: Vec::new(),
            limits,
            challenge,
            secret,
            trusted,
            busy: false,
            ended: false,
            closing: false,
        };
        let greeting = if trusted { Answer::ok(host.banner) } else { session.demand() };
        greeting.write_to(&mut session.out);
        session
    }

    /// Whether the other side has proved that it knows the secret, or need not.
    #[must_use]
    pub fn is_trusted(&self) -> bool {
        self.trusted
    }

    /// Whether a call was given out that is not answered.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.busy
    }

    /// Whether bytes wait that may be a request, and whose turn it is.
    #[must_use]
    pub fn has_more(&self) -> bool {
        !self.busy && !self.closing && self.reader.has_line()
    }

    /// Whether more should be read: not while enough waits.
    #[must_use]
    pub fn wants_input(&self) -> bool {
        let most = if self.trusted { self.limits.waiting_bytes } else { LINE_BYTES_BEFORE_LOGIN };
        // One long line is bounded by its own limit, and would never be whole.
        let has_room = self.reader.waiting() <= most || !self.busy && !self.reader.has_line();
        !self.closing && !self.ended && has_room
    }

    /// Hands in what was received.
    pub fn received(&mut self, bytes: &[u8]) {
        if !self.closing {
            self.reader.push(bytes);
        }
    }

    /// The next request that somebody else has to run, or `None` when there is none yet.
    ///
    /// What a session can answer itself is answered here, and so is what cannot be run.
    #[allow(clippy::should_implement_trait, reason = "it depends on the state of the server")]
    pub fn next(&mut self, host: &Host<'_>) -> Option<Call> {
        while !self.busy && !self.closing {
            let Some(incoming) = self.reader.next() else {
                self.closing |= self.ended;
                return None;
            };
            let call = match incoming {
                Incoming::Request(words) if self.trusted => {
                    host.commands.check(words, host.worker_runs)
                }
                Incoming::Request(words) => self.check_stranger(words, host),
                Incoming::Bad(error) => Err(error.into()),
                Incoming::TooLong => {
                    let most = self.limits.request_bytes;
                    let answer = if self.trusted {
                        let text = format!("A request has at most {most} bytes.\n");
                        Answer::new(Status::CLOSING, text)
                    } else {
                        crate::command::unknown("", true)
                    };
                    self.closing = true;
                    Err(answer)
                }
            };
            let answer = match call {
                Ok(call) if call.row.place == Place::Session => self.run(&call, host),
                Ok(call) => {
                    self.busy = true;
                    return Some(call);
                }
                Err(answer) => answer,
            };
            self.write(answer, host.answer_bytes);
        }
        None
    }

    /// Answers the call that [`Session::next`] gave out.
    pub fn answer(&mut self, answer: Answer, host: &Host<'_>) {
        self.busy = false;
        self.write(answer, host.answer_bytes);
    }

    /// What waits to be sent.
    #[must_use]
    pub fn to_send(&self) -> &[u8] {
        &self.out
    }

    /// Takes away what was sent.
    pub fn sent(&mut self, len: usize) {
        self.out.drain(..len.min(self.out.len()));
    }

    /// The other side will send nothing more: what came whole is still done, by [`Session::next`].
    pub fn input_ended(&mut self) {
        self.ended = true;
    }

    /// Ends when what waits is sent.
    pub fn close(&mut self) {
        self.closing = true;
    }

    /// Whether nothing is left to be done.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.closing && self.out.is_empty() && !self.busy
    }

    fn check_stranger(&self, words: Vec<String>, host: &Host<'_>) -> Result<Call, Answer> {
        let known = words.first().is_some_and(|name| BEFORE_LOGIN.contains(&name.as_str()));
        if known {
            return host.commands.check(words, true);
        }
        // The same for what there is and what there is not.
        Err(crate::command::unknown(words.first().map_or("", String::as_str), true))
    }

    fn run(&mut self, call: &Call, host: &Host<'_>) -> Answer {
        match call.row.name {
            "auth" => self.login(&call.args[0], host),
            "banner" => Answer::ok(host.banner),
            "help" => host.commands.help(call, host.now),
            "ping" if call.json => {
                Answer::ok(crate::Envelope::new(2, &call.words, host.now).inline("\"PONG\"\n"))
            }
            "ping" => Answer::ok(format!("PONG {} 1.0", host.now.as_secs())),
            _ => Answer::new(Status::CLOSING, "Closing CLI connection"),
        }
    }

    fn login(&mut self, given: &str, host: &Host<'_>) -> Answer {
        let good = match &self.secret {
            Some(secret) => self.challenge.is_answered_by(given, secret),
            None => false,
        };
        if !good {
            return Answer::new(Status::CLOSING, "");
        }
        self.trusted = true;
        self.reader.set_most(self.limits.request_bytes);
        Answer::ok(host.banner)
    }

    fn demand(&self) -> Answer {
        let mut body = self.challenge.as_bytes().to_vec();
        body.extend_from_slice(b"\n\nAuthentication required.\n");
        Answer::new(Status::AUTHENTICATE, body)
    }

    fn write(&mut self, answer: Answer, most: usize) {
        let stranger_failed = !self.trusted && answer.status != Status::OK;
        if answer.status == Status::CLOSING || stranger_failed {
            self.closing = true;
        }
        answer.limited(most).write_to(&mut self.out);
    }
}

#[cfg(test)]
mod tests;
