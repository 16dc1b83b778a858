//! A query that is answered while records pass by, so that a group which is not wanted is never looked at again.
//!
//! Each comparison of the query that is cheap has a bit. Whoever walks the records of a transaction collects the bits
//! of those that were met, and at the end only the bits are looked at.

use shellac_format::{Tag, TagSet, Vxid};

use crate::number::Order;
use crate::predicate::{Comparison, Condition, Level, Pattern, Test};
use crate::query::{Compat, Query, QueryTransaction};

/// The comparisons that records of one transaction have met.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Heard(u64);

/// A transaction whose records were heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeardTransaction {
    /// How deep it lies in its group.
    pub level: u32,
    /// Its number.
    pub vxid: Vxid,
    /// What all of its records have met.
    pub heard: Heard,
}

/// A [`Query`] for whoever walks records anyway.
#[derive(Clone, Debug)]
pub struct Listener {
    query: Query,
    compat: Compat,
    /// One for each bit of [`Heard`].
    comparisons: Vec<Comparison>,
    rule: Rule,
    heard: TagSet,
    /// Some comparison has no bit.
    is_deaf: bool,
}

/// A condition on what was heard.
#[derive(Clone, Debug)]
enum Rule {
    Any(Vec<Rule>),
    All(Vec<Rule>),
    Not(Box<Rule>),
    Vxid(Order, i64),
    /// The comparison of this bit was met in a transaction of such a level.
    Met(u32, Option<Level>),
    /// Nobody has listened for it.
    Unheard,
}

impl Listener {
    /// Prepares to listen for what `query` asks.
    pub fn new(query: Query) -> Listener {
        let mut listener = Listener {
            compat: query.compat(),
            comparisons: Vec::new(),
            rule: Rule::Unheard,
            heard: TagSet::EMPTY,
            is_deaf: false,
            query: query.clone(),
        };
        listener.rule = listener.rule_of(query.condition());
        listener
    }

    fn rule_of(&mut self, condition: &Condition) -> Rule {
        let mut rules = |parts: &[Condition]| parts.iter().map(|it| self.rule_of(it)).collect();
        match condition {
            Condition::Any(parts) => Rule::Any(rules(parts)),
            Condition::All(parts) => Rule::All(rules(parts)),
            Condition::Not(part) => Rule::Not(Box::new(self.rule_of(part))),
            Condition::Vxid(order, operand) => Rule::Vxid(*order, *operand),
            Condition::Record(comparison) => match u32::try_from(self.comparisons.len()) {
                Ok(bit) if bit < u64::BITS && is_cheap(&comparison.test) => {
                    self.comparisons.push(comparison.clone());
                    self.heard = self.heard.union(comparison.tags);
                    Rule::Met(bit, comparison.level)
                }
                _ => {
                    self.is_deaf = true;
                    Rule::Unheard
                }
            },
        }
    }

    /// The tags of records that have to be heard.
    pub const fn tags(&self) -> TagSet {
        self.heard
    }

    /// The tags of records that have to be kept, because the whole query may be asked in the end.
    pub const fn kept_tags(&self) -> TagSet {
        if self.is_deaf { self.query.tags() } else { TagSet::EMPTY }
    }

    /// Listens to a record of a transaction that has met `heard` before.
    pub fn hear(&self, tag: Tag, payload: &[u8], heard: &mut Heard) {
        for (bit, comparison) in self.comparisons.iter().enumerate() {
            let bit = 1 << bit;
            if heard.0 & bit == 0
                && comparison.tags.contains(tag)
                && comparison.is_true(self.compat, payload)
            {
                heard.0 |= bit;
            }
        }
    }

    /// Whether a group of these transactions is wanted, as far as what was heard says it.
    pub fn verdict(&self, group: &[HeardTransaction]) -> Option<bool> {
        self.rule.holds(group)
    }

    /// Whether a group of these transactions is wanted, when [`Listener::verdict`] does not say it.
    pub fn selects<G>(&self, group: G) -> bool
    where
        G: IntoIterator<Item: QueryTransaction> + Clone,
    {
        self.query.selects(group)
    }

    /// The query itself.
    pub const fn query(&self) -> &Query {
        &self.query
    }
}

impl Rule {
    /// `None`: that depends on what nobody has listened for.
    fn holds(&self, group: &[HeardTransaction]) -> Option<bool> {
        match self {
            Rule::Any(rules) => first_or(rules.iter().map(|rule| rule.holds(group)), true),
            Rule::All(rules) => first_or(rules.iter().map(|rule| rule.holds(group)), false),
            Rule::Not(rule) => rule.holds(group).map(|holds| !holds),
            Rule::Vxid(order, operand) => {
                Some(group.iter().any(|it| order.holds_for_vxid(it.vxid, *operand)))
            }
            Rule::Met(bit, level) => Some(group.iter().any(|it| {
                it.heard.0 & 1 << bit != 0 && level.is_none_or(|level| level.contains(it.level))
            })),
            Rule::Unheard => None,
        }
    }
}

/// One answer that is `decisive` decides; otherwise all have to be known.
fn first_or(answers: impl Iterator<Item = Option<bool>>, decisive: bool) -> Option<bool> {
    let mut result = Some(!decisive);
    for answer in answers {
        match answer {
            Some(answer) if answer == decisive => return Some(decisive),
            Some(_) => {}
            None => result = None,
        }
    }
    result
}

/// Expressions that PCRE2 is needed for are not: one comparison before them may spare the search.
const fn is_cheap(test: &Test) -> bool {
    !matches!(test, Test::Search { pattern: Pattern::Regex(_), .. })
}

#[cfg(test)]
mod tests;
