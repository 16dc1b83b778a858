//! Taking backends out of service: orders, what they leave of pools, what still runs, and ending what runs.
//!
//! Patterns are those of [`Selection`]; without a dot they mean every configuration. Answers as JSON have one object in their
//! envelope, and lists in it are cut, with the number of all beside them: answers have a largest length.

mod keys;

use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use shellac_admin::{Answer, Envelope, Place, Row, Status};
use shellac_proxy::{BackendLoad, BackendStatus, Control, PoolLeft};
use shellac_render::visible;
use shellac_upstream::admin::{Entry, Mode, Pattern, Scope, Selection, Subject, Table};

/// How long threads may take to acknowledge an order.
const ACKNOWLEDGED_WITHIN: Duration = Duration::from_secs(2);
/// Time between two looks while something is waited for.
const LOOK: Duration = Duration::from_millis(5);
/// Longest wait in one request.
const LONGEST_WAIT: Duration = Duration::from_secs(3);
/// Backends, pools and requests that one answer lists.
const LISTED: usize = 50;
/// Requests that it lists for one backend.
const REQUESTS: usize = 5;
/// Bytes of a request line, of a reason and of a name that are kept.
const TEXT_BYTES: usize = 200;

/// A command about backends that patterns mean.
const fn row(name: &'static str, syntax: &'static str, help: &'static str) -> Row {
    Row {
        name,
        aliases: &[],
        syntax,
        help,
        least: 1,
        most: None,
        json: true,
        changes: false,
        place: Place::Worker,
    }
}

pub(super) const DRAIN: Row = Row {
    changes: true,
    ..row(
        "drain",
        "drain [-j] <pattern>... [by=<name>] [reason=<text>] [ttl=<seconds>] [force=yes]",
        "Take backends out of service, in every configuration and in those loaded later; what runs is finished.",
    )
};
pub(super) const UNDRAIN: Row = Row {
    changes: true,
    ..row(
        "undrain",
        "undrain [-j] <pattern>... [by=<name>] [reason=<text>]",
        "Put backends back into service: their probes and their requests decide.",
    )
};
pub(super) const CLOSE_IDLE: Row = Row {
    changes: true,
    ..row(
        "drain.close_idle",
        "drain.close_idle [-j] <pattern>...",
        "Close connections that wait for a next request.",
    )
};
pub(super) const LIST: Row = Row {
    least: 0,
    most: Some(0),
    ..row("drain.list", "drain.list [-j]", "List the orders about backends that are in force.")
};
pub(super) const PLAN: Row = row(
    "drain.plan",
    "drain.plan [-j] <pattern>...",
    "Say what drain would take, and what would be left.",
);
pub(super) const STATUS: Row =
    row("drain.status", "drain.status [-j] <pattern>...", "Say what is in flight at backends.");
pub(super) const WAIT: Row = Row {
    least: 2,
    ..row(
        "drain.wait",
        "drain.wait [-j] <seconds> <pattern>...",
        "Answer when nothing is in flight at backends, or after this time (at most 3 seconds).",
    )
};
pub(super) const KILL: Row = Row {
    json: false,
    changes: true,
    ..row("kill", "kill <xid> [<reason>]", "End a request that is in flight.")
};

/// One change of the orders after the other.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// What an order was given with.
#[derive(Debug, Default)]
struct Given {
    patterns: Vec<String>,
    author: String,
    reason: String,
    ttl: Option<u64>,
    force: bool,
}

impl Given {
    fn parse(words: &[&str]) -> Result<Given, Answer> {
        let wrong = |text: String| Answer::new(Status::PARAMETER, text);
        let mut given = Given::default();
        for word in words {
            match word.split_once('=') {
                Some(("by", text)) => given.author = short(text),
                Some(("reason", text)) => given.reason = short(text),
                Some(("ttl", text)) => {
                    let seconds = text.parse().ok().filter(|&seconds| seconds > 0);
                    let seconds = seconds.ok_or_else(|| wrong(format!("Invalid time {text}\n")))?;
                    given.ttl = Some(seconds);
                }
                Some(("force", text)) => given.force = text == "yes",
                _ => given.patterns.push((*word).to_owned()),
            }
        }
        Ok(given)
    }

    fn entry(&self, pattern: Pattern, mode: Mode, since: u64) -> Entry {
        let (author, reason) = (self.author.clone(), self.reason.clone());
        Entry { pattern, mode, author, reason, since, ttl: self.ttl }
    }
}

fn short(text: &str) -> String {
    text.chars().filter(|it| !it.is_control()).take(TEXT_BYTES).collect()
}

