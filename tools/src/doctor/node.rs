//! The node: tables of the kernel that can be full, packets that did not leave it, and what cannot be seen from here.

use std::time::Duration;

use shellac_upstream::node::{Delta, Fill, Level, Sample, Signal, time_to_full};

use super::finding::Section;

/// Less time than this until something is full is worth a warning when it is more than half full.
const SOON: Duration = Duration::from_secs(15 * 60);
/// Half.
const HALF: f64 = 0.5;

/// What two samples say.
pub(super) fn examine(
    title: String,
    before: &Sample,
    after: &Sample,
    elapsed: Duration,
) -> Section {
    let mut section = Section::new(title);
    // Open files of a process are looked at with the process.
    for &fill in Fill::ALL.iter().filter(|&&fill| fill != Fill::Files) {
        let Some(level) = fill.level(after) else { continue };
        let left = fill.level(before).and_then(|before| time_to_full(before, level, elapsed));
        fullness(&mut section, fill, level, left);
    }
    for (signal, table) in [(Signal::ArpTableFulls, "IPv4"), (Signal::NdiscTableFulls, "IPv6")] {
        if let Some(times @ 1..) = after.get(signal) {
            section.warn(
                "neighbours",
                format!("the {table} neighbour table was full {times} times since the machine started"),
                "each time a connection or a DNS query was lost without an error; look at the time of the failures, and raise \
                 gc_thresh3",
            );
        }
    }
    let delta = Delta::between(before, after);
    if delta.is_fault() {
        section.wrong(
            "faults",
            format!("packets did not leave this machine while it was looked at: {delta}"),
            "failures of these moments are this node's and no backend's; see what is full above, and `shellac errors` for \
             fetch.node",
        );
    } else {
        let text = if delta.to_string().is_empty() {
            "no packet was kept from leaving this machine while it was looked at".to_owned()
        } else {
            format!("no packet was kept from leaving this machine while it was looked at; {delta}")
        };
        section.fine("faults", text);
    }
    for missing in after.missing() {
        let path = missing.source.path();
        section.note("unseen", format!("{} ({path} cannot be read)", missing.text));
    }
    section
}

fn fullness(section: &mut Section, fill: Fill, level: Level, left: Option<Duration>) {
    let share = level.share();
    let mut text =
        format!("{}: {} of {} ({:.0} %)", fill.text(), level.used, level.limit, share * 100.0);
    // What hardly grows is full in years.
    let soon = left.filter(|&left| left < SOON && share < 1.0);
    if let Some(left) = soon {
        text += &format!(", full in {} s if it goes on like this", left.as_secs());
    }
    if share >= 1.0 {
        section.wrong(fill.name(), text, fill.advice());
    } else if share >= Level::WARN || (soon.is_some() && share >= HALF) {
        section.warn(fill.name(), text, fill.advice());
    } else {
        section.fine(fill.name(), text);
    }
}

#[cfg(test)]
mod tests;
