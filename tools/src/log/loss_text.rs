//! What was lost, in words.

use std::time::Duration;

use chrono::{DateTime, Local};
use shellac_log::{Cause, Loss, Report};

/// One line about one loss.
pub(super) fn report(report: &Report) -> String {
    let (what, reason) = match report.lost.cause {
        Cause::Overrun => ("overrun", "the writer was faster than reading; reason=overrun"),
        Cause::Output => ("overrun", "the output is too slow; reason=output"),
        Cause::Hole => ("hole", "its writer died while writing; reason=writer-died"),
    };
    format!(
        "Log {what}: {} lost, between {} and {}: {reason}",
        bytes(report.lost.loss),
        time(report.since),
        time(report.until)
    )
}

/// How much, and how sure that is.
pub(super) fn bytes(loss: Loss) -> String {
    let precision = if loss.exact { "exactly" } else { "within a segment's length" };
    format!("{} bytes ({precision})", loss.bytes)
}

fn time(since_1970: Option<Duration>) -> String {
    since_1970
        .and_then(|time| {
            let seconds = i64::try_from(time.as_secs()).ok()?;
            DateTime::from_timestamp(seconds, time.subsec_nanos())
        })
        .map_or_else(
            || "a time that is not recorded".to_owned(),
            |time| time.with_timezone(&Local).format("%Y-%m-%d %H:%M:%S%.6f").to_string(),
        )
}

#[cfg(test)]
mod tests;