/// What is meant, and that it is something.
struct Meant {
    selection: Selection,
    backends: Vec<BackendStatus>,
}

impl Meant {
    fn find(control: &Control, patterns: &[String]) -> Result<Meant, Answer> {
        let selection = Selection::parse(patterns)
            .map_err(|error| Answer::new(Status::PARAMETER, format!("{error}\n")))?;
        if selection.wanted().is_empty() {
            return Err(Answer::new(Status::TOO_FEW, "Too few parameters\n"));
        }
        // One that matches nothing is a mistake, whatever the others match.
        for pattern in selection.wanted() {
            let found = control.backends(|subject| pattern.matches(subject, Scope::Every));
            if found.is_empty() {
                return Err(no_match(control, pattern));
            }
        }
        let backends = control.backends(|subject| selection.matches(subject, Scope::Every));
        if backends.is_empty() {
            return Err(Answer::new(Status::PARAMETER, "No Backends matches\n"));
        }
        Ok(Meant { selection, backends })
    }

    fn matches(&self, subject: &Subject<'_>) -> bool {
        self.selection.matches(subject, Scope::Every)
    }
}

fn no_match(control: &Control, pattern: &Pattern) -> Answer {
    let all = control.backends(|_| true);
    let names: Vec<String> = all.iter().map(full_name).collect();
    let nearest = pattern.nearest(names.iter().map(String::as_str));
    let mut text = format!("No Backends matches {pattern}\n");
    if !nearest.is_empty() {
        text += &format!("nearest: {}\n", nearest.join(", "));
    }
    Answer::new(Status::PARAMETER, text)
}

fn full_name(backend: &BackendStatus) -> String {
    format!("{}.{}", backend.config, backend.name)
}

/// What the commands of this file work with.
pub(super) struct Drain<'c> {
    pub(super) control: &'c Control,
    /// The request, which JSON repeats.
    pub(super) words: &'c [&'c str],
    pub(super) now: Duration,
}

