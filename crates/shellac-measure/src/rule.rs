//! Rules about how often something happens, and what watches for them.
//!
//! [`RateRule`] is the rule as text and typed, [`RuleState`] counts what its queries select and says when it
//! fires and when that is over.

mod baseline;
mod hysteresis;
mod parse;
mod series;
mod state;
#[cfg(test)]
mod tests;

use std::fmt;
use std::time::Duration;

pub use baseline::{Baseline, Baselines, KeyBaseline};
pub use hysteresis::{Hysteresis, Turn};
pub use parse::RuleError;
pub use state::{Event, RuleState};

/// What a rule measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// `rate(QUERY)`: how many by second.
    Rate,
    /// `ratio(QUERY, OF)`: the share that QUERY has in OF.
    Ratio,
    /// `change(QUERY)`: the rate against that of the minutes before, and of the same hour of the day before.
    Change,
}

/// Which side of the threshold is bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// `>`
    Above,
    /// `<`
    Below,
}

impl Order {
    /// Whether `value` is on the bad side of `threshold`.
    pub fn is_bad(self, value: f64, threshold: f64) -> bool {
        match self {
            Order::Above => value > threshold,
            Order::Below => value < threshold,
        }
    }
}

/// A number with the unit in which it was written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quantity {
    /// By second, as a share of 1, or as a factor.
    pub value: f64,
    /// What it is shown in.
    pub(crate) unit: Unit,
}

/// What a number is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    PerSecond,
    PerMinute,
    PerHour,
    Percent,
    Times,
}

impl Unit {
    /// What 1 of it is.
    pub(crate) const fn scale(self) -> f64 {
        match self {
            Unit::PerSecond | Unit::Times => 1.0,
            Unit::PerMinute => 1.0 / 60.0,
            Unit::PerHour => 1.0 / 3600.0,
            Unit::Percent => 0.01,
        }
    }

    const fn text(self) -> &'static str {
        match self {
            Unit::PerSecond => "/s",
            Unit::PerMinute => "/m",
            Unit::PerHour => "/h",
            Unit::Percent => " %",
            Unit::Times => "x",
        }
    }
}

impl Quantity {
    /// Another value in the same unit.
    pub(crate) const fn with(self, value: f64) -> Quantity {
        Quantity { value, ..self }
    }
}

impl fmt::Display for Quantity {
    /// At most three digits behind the point, and none that say nothing.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!("{:.3}", self.value / self.unit.scale());
        let text = text.trim_end_matches('0').trim_end_matches('.');
        write!(f, "{text}{}", self.unit.text())
    }
}

/// One rule.
///
/// ```text
/// rate(QUERY) > 10/s for 5s
/// ratio(QUERY, OF) > 1% over 30s min 200 for 10s resolve 0.5% for 1m
/// change(QUERY by backend) > 3x
/// ```
///
/// A query is whatever the caller's query language takes; parentheses in it match, those in quotes do not count.
/// `all`, or nothing, is everything. Between the two queries of a ratio stands a comma with a blank behind it.
/// `by backend` behind a query watches each backend by itself.
///
/// `over` is the span of time that is looked at, `for` how long it must stay bad, `min` how many must have been
/// counted for the rule to fire (for a ratio: of OF), `resolve` where it is good again and for how long.
/// Left out they are: `over` the time that ten events take at the threshold, a second to an hour (rate), ten
/// seconds (ratio), a minute (change); `for` no time; `min` 1 (rate), 100 (ratio), 10 (change); `resolve` half
/// of the threshold (twice, for `<`), for ten seconds or as long as `for`, whichever is longer.
#[derive(Clone, Debug, PartialEq)]
pub struct RateRule {
    pub(crate) text: String,
    /// Bytes of the text up to the parenthesis that closes.
    pub(crate) head_len: usize,
    pub(crate) measure: Measure,
    pub(crate) queries: Vec<String>,
    pub(crate) by_backend: bool,
    pub(crate) order: Order,
    pub(crate) threshold: Quantity,
    pub(crate) hold: Duration,
    pub(crate) over: Duration,
    pub(crate) min: u64,
    pub(crate) resolve: Quantity,
    pub(crate) resolve_hold: Duration,
}

impl RateRule {
    /// The text as it was written, without blanks around it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The part of it that says what is measured: `rate(FetchError)`.
    pub fn head(&self) -> &str {
        &self.text[..self.head_len]
    }

    /// What is measured.
    pub const fn measure(&self) -> Measure {
        self.measure
    }

    /// The query of each term; an empty one selects everything. [`RuleState::observe`] is told which term it was.
    pub fn queries(&self) -> &[String] {
        &self.queries
    }

    /// Whether each backend is watched by itself.
    pub const fn is_by_backend(&self) -> bool {
        self.by_backend
    }

    /// Which side of the threshold is bad.
    pub const fn order(&self) -> Order {
        self.order
    }

    /// Where it fires.
    pub const fn threshold(&self) -> Quantity {
        self.threshold
    }

    /// Where it is good again.
    pub const fn resolve(&self) -> Quantity {
        self.resolve
    }

    /// How long it must be bad, and how long good.
    pub const fn holds(&self) -> (Duration, Duration) {
        (self.hold, self.resolve_hold)
    }

    /// The span that is looked at.
    pub const fn over(&self) -> Duration {
        self.over
    }

    /// How many must have been counted for it to fire.
    pub const fn min(&self) -> u64 {
        self.min
    }
}
