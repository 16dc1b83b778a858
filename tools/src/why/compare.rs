//! Counts groups as failing or good, and says what explains the difference.

use std::hash::{BuildHasher, Hasher, RandomState};

use shellac_format::{Dialect, Tag, TagSet};
use shellac_log::Transaction;
use shellac_measure::Dice;
use shellac_measure::study::{Findings, Limits, Study, Subject};
use shellac_query::{Compat, Options, Query};
use shellac_render::dimensions::{Account, COUNT, DIMENSIONS, HEADER_TAGS, Outcome, Unit, Units};
use shellac_render::trace::Micros;

/// From this share of failures on that never got to a backend, requests without an attempt are compared as well.
/// Below it they are left out: that a failed fetch was a fetch explains nothing.
const WITHOUT_ATTEMPT: f64 = 0.05;

/// Failing requests against good ones.
#[derive(Debug)]
pub(super) struct Comparison {
    query: Option<Query>,
    query_text: Option<String>,
    /// Dimensions that the query asks about, and whether it asks about headers.
    asked: [bool; COUNT],
    asked_headers: bool,
    /// Which units are kept in a sample depends on it, and nothing else.
    dice: Dice,
    /// Units with an attempt, and all.
    fetched: Study,
    all: Study,
    client: u64,
    account: Account,
    span: Option<(Micros, Micros)>,
}

/// What is needed for one source only: the numbers of one instance's connections mean nothing for another one.
#[derive(Debug, Default)]
pub(super) struct Pass {
    units: Units,
    query: Option<Query>,
    instance: Option<String>,
}

/// What came of it.
#[derive(Clone, Debug)]
pub(super) struct Verdict {
    pub(super) findings: Findings,
    /// The query, if one said what is to be explained.
    pub(super) query: Option<String>,
    /// Dimensions that were not compared because the query asks about them, and whether headers were not.
    pub(super) asked: Vec<usize>,
    pub(super) asked_headers: bool,
    /// Failures that were not compared because no backend was asked.
    pub(super) failed_without_attempt: u64,
    /// Whether units without an attempt are among those compared.
    pub(super) with_all: bool,
    /// Requests that failed because of their client; not compared.
    pub(super) client: u64,
    pub(super) account: Account,
    /// From the first request's start to the last one's.
    pub(super) span: Option<Micros>,
}

impl Comparison {
    /// What `query` selects is to be explained; without one, failures.
    ///
    /// # Errors
    ///
    /// The query cannot be read.
    pub(super) fn new(query: Option<&str>, random: RandomState) -> anyhow::Result<Comparison> {
        // Which generation's names and numbers count is known when the log is.
        let old = |query: &str| {
            Query::parse_with(query, Options { compat: Compat::V7, ..Options::default() })
        };
        let parsed =
            query.map(|query| Query::parse(query).or_else(|error| old(query).map_err(|_| error)));
        let parsed = parsed.transpose();
        let parsed = parsed.map_err(|error| anyhow::anyhow!("Query expression error:\n{error}"))?;
        let tags = parsed.as_ref().map_or(TagSet::EMPTY, Query::tags);
        let is_asked = |of: &[Tag]| of.iter().any(|&tag| tags.contains(tag));
        Ok(Comparison {
            query: parsed,
            asked: DIMENSIONS.map(|dimension| is_asked(dimension.tags)),
            asked_headers: is_asked(HEADER_TAGS),
            query_text: query.map(str::to_owned),
            dice: Dice::new(random.build_hasher().finish()),
            fetched: Study::new(COUNT, Limits::default()),
            all: Study::new(COUNT, Limits::default()),
            client: 0,
            account: Account::default(),
            span: None,
        })
    }

    /// Begins with a source.
    pub(super) fn pass(&self, instance: Option<&str>, dialect: Dialect) -> anyhow::Result<Pass> {
        let compat = Compat::of_dialect(dialect);
        let query = self.query.as_ref().map(|query| query.with_compat(compat)).transpose();
        let query = query.map_err(|error| anyhow::anyhow!("Query expression error:\n{error}"))?;
        Ok(Pass { units: Units::default(), query, instance: instance.map(str::to_owned) })
    }

    /// Takes a group in.
    pub(super) fn group(&mut self, pass: &mut Pass, group: &[Transaction]) {
        let chosen = pass.query.as_ref().map(|query| query.selects(group));
        for unit in pass.units.read(group, pass.instance.as_deref(), chosen) {
            self.unit(&unit);
        }
    }

    /// Ends with a source.
    pub(super) fn end(&mut self, pass: &Pass) {
        let account = pass.units.account();
        self.account.retries += account.retries;
        self.account.retries_failed += account.retries_failed;
        self.account.unfinished += account.unfinished;
    }

    fn unit(&mut self, unit: &Unit) {
        if let Some(at) = unit.at {
            let (from, to) = self.span.unwrap_or((at, at));
            self.span = Some((from.min(at), to.max(at)));
        }
        if unit.outcome == Outcome::Client {
            self.client += 1;
            return;
        }
        // What the query asks about would explain everything and say nothing.
        let value = |(value, asked)| if asked { None } else { Option::as_deref(value) };
        let values: Vec<Option<&str>> = unit.values.iter().zip(self.asked).map(value).collect();
        let headers = if self.asked_headers { &[][..] } else { &unit.headers };
        let flags: Vec<&str> = headers.iter().map(String::as_str).collect();
        let failed = unit.outcome == Outcome::Failed;
        let made = shellac_measure::study::Unit { failed, values: &values, flags: &flags };
        self.all.add(&made, self.dice.roll());
        if unit.has_attempt {
            self.fetched.add(&made, self.dice.roll());
        }
    }

    /// What explains what was seen so far. `now` is the source that is being read.
    pub(super) fn verdict_with(&self, now: Option<&Pass>) -> Verdict {
        let failed = self.all.total().failures;
        let without = failed - self.fetched.total().failures;
        let with_all = without as f64 > WITHOUT_ATTEMPT * failed as f64;
        let mut account = self.account;
        if let Some(pass) = now {
            let more = pass.units.account();
            account.retries += more.retries;
            account.retries_failed += more.retries_failed;
            account.unfinished += more.unfinished;
        }
        let mut findings = if with_all { &self.all } else { &self.fetched }.findings();
        findings.same.retain(|subject| match subject {
            Subject::Dimension(number) => !self.asked[*number],
            Subject::Flag(_) => true,
        });
        Verdict {
            findings,
            query: self.query_text.clone(),
            asked: (0..COUNT).filter(|&dimension| self.asked[dimension]).collect(),
            asked_headers: self.asked_headers,
            failed_without_attempt: if with_all { 0 } else { without },
            with_all,
            client: self.client,
            account,
            span: self.span.map(|(from, to)| to.since(from)),
        }
    }

    /// What explains everything that was seen.
    pub(super) fn verdict(&self) -> Verdict {
        self.verdict_with(None)
    }
}
