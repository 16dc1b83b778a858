//! The failures of one group in one piece: what an index keeps, a rule counts, a line shows.
//!
//! Most groups have none, and finding that out costs a look at the tags. Of those that have, everything is
//! bounded: texts are cut, and of very many attempts the first and the last are kept.

mod asked;
mod class;
mod group;

use shellac_log::Transaction;

use asked::Asked;
use group::Group;

use crate::causes::Diagnosis;
use crate::error_text::{Classes, Phase, errno_in};
use crate::trace::{Attempt, Exchange, Failure, Micros};
use crate::visible;

/// Failed attempts that are kept of one group: the first ones and the very last.
pub const MAX_ATTEMPTS: usize = 32;
/// Transaction numbers that are kept of one group.
pub const MAX_XIDS: usize = 128;
/// Bytes that are kept of a URL or an error text, before they are made visible.
const MAX_TEXT: usize = 1024;
/// Bytes that are kept of a name, an address or a method.
const MAX_NAME: usize = 256;

/// What went wrong in a group, for an index, a rule or a line. Texts are safe on a terminal.
#[derive(Clone, Debug, PartialEq)]
pub struct Failures {
    /// The client's request, where it is in the group.
    pub request: Option<u64>,
    /// The numbers of the group's transactions, at most [`MAX_XIDS`].
    pub xids: Vec<u64>,
    /// When the first failure was noticed, or what is recorded closest to it; since the epoch.
    pub time: Option<Micros>,
    /// Address and port of the client; empty like the next three when not recorded.
    pub client: String,
    /// Method of the client's request, or of the attempt where that is all there is.
    pub method: String,
    /// URL, likewise.
    pub url: String,
    /// `Host` header, likewise.
    pub host: String,
    /// What the client was answered.
    pub status: Option<u16>,
    /// The backend of the last failed attempt; without one, that of the last answer with an error.
    pub backend: Option<String>,
    /// Which kind of error it is: a key of `[a-z0-9_]` that does not change between versions.
    pub class: String,
    /// The cause of the last failed attempt, where the log leaves only one.
    pub cause: Option<&'static str>,
    /// The failed attempts in order, at most [`MAX_ATTEMPTS`].
    pub attempts: Vec<FailedAttempt>,
    /// How many of them there were.
    pub attempts_total: usize,
    /// How many attempts were made in all, good ones among them.
    pub attempts_made: usize,
}

/// One attempt at a backend, or one connection of it, that failed.
#[derive(Clone, Debug, PartialEq)]
pub struct FailedAttempt {
    /// When the failure was noticed, or what is recorded closest to it; since the epoch.
    pub time: Option<Micros>,
    /// The attempt's own number.
    pub xid: u64,
    /// Which kind of error it is, as in [`Failures::class`].
    pub class: String,
    /// The cause, where the log leaves only one.
    pub cause: Option<&'static str>,
    /// All causes that remain possible; none for a text that is not known.
    pub diagnosis: Option<Diagnosis>,
    /// How it failed: what the log leaves possible.
    pub classes: Classes,
    /// The phase that failed, where the log leaves only one.
    pub phase: Option<Phase>,
    /// System error number.
    pub errno: Option<i32>,
    /// What the system says for it; empty without one.
    pub errno_text: String,
    /// Address and port of the client; empty like all texts that are not recorded.
    pub client: String,
    /// Method sent.
    pub method: String,
    /// URL sent.
    pub url: String,
    /// `Host` header sent.
    pub host: String,
    /// The backend's name.
    pub backend: String,
    /// Its address and port.
    pub addr: String,
    /// Which attempt of its request it is, from 1.
    pub attempt: Option<u32>,
    /// How many attempts of that request are there.
    pub of: Option<u32>,
    /// The error texts, `; ` between them.
    pub error: String,
    /// Why the head of the answer was of no use.
    pub head: Option<String>,
    /// Whether the connection came from the pool.
    pub reused: Option<bool>,
    /// Age of the connection.
    pub age: Option<Micros>,
    /// How long the phase that failed had lasted.
    pub waited: Option<Micros>,
    /// How long it would have been allowed to last, where that was the reason.
    pub limit: Option<Micros>,
    /// Bytes of the request's body handed to the kernel.
    pub sent: Option<u64>,
    /// Bytes of it that the backend's kernel acknowledged.
    pub acked: Option<u64>,
    /// Bytes of the whole request, its head included, that it acknowledged.
    pub taken: Option<u64>,
    /// Bytes promised: of the request's body, or of the answer's when that failed.
    pub expected: Option<u64>,
    /// Bytes of the answer that came.
    pub received: Option<u64>,
    /// The attempt went on on another connection, so this failure did no harm.
    pub recovered: bool,
}

