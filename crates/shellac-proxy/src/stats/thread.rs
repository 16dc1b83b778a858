//! One thread's counters.

use std::cell::Cell;

use shellac_counters::vsc::table::{Log, Main, Vbe};
use shellac_counters::vsc::write::{Counts, Published, Tally};
use shellac_http1::BodyFraming;
use shellac_ring::PendingStats;
use shellac_upstream::NoEndpoint;

use super::{Counting, outcome};
use crate::log::{Acct, SessionEnd};

/// What a thread has counted about the worker as a whole.
#[derive(Debug)]
pub(crate) struct Stats {
    main: Tally<Main>,
    log: Published<Log>,
    /// What was published of what is sampled.
    before: Cell<Sample>,
}

/// Numbers that others keep, as of a sweep.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sample {
    /// Open client connections.
    pub(crate) sessions: usize,
    /// Requests in flight.
    pub(crate) requests: usize,
    /// Records that were written, and batches that went out before their transaction ended.
    pub(crate) records: u64,
    pub(crate) flushes: u64,
    /// What had to wait for the log.
    pub(crate) pending: PendingStats,
    /// Requests that the scoreboard had no room for.
    pub(crate) unshown: u64,
}

impl Stats {
    /// Nothing counted yet.
    pub(crate) fn new(counting: &Counting) -> Stats {
        let main = Tally::new(counting.main().clone());
        Stats { main, log: counting.log().clone(), before: Cell::default() }
    }