impl Drain<'_> {
    /// `drain`, or `undrain` with [`Mode::Auto`].
    pub(super) fn order(&self, mode: Mode) -> Answer {
        answered(self.try_order(mode))
    }

    fn try_order(&self, mode: Mode) -> Result<Answer, Answer> {
        let given = Given::parse(self.arguments())?;
        let meant = match Meant::find(self.control, &given.patterns) {
            // What was ordered can be taken back when what it was about is gone.
            Err(_) if mode == Mode::Auto && self.is_ordered(&given.patterns) => None,
            found => Some(found?),
        };
        if let (Mode::Drain, Some(meant), false) = (mode, &meant, given.force) {
            let few: Vec<PoolLeft> =
                self.pools(meant).into_iter().filter(PoolLeft::is_too_few).collect();
            if !few.is_empty() {
                let lines: String = few.iter().take(LISTED).map(pool_line).collect();
                return Err(Answer::new(Status::CANNOT, lines));
            }
        }
        let change = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        let mut table = self.control.orders_in_force();
        self.set(&mut table, &given, mode)?;
        self.control.apply(table);
        if let (Mode::Auto, Some(meant)) = (mode, &meant) {
            // What was said about single backends goes, too.
            self.control.set_health(|subject| meant.matches(subject), Mode::Auto);
        }
        drop(change);
        let acknowledged = self.acknowledged();
        let Some(meant) = meant else { return Ok(self.data(&json!({"count": 0, "backends": []}))) };
        let names: Vec<String> = meant.backends.iter().take(LISTED).map(full_name).collect();
        if !self.is_json() {
            return Ok(Answer::ok(names.join("\n") + "\n"));
        }
        let count = meant.backends.len();
        Ok(self.data(&json!({"count": count, "backends": names, "acknowledged": acknowledged})))
    }

    /// Puts the orders into the table.
    fn set(&self, table: &mut Table, given: &Given, mode: Mode) -> Result<(), Answer> {
        let full = |error: shellac_upstream::admin::TableFull| {
            Answer::new(Status::CANNOT, format!("{error}\n"))
        };
        let wrong = |error: shellac_upstream::admin::PatternError| {
            Answer::new(Status::PARAMETER, format!("{error}\n"))
        };
        let since = self.now.as_secs();
        let before = table.clone();
        let (unwanted, wanted): (Vec<&String>, Vec<&String>) =
            given.patterns.iter().partition(|pattern| pattern.starts_with('!'));
        for pattern in wanted {
            let pattern = Pattern::parse(pattern).map_err(wrong)?;
            table.set(given.entry(pattern, mode, since)).map_err(full)?;
        }
        for text in unwanted {
            // The latest order counts: what is left out keeps what it had, and whatever comes later has nothing.
            let pattern = Pattern::parse(text.trim_start_matches('!')).map_err(wrong)?;
            table.set(given.entry(pattern.clone(), Mode::Auto, since)).map_err(full)?;
            let left_out = self.control.backends(|subject| pattern.matches(subject, Scope::Every));
            for backend in left_out {
                let subject = Subject {
                    config: &backend.config,
                    name: &backend.name,
                    addresses: &backend.addresses,
                    active: backend.active,
                };
                if let Some(order) = before.order(&subject, since) {
                    table.set(order.clone()).map_err(full)?;
                }
            }
        }
        Ok(())
    }

    /// Whether each of these is an order already.
    fn is_ordered(&self, patterns: &[String]) -> bool {
        let table = self.control.orders_in_force();
        let has = |pattern: &String| {
            table.entries().iter().any(|entry| entry.pattern.as_str() == pattern)
        };
        !patterns.is_empty() && patterns.iter().all(has)
    }

    /// Waits until no thread is within a choice that it began before.
    fn acknowledged(&self) -> bool {
        let epoch = self.control.barrier();
        wait(ACKNOWLEDGED_WITHIN, || self.control.reached(epoch))
    }

    fn pools(&self, meant: &Meant) -> Vec<PoolLeft> {
        self.control.pools_left(|subject| meant.matches(subject))
    }

    /// `drain.plan`: what an order would do.
    pub(super) fn plan(&self) -> Answer {
        let plan = || {
            let given = Given::parse(self.arguments())?;
            let meant = Meant::find(self.control, &given.patterns)?;
            let pools = self.pools(&meant);
            let refused = pools.iter().any(PoolLeft::is_too_few);
            let names: Vec<String> = meant.backends.iter().take(LISTED).map(full_name).collect();
            let lines: Vec<String> = pools.iter().take(LISTED).map(pool_line).collect();
            let keys: Vec<keys::Move> =
                pools.iter().take(LISTED).filter_map(keys::Move::of).collect();
            if !self.is_json() {
                let keys: String = keys.iter().map(|one| one.to_string() + "\n").collect();
                return Ok(Answer::ok(names.join("\n") + "\n" + &lines.concat() + &keys));
            }
            let keys: Vec<Value> = keys.iter().map(keys::Move::value).collect();
            let pools: Vec<&str> = lines.iter().map(|line| line.trim_end()).collect();
            let count = meant.backends.len();
            Ok(self.data(
                &json!({"count": count, "backends": names, "pools": pools, "keys": keys, "refused": refused}),
            ))
        };
        answered(plan())
    }

    /// `drain.list`: the orders in force.
    pub(super) fn list(&self) -> Answer {
        let table = self.control.orders_in_force();
        if self.is_json() {
            return self.data(&json!(table.entries()));
        }
        let mut text = String::new();
        for entry in table.entries() {
            let until = entry.until().map_or("-".to_owned(), |until| until.to_string());
            let (pattern, mode) = (&entry.pattern, entry.mode.as_str());
            text += &format!(
                "{pattern} {mode} {} {until} {} {}\n",
                entry.since, entry.author, entry.reason
            );
        }
        Answer::ok(text)
    }

    /// `drain.status`: what still runs there.
    pub(super) fn status(&self) -> Answer {
        let status = || {
            let meant = Meant::find(self.control, &Given::parse(self.arguments())?.patterns)?;
            let loads = self.control.in_flight(|subject| meant.matches(subject));
            let busy = loads.iter().filter(|load| load.in_flight > 0 || load.idle > 0);
            let busy: Vec<Value> = busy.take(LISTED).map(load_value).collect();
            let mut value = summary(&meant);
            value["idle"] = loads.iter().map(|load| load.idle).sum::<usize>().into();
            value["busy"] = busy.into();
            Ok(self.data(&value))
        };
        answered(status())
    }

    /// `drain.wait SECONDS PATTERN...`: the same numbers as soon as nothing runs any more, or when the time is over.
    ///
    /// `true`: the time is over and something still runs.
    pub(super) fn wait(&self) -> (Answer, bool) {
        let mut goes_on = false;
        let mut wait_for = || {
            let (seconds, patterns) = self.arguments().split_first().unwrap_or((&"", &[]));
            let seconds: Option<f64> = seconds.parse().ok();
            let most = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
            let most = most.ok_or_else(|| Answer::new(Status::PARAMETER, "Invalid time\n"))?;
            let patterns: Vec<String> = patterns.iter().map(|it| (*it).to_owned()).collect();
            // Counts are read after every thread has said that it chooses nothing any more.
            let acknowledged = self.acknowledged();
            let mut meant = Meant::find(self.control, &patterns);
            goes_on = !wait(most.min(LONGEST_WAIT), || {
                meant = Meant::find(self.control, &patterns);
                let over = |meant: &Meant| {
                    let runs = meant.backends.iter().map(|backend| backend.in_flight).sum::<u64>();
                    runs == 0 || meant.backends.iter().any(|backend| !backend.admin.is_out())
                };
                meant.as_ref().map_or(true, over)
            });
            let mut value = summary(&meant?);
            value["acknowledged"] = acknowledged.into();
            Ok(self.data(&value))
        };
        let answer = answered(wait_for());
        (answer, goes_on)
    }

    /// `drain.close_idle`: closes the connections that wait for the next request.
    pub(super) fn close_idle(&self) -> Answer {
        let close = || {
            let meant = Meant::find(self.control, &Given::parse(self.arguments())?.patterns)?;
            let closed = self.control.close_idle(|subject| meant.matches(subject));
            Ok(self.data(&json!({"closed": closed})))
        };
        answered(close())
    }

    /// `kill XID [REASON]`: ends a request.
    pub(super) fn kill(&self) -> Answer {
        let (xid, reason) = self.arguments().split_first().unwrap_or((&"", &[]));
        let Ok(xid) = xid.parse::<u64>() else {
            return Answer::new(Status::PARAMETER, format!("Invalid XID {xid}\n"));
        };
        let reason = short(&reason.join(" "));
        let reason = if reason.is_empty() { "by an administrator" } else { &reason };
        if self.control.kill(xid, reason) {
            Answer::ok("")
        } else {
            Answer::new(Status::CANNOT, format!("No request {xid} is in flight\n"))
        }
    }

    fn is_json(&self) -> bool {
        self.words.get(1) == Some(&"-j")
    }

    /// What stands behind the name and the `-j`.
    fn arguments(&self) -> &[&str] {
        self.words.get(if self.is_json() { 2 } else { 1 }..).unwrap_or_default()
    }

    fn data(&self, value: &Value) -> Answer {
        if !self.is_json() {
            return Answer::ok(format!("{value:#}\n"));
        }
        let words: Vec<String> = self.words.iter().map(|word| (*word).to_owned()).collect();
        Answer::ok(Envelope::new(1, &words, self.now).inline(&value.to_string()))
    }
}

