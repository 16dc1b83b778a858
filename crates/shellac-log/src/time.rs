//! What the log says about when things happened.

use std::time::Duration;

use shellac_format::{Dialect, Heads, Record, Tag};

use crate::transaction::Group;

/// The moment in the payload of a `Timestamp`, `Label: ABSOLUTE SINCE_START SINCE_LAST`, as time since 1970.
///
/// `None` where there is no such number.
pub fn timestamp(text: &[u8]) -> Option<Duration> {
    let text = std::str::from_utf8(text).ok()?;
    let (_, times) = text.rsplit_once(':')?;
    let (seconds, fraction) = times.split_ascii_whitespace().next()?.split_once('.')?;
    let digits = fraction.get(..fraction.len().min(9))?;
    let scale = 10u32.checked_pow(9 - u32::try_from(digits.len()).ok()?)?;
    let nanos = digits.parse::<u32>().ok()?.checked_mul(scale)?;
    Some(Duration::new(seconds.parse().ok()?, nanos))
}

/// The `Timestamp` records among whole records that lie one after the other, up to the first bytes that are none. Of the
/// others no more than the first word is read.
pub fn stamps(dialect: Dialect, records: &[u8]) -> impl Iterator<Item = Record<'_>> {
    let number = Tag::Timestamp.number(dialect);
    let mut heads = Heads::new(dialect.layout(), records);
    std::iter::from_fn(move || heads.next_wanted(|it| Some(it) == number))
        .map(|place| place.record(records))
}

impl Group {
    /// When it began, since 1970: the moment of its first `Timestamp`, in output order. `None` where it has none.
    pub fn time(&self) -> Option<Duration> {
        self.transactions
            .iter()
            .flat_map(|transaction| transaction.records())
            .filter(|record| record.tag == Some(Tag::Timestamp))
            .find_map(|record| timestamp(record.text()))
    }
}

#[cfg(test)]
mod tests;
