//! The lists of this screen, as lines.

use std::sync::Arc;

use ratatui::style::{Modifier, Style};
use ratatui::text::Line;
use serde_json::{Value, json};
use shellac_counters::live::InFlight;
use shellac_render::redact::Redaction;
use shellac_render::visible;

use crate::stat::dash::columns::{Columns, Place, columns};
use crate::stat::dash::screen::{Look, Scene};
use crate::stat::dash::snapshot::micros;
use crate::watch::{BackendTraffic, Failing, Reading, Traffic};
use crate::words;

/// Columns of a transaction's number at least.
const XID: usize = 7;
const BACKEND: usize = 10;
const CLASS: usize = 22;
const METHOD: usize = 6;
const RATE: usize = 7;
const SHARE: usize = 6;
/// From this width on there is more room for names.
const WIDE: usize = 110;

/// The latest failing groups; without a place all of them, and none is the current one.
pub(super) fn failing(
    scene: &Scene<'_>,
    width: usize,
    height: usize,
    place: Option<Place>,
    look: Look,
) -> Vec<Line<'static>> {
    if height == 0 {
        return Vec::new();
    }
    let all = &scene.now.traffic.failing;
    let digits = |xid: u64| xid.checked_ilog10().map_or(1, |log| log as usize + 1);
    let xid = all.iter().map(|it| digits(it.xid)).max().unwrap_or(XID).max(XID);
    let more = if width >= WIDE { 10 } else { 0 };
    let (backend, class) = (BACKEND + more, CLASS + more);
    let (plain, quiet) = (Style::new(), look.quiet());
    let mut line = Columns::default();
    line.text(" ", quiet).left("FAILING", 8, quiet).right("XID", xid, quiet);
    line.right("", 3, quiet).left("BACKEND", backend, quiet).left("CLASS", class, quiet);
    line.rest("REQUEST", width, quiet);
    let mut lines = vec![line.plain()];
    let page = height.saturating_sub(1);
    let top = place.map_or(0, |place| place.top);
    for (at, failing) in all.iter().enumerate().skip(top).take(page) {
        let is_current = place.is_some_and(|place| place.current == at);
        let base = if is_current { plain.add_modifier(Modifier::BOLD) } else { plain };
        line.text(if is_current { ">" } else { " " }, plain);
        line.left(&look.time(micros(failing.at)), 8, quiet);
        line.right(&failing.xid.to_string(), xid, plain);
        let (status, style) = match failing.status {
            Some(status @ 500..) => (status.to_string(), look.bad()),
            Some(status) => (status.to_string(), plain),
            None => ("-".to_owned(), quiet),
        };
        line.right(&status, 3, style);
        line.left(&failing.backend, backend, plain).left(&failing.class, class, plain);
        line.left(&failing.method, METHOD.min(failing.method.len()), plain);
        line.rest(&failing.url, width, plain);
        lines.push(line.line(base));
    }
    if all.is_empty() && page > 0 {
        let text = match &scene.now.traffic.reading {
            Reading::Waiting(why) | Reading::Failed(why) => format!("  {why}"),
            _ => "  Nothing has failed since this was opened.".to_owned(),
        };
        lines.push(line.rest(&text, width, quiet).plain());
    }
    fill(lines, height)
}

/// Empty lines up to a height, so that what comes below stays where it is.
fn fill(mut lines: Vec<Line<'static>>, height: usize) -> Vec<Line<'static>> {
    if height != usize::MAX {
        lines.resize(height, Line::default());
    }
    lines
}

/// URLs and backends by requests in the last minute, side by side.
pub(super) fn asked(
    scene: &Scene<'_>,
    width: usize,
    height: usize,
    scroll: usize,
    look: Look,
) -> Vec<Line<'static>> {
    if height == 0 {
        return Vec::new();
    }
    let traffic = &*scene.now.traffic;
    let (plain, quiet) = (Style::new(), look.quiet());
    let span = traffic.minute.span.as_secs_f64().max(1.0);
    let right = (width / 3).max(RATE + SHARE + 10);
    let left = width.saturating_sub(right + 2);
    // What is copied or written is as wide as it has to be.
    let longest = traffic.urls.iter().map(|url| columns(&url.pattern)).max().unwrap_or(0);
    let written = longest.max(BACKEND) + RATE + SHARE + 3;
    let left = if height == usize::MAX { left.min(written) } else { left };
    let mut line = Columns::default();
    line.text(" ", quiet).right("REQ/s", RATE, quiet).right("5xx", SHARE, quiet);
    line.left("URL", left.saturating_sub(RATE + SHARE + 3), quiet).text("  ", quiet);
    line.right("REQ/s", RATE, quiet).right("FAILED", SHARE, quiet).rest("BACKEND", width, quiet);
    let mut lines = vec![line.plain()];
    let mut backends: Vec<_> = asked_backends(traffic).collect();
    backends.sort_by_key(|it| std::cmp::Reverse(it.minute_attempts));
    let rows = traffic.urls.len().max(backends.len());
    for at in (scroll..rows).take(height.saturating_sub(1)) {
        line.text(" ", plain);
        if let Some(url) = traffic.urls.get(at) {
            let style = if url.errors > 0 { look.warn() } else { plain };
            line.right(&words::rate(url.requests as f64 / span), RATE, plain);
            line.right(&words::share(url.errors, url.requests), SHARE, style);
            line.left(&url.pattern, left.saturating_sub(RATE + SHARE + 3), plain);
        } else {
            line.text(" ".repeat(left.saturating_sub(1)), plain);
        }
        line.text("  ", plain);
        if let Some(backend) = backends.get(at) {
            let style = if backend.minute_failures > 0 { look.warn() } else { plain };
            line.right(&words::rate(backend.minute_attempts as f64 / span), RATE, plain);
            line.right(
                &words::share(backend.minute_failures, backend.minute_attempts),
                SHARE,
                style,
            );
            line.rest(&backend.name, width, plain);
        }
        lines.push(line.plain());
    }
    if rows == 0 && height > 1 {
        lines.push(Line::styled("  No request in the last minute.", quiet));
    }
    fill(lines, height)
}

