//! Which table of tags a log was written with, by what its records look like.
//!
//! Three dialects share marker, magic and record layout, and the wrong table mislabels everything without an
//! error. So the first records are read with each table: what a tag says has a shape (`shape.rs`), and the
//! table under which the shapes are right is the writer's.

mod shape;

use shellac_format::{Dialect, Layout, Record, Records, Tag};

/// The dialects with 51-bit numbers, the only ones that can be taken for each other; the newest last.
const CANDIDATES: [Dialect; 3] = [Dialect::V7_3, Dialect::Vs8_0_1, Dialect::Vs9_0];
/// Records after which more of them would not tell anything new.
pub const ENOUGH_RECORDS: u32 = 1000;
/// So much better than the others a table must be, to be believed before [`ENOUGH_RECORDS`]. Two or three
/// records of a transaction come to that.
const CLEAR_LEAD: i64 = 16;

/// What the records suggest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Detected {
    /// The table.
    pub dialect: Dialect,
    /// Records that were looked at.
    pub records: u32,
    /// Another table, with other names for the same records, is just as good. The newer is taken then.
    pub is_tie: bool,
}

/// Scores records under each table that they may have been written with.
#[derive(Clone, Debug, Default)]
pub struct Detector {
    scores: [i64; CANDIDATES.len()],
    records: u32,
}

impl Detector {
    /// Looks at whole records; heads of batches between them are stepped over.
    pub fn input(&mut self, records: &[u8]) {
        for record in Records::new(Layout::Words3, records).map_while(Result::ok) {
            if self.records == ENOUGH_RECORDS {
                return;
            }
            self.records += 1;
            for (score, dialect) in self.scores.iter_mut().zip(CANDIDATES) {
                *score += points(dialect, &record);
            }
        }
    }

    /// Records that were looked at.
    pub const fn records(&self) -> u32 {
        self.records
    }

    /// Whether the answer would hardly change with more records.
    pub fn is_clear(&self) -> bool {
        let [older, with_target, newer] = self.scores;
        let lead = (older.max(with_target) - newer).abs();
        self.records == ENOUGH_RECORDS || lead >= CLEAR_LEAD
    }

    /// The answer so far.
    ///
    /// `7.3-8.0` and `8.0.1-vs` differ in one tag, which the second has and the first has not. Until that is seen
    /// there is no difference to warn of, and the log is said to be of the first.
    pub fn answer(&self) -> Detected {
        let [older, with_target, newer] = self.scores;
        let dialect = if newer >= older.max(with_target) {
            Dialect::Vs9_0
        } else if with_target > older {
            Dialect::Vs8_0_1
        } else {
            Dialect::V7_3
        };
        let is_tie = newer == older.max(with_target) && self.records > 0;
        Detected { dialect, records: self.records, is_tie }
    }
}

/// How well the record fits the tag that its number stands for in `dialect`.
fn points(dialect: Dialect, record: &Record<'_>) -> i64 {
    match Tag::from_number(dialect, record.number) {
        Some(tag) => shape::points(tag, record),
        None => shape::NO_SUCH_TAG,
    }
}

#[cfg(test)]
mod tests;
