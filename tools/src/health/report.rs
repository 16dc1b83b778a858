//! The state for people, and for programs.

use std::fmt::Write;

use chrono::{DateTime, Local, TimeZone};
use serde_json::{Value, json};

use super::state::{Backend, Judgement, State, Verdict};

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
    line("failures", &failures(&state.judgement, now));
    if state.judgement.health.is_empty() && state.judgement.node.is_empty() {
        return out;
    }
    line("node", node(&state.judgement));
    line("backends", &backends(state));
    out
}

fn failures(judgement: &Judgement, now: DateTime<Local>) -> String {
    if judgement.health.is_empty() {
        return "this daemon does not say whether they concentrate; `shellac why` looks at its log"
            .to_owned();
    }
    if let Some(verdict) = &judgement.verdict {
        let since = since(verdict.since, now);
        return format!("concentrate on {}", judgement.told(verdict, &since));
    }
    let (attempts, failures) = (judgement.health("attempts"), judgement.health("failures"));
    match failures {
        0 => format!("none of {attempts} first attempts of the last minute failed"),
        _ => format!(
            "{failures} of {attempts} first attempts of the last minute failed, not on anything in particular"
        ),
    }
}

impl Judgement {
    /// What failures concentrate on, since when, which share they have and how often these fail, in words; `since` is a time for
    /// people.
    pub(crate) fn told(&self, verdict: &Verdict, since: &str) -> String {
        format!(
            "{}, since {since}: {} % of {} of the last minute; when that was found {} of its attempts failed, {} of all others",
            named(verdict),
            self.health("share_percent"),
            self.health("failures"),
            percent(verdict.failures, verdict.attempts),
            percent(verdict.rest_failures, verdict.rest_attempts),
        )
    }
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

/// What is said while packets do not leave the node.
pub(crate) const NODE_FAULT: &str = "packets do not leave this node: what fails now is not the backends' fault; `shellac doctor` says what is full";

fn node(judgement: &Judgement) -> &'static str {
    let sees = judgement.node.get("neighbour_tables_visible").is_some_and(|&visible| visible > 0);
    match (judgement.node_fault(), sees) {
        (true, _) => NODE_FAULT,
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

impl Verdict {
    /// For programs.
    pub(crate) fn json(&self) -> Value {
        json!({
            "dimension": self.dimension,
            "values": self.values,
            "count": self.count,
            "since": self.since,
            "attempts": self.attempts,
            "failures": self.failures,
            "rest_attempts": self.rest_attempts,
            "rest_failures": self.rest_failures,
        })
    }
}

/// For programs.
pub(super) fn json(state: &State) -> Value {
    let Judgement { health, node, verdict } = &state.judgement;
    let names = |is_it: fn(&Backend) -> bool| -> Vec<&str> {
        state.backends.iter().filter(|it| is_it(it)).map(|it| it.name.as_str()).collect()
    };
    json!({
        "workdir": state.workdir,
        "worker_runs": state.worker_runs,
        "wrong": state.is_wrong(),
        "verdict": verdict.as_ref().map(Verdict::json),
        "node_fault": node.get("fault").map(|&fault| fault > 0),
        "neighbour_tables_visible": node.get("neighbour_tables_visible").map(|&it| it > 0),
        "backends": state.backends.len(),
        "ejected": names(|it| it.ejected),
        "drained": names(|it| it.drained),
        "health": health,
        "node": node,
    })
}
