//! `-R`: so many groups in so much time, by a bucket of credits.

use std::time::Duration;

use anyhow::bail;

use crate::stock::number;

/// A limit as the option says it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Rate {
    limit: u32,
    per: Duration,
}

/// Longest text of a duration, in bytes.
const MAX_DURATION_BYTES: usize = 30;

impl Rate {
    /// Parses `LIMIT[/DURATION]`. A duration that is only a unit is one of it; without one it is a second.
    pub(crate) fn parse(text: &str) -> anyhow::Result<Rate> {
        let (limit, rest) = number::strtol(text, 0);
        let limit = match u32::try_from(limit) {
            Ok(limit) if limit > 0 && i32::try_from(limit).is_ok() => limit,
            _ => bail!("-R: Range error"),
        };
        if rest.is_empty() {
            return Ok(Rate { limit, per: Duration::from_secs(1) });
        }
        let per = match rest.strip_prefix('/') {
            Some(per) if !per.is_empty() && per.len() <= MAX_DURATION_BYTES => per,
            _ => bail!("-R: Syntax error"),
        };
        let one = if per.starts_with(|it: char| it.is_ascii_digit()) { "" } else { "1" };
        match number::duration(&format!("{one}{per}")) {
            Some(per) => Ok(Rate { limit, per }),
            None => bail!("-R: Syntax error: Invalid duration"),
        }
    }
}

/// The credits of a running tool.
#[derive(Debug)]
pub(crate) struct Bucket {
    rate: Rate,
    credits: f64,
    last: Duration,
}

impl Bucket {
    /// Starts with one credit.
    pub(crate) const fn new(rate: Rate) -> Bucket {
        Bucket { rate, credits: 1.0, last: Duration::ZERO }
    }

    /// Pays for one group at `now`, on a clock of the caller's; false when there is no credit.
    pub(crate) fn pay(&mut self, now: Duration) -> bool {
        let limit = f64::from(self.rate.limit);
        let spent = now.saturating_sub(self.last).as_secs_f64();
        self.credits = (self.credits + spent / self.rate.per.as_secs_f64() * limit).min(limit);
        self.last = now;
        if self.credits < 1.0 {
            return false;
        }
        self.credits -= 1.0;
        true
    }
}

#[cfg(test)]
mod tests;
