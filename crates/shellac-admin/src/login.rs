//! The client's way from the connection to the first command.

use crate::auth::{Challenge, response};
use crate::{Answer, Status};

/// What to do next.
#[derive(Debug, PartialEq, Eq)]
pub enum LoginStep {
    /// Send this and wait for an answer.
    Send(Vec<u8>),
    /// Commands can follow. The server was asked nothing more, and its banner is not kept.
    Done,
}

/// Why a server does not let us in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LoginError {
    /// It wants a secret, and there is none.
    #[error("Authentication required")]
    NoSecret,
    /// It said no.
    #[error("Rejected {}\n{}", .0.status, .0.text())]
    Rejected(Answer),
    /// It does not answer `ping`.
    #[error("No pong received from server")]
    NoPong,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Greeting,
    Answered,
    Pinged,
    In,
}

/// Answers the greeting, and makes sure that commands are answered.
#[derive(Debug)]
pub struct Login {
    state: State,
}

impl Default for Login {
    fn default() -> Login {
        Login::new()
    }
}

impl Login {
    /// Waits for the greeting.
    #[must_use]
    pub fn new() -> Login {
        Login { state: State::Greeting }
    }

    /// Hands in an answer. `secret` is asked for when the server wants one: the whole content of the file.
    ///
    /// # Errors
    ///
    /// Those of `secret`, and [`LoginError`] made into one.
    pub fn answered<E: From<LoginError>>(
        &mut self,
        answer: &Answer,
        secret: impl FnOnce() -> Result<Option<Vec<u8>>, E>,
    ) -> Result<LoginStep, E> {
        let rejected = || LoginError::Rejected(answer.clone());
        match self.state {
            State::Greeting if answer.status == Status::AUTHENTICATE => {
                let secret = secret()?.ok_or(LoginError::NoSecret)?;
                let challenge = Challenge::from_greeting(&answer.body).ok_or_else(rejected)?;
                self.state = State::Answered;
                let line = format!("auth {}\n", response(&challenge, &secret));
                Ok(LoginStep::Send(line.into_bytes()))
            }
            State::Greeting | State::Answered => {
                if !answer.status.is_done() {
                    return Err(rejected().into());
                }
                self.state = State::Pinged;
                Ok(LoginStep::Send(b"ping\n".to_vec()))
            }
            State::Pinged => {
                let pong = answer.body.windows(4).any(|part| part == b"PONG");
                if answer.status != Status::OK || !pong {
                    return Err(LoginError::NoPong.into());
                }
                self.state = State::In;
                Ok(LoginStep::Done)
            }
            State::In => Ok(LoginStep::Done),
        }
    }
}

#[cfg(test)]
mod tests;
