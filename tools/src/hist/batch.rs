//! The histogram of all samples as text or JSON, when the log is read to its end.

use std::process::ExitCode;

use serde_json::{Value, json};
use shellac_format::Dialect;
use shellac_log::{Group, LogRecord};
use shellac_measure::Percentiles;
use shellac_render::visible;

use super::samples::{BUCKETS_PER_DECADE, PARTS, Samples};
use super::settings::{Output, Settings};
use crate::reading::follow::{Prepared, prepare};
use crate::reading::pass::Sink;
use crate::reading::target::{Target, Written};

/// Bars are so long at most.
const BAR_CELLS: u64 = 40;
/// Rows of one power of ten in the text.
const ROWS_PER_DECADE: usize = 10;
/// What percentiles are told, in per cent.
const PERCENTILES: [u8; 5] = [50, 90, 95, 99, 100];

/// Reads to the end and writes the histogram.
pub(super) fn run(settings: &Settings) -> anyhow::Result<ExitCode> {
    let reading = &settings.reading;
    match prepare(reading)? {
        Prepared::Over(code) => Ok(code),
        Prepared::Ready(ready) => ready.run(reading, |dialect| {
            let samples = Samples::new(settings.profile.clone(), settings.sides, dialect);
            Ok(Batch { samples, output: settings.output })
        }),
    }
}

/// Samples that are written when reading ends.
struct Batch {
    samples: Samples,
    output: Output,
}

impl Sink for Batch {
    fn set_dialect(&mut self, dialect: Dialect) -> anyhow::Result<()> {
        self.samples.set_dialect(dialect)
    }

    fn group(&mut self, group: &Group) -> anyhow::Result<Written> {
        self.samples.group(group)
    }

    fn record(&mut self, record: &LogRecord<'_>, bytes: &[u8]) -> anyhow::Result<Written> {
        self.samples.record(record, bytes)
    }

    fn flush(&mut self) -> anyhow::Result<Written> {
        self.samples.flush()
    }

    fn reopen(&mut self) -> anyhow::Result<Written> {
        self.samples.reopen()
    }

    fn end(&mut self) -> anyhow::Result<Written> {
        let text = match self.output {
            Output::Json => json(&self.samples).to_string() + "\n",
            Output::Text | Output::Screen => text(&self.samples),
        };
        Target::stdout().write(text.as_bytes())
    }
}

/// Hits, misses and both together.
fn parts(samples: &Samples) -> [(&'static str, Percentiles); 3] {
    let (hits, misses) = (samples.values(true).clone(), samples.values(false).clone());
    let mut all = hits.clone();
    all.merge(&misses);
    [("all", all), ("hits", hits), ("misses", misses)]
}

fn unit(parts: u64) -> f64 {
    parts as f64 / PARTS
}

/// A number with three digits that say something.
fn short(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "powers of ten")]
    let digits = (2.0 - value.abs().log10().floor()).clamp(0.0, 9.0) as usize;
    let text = format!("{value:.digits$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

/// For people: percentiles, and a row for each tenth of a power of ten from the first that has samples to the last.
fn text(samples: &Samples) -> String {
    let profile = &samples.profile;
    let mut text = format!(
        "{}: {} {}field {}\n\n",
        visible(profile.name.as_bytes()),
        profile.tag,
        if profile.prefix.is_empty() {
            String::new()
        } else {
            format!("{} ", visible(profile.prefix.as_bytes()))
        },
        profile.field
    );
    text.push_str(&format!("{:<7}{:>10}{:>11}", "", "samples", "min"));
    for percent in PERCENTILES {
        let name = if percent == 100 { "max".to_owned() } else { format!("p{percent}") };
        text.push_str(&format!("{name:>11}"));
    }
    text.push('\n');
    for (name, values) in parts(samples) {
        text.push_str(&format!("{name:<7}{:>10}", values.count()));
        let min = values.range().map(|(low, _)| low);
        let rest = PERCENTILES.map(|percent| at(&values, percent));
        for value in [min].into_iter().chain(rest) {
            let shown = value.map_or_else(|| "-".to_owned(), |value| short(unit(value)));
            text.push_str(&format!("{shown:>11}"));
        }
        text.push('\n');
    }
    let rows = rows(samples);
    let used = |(_, hits, misses): &(usize, u64, u64)| hits + misses > 0;
    let (Some(first), Some(last)) = (rows.iter().position(used), rows.iter().rposition(used))
    else {
        return text;
    };
    let largest = rows.iter().map(|(_, hits, misses)| hits + misses).max().unwrap_or(1);
    text.push_str(&format!("\n{:>11}{:>10}{:>10}\n", "from", "hits", "misses"));
    for (row, hits, misses) in &rows[first..=last] {
        let from = 10_f64.powf(f64::from(profile.low) + *row as f64 / ROWS_PER_DECADE as f64);
        let cells = |count: u64| usize::try_from(count * BAR_CELLS / largest).unwrap_or(0);
        let (missed, hit) = ("#".repeat(cells(*misses)), "|".repeat(cells(*hits)));
        let line = format!("{:>11}{hits:>10}{misses:>10}  {missed}{hit}", short(from));
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

fn at(values: &Percentiles, percent: u8) -> Option<u64> {
    values.at(f64::from(percent) / 100.0)
}

/// Rows of the text with their hits and misses.
fn rows(samples: &Samples) -> Vec<(usize, u64, u64)> {
    let buckets = samples.all();
    let per_row = BUCKETS_PER_DECADE / ROWS_PER_DECADE;
    let sums = |counts: &[u64]| -> Vec<u64> {
        counts.chunks(per_row).map(|row| row.iter().sum()).collect()
    };
    let (hits, misses) = (sums(&buckets.hits), sums(&buckets.misses));
    hits.into_iter()
        .zip(misses)
        .enumerate()
        .map(|(row, (hits, misses))| (row, hits, misses))
        .collect()
}

/// For programs: the same, with each hundredth of a power of ten that has samples.
fn json(samples: &Samples) -> Value {
    let profile = &samples.profile;
    let part = |values: &Percentiles| {
        let mut part = json!({
            "samples": values.count(),
            "min": values.range().map(|(low, _)| unit(low)),
            "avg": values.mean().map(|mean| mean / PARTS),
            "max": values.range().map(|(_, high)| unit(high)),
        });
        for percent in [50, 90, 95, 99] {
            part[format!("p{percent}")] = json!(at(values, percent).map(unit));
        }
        part
    };
    let buckets = samples.all();
    let found: Vec<Value> = (0..buckets.hits.len())
        .filter(|&at| buckets.hits[at] + buckets.misses[at] > 0)
        .map(|at| {
            let exponent = f64::from(profile.low) + at as f64 / BUCKETS_PER_DECADE as f64;
            json!({"log10": (exponent * 100.0).round() / 100.0, "hits": buckets.hits[at], "misses": buckets.misses[at]})
        })
        .collect();
    let [(_, all), (_, hits), (_, misses)] = parts(samples);
    json!({
        "profile": visible(profile.name.as_bytes()),
        "tag": profile.tag.name(),
        "prefix": visible(profile.prefix.as_bytes()),
        "field": profile.field,
        "range_log10": [profile.low, profile.high],
        "all": part(&all),
        "hits": part(&hits),
        "misses": part(&misses),
        "buckets": found,
    })
}

#[cfg(test)]
mod tests;
