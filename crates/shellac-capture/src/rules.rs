//! What is worth keeping: rules with what fires them, how much is kept, and what else happens then.
//!
//! A rule comes from an option (`--on QUERY`) or from a file ([`mod@file`]). Its queries are kept as they were parsed by
//! the newer generation's grammar, or the older one's where only that knows the names in them.

use std::time::Duration;

use shellac_measure::RateRule;
use shellac_query::{Compat, Options, Query, QueryError};

pub mod file;
mod table;
mod time;

pub use table::RuleError;
pub use time::parse_duration;

/// How much is kept when a rule fires.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Keep {
    /// The group that fired: a request with its attempts.
    #[default]
    Group,
    /// All requests of the same client connection in the window.
    Session,
    /// All requests in the window for which the same backend was asked.
    Backend,
    /// Everything in the window.
    All,
}

impl Keep {
    /// All of them with the words that users write.
    pub const WORDS: [(&'static str, Keep); 4] = [
        ("group", Keep::Group),
        ("session", Keep::Session),
        ("backend", Keep::Backend),
        ("all", Keep::All),
    ];

    /// The word that users write.
    pub fn word(self) -> &'static str {
        Keep::WORDS.iter().find(|(_, keep)| *keep == self).map_or("", |(word, _)| word)
    }
}

/// How bad it is that a rule fires.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Worth looking at.
    #[default]
    Warning,
    /// Worth getting up for.
    Critical,
}

impl Severity {
    /// All of them with the words that users write.
    pub const WORDS: [(&'static str, Severity); 3] = [
        ("info", Severity::Info),
        ("warning", Severity::Warning),
        ("critical", Severity::Critical),
    ];

    /// The word that users write.
    pub fn word(self) -> &'static str {
        Severity::WORDS.iter().find(|(_, it)| *it == self).map_or("", |(word, _)| word)
    }
}

/// What fires a rule.
#[derive(Clone, Debug)]
pub enum On {
    /// A group that one of these selects.
    Groups(Vec<Query>),
    /// A rate or a ratio over groups, with the queries of its terms; `None` is a term that all groups count for.
    Rate {
        /// The rule on numbers.
        rule: RateRule,
        /// One for each term.
        terms: Vec<Option<Query>>,
    },
    /// Somebody else says so: a line of another program's log, or a person.
    Outside,
}

/// A program that is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exec {
    /// Path and arguments; no shell looks at them.
    pub command: Vec<String>,
    /// It is killed after this time.
    pub timeout: Duration,
}

impl Exec {
    /// The time that a program has when nothing is said.
    pub const TIMEOUT: Duration = Duration::from_secs(10);
}

/// What happens when a rule fires.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actions {
    /// The records go to a file.
    pub file: bool,
    /// It is counted in `counters.json`.
    pub counter: bool,
    /// A program is started.
    pub exec: Option<Exec>,
}

impl Default for Actions {
    fn default() -> Actions {
        Actions { file: true, counter: true, exec: None }
    }
}

/// How often a rule may fire for the same class of error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// As often as this.
    pub count: u32,
    /// In this time.
    pub per: Duration,
}

impl Limit {
    /// The limit of a rule that says nothing.
    pub const DEFAULT: Limit = Limit { count: 300, per: Duration::from_secs(60) };

    /// Parses `COUNT/TIME`, such as `100/1m`; `off` is `None`.
    ///
    /// # Errors
    ///
    /// What is wrong, for people.
    pub fn parse(text: &str) -> Result<Option<Limit>, String> {
        if text == "off" {
            return Ok(None);
        }
        let wrong =
            || format!("`{text}` is no limit; write COUNT/TIME such as \"100/1m\", or \"off\"");
        let (count, per) = text.split_once('/').ok_or_else(wrong)?;
        let count = count.trim().parse().ok().filter(|&count: &u32| count > 0).ok_or_else(wrong)?;
        Ok(Some(Limit { count, per: parse_duration(per.trim())? }))
    }
}

