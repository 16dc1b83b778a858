//! What `--until` and `--fail-if` ask of counters: a pattern of names, a comparison, a number.

use std::cmp::Ordering;
use std::ffi::CString;
use std::fmt;

use shellac_sys::glob_matches;

/// One comparison, `VBE.*.conn == 0` or `rate MAIN.backend_fail > 5`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Condition {
    /// As it was written.
    text: String,
    pub(super) pattern: String,
    glob: CString,
    pub(super) of: Of,
    comparison: Comparison,
    bound: Number,
}

/// Which number of a counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Of {
    /// What it is now.
    Value,
    /// How much it has changed since the first look.
    Delta,
    /// How much it has changed per second since the look before.
    Rate,
}

/// A number of a counter, or one to compare it with. Whole ones are exact.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Number {
    Whole(i128),
    Broken(f64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparison {
    Equal,
    Other,
    Less,
    AtMost,
    More,
    AtLeast,
}

/// Signs of comparisons; what is the start of another one stands behind it.
const COMPARISONS: [(&str, Comparison); 7] = [
    ("==", Comparison::Equal),
    ("!=", Comparison::Other),
    ("<=", Comparison::AtMost),
    (">=", Comparison::AtLeast),
    ("<", Comparison::Less),
    (">", Comparison::More),
    ("=", Comparison::Equal),
];

/// How a condition is written, for messages.
const SHAPE: &str = "'PATTERN == NUMBER', 'delta PATTERN > NUMBER' or 'rate PATTERN > NUMBER'; comparisons are \
                     == != < <= > >=";

impl Condition {
    /// Reads one.
    ///
    /// # Errors
    ///
    /// What is wrong with it and how it is written, for people.
    pub(crate) fn parse(text: &str) -> Result<Condition, String> {
        let wrong = |what: &str| format!("{text:?}: {what}; write {SHAPE}");
        let (at, sign, comparison) = text
            .char_indices()
            .find_map(|(at, _)| {
                let found = COMPARISONS.iter().find(|(sign, _)| text[at..].starts_with(sign))?;
                Some((at, found.0, found.1))
            })
            .ok_or_else(|| wrong("there is no comparison in it"))?;
        let (of, pattern) = match text[..at].trim().split_once(char::is_whitespace) {
            None => (Of::Value, text[..at].trim()),
            Some(("delta", pattern)) => (Of::Delta, pattern.trim()),
            Some(("rate", pattern)) => (Of::Rate, pattern.trim()),
            Some(_) => return Err(wrong("before the comparison stands more than a pattern")),
        };
        if pattern.is_empty() {
            return Err(wrong("the pattern is missing"));
        }
        let number = text[at + sign.len()..].trim();
        Ok(Condition {
            text: text.trim().to_owned(),
            pattern: pattern.to_owned(),
            glob: CString::new(pattern).map_err(|_| wrong("a name has no NUL in it"))?,
            of,
            comparison,
            bound: Number::parse(number)
                .ok_or_else(|| wrong(&format!("{number:?} is no number")))?,
        })
    }

    /// Whether it is about the counter called `name`.
    pub(super) fn is_about(&self, name: &str) -> bool {
        CString::new(name).is_ok_and(|name| glob_matches(&self.glob, &name))
    }

    /// Whether it holds for this number.
    pub(super) fn holds(&self, number: Number) -> bool {
        let Some(order) = number.compare(self.bound) else { return false };
        match self.comparison {
            Comparison::Equal => order == Ordering::Equal,
            Comparison::Other => order != Ordering::Equal,
            Comparison::Less => order == Ordering::Less,
            Comparison::AtMost => order != Ordering::Greater,
            Comparison::More => order == Ordering::Greater,
            Comparison::AtLeast => order != Ordering::Less,
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Number {
    /// A decimal number, perhaps with a sign, a fraction, and K, M or G for powers of 1024.
    fn parse(text: &str) -> Option<Number> {
        let (digits, shift) = match text.char_indices().last()? {
            (at, 'K' | 'k') => (&text[..at], 10),
            (at, 'M' | 'm') => (&text[..at], 20),
            (at, 'G' | 'g') => (&text[..at], 30),
            _ => (text, 0),
        };
        if let Ok(whole) = digits.parse::<i128>() {
            return whole.checked_mul(1 << shift).map(Number::Whole);
        }
        // No `inf` and no `nan`: nothing can be compared with these.
        let is_decimal = digits.chars().all(|it| it.is_ascii_digit() || "+-.".contains(it));
        let broken = digits.parse::<f64>().ok().filter(|_| is_decimal)?;
        Some(Number::Broken(broken * f64::from(1 << shift)))
    }

    #[allow(clippy::cast_precision_loss, reason = "a rate is no exact number")]
    const fn approximate(self) -> f64 {
        match self {
            Number::Whole(whole) => whole as f64,
            Number::Broken(broken) => broken,
        }
    }

    fn compare(self, other: Number) -> Option<Ordering> {
        match (self, other) {
            (Number::Whole(one), Number::Whole(other)) => Some(one.cmp(&other)),
            _ => self.approximate().partial_cmp(&other.approximate()),
        }
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Number::Whole(whole) => whole.fmt(f),
            Number::Broken(broken) => write!(f, "{broken:.2}"),
        }
    }
}

/// Of these names the `most` that look most like `pattern`, the nearest first: for a pattern that no name matches.
pub(super) fn nearest<'a>(
    pattern: &str,
    names: impl Iterator<Item = &'a str>,
    most: usize,
) -> Vec<&'a str> {
    let pattern: Vec<char> = pattern.chars().collect();
    let mut rows = (Vec::new(), Vec::new());
    let mut found: Vec<(usize, &str)> =
        names.map(|name| (distance(&pattern, name, &mut rows), name)).collect();
    found.sort_unstable();
    found.truncate(most);
    found.into_iter().map(|(_, name)| name).collect()
}

/// How many characters would have to be put in, taken out or exchanged until the pattern matches. `*` is anything and `?`
/// any one; brackets are letters like others.
fn distance(pattern: &[char], name: &str, rows: &mut (Vec<usize>, Vec<usize>)) -> usize {
    let (row, next) = rows;
    row.clear();
    row.push(0);
    for (at, wanted) in pattern.iter().enumerate() {
        row.push(row[at] + usize::from(*wanted != '*'));
    }
    for (at, is) in name.chars().enumerate() {
        next.clear();
        next.push(at + 1);
        for (column, wanted) in pattern.iter().enumerate() {
            let exchanged = row[column] + usize::from(*wanted != is && *wanted != '?');
            next.push(if *wanted == '*' {
                next[column].min(row[column + 1]).min(row[column])
            } else {
                exchanged.min(next[column] + 1).min(row[column + 1] + 1)
            });
        }
        std::mem::swap(row, next);
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests;
