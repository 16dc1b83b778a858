//! A rule at work: counts come in, events come out.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use super::baseline::{Baseline, Past};
use super::hysteresis::Turn;
use super::series::{Series, Value};
use super::{Measure, Order, Quantity, RateRule, Unit};

/// Keys that are watched by themselves; the others are watched together.
const MAX_KEYS: usize = 256;
/// What these are called.
const OTHER: &str = "(other)";
/// A longer time between two ticks was not watched: the program slept.
const LONGEST_TICK: Duration = Duration::from_secs(60);

/// What a rule has to say.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// It is bad, and has been for as long as the rule says.
    Fire {
        /// By second, as a share of 1, or as a factor.
        value: f64,
        /// The threshold, in the same unit.
        threshold: f64,
        /// The backend, for a rule that watches each by itself; empty for what has none.
        key: Option<String>,
        /// For a person. What came from outside is escaped.
        text: String,
    },
    /// It is good again.
    Resolve {
        /// By second, as a share of 1, or as a factor.
        value: f64,
        /// Where it resolves, in the same unit.
        threshold: f64,
        /// The backend.
        key: Option<String>,
        /// For a person.
        text: String,
    },
}

/// Counts what a rule's queries select and says when it fires.
///
/// Memory is bounded: 256 keys are watched by themselves, those beyond together as `(other)`.
#[derive(Clone, Debug)]
pub struct RuleState {
    rule: RateRule,
    series: BTreeMap<String, Series>,
    watched: Past,
    started: Option<Duration>,
    ticked: Option<Duration>,
    ready: VecDeque<Event>,
}

impl RuleState {
    /// Nothing counted yet.
    pub fn new(rule: &RateRule) -> RuleState {
        RuleState {
            rule: rule.clone(),
            series: BTreeMap::new(),
            watched: Past::new(rule.over),
            started: None,
            ticked: None,
            ready: VecDeque::new(),
        }
    }

    /// The rule.
    pub const fn rule(&self) -> &RateRule {
        &self.rule
    }

    /// Takes in that the query of this term selected something at `now`. `key` is its backend, where it has one.
    ///
    /// A change compares with the same hour of the day before: for one that outlives the program, `now` is since
    /// 1970. A term that the rule does not have counts nothing.
    pub fn observe(&mut self, term: usize, now: Duration, key: Option<&str>) {
        self.started.get_or_insert(now);
        let key = match key {
            Some(key) if self.rule.by_backend => key,
            _ => "",
        };
        self.series(key).add(term, now);
    }

    /// Looks at everything that was counted. To be called about once a second, and again until there is nothing.
    pub fn tick(&mut self, now: Duration) -> Option<Event> {
        if let Some(event) = self.ready.pop_front() {
            return Some(event);
        }
        let started = *self.started.get_or_insert(now);
        self.watch(now);
        if !self.rule.by_backend {
            // What never happens is a value as well.
            self.series("");
        }
        let is_whole = now.saturating_sub(started) >= self.rule.over;
        for (key, series) in &mut self.series {
            let value = series.value(&self.rule, now, is_whole, &self.watched);
            if let Some(turn) = series.hysteresis.update(now, value.value, value.may_fire) {
                let key = self.rule.by_backend.then_some(key.as_str());
                self.ready.push_back(event(&self.rule, turn, value, key));
            }
        }
        if self.rule.by_backend {
            self.series.retain(|_, series| !series.is_over());
        }
        self.ready.pop_front()
    }

    /// Whether it has fired, for any key, and not resolved.
    pub fn is_firing(&self) -> bool {
        self.series.values().any(|series| series.hysteresis.is_firing())
    }

    /// What is usual, to be saved. `None` for a rule that has no use for it.
    pub fn baseline(&self) -> Option<Baseline> {
        if self.rule.measure != Measure::Change {
            return None;
        }
        let keys = self.series.iter().filter_map(|(key, series)| {
            let past = series.past.as_ref().filter(|past| !past.is_empty())?;
            Some((key.clone(), past.save()))
        });
        Some(Baseline {
            slot_ms: slot_ms(&self.rule),
            watched: self.watched.save(),
            keys: keys.collect(),
        })
    }

    /// Takes what was saved for this rule, before anything is counted. What makes no sense in it is left out.
    pub fn restore(&mut self, baseline: &Baseline) {
        if self.rule.measure != Measure::Change {
            return;
        }
        let with_recent = baseline.slot_ms == slot_ms(&self.rule);
        self.watched.restore(&baseline.watched, with_recent);
        for (key, from) in baseline.keys.iter().take(MAX_KEYS + 1) {
            let key = if self.rule.by_backend { key.as_str() } else { "" };
            if let Some(past) = &mut self.series(key).past {
                past.restore(from, with_recent);
            }
        }
    }

    fn series(&mut self, key: &str) -> &mut Series {
        let known = self.series.contains_key(key);
        let key = if known || self.series.len() < MAX_KEYS { key } else { OTHER };
        self.series.entry(key.to_owned()).or_insert_with(|| Series::new(&self.rule))
    }

    /// Counts the time since the last tick as watched.
    fn watch(&mut self, now: Duration) {
        let from = self.ticked.unwrap_or(now);
        self.ticked = Some(from.max(now));
        self.watched.forget(now);
        if self.rule.measure != Measure::Change || now.saturating_sub(from) > LONGEST_TICK {
            return;
        }
        let slot = self.watched.slot();
        let mut at = from;
        while at < now {
            let to_end = slot.as_nanos() - at.as_nanos() % slot.as_nanos();
            let step = Duration::from_nanos(u64::try_from(to_end).unwrap_or(u64::MAX));
            let end = now.min(at.saturating_add(step));
            self.watched.add(at, (end - at).as_secs_f64());
            at = end;
        }
    }
}

fn slot_ms(rule: &RateRule) -> u64 {
    u64::try_from(rule.over.as_millis()).unwrap_or(u64::MAX)
}

fn event(rule: &RateRule, turn: Turn, value: Value, key: Option<&str>) -> Event {
    let limit = match turn {
        Turn::Fire => rule.threshold,
        Turn::Resolve => rule.resolve,
    };
    let mut text = String::new();
    if let Some(key) = key {
        let name =
            if key.is_empty() { "no backend".into() } else { key.escape_debug().to_string() };
        text = format!("{name}: ");
    }
    text += &format!("{} is {}", rule.head().escape_debug(), limit.with(value.value));
    text += match (turn, rule.order) {
        (Turn::Fire, Order::Above) => ", above ",
        (Turn::Fire, Order::Below) => ", below ",
        (Turn::Resolve, _) => ", good again at ",
    };
    text += &limit.to_string();
    let hold = if turn == Turn::Fire { rule.hold } else { rule.resolve_hold };
    if !hold.is_zero() {
        text += &format!(" for {hold:?}");
    }
    if let Some((now, recent, day)) = value.against {
        let usual = |what: Option<f64>| match what {
            Some(rate) => Quantity { value: rate, unit: Unit::PerMinute }.to_string(),
            None => "not known".to_owned(),
        };
        text += &format!(
            " ({} now; in the time before {}, at this hour of the day before {})",
            usual(Some(now)),
            usual(recent),
            usual(day)
        );
    }
    let (value, threshold, key) = (value.value, limit.value, key.map(str::to_owned));
    match turn {
        Turn::Fire => Event::Fire { value, threshold, key, text },
        Turn::Resolve => Event::Resolve { value, threshold, key, text },
    }
}
