//! What tools say under our own name on standard error about groups that they do not show or that are cut.

use shellac_log::{Account, Grouping};

use super::pass::{Pass, Sink};
use super::settings::{From, Reading};
use crate::terminal::say;
use crate::when;

/// What was said already.
#[derive(Debug, Default)]
pub(super) struct Notices {
    overflow: bool,
    beginning: bool,
}

impl Notices {
    /// Says what is new since the last call.
    pub(super) fn say<S: Sink>(&mut self, settings: &Reading, pass: &Pass<'_, S>) {
        if !self.overflow && pass.account().overflows > 0 {
            self.overflow = true;
            say(&format!("shellac: {}", overflow(settings)));
        }
        if !self.beginning
            && let Some(first) = pass.time().first
        {
            self.beginning = true;
            if let (From::Live { .. }, Some(since)) = (&settings.from, settings.window.since)
                && first > since
                && let Some(first) = when::show(first, settings.zone)
            {
                say(&format!("shellac: the log holds nothing from before {first}"));
            }
        }
    }
}

/// What the limits do, the first time.
fn overflow(settings: &Reading) -> String {
    let limit = settings.limits.open_max_bytes;
    format!(
        "incomplete transactions are given up, the oldest first, as more is open than the limits allow \
         (--limit-bytes {limit}{}); they are marked \"store overflow\"",
        match settings.limits.open_max {
            usize::MAX => String::new(),
            max => format!(", -L {max}"),
        }
    )
}

/// What was cut and left out in all, a line each. `is_cut`: what is not complete will never be.
pub(super) fn total<S: Sink>(settings: &Reading, pass: &Pass<'_, S>, is_cut: bool) -> Vec<String> {
    let Account { overflows, orphans_begun, .. } = pass.account();
    let mut lines = Vec::new();
    if overflows > 0 {
        lines.push(format!("{} incomplete and given up for the limits", transactions(overflows)));
    }
    if orphans_begun > 0 && !settings.orphans {
        let top = if settings.grouping == Grouping::Session { "session" } else { "request" };
        lines.push(format!(
            "{} not shown, as the beginning of the {top} was not read; --orphans shows what there is",
            transactions(orphans_begun)
        ));
    }
    let open = pass.open() as u64;
    if is_cut && open > 0 {
        lines.push(format!("{} not complete when the log ended and not shown", transactions(open)));
    }
    lines
}

fn transactions(count: u64) -> String {
    match count {
        1 => "1 transaction was".to_owned(),
        count => format!("{count} transactions were"),
    }
}
