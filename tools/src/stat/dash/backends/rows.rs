//! From counters and log to one row by backend.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Value, json};
use shellac_render::visible;

use crate::stat::dash::snapshot::{Snapshot, micros};
use crate::watch::{BackendTraffic, EventKind};

/// Backends that are shown.
const ROWS: usize = 10_000;

/// In which order they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Order {
    /// By name.
    #[default]
    Name,
    /// Those that are out of service first, then by failures.
    Trouble,
    /// By requests.
    Requests,
}

impl Order {
    pub(super) const fn next(self) -> Order {
        match self {
            Order::Name => Order::Trouble,
            Order::Trouble => Order::Requests,
            Order::Requests => Order::Name,
        }
    }

    pub(super) const fn word(self) -> &'static str {
        match self {
            Order::Name => "name",
            Order::Trouble => "trouble",
            Order::Requests => "requests",
        }
    }
}

/// How a backend is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum State {
    /// Nothing is known.
    Unknown,
    /// Nobody asks it how it is, and nothing else is wrong.
    Unprobed,
    Healthy,
    /// Its probes fail.
    Sick,
    /// Its requests failed.
    Ejected,
    /// Somebody has taken it out.
    Drained,
}

impl State {
    pub(super) const fn word(self) -> &'static str {
        match self {
            State::Unknown => "-",
            State::Unprobed => "no probe",
            State::Healthy => "healthy",
            State::Sick => "sick",
            State::Ejected => "ejected",
            State::Drained => "drained",
        }
    }

    pub(super) const fn is_trouble(self) -> bool {
        matches!(self, State::Sick | State::Ejected | State::Drained)
    }
}

/// One backend of one configuration.
#[derive(Clone, Debug)]
pub(super) struct Row {
    /// The configuration, visible; empty where the log is all there is.
    pub(super) config: String,
    /// Its name, visible.
    pub(super) name: String,
    pub(super) state: State,
    /// Results of probes, the newest in the lowest bit.
    pub(super) happy: Option<u64>,
    /// Attempts under way.
    pub(super) conn: Option<u64>,
    /// Connections that could not be established, since the worker started.
    pub(super) fail: Option<u64>,
    fail_by_reason: u64,
    /// Attempts that did not choose it because it was sick.
    pub(super) unhealthy: Option<u64>,
    pub(super) busy: Option<u64>,
    /// Requests sent, since the worker started.
    pub(super) req: Option<u64>,
    req_change: f64,
    /// It is of the configuration that new requests get; not all proxies say so.
    active: bool,
    /// It is of another configuration than the one that new requests get, as far as the proxy says which that is.
    pub(super) unused: bool,
    drained: Option<u64>,
    ejected: Option<u64>,
    /// What the log says; of several configurations with this name only with the one that is used.
    pub(super) traffic: Option<Arc<BackendTraffic>>,
    /// Why it is as it is, as far as somebody said so while this was open.
    pub(super) why: Option<(u64, String)>,
}

impl Row {
    /// What it is called everywhere.
    pub(super) fn key(&self) -> String {
        if self.config.is_empty() {
            self.name.clone()
        } else {
            format!("{}.{}", self.config, self.name)
        }
    }

    pub(super) fn minute_failures(&self) -> u64 {
        self.traffic.as_ref().map_or(0, |it| it.minute_failures)
    }

    pub(super) fn minute_attempts(&self) -> u64 {
        self.traffic.as_ref().map_or(0, |it| it.minute_attempts)
    }
}

/// All backends of a moment.
pub(super) fn rows(now: &Snapshot, order: Order) -> Vec<Row> {
    let mut rows = counted(now);
    let mut places: HashMap<String, Vec<usize>> = HashMap::new();
    for (at, row) in rows.iter().enumerate() {
        places.entry(log_name(&row.name).to_owned()).or_default().push(at);
    }
    for traffic in &now.traffic.backends {
        let is_more_used = |a: &usize, b: &usize| {
            let (a, b) = (&rows[*a], &rows[*b]);
            a.active.cmp(&b.active).then(a.req_change.total_cmp(&b.req_change))
        };
        let places = places.get(&traffic.name);
        let used = places.and_then(|places| places.iter().copied().max_by(is_more_used));
        match used {
            Some(at) => rows[at].traffic = Some(Arc::clone(traffic)),
            None => rows.push(Row::of_log(traffic)),
        }
    }
    let says_which = rows.iter().any(|row| row.active);
    for row in &mut rows {
        row.unused = says_which && !row.active && !row.config.is_empty();
        row.judge(now);
    }
    rows.sort_by(|a, b| {
        let by_name = || (&a.name, &a.config).cmp(&(&b.name, &b.config));
        match order {
            Order::Name => by_name(),
            Order::Trouble => {
                let rank = |row: &Row| (row.state.is_trouble(), row.minute_failures());
                rank(b).cmp(&rank(a)).then_with(by_name)
            }
            Order::Requests => b.minute_attempts().cmp(&a.minute_attempts()).then_with(by_name),
        }
    });
    rows.truncate(ROWS);
    rows
}

/// The name as the log has it: what stands behind the last dot.
fn log_name(name: &str) -> &str {
    match name.rsplit_once('.') {
        Some((before, after)) if !before.is_empty() && !after.is_empty() => after,
        _ => name,
    }
}

