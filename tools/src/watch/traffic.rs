//! What a watch has seen, as others take it: never changed once it is made.

use std::sync::Arc;
use std::time::Duration;

use shellac_format::Dialect;
use shellac_log::Lag;

use super::events::Event;
use super::failing::Failing;
use super::histogram::Histogram;
use super::seconds::{Minute, Second};
use super::source::describe;
use super::suspects::Suspicion;

/// Statuses are counted by their first digit; the first place is for what has none.
pub(crate) const STATUSES: usize = 6;

/// What a watch has seen up to a moment. Moments are times since 1970.
#[derive(Clone, Debug)]
pub(crate) struct Traffic {
    /// The moment: that of the clock, or for files that of the latest record.
    pub(crate) at: Duration,
    /// When watching began: by the clock, or for files and what lay in the ring by the first record.
    pub(crate) since: Duration,
    /// What is watched: the directory, or the file.
    pub(crate) name: String,
    /// How it is going.
    pub(crate) reading: Reading,
    /// The table of tags, once it is known.
    pub(crate) dialect: Option<Dialect>,
    /// How far this reader is behind the writer; `None` for files and without a log.
    pub(crate) lag: Option<Lag>,
    /// Bytes of the log that were read.
    pub(crate) read_bytes: u64,
    /// What could not be read.
    pub(crate) lost: Lost,
    /// Times that the log came back after its worker had gone.
    pub(crate) restarts: u64,
    /// Everything since watching began.
    pub(crate) total: Sums,
    /// Finished seconds, the oldest first, without gaps; at most two minutes of them.
    pub(crate) seconds: Arc<[Second]>,
    /// The last minute.
    pub(crate) minute: Minute,
    /// By name.
    pub(crate) backends: Vec<Arc<BackendTraffic>>,
    /// Attempts at backends beyond those that are told apart.
    pub(crate) attempts_left_out: u64,
    /// Failed attempts by class since watching began, the most frequent first.
    pub(crate) classes: Vec<(String, u64)>,
    /// URLs by requests in the last minute, the most frequent first.
    pub(crate) urls: Arc<[UrlTraffic]>,
    /// Groups in which something failed, the latest first.
    pub(crate) failing: Arc<[Arc<Failing>]>,
    /// On what the failures of the last minute concentrate, if they do.
    pub(crate) suspicion: Option<Suspicion>,
    /// What happened besides requests, the latest last.
    pub(crate) events: Arc<[Event]>,
}

/// Numbers that only grow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sums {
    /// Requests of clients.
    pub(crate) requests: u64,
    /// Those answered with a status of 500 or more.
    pub(crate) errors: u64,
    /// Attempts at backends.
    pub(crate) attempts: u64,
    /// Those that failed, but for those that their client broke off.
    pub(crate) failures: u64,
    /// Attempts that followed a failed one.
    pub(crate) retries: u64,
    /// What clients were answered, by the first digit; the first place is for no answer.
    pub(crate) statuses: [u64; STATUSES],
}

/// How reading goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    /// There is no log yet, and why.
    Waiting(String),
    /// All is well.
    On,
    /// There was a log and it is gone; what became of it.
    Gone(String),
    /// All files were read.
    Ended,
    /// Reading came to a stop, and why.
    Failed(String),
}

/// What could not be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Lost {
    /// Bytes of the log.
    pub(crate) bytes: u64,
    /// Whether that number is exact; on other people's rings it may be off by a segment.
    pub(crate) inexact: bool,
    /// How often.
    pub(crate) times: u64,
}

/// What went to one backend. Its name is without that of the configuration, as in the log.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct BackendTraffic {
    /// Its name, safe on a terminal.
    pub(crate) name: String,
    /// Address and port of its latest connection; empty when there was none, and for a UNIX socket.
    pub(crate) address: String,
    /// Attempts, all.
    pub(crate) attempts: u64,
    /// Those that failed, but for those that their client broke off.
    pub(crate) failures: u64,
    /// Attempts that followed a failed one.
    pub(crate) retries: u64,
    /// Answers by the first digit of their status; the first place is for none.
    pub(crate) statuses: [u64; STATUSES],
    /// Times that new connections took.
    pub(crate) connect: Histogram,
    /// Times from the request being sent to the head of the answer.
    pub(crate) answer: Histogram,
    /// Attempts in the last minute.
    pub(crate) minute_attempts: u64,
    /// Failures in the last minute.
    pub(crate) minute_failures: u64,
    /// Answers with a status of 500 or more in the last minute.
    pub(crate) minute_errors: u64,
    /// Half of the waits for an answer were not longer, lately; in microseconds, to a tenth.
    pub(crate) p50: Option<u64>,
    /// 99 of 100.
    pub(crate) p99: Option<u64>,
    /// The latest failure and its class.
    pub(crate) failed: Option<(Duration, Arc<str>)>,
    /// What was said about its health last.
    pub(crate) health: Option<Health>,
}

