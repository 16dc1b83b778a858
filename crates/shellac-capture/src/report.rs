//! What the owner of a recorder is told, and a group as others are told about it.

use serde_json::{Value, json};
use shellac_format::Tag;
use shellac_log::Group;
use shellac_render::failures::Failures;
use shellac_render::redact::Redaction;
use shellac_render::visible;

use crate::index::Entry;
use crate::rules::{Exec, Rule};
use crate::stamp::Stamp;
use crate::store::notice::Notice;
use crate::store::{Finished, Refusal};
use crate::window::session_of;

/// Something that the owner should hear or do.
#[derive(Debug)]
pub enum Said {
    /// A rule fires that did not, or has not fired for a while.
    Event {
        /// Which one.
        rule: usize,
        /// When.
        time: Stamp,
        /// Whether it begins.
        is_fire: bool,
        /// What it saw.
        text: Option<String>,
    },
    /// A program is to be started.
    Exec {
        /// For which rule.
        rule: usize,
        /// What.
        exec: Exec,
        /// Its standard input.
        input: Vec<u8>,
    },
    /// A window was written.
    Finished {
        /// Its file.
        finished: Finished,
        /// How often it was triggered.
        triggers: u64,
    },
    /// A window that was asked for from outside cannot be written.
    Refused {
        /// For which rule.
        rule: usize,
        /// Why.
        refusal: Refusal,
    },
    /// The store has to say something.
    Notice(Notice),
}

/// Bytes of records that a program is told at most.
const MAX_TOLD_BYTES: usize = 1 << 20;

/// The line of the index for a group, without what became of it. `seen` is when it was seen.
pub(crate) fn entry_of(group: &Group, failures: Option<&Failures>, seen: Stamp) -> Entry {
    let top = group.transactions.first();
    let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let mut entry = Entry::new(seen, top.map_or(0, |top| top.vxid.0), "");
    entry.xids = group.transactions.iter().map(|it| it.vxid.0).collect();
    entry.session = session_of(group);
    let Some(failures) = failures else {
        let text = |tags: [Tag; 2]| {
            let record = top?.records().find(|it| it.tag.is_some_and(|tag| tags.contains(&tag)))?;
            some(&visible(record.text()))
        };
        entry.method = text([Tag::ReqMethod, Tag::BereqMethod]);
        entry.url = text([Tag::ReqUrl, Tag::BereqUrl]);
        entry.status = text([Tag::RespStatus, Tag::BerespStatus]).and_then(|it| it.parse().ok());
        return entry;
    };
    if let Some(time) = failures.time {
        entry.time = Stamp(time.0);
    }
    if let Some(request) = failures.request {
        entry.xid = request;
    }
    entry.class.clone_from(&failures.class);
    entry.method = some(&failures.method);
    entry.url = some(&failures.url);
    entry.status = failures.status;
    entry.backend.clone_from(&failures.backend);
    entry.attempts = u32::try_from(failures.attempts_made).unwrap_or(u32::MAX);
    entry.error = failures.attempts.first().and_then(|attempt| some(&attempt.error));
    entry
}

/// A group for a program, with secrets taken out.
pub(crate) fn group_json(rule: &Rule, entry: &Entry, group: &Group) -> Vec<u8> {
    let mut left_bytes = MAX_TOLD_BYTES;
    let redaction = Redaction::default();
    let transactions: Vec<Value> = group
        .transactions
        .iter()
        .map(|transaction| {
            let records: Vec<Value> = transaction
                .records()
                .map_while(|record| {
                    left_bytes = left_bytes.checked_sub(record.payload.len() + 32)?;
                    let tag = record
                        .tag
                        .map_or_else(|| record.number.to_string(), |tag| tag.name().to_owned());
                    Some(json!([tag, redaction.record(record.tag, record.text())]))
                })
                .collect();
            json!({
                "xid": transaction.vxid.0,
                "parent": transaction.parent.0,
                "kind": transaction.kind.word(),
                "reason": transaction.reason.word(),
                "complete": transaction.complete,
                "records": records,
            })
        })
        .collect();
    let mut told = about(rule);
    told["failure"] = json!(entry);
    told["transactions"] = transactions.into();
    told["cut"] = (left_bytes < MAX_TOLD_BYTES && group_bytes(group) > MAX_TOLD_BYTES).into();
    line(&told)
}

/// An event that is about no group, for a program.
pub(crate) fn event_json(rule: &Rule, time: Stamp, class: &str, text: Option<&str>) -> Vec<u8> {
    let mut told = about(rule);
    told["time"] = time.to_string().into();
    told["class"] = class.into();
    told["text"] = text.into();
    line(&told)
}

fn about(rule: &Rule) -> Value {
    json!({
        "rule": rule.name,
        "severity": rule.severity.word(),
        "owner": rule.owner,
        "runbook": rule.runbook,
    })
}

fn line(value: &Value) -> Vec<u8> {
    let mut line = value.to_string().into_bytes();
    line.push(b'\n');
    line
}

fn group_bytes(group: &Group) -> usize {
    group.transactions.iter().map(|it| it.bytes().len()).sum()
}

#[cfg(test)]
mod tests;
