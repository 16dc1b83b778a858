//! A trace as text: a headline, the tree, why attempts failed and what to do, headers.

use shellac_log::{Kind, Reason};

use super::attempt::Attempt;
use super::fields::{Headers, Micros};
use super::model::{Node, Trace, What};
use super::page::{Page, Span, Style};
use super::phrases::{line_of, result_of};
use super::request::Request;
use super::why;
use super::words::{Zone, counted, duration, epoch, local_time};
use super::{bars, journey, rows};

/// How a trace is shown.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Columns to fill; at least 60.
    pub width: usize,
    /// Whether to use colours.
    pub color: bool,
    /// The clock for moments.
    pub zone: Zone,
    /// Columns for the bars, which may be wider than text.
    pub bar_width: usize,
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
    bars::section(&mut page, trace, options.bar_width);
    headers(&mut page, trace);
    journey::sections(&mut page, trace);
    // Last, because the end of a long text is what stays on a screen.
    why::sections(&mut page, trace);
    page.finish()
}

/// What the trace is about, what came of it, and when, a line each.
pub(super) struct Headline {
    pub(super) what: String,
    pub(super) result: String,
    pub(super) time: String,
}

fn headline(page: &mut Page, trace: &Trace, options: &Options) {
    let Some(Headline { what, result, time }) = headline_of(trace, options.zone) else { return };
    page.wrapped("", "  ", Style::Bold, &what);
    page.wrapped("  ", "  ", Style::Bold, &result);
    page.wrapped("  ", "  ", Style::Plain, &time);
}

/// The lines at the top; `None` when what was asked for is not in the tree.
pub(super) fn headline_of(trace: &Trace, zone: Zone) -> Option<Headline> {
    let node = trace.focused()?;
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
            // Restarts stand beside the request that they continue.
            let came = |child: &&Node| child.reason != Reason::Restart;
            let requests = counted(node.children.iter().filter(came).count() as u64, "request");
            (format!("connection from client {client}"), requests)
        }
        What::Missing => return None,
    };
    let time = match node.start().or(trace.start()) {
        Some(at) => format!("{}  epoch {}", local_time(at, zone), epoch(at)),
        None => "time: not recorded".to_owned(),
    };
    Some(Headline { what: format!("XID {}: {what}", node.vxid), result, time })
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
        let (style, result) = result_of_request(node, request);
        let took = times(node, self.base, self.request);
        let right: [Span<'_>; 2] = [(style, &result), (Style::Plain, &took)];
        page.split(first, &[(Style::Bold, &left), (Style::Plain, &line)], &right);
        rows::of_request(node, request, self.request.is_none()).into_iter().for_each(|row| {
            detail(page, inner, row.label, row.style, &row.text);
        });
    }

    fn attempt(self, page: &mut Page, node: &Node, attempt: &Attempt, first: &str, inner: &str) {
        let left = match node.attempt {
            Some(number) => format!("attempt {number}"),
            None => "attempt".to_owned(),
        };
        let name = format!("  bereq {} {}", node.vxid, node.reason.word());
        let (style, result) = result_of(node, attempt);
        let took = times(node, self.base, self.request);
        let right: [Span<'_>; 2] = [(style, &result), (Style::Plain, &took)];
        page.split(first, &[(Style::Bold, &left), (Style::Plain, &name)], &right);
        rows::of_attempt(attempt, self.request).into_iter().for_each(|row| {
            detail(page, inner, row.label, row.style, &row.text);
        });
    }
}

/// `  +2.9 ms  0.4 ms`: when it started and how long it took; `<1.025 s` where the log only bounds it.
pub(super) fn times(node: &Node, base: Option<Micros>, above: Option<&Request>) -> String {
    let offset = node.start().zip(base).map(|(start, base)| start.since(base));
    let mut text = String::new();
    if let Some(offset) = offset.filter(|offset| offset.0 > 0) {
        text = format!("{:>11}", format!("+{}", duration(offset)));
    }
    match (node.took(), node.as_attempt().and_then(|attempt| attempt.stopped(above))) {
        (Some(took), Some((waited, at_most))) => {
            let most = if at_most { "<" } else { "" };
            let whole = Micros(took.0.saturating_add(waited.0));
            text += &format!("{:>10}", format!("{most}{}", duration(whole)));
        }
        (Some(took), None) => text += &format!("{:>10}", duration(took)),
        (None, _) => {}
    }
    text
}

/// Whether the client got the head of a good answer and not all of its body: the fetch failed in there, and
/// it was too late for an error page.
pub(super) fn is_cut_short(node: &Node) -> bool {
    let What::Request(request) = &node.what else { return false };
    let last = node.children.iter().filter_map(Node::as_attempt).next_back();
    request.answer.status.is_some_and(|status| status < 500)
        && last.is_some_and(|attempt| attempt.failed() && attempt.page.is_none())
}

/// What came of a request, in a word.
pub(super) fn result_of_request(node: &Node, request: &Request) -> (Style, String) {
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
    (style, result)
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

fn headers(page: &mut Page, trace: &Trace) {
    let Some(node) = trace.focused() else { return };
    let mut section = |title: &str, headers: &Headers| {
        if headers.0.is_empty() {
            return;
        }
        page.gap();
        page.wrapped("", "", Style::Bold, title);
        for header in &headers.0 {
            let line = format!("{}: {}", header.shown_name(), header.shown_value());
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
