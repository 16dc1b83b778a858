//! What a rule counts for one key, and what it makes of that.

use std::time::Duration;

use super::baseline::Past;
use super::{Hysteresis, Measure, Order, RateRule};
use crate::tail::ln_binomial;
use crate::window::Window;

/// A change must be this unlikely for counts that come at the usual rate: one in a million.
const LN_CHANCE: f64 = -13.8;
/// So many spans must have been looked at before what is usual is known.
const LEARNT_SPANS: f64 = 3.0;
/// So many seconds of the hour of the day before.
const LEARNT_SECONDS: f64 = 600.0;

/// Counts of one key.
#[derive(Clone, Debug)]
pub(super) struct Series {
    pub(super) windows: Vec<Window>,
    /// Of the first term; what only a change needs.
    pub(super) past: Option<Past>,
    pub(super) hysteresis: Hysteresis,
}

/// The value of one moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Value {
    pub(super) value: f64,
    /// Whether it rests on enough.
    pub(super) may_fire: bool,
    /// For a change: events by second now, in the minutes before, and at the same hour of the day before.
    pub(super) against: Option<(f64, Option<f64>, Option<f64>)>,
}

impl Series {
    pub(super) fn new(rule: &RateRule) -> Series {
        let fire = (rule.threshold.value, rule.hold);
        let resolve = (rule.resolve.value, rule.resolve_hold);
        Series {
            windows: rule.queries.iter().map(|_| Window::new(rule.over)).collect(),
            past: (rule.measure == Measure::Change).then(|| Past::new(rule.over)),
            hysteresis: Hysteresis::new(rule.order, fire, resolve),
        }
    }

    pub(super) fn add(&mut self, term: usize, now: Duration) {
        let Some(window) = self.windows.get_mut(term) else { return };
        window.add(now, 1);
        if let Some(past) = &mut self.past {
            past.add(now, 1.0);
        }
    }

    /// Whether it can be forgotten.
    pub(super) fn is_over(&self) -> bool {
        !self.hysteresis.is_firing()
            && self.windows.iter().all(Window::is_empty)
            && self.past.as_ref().is_none_or(Past::is_empty)
    }

    /// The value now. `is_whole`: a whole span was looked at; `watched`: the seconds that were, for a change.
    pub(super) fn value(
        &mut self,
        rule: &RateRule,
        now: Duration,
        is_whole: bool,
        watched: &Past,
    ) -> Value {
        let count = self.windows[0].count(now);
        let min = rule.min as f64;
        let below = rule.order == Order::Below;
        match rule.measure {
            Measure::Rate => Value {
                value: count / rule.over.as_secs_f64(),
                may_fire: if below { is_whole } else { count >= min },
                against: None,
            },
            Measure::Ratio => {
                let of = self.windows[1].count(now);
                Value {
                    value: if of > 0.0 { count / of } else { 0.0 },
                    // Nothing at all is no share: what is worth an alert there is a rate.
                    may_fire: of >= min && of > 0.0,
                    against: None,
                }
            }
            Measure::Change => match &mut self.past {
                Some(past) => {
                    past.forget(now);
                    change(rule, now, count, past, watched)
                }
                None => Value { value: 1.0, may_fire: false, against: None },
            },
        }
    }
}

/// The factor by which `count` differs from what is usual, by whichever of the two baselines explains it better:
/// what happens every day at this hour is not sudden.
fn change(rule: &RateRule, now: Duration, count: f64, past: &Past, watched: &Past) -> Value {
    let over = rule.over.as_secs_f64();
    let recent = (past.recent(now), watched.recent(now));
    let recent = (recent.1 >= LEARNT_SPANS * past.slot().as_secs_f64()).then_some(recent);
    let day = (past.day_before(now), watched.day_before(now));
    let day = (day.1 >= LEARNT_SECONDS).then_some(day);
    let rate = |(count, seconds): (f64, f64)| count / seconds;
    let against = Some((count / over, recent.map(rate), day.map(rate)));
    let below = rule.order == Order::Below;
    let mut nearest: Option<(f64, bool)> = None;
    for usual in [recent, day].into_iter().flatten() {
        // One more than was seen: never having seen any is no proof that there are none.
        let slack = if below { 0.0 } else { 1.0 };
        let expected = (usual.0 + slack) / usual.1 * over;
        let value = if expected > 0.0 { count / expected } else { 1.0 };
        let enough = if below { expected >= rule.min as f64 } else { count >= rule.min as f64 };
        let may_fire = enough && is_unlikely(below, count, over, usual);
        let nearer = |(other, _): (f64, bool)| if below { value > other } else { value < other };
        if nearest.is_none_or(nearer) {
            nearest = Some((value, may_fire));
        }
    }
    let (value, may_fire) = nearest.unwrap_or((1.0, false));
    Value { value, may_fire, against }
}

/// Whether chance alone does not do that to two counts of the same rate.
fn is_unlikely(below: bool, count: f64, over: f64, (before, seconds): (f64, f64)) -> bool {
    let whole = |count: f64| -> u64 {
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a count, and a number that is too large is the largest"
        )]
        let count = count.round() as u64;
        count.min(u64::MAX / 4)
    };
    let (count, before) = (whole(count), whole(before));
    let share = over / (over + seconds);
    let ln = if below {
        ln_binomial(count + before, 1.0 - share, before)
    } else {
        ln_binomial(count + before, share, count)
    };
    ln <= LN_CHANCE
}