    /// The worker as a whole.
    #[inline]
    pub(crate) fn main(&self) -> Counts<'_, Main> {
        self.main.first()
    }

    /// A connection could not be accepted.
    pub(crate) fn accept_failed(&self, errno: i32) {
        self.main().inc(Main::SessFail);
        self.main().inc(outcome::accept_error(errno));
    }

    /// A client's connection came.
    pub(crate) fn session(&self) {
        self.main().inc(Main::SessConn);
        self.main().inc(Main::SSess);
    }

    /// A client's connection ended.
    pub(crate) fn session_ended(&self, end: SessionEnd) {
        let (counter, is_error) = outcome::session_end(end);
        self.main().inc(counter);
        self.main().inc(Main::SessClosed);
        if is_error {
            self.main().inc(Main::SessClosedErr);
        }
    }

    /// A request ended, with its bytes.
    pub(crate) fn request_ended(&self, acct: &Acct) {
        self.main().add(Main::SReqHdrbytes, acct.request_head);
        self.main().add(Main::SReqBodybytes, acct.request_body);
        self.main().add(Main::SRespHdrbytes, acct.response_head);
        self.main().add(Main::SRespBodybytes, acct.response_body);
    }

    /// A client is sent a head with this status.
    pub(crate) fn response(&self, status: u16) {
        self.main().inc(outcome::status(status));
        if status == 500 {
            self.main().inc(Main::ClientResp500);
        }
    }

    /// A response of a backend has come, with a body of this framing.
    pub(crate) fn fetched(&self, method: &str, status: u16, framing: BodyFraming) {
        self.main().inc(outcome::body(method, status, framing));
    }

    /// A connection to a backend was made, in this many microseconds.
    pub(crate) fn connected(&self, backend: Counts<'_, Vbe>, took: u64) {
        self.main().inc(Main::BackendConn);
        backend.inc(Vbe::Open);
        backend.add(Vbe::ConnectTime, took);
        if let Some(counter) = outcome::lost_packets(took) {
            backend.inc(counter);
        }
    }

    /// No connection to a backend was made.
    pub(crate) fn connect_failed(&self, backend: Counts<'_, Vbe>, errno: i32) {
        self.main().inc(Main::BackendFail);
        backend.inc(Vbe::Fail);
        backend.inc(outcome::connect_error(errno));
    }

    /// A request is sent, on a connection that is new or not.
    pub(crate) fn sent(&self, backend: Counts<'_, Vbe>, reused: bool) {
        self.main().inc(Main::BackendReq);
        backend.inc(Vbe::Req);
        if reused {
            self.main().inc(Main::BackendReuse);
            backend.inc(Vbe::Reuse);
        }
    }

    /// The head of a response has come, this many microseconds after the attempt began.
    pub(crate) fn received(&self, backend: Counts<'_, Vbe>, status: u16, head: u64, took: u64) {
        backend.inc(Vbe::Beresp);
        backend.add(Vbe::BerespHdrbytes, head);
        backend.add(Vbe::FirstByteTime, took);
        if status >= 500 {
            backend.inc(Vbe::Beresp5xx);
        }
    }

    /// The first attempt of a request has an outcome, which is not the client's doing.
    pub(crate) fn first(&self, backend: Counts<'_, Vbe>, failed: bool) {
        backend.inc(Vbe::First);
        if failed {
            backend.inc(Vbe::FirstFailed);
        }
    }

    /// An attempt failed, for a reason of this class; what is the client's doing, or an administrator's, is no failure.
    pub(crate) fn attempt_failed(&self, backend: Counts<'_, Vbe>, class: &str) {
        if class == "client" || class == "admin" {
            return backend.inc(Vbe::FetchClient);
        }
        self.main().inc(Main::FetchFailed);
        backend.inc(Vbe::FetchFailed);
        match class {
            "timeout" | "cut" => backend.inc(Vbe::FetchTimeout),
            "local" | "body_file" => backend.inc(Vbe::FetchLocal),
            _ => {}
        }
    }

    /// No backend was there for an attempt.
    pub(crate) fn not_picked(&self, why: NoEndpoint) {
        self.main().inc(Main::FetchFailed);
        self.main().inc(match why {
            NoEndpoint::Full => Main::BackendBusy,
            _ => Main::BackendUnhealthy,
        });
    }

    /// Another attempt follows a failed one, which was on a reused connection or not.
    pub(crate) fn retried(&self, reused: bool) {
        self.main().inc(Main::Retry);
        if reused {
            self.main().inc(Main::BackendRetry);
        }
    }

    /// Publishes what was counted, and what has become of `sample`.
    pub(crate) fn sweep(&self, sample: Sample) {
        let before = self.before.replace(sample);
        let main = self.main();
        // Gauges too are sums over threads, of differences that may be negative.
        let delta = |now: usize, before: usize| (now as u64).wrapping_sub(before as u64);
        let gauge = |gauge: Main, delta: u64| {
            if delta != 0 {
                main.add(gauge, delta)
            }
        };
        gauge(Main::NSess, delta(sample.sessions, before.sessions));
        gauge(Main::NReq, delta(sample.requests, before.requests));
        gauge(Main::ShmRecords, sample.records - before.records);
        gauge(Main::ShmFlushes, sample.flushes - before.flushes);
        self.sweep_log(&sample, &before);
        if self.main.sweep() {
            self.main.published().add(0, Main::Summs, 1);
        }
    }

    fn sweep_log(&self, sample: &Sample, before: &Sample) {
        let (now, then) = (&sample.pending, &before.pending);
        let waiting = (now.waiting_bytes as u64).wrapping_sub(then.waiting_bytes as u64);
        let dropped = now.dropped_records - then.dropped_records + now.oversized_records
            - then.oversized_records;
        for (counter, delta) in [
            (Log::Queued, now.queued_batches - then.queued_batches),
            (Log::Reduced, now.reduced_batches - then.reduced_batches),
            (Log::DroppedRecords, dropped),
            (Log::DroppedTransactions, now.dropped_transactions - then.dropped_transactions),
            (Log::WaitingBytes, waiting),
            (Log::Unshown, sample.unshown - before.unshown),
        ] {
            if delta != 0 {
                self.log.add(0, counter, delta);
            }
        }
    }
}
