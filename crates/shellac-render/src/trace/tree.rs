//! A trace as text: a headline, the tree, why attempts failed and what to do, headers.

use shellac_log::Kind;

use super::attempt::{Attempt, Exchange, Failure, RequestHead, Step};
use super::fields::{Close, Headers, Micros};
use super::model::{Node, Trace, What};
use super::page::{NO_BREAK, Page, Span, Style};
use super::request::Request;
use super::why;
use super::words::{Zone, bytes, counted, duration, epoch, local_time};
use crate::error_text::Phase;
use crate::redact;

/// How a trace is shown.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Columns to fill; at least 60.
    pub width: usize,
    /// Whether to use colours.
    pub color: bool,
    /// The clock for moments.
    pub zone: Zone,
    /// Whether secrets in headers are replaced.
    pub redact: bool,
}

/// Columns for the reason of a closed session; the words that there are fit.
const CLOSE_COLUMNS: usize = 16;
/// Missing children of one node that are named one by one.
const MISSING_NAMED: usize = 4;

/// The whole text.
pub fn render(trace: &Trace, options: &Options) -> String {
    let mut page = Page::new(options.width, options.color);
    headline(&mut page, trace, options);
    page.gap();
    let base = trace.start();
    for root in &trace.roots {
        Branch { base, request: None, trace }.node(&mut page, root, "", "");
    }
    headers(&mut page, trace, options);
    // Last, because the end of a long text is what stays on a screen.
    why::sections(&mut page, trace);
    page.finish()
}

fn headline(page: &mut Page, trace: &Trace, options: &Options) {
    let Some(node) = trace.focused() else { return };
    let (what, result) = match &node.what {
        What::Request(request) => {
            let retries = node.children.iter().filter(|child| is_retry(child)).count();
            let answered = match request.answer.line() {
                Some(line) if is_cut_short(node) => format!("answered {line}, cut short"),
                Some(line) => format!("answered {line}"),
                None => unanswered(node, request).to_owned(),
            };
            let after = match retries {
                0 => String::new(),
                1 => " after 1 retry".to_owned(),
                n => format!(" after {n} retries"),
            };
            let took = node.took().map(|took| format!(", {}", duration(took))).unwrap_or_default();
            (line_of(&request.request), format!("{answered}{after}{took}"))
        }
        What::Attempt(attempt) => {
            let result = match attempt.last().and_then(|last| attempt.failure(last)) {
                Some(failure) => failure.words.to_owned(),
                None => match attempt.answer.as_ref().and_then(|answer| answer.line()) {
                    Some(line) => format!("answered {line}"),
                    None => "no answer recorded".to_owned(),
                },
            };
            let which = match node.attempt {
                Some(number) => format!("attempt {number} at a backend"),
                None => "an attempt at a backend".to_owned(),
            };
            (format!("{which}, {}", line_of(&attempt.request)), result)
        }
        What::Session(session) => {
            let client = session.client.as_deref().unwrap_or("(not recorded)");
            let requests = counted(node.children.len() as u64, "request");
            (format!("connection from client {client}"), requests)
        }
        What::Missing => return,
    };
    page.wrapped("", "  ", Style::Bold, &format!("XID {}: {what}", node.vxid));
    page.wrapped("  ", "  ", Style::Bold, &result);
    match node.start().or(trace.start()) {
        Some(at) => {
            let text = format!("{}  epoch {}", local_time(at, options.zone), epoch(at));
            page.wrapped("  ", "  ", Style::Plain, &text);
        }
        None => page.wrapped("  ", "  ", Style::Plain, "time: not recorded"),
    }
}

/// What the nodes of a branch share.
#[derive(Clone, Copy)]
struct Branch<'a> {
    trace: &'a Trace,
    /// From when offsets count.
    base: Option<Micros>,
    /// The client request above.
    request: Option<&'a Request>,
}

