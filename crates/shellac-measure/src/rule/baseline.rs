//! What is usual: counts of the minutes before and of the day before, for a file that outlives the program.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Slots that the time before is remembered in; the newest two are the present.
pub(super) const RECENT_SLOTS: u64 = 12;
/// The present hour and those of a day before.
pub(super) const HOUR_SLOTS: u64 = 25;
const HOUR: Duration = Duration::from_secs(3600);

/// The baselines of several rules, as they stand in one file.
///
/// As JSON, with the numbers of slots counted from the epoch:
///
/// ```text
/// {"version":1,
///  "rules":{"change(FetchError by backend) > 3x":
///    {"slot_ms":60000,
///     "watched":{"recent":[[29883720,60.0], ...],"hours":[[498062,3600.0], ...]},
///     "keys":{"api1":{"recent":[[29883720,4.0], ...],"hours":[[498062,211.0], ...]}}}}}
/// ```
///
/// `watched` is how many seconds of each slot were looked at, `keys` how much was counted for each backend. A key
/// has at most 12 recent slots and 25 hours, a rule at most 257 keys.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Baselines {
    /// What the numbers mean; 1.
    pub version: u32,
    /// By the text of the rule.
    pub rules: BTreeMap<String, Baseline>,
}

impl Baselines {
    /// The version that is written and read.
    pub const VERSION: u32 = 1;
}

impl Default for Baselines {
    fn default() -> Baselines {
        Baselines { version: Baselines::VERSION, rules: BTreeMap::new() }
    }
}

/// What one rule remembers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Baseline {
    /// Length of a recent slot in milliseconds.
    pub slot_ms: u64,
    /// Seconds that were looked at.
    pub watched: KeyBaseline,
    /// Counts, by key; the key of a rule without keys is empty.
    pub keys: BTreeMap<String, KeyBaseline>,
}

/// Amounts by slot.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct KeyBaseline {
    /// Number of the slot since the epoch, and the amount in it.
    pub recent: Vec<(u64, f64)>,
    /// Number of the hour since the epoch, and the amount in it.
    pub hours: Vec<(u64, f64)>,
}

/// Amounts of the last slots of one length.
#[derive(Clone, Debug)]
struct Slots {
    width: Duration,
    keep: u64,
    amounts: BTreeMap<u64, f64>,
}

impl Slots {
    const fn new(width: Duration, keep: u64) -> Slots {
        Slots { width, keep, amounts: BTreeMap::new() }
    }

    #[allow(clippy::cast_possible_truncation, reason = "a slot is at least a second long")]
    const fn number(&self, at: Duration) -> u64 {
        (at.as_nanos() / self.width.as_nanos()) as u64
    }

    fn add(&mut self, at: Duration, amount: f64) {
        *self.amounts.entry(self.number(at)).or_default() += amount;
        while self.amounts.len() as u64 > self.keep {
            self.amounts.pop_first();
        }
    }

    /// Takes out what is too old, and what would be in the future: the clock was set back.
    fn forget(&mut self, now: Duration) {
        let newest = self.number(now);
        let oldest = (newest + 1).saturating_sub(self.keep);
        if self.amounts.first_key_value().is_some_and(|(&number, _)| number < oldest) {
            self.amounts = self.amounts.split_off(&oldest);
        }
        self.amounts.split_off(&(newest + 1));
    }

    fn sum(&self, numbers: std::ops::RangeInclusive<u64>) -> f64 {
        if numbers.is_empty() { 0.0 } else { self.amounts.range(numbers).map(|(_, it)| it).sum() }
    }

    /// The newest ones that make sense.
    fn restore(&mut self, from: &[(u64, f64)]) {
        let fine = |&&(_, amount): &&(u64, f64)| amount.is_finite() && amount >= 0.0;
        let mut slots: Vec<(u64, f64)> = from.iter().filter(fine).copied().collect();
        slots.sort_by_key(|&(number, _)| std::cmp::Reverse(number));
        slots.truncate(usize::try_from(self.keep).unwrap_or(usize::MAX));
        self.amounts = slots.into_iter().collect();
    }

    fn save(&self) -> Vec<(u64, f64)> {
        self.amounts.iter().map(|(&number, &amount)| (number, amount)).collect()
    }
}

/// Amounts of the minutes before and of the day before.
#[derive(Clone, Debug)]
pub(super) struct Past {
    recent: Slots,
    hours: Slots,
}

impl Past {
    /// With recent slots as long as `over`.
    pub(super) const fn new(over: Duration) -> Past {
        Past { recent: Slots::new(over, RECENT_SLOTS), hours: Slots::new(HOUR, HOUR_SLOTS) }
    }

    pub(super) fn add(&mut self, at: Duration, amount: f64) {
        self.recent.add(at, amount);
        self.hours.add(at, amount);
    }

    pub(super) fn forget(&mut self, now: Duration) {
        self.recent.forget(now);
        self.hours.forget(now);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.recent.amounts.is_empty() && self.hours.amounts.is_empty()
    }

    /// The amount of the slots before those that the present window reaches into.
    pub(super) fn recent(&self, now: Duration) -> f64 {
        let present = self.recent.number(now);
        match present.checked_sub(2) {
            Some(last) => self.recent.sum((last + 3).saturating_sub(RECENT_SLOTS)..=last),
            None => 0.0,
        }
    }

    /// The amount of the same hour of the day before.
    pub(super) fn day_before(&self, now: Duration) -> f64 {
        match self.hours.number(now).checked_sub(24) {
            Some(hour) => self.hours.sum(hour..=hour),
            None => 0.0,
        }
    }

    /// The length of a recent slot.
    pub(super) const fn slot(&self) -> Duration {
        self.recent.width
    }

    pub(super) fn restore(&mut self, from: &KeyBaseline, with_recent: bool) {
        if with_recent {
            self.recent.restore(&from.recent);
        }
        self.hours.restore(&from.hours);
    }

    pub(super) fn save(&self) -> KeyBaseline {
        KeyBaseline { recent: self.recent.save(), hours: self.hours.save() }
    }
}