fn answered(result: Result<Answer, Answer>) -> Answer {
    result.unwrap_or_else(|answer| answer)
}

#[allow(
    clippy::disallowed_methods,
    reason = "a wait for other threads of this process, of no use to anybody's log"
)]
fn wait(most: Duration, mut is_over: impl FnMut() -> bool) -> bool {
    let start = Instant::now();
    loop {
        if is_over() {
            return true;
        }
        if start.elapsed() >= most {
            return false;
        }
        thread::sleep(LOOK);
    }
}

fn summary(meant: &Meant) -> Value {
    let sum = |of: fn(&BackendStatus) -> u64| meant.backends.iter().map(of).sum::<u64>();
    let back = meant.backends.iter().filter(|backend| !backend.admin.is_out());
    let back: Vec<String> = back.take(LISTED).map(full_name).collect();
    json!({
        "count": meant.backends.len(),
        "in_flight": sum(|backend| backend.in_flight),
        "attempts": sum(|backend| backend.attempts),
        "in_service": back,
    })
}

fn load_value(load: &BackendLoad) -> Value {
    let phases: serde_json::Map<String, Value> = load
        .phases
        .iter()
        .map(|(phase, count)| (phase.name().to_owned(), (*count).into()))
        .collect();
    let requests = load.requests.iter().take(REQUESTS).map(|open| {
        let request: String = visible(&open.request).chars().take(TEXT_BYTES).collect();
        json!({
            "xid": open.xid,
            "attempt": open.attempt_xid,
            "phase": open.phase.name(),
            "age_ms": u64::try_from(open.age.as_millis()).unwrap_or(u64::MAX),
            "client": open.client.map(|client| client.to_string()),
            "request": request,
        })
    });
    json!({
        "config": load.config,
        "name": load.name,
        "in_flight": load.in_flight,
        "idle": load.idle,
        "phases": phases,
        "requests": requests.collect::<Vec<_>>(),
    })
}

fn pool_line(pool: &PoolLeft) -> String {
    let PoolLeft { config, pool: name, left, least, .. } = pool;
    let taken = pool.taken.join(", ");
    let few = if pool.is_too_few() { ": too few" } else { "" };
    format!("pool {name} of {config} would lose {taken} and keep {left} of at least {least}{few}\n")
}
