//! A parsed query and the question it answers.

use shellac_format::{Dialect, TAGS, Tag, TagSet, Vxid};

use crate::error::QueryError;
use crate::grammar;
use crate::number::{Subject, integer_subject};
use crate::predicate::{Comparison, Condition, Test};
use crate::subject::{behind_prefix, field};

/// Whose rules hold where the generations of the tools differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compat {
    /// varnishlog 7.1. In queries a subject's number is what it starts with, to the thousandth, and tags are
    /// those of `6.0-7.2`; in vxid grouping every `Begin` opens a transaction.
    V7,
    /// Later ones. Numbers are those of C and take the whole subject, tags are those of all later dialects; a
    /// `Begin` that makes no sense, or of an included request, opens nothing in vxid grouping.
    #[default]
    V9,
}

impl Compat {
    /// The generation that reads this dialect natively.
    pub const fn of_dialect(dialect: Dialect) -> Compat {
        match dialect {
            Dialect::V6_0 => Compat::V7,
            Dialect::V7_3 | Dialect::Vs8_0_1 | Dialect::Vs9_0 => Compat::V9,
        }
    }

    /// The tags that have a name.
    pub fn tags(self) -> TagSet {
        let dialects = match self {
            Compat::V7 => &[Dialect::V6_0][..],
            Compat::V9 => &[Dialect::V7_3, Dialect::Vs8_0_1, Dialect::Vs9_0],
        };
        let mut tags = TagSet::EMPTY;
        for row in TAGS {
            if dialects.iter().any(|&dialect| row.tag.number(dialect).is_some()) {
                tags.insert(row.tag);
            }
        }
        tags
    }
}

/// How a query is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Whose rules hold.
    pub compat: Compat,
    /// `-C`: `eq`, `ne`, `~` and `!~` take upper and lower case as the same.
    pub caseless: bool,
}

/// A transaction of a group, as far as a query looks at it.
pub trait QueryTransaction {
    /// How deep it lies in its group; 0 in raw grouping.
    fn level(&self) -> u32;
    /// Its number.
    fn vxid(&self) -> Vxid;
    /// Tag and payload of its records in order, the NUL of a text included. Records whose tag is not in
    /// [`Query::tags`] may be left out.
    fn records(&self) -> impl Iterator<Item = (Tag, &[u8])>;
}

impl<T: QueryTransaction> QueryTransaction for &T {
    fn level(&self) -> u32 {
        (**self).level()
    }

    fn vxid(&self) -> Vxid {
        (**self).vxid()
    }

    fn records(&self) -> impl Iterator<Item = (Tag, &[u8])> {
        (**self).records()
    }
}

/// Selects groups by what is in them.
#[derive(Clone, Debug)]
pub struct Query {
    condition: Condition,
    tags: TagSet,
    text: Vec<u8>,
    options: Options,
}

impl Query {
    /// Parses a query by the rules of the later generation, case counting.
    ///
    /// # Errors
    ///
    /// [`QueryError`] with the first place that is wrong.
    ///
    /// ```
    /// use shellac_query::Query;
    ///
    /// assert!(Query::parse("RespStatus >= 500 and not ReqURL ~ \"^/a\"").is_ok());
    /// let error = Query::parse("RespStatus >= ").unwrap_err();
    /// assert!(error.to_string().starts_with("Expected number got '' (Pos 15)\n"));
    /// ```
    pub fn parse(text: impl AsRef<[u8]>) -> Result<Query, QueryError> {
        Query::parse_with(text, Options::default())
    }

    /// Parses a query. Each line is an alternative; `#` starts a comment.
    ///
    /// # Errors
    ///
    /// [`QueryError`] with the first place that is wrong.
    pub fn parse_with(text: impl AsRef<[u8]>, options: Options) -> Result<Query, QueryError> {
        let text = text.as_ref();
        let condition = grammar::parse(text, options)?;
        Ok(Query { tags: condition.tags(), condition, text: text.to_vec(), options })
    }

