//! Which groups fail, and which rules they fire.
//!
//! Most groups do neither, and finding that out costs one walk over the heads of their records: the tags
//! that occur decide which queries are asked at all.

use std::time::Duration;

use shellac_format::{Dialect, Heads, Tag, TagSet, Vxid};
use shellac_log::time::{stamps, timestamp};
use shellac_log::{Compat, Group, Transaction};
use shellac_query::{Query, QueryError, QueryTransaction};
use shellac_render::failures::Failures;

use crate::rules::{On, Rule};

/// What a group came to.
#[derive(Debug, Default)]
pub struct Seen {
    /// What failed in it.
    pub failures: Option<Failures>,
    /// The rules that it fires, by their places.
    pub fired: Vec<usize>,
    /// The terms of rate rules that it counts for, as rule and term.
    pub counted: Vec<(usize, usize)>,
}

/// Looks at groups of one dialect.
#[derive(Debug)]
pub struct Watch {
    dialect: Dialect,
    /// What each tag number stands for, where somebody is interested in it.
    wanted: Box<[Option<Tag>; 256]>,
    asks: Vec<Ask>,
}

/// One query and whom it is asked for.
#[derive(Debug)]
struct Ask {
    query: Option<Query>,
    tags: TagSet,
    whom: Whom,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whom {
    Rule(usize),
    Term(usize, usize),
}

/// Tags without which nothing has failed.
const FAILURES: [Tag; 4] = [Tag::FetchError, Tag::Error, Tag::RespStatus, Tag::BerespStatus];

impl Watch {
    /// Compiles the queries of `rules` for records of `dialect`.
    ///
    /// # Errors
    ///
    /// The rule's name and what is wrong with its query where that generation has no such tag.
    pub fn new(rules: &[Rule], dialect: Dialect) -> Result<Watch, (String, QueryError)> {
        let mut asks = Vec::new();
        let mut ask = |query: Option<Query>, whom| {
            let tags = query.as_ref().map_or(TagSet::EMPTY, Query::tags);
            asks.push(Ask { query, tags, whom });
        };
        for (at, rule) in rules.iter().enumerate() {
            let rule = rule
                .with_compat(Compat::of_dialect(dialect))
                .map_err(|error| (rule.name.clone(), error))?;
            match rule.on {
                On::Groups(queries) => {
                    queries.into_iter().for_each(|query| ask(Some(query), Whom::Rule(at)));
                }
                On::Rate { terms, .. } => {
                    let terms = terms.into_iter().enumerate();
                    terms.for_each(|(term, query)| ask(query, Whom::Term(at, term)));
                }
                On::Outside => {}
            }
        }
        let mut all = asks.iter().fold(TagSet::EMPTY, |all, ask| all.union(ask.tags));
        FAILURES.into_iter().for_each(|tag| all.insert(tag));
        let mut wanted = Box::new([None; 256]);
        for (number, wanted) in (0..=u8::MAX).zip(wanted.iter_mut()) {
            *wanted = Tag::from_number(dialect, number).filter(|tag| all.contains(*tag));
        }
        Ok(Watch { dialect, wanted, asks })
    }

    /// The dialect of the groups.
    pub const fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Looks at one group. `None`: it is none of anybody's business.
    pub fn look(&self, group: &Group) -> Option<Seen> {
        let glance = self.glance(group);
        let mut seen = Seen::default();
        for ask in &self.asks {
            if !ask.selects(group, glance.tags) {
                continue;
            }
            match ask.whom {
                Whom::Rule(rule) if seen.fired.last() != Some(&rule) => seen.fired.push(rule),
                Whom::Rule(_) => {}
                Whom::Term(rule, term) => seen.counted.push((rule, term)),
            }
        }
        if glance.may_have_failed {
            seen.failures = Failures::read(&group.transactions);
        }
        let nothing = seen.failures.is_none() && seen.fired.is_empty() && seen.counted.is_empty();
        (!nothing).then_some(seen)
    }

    fn glance(&self, group: &Group) -> Glance {
        let mut glance = Glance { tags: TagSet::EMPTY, may_have_failed: false };
        for transaction in &group.transactions {
            let bytes = transaction.bytes();
            let mut heads = Heads::new(self.dialect.layout(), bytes);
            while let Some(place) =
                heads.next_wanted(|number| self.wanted[usize::from(number)].is_some())
            {
                let Some(tag) = self.wanted[usize::from(place.number)] else { continue };
                glance.tags.insert(tag);
                glance.may_have_failed |= match tag {
                    Tag::FetchError | Tag::Error => true,
                    Tag::RespStatus | Tag::BerespStatus => {
                        !matches!(bytes.get(place.payload), Some(b'1'..=b'4'))
                    }
                    _ => false,
                };
            }
        }
        glance
    }
}

struct Glance {
    /// Tags that occur, of those that are wanted.
    tags: TagSet,
    may_have_failed: bool,
}

impl Ask {
    fn selects(&self, group: &Group, present: TagSet) -> bool {
        let Some(query) = &self.query else { return true };
        if self.tags.iter().any(|tag| present.contains(tag)) {
            return query.selects(&group.transactions);
        }
        // None of the records that it asks about is there, so it need not look for them.
        query.selects(group.transactions.iter().map(Hollow))
    }
}

/// A transaction without records.
#[derive(Clone, Copy)]
struct Hollow<'a>(&'a Transaction);

impl QueryTransaction for Hollow<'_> {
    fn level(&self) -> u32 {
        self.0.level
    }

    fn vxid(&self) -> Vxid {
        self.0.vxid
    }

    fn records(&self) -> impl Iterator<Item = (Tag, &[u8])> {
        std::iter::empty()
    }
}

/// The backend that was asked last in a group, as far as it got a connection.
pub fn backend_of(group: &Group) -> Option<String> {
    let attempts = group.transactions.iter().rev();
    let open = attempts.filter_map(|attempt| attempt.first(Tag::BackendOpen)).next()?;
    // FD NAME ...
    let name = open.text().split(|&byte| byte == b' ').nth(1)?;
    Some(shellac_render::visible(name))
}

/// The last time that a `Timestamp` in `records` names, since 1970.
pub fn last_time(dialect: Dialect, records: &[u8]) -> Option<Duration> {
    stamps(dialect, records).last().and_then(|stamp| timestamp(stamp.text()))
}

#[cfg(test)]
mod tests;
