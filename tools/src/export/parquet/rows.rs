//! A group as rows: one for each transaction, in the order of the table.

use std::collections::HashMap;

use shellac_log::{Group, Kind, Reason};
use shellac_render::failures::{FailedAttempt, Failures};
use shellac_render::redact::Redaction;
use shellac_render::visible;

use super::columns::{Cell, Row};
use crate::export::seen::{Seen, What};

/// Makes rows of the groups of one file.
pub(super) struct Rows<'a> {
    file: String,
    redaction: &'a Redaction,
}

impl<'a> Rows<'a> {
    pub(super) fn new(file: &str, redaction: &'a Redaction) -> Rows<'a> {
        Rows { file: file.to_owned(), redaction }
    }

    /// Hands each row on.
    pub(super) fn of_group(
        &self,
        group: &Group,
        mut push: impl FnMut(Row) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let failures = Failures::read(&group.transactions);
        let seen: Vec<Seen<'_>> = group.transactions.iter().map(Seen::of).collect();
        let mut places = Places::default();
        for (one, transaction) in seen.iter().zip(&group.transactions) {
            let place = places.take(one);
            push(self.row(one, transaction.complete, place, failures.as_ref()))?;
        }
        Ok(())
    }

    fn row(&self, one: &Seen<'_>, complete: bool, place: Place, all: Option<&Failures>) -> Row {
        let failed = all.and_then(|all| {
            all.attempts.iter().rev().find(|it| it.xid == one.vxid && !it.recovered)
        });
        let is_attempt = one.kind == Kind::Backend;
        let word = |at: usize| one.peer.get(at).map(|word| shown(word));
        let port = |at: usize| word(at).and_then(|word| word.parse::<i32>().ok());
        let (client, backend) = (!is_attempt, is_attempt);
        let number = |value: u64| i64::try_from(value).ok();
        let acct = |of: fn(&shellac_render::trace::Acct) -> u64| {
            Cell::Number(one.acct.as_ref().and_then(|acct| number(of(acct))))
        };
        let of_failed =
            |text: fn(&FailedAttempt) -> Option<String>| Cell::Text(failed.and_then(text));
        let (errors, details) = self.said(one);
        let is_failed = failed.is_some()
            || !errors.is_empty()
            || one.status.is_some_and(|status| status >= 500);
        let duration = one.start_nanos.zip(one.end_nanos).map(|(start, end)| {
            #[allow(clippy::cast_precision_loss, reason = "a duration, not a moment")]
            let seconds = end.saturating_sub(start) as f64 / 1e9;
            seconds
        });
        let reused = match one.peer.get(6) {
            Some(&b"reuse") if backend => Some(true),
            Some(&b"connect") if backend => Some(false),
            _ => None,
        };
        // Without a connection the error has the name.
        let backend_name = one.backend.clone().filter(|_| backend).or_else(|| {
            failed.map(|failed| failed.backend.clone()).filter(|name| !name.is_empty())
        });
        [
            Cell::Text(Some(self.file.clone())),
            Cell::Number(number(one.vxid).or(Some(i64::MAX))),
            Cell::Text(Some(kind_word(one.kind).to_owned())),
            Cell::Text(Some(one.reason.word().to_owned())),
            Cell::Number(number(one.parent).filter(|&parent| parent != 0)),
            Cell::Number(place.request.and_then(number)),
            Cell::Flag(Some(complete)),
            Cell::Number(one.start_nanos.and_then(|nanos| number(nanos / 1000))),
            Cell::Seconds(duration),
            Cell::Text(word(0).filter(|_| client)),
            Cell::Small(port(1).filter(|_| client)),
            Cell::Text(one.method.map(shown)),
            Cell::Text(one.url.map(|url| self.url(url))),
            Cell::Text(one.protocol.map(shown)),
            Cell::Text(one.host.map(shown)),
            Cell::Small(one.status.and_then(|status| status.try_into().ok())),
            Cell::Text(backend_name),
            Cell::Text(word(2).filter(|_| backend)),
            Cell::Small(port(3).filter(|_| backend)),
            Cell::Flag(reused),
            Cell::Small(place.attempt),
            Cell::Flag(Some(is_failed)),
            of_failed(|failed| Some(failed.class.clone())),
            of_failed(|failed| failed.cause.map(str::to_owned)),
            of_failed(|failed| failed.phase.map(|phase| phase.word().to_owned())),
            Cell::Small(failed.and_then(|failed| failed.errno)),
            Cell::Texts(errors),
            Cell::Texts(details),
            acct(|acct| acct.request_body_bytes),
            acct(|acct| acct.response_head_bytes),
            acct(|acct| acct.response_body_bytes),
            Cell::Text(one.traceparent.map(shown)),
        ]
    }

    fn url(&self, url: &[u8]) -> String {
        self.redaction.parameters_in(&shown(url)).into_owned()
    }

    /// Errors and details of fetches.
    fn said(&self, one: &Seen<'_>) -> (Vec<String>, Vec<String>) {
        let (mut errors, mut details) = (Vec::new(), Vec::new());
        for event in &one.events {
            match event.what {
                What::Error(text) => errors.push(self.url(text)),
                What::Detail(key, value) => {
                    details.push(format!("{}:{}", shown(key), self.url(value)));
                }
                What::Stamp(_) => {}
            }
        }
        (errors, details)
    }
}

const fn kind_word(kind: Kind) -> &'static str {
    match kind {
        Kind::Session => "session",
        Kind::Request => "request",
        Kind::Backend => "attempt",
        Kind::Unknown | Kind::Raw => "unknown",
    }
}

/// A text as it is, or with what is no text made visible.
fn shown(bytes: &[u8]) -> String {
    match str::from_utf8(bytes) {
        Ok(text) if !text.chars().any(char::is_control) => text.to_owned(),
        _ => visible(bytes),
    }
}

/// Where a transaction stands in its group.
#[derive(Clone, Copy, Debug, Default)]
struct Place {
    /// The client's request that it is, or that it belongs to.
    request: Option<u64>,
    /// Which attempt of a fetch it is, from 1.
    attempt: Option<i32>,
}

/// The places of those that were there before.
#[derive(Default)]
struct Places(HashMap<u64, Place>);

impl Places {
    fn take(&mut self, one: &Seen<'_>) -> Place {
        let above = self.0.get(&one.parent).copied();
        let mut place = Place { request: above.and_then(|it| it.request), attempt: None };
        match one.kind {
            Kind::Request => {
                let is_part = matches!(one.reason, Reason::Esi | Reason::Restart);
                place.request = place.request.filter(|_| is_part).or(Some(one.vxid));
            }
            Kind::Backend if one.reason == Reason::Retry => {
                place.attempt = above.and_then(|it| it.attempt?.checked_add(1));
            }
            Kind::Backend => place.attempt = Some(1),
            _ => {}
        }
        self.0.entry(one.vxid).or_insert(place);
        place
    }
}
