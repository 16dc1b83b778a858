//! The clock: whether it was set while the instance ran, and whether the log was written by the same one.

use std::fs;
use std::time::Duration;

use shellac_vsm::Header;

use super::finding::Section;
use super::instance::duration;
use super::log::Log;

/// Differences below this are how long a program takes to start.
const TOLERATED_SECONDS: u64 = 10;
/// A record may be younger than the look at the clock by this.
const AHEAD: Duration = Duration::from_secs(2);
/// Clock ticks per second in what the kernel tells about processes; the same on every Linux.
const TICKS: u64 = 100;

/// Compares the age that the kernel measured with the one that the clock gives.
pub(super) fn examine(section: &mut Section, manager: Option<Header>, now_unix: u64) {
    let Some(Header { pid, started_unix }) = manager else { return };
    let Some(measured) = age(pid) else { return };
    let told = i128::from(now_unix) - i128::from(started_unix);
    judge(section, told, measured);
}

fn judge(section: &mut Section, told: i128, measured: u64) {
    let difference = told - i128::from(measured);
    let seconds = u64::try_from(difference.unsigned_abs()).unwrap_or(u64::MAX);
    if seconds <= TOLERATED_SECONDS {
        section.fine("clock", "it was not set since the manager started");
        return;
    }
    let (way, seconds) = (if difference > 0 { "forward" } else { "back" }, duration(seconds));
    section.warn(
        "clock",
        format!("it was set {way} by {seconds} since the manager started"),
        "times before and after that do not compare; see that one daemon keeps the time, and restart the instance",
    );
}

/// How long a process has run, by a clock that nobody sets.
fn age(pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name may have anything in it, brackets too.
    let ticks: u64 = stat.rsplit_once(')')?.1.split_ascii_whitespace().nth(19)?.parse().ok()?;
    let uptime = fs::read_to_string("/proc/uptime").ok()?;
    let uptime: u64 = uptime.split('.').next()?.parse().ok()?;
    uptime.checked_sub(ticks / TICKS)
}

/// Whether the log has times from the future.
pub(super) fn of_log(section: &mut Section, log: &Log, now_unix: u64) {
    let now = Duration::from_secs(now_unix) + AHEAD;
    if let Some((_, last)) = log.moments
        && let Some(ahead) = last.checked_sub(now + log.read_in)
        && ahead > Duration::from_secs(TOLERATED_SECONDS)
    {
        section.warn(
            "clock",
            format!("the log has times that are {} ahead of this clock", duration(ahead.as_secs())),
            "the writer has another clock, or it was set back; --since and --until go by what the log says",
        );
    }
}

#[cfg(test)]
mod tests;
