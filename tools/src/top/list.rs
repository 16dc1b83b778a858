//! Keys and their counts as lines, all of them, and as JSON.

use serde_json::json;
use shellac_format::Dialect;
use shellac_measure::Counts;
use shellac_render::visible;

use super::order::{self, Listed};
use crate::reading::target::{Target, Written};

/// Lines go out in pieces of this size, in bytes.
const PIECE_BYTES: usize = 1 << 20;

/// How texts and counts are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// As the stock tool does: as they are.
    Stock,
    /// Made visible; a bound is marked as one.
    Own,
    /// One object per key, one per line, behind one that says what they are.
    Json,
}

/// Writes all keys, the most frequent first; at most so many.
///
/// # Errors
///
/// Those of the target.
pub(super) fn write(
    counts: &Counts,
    dialect: Dialect,
    form: Form,
    most: usize,
    target: &mut Target,
) -> anyhow::Result<Written> {
    let listed = if most >= counts.len() {
        order::listed(counts, dialect)
    } else {
        order::first(counts, dialect, most)
    };
    let mut out = Vec::new();
    if form == Form::Json {
        let floor = counts.floor();
        let head =
            json!({"keys": counts.len(), "exact": floor == 0.0, "not_listed_at_most": floor});
        out.extend_from_slice(format!("{head}\n").as_bytes());
    }
    for one in listed {
        match form {
            Form::Stock => push(&mut out, &one, &decimal(one.counted.count), one.counted.text),
            Form::Own => {
                push(
                    &mut out,
                    &one,
                    &bound(one.counted.count, one.counted.over),
                    visible(one.counted.text).as_bytes(),
                );
            }
            Form::Json => {
                let counted = &one.counted;
                let line = json!({"tag": one.name(), "text": visible(counted.text), "count": counted.count,
                    "at_least": counted.count - counted.over});
                out.extend_from_slice(format!("{line}\n").as_bytes());
            }
        }
        if out.len() >= PIECE_BYTES {
            if target.write(&out)? == Written::NobodyReads {
                return Ok(Written::NobodyReads);
            }
            out.clear();
        }
    }
    target.write(&out)
}

fn push(out: &mut Vec<u8>, one: &Listed<'_>, count: &str, text: &[u8]) {
    for part in [count.as_bytes(), b" ", one.name().as_bytes(), b" ", text, b"\n"] {
        out.extend_from_slice(part);
    }
}

/// A count as the stock tool writes it.
pub(super) fn decimal(count: f64) -> String {
    format!("{count:9.2}")
}

/// A count that may be too high is marked as that.
pub(super) fn bound(count: f64, over: f64) -> String {
    if over > 0.0 { format!("{:>9}", format!("<={count:.2}")) } else { decimal(count) }
}

/// What is to be said where not all counts are exact.
pub(super) fn note(counts: &Counts) -> Option<String> {
    (counts.floor() > 0.0).then(|| {
        format!(
            "more keys than there is room for: counts with <= are upper bounds, and what is not listed came at most \
             {:.0} times; --limit-keys makes more room, -f, -i and -q make fewer keys",
            counts.floor()
        )
    })
}