/// One rule.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Its name in the index, the manifest and messages.
    pub name: String,
    /// What fires it.
    pub on: On,
    /// How much is kept.
    pub keep: Keep,
    /// The window begins so long before it fires.
    pub before: Duration,
    /// The window ends so long after.
    pub after: Duration,
    /// What happens.
    pub actions: Actions,
    /// How bad it is.
    pub severity: Severity,
    /// Who takes care of it.
    pub owner: Option<String>,
    /// Where it is written what to do.
    pub runbook: Option<String>,
    /// How often, per class of error.
    pub limit: Option<Limit>,
    /// A rule that has not fired for this long is over.
    pub resolve: Duration,
}

impl Rule {
    /// A rule with nothing but a name and what fires it.
    pub fn new(name: impl Into<String>, on: On) -> Rule {
        Rule {
            name: name.into(),
            on,
            keep: Keep::default(),
            before: Duration::ZERO,
            after: Duration::ZERO,
            actions: Actions::default(),
            severity: Severity::default(),
            owner: None,
            runbook: None,
            limit: Some(Limit::DEFAULT),
            resolve: Duration::from_secs(60),
        }
    }

    /// A rule for `--on QUERY`, called as its query.
    ///
    /// # Errors
    ///
    /// [`QueryError`] with the first place that is wrong.
    pub fn on_query(text: &str) -> Result<Rule, QueryError> {
        Ok(Rule::new(name_of(text), On::Groups(vec![parse_query(text)?])))
    }

    /// A rule for `--on-rate`, called as its text.
    ///
    /// # Errors
    ///
    /// What is wrong with the rule or with a query in it.
    pub fn on_rate(text: &str) -> Result<Rule, String> {
        Ok(Rule::new(name_of(text), rate(text)?))
    }

    /// The rule with its queries read as `compat` reads them.
    ///
    /// # Errors
    ///
    /// [`QueryError`] where a name or a number is none by those rules.
    pub fn with_compat(&self, compat: Compat) -> Result<Rule, QueryError> {
        let on = match &self.on {
            On::Groups(queries) => On::Groups(
                queries.iter().map(|it| it.with_compat(compat)).collect::<Result<_, _>>()?,
            ),
            On::Rate { rule, terms } => {
                let terms =
                    terms.iter().map(|it| it.as_ref().map(|it| it.with_compat(compat)).transpose());
                On::Rate { rule: rule.clone(), terms: terms.collect::<Result<_, _>>()? }
            }
            On::Outside => On::Outside,
        };
        Ok(Rule { on, ..self.clone() })
    }

    /// Whether a time is asked for that changes nothing, because only the group is kept.
    pub fn has_span_for_nothing(&self) -> bool {
        let has_span = !self.before.is_zero() || !self.after.is_zero();
        has_span && self.keep == Keep::Group && matches!(self.on, On::Groups(_))
    }

    /// Whether more is kept than the group itself.
    pub fn has_window(&self) -> bool {
        self.actions.file && self.keep != Keep::Group
    }
}

/// Bytes of the longest name that is made of a query.
const MAX_NAME: usize = 120;

fn name_of(text: &str) -> String {
    let mut name = text.split_whitespace().collect::<Vec<_>>().join(" ");
    name.truncate(name.floor_char_boundary(MAX_NAME));
    name
}

/// Parses a query whose generation is not known yet.
fn parse_query(text: &str) -> Result<Query, QueryError> {
    let older = Options { compat: Compat::V7, caseless: false };
    Query::parse(text).or_else(|error| Query::parse_with(text, older).map_err(|_| error))
}

fn rate(text: &str) -> Result<On, String> {
    let rule = RateRule::parse(text).map_err(|error| error.to_string())?;
    let terms = rule.queries().iter().map(|query| {
        if query.is_empty() {
            return Ok(None);
        }
        parse_query(query)
            .map(Some)
            .map_err(|error| format!("the query `{query}`: {}", one_line(&error)))
    });
    let terms = terms.collect::<Result<_, _>>()?;
    Ok(On::Rate { rule, terms })
}

/// The message of a query's error without its picture.
fn one_line(error: &QueryError) -> String {
    match error {
        QueryError::Empty => "there is nothing in it".to_owned(),
        error => error.to_string().lines().next().unwrap_or_default().to_owned(),
    }
}

#[cfg(test)]
mod tests;
