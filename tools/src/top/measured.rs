//! How long something took, by what it was: the counts, errors and times of each kind of request, client or backend.

use std::collections::HashMap;

use shellac_format::Dialect;
use shellac_log::{Group, LogRecord};
use shellac_measure::Percentiles;
use shellac_render::dimensions::url_pattern;
use shellac_render::visible;

use crate::reading::pass::Sink;
use crate::reading::target::Written;
use crate::watch::glance::{Attempt, Glancer, Request};

/// Kinds that are told apart: with their percentiles, some 40 MB at most where times are below ten seconds.
pub(super) const MOST_KINDS: usize = 2000;
/// A longer path is cut, in bytes.
const MAX_PATH: usize = 256;
/// The status from which on an answer is an error.
const FIRST_ERROR: u16 = 500;

/// What requests are put together by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum By {
    /// The path, with numbers and names of things left out.
    UrlPattern,
    /// The backend, of attempts.
    Backend,
    /// The status of the answer.
    Status,
    /// The address of the client.
    Client,
}

impl By {
    /// Every word for `--by`.
    pub(super) const WORDS: &[&str] = &["url-pattern", "backend", "status", "client"];

    /// The word for it.
    pub(super) const fn word(self) -> &'static str {
        match self {
            By::UrlPattern => By::WORDS[0],
            By::Backend => By::WORDS[1],
            By::Status => By::WORDS[2],
            By::Client => By::WORDS[3],
        }
    }

    /// What is counted.
    pub(super) const fn counted(self) -> &'static str {
        match self {
            By::Backend => "attempts at backends, each from the request to the head of its answer",
            _ => "requests, each from its start to the end of its answer",
        }
    }
}

/// One kind.
#[derive(Clone, Debug, Default)]
pub(super) struct Kind {
    /// How many, at most.
    pub(super) count: u64,
    /// By how many that may be too high, for they were forgotten.
    pub(super) over: u64,
    /// Those that failed, or were answered with an error.
    pub(super) errors: u64,
    /// In microseconds, of those that have one.
    pub(super) times: Percentiles,
}

/// What was measured, by kind.
#[derive(Debug)]
pub(super) struct Measured {
    pub(super) by: By,
    glancer: Glancer,
    most_kinds: usize,
    kinds: HashMap<Box<[u8]>, Kind>,
    /// What was forgotten for want of room came so many times at most.
    floor: u64,
    /// Everything together.
    all: Kind,
}

impl Measured {
    /// With room for so many kinds, at least two.
    pub(super) fn new(by: By, dialect: Dialect, most_kinds: usize) -> Measured {
        Measured {
            by,
            glancer: Glancer::new(dialect),
            most_kinds: most_kinds.max(2),
            kinds: HashMap::new(),
            floor: 0,
            all: Kind::default(),
        }
    }

    /// Begins anew.
    pub(super) fn reset(&mut self) {
        self.kinds.clear();
        self.floor = 0;
        self.all = Kind::default();
    }

    /// Everything together; its count is exact.
    pub(super) const fn all(&self) -> &Kind {
        &self.all
    }

    /// What was forgotten for want of room came so many times at most; 0: nothing was.
    pub(super) const fn floor(&self) -> u64 {
        self.floor
    }

    /// All kinds with what they are called; in no order.
    pub(super) fn kinds(&self) -> impl Iterator<Item = (String, &Kind)> {
        self.kinds.iter().map(|(name, kind)| (visible(name), kind))
    }

    fn add(&mut self, name: &[u8], is_error: bool, micros: Option<u64>) {
        self.all.add(is_error, micros);
        if let Some(kind) = self.kinds.get_mut(name) {
            kind.add(is_error, micros);
            return;
        }
        if self.kinds.len() >= self.most_kinds {
            self.make_room();
        }
        let mut kind = Kind { count: self.floor, over: self.floor, ..Kind::default() };
        kind.add(is_error, micros);
        self.kinds.insert(name.into(), kind);
    }

    /// Forgets the half with the smallest counts.
    fn make_room(&mut self) {
        let mut counts: Vec<u64> = self.kinds.values().map(|kind| kind.count).collect();
        let middle = counts.len() / 2;
        let (_, median, _) = counts.select_nth_unstable(middle);
        self.floor = self.floor.max(*median);
        let floor = self.floor;
        let mut to_go = middle.max(1);
        self.kinds.retain(|_, kind| {
            let goes = to_go > 0 && kind.count <= floor;
            to_go -= usize::from(goes);
            !goes
        });
    }

    fn request(&mut self, request: &Request<'_>) {
        let is_error = request.status.is_some_and(|status| status >= FIRST_ERROR);
        let wait = request.wait;
        match self.by {
            By::UrlPattern => {
                let end = memchr::memchr(b'?', request.url).map_or(request.url.len(), |at| at + 1);
                let path = String::from_utf8_lossy(&request.url[..end.min(MAX_PATH)]);
                self.add(or_none(url_pattern(&path).as_bytes()), is_error, wait);
            }
            By::Status => match request.status {
                Some(status) => self.add(status.to_string().as_bytes(), is_error, wait),
                None => self.add(NONE, is_error, wait),
            },
            By::Client => self.add(or_none(request.client), is_error, wait),
            By::Backend => {}
        }
    }

    fn attempt(&mut self, attempt: &Attempt<'_>) {
        let is_error = attempt.error.is_some() && !attempt.went_on
            || attempt.status.is_some_and(|status| status >= FIRST_ERROR);
        self.add(or_none(attempt.backend()), is_error, attempt.answer);
    }
}

/// What is not in the log.
const NONE: &[u8] = b"(not recorded)";

const fn or_none(name: &[u8]) -> &[u8] {
    if name.is_empty() { NONE } else { name }
}

impl Kind {
    fn add(&mut self, is_error: bool, micros: Option<u64>) {
        self.count += 1;
        self.errors += u64::from(is_error);
        if let Some(micros) = micros {
            self.times.add(micros, 1);
        }
    }
}

impl Sink for Measured {
    fn set_dialect(&mut self, dialect: Dialect) -> anyhow::Result<()> {
        self.glancer = Glancer::new(dialect);
        Ok(())
    }

    fn group(&mut self, group: &Group) -> anyhow::Result<Written> {
        let glance = self.glancer.look(&group.transactions);
        match self.by {
            By::Backend => glance.attempts.iter().for_each(|attempt| self.attempt(attempt)),
            _ => glance.requests.iter().for_each(|request| self.request(request)),
        }
        Ok(Written::Fine)
    }

    fn record(&mut self, _record: &LogRecord<'_>, _bytes: &[u8]) -> anyhow::Result<Written> {
        // A record by itself is no request; raw grouping is refused.
        Ok(Written::Fine)
    }

    fn flush(&mut self) -> anyhow::Result<Written> {
        Ok(Written::Fine)
    }

    fn reopen(&mut self) -> anyhow::Result<Written> {
        Ok(Written::Fine)
    }
}

#[cfg(test)]
pub(super) mod tests;
