//! The connection to an instance's command line.

use std::fmt;

use anyhow::{Context, bail};
use serde_json::Value;
use shellac_admin::{Answer, Status, quote};
use shellac_vsm::Attachment;

use crate::adm::{self, Connection, NoAnswer};

/// An open connection on which commands are answered.
pub(super) struct Link(Connection);

impl Link {
    /// Connects to the instance, with what it publishes about that, and logs in.
    pub(super) fn open(attachment: &Attachment) -> anyhow::Result<Link> {
        adm::open(attachment).map(Link)
    }

    /// Sends a command and waits for its answer.
    ///
    /// # Errors
    ///
    /// The connection broke, or nothing came in time: what was asked may have been done.
    pub(super) fn ask(&mut self, words: &[&str]) -> anyhow::Result<Answer> {
        let line: Vec<String> = words.iter().map(|word| quote(word)).collect();
        self.0.send(format!("{}\n", line.join(" ")).as_bytes())?;
        match self.0.answer() {
            Ok(answer) => Ok(answer),
            Err(NoAnswer::Closed) => bail!("the connection was closed"),
            Err(NoAnswer::Failed(answer)) => bail!("{}", answer.text().trim_end()),
        }
    }

    /// The data of a JSON answer.
    ///
    /// # Errors
    ///
    /// [`Refusal`] with status and text when the command was not carried out.
    pub(super) fn data(&mut self, words: &[&str]) -> anyhow::Result<Value> {
        let answer = self.ask(words)?;
        if answer.status != Status::OK {
            return Err(Refusal { status: answer.status, text: answer.text() }.into());
        }
        let value: Result<Value, _> = serde_json::from_slice(&answer.body);
        let mut value = value.context("the answer is no JSON")?;
        match value.get_mut(3) {
            Some(data) => Ok(data.take()),
            None => bail!("the answer has no data"),
        }
    }
}

/// A command that was not carried out.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) status: Status,
    text: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text.trim_end())
    }
}

impl std::error::Error for Refusal {}
