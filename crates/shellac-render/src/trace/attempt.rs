//! One attempt at a backend: what a `bereq` transaction says.

use shellac_format::Tag;
use shellac_log::{LogRecord, Relation, Transaction};

use super::details::Details;
use super::fields::{Acct, Close, Headers, Micros, Open, Stamp, number};
use crate::causes::{Diagnosis, Evidence, diagnose, was_taken};
use crate::error_text::{Class, Classes, Phase, Phases, Reading, TLS};
use crate::visible;

/// Below this a wait was no time-out, whatever an ambiguous text leaves open. No time-out that somebody
/// configures for a backend is shorter.
const SHORTEST_TIMEOUT: Micros = Micros(100_000);
/// After this a connection was alive: one that is gone already says so within a round trip.
const LONGEST_ROUND_TRIP: Micros = Micros(3_000_000);

/// A request line and its headers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestHead {
    /// Method, empty when not recorded.
    pub method: String,
    /// URL, empty when not recorded.
    pub url: String,
    /// Protocol, empty when not recorded.
    pub protocol: String,
    /// Header lines.
    pub headers: Headers,
}

/// A status line and its headers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AnswerHead {
    /// Status code.
    pub status: Option<u16>,
    /// Reason phrase.
    pub reason: String,
    /// Header lines.
    pub headers: Headers,
    /// A protocol was logged: with the next status a new head begins. Alone it is a change of it.
    protocol_seen: bool,
}

impl AnswerHead {
    /// Takes one record of a head in; the five tags are those of the side in question.
    pub(super) fn take(
        &mut self,
        [protocol, status, reason, header, unset]: [Tag; 5],
        record: &LogRecord<'_>,
    ) {
        let text = record.text();
        match record.tag {
            Some(tag) if tag == protocol => self.protocol_seen = true,
            Some(tag) if tag == status => {
                if std::mem::take(&mut self.protocol_seen) {
                    *self = AnswerHead::default();
                }
                self.status = number(text).and_then(|status| u16::try_from(status).ok());
            }
            Some(tag) if tag == reason => self.reason = visible(text),
            Some(tag) if tag == header => self.headers.set(text),
            Some(tag) if tag == unset => self.headers.unset(text),
            _ => {}
        }
    }

    /// `200 OK`, or `None` when no status was recorded.
    pub fn line(&self) -> Option<String> {
        let status = self.status?;
        Some(if self.reason.is_empty() {
            status.to_string()
        } else {
            format!("{status} {}", self.reason)
        })
    }
}

/// One step of a transaction: a `Timestamp`, and whether the error fell into it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The record.
    pub stamp: Stamp,
    /// Whether an error was logged since the one before.
    pub failed: bool,
}

/// One use of one connection. An attempt has several when varnish silently replaces a reused connection.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Exchange {
    /// The connection; `None` when none was obtained.
    pub open: Option<Open>,
    /// How it was given up.
    pub close: Option<Close>,
    /// Error texts, as they were logged.
    pub errors: Vec<String>,
    /// The line that the head of the answer was refused for, and why, as they were logged.
    pub bogus: Option<String>,
    /// The start of what could not be parsed.
    pub garbage: Option<String>,
    /// What `fetch.*` records add.
    pub details: Details,
    /// How long the phase that failed had lasted.
    pub waited: Option<Micros>,
    /// The moment of the first timestamp behind the error.
    pub failed_at: Option<Micros>,
}

impl Exchange {
    /// Whether the connection came from the pool, where that is recorded.
    pub fn reused(&self) -> Option<bool> {
        let from_text =
            || self.errors.iter().any(|text| text.contains("(reused connection)")).then_some(true);
        let open = || self.open.as_ref().and_then(|open| open.reused);
        self.details.reused.or_else(open).or_else(from_text)
    }

    /// Why the head of the answer was refused, where that is recorded.
    pub fn refused(&self) -> Option<&str> {
        self.bogus.as_deref().or(self.details.head.as_deref())
    }

    /// Whether it was refused for more lines than are taken, which no error text tells from bad ones.
    fn had_too_many_headers(&self) -> bool {
        const REASON: &str = "too many headers";
        let start = self.refused().and_then(|text| text.get(..REASON.len()));
        start.is_some_and(|start| start.eq_ignore_ascii_case(REASON))
    }

    /// Age of the connection, where that is recorded.
    pub fn age(&self) -> Option<Micros> {
        self.details.age.or_else(|| self.open.as_ref().and_then(|open| open.age))
    }
}

/// A failure, read.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    /// What happened, in a few words.
    pub words: &'static str,
    /// Phases that are possible.
    pub phases: Phases,
    /// Classes that are possible.
    pub classes: Classes,
    /// Why, as far as the log can tell; `None` for texts that are not known.
    pub diagnosis: Option<Diagnosis>,
}

