//! What is shown of a look: filtered, sorted, added up, with everything that came from outside made visible.

use std::collections::BTreeMap;
use std::time::Duration;

use shellac_counters::live::{Bytes, InFlight, Phase, SeatState, Snapshot};
use shellac_render::redact::Redaction;
use shellac_render::visible;

use super::sample::{Elsewhere, Found, Sample};

/// A thread that has not been heard of for so long is not well: it says so ten times a second.
const SILENT: u64 = 1_000_000;

/// What is to be shown.
#[derive(Debug)]
pub(super) struct Filter {
    /// Requests at this backend alone.
    pub(super) backend: Option<String>,
    /// Requests that have taken so long.
    pub(super) older: Duration,
    pub(super) redaction: Redaction,
}

impl Filter {
    fn wants(&self, request: &InFlight, age: u64) -> bool {
        let by_backend = self.backend.as_ref().is_none_or(|name| {
            let name = name.as_bytes();
            if request.backend_cut {
                name.starts_with(&request.backend)
            } else {
                name == request.backend
            }
        });
        by_backend && u128::from(age) >= self.older.as_micros()
    }

    fn is_on(&self) -> bool {
        self.backend.is_some() || !self.older.is_zero()
    }
}

/// Everything that is shown. Times are in microseconds.
#[derive(Debug)]
pub(super) struct View {
    pub(super) instance: String,
    pub(super) workdir: String,
    pub(super) now_unix: u64,
    pub(super) worker: Option<WorkerLine>,
    /// Why there is nothing to see.
    pub(super) nothing: Option<String>,
    /// Requests in flight, shown or not, those of workers that are about to end included.
    pub(super) in_flight: usize,
    /// Workers that finish their requests while another one serves, and how many these are.
    pub(super) draining: Vec<(u32, usize)>,
    /// A filter is on.
    pub(super) filtered: bool,
    /// Oldest first.
    pub(super) requests: Vec<Row>,
    pub(super) backends: Vec<Sum>,
    /// Requests for which the board had no room.
    pub(super) hidden: u64,
    /// Slots that were being written whenever they were looked at, or hold what is unknown.
    pub(super) unreadable: usize,
    pub(super) threads: Vec<Thread>,
    pub(super) problems: Vec<String>,
    /// What is known of a proxy that has no scoreboard.
    pub(super) elsewhere: Option<Substitute>,
}

/// What is shown of a proxy that has no scoreboard.
#[derive(Debug)]
pub(super) struct Substitute {
    /// Oldest first.
    pub(super) sessions: Vec<SessionRow>,
    /// Sessions that are open, shown or not.
    pub(super) open: usize,
    pub(super) untold: u64,
    /// Backend, visible, and its connections in use, the most first.
    pub(super) connections: Vec<(String, u64)>,
    pub(super) remarks: Vec<String>,
}

/// An open session.
#[derive(Debug)]
pub(super) struct SessionRow {
    pub(super) xid: u64,
    /// `None` where the log does not say.
    pub(super) age: Option<u64>,
    /// Its last request, if that has not ended in the log.
    pub(super) request: Option<u64>,
    pub(super) client: String,
}

/// The worker.
#[derive(Clone, Copy, Debug)]
pub(super) struct WorkerLine {
    pub(super) pid: u32,
    pub(super) up: u64,
}

/// One thread that serves.
#[derive(Clone, Copy, Debug)]
pub(super) struct Thread {
    pub(super) number: usize,
    /// Since it was last heard of.
    pub(super) silent: u64,
}

impl Thread {
    /// What is said of its requests is not to be believed any more.
    pub(super) fn is_silent(&self) -> bool {
        self.silent > SILENT
    }
}

/// One request.
#[derive(Debug)]
pub(super) struct Row {
    /// The worker that serves it, if that is one which is about to end.
    pub(super) draining: Option<u32>,
    pub(super) xid: Option<u64>,
    pub(super) session: u64,
    pub(super) attempt_xid: Option<u64>,
    pub(super) attempt: u32,
    pub(super) age: u64,
    pub(super) phase: Phase,
    pub(super) since: u64,
    /// Until the wait is given up; 0 when that is due.
    pub(super) left: Option<u64>,
    /// Visible; empty without one.
    pub(super) backend: String,
    pub(super) client: Option<String>,
    /// Visible and redacted; empty while the head is being read.
    pub(super) method: String,
    pub(super) url: String,
    pub(super) url_cut: bool,
    pub(super) thread: usize,
    pub(super) bytes: Bytes,
}

/// The requests at one backend.
#[derive(Debug)]
pub(super) struct Sum {
    /// Visible; empty for requests that are at none.
    pub(super) backend: String,
    pub(super) count: usize,
    pub(super) oldest: u64,
    /// By what they wait for, the most first.
    pub(super) phases: Vec<(Phase, usize)>,
}