/// The backends that have counters.
fn counted(now: &Snapshot) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    // The counters of a set stand together.
    let mut set = String::new();
    for (point, reading) in now.counters.iter() {
        let Some(name) = point.set().strip_prefix("VBE.") else { continue };
        if set != point.set() {
            set = point.set().to_owned();
            let (config, name) = name.split_once('.').unwrap_or(("", name));
            rows.push(Row::empty(visible(config.as_bytes()), visible(name.as_bytes())));
        }
        let Some(row) = rows.last_mut() else { continue };
        let value = Some(reading.shown(point.semantics, false));
        match point.own_name() {
            "happy" => row.happy = value,
            "conn" => row.conn = value,
            // varnishd 7.1 counts only by reason, others in all as well.
            "fail" => row.fail = row.fail.max(value),
            own if own.starts_with("fail_") => {
                row.fail_by_reason = row.fail_by_reason.saturating_add(reading.value);
                row.fail = row.fail.max(Some(row.fail_by_reason));
            }
            "unhealthy" => row.unhealthy = value,
            "busy" => row.busy = value,
            "active" => row.active = reading.value == 1,
            "drained" => row.drained = value,
            "ejected" => row.ejected = value,
            "req" => {
                row.req = value;
                row.req_change = reading.change.unwrap_or_default();
            }
            _ => {}
        }
    }
    rows
}

impl Row {
    fn empty(config: String, name: String) -> Row {
        Row {
            config,
            name,
            state: State::Unknown,
            happy: None,
            conn: None,
            fail: None,
            fail_by_reason: 0,
            unhealthy: None,
            busy: None,
            req: None,
            req_change: 0.0,
            active: false,
            unused: false,
            drained: None,
            ejected: None,
            traffic: None,
            why: None,
        }
    }

    fn of_log(traffic: &Arc<BackendTraffic>) -> Row {
        Row {
            traffic: Some(Arc::clone(traffic)),
            ..Row::empty(String::new(), traffic.name.clone())
        }
    }

    /// Decides on the state, and looks for what was said about it.
    fn judge(&mut self, now: &Snapshot) {
        let health = self.traffic.as_ref().and_then(|traffic| traffic.health.as_ref());
        let ordered = if self.drained.is_none() { self.ordered(now) } else { None };
        self.state = if self.drained.is_some_and(|it| it > 0) || ordered == Some("sick") {
            State::Drained
        } else if self.ejected.is_some_and(|it| it > 0) {
            State::Ejected
        } else if let Some(health) = health {
            if health.sick { State::Sick } else { State::Healthy }
        } else {
            match self.happy {
                None => State::Unknown,
                // What is said of a backend without probes differs between versions.
                Some(0 | u64::MAX) => State::Unprobed,
                Some(happy) if happy & 1 == 1 => State::Healthy,
                Some(_) => State::Sick,
            }
        };
        if self.state <= State::Healthy {
            return;
        }
        let is_about = |text: &str| {
            let name = log_name(&self.name);
            let mut words =
                text.split(|letter: char| !(letter.is_alphanumeric() || "_-".contains(letter)));
            words.any(|word| word == name)
        };
        // The best reason first: what the proxy says in words.
        let kinds: &[&[EventKind]] = match self.state {
            State::Drained => &[&[EventKind::Command, EventKind::Notice]],
            State::Ejected => &[&[EventKind::Notice], &[EventKind::Sick]],
            _ => &[&[EventKind::Sick]],
        };
        let events = &now.traffic.events;
        let said = kinds.iter().find_map(|kinds| {
            let mut latest = events.iter().rev();
            latest.find(|event| kinds.contains(&event.kind) && is_about(&event.text))
        });
        self.why = match said {
            Some(event) => Some((micros(event.at), event.text.clone())),
            None => health
                .and_then(|health| health.changed.as_ref())
                .map(|(at, text)| (micros(*at), text.clone())),
        };
    }
}

impl Row {
    /// What an administrator ordered last, as far as the log said so while this was open. Of a proxy whose counters do not
    /// tell.
    fn ordered<'a>(&self, now: &'a Snapshot) -> Option<&'a str> {
        let names = [self.name.clone(), self.key()].map(std::ffi::CString::new);
        let is_meant = |pattern: &str| {
            let pattern = std::ffi::CString::new(pattern);
            names.iter().any(|name| match (&pattern, name) {
                (Ok(pattern), Ok(name)) => shellac_sys::glob_matches(pattern, name),
                _ => false,
            })
        };
        now.traffic.events.iter().rev().filter(|it| it.kind == EventKind::Command).find_map(|it| {
            let mut words = it.text.strip_prefix("backend.set_health ")?.split_ascii_whitespace();
            let pattern = words.next()?;
            is_meant(pattern).then(|| words.next()).flatten()
        })
    }
}

/// A row for programs.
pub(super) fn json(row: &Row) -> Value {
    let log = row.traffic.as_ref().map(|traffic| {
        let [none, s1, s2, s3, s4, s5] = traffic.statuses;
        json!({
            "address": traffic.address,
            "attempts": traffic.attempts,
            "failures": traffic.failures,
            "retries": traffic.retries,
            "answers": { "none": none, "1xx": s1, "2xx": s2, "3xx": s3, "4xx": s4, "5xx": s5 },
            "minute": { "attempts": traffic.minute_attempts, "failures": traffic.minute_failures, "errors": traffic.minute_errors },
            "answer_us": { "p50": traffic.p50, "p99": traffic.p99 },
            "last_failure": traffic.failed.as_ref().map(|(at, class)| json!({ "at": micros(*at), "class": &**class })),
        })
    });
    json!({
        "configuration": row.config,
        "name": row.name,
        "state": row.state.word(),
        "unused": row.unused,
        "why": row.why.as_ref().map(|(at, text)| json!({ "at": Some(at).filter(|at| **at > 0), "text": text })),
        "happy": row.happy.map(|happy| format!("{happy:016x}")),
        "conn": row.conn,
        "req": row.req,
        "fail": row.fail,
        "unhealthy": row.unhealthy,
        "busy": row.busy,
        "log": log,
    })
}