/// Everything that a `bereq` transaction says about itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Attempt {
    /// The request as it was sent.
    pub request: RequestHead,
    /// Connections, in order.
    pub exchanges: Vec<Exchange>,
    /// Timestamps, in order.
    pub steps: Vec<Step>,
    /// What the backend answered.
    pub answer: Option<AnswerHead>,
    /// The error page that was made instead.
    pub page: Option<AnswerHead>,
    /// The last `VCL_call`: `BACKEND_RESPONSE`, `BACKEND_ERROR` ...
    pub state: String,
    /// The last `VCL_return`: `deliver`, `retry`, `abandon` ...
    pub decision: String,
    /// `VCL_Error` and `Error` texts that are no failed fetch.
    pub notes: Vec<String>,
    /// Traffic. In a chain of retries it stands in the last attempt and is the sum of all.
    pub acct: Option<Acct>,
    /// Final length of the body.
    pub length: Option<u64>,
    /// Whether the transaction says that another one follows it.
    pub retried: bool,
    /// Whether it is a retry itself.
    pub is_retry: bool,
    /// Whether it is a pipe.
    pub is_pipe: bool,
}

/// What a record of garbage quotes, without the NUL behind it; varnish may quote nothing.
pub(super) fn quoted(record: &LogRecord<'_>) -> Option<String> {
    let text = record.payload.strip_suffix(b"\0").unwrap_or(record.payload);
    Some(visible(text)).filter(|text| !text.is_empty())
}

const BERESP: [Tag; 5] = [
    Tag::BerespProtocol,
    Tag::BerespStatus,
    Tag::BerespReason,
    Tag::BerespHeader,
    Tag::BerespUnset,
];

impl Attempt {
    /// Reads the records of a `bereq`.
    pub fn read(transaction: &Transaction) -> Attempt {
        let mut attempt = Attempt::default();
        let mut head = AnswerHead::default();
        let (mut sent, mut failed, mut made_page) = (false, false, false);
        for record in transaction.records() {
            let Some(tag) = record.tag else { continue };
            let text = record.text();
            if tag == Tag::VclCall {
                attempt.state = visible(text);
            }
            match tag {
                Tag::Begin => attempt.take_relation(Relation::parse(text), false),
                Tag::Link => attempt.take_relation(Relation::parse(text), true),
                Tag::Timestamp => {
                    let Some(stamp) = Stamp::parse(text) else { continue };
                    if failed && let Some(exchange) = attempt.exchanges.last_mut() {
                        exchange.waited = Some(stamp.took);
                        exchange.failed_at = Some(stamp.at);
                    }
                    attempt.steps.push(Step { stamp, failed });
                    failed = false;
                }
                Tag::BackendOpen => {
                    sent = true;
                    let open = Open::parse(text);
                    attempt.exchanges.push(Exchange { open, ..Exchange::default() });
                }
                Tag::BackendClose => {
                    if let Some(exchange) = attempt.exchanges.last_mut() {
                        exchange.close = Close::parse(text);
                    }
                }
                Tag::FetchError => {
                    (sent, failed) = (true, true);
                    attempt.exchange().errors.push(visible(text));
                }
                Tag::BogoHeader => attempt.exchange().bogus = Some(visible(text)),
                Tag::HttpGarbage => {
                    attempt.exchange().garbage = quoted(&record);
                }
                Tag::Error if Reading::of([&*visible(text)]).is_some() => {
                    failed = true;
                    attempt.exchange().errors.push(visible(text));
                }
                Tag::Error | Tag::VclError => attempt.notes.push(visible(text)),
                Tag::VclLog if text.starts_with(b"fetch.") => {
                    attempt.exchange().details.take(&visible(text));
                }
                Tag::VclCall if text == b"BACKEND_RESPONSE" => {
                    attempt.answer = Some(std::mem::take(&mut head));
                }
                Tag::VclCall => made_page |= text == b"BACKEND_ERROR",
                Tag::VclReturn => attempt.decision = visible(text),
                Tag::BereqAcct => attempt.acct = Acct::parse(text),
                Tag::Length => attempt.length = number(text),
                _ if !sent => attempt.request.take(BEREQ, &record),
                _ => {}
            }
            head.take(BERESP, &record);
        }
        if made_page {
            attempt.page = Some(head);
        } else if attempt.answer.is_none() && head.status.is_some() {
            attempt.answer = Some(head);
        }
        attempt
    }

    /// The connection that the attempt ended on.
    pub fn last(&self) -> Option<&Exchange> {
        self.exchanges.last()
    }

    /// Whether the fetch failed. One that failed on a connection that was silently replaced did not.
    pub fn failed(&self) -> bool {
        self.last().is_some_and(|exchange| !exchange.errors.is_empty())
    }

    /// Whether the traffic numbers are those of this attempt on one connection, and of nothing else.
    pub fn acct_is_its_own(&self) -> bool {
        !self.is_retry && !self.retried && self.exchanges.len() <= 1
    }

