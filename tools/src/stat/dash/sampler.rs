//! From the counters of an instance to samples: changes, means, hit rates.

use std::collections::HashMap;
use std::sync::Arc;

use shellac_counters::vsc::{CounterId, Counters, Info, Reading as CounterReading, Semantics};
use shellac_render::visible;

use super::sample::{HitRate, Point, Reading, Sample};
use crate::stat::filter::Filters;

/// Moments that the three means are made of at most.
const WINDOWS: [u32; 3] = [10, 100, 1000];
/// Most lines of a description that are kept.
const LINES_MOST: usize = 40;

/// Means whose windows grow until they are full.
#[derive(Clone, Copy, Debug, Default)]
struct Means {
    moments: u32,
    values: [f64; 3],
}

impl Means {
    fn add(&mut self, value: f64) {
        self.moments = (self.moments + 1).min(WINDOWS[2]);
        for (mean, window) in self.values.iter_mut().zip(WINDOWS) {
            *mean += (value - *mean) / f64::from(self.moments.min(window));
        }
    }
}

/// Counters of which more is made than their values: uptimes, then hits and misses.
const TELLING: [&str; 4] = ["MGT.uptime", "MAIN.uptime", "MAIN.cache_hit", "MAIN.cache_miss"];

/// Counters that are there whatever the filters say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Beside {
    /// Those of backends, for the screen of backends; lists of counters do not show them.
    #[default]
    Backends,
    /// Those of which more is made, which varnishstat shows as well.
    Telling,
}

/// What is remembered of a counter that was seen.
#[derive(Clone, Copy, Debug, Default)]
struct Past {
    reading: Reading,
    /// When it was last read, in microseconds; `None` before.
    last: Option<u64>,
    means: Means,
}

impl Past {
    /// Takes a value at a moment, in microseconds.
    fn take(&mut self, semantics: Semantics, value: u64, now: u64) {
        if value == 0 && !self.reading.seen {
            return;
        }
        let change = self.last.map(|last| {
            let difference = value.wrapping_sub(self.reading.value).cast_signed();
            per_second(difference, now.saturating_sub(last))
        });
        let mut means = self.means;
        match semantics {
            Semantics::Gauge => {
                means.add(if value.cast_signed() < 0 { 0.0 } else { as_f64(value) })
            }
            Semantics::Counter => means.add(change.unwrap_or_default()),
            Semantics::Bitmap | Semantics::Unknown => {}
        }
        *self = Past {
            reading: Reading { value, seen: true, change, means: means.values },
            last: Some(now),
            means,
        };
    }
}

#[allow(clippy::cast_precision_loss, reason = "rates are for people")]
fn per_second(difference: i64, micros: u64) -> f64 {
    if micros == 0 { 0.0 } else { difference as f64 * 1e6 / micros as f64 }
}

#[allow(clippy::cast_precision_loss, reason = "means are for people")]
pub(crate) fn as_f64(value: u64) -> f64 {
    value as f64
}

/// What a description says: in a line, and at length.
type Texts = (Arc<str>, Arc<[String]>);

/// Makes samples, one after the other.
#[derive(Debug, Default)]
pub(crate) struct Sampler {
    filters: Filters,
    /// Which counters there are beside those that the filters want.
    beside: Beside,
    /// Which list of counters is known.
    layout: Option<u64>,
    /// For each counter that is published, whether it is wanted.
    wanted: Vec<bool>,
    /// Where those are of which more is made.
    telling: [Option<usize>; 4],
    /// Those that are wanted.
    points: Arc<[Point]>,
    pasts: Vec<(CounterId, Past)>,
    /// Descriptions are shared by all sets that look alike.
    texts: HashMap<(String, String), Texts>,
    last: Sample,
    /// Hits and misses at the last moment.
    hits: Option<(u64, u64)>,
    hit_means: Means,
    /// Kept, so that no sample needs new memory for it.
    readings: Vec<Reading>,
}

impl Sampler {
    /// A sampler of the counters that these want, and of backends.
    pub(crate) fn new(filters: Filters) -> Sampler {
        Sampler { filters, ..Sampler::default() }
    }

    /// A sampler of the counters that these want, and of the four that varnishstat's screen always has.
    pub(crate) fn stock(filters: Filters) -> Sampler {
        Sampler { beside: Beside::Telling, ..Sampler::new(filters) }
    }

