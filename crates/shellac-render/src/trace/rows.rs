//! What is said about a request or an attempt, row by row, for every form of a page.

use shellac_log::Kind;

use super::attempt::Attempt;
use super::model::Node;
use super::page::{NO_BREAK, Style};
use super::phrases::{
    answer, backend_step, client_body, client_step, connection, from, line_of, not_recorded,
    sent_body, timeline, what_happened,
};
use super::request::Request;
use super::retries::Follow;
use super::words::duration;

/// One row: a label, which is empty where the row goes on with the one before, and what is to say.
pub(super) struct Row {
    pub(super) label: &'static str,
    pub(super) style: Style,
    pub(super) text: String,
}

/// The rows of a request; `is_top` when no other request is above it.
pub(super) fn of_request(node: &Node, request: &Request, is_top: bool) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut row = |label, style, text: &str| rows.push(Row { label, style, text: text.to_owned() });
    if node.kind == Kind::Request && is_top {
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
    junk(row, request.refused.as_deref(), request.garbage.as_deref());
    rows
}

/// The rows of an attempt below the request `above`.
pub(super) fn of_attempt(attempt: &Attempt, above: Option<&Request>) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut row = |label, style, text: &str| rows.push(Row { label, style, text: text.to_owned() });
    let same = |it: &&Request| {
        (&it.request.method, &it.request.url) == (&attempt.request.method, &attempt.request.url)
    };
    if above.as_ref().is_none_or(|it| !same(it)) {
        row("sent", Style::Plain, &line_of(&attempt.request));
    }
    for exchange in &attempt.exchanges {
        row("conn", Style::Plain, &connection(exchange));
        if exchange.open.is_some() && exchange.reused().is_none() {
            row("", Style::Plain, "new or reused: not recorded by this version");
        }
    }
    if !attempt.steps.is_empty() {
        let mut text = timeline(&attempt.steps, |step| backend_step(step, attempt));
        if let Some((waited, at_most)) = attempt.stopped(above) {
            let most = if at_most { "at most " } else { "" };
            let last = format!("read body {most}{}: failed", duration(waited));
            text = format!("{text} > {}", last.replace(' ', NO_BREAK));
        }
        row("time", Style::Plain, &text);
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
            junk(&mut row, exchange.refused(), exchange.garbage.as_deref());
        }
    }
    for note in &attempt.notes {
        row("note", Style::Bad, note);
    }
    if let Some(text) = answer(attempt) {
        row("answer", Style::Plain, &text);
    }
    // The page of an attempt that was retried went nowhere.
    if let Some(page) = attempt.page.as_ref().filter(|_| !attempt.retried)
        && let Some(line) = page.line()
    {
        row("page", Style::Plain, &line);
    }
    match attempt.follow() {
        Some(Follow::Retried(why)) => row("then", Style::Plain, &format!("retried: {why}")),
        Some(Follow::NotRetried(why)) => {
            row("then", Style::Plain, &format!("not retried: {why}"));
        }
        None => {}
    }
    rows
}

/// Why a head was refused, and how it began.
fn junk(mut row: impl FnMut(&'static str, Style, &str), why: Option<&str>, start: Option<&str>) {
    if let Some(why) = why {
        row("junk", Style::Bad, why);
    }
    if let Some(start) = start {
        let label = if why.is_some() { "" } else { "junk" };
        row(label, if why.is_some() { Style::Dim } else { Style::Bad }, start);
    }
}
