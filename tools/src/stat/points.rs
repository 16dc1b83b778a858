//! The counters as they are shown.

use shellac_counters::vsc::{Counters, Semantics};
use shellac_vsm::Attachment;

use super::filter::Filters;

/// One counter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Point {
    pub(super) name: String,
    pub(super) value: u64,
    pub(super) semantics: Semantics,
    /// The letter of its form.
    pub(super) format: char,
    pub(super) description: String,
}

/// What is shown, and what it takes to show it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Points {
    pub(super) points: Vec<Point>,
    /// Seconds that the worker has run; 0 when it does not say.
    pub(super) uptime: u64,
    /// There are none at all, wanted or not.
    pub(super) is_without_counters: bool,
    pub(super) problems: Vec<String>,
}

impl Points {
    /// Reads the counters that `filters` want. Gauges that are below zero are 0 unless `raw`.
    pub(super) fn read(attachment: &Attachment, filters: &Filters, raw: bool) -> Points {
        let mut counters = Counters::new();
        counters.refresh(attachment);
        let mut found = Points {
            is_without_counters: true,
            problems: counters.problems(),
            ..Points::default()
        };
        counters.each(|set, info, value| {
            found.is_without_counters = false;
            let name = [set, ".", info.name.as_str()].concat();
            if name == "MAIN.uptime" {
                found.uptime = value;
            }
            if !filters.wants(&name) {
                return;
            }
            found.points.push(Point {
                name,
                value: if is_below_zero(info.semantics, value) && !raw { 0 } else { value },
                semantics: info.semantics,
                format: info.format.letter(),
                description: info.oneliner.clone(),
            });
        });
        found
    }
}

/// Whether a gauge was decremented more than incremented.
fn is_below_zero(semantics: Semantics, value: u64) -> bool {
    semantics == Semantics::Gauge && value.cast_signed() < 0
}

/// What a counter is, to compute with: below zero only a gauge can be, and only if `raw`.
pub(super) fn shown(semantics: Semantics, value: u64, raw: bool) -> i128 {
    match is_below_zero(semantics, value) {
        false => value.into(),
        true if raw => value.cast_signed().into(),
        true => 0,
    }
}