    /// Reads what went wrong on `exchange`, which is one of this attempt's; `None` when nothing did.
    pub fn failure(&self, exchange: &Exchange) -> Option<Failure> {
        let details = &exchange.details;
        let reading = Reading::of(exchange.errors.iter().map(String::as_str));
        if exchange.errors.is_empty() && details.phase.is_none() {
            return None;
        }
        let known = reading.is_some() || details.class.is_some();
        let mut phases = reading.map_or(Phases::ANY, |reading| reading.phases);
        let mut classes = reading.map_or(Classes::ANY, |reading| reading.classes);
        if let Some(phase) = details.phase {
            phases = Phases::of(&[phase]);
        } else if self.acct_is_its_own()
            && let Some(acct) = self.acct
        {
            // The backend's bytes are counted: none, and it did not begin to answer.
            let nothing_came = acct.response_head_bytes == 0 && acct.response_body_bytes == 0;
            phases = phases.narrowed(if nothing_came {
                Phases::of(&[
                    Phase::Choose,
                    Phase::Connect,
                    Phase::Tls,
                    Phase::Send,
                    Phase::FirstByte,
                ])
            } else {
                Phases::of(&[Phase::Head, Phase::Body])
            });
        }
        let waited = details.waited.or(exchange.waited);
        if let Some(logged) = details.class {
            // The word in the log is the coarser one of the two.
            let unanswered = Classes::of(&[Class::Timeout, Class::Unreachable]);
            let is_nodes = Classes::from_word("local") == Some(logged)
                && reading.is_some_and(|reading| reading.classes.within(unanswered));
            // Nobody answered, and the proxy knew that the packets had not left its machine.
            let logged = if is_nodes { Classes::of(&[Class::Local]) } else { logged };
            classes = logged.narrowed(classes);
            classes = details.client.map_or(classes, |client| client.narrowed(classes));
        } else if waited.is_some_and(|waited| waited < SHORTEST_TIMEOUT) {
            classes = classes.without(Classes::of(&[Class::Timeout]));
        }
        if !phases.contains(Phase::Tls) && classes.within(Classes::of(TLS)) {
            // It had been agreed on; what is left to refuse then is our certificate, before there is an answer.
            let answered = phases.within(Phases::of(&[Phase::Head, Phase::Body]));
            let later: &[Class] =
                if answered { &[Class::Tls] } else { &[Class::Tls, Class::TlsOurs] };
            classes = classes.narrowed(Classes::of(later));
        }
        if exchange.had_too_many_headers() && classes.contains(Class::Junk) {
            classes = Classes::of(&[Class::Overflow]);
        }
        let acked = details.taken_bytes.or(details.acked_bytes.filter(|bytes| *bytes > 0));
        let late = phases.within(Phases::of(&[Phase::FirstByte]))
            && waited.is_some_and(|waited| waited >= LONGEST_ROUND_TRIP);
        let taken = acked
            .and_then(|bytes| was_taken(bytes, classes, details.errno))
            .or(late.then_some(true));
        let reading = Reading { phases, classes };
        let evidence = Evidence { phases, classes, reused: exchange.reused(), taken };
        Some(Failure {
            words: if known { reading.words() } else { "failed" },
            phases,
            classes,
            diagnosis: known
                .then(|| diagnose(&evidence))
                .filter(|found| !found.candidates.is_empty()),
        })
    }

    fn take_relation(&mut self, relation: Option<Relation>, link: bool) {
        use shellac_log::{Kind, Reason};
        let Some(relation) = relation.filter(|relation| relation.kind == Kind::Backend) else {
            return;
        };
        match relation.reason {
            Reason::Retry if link => self.retried = true,
            Reason::Retry => self.is_retry = true,
            Reason::Pipe => self.is_pipe = true,
            _ => {}
        }
    }

    /// The exchange that a record belongs to; one without a connection when there is none yet.
    fn exchange(&mut self) -> &mut Exchange {
        if self.exchanges.is_empty() {
            self.exchanges.push(Exchange::default());
        }
        let last = self.exchanges.len() - 1;
        &mut self.exchanges[last]
    }
}

const BEREQ: [Tag; 5] =
    [Tag::BereqMethod, Tag::BereqUrl, Tag::BereqProtocol, Tag::BereqHeader, Tag::BereqUnset];

impl RequestHead {
    /// Takes one record of a head in; the five tags are those of the side in question.
    pub(super) fn take(
        &mut self,
        [method, url, protocol, header, unset]: [Tag; 5],
        record: &LogRecord<'_>,
    ) {
        let text = record.text();
        match record.tag {
            Some(tag) if tag == method => self.method = visible(text),
            Some(tag) if tag == url => self.url = visible(text),
            Some(tag) if tag == protocol => self.protocol = visible(text),
            Some(tag) if tag == header => self.headers.set(text),
            Some(tag) if tag == unset => self.headers.unset(text),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests;
