//! Facts of one request or attempt as the phrases of its rows.

use super::attempt::{Attempt, Exchange, Failure, RequestHead, Step};
use super::fields::{Close, Headers};
use super::model::Node;
use super::page::{NO_BREAK, Style};
use super::phases::{Phase, backend_phase, client_phase};
use super::request::Request;
use super::words::{bytes, counted, duration};
use crate::error_text::{Phase as Failing, Phases};
use crate::visible;

pub(super) fn line_of(head: &RequestHead) -> String {
    if head.method.is_empty() && head.url.is_empty() {
        return "(request line not recorded)".to_owned();
    }
    let mut line = format!("{} {}", head.method, head.url);
    if !head.protocol.is_empty() && head.protocol != "HTTP/1.1" {
        line = format!("{line} {}", head.protocol);
    }
    line
}

pub(super) fn from(request: &Request) -> String {
    let mut text = match &request.client {
        Some(client) => format!("client {client}"),
        None => "client not recorded".to_owned(),
    };
    if let Some(listener) = &request.listener {
        text = format!("{text} at listener {listener}");
    }
    if let Some(host) = request.request.headers.get_shown("host") {
        text = format!("{text}, Host {host}");
    }
    text
}

pub(super) fn result_of(node: &Node, attempt: &Attempt) -> (Style, String) {
    let answered = attempt.answer.as_ref().and_then(|answer| answer.status);
    if attempt.failed() {
        return (Style::Bad, "FAILED".to_owned());
    }
    match answered {
        Some(status) if status < 500 => (Style::Good, status.to_string()),
        Some(status) => (Style::Bad, status.to_string()),
        None if attempt.is_pipe => (Style::Plain, "piped".to_owned()),
        None if attempt.decision == "abandon" => (Style::Bad, "abandoned".to_owned()),
        None if attempt.page.is_some() => (Style::Bad, "no fetch".to_owned()),
        None if node.has_end => (Style::Plain, "no answer recorded".to_owned()),
        None => (Style::Bad, "not finished".to_owned()),
    }
}

pub(super) fn not_recorded(attempt: &Attempt) -> &'static str {
    let ours = attempt.exchanges.iter().any(|exchange| exchange.details != Default::default());
    if ours { "not recorded" } else { "not recorded by this version" }
}

/// `new 127.0.0.1:48986 -> good 127.0.0.1:18081`.
pub(super) fn connection(exchange: &Exchange) -> String {
    let Some(open) = &exchange.open else {
        return match &exchange.details.address {
            Some(address) => format!("none; was to go to {address}"),
            None => "none".to_owned(),
        };
    };
    let ends = match (&open.local, &open.remote) {
        (Some(local), Some(remote)) => format!("{local} -> {} {remote}", open.name),
        _ => format!("UNIX socket of {}", open.name),
    };
    let close = match &exchange.close {
        Some(Close::Recycled) => ", kept for reuse".to_owned(),
        Some(Close::Closed(Some(reason))) => format!(", closed ({reason})"),
        Some(Close::Closed(None)) => ", closed".to_owned(),
        None => String::new(),
    };
    match exchange.reused() {
        Some(false) => format!("new, {ends}{close}"),
        Some(true) => {
            let age = match exchange.age() {
                Some(age) => format!("{} old", duration(age)),
                None => "age not recorded".to_owned(),
            };
            let uses = open.uses.map(|uses| format!(", used {} before", counted(uses, "time")));
            format!("reused, {age}{}, {ends}{close}", uses.unwrap_or_default())
        }
        None => format!("{ends}{close}"),
    }
}

/// The request's body towards the backend: what is recorded, and what is not.
pub(super) fn sent_body(attempt: &Attempt) -> (String, Option<&'static str>) {
    let headers = &attempt.request.headers;
    let (mut text, mut any) = body_promised(headers);
    let Some(last) = attempt.last() else { return (text, None) };
    let phase_is_body = last.details.phase == Some(Failing::Body);
    if let Some(expected) = last.details.expected_bytes.filter(|_| !phase_is_body) {
        (text, any) = (format!("{} expected", bytes(expected)), expected > 0);
    }
    let acct = attempt.acct.filter(|_| attempt.acct_is_its_own());
    let sent = last.details.sent_bytes.or(acct.map(|acct| acct.request_body_bytes));
    if !any && sent.unwrap_or(0) == 0 {
        return ("none to send".to_owned(), None);
    }
    match (sent, last.details.acked_bytes) {
        (Some(sent), Some(acked)) => (format!("{text}, {sent} sent, {acked} acknowledged"), None),
        (Some(sent), None) => (format!("{text}, {sent} sent"), Some("acknowledged")),
        (None, Some(acked)) => (format!("{text}, {acked} acknowledged"), Some("sent")),
        (None, None) => (text, Some("sent and acknowledged")),
    }
}