/// Rows that [`asked`] has beside its title.
pub(super) fn asked_rows(traffic: &Traffic) -> usize {
    traffic.urls.len().max(asked_backends(traffic).count())
}

/// Backends that were asked in the last minute.
fn asked_backends(traffic: &Traffic) -> impl Iterator<Item = &Arc<BackendTraffic>> {
    traffic.backends.iter().filter(|it| it.minute_attempts > 0)
}

/// Requests in flight, the oldest first.
pub(super) fn in_flight(
    scene: &Scene<'_>,
    width: usize,
    height: usize,
    scroll: usize,
    redaction: &Redaction,
    look: Look,
) -> Vec<Line<'static>> {
    if height == 0 {
        return Vec::new();
    }
    let (plain, quiet) = (Style::new(), look.quiet());
    let rows = oldest_first(scene);
    let mut line = Columns::default();
    line.text(" ", quiet).left(&format!("IN FLIGHT {}", rows.len()), 15, quiet);
    let backend = if width >= WIDE { BACKEND + 10 } else { BACKEND };
    line.left("WAITS FOR", 10, quiet).right("SINCE", 7, quiet).right("LEFT", 7, quiet);
    line.left("BACKEND", backend, quiet).rest("REQUEST", width, quiet);
    let mut lines = vec![line.plain()];
    for (age, request) in rows.iter().skip(scroll).take(height.saturating_sub(1)) {
        let now = scene.now.at.mono;
        line.text(" ", plain).right(&words::micros(*age), 7, plain);
        let try_text =
            if request.attempt > 1 { format!("try {}", request.attempt) } else { String::new() };
        line.left(&try_text, 7, look.warn());
        line.left(request.phase.name(), 10, plain);
        line.right(&words::micros(now.saturating_sub(request.since)), 7, quiet);
        let left = request.deadline.map(|deadline| deadline.saturating_sub(now));
        line.right(&left.map_or("-".to_owned(), words::micros), 7, quiet);
        line.left(&visible(&request.backend), backend, plain);
        let asked = visible(&request.request);
        let asked = redaction.parameters_in(&asked).into_owned();
        let asked = if asked.is_empty() { "(its head is being read)".to_owned() } else { asked };
        line.rest(&asked, width, plain);
        lines.push(line.plain());
    }
    if rows.is_empty() && height > 1 {
        let text = match &scene.now.live {
            Some(_) => "  Nothing is in flight.",
            None => "  No scoreboard: `shellac ps` shows what there is instead.",
        };
        lines.push(Line::styled(text, quiet));
    }
    debug_assert!(height == usize::MAX || lines.len() <= height, "no more than fits");
    lines
}

/// Requests in flight with their ages in microseconds.
fn oldest_first<'a>(scene: &Scene<'a>) -> Vec<(u64, &'a InFlight)> {
    let Some(live) = &scene.now.live else { return Vec::new() };
    let now = scene.now.at.mono;
    let aged = live.requests.iter().map(|it| (now.saturating_sub(it.started), it));
    let mut rows: Vec<(u64, &InFlight)> = aged.collect();
    rows.sort_by_key(|(age, request)| (std::cmp::Reverse(*age), request.xid));
    rows
}

/// Failing groups for programs.
pub(super) fn failing_json(scene: &Scene<'_>) -> Vec<Value> {
    let one = |it: &Arc<Failing>| {
        json!({
            "at": micros(it.at),
            "xid": it.xid,
            "status": it.status,
            "class": it.class,
            "backend": it.backend,
            "client": it.client,
            "method": it.method,
            "url": it.url,
            "error": it.error,
            "attempts": it.attempts,
        })
    };
    scene.now.traffic.failing.iter().map(one).collect()
}

/// URLs for programs.
pub(super) fn urls_json(scene: &Scene<'_>) -> Vec<Value> {
    let urls = scene.now.traffic.urls.iter();
    let one = |it: &crate::watch::UrlTraffic| json!({ "pattern": it.pattern, "requests": it.requests, "errors": it.errors });
    urls.map(one).collect()
}

/// What is in flight, for programs.
pub(super) fn in_flight_json(scene: &Scene<'_>, redaction: &Redaction) -> Vec<Value> {
    let one = |(age, it): (u64, &InFlight)| {
        let asked = visible(&it.request);
        json!({
            "xid": it.xid,
            "age_us": age,
            "phase": it.phase.name(),
            "backend": visible(&it.backend),
            "attempt": it.attempt,
            "request": redaction.parameters_in(&asked),
            "client": it.client.map(|client| client.to_string()),
        })
    };
    oldest_first(scene).into_iter().map(one).collect()
}
