//! What the overview says, as lines.

use std::time::Duration;

use ratatui::style::{Modifier, Style};
use ratatui::text::Line;
use serde_json::{Value, json};

use crate::health::{Judgement, NODE_FAULT};
use crate::stat::dash::columns::{Columns, columns, cut};
use crate::stat::dash::frame::wrapped;
use crate::stat::dash::screen::{Look, Scene};
use crate::stat::dash::snapshot::{State, micros};
use crate::stat::dash::spark::{History, spark};
use crate::watch::{EventKind, Reading, Second, Sums, Suspicion, Traffic};
use crate::words;

/// From this width on events stand beside classes.
const WIDE: usize = 120;
/// Columns of the numbers, each with a blank behind it.
const LABEL: usize = 16;
const NOW: usize = 8;
const MEAN: usize = 8;
const TOTAL: usize = 13;
/// Fewer failures are not tested for what they have in common.
const TESTED: u64 = 10;
/// Classes that are shown where there is little room.
const CLASSES: usize = 4;
/// And where there is much.
const MOST_CLASSES: usize = 12;

/// Everything; with `page`, as much as fits into so many lines, with so many of the latest events left out.
pub(super) fn lines(
    scene: &Scene<'_>,
    width: usize,
    page: Option<(usize, usize)>,
    look: Look,
) -> Vec<Line<'static>> {
    let traffic = &*scene.now.traffic;
    let mut lines = verdict(scene, width, look);
    lines.push(Line::default());
    lines.extend(numbers(traffic, width, look));
    lines.push(answers(traffic, look));
    lines.push(waits(traffic));
    lines.push(in_flight(scene, look));
    lines.push(reader(scene, width, look));
    lines.push(Line::default());
    let (room, scroll) = match page {
        Some((height, scroll)) => (height.saturating_sub(lines.len()), scroll),
        None => (usize::MAX, 0),
    };
    if width >= WIDE && page.is_some() {
        let half = width / 2;
        let mut left = classes(traffic, half - 2, room.min(MOST_CLASSES + 1), look);
        let rest = room.saturating_sub(left.len() + 1);
        left.push(Line::default());
        left.extend(backends(traffic, half - 2, rest, look));
        let right = events_lines(scene, width - half, room, scroll, look);
        lines.extend(beside(left, right, half));
    } else {
        let classes = classes(traffic, width, room.min(CLASSES + 1), look);
        let left = room.saturating_sub(classes.len() + 1);
        lines.extend(classes);
        lines.push(Line::default());
        lines.extend(events_lines(scene, width, left, scroll, look));
    }
    lines
}

/// Two lists side by side, the second one from this column on.
fn beside(
    left: Vec<Line<'static>>,
    right: Vec<Line<'static>>,
    at: usize,
) -> impl Iterator<Item = Line<'static>> {
    let rows = left.len().max(right.len());
    let (mut left, mut right) = (left.into_iter(), right.into_iter());
    (0..rows).map(move |_| {
        let mut line = left.next().unwrap_or_default();
        line.spans.push(" ".repeat(at.saturating_sub(line.width())).into());
        line.spans.extend(right.next().unwrap_or_default().spans);
        line
    })
}