    /// Begins hit rates anew: there is another process.
    pub(crate) fn reset_hit_rate(&mut self) {
        self.hits = None;
        self.hit_means = Means::default();
    }

    /// Begins all changes and means anew, as of now.
    pub(crate) fn reset_means(&mut self) {
        for (_, past) in &mut self.pasts {
            past.last = None;
            past.means = Means::default();
            past.reading = Reading { change: None, means: [0.0; 3], ..past.reading };
        }
        self.reset_hit_rate();
    }

    /// Reads `counters`, `now` being in microseconds of a clock that does not jump.
    pub(crate) fn sample(&mut self, counters: &Counters, now: u64) -> Sample {
        if self.layout != Some(counters.layout()) {
            self.learn(counters);
        }
        let mut told = [None; 4];
        let mut pasts = self.pasts.iter_mut();
        for (at, (reading, wanted)) in counters.readings().zip(&self.wanted).enumerate() {
            if let Some(which) = self.telling.iter().position(|telling| *telling == Some(at)) {
                told[which] = Some(reading.value);
            }
            if *wanted && let Some((id, past)) = pasts.next() {
                debug_assert_eq!(reading.id, *id, "one list, one order");
                past.take(reading.info.semantics, reading.value, now);
            }
        }
        self.readings.clear();
        self.readings.extend(self.pasts.iter().map(|(_, past)| past.reading));
        let mut sample = Sample::new(Arc::clone(&self.points), &self.readings, &self.last);
        let [manager, worker, hits, misses] = told;
        sample.manager_uptime = manager.unwrap_or_default();
        sample.worker_uptime = worker.unwrap_or_default();
        sample.hit_rate = self.hit_rate(hits.zip(misses));
        self.last = sample.clone();
        sample
    }

    /// Learns which counters there are. Those that stay keep their past.
    fn learn(&mut self, counters: &Counters) {
        let mut pasts: HashMap<CounterId, Past> = self.pasts.drain(..).collect();
        let mut points = Vec::new();
        let mut texts: HashMap<(String, String), Texts> = HashMap::new();
        self.wanted.clear();
        self.telling = [None; 4];
        for (at, CounterReading { id, set, info, .. }) in counters.readings().enumerate() {
            let name = format!("{set}.{}", info.name);
            let which = TELLING.iter().position(|telling| *telling == name);
            if let Some(which) = which {
                self.telling[which] = Some(at);
            }
            let telling = which.is_some() && self.beside == Beside::Telling;
            let asked = self.filters.wants(&name) || telling;
            let of_backend = self.beside == Beside::Backends && set.starts_with("VBE.");
            let wanted = asked || of_backend;
            self.wanted.push(wanted);
            if !wanted {
                continue;
            }
            self.pasts.push((id, pasts.remove(&id).unwrap_or_default()));
            let key = (info.oneliner.clone(), info.doc.clone());
            let known = self.texts.get(&key).cloned();
            let (short, long) =
                texts.entry(key).or_insert_with(|| known.unwrap_or_else(|| texts_of(info)));
            points.push(Point {
                name,
                set_len: set.len(),
                semantics: info.semantics,
                format: info.format,
                level: info.level,
                asked,
                short: Arc::clone(short),
                long: Arc::clone(long),
            });
        }
        self.points = points.into();
        self.texts = texts;
        self.layout = Some(counters.layout());
    }

    fn hit_rate(&mut self, now: Option<(u64, u64)>) -> HitRate {
        if let Some((hits, misses)) = now {
            let (hits_before, misses_before) = self.hits.unwrap_or((hits, misses));
            let hit = as_f64(hits.saturating_sub(hits_before));
            let all = hit + as_f64(misses.saturating_sub(misses_before));
            self.hit_means.add(if all > 0.0 { hit / all } else { 0.0 });
            self.hits = now;
        }
        HitRate {
            moments: WINDOWS.map(|window| self.hit_means.moments.min(window)),
            means: self.hit_means.values,
        }
    }
}

/// Descriptions as they are shown.
fn texts_of(info: &Info) -> Texts {
    let line = |text: &str| visible(text.replace('\t', "        ").as_bytes());
    let lines = info.doc.trim_end().lines().take(LINES_MOST);
    (line(&info.oneliner).into(), lines.map(line).collect::<Vec<_>>().into())
}

#[cfg(test)]
mod tests;