    /// The same query by the rules of another generation, for a log whose dialect decides and is known only now.
    ///
    /// # Errors
    ///
    /// [`QueryError`] where a number or the name of a tag is none by those rules.
    pub fn with_compat(&self, compat: Compat) -> Result<Query, QueryError> {
        Query::parse_with(&self.text, Options { compat, ..self.options })
    }

    pub(crate) const fn condition(&self) -> &Condition {
        &self.condition
    }

    pub(crate) const fn compat(&self) -> Compat {
        self.options.compat
    }

    /// The tags of all records that the query looks at: others need not be handed to it.
    pub const fn tags(&self) -> TagSet {
        self.tags
    }

    /// Whether a group of these transactions is wanted.
    pub fn selects<G>(&self, group: G) -> bool
    where
        G: IntoIterator<Item: QueryTransaction> + Clone,
    {
        self.holds(&self.condition, &group)
    }

    /// Whether a record that is by itself, as in raw grouping, is wanted. `tag` is `None` for a number without
    /// a name.
    pub fn selects_record(&self, vxid: Vxid, tag: Option<Tag>, payload: &[u8]) -> bool {
        self.selects([Alone { vxid, tag, payload }])
    }

    fn holds<G>(&self, condition: &Condition, group: &G) -> bool
    where
        G: IntoIterator<Item: QueryTransaction> + Clone,
    {
        match condition {
            Condition::Any(parts) => parts.iter().any(|part| self.holds(part, group)),
            Condition::All(parts) => parts.iter().all(|part| self.holds(part, group)),
            Condition::Not(part) => !self.holds(part, group),
            Condition::Vxid(order, operand) => group
                .clone()
                .into_iter()
                .any(|transaction| order.holds_for_vxid(transaction.vxid(), *operand)),
            Condition::Record(comparison) => group.clone().into_iter().any(|transaction| {
                comparison.level.is_none_or(|level| level.contains(transaction.level()))
                    && transaction.records().any(|(tag, payload)| {
                        comparison.tags.contains(tag)
                            && comparison.is_true(self.options.compat, payload)
                    })
            }),
        }
    }
}

impl Comparison {
    /// Whether one record with a wanted tag passes.
    pub(crate) fn is_true(&self, compat: Compat, payload: &[u8]) -> bool {
        let mut text = payload.split_last().map_or(payload, |(_, text)| text);
        if let Some(prefix) = &self.prefix {
            match behind_prefix(text, prefix) {
                Some(rest) => text = rest,
                None => return false,
            }
        }
        let mut open_ended = text;
        if let Some(number) = self.field {
            match field(text, number) {
                Some((word, from)) => (text, open_ended) = (word, from),
                None => return false,
            }
        }
        match &self.test {
            Test::Exists => true,
            Test::Text { text: operand, caseless: false, equal } => (text == operand) == *equal,
            Test::Text { text: operand, caseless: true, equal } => {
                text.eq_ignore_ascii_case(operand) == *equal
            }
            Test::Search { pattern, found } => pattern.is_found(text) == *found,
            Test::Integer(order, operand) => {
                // An empty subject is no number, whatever stands behind it.
                !text.is_empty()
                    && integer_subject(compat, Subject { text, open_ended })
                        .is_some_and(|number| order.holds(Some(number.cmp(operand))))
            }
            Test::Decimal(order, operand) => {
                !text.is_empty()
                    && operand.test(*order, Subject { text, open_ended }).unwrap_or(false)
            }
        }
    }
}

/// A record that is its own transaction.
#[derive(Clone, Copy)]
struct Alone<'a> {
    vxid: Vxid,
    tag: Option<Tag>,
    payload: &'a [u8],
}

impl QueryTransaction for Alone<'_> {
    fn level(&self) -> u32 {
        0
    }

    fn vxid(&self) -> Vxid {
        self.vxid
    }

    fn records(&self) -> impl Iterator<Item = (Tag, &[u8])> {
        self.tag.map(|tag| (tag, self.payload)).into_iter()
    }
}

#[cfg(test)]
mod tests;