/// Whether failures have something in common; what is wrong with the log goes before.
fn verdict(scene: &Scene<'_>, width: usize, look: Look) -> Vec<Line<'static>> {
    let traffic = &*scene.now.traffic;
    let (text, style) = match (&traffic.reading, &traffic.suspicion) {
        (Reading::Waiting(_) | Reading::Gone(_), _)
            if let State::Missing(why) = &scene.now.instance.state =>
        {
            (format!("No instance: {why}"), look.bad())
        }
        (Reading::Waiting(why), _) => (format!("No log yet: {why}"), look.warn()),
        (Reading::Gone(what), _) => (format!("The log is gone: {what}; waiting"), look.bad()),
        (Reading::Failed(why), _) => (format!("The log cannot be read: {why}"), look.bad()),
        (Reading::On | Reading::Ended, suspicion) if let Some(judgement) = &scene.now.judgement => {
            (told_by_worker(judgement, suspicion.as_ref(), traffic.at, look), look.bad())
        }
        (Reading::On | Reading::Ended, Some(suspicion)) => {
            (format!("FAILURES CONCENTRATE: {}", told_by_log(suspicion, traffic.at)), look.bad())
        }
        (Reading::On | Reading::Ended, None) => {
            let failures = traffic.minute.sums.failures;
            let text = match failures {
                0 => "No attempt failed in the last minute.".to_owned(),
                1..TESTED => format!(
                    "{failures} failed {} in the last minute: too few to tell whether they have something in common.",
                    if failures == 1 { "attempt" } else { "attempts" }
                ),
                _ => format!(
                    "{} failed attempts in the last minute; they do not concentrate on anything.",
                    words::count(failures)
                ),
            };
            (text, if failures == 0 { look.quiet() } else { Style::new() })
        }
    };
    let lines = wrapped(&text, width.saturating_sub(2).max(1));
    lines.into_iter().map(|line| Line::styled(format!(" {line}"), style)).collect()
}

/// The red line when the worker says what is wrong: it knows nodes and zones, and whether its own node is at fault. The log
/// knows other things that requests have in common.
fn told_by_worker(
    judgement: &Judgement,
    suspicion: Option<&Suspicion>,
    now: Duration,
    look: Look,
) -> String {
    let mut sentences = Vec::new();
    if judgement.node_fault() {
        sentences.push(format!("NODE FAULT: {NODE_FAULT}."));
    }
    if let Some(verdict) = &judgement.verdict {
        let since = look.time(verdict.since.saturating_mul(1_000_000));
        sentences.push(format!("FAILURES CONCENTRATE: {}.", judgement.told(verdict, &since)));
    }
    let is_known = |it: &&Suspicion| {
        judgement.verdict.as_ref().is_some_and(|verdict| verdict.dimension == it.dimension)
    };
    if let Some(suspicion) = suspicion.filter(|it| !is_known(it)) {
        sentences.push(format!("In the log: {}.", told_by_log(suspicion, now)));
    }
    sentences.join(" ")
}

/// What failures concentrate on, as the log has it.
fn told_by_log(suspicion: &Suspicion, now: Duration) -> String {
    let mut what = suspicion.values.join(", ");
    if suspicion.more_values > 0 {
        what += &format!(" and {} more", suspicion.more_values);
    }
    let for_long = now.saturating_sub(suspicion.since).as_secs();
    format!(
        "{what}: {} of its requests fail, {} of all others; {} of {} failures of the last minute, for {} s",
        words::percent(suspicion.rate),
        words::percent(suspicion.rate_of_others),
        words::percent(suspicion.share_of_failures),
        words::count(suspicion.failures),
        for_long,
    )
}

/// How much by second: now, in the last minute, in all, and how it went.
fn numbers(traffic: &Traffic, width: usize, look: Look) -> Vec<Line<'static>> {
    let mut line = Columns::default();
    let quiet = look.quiet();
    line.left("", LABEL, quiet).right("now /s", NOW, quiet).right("1 min /s", MEAN, quiet);
    line.right("total", TOTAL, quiet);
    if !traffic.since.is_zero() {
        let since = micros(traffic.since);
        let is_past = traffic.reading == Reading::Ended;
        let since = if is_past { look.day_time(since) } else { look.time(since) };
        line.rest(&format!(" since {since}"), width, quiet);
    }
    let mut lines = vec![line.plain()];
    type Row = (&'static str, fn(&Second) -> u32, fn(&Sums) -> u64, bool);
    let rows: [Row; 4] = [
        ("requests", |second| second.requests, |sums| sums.requests, false),
        ("errors (5xx)", |second| second.errors, |sums| sums.errors, true),
        ("failed attempts", |second| second.failures, |sums| sums.failures, true),
        ("retries", |second| second.retries, |sums| sums.retries, true),
    ];
    let span = traffic.minute.span.as_secs_f64().max(1.0);
    for (label, of, sum, is_bad) in rows {
        let now = traffic.seconds.last().map(of);
        let mean = sum(&traffic.minute.sums) as f64 / span;
        let style = if is_bad && mean > 0.0 { look.warn() } else { Style::new() };
        line.left(&format!(" {label}"), LABEL, Style::new());
        line.right(&now.map_or("-".to_owned(), |now| words::rate(f64::from(now))), NOW, style);
        line.right(&words::rate(mean), MEAN, style);
        line.right(&words::count(sum(&traffic.total)), TOTAL, Style::new());
        let history: History =
            traffic.seconds.iter().map(|second| Some(f64::from(of(second)))).collect();
        line.text("  ", Style::new());
        let room = line.room(width).saturating_sub(1).min(SPARK);
        line.text(spark(&history, room, look), look.quiet());
        lines.push(line.plain());
    }
    lines
}

/// Columns of a history at most: a second each.
const SPARK: usize = 120;

/// What clients were answered in the last minute.
fn answers(traffic: &Traffic, look: Look) -> Line<'static> {
    let sums = &traffic.minute.sums;
    let mut line = Columns::default();
    line.left(" answers", LABEL, Style::new());
    let names = ["none", "1xx", "2xx", "3xx", "4xx", "5xx"];
    let mut is_first = true;
    for (digit, name) in names.iter().enumerate().cycle().skip(1).take(names.len()) {
        let count = sums.statuses[digit];
        if count == 0 && digit != 2 && digit != 5 {
            continue;
        }
        let style = if digit == 5 && count > 0 { look.warn() } else { Style::new() };
        let gap = if is_first { "  " } else { "   " };
        is_first = false;
        let share = words::share(count, sums.requests);
        let share = if share.is_empty() { "-".to_owned() } else { share };
        line.text(format!("{gap}{name} {share}"), style);
    }
    line.plain()
}