impl<'a> Branch<'a> {
    /// Writes `node` behind `first`, and everything that belongs to it behind `rest`.
    fn node(mut self, page: &mut Page, node: &'a Node, first: &str, rest: &str) {
        let bar = if node.children.is_empty() { "  " } else { "\u{2502} " };
        let inner = format!("{rest}{bar} ");
        match &node.what {
            What::Missing => missing(page, node, first),
            What::Session(session) => {
                let client = session.client.as_deref().unwrap_or("(not recorded)");
                let left = format!("session {}", node.vxid);
                let from = format!("  from {client}");
                let short = |close: &str| close.chars().take(CLOSE_COLUMNS).collect::<String>();
                let close = session.close.as_deref().map(|it| format!("closed: {}", short(it)));
                let right = close.unwrap_or_else(|| "not closed in this log".to_owned());
                let left: [Span<'_>; 2] = [(Style::Bold, &left), (Style::Plain, &from)];
                page.split(first, &left, &[(Style::Plain, &right)]);
            }
            What::Request(request) => {
                self.request(page, node, request, first, &inner);
                self.request = Some(request);
            }
            What::Attempt(attempt) => self.attempt(page, node, attempt, first, &inner),
        }
        ends(page, node, &inner);
        if node.kind == Kind::Session && self.trace.others_on_session > 0 {
            let others = counted(self.trace.others_on_session as u64, "other request");
            page.wrapped(&inner, &inner, Style::Dim, &format!("{others} on this connection"));
        }
        let hidden = hidden_children(node);
        let shown: Vec<&Node> =
            node.children.iter().filter(|child| !hidden.contains(&child.vxid.0)).collect();
        for (at, child) in shown.iter().enumerate() {
            let last = at + 1 == shown.len() && hidden.is_empty();
            let (branch, below) = if last {
                ("\u{2514}\u{2500} ", "   ")
            } else {
                ("\u{251c}\u{2500} ", "\u{2502}  ")
            };
            self.node(page, child, &format!("{rest}{branch}"), &format!("{rest}{below}"));
        }
        if !hidden.is_empty() {
            let numbers: Vec<String> = hidden.iter().map(u64::to_string).collect();
            let text = format!("not in this log: {}", numbers.join(", "));
            page.wrapped(
                &format!("{rest}\u{2514}\u{2500} "),
                &format!("{rest}   "),
                Style::Dim,
                &text,
            );
        }
    }

    fn request(self, page: &mut Page, node: &Node, request: &Request, first: &str, inner: &str) {
        let left = format!("{} {}", kind_word(node), node.vxid);
        let line = format!("  {}", line_of(&request.request));
        let status = request.answer.status;
        let result = match status {
            Some(status) if is_cut_short(node) => format!("{status} cut short"),
            Some(status) => status.to_string(),
            None => unanswered(node, request).to_owned(),
        };
        let style = if status.is_none() && node.has_end {
            Style::Plain
        } else if status.is_some_and(|status| status < 500) && !is_cut_short(node) {
            Style::Good
        } else {
            Style::Bad
        };
        let took = self.times(node);
        let right: [Span<'_>; 2] = [(style, &result), (Style::Plain, &took)];
        page.split(first, &[(Style::Bold, &left), (Style::Plain, &line)], &right);
        let mut row = |label: &str, style, text: &str| detail(page, inner, label, style, text);
        if node.kind == Kind::Request && self.request.is_none() {
            row("from", Style::Plain, &from(request));
        }
        if !request.steps.is_empty() {
            row("time", Style::Plain, &timeline(&request.steps, client_step));
        }
        if !request.handling.is_empty() && request.handling != "pass" {
            row("cache", Style::Plain, request.handling);
        }
        row("body", Style::Plain, &client_body(request));
        for error in &request.errors {
            row("error", Style::Bad, error);
        }
        if let Some(garbage) = &request.garbage {
            row("junk", Style::Bad, garbage);
        }
    }

    fn attempt(self, page: &mut Page, node: &Node, attempt: &Attempt, first: &str, inner: &str) {
        let left = match node.attempt {
            Some(number) => format!("attempt {number}"),
            None => "attempt".to_owned(),
        };
        let name = format!("  bereq {} {}", node.vxid, node.reason.word());
        let (style, result) = result_of(node, attempt);
        let took = self.times(node);
        let right: [Span<'_>; 2] = [(style, &result), (Style::Plain, &took)];
        page.split(first, &[(Style::Bold, &left), (Style::Plain, &name)], &right);
        let mut row = |label: &str, style, text: &str| detail(page, inner, label, style, text);
        let same = |above: &&Request| {
            (&above.request.method, &above.request.url)
                == (&attempt.request.method, &attempt.request.url)
        };
        if self.request.as_ref().is_none_or(|above| !same(above)) {
            row("sent", Style::Plain, &line_of(&attempt.request));
        }
        for exchange in &attempt.exchanges {
            row("conn", Style::Plain, &connection(exchange));
            if exchange.open.is_some() && exchange.reused().is_none() {
                row("", Style::Plain, "new or reused: not recorded by this version");
            }
        }
        if !attempt.steps.is_empty() {
            row(
                "time",
                Style::Plain,
                &timeline(&attempt.steps, |step| backend_step(step, attempt)),
            );
        }
        let (known, unknown) = sent_body(attempt);
        row("body", Style::Plain, &known);
        if let Some(unknown) = unknown {
            row("", Style::Plain, &format!("{unknown}: {}", not_recorded(attempt)));
        }
        for exchange in &attempt.exchanges {
            if let Some(failure) = attempt.failure(exchange) {
                row("error", Style::Bad, &what_happened(exchange, &failure));
                let quoted: Vec<String> =
                    exchange.errors.iter().map(|text| format!("\"{text}\"")).collect();
                if !quoted.is_empty() {
                    row("", Style::Dim, &format!("log text: {}", quoted.join(", ")));
                }
            }
        }
        for note in &attempt.notes {
            row("note", Style::Bad, note);
        }
        if let Some(text) = answer(attempt) {
            row("answer", Style::Plain, &text);
        }
        if let Some(text) = then(attempt) {
            row("then", Style::Plain, &text);
        }
    }

    /// `  +2.9 ms  0.4 ms`: when it started and how long it took.
    fn times(self, node: &Node) -> String {
        let offset = node.start().zip(self.base).map(|(start, base)| start.since(base));
        let mut text = String::new();
        if let Some(offset) = offset.filter(|offset| offset.0 > 0) {
            text = format!("{:>11}", format!("+{}", duration(offset)));
        }
        if let Some(took) = node.took() {
            text += &format!("{:>10}", duration(took));
        }
        text
    }
}

/// Whether the client got the head of a good answer and not all of its body: the fetch failed in there, and
/// it was too late for an error page.
fn is_cut_short(node: &Node) -> bool {
    let What::Request(request) = &node.what else { return false };
    let last = node.children.iter().filter_map(Node::as_attempt).next_back();
    request.answer.status.is_some_and(|status| status < 500)
        && last.is_some_and(|attempt| attempt.failed() && attempt.page.is_none())
}

/// Why a request has no status.
fn unanswered(node: &Node, request: &Request) -> &'static str {
    if request.steps.last().is_some_and(|step| step.stamp.label == "Restart") {
        "restarted"
    } else if request.piped.is_some() {
        let went_through = request.steps.iter().any(|step| step.stamp.label == "PipeSess");
        if went_through { "piped" } else { "not piped" }
    } else if node.has_end {
        "no answer recorded"
    } else {
        "not finished"
    }
}

fn is_retry(node: &Node) -> bool {
    node.reason == shellac_log::Reason::Retry
}

fn missing(page: &mut Page, node: &Node, first: &str) {
    let left = match node.kind {
        Kind::Backend if is_retry(node) => format!("retry  bereq {}", node.vxid),
        Kind::Backend => format!("attempt  bereq {}", node.vxid),
        _ => format!("{} {}", kind_word(node), node.vxid),
    };
    page.split(first, &[(Style::Bold, &left)], &[(Style::Dim, "not in this log")]);
}

/// Children that are not there, when there are too many of them to give each a line.
fn hidden_children(node: &Node) -> Vec<u64> {
    let missing = || node.children.iter().filter(|child| child.what == What::Missing);
    if missing().count() > MISSING_NAMED {
        missing().map(|child| child.vxid.0).collect()
    } else {
        Vec::new()
    }
}

/// Says where a transaction is cut off.
fn ends(page: &mut Page, node: &Node, inner: &str) {
    if node.what == What::Missing {
        return;
    }
    if !node.has_begin {
        page.wrapped(inner, inner, Style::Dim, "its beginning is not in this log");
    }
    if node.deeper > 0 {
        let below = counted(node.deeper as u64, "transaction");
        page.wrapped(inner, inner, Style::Dim, &format!("{below} below it, too deep to be shown"));
    }
    if !node.has_end && node.kind != Kind::Session {
        page.wrapped(inner, inner, Style::Dim, "its end is not in this log: running, or cut off");
    }
}

/// One labelled row below a node.
fn detail(page: &mut Page, inner: &str, label: &str, style: Style, text: &str) {
    page.wrapped(&format!("{inner}{label:<7}"), &format!("{inner}{:<7}", ""), style, text);
}

fn kind_word(node: &Node) -> &'static str {
    match (node.kind, node.reason) {
        (Kind::Session, _) => "session",
        (_, shellac_log::Reason::Esi) => "include",
        (_, shellac_log::Reason::Restart) => "restart",
        (Kind::Backend, _) => "bereq",
        _ => "request",
    }
}

fn line_of(head: &RequestHead) -> String {
    if head.method.is_empty() && head.url.is_empty() {
        return "(request line not recorded)".to_owned();
    }
    let mut line = format!("{} {}", head.method, head.url);
    if !head.protocol.is_empty() && head.protocol != "HTTP/1.1" {
        line = format!("{line} {}", head.protocol);
    }
    line
}

fn from(request: &Request) -> String {
    let mut text = match &request.client {
        Some(client) => format!("client {client}"),
        None => "client not recorded".to_owned(),
    };
    if let Some(listener) = &request.listener {
        text = format!("{text} at listener {listener}");
    }
    if let Some(host) = request.request.headers.get("host") {
        text = format!("{text}, Host {}", crate::visible(host));
    }
    text
}

fn result_of(node: &Node, attempt: &Attempt) -> (Style, String) {
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

fn not_recorded(attempt: &Attempt) -> &'static str {
    let ours = attempt.exchanges.iter().any(|exchange| exchange.details != Default::default());
    if ours { "not recorded" } else { "not recorded by this version" }
}

/// `new 127.0.0.1:48986 -> good 127.0.0.1:18081`.
fn connection(exchange: &Exchange) -> String {
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
fn sent_body(attempt: &Attempt) -> (String, Option<&'static str>) {
    let headers = &attempt.request.headers;
    let (mut text, mut any) = body_promised(headers);
    let Some(last) = attempt.last() else { return (text, None) };
    let phase_is_body = last.details.phase == Some(Phase::Body);
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
fn client_body(request: &Request) -> String {
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
fn answer(attempt: &Attempt) -> Option<String> {
    let answer = attempt.answer.as_ref()?;
    let line = answer.line()?;
    let expected = answer.headers.content_length().or_else(|| {
        let last = attempt.last()?;
        last.details.expected_bytes.filter(|_| last.details.phase == Some(Phase::Body))
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

/// What was done after the backend's part was over, where that is worth a word.
fn then(attempt: &Attempt) -> Option<String> {
    if attempt.retried {
        return Some("retried".to_owned());
    }
    let page = attempt.page.as_ref()?.line()?;
    Some(format!("error page {page}"))
}

/// The error in plain words with the number that goes with it.
pub(super) fn what_happened(exchange: &Exchange, failure: &Failure) -> String {
    let Some(waited) = exchange.waited else { return failure.words.to_owned() };
    let waited = duration(waited).replace(' ', NO_BREAK);
    let answering = crate::error_text::Phases::of(&[Phase::FirstByte, Phase::Head]);
    if failure.phases.within(answering) {
        format!("{}, {waited} after the request was sent", failure.words)
    } else {
        format!("{}, after {waited}", failure.words)
    }
}

/// `connect 66 us > send 19 us > wait 2.7 ms`.
fn timeline(steps: &[Step], word: impl Fn(&Step) -> String) -> String {
    let parts: Vec<String> = steps
        .iter()
        .filter(|step| step.stamp.label != "Start" && (step.failed || step.stamp.took.0 != 0))
        .map(|step| {
            let failed = if step.failed { ": failed" } else { "" };
            // One step stays on one line.
            format!("{} {}{failed}", word(step), duration(step.stamp.took)).replace(' ', NO_BREAK)
        })
        .collect();
    if parts.is_empty() { "no step took time".to_owned() } else { parts.join(" > ") }
}

fn client_step(step: &Step) -> String {
    match step.stamp.label.as_str() {
        "Req" => "receive head",
        "ReqBody" => "receive body",
        "Waitinglist" => "wait for another fetch",
        "Fetch" => "backend",
        "Process" => "process",
        "Resp" => "send answer",
        "Restart" => "restart",
        "Pipe" => "open pipe",
        "PipeSess" => "pipe",
        "Reset" => "reset",
        other => other,
    }
    .to_owned()
}

fn backend_step(step: &Step, attempt: &Attempt) -> String {
    let label = step.stamp.label.as_str();
    let connecting = attempt.last().is_some_and(|last| last.open.is_none());
    match (label, step.failed) {
        ("Connected", true) => "wait and connect anew",
        ("Beresp", true) if connecting => "connect",
        ("Fetch", _) => "prepare",
        ("Connected", _) => "connect",
        ("Bereq", _) => "send",
        ("Beresp", _) => "wait",
        ("Process", _) => "process",
        ("BerespBody", _) => "read body",
        ("Error", _) => "make error",
        ("Retry", _) => "retry",
        (other, _) => other,
    }
    .to_owned()
}

fn headers(page: &mut Page, trace: &Trace, options: &Options) {
    let Some(node) = trace.focused() else { return };
    let mut section = |title: &str, headers: &Headers| {
        if headers.0.is_empty() {
            return;
        }
        page.gap();
        page.wrapped("", "", Style::Bold, title);
        for header in &headers.0 {
            let value = redact::header_value(&header.name, &header.value, options.redact);
            let line = format!("{}: {value}", crate::visible(&header.name));
            page.wrapped("  ", "    ", Style::Plain, &line);
        }
    };
    match &node.what {
        What::Request(request) => {
            section("Headers received", &request.request.headers);
            section("Headers of the answer", &request.answer.headers);
        }
        What::Attempt(attempt) => {
            section("Headers sent to the backend", &attempt.request.headers);
            if let Some(answer) = &attempt.answer {
                section("Headers of its answer", &answer.headers);
            }
        }
        What::Session(_) | What::Missing => {}
    }
}