impl View {
    /// What is shown of `sample`.
    pub(super) fn new(sample: &Sample, filter: &Filter) -> View {
        let worker = sample.worker.map(|worker| WorkerLine {
            pid: worker.pid,
            up: sample.now_unix.saturating_sub(worker.started_unix.saturating_mul(1_000_000)),
        });
        let mut view = View {
            instance: visible(sample.instance.as_deref().unwrap_or_default().as_bytes()),
            workdir: visible(sample.workdir.as_bytes()),
            now_unix: sample.now_unix,
            worker,
            nothing: None,
            in_flight: 0,
            draining: Vec::new(),
            filtered: filter.is_on(),
            requests: Vec::new(),
            backends: Vec::new(),
            hidden: 0,
            unreadable: 0,
            threads: Vec::new(),
            problems: sample.problems.iter().map(|it| visible(it.as_bytes())).collect(),
            elsewhere: None,
        };
        match &sample.found {
            Found::Board(snapshot) => {
                let thread = |(number, seat): (usize, &SeatState)| Thread {
                    number,
                    silent: sample.now.saturating_sub(seat.swept),
                };
                view.threads = snapshot.seats.iter().enumerate().map(thread).collect();
                let draining = sample.draining.iter().map(|(pid, board)| (Some(*pid), board));
                for (pid, board) in [(None, snapshot)].into_iter().chain(draining) {
                    view.fill(pid, board, sample.now, filter);
                }
                view.requests.sort_by_key(|row| (std::cmp::Reverse(row.age), row.xid));
                view.backends = sums(&view.requests);
            }
            Found::Elsewhere(found) => {
                view.elsewhere = Some(Substitute::new(found, sample.now_unix, filter));
            }
            Found::Nothing(why) => view.nothing = Some(visible(why.as_bytes())),
        }
        view
    }

    /// Whether there is a worker to look at.
    pub(super) fn is_there(&self) -> bool {
        self.nothing.is_none()
    }

    /// Adds the requests of a board; `draining`: that of a worker which is about to end.
    fn fill(&mut self, draining: Option<u32>, board: &Snapshot, now: u64, filter: &Filter) {
        self.in_flight += board.requests.len();
        self.draining.extend(draining.map(|pid| (pid, board.requests.len())));
        self.hidden = self.hidden.saturating_add(board.hidden());
        self.unreadable += board.busy + board.broken;
        let requests = board
            .requests
            .iter()
            .map(|request| (request, now.saturating_sub(request.started)))
            .filter(|(request, age)| filter.wants(request, *age))
            .map(|(request, age)| Row { draining, ..row(request, age, now, &filter.redaction) });
        self.requests.extend(requests);
    }
}

impl Substitute {
    fn new(found: &Elsewhere, now_unix: u64, filter: &Filter) -> Substitute {
        let row = |(xid, session): &(u64, super::sessions::Session)| SessionRow {
            xid: *xid,
            age: (session.opened_unix > 0).then(|| now_unix.saturating_sub(session.opened_unix)),
            request: session.request,
            client: session.client.clone(),
        };
        let old = |row: &SessionRow| {
            // One whose age is not known began before the log.
            row.age.is_none_or(|age| u128::from(age) >= filter.older.as_micros())
        };
        // The backend's name is that of the log's, with the configuration's before it.
        let wanted = |name: &str| {
            filter.backend.as_ref().is_none_or(|wanted| {
                name == wanted || name.rsplit('.').next() == Some(wanted.as_str())
            })
        };
        let mut connections: Vec<(String, u64)> = found
            .connections
            .iter()
            .filter(|(name, _)| wanted(name))
            .map(|(name, count)| (visible(name.as_bytes()), *count))
            .collect();
        connections.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        Substitute {
            sessions: found.sessions.iter().map(row).filter(old).collect(),
            open: found.sessions.len(),
            untold: found.untold,
            connections,
            remarks: found.remarks.iter().map(|it| visible(it.as_bytes())).collect(),
        }
    }
}

fn row(request: &InFlight, age: u64, now: u64, redaction: &Redaction) -> Row {
    let mut words = request.request.splitn(2, |&byte| byte == b' ');
    let method = visible(words.next().unwrap_or_default());
    let url = visible(words.next().unwrap_or_default());
    let cut = if request.backend_cut { ".." } else { "" };
    Row {
        draining: None,
        xid: request.xid,
        session: request.session,
        attempt_xid: request.attempt_xid,
        attempt: request.attempt,
        age,
        phase: request.phase,
        since: now.saturating_sub(request.since),
        left: request.deadline.map(|deadline| deadline.saturating_sub(now)),
        backend: visible(&request.backend) + cut,
        client: request.client.map(|client| client.to_string()),
        method,
        url: redaction.parameters_in(&url).into_owned(),
        url_cut: request.request_cut,
        thread: request.seat,
        bytes: request.bytes,
    }
}

/// Adds up by backend, the one with the most requests first.
fn sums(rows: &[Row]) -> Vec<Sum> {
    let mut found: BTreeMap<&str, (usize, u64, BTreeMap<Phase, usize>)> = BTreeMap::new();
    for row in rows {
        let (count, oldest, phases) = found.entry(&row.backend).or_default();
        *count += 1;
        *oldest = row.age.max(*oldest);
        *phases.entry(row.phase).or_default() += 1;
    }
    let mut sums: Vec<Sum> = found
        .into_iter()
        .map(|(backend, (count, oldest, phases))| {
            let mut phases: Vec<(Phase, usize)> = phases.into_iter().collect();
            phases.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
            Sum { backend: backend.to_owned(), count, oldest, phases }
        })
        .collect();
    sums.sort_by_key(|sum| std::cmp::Reverse(sum.count));
    sums
}