/// How long clients waited in the last minute.
fn waits(traffic: &Traffic) -> Line<'static> {
    let mut line = Columns::default();
    line.left(" waits", LABEL, Style::new());
    let text = match &traffic.minute.waits {
        None => "  no answer in the last minute".to_owned(),
        Some(waits) => format!(
            "  p50 {}   p90 {}   p99 {}   longest {}",
            words::micros(waits.p50),
            words::micros(waits.p90),
            words::micros(waits.p99),
            words::micros(waits.longest)
        ),
    };
    line.text(text, Style::new()).plain()
}

fn in_flight(scene: &Scene<'_>, look: Look) -> Line<'static> {
    let mut line = Columns::default();
    line.left(" in flight", LABEL, Style::new());
    let Some(live) = &scene.now.live else {
        let text = match scene.now.instance.worker {
            Some(_) => "  this instance has no scoreboard",
            None => "  -",
        };
        return line.text(text, look.quiet()).plain();
    };
    let oldest = live.requests.iter().map(|it| scene.now.at.mono.saturating_sub(it.started)).max();
    line.text(format!("  {}", words::count(live.requests.len() as u64)), Style::new());
    if let Some(oldest) = oldest {
        line.text(format!("   oldest {}", words::micros(oldest)), Style::new());
    }
    line.plain()
}

/// How this reader keeps up.
fn reader(scene: &Scene<'_>, width: usize, look: Look) -> Line<'static> {
    let traffic = &*scene.now.traffic;
    let mut line = Columns::default();
    line.left(" this reader", LABEL, Style::new());
    let mut parts = Vec::new();
    let mut style = Style::new();
    if traffic.read_bytes == 0 {
        return line.text("  nothing read yet", look.quiet()).plain();
    }
    if let Some(lag) = traffic.lag {
        parts.push(format!("{} % of the ring behind", lag.percent()));
        if lag.is_warning() {
            style = look.warn();
        }
    }
    if traffic.lost.times > 0 {
        let about = if traffic.lost.inexact { "about " } else { "" };
        parts.push(format!("{about}{} lost", words::bytes(traffic.lost.bytes as f64)));
        style = look.bad();
    } else {
        parts.push("nothing lost".to_owned());
    }
    if traffic.attempts_left_out > 0 {
        let attempts = words::count(traffic.attempts_left_out);
        parts.push(format!("{attempts} attempts at too many backends to tell apart"));
    }
    if traffic.reading == Reading::Ended {
        parts.push(format!("all {} read", words::bytes(traffic.read_bytes as f64)));
    } else if let Some(speed) = speed(scene) {
        parts.push(format!("{}/s", words::bytes(speed)));
    }
    if let Some(dialect) = traffic.dialect {
        parts.push(format!("table {dialect}"));
    }
    line.rest(&format!("  {}", parts.join("   ")), width, style).plain()
}

/// Bytes of the log by second, lately.
fn speed(scene: &Scene<'_>) -> Option<f64> {
    let now = &scene.now.traffic;
    let before = &scene.back().take(6).last()?.traffic;
    let seconds = now.at.checked_sub(before.at)?.as_secs_f64();
    let bytes = now.read_bytes.checked_sub(before.read_bytes)?;
    (seconds > 0.0).then(|| bytes as f64 / seconds)
}

fn classes(traffic: &Traffic, width: usize, room: usize, look: Look) -> Vec<Line<'static>> {
    if room == 0 {
        return Vec::new();
    }
    let mut line = Columns::default();
    line.rest(" FAILED ATTEMPTS BY CLASS, in all", width, look.quiet());
    let mut lines = vec![line.plain()];
    let all: u64 = traffic.classes.iter().map(|(_, count)| count).sum();
    for (class, count) in traffic.classes.iter().take(room.saturating_sub(1)) {
        line.text(" ", Style::new());
        line.right(&words::count(*count), TOTAL - 1, Style::new());
        line.right(&words::share(*count, all), 6, look.quiet());
        line.rest(class, width, Style::new());
        lines.push(line.plain());
    }
    if traffic.classes.is_empty() && room > 1 {
        lines.push(Line::styled("  none", look.quiet()));
    }
    lines
}

/// Those that fail most, then those that are asked most, in the last minute.
fn backends(traffic: &Traffic, width: usize, room: usize, look: Look) -> Vec<Line<'static>> {
    if room == 0 {
        return Vec::new();
    }
    let (plain, quiet) = (Style::new(), look.quiet());
    let mut line = Columns::default();
    line.text(" ", quiet).right("REQ/s", NOW, quiet).right("FAILED", MEAN, quiet);
    line.right("5xx", MEAN, quiet).right("P99", MEAN, quiet).rest("BACKEND", width, quiet);
    let mut lines = vec![line.plain()];
    let span = traffic.minute.span.as_secs_f64().max(1.0);
    let mut found: Vec<_> = traffic.backends.iter().filter(|it| it.minute_attempts > 0).collect();
    found.sort_by_key(|it| {
        let bad = it.minute_failures + it.minute_errors;
        (std::cmp::Reverse(bad), std::cmp::Reverse(it.minute_attempts))
    });
    for backend in found.iter().take(room.saturating_sub(1)) {
        let share = |part| words::share(part, backend.minute_attempts);
        let bad = |part| if part > 0 { look.warn() } else { plain };
        line.text(" ", plain);
        line.right(&words::rate(backend.minute_attempts as f64 / span), NOW, plain);
        line.right(&share(backend.minute_failures), MEAN, bad(backend.minute_failures));
        line.right(&share(backend.minute_errors), MEAN, bad(backend.minute_errors));
        line.right(&backend.p99.map_or("-".to_owned(), words::micros), MEAN, plain);
        line.rest(&backend.name, width, plain);
        lines.push(line.plain());
    }
    lines
}

