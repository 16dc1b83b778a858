//! The state for people, and for programs.

use std::fmt::Write;

use chrono::{DateTime, Local, TimeZone};
use serde_json::{Value, json};

use super::state::{Backend, State, Verdict};

/// Backends that are named in one line.
const NAMED: usize = 8;

/// A word for some of the backends, and which they are.
type Group = (&'static str, fn(&Backend) -> bool);

/// The backends that are named.
const GROUPS: [Group; 2] = [("ejected", |it| it.ejected), ("drained", |it| it.drained)];

/// For people: a line per subject.
pub(super) fn text(state: &State, now: DateTime<Local>) -> String {
    let mut out = String::new();
    let mut line = |subject: &str, text: &str| {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "{subject:<10} {text}");
    };
    let runs = if state.worker_runs { "runs" } else { "no worker runs" };
    line("worker", &format!("{runs}, {}", shellac_render::visible(state.workdir.as_bytes())));
    line("failures", &failures(state, now));
    if state.health.is_empty() && state.node.is_empty() {
        return out;
    }
    line("node", node(state));
    line("backends", &backends(state));
    out
}

fn failures(state: &State, now: DateTime<Local>) -> String {
    if state.health.is_empty() {
        return "this daemon does not say whether they concentrate; `shellac why` looks at its log"
            .to_owned();
    }
    let (attempts, failures) = (state.health("attempts"), state.health("failures"));
    let Some(verdict) = &state.verdict else {
        return match failures {
            0 => format!("none of {attempts} first attempts of the last minute failed"),
            _ => format!(
                "{failures} of {attempts} first attempts of the last minute failed, not on anything in particular"
            ),
        };
    };
    let share = state.health("share_percent");
    format!(
        "concentrate on {}, since {}: {share} % of {failures} of the last minute; when that was found {} of its attempts failed, {} of all others",
        named(verdict),
        since(verdict.since, now),
        percent(verdict.failures, verdict.attempts),
        percent(verdict.rest_failures, verdict.rest_attempts),
    )
}

fn named(verdict: &Verdict) -> String {
    let plural = if verdict.count > 1 { "s" } else { "" };
    let more = verdict.count.saturating_sub(verdict.values.len() as u64);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{plural} {}{rest}", verdict.dimension, verdict.values.join(", "))
}

fn percent(part: u64, all: u64) -> String {
    if all == 0 { "none".to_owned() } else { format!("{:.1} %", part as f64 * 100.0 / all as f64) }
}

fn since(unix: u64, now: DateTime<Local>) -> String {
    let time = i64::try_from(unix).ok().and_then(|unix| Local.timestamp_opt(unix, 0).single());
    let Some(time) = time else { return format!("@{unix}") };
    let form = if time.date_naive() == now.date_naive() { "%H:%M:%S" } else { "%Y-%m-%d %H:%M:%S" };
    time.format(form).to_string()
}

fn node(state: &State) -> &'static str {
    let sees = state.node.get("neighbour_tables_visible").is_some_and(|&visible| visible > 0);
    match (state.node_fault(), sees) {
        (true, _) => {
            "packets do not leave this node: what fails now is not the backends' fault; `shellac doctor` says what is full"
        }
        (false, true) => "nothing moved in the last 5 seconds that would make attempts fail",
        (false, false) => {
            "nothing moved in the last 5 seconds, but the neighbour tables are not visible: a node fault cannot be excluded from here"
        }
    }
}

fn backends(state: &State) -> String {
    let all = state.backends.len();
    let mut text = format!("{all}");
    for (word, is_it) in GROUPS {
        let names: Vec<&str> =
            state.backends.iter().filter(|it| is_it(it)).map(|it| it.name.as_str()).collect();
        if !names.is_empty() {
            let more = names.len().saturating_sub(NAMED);
            let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
            let shown = names[..names.len() - more].join(", ");
            let _ = write!(text, ", {} {word}: {shown}{rest}", names.len());
        }
    }
    if text == format!("{all}") {
        text.push_str(", none of them ejected or drained");
    }
    text
}

/// For programs.
pub(super) fn json(state: &State) -> Value {
    let verdict = state.verdict.as_ref().map(|verdict| {
        json!({
            "dimension": verdict.dimension,
            "values": verdict.values,
            "count": verdict.count,
            "since": verdict.since,
            "attempts": verdict.attempts,
            "failures": verdict.failures,
            "rest_attempts": verdict.rest_attempts,
            "rest_failures": verdict.rest_failures,
        })
    });
    let names = |is_it: fn(&Backend) -> bool| -> Vec<&str> {
        state.backends.iter().filter(|it| is_it(it)).map(|it| it.name.as_str()).collect()
    };
    json!({
        "workdir": state.workdir,
        "worker_runs": state.worker_runs,
        "wrong": state.is_wrong(),
        "verdict": verdict,
        "node_fault": state.node.get("fault").map(|&fault| fault > 0),
        "neighbour_tables_visible": state.node.get("neighbour_tables_visible").map(|&it| it > 0),
        "backends": state.backends.len(),
        "ejected": names(|it| it.ejected),
        "drained": names(|it| it.drained),
        "health": state.health,
        "node": state.node,
    })
}