impl Failures {
    /// Reads the transactions of one group. `None` when no attempt failed and there is neither a `FetchError`
    /// nor an `Error` nor an answer with a status of 500 or more.
    pub fn read(transactions: &[Transaction]) -> Option<Failures> {
        let group = Group::with_failures(transactions)?;
        let (attempts, attempts_total) = group.attempts();
        let last = attempts.iter().rev().find(|attempt| !attempt.recovered).or(attempts.last());
        let request = group.request(last.map(|attempt| attempt.xid));
        let asked = request.map(|at| Asked::of(&transactions[at])).unwrap_or_default();
        let status = request.and_then(|at| group.status(at));
        let or_sent = |text: &str, sent: fn(&FailedAttempt) -> &str| {
            if text.is_empty() { last.map(sent).unwrap_or_default() } else { text }.to_owned()
        };
        Some(Failures {
            request: request.map(|at| transactions[at].vxid.0),
            xids: transactions.iter().take(MAX_XIDS).map(|one| one.vxid.0).collect(),
            time: attempts.first().map_or_else(|| group.last_stamp(), |attempt| attempt.time),
            client: asked.client,
            method: or_sent(&asked.method, |attempt| &attempt.method),
            url: or_sent(&asked.url, |attempt| &attempt.url),
            host: or_sent(&asked.host, |attempt| &attempt.host),
            status,
            backend: match last {
                Some(last) => Some(last.backend.clone()).filter(|name| !name.is_empty()),
                None => group.answering_backend(),
            },
            class: group.class(last, status),
            cause: last.and_then(|last| last.cause),
            attempts_total,
            attempts_made: group.attempts_made(),
            attempts,
        })
    }
}

impl FailedAttempt {
    fn of(attempt: &Attempt, exchange: &Exchange, failure: Failure) -> FailedAttempt {
        let details = &exchange.details;
        let text = |text: &str| text.chars().take(MAX_NAME).collect::<String>();
        let error = exchange.errors.join("; ").chars().take(MAX_TEXT).collect::<String>();
        let errno =
            details.errno.or_else(|| exchange.errors.iter().find_map(|text| errno_in(text)));
        let open = exchange.open.as_ref();
        let single = |diagnosis: &Diagnosis| match diagnosis.candidates[..] {
            [cause] => Some(cause.id),
            _ => None,
        };
        let remote = || open.and_then(|open| open.remote.as_deref());
        let steps = || attempt.steps.last().map(|step| step.stamp.at);
        FailedAttempt {
            time: exchange.failed_at.or_else(steps),
            xid: 0,
            class: class::of(failure.phases, failure.classes, exchange.reused(), errno),
            cause: failure.diagnosis.as_ref().and_then(single),
            classes: failure.classes,
            phase: failure.phases.single(),
            diagnosis: failure.diagnosis,
            errno,
            errno_text: errno.map(errno_words).unwrap_or_default(),
            client: String::new(),
            method: text(&attempt.request.method),
            url: attempt.request.url.chars().take(MAX_TEXT).collect(),
            host: attempt
                .request
                .headers
                .get("host")
                .map(|host| visible(cut(host, MAX_NAME)))
                .unwrap_or_default(),
            backend: match open {
                Some(open) => text(&open.name),
                None => exchange.errors.iter().find_map(|text| named(text)).unwrap_or_default(),
            },
            addr: text(details.address.as_deref().or_else(remote).unwrap_or_default()),
            attempt: details.attempt,
            of: None,
            error,
            head: details.head.as_deref().map(text),
            reused: exchange.reused(),
            age: exchange.age(),
            waited: details.waited.or(exchange.waited),
            limit: details.limit,
            sent: details.sent_bytes,
            acked: details.acked_bytes,
            taken: details.taken_bytes,
            expected: details.expected_bytes,
            received: details.received_bytes,
            recovered: false,
        }
    }
}

/// What the system says for an error number.
fn errno_words(errno: i32) -> String {
    let text = std::io::Error::from_raw_os_error(errno).to_string();
    let end = text.rfind(" (os error").unwrap_or(text.len());
    text[..end].to_owned()
}

/// The backend that `backend NAME: ...` names.
pub(crate) fn named(text: &str) -> Option<String> {
    let rest = text.strip_prefix("backend ").filter(|rest| !rest.starts_with("write error"))?;
    let (name, _) = rest.split_once(": ")?;
    Some(name.chars().take(MAX_NAME).collect())
}

fn cut(text: &[u8], most: usize) -> &[u8] {
    &text[..text.len().min(most)]
}

#[cfg(test)]
mod tests;
