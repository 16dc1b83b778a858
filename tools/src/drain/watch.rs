//! `undrain --watch`: whether backends that are back fail more than their peers.

use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use shellac_counters::vsc::Counters;
use shellac_vsm::Attachment;

use super::say::Say;
use super::status;

/// Time between two looks.
const LOOK: Duration = Duration::from_millis(250);
/// Fewer failures than this are chance.
const FAILURES_LEAST: u64 = 3;
/// They fail more when their share of failures is more than this many times that of their peers.
const TIMES_WORSE: f64 = 3.0;

/// Attempts and failures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) attempts: u64,
    pub(super) failures: u64,
}

impl Tally {
    fn add(&mut self, other: Tally) {
        self.attempts += other.attempts;
        self.failures += other.failures;
    }

    #[allow(clippy::cast_precision_loss, reason = "a share is no exact number")]
    fn share(self) -> f64 {
        self.failures as f64 / self.attempts.max(1) as f64
    }
}

/// Looks for so long at the counters of the backends called `names` and of the others of their configurations.
#[allow(clippy::disallowed_methods, reason = "a tool is where the time comes from")]
pub(super) fn watch(
    attachment: &mut Attachment,
    names: &[String],
    most: Duration,
    say: Say,
) -> anyhow::Result<u8> {
    let mut counters = Counters::new();
    let start = Instant::now();
    let before = read(attachment, &mut counters);
    while start.elapsed() < most {
        thread::sleep(LOOK.min(most.saturating_sub(start.elapsed())));
    }
    let after = read(attachment, &mut counters);
    let mut ours = Tally::default();
    let mut peers = Tally::default();
    let mut lines = String::new();
    let mut values: Vec<Value> = Vec::new();
    for (name, now) in &after {
        let then = before.get(name).copied().unwrap_or_default();
        let tally = Tally {
            attempts: now.attempts.saturating_sub(then.attempts),
            failures: now.failures.saturating_sub(then.failures),
        };
        let config = |name: &str| name.split_once('.').map(|(config, _)| config.to_owned());
        if names.contains(name) {
            ours.add(tally);
            lines += &format!("{name}: {} attempts, {} failed\n", tally.attempts, tally.failures);
            values.push(
                json!({"name": name, "attempts": tally.attempts, "failures": tally.failures}),
            );
        } else if names.iter().any(|one| config(one) == config(name)) {
            peers.add(tally);
        }
    }
    lines += &format!("their peers: {} attempts, {} failed", peers.attempts, peers.failures);
    let value = json!({"backends": values, "peers": {"attempts": peers.attempts, "failures": peers.failures}});
    say.event("watched", value, &lines)?;
    match verdict(ours, peers) {
        Some(worse) => say.end(status::TIMED_OUT, worse),
        None if ours.attempts == 0 => say.end(0, "nothing was sent to them, so nothing is known"),
        None => say.end(0, "they do not fail more than their peers"),
    }
}

/// What is to be said against them.
pub(super) fn verdict(ours: Tally, peers: Tally) -> Option<&'static str> {
    let worse = ours.failures >= FAILURES_LEAST && ours.share() > TIMES_WORSE * peers.share();
    worse.then_some(
        "they fail more than their peers: look at `shellac errors`, and drain them again",
    )
}

/// What the counters say of every backend.
fn read(attachment: &mut Attachment, counters: &mut Counters) -> BTreeMap<String, Tally> {
    attachment.refresh();
    counters.refresh(attachment);
    let mut tallies: BTreeMap<String, Tally> = BTreeMap::new();
    let mut exact: BTreeMap<String, u64> = BTreeMap::new();
    counters.each(|set, info, value| {
        let Some(name) = set.strip_prefix("VBE.") else { return };
        let tally = tallies.entry(name.to_owned()).or_default();
        match &*info.name {
            "req" => tally.attempts += value,
            // Of a varnishd; `fail` itself stays 0 in some versions.
            "fail_eacces" | "fail_eaddrnotavail" | "fail_econnrefused" | "fail_enetunreach"
            | "fail_etimedout" | "fail_other" | "helddown" => {
                tally.failures += value;
                tally.attempts += value;
            }
            // Ours has all failures in one counter.
            "fetch_failed" => {
                exact.insert(name.to_owned(), value);
            }
            _ => {}
        }
    });
    for (name, failures) in exact {
        tallies.entry(name).or_default().failures = failures;
    }
    tallies
}

#[cfg(test)]
mod tests;
