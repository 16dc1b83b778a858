//! Which groups go out: all that failed up to a rate, and a share of the others.

use super::identity::{Context, mixed};

/// What becomes of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    Export,
    /// It failed, and there were too many.
    OverRate,
    /// It did not fail.
    LeftOut,
}

/// Decides for one group after the other, by the time of the log.
#[derive(Debug)]
pub(super) struct Sampler {
    max_failing: u32,
    sample: f64,
    second: u64,
    failing_in_second: u32,
}

impl Sampler {
    pub(super) const fn new(max_failing: u32, sample: f64) -> Sampler {
        Sampler { max_failing, sample, second: 0, failing_in_second: 0 }
    }

    /// Decides for a group that began in this second since 1970. Of good groups the number of the trace decides, so that
    /// everybody who takes part in one decides alike.
    pub(super) fn decide(&mut self, is_failing: bool, context: &Context, second: u64) -> Decision {
        if !is_failing {
            let is_taken = share_of(context.trace) < self.sample;
            return if is_taken { Decision::Export } else { Decision::LeftOut };
        }
        // Groups come as they end, so that seconds go to and fro a bit: only a later one begins anew.
        if second > self.second {
            (self.second, self.failing_in_second) = (second, 0);
        }
        if self.failing_in_second >= self.max_failing {
            return Decision::OverRate;
        }
        self.failing_in_second += 1;
        Decision::Export
    }
}

/// Where a trace lies between 0 and 1.
fn share_of(trace: u128) -> f64 {
    // The number may be somebody else's, whose digits need not be random.
    let low = u64::try_from(trace & u128::from(u64::MAX)).expect("64 bits are left");
    let bits = mixed(low) >> 11;
    #[allow(clippy::cast_precision_loss, reason = "as many bits as a double holds")]
    let share = bits as f64 / (1u64 << 53) as f64;
    share
}

#[cfg(test)]
mod tests;
