//! The order in which keys are listed, and how a line of them looks.

use std::cmp::Ordering;

use shellac_format::{Dialect, TAGS, Tag};
use shellac_measure::{Counted, Counts};

/// A key on its way into the list.
#[derive(Clone, Copy, Debug)]
pub(super) struct Listed<'a> {
    pub(super) counted: Counted<'a>,
    /// The sum of its bytes, by which the stock tool tells texts apart at first; they have signs there.
    sum: i64,
    /// The number of its tag in the log.
    number: u8,
}

impl<'a> Listed<'a> {
    fn new(counted: Counted<'a>, dialect: Dialect) -> Listed<'a> {
        let sum = counted.text.iter().map(|byte| i64::from(byte.cast_signed())).sum();
        // A log that went on in another dialect may have left tags that this one has not.
        let number = tag(counted.kind).and_then(|tag| tag.number(dialect)).unwrap_or(u8::MAX);
        Listed { counted, sum, number }
    }

    /// The most frequent first; of the same count as the stock tool has them.
    fn before(&self, other: &Listed<'_>) -> Ordering {
        let (one, two) = (&self.counted, &other.counted);
        two.count
            .total_cmp(&one.count)
            .then_with(|| self.sum.cmp(&other.sum))
            .then_with(|| self.number.cmp(&other.number))
            .then_with(|| one.text.len().cmp(&two.text.len()))
            .then_with(|| one.text.cmp(two.text))
            // Names that several dialects share have one tag; what has none here is told apart all the same.
            .then_with(|| one.kind.cmp(&two.kind))
    }

    /// The name of its tag.
    pub(super) fn name(&self) -> &'static str {
        tag(self.counted.kind).map_or("", Tag::name)
    }
}

/// A place in the order, kept after what it is of.
#[derive(Clone, Debug)]
pub(super) struct Place {
    kind: u8,
    text: Vec<u8>,
    count: f64,
}

impl Place {
    /// That of a key.
    pub(super) fn of(listed: &Listed<'_>) -> Place {
        let Counted { kind, text, count, .. } = listed.counted;
        Place { kind, text: text.to_vec(), count }
    }

    /// The count there.
    pub(super) const fn count(&self) -> f64 {
        self.count
    }

    /// Whether a key is listed here or earlier.
    pub(super) fn is_not_before(&self, other: &Counted<'_>, dialect: Dialect) -> bool {
        let Place { kind, count, .. } = *self;
        if other.count != count {
            return other.count > count;
        }
        let this = Counted { kind, text: &self.text, count, over: 0.0 };
        Listed::new(*other, dialect).before(&Listed::new(this, dialect)) != Ordering::Greater
    }
}

/// The tag that is counted as this kind.
pub(super) fn tag(kind: u8) -> Option<Tag> {
    TAGS.get(usize::from(kind)).map(|row| row.tag)
}

/// All of them in order.
pub(super) fn listed(counts: &Counts, dialect: Dialect) -> Vec<Listed<'_>> {
    let mut all: Vec<_> = counts.iter().map(|counted| Listed::new(counted, dialect)).collect();
    all.sort_unstable_by(Listed::before);
    all
}

/// The first of them in order, at most so many; the others cost little.
pub(super) fn first(counts: &Counts, dialect: Dialect, most: usize) -> Vec<Listed<'_>> {
    let mut all: Vec<_> = counts.iter().map(|counted| Listed::new(counted, dialect)).collect();
    if most < all.len() {
        all.select_nth_unstable_by(most, Listed::before);
        all.truncate(most);
    }
    all.sort_unstable_by(Listed::before);
    all
}

#[cfg(test)]
mod tests;
