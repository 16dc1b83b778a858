//! What was lost, in words.

use std::time::Duration;

use shellac_log::{Cause, Loss, Report};

use crate::when::{self, Zone};

/// One line about one loss.
pub(crate) fn report(report: &Report, zone: Zone) -> String {
    let (what, reason) = match report.lost.cause {
        Cause::Overrun => ("overrun", "the writer was faster than reading; reason=overrun"),
        Cause::Output => ("overrun", "the output is too slow; reason=output"),
        Cause::Hole => ("hole", "its writer died while writing; reason=writer-died"),
    };
    format!(
        "Log {what}: {} lost, between {} and {}: {reason}",
        bytes(report.lost.loss),
        time(report.since, zone),
        time(report.until, zone)
    )
}

/// How much, and how sure that is.
pub(crate) fn bytes(loss: Loss) -> String {
    let precision = if loss.exact { "exactly" } else { "within a segment's length" };
    format!("{} bytes ({precision})", loss.bytes)
}

fn time(since_1970: Option<Duration>, zone: Zone) -> String {
    since_1970
        .and_then(|time| when::show(time, zone))
        .unwrap_or_else(|| "a time that is not recorded".to_owned())
}

#[cfg(test)]
mod tests;
