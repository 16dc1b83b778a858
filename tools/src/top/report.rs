//! What was measured as a table and as JSON.

use std::cmp::Reverse;

use serde_json::{Value, json};

use super::measured::{Kind, Measured};
use crate::words::micros;

/// What rows are sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Sort {
    #[default]
    Count,
    Errors,
    Avg,
    P50,
    P95,
    P99,
    Max,
}

impl Sort {
    /// Every word for `--sort`.
    pub(super) const WORDS: &[&str] = &["count", "errors", "avg", "p50", "p95", "p99", "max"];

    /// The next one, for a key that goes through them.
    pub(super) const fn next(self) -> Sort {
        match self {
            Sort::Count => Sort::Errors,
            Sort::Errors => Sort::Avg,
            Sort::Avg => Sort::P50,
            Sort::P50 => Sort::P95,
            Sort::P95 => Sort::P99,
            Sort::P99 => Sort::Max,
            Sort::Max => Sort::Count,
        }
    }

    /// The word for it.
    pub(super) const fn word(self) -> &'static str {
        Sort::WORDS[self as usize]
    }
}

/// Times of a kind in microseconds; `None` where none was recorded.
#[derive(Clone, Copy, Debug, Default)]
struct Times {
    min: Option<u64>,
    avg: Option<u64>,
    p50: Option<u64>,
    p95: Option<u64>,
    p99: Option<u64>,
    max: Option<u64>,
}

impl Times {
    fn of(kind: &Kind) -> Times {
        let times = &kind.times;
        let range = times.range();
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a mean of u64")]
        let avg = times.mean().map(|mean| mean.round() as u64);
        Times {
            min: range.map(|(low, _)| low),
            avg,
            p50: times.at(0.5),
            p95: times.at(0.95),
            p99: times.at(0.99),
            max: range.map(|(_, high)| high),
        }
    }

    const fn in_order(&self) -> [Option<u64>; 6] {
        [self.min, self.avg, self.p50, self.p95, self.p99, self.max]
    }
}

/// One line.
#[derive(Debug)]
pub(super) struct Row<'a> {
    name: String,
    kind: &'a Kind,
    times: Times,
}

/// All rows in order; what is equal, by name.
pub(super) fn rows(measured: &Measured, sort: Sort) -> Vec<Row<'_>> {
    let mut rows: Vec<Row<'_>> =
        measured.kinds().map(|(name, kind)| Row { name, kind, times: Times::of(kind) }).collect();
    rows.sort_by(|one, two| {
        let key = |row: &Row<'_>| match sort {
            Sort::Count => Some(row.kind.count),
            Sort::Errors => Some(row.kind.errors),
            Sort::Avg => row.times.avg,
            Sort::P50 => row.times.p50,
            Sort::P95 => row.times.p95,
            Sort::P99 => row.times.p99,
            Sort::Max => row.times.max,
        };
        let order = |row: &Row<'_>| (Reverse(key(row)), Reverse(row.kind.count));
        order(one).cmp(&order(two)).then_with(|| one.name.cmp(&two.name))
    });
    rows
}

/// The line over the others.
pub(super) fn head(measured: &Measured) -> String {
    format!(
        "{:>9} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8}  {}",
        "COUNT",
        "ERRORS",
        "MIN",
        "AVG",
        "P50",
        "P95",
        "P99",
        "MAX",
        measured.by.word()
    )
}

impl Row<'_> {
    /// As a line.
    pub(super) fn line(&self) -> String {
        let count = match self.kind.over {
            0 => self.kind.count.to_string(),
            _ => format!("<={}", self.kind.count),
        };
        let mut line = format!("{count:>9} {:>8}", self.kind.errors);
        for time in self.times.in_order() {
            let text = time.map_or_else(|| "-".to_owned(), micros);
            line.push_str(&format!(" {text:>8}"));
        }
        format!("{line}  {}", self.name)
    }

    fn json(&self) -> Value {
        let seconds = |time: Option<u64>| time.map(|micros| micros as f64 / 1e6);
        json!({
            "key": self.name,
            "count": self.kind.count,
            "at_least": self.kind.count - self.kind.over,
            "errors": self.kind.errors,
            "timed": self.kind.times.count(),
            "min": seconds(self.times.min),
            "avg": seconds(self.times.avg),
            "p50": seconds(self.times.p50),
            "p95": seconds(self.times.p95),
            "p99": seconds(self.times.p99),
            "max": seconds(self.times.max),
        })
    }
}

/// All of it as one value; times in seconds.
pub(super) fn json(measured: &Measured, sort: Sort, most: usize) -> Value {
    let rows = rows(measured, sort);
    let all = measured.all();
    let all = Row { name: "(all)".to_owned(), kind: all, times: Times::of(all) };
    json!({
        "by": measured.by.word(),
        "counted": measured.by.counted(),
        "exact": measured.floor() == 0,
        "not_listed_at_most": measured.floor(),
        "all": all.json(),
        "rows": rows.iter().take(most).map(Row::json).collect::<Vec<_>>(),
    })
}

/// The table as text.
pub(super) fn text(measured: &Measured, sort: Sort, most: usize) -> String {
    let mut text = head(measured) + "\n";
    for row in rows(measured, sort).iter().take(most) {
        text.push_str(&row.line());
        text.push('\n');
    }
    text
}

/// What is to be said where not all counts are exact.
pub(super) fn note(measured: &Measured) -> Option<String> {
    (measured.floor() > 0).then(|| {
        format!(
            "more kinds than there is room for: counts with <= are upper bounds, what is not listed came at most {} \
             times, and what was forgotten once has no older times; --limit-keys makes more room",
            measured.floor()
        )
    })
}