/// What the headers promise, and whether that is a body at all.
fn body_promised(headers: &Headers) -> (String, bool) {
    match (headers.content_length(), headers.get("transfer-encoding")) {
        (_, Some(_)) => ("length not announced (chunked)".to_owned(), true),
        (Some(0) | None, None) => ("none to send".to_owned(), false),
        (Some(length), None) => (format!("{} expected", bytes(length)), true),
    }
}

/// The request's body from the client, and the answer's to it.
pub(super) fn client_body(request: &Request) -> String {
    if let Some((up, down)) = request.piped {
        return format!("piped: {} from the client, {down} to it", bytes(up));
    }
    let (promised, any) = body_promised(&request.request.headers);
    let received = request.acct.map(|acct| acct.request_body_bytes);
    let up = match (any, received) {
        (false, None | Some(0)) => "none received".to_owned(),
        (_, Some(received)) => format!("{promised}, {received} received"),
        (_, None) => format!("{promised}; received: not recorded"),
    };
    let announced = request.answer.headers.content_length();
    let down = match (request.acct.map(|acct| acct.response_body_bytes), announced) {
        (None, _) => "answer: not recorded".to_owned(),
        (Some(sent), Some(announced)) if sent != announced && sent > 0 => {
            format!("answer: {sent} of {announced} bytes sent")
        }
        (Some(sent), _) => format!("answer: {} sent", bytes(sent)),
    };
    format!("{up}; {down}")
}

/// What the backend answered, with its body.
pub(super) fn answer(attempt: &Attempt) -> Option<String> {
    let answer = attempt.answer.as_ref()?;
    let line = answer.line()?;
    let expected = answer.headers.content_length().or_else(|| {
        let last = attempt.last()?;
        last.details.expected_bytes.filter(|_| last.details.phase == Some(Failing::Body))
    });
    let acct = attempt.acct.filter(|_| attempt.acct_is_its_own());
    let received = attempt
        .last()
        .and_then(|last| last.details.received_bytes)
        .or(acct.map(|acct| acct.response_body_bytes))
        // Of an attempt that ended in an error page it is the length of that.
        .or(attempt.length.filter(|_| attempt.page.is_none()));
    Some(match (received, expected) {
        (Some(received), Some(expected)) if received == expected => {
            format!("{line}, {}", bytes(received))
        }
        (Some(received), Some(expected)) => {
            format!("{line}, {received} of {expected} bytes received")
        }
        (Some(received), None) => format!("{line}, {}", bytes(received)),
        (None, Some(expected)) => {
            format!("{line}, {} expected; received: {}", bytes(expected), not_recorded(attempt))
        }
        (None, None) => format!("{line}, body bytes: {}", not_recorded(attempt)),
    })
}

/// The error in plain words with the number that goes with it.
pub(super) fn what_happened(exchange: &Exchange, failure: &Failure) -> String {
    let Some(waited) = exchange.waited else {
        // Without a timestamp behind it the log may say how long nothing had come.
        let Some(silent) = exchange.details.waited else { return failure.words.to_owned() };
        let silent = duration(silent).replace(' ', NO_BREAK);
        return match exchange.details.limit {
            Some(limit) => {
                let limit = duration(limit).replace(' ', NO_BREAK);
                // What the log says gets out of here like everything else of it.
                let name = exchange.details.timeout.as_deref().map(|name| visible(name.as_bytes()));
                let name = name.map_or_else(String::new, |name| format!(" ({name})"));
                format!("{}, after {silent} of silence; the limit is {limit}{name}", failure.words)
            }
            None => format!("{}, {silent} after the last byte", failure.words),
        };
    };
    let waited = duration(waited).replace(' ', NO_BREAK);
    let answering = Phases::of(&[Failing::FirstByte, Failing::Head]);
    if failure.phases.within(answering) {
        format!("{}, {waited} after the request was sent", failure.words)
    } else {
        format!("{}, after {waited}", failure.words)
    }
}

/// `connect 66 us > send 19 us > wait 2.7 ms`.
pub(super) fn timeline(steps: &[Step], word: impl Fn(&Step) -> String) -> String {
    let parts: Vec<String> = steps
        .iter()
        .filter(|step| step.is_shown())
        .map(|step| {
            let failed = if step.failed { ": failed" } else { "" };
            // One step stays on one line.
            format!("{} {}{failed}", word(step), duration(step.stamp.took)).replace(' ', NO_BREAK)
        })
        .collect();
    if parts.is_empty() { "no step took time".to_owned() } else { parts.join(" > ") }
}

pub(super) fn client_step(step: &Step) -> String {
    word(client_phase(step), step)
}

pub(super) fn backend_step(step: &Step, attempt: &Attempt) -> String {
    word(backend_phase(step, attempt), step)
}

/// A label that is not known stands for itself.
fn word(phase: Phase, step: &Step) -> String {
    if phase == Phase::OTHER { step.stamp.label.clone() } else { phase.word.to_owned() }
}
