//! A query in the form in which it is asked: trees of comparisons whose operands are compiled.

use memchr::memmem::Finder;
use shellac_format::TagSet;

use crate::number::{Decimal, Order};
use crate::regex::Regex;

/// A condition on a group.
#[derive(Clone, Debug)]
pub(crate) enum Condition {
    /// One of these holds.
    Any(Vec<Condition>),
    /// All of these hold.
    All(Vec<Condition>),
    /// This does not hold.
    Not(Box<Condition>),
    /// A transaction has such a number.
    Vxid(Order, i64),
    /// A record is like this.
    Record(Comparison),
}

impl Condition {
    /// The tags of all records that the condition looks at.
    pub(crate) fn tags(&self) -> TagSet {
        match self {
            Condition::Any(parts) | Condition::All(parts) => {
                parts.iter().fold(TagSet::EMPTY, |tags, part| tags.union(part.tags()))
            }
            Condition::Not(part) => part.tags(),
            Condition::Vxid(..) => TagSet::EMPTY,
            Condition::Record(comparison) => comparison.tags,
        }
    }
}

/// Which records are tested, and how.
#[derive(Clone, Debug)]
pub(crate) struct Comparison {
    /// Levels of transactions; `None`: all.
    pub(crate) level: Option<Level>,
    /// Tags of records.
    pub(crate) tags: TagSet,
    /// What stands before the first colon.
    pub(crate) prefix: Option<Vec<u8>>,
    /// A word, counted from 1.
    pub(crate) field: Option<usize>,
    /// What is asked about the rest.
    pub(crate) test: Test,
}

/// Levels of transactions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    Exactly(u32),
    AtMost(u32),
    AtLeast(u32),
}

impl Level {
    pub(crate) const fn contains(self, level: u32) -> bool {
        match self {
            Level::Exactly(wanted) => level == wanted,
            Level::AtMost(most) => level <= most,
            Level::AtLeast(least) => level >= least,
        }
    }
}

/// What is asked about a subject.
#[derive(Clone, Debug)]
pub(crate) enum Test {
    /// That it is there.
    Exists,
    /// `eq` and `ne`.
    Text { text: Vec<u8>, caseless: bool, equal: bool },
    /// `~` and `!~`.
    Search { pattern: Pattern, found: bool },
    /// `==` and its relatives with an integer.
    Integer(Order, i64),
    /// The same with a decimal number.
    Decimal(Order, Decimal),
}

/// What is searched for. Most expressions are words, and those are found without PCRE2.
#[derive(Clone, Debug)]
pub(crate) enum Pattern {
    /// These bytes at the start.
    Start(Vec<u8>),
    /// These bytes anywhere.
    Literal(Box<Finder<'static>>),
    /// Anything else.
    Regex(Regex),
}

impl Pattern {
    /// Whether it is found. A search that runs into a limit of PCRE2 counts as found.
    pub(crate) fn is_found(&self, subject: &[u8]) -> bool {
        match self {
            Pattern::Start(start) => subject.starts_with(start),
            Pattern::Literal(finder) => finder.find(subject).is_some(),
            Pattern::Regex(regex) => regex.search(subject).unwrap_or(true),
        }
    }

    /// The pattern of an expression that is nothing but characters, perhaps at the start.
    pub(crate) fn of_plain_text(expression: &[u8]) -> Option<Pattern> {
        let (text, at_start) = match expression {
            [b'^', text @ ..] => (text, true),
            text => (text, false),
        };
        let is_plain = |byte: &u8| !b"\\^$.[]|()?*+{}".contains(byte) && *byte != 0;
        if !text.iter().all(is_plain) {
            return None;
        }
        Some(if at_start {
            Pattern::Start(text.to_vec())
        } else {
            Pattern::Literal(Box::new(Finder::new(text).into_owned()))
        })
    }
}
