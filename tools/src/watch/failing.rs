//! The latest groups in which something failed, with their records, so that each can be shown whole.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use shellac_log::Transaction;
use shellac_render::failures::Failures;
use shellac_render::redact::Redaction;

/// Groups that are listed.
const LISTED: usize = 200;
/// Bytes of records that are kept for them.
const KEPT_BYTES: usize = 16 << 20;
/// The records of a larger group are not kept.
const MAX_GROUP_BYTES: usize = 2 << 20;

/// A group in which something failed. Texts are safe on a terminal and without secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failing {
    /// Counts all of them from 1; it names the group to [`Kept`].
    pub(crate) number: u64,
    /// When it failed.
    pub(crate) at: Duration,
    /// The request's number, or that of the attempt where there is no request.
    pub(crate) xid: u64,
    /// Which kind of failure.
    pub(crate) class: String,
    pub(crate) method: String,
    pub(crate) url: String,
    pub(crate) client: String,
    /// What the client was answered.
    pub(crate) status: Option<u16>,
    /// Empty where none is known.
    pub(crate) backend: String,
    /// The error text of the last failed attempt; empty when an answer was the failure.
    pub(crate) error: String,
    /// Attempts made in all.
    pub(crate) attempts: usize,
}

impl Failing {
    /// What is told of a group. `None` where its records have no number.
    pub(super) fn of(
        failures: &Failures,
        number: u64,
        at: Duration,
        redaction: &Redaction,
    ) -> Option<Failing> {
        let last = failures.attempts.iter().rev().find(|one| !one.recovered);
        let last = last.or(failures.attempts.last());
        let xid = failures.request.or_else(|| last.map(|it| it.xid));
        let time = failures.time.and_then(|time| u64::try_from(time.0).ok());
        Some(Failing {
            number,
            at: time.map_or(at, Duration::from_micros).min(at),
            xid: xid.or_else(|| failures.xids.first().copied())?,
            class: failures.class.clone(),
            method: failures.method.clone(),
            url: redaction.parameters_in(&failures.url).into_owned(),
            client: failures.client.clone(),
            status: failures.status,
            backend: failures.backend.clone().unwrap_or_default(),
            error: last.map(|it| it.error.clone()).unwrap_or_default(),
            attempts: failures.attempts_made,
        })
    }

    fn kind(&self) -> (&str, &str) {
        (&self.class, &self.backend)
    }

    /// Bytes it takes.
    pub(super) fn bytes(&self) -> usize {
        let texts =
            [&self.class, &self.method, &self.url, &self.client, &self.backend, &self.error];
        size_of::<Failing>() + texts.iter().map(|text| text.len()).sum::<usize>()
    }
}

/// The groups themselves; a clone is the same ones.
#[derive(Clone, Debug, Default)]
pub(crate) struct Kept(Arc<Mutex<List>>);

#[derive(Debug, Default)]
struct List {
    /// The oldest first.
    rows: VecDeque<Row>,
    bytes: usize,
    number: u64,
    /// What was handed out last, until one comes.
    told: Option<Arc<[Arc<Failing>]>>,
}

#[derive(Debug)]
struct Row {
    failing: Arc<Failing>,
    records: Vec<Transaction>,
    bytes: usize,
}

impl Kept {
    /// The records of the group with this number. `None`: they are not kept any more, or are too many.
    pub(crate) fn records(&self, number: u64) -> Option<Vec<Transaction>> {
        let list = self.lock();
        let row = list.rows.iter().find(|row| row.failing.number == number)?;
        (!row.records.is_empty()).then(|| row.records.clone())
    }

    /// The number that the next one gets.
    pub(super) fn next_number(&self) -> u64 {
        self.lock().number + 1
    }

    /// Adds one. Where there is no room the oldest of the kind with most goes, so that a flood of one kind leaves the
    /// others.
    pub(super) fn add(&self, failing: Failing, records: Vec<Transaction>) {
        let mut list = self.lock();
        list.told = None;
        list.number = failing.number;
        let bytes: usize = records.iter().map(|one| one.bytes().len()).sum();
        let (records, bytes) =
            if bytes <= MAX_GROUP_BYTES { (records, bytes) } else { (Vec::new(), 0) };
        list.bytes += bytes;
        list.rows.push_back(Row { failing: Arc::new(failing), records, bytes });
        while list.rows.len() > LISTED || list.bytes > KEPT_BYTES {
            let Some(at) = list.most_numerous() else { break };
            if let Some(gone) = list.rows.remove(at) {
                list.bytes -= gone.bytes;
            }
        }
    }

    /// All of them, the latest first.
    pub(super) fn list(&self) -> Arc<[Arc<Failing>]> {
        let mut list = self.lock();
        if let Some(told) = &list.told {
            return Arc::clone(told);
        }
        let told: Arc<[Arc<Failing>]> =
            list.rows.iter().rev().map(|row| Arc::clone(&row.failing)).collect();
        list.told = Some(Arc::clone(&told));
        told
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, List> {
        // Nothing is left half done in there.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl List {
    /// The place of the oldest one of the kind that there is most of.
    fn most_numerous(&self) -> Option<usize> {
        let mut kinds: HashMap<(&str, &str), usize> = HashMap::new();
        for row in &self.rows {
            *kinds.entry(row.failing.kind()).or_default() += 1;
        }
        let most = *kinds.values().max()?;
        self.rows.iter().position(|row| kinds.get(&row.failing.kind()) == Some(&most))
    }
}
