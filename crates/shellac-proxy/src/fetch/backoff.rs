//! The pause before another attempt.

use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use shellac_config::RetryPolicy;
use shellac_counters::live::Phase as Wait;

use super::limit::Until;
use crate::client::{Exchange, Watch};
use crate::clock::Micros;
use crate::log::Txn;
use crate::worker::Timer;

/// How long is waited before retry `number`, from 1; `chance` is from 0 to 1.
///
/// Each pause is twice as long as the one before, up to the policy's longest, and shorter by up to a half at random, so that
/// what failed together does not come again together.
pub(super) fn pause(policy: &RetryPolicy, number: u32, chance: f64) -> Duration {
    let doubled = 2_u32.saturating_pow(number.saturating_sub(1));
    let whole = policy.backoff.saturating_mul(doubled).min(policy.backoff_max);
    whole.mul_f64(1.0 - chance.clamp(0.0, 1.0) / 2.0)
}

/// Whether a pause that begins now is over before whatever runs is cut.
pub(super) fn fits(pause: Duration, now: Micros, until: Option<Until>) -> bool {
    until.is_none_or(|until| now.after(pause) < until.at)
}

/// What ended a pause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Paused {
    /// It is over.
    Over,
    /// The client is gone.
    Gone,
    /// Somebody has ended the request.
    Killed,
}

/// Waits, as long as somebody wants the answer. The log of the attempt that failed says how long that will be.
pub(super) async fn wait(exchange: &mut Exchange<'_>, txn: &Txn, pause: Duration) -> Paused {
    if pause.is_zero() {
        return Paused::Over;
    }
    let worker = exchange.worker;
    let now = worker.log.now();
    let mut timer = Timer::new(&worker.deadlines, now.after(pause));
    txn.note_seconds("fetch.backoff", crate::clock::micros(pause));
    exchange.show(Wait::Backoff, timer.at(), 0, 0);
    let mut watch = Watch::new(worker);
    poll_fn(|cx| {
        let written = exchange.written;
        if exchange.live.is_killed() {
            return Poll::Ready(Paused::Killed);
        }
        if watch.is_gone(exchange.client, &exchange.out, written, cx) {
            return Poll::Ready(Paused::Gone);
        }
        if timer.is_late(cx) { Poll::Ready(Paused::Over) } else { Poll::Pending }
    })
    .await
}

#[cfg(test)]
mod tests;
