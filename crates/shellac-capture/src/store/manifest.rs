//! The manifest: one line for every capture, with what was asked of it and what it got.

use std::collections::BTreeMap;
use std::io::{self, Read};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::accounts::Accounts;
use super::lines::Lines;
use crate::index::{MAX_LINE_BYTES, cut, to_line};
use crate::stamp::Stamp;

/// The file.
pub const MANIFEST_NAME: &str = "manifest.jsonl";

/// Triggers in a line at most.
const MAX_TRIGGERS: usize = 256;

/// What the owner of a capture knows about it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Facts {
    /// All rules that wanted it.
    pub rules: Vec<String>,
    /// What made it, in order; several when windows were merged. Of very many the first are written.
    pub triggers: Vec<Trigger>,
    /// Triggers, those that are not written included.
    pub triggers_total: u64,
    /// What was to be kept: `group`, `session`, `backend`, `all`.
    pub keep: Option<String>,
    /// The time around the triggers that was asked for.
    pub asked: Window,
    /// The time that the log still had, or had until the end came.
    pub had: Window,
    /// What of the log was overwritten before it was read.
    pub loss: Loss,
    /// The instance that wrote the log.
    pub instance: Option<String>,
    /// What else is worth writing down.
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

/// Why a capture was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trigger {
    /// When.
    pub time: Stamp,
    /// The rule.
    pub rule: String,
    /// The class of the error, if it was one.
    pub class: Option<String>,
    /// The transaction, if there is one.
    pub xid: Option<u64>,
    /// What was seen: an error text, a line of another program's log.
    pub text: Option<String>,
}

/// Seconds before and after a trigger; `null` where nothing was asked or it is not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Window {
    /// Seconds before.
    pub before: Option<f64>,
    /// Seconds after.
    pub after: Option<f64>,
}

/// What was lost of the log while a capture was made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Loss {
    /// Times that something was lost.
    pub times: u64,
    /// Bytes, as far as they are known.
    pub bytes: u64,
    /// Why: words such as `overrun`, `restart`.
    pub reasons: Vec<String>,
}

/// A line about a capture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CaptureLine {
    /// The name of its file, always with the ending `.vsl`.
    pub file: String,
    /// Where its first record is in the file; not 4 when several captures are in it.
    pub offset: u64,
    /// Bytes of its records.
    pub bytes: u64,
    /// When it was begun.
    pub begun: Stamp,
    /// When it was finished.
    pub finished: Stamp,
    /// The rule in its name.
    pub rule: String,
    /// The class in its name.
    pub class: String,
    /// The transaction in its name.
    pub xid: u64,
    /// Failing groups in it by class.
    #[serde(default)]
    pub classes: BTreeMap<String, u64>,
    /// The dialect of its records; `null` when its writer died.
    pub dialect: Option<String>,
    /// Why records are missing at its end: a short word.
    pub cut: Option<String>,
    /// Whether its writer died and what it had written was kept.
    #[serde(default)]
    pub recovered: bool,
    /// What its owner knows.
    #[serde(flatten)]
    pub facts: Facts,
}

impl CaptureLine {
    /// The line with its end, never longer than [`MAX_LINE_BYTES`]: lists and texts that are too long are cut.
    pub(super) fn to_line(&self) -> Vec<u8> {
        let mut line = self.clone();
        let triggers = &mut line.facts.triggers;
        line.facts.triggers_total = line.facts.triggers_total.max(triggers.len() as u64);
        triggers.truncate(MAX_TRIGGERS);
        for text in triggers.iter_mut().filter_map(|trigger| trigger.text.as_mut()) {
            cut(text, 256);
        }
        loop {
            let text = to_line(&line);
            if text.len() <= MAX_LINE_BYTES {
                return text;
            }
            let facts = &mut line.facts;
            if facts.triggers.len() > 1 {
                facts.triggers.truncate(facts.triggers.len() / 2);
            } else if !facts.more.is_empty() {
                facts.more.clear();
            } else {
                line.classes = line.classes.into_iter().take(MAX_TRIGGERS).collect();
                line.facts =
                    Facts { triggers_total: line.facts.triggers_total, ..Facts::default() };
                return to_line(&line);
            }
        }
    }
}

/// The accounts, written now and then and at the end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountsLine {
    /// When the store was opened.
    pub since: Stamp,
    /// Until when they count.
    pub time: Stamp,
    /// The numbers since then.
    pub accounts: Accounts,
}

/// A rule begins to fire or is over, or something is wrong with the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventLine {
    /// `fire` or `resolve`; `lost` when a part of the log was not read, `gone` when its writer has ended.
    pub event: String,
    /// When.
    pub time: Stamp,
    /// Which rule; empty when it is about the log.
    pub rule: String,
    /// How bad it is: `info`, `warning`, `critical`.
    pub severity: String,
    /// Who takes care of it.
    pub owner: Option<String>,
    /// Where it is written what to do.
    pub runbook: Option<String>,
    /// What was seen.
    pub text: Option<String>,
}

/// Reads the lines about captures from a manifest, oldest first. What is no such line is passed over: accounts, and
/// a line that was cut.
///
/// # Errors
///
/// Those of `reader`, as the last item.
pub fn captures(reader: impl Read) -> impl Iterator<Item = io::Result<CaptureLine>> {
    Lines::new(reader).filter_map(|line| match line {
        Ok(line) => serde_json::from_slice(&line).ok().map(Ok),
        Err(error) => Some(Err(error)),
    })
}