/// Something that happened, whoever noticed it.
#[derive(Clone, Debug)]
pub(super) struct Happened {
    pub(super) at_unix: u64,
    pub(super) kind: &'static str,
    pub(super) text: String,
    pub(super) times: u64,
    is_bad: bool,
}

/// All that happened, the latest first.
pub(super) fn events(scene: &Scene<'_>) -> Vec<Happened> {
    // Of those of one moment the last one is the latest, too.
    let of_log = scene.now.traffic.events.iter().rev();
    // Who watches the processes knows more about workers than the log does.
    let of_log = of_log.filter(|event| event.kind != EventKind::Worker).map(|event| Happened {
        at_unix: micros(event.at),
        kind: event.kind.word(),
        text: event.text.clone(),
        times: event.times,
        is_bad: matches!(event.kind, EventKind::Sick | EventKind::Loss),
    });
    let of_instance = scene.now.events.iter().rev().map(|event| Happened {
        at_unix: event.at.unix,
        kind: "instance",
        text: event.text.clone(),
        times: 1,
        is_bad: event.text.contains(" ended"),
    });
    let mut all: Vec<Happened> = of_log.chain(of_instance).collect();
    all.sort_by_key(|event| std::cmp::Reverse(event.at_unix));
    all
}

fn events_lines(
    scene: &Scene<'_>,
    width: usize,
    room: usize,
    scroll: usize,
    look: Look,
) -> Vec<Line<'static>> {
    if room == 0 {
        return Vec::new();
    }
    let all = events(scene);
    let mut line = Columns::default();
    let above = if scroll > 0 { format!(" ({scroll} later ones above)") } else { String::new() };
    let title = format!(" EVENTS{above}");
    let mut lines = vec![line.rest(&title, width, look.quiet()).plain()];
    for event in all.iter().skip(scroll).take(room.saturating_sub(1)) {
        let style = if event.is_bad { look.bad() } else { Style::new() };
        line.text(format!(" {} ", look.time(event.at_unix)), look.quiet());
        line.left(event.kind, 8, style.add_modifier(Modifier::BOLD));
        let times = if event.times > 1 { format!(" (x{})", event.times) } else { String::new() };
        let room = line.room(width).saturating_sub(columns(&times));
        line.text(cut(&event.text, room), style);
        line.text(times, look.quiet());
        lines.push(line.plain());
    }
    if all.is_empty() && room > 1 {
        lines.push(Line::styled("  nothing happened since this was opened", look.quiet()));
    }
    lines
}

/// Sums for programs.
pub(super) fn sums_json(sums: &Sums) -> Value {
    let [none, s1, s2, s3, s4, s5] = sums.statuses;
    json!({
        "requests": sums.requests,
        "errors": sums.errors,
        "attempts": sums.attempts,
        "failures": sums.failures,
        "retries": sums.retries,
        "answers": { "none": none, "1xx": s1, "2xx": s2, "3xx": s3, "4xx": s4, "5xx": s5 },
    })
}