/// A `Backend_health` record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Health {
    /// When it was read.
    pub(crate) at: Duration,
    /// Whether it was found sick.
    pub(crate) sick: bool,
    /// The whole record behind the name, safe on a terminal.
    pub(crate) text: String,
    /// When it changed last, and what was said about why, as far as that was watched.
    pub(crate) changed: Option<(Duration, String)>,
}

/// Requests for one kind of URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UrlTraffic {
    /// The URL without what differs from request to request, safe on a terminal.
    pub(crate) pattern: String,
    /// Requests in the last minute, at most.
    pub(crate) requests: u64,
    /// Those answered with a status of 500 or more.
    pub(crate) errors: u64,
}

impl Default for Traffic {
    fn default() -> Traffic {
        Traffic::nothing_yet(String::new())
    }
}

impl Traffic {
    /// Before anything was read.
    pub(crate) fn nothing_yet(name: String) -> Traffic {
        Traffic {
            at: Duration::ZERO,
            since: Duration::ZERO,
            name,
            reading: Reading::Waiting("it is being looked for".to_owned()),
            dialect: None,
            lag: None,
            read_bytes: 0,
            lost: Lost::default(),
            restarts: 0,
            total: Sums::default(),
            seconds: Arc::from([]),
            minute: Minute::default(),
            backends: Vec::new(),
            attempts_left_out: 0,
            classes: Vec::new(),
            urls: Arc::from([]),
            failing: Arc::from([]),
            suspicion: None,
            events: Arc::from([]),
        }
    }

    /// Nothing can be watched.
    pub(crate) fn refused(error: &anyhow::Error) -> Traffic {
        Traffic { reading: Reading::Failed(describe(error)), ..Traffic::default() }
    }

    /// Bytes of this one that `other` does not share.
    pub(crate) fn bytes_apart_from(&self, other: &Traffic) -> usize {
        let alone = |(at, mine): (usize, &Arc<BackendTraffic>)| {
            let is_shared = other.backends.get(at).is_some_and(|other| Arc::ptr_eq(mine, other));
            size_of_val(mine) + if is_shared { 0 } else { mine.bytes() }
        };
        let backends: usize = self.backends.iter().enumerate().map(alone).sum();
        let classes: usize = self.classes.iter().map(|it| size_of_val(it) + it.0.len()).sum();
        let urls = self.urls.iter().map(|it| size_of_val(it) + it.pattern.len()).sum::<usize>();
        let are_same = Arc::ptr_eq(&self.failing, &other.failing);
        // Those that are in both lists are shared, and the list is in order.
        let newest = other.failing.first().map_or(0, |it| it.number);
        let young = self.failing.iter().take_while(|it| it.number > newest);
        let failing: usize = young.map(|it| it.bytes()).sum();
        let failing = if are_same { 0 } else { failing + size_of_val(&*self.failing) };
        let events = self.events.iter().map(|it| size_of_val(it) + it.text.len()).sum::<usize>();
        let events = if Arc::ptr_eq(&self.events, &other.events) { 0 } else { events };
        size_of::<Traffic>()
            + size_of_val(&*self.seconds)
            + backends
            + classes
            + urls
            + failing
            + events
    }
}

impl BackendTraffic {
    fn bytes(&self) -> usize {
        let health = self.health.as_ref().map_or(0, |health| {
            health.text.len() + health.changed.as_ref().map_or(0, |(_, text)| text.len())
        });
        let buckets = self.connect.bytes() + self.answer.bytes();
        size_of::<BackendTraffic>() + self.name.len() + self.address.len() + buckets + health
    }
}
