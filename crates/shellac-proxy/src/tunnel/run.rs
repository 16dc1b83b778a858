//! Both directions of a tunnel, and the times within which something has to happen.

use std::future::poll_fn;
use std::task::{Context, Poll};
use std::time::Duration;

use shellac_counters::live::{Bytes, Phase};
use shellac_counters::vsc::table::{Main, Vbe};
use shellac_upstream::InFlight;

use super::flow::{Flow, Lost};
use super::passed::{End, Passed};
use crate::client::Exchange;
use crate::clock::Micros;
use crate::log::Txn;
use crate::worker::{Conn, Look, Taking, Timer, Transport, Worker};

/// Reads in each direction before others get their turn.
const MOVES: u32 = 8;

/// A tunnel between the client of a request and a backend.
pub(crate) struct Tunnel<'a, 's> {
    exchange: &'a mut Exchange<'s>,
    txn: &'a Txn,
    conn: Box<Conn>,
    busy: &'a mut InFlight,
    _open: Open<'s>,
    /// From the client to the backend.
    up: Flow,
    /// From the backend to the client.
    down: Flow,
    end: Option<End>,
    /// Something has to move in this time, or it ends then.
    idle: Duration,
    idle_end: Micros,
    total: Option<(Micros, Duration)>,
    /// Goes off when the kernel is to be asked what the peers have taken.
    timer: Timer<'s>,
    taking: Taking,
    /// Bytes of both directions that were counted.
    counted: [u64; 4],
    /// Bytes of the request's head that the backend was sent, and bytes that went to the client before.
    head_len: u64,
    before: u64,
    answered: bool,
}

/// Counts the tunnel as long as it is there.
struct Open<'w>(&'w Worker);

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.stats.main().add(Main::NPipe, u64::MAX);
    }
}

impl<'a, 's> Tunnel<'a, 's> {
    /// A tunnel through `conn`, which `busy` has a place for. What was read ahead of either side goes first; `head_len` bytes of a
    /// head have gone to the backend.
    pub(crate) fn new(
        exchange: &'a mut Exchange<'s>,
        txn: &'a Txn,
        mut conn: Box<Conn>,
        busy: &'a mut InFlight,
        head_len: u64,
    ) -> Tunnel<'a, 's> {
        let worker = exchange.worker;
        let (own, all) = (&exchange.route.timeouts, &exchange.local.config().timeouts);
        let idle = own.pipe_idle.unwrap_or(all.pipe_idle);
        let total = own.pipe_total.unwrap_or(all.pipe_total);
        let now = worker.log.now();
        let (mut up, mut down) = (Flow::default(), Flow::default());
        let client = &mut *exchange.client;
        up.begin(client.input.filled());
        client.input.consume(client.input.len());
        up.end_if(client.ended);
        down.begin(conn.input.filled());
        conn.input.consume(conn.input.len());
        // Neither is needed any more, and a tunnel may last.
        worker.buffers.reclaim(&mut client.input);
        worker.buffers.reclaim(&mut conn.input);
        worker.stats.main().add(Main::NPipe, 1);
        Tunnel {
            txn,
            conn,
            busy,
            _open: Open(worker),
            end: client.ended.then_some(End::Client),
            up,
            down,
            idle,
            idle_end: now,
            total: total.map(|total| (now.after(total), total)),
            timer: Timer::new(&worker.deadlines, now),
            taking: Taking::default(),
            counted: [0; 4],
            head_len,
            before: exchange.written,
            answered: false,
            exchange,
        }
    }

    /// Hands the bytes on until the end.
    pub(crate) async fn run(mut self) -> Passed {
        // Whoever looks sees it while it lasts.
        self.txn.flush();
        self.exchange.txn.flush();
        self.begin_wait(self.exchange.worker.log.coarse());
        let end = poll_fn(|cx| self.poll(cx)).await;
        self.count();
        Passed {
            fd: self.conn.fd(),
            from_client: self.up.read,
            to_client: self.down.written,
            from_backend: self.down.read,
            linger: self.down.said_end && !self.up.heard_end,
            end,
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        let worker = self.exchange.worker;
        let (mut down_moves, mut up_moves) = (MOVES, MOVES);
        // Once more after an error, for what the other direction makes of it.
        loop {
            let client = &mut self.exchange.client.stream;
            let backend = &mut self.conn.stream;
            let mut scratch = worker.scratch.borrow_mut();
            let down = self.down.poll(backend, client, cx, &mut scratch, &mut down_moves);
            let up = self.up.poll(client, backend, cx, &mut scratch, &mut up_moves);
            drop(scratch);
            if let Poll::Ready(Err(lost)) = down {
                self.lose(lost, End::BackendReset, End::ClientReset);
            } else if let Poll::Ready(Err(lost)) = up {
                self.lose(lost, End::ClientReset, End::BackendReset);
            } else {
                break;
            }
        }
        for (flow, end) in [(&self.down, End::Backend), (&self.up, End::Client)] {
            if flow.ended {
                self.end.get_or_insert(end);
            }
        }
        self.settle();
        if self.up.done && self.down.done {
            return Poll::Ready(self.end.take().unwrap_or(End::Backend));
        }
        if let Some(reason) = self.exchange.live.kill_reason() {
            return Poll::Ready(End::Killed(reason));
        }
        match self.out_of_time(cx) {
            Some(end) => Poll::Ready(end),
            None => Poll::Pending,
        }
    }

    /// Why it has had its time, if it has. Bytes that were handed to the kernel and that a peer takes slowly still move.
    fn out_of_time(&mut self, cx: &mut Context<'_>) -> Option<End> {
        while self.timer.is_late(cx) {
            let now = self.exchange.worker.deadlines.now();
            if let Some((until, total)) = self.total
                && now >= until
            {
                return Some(End::Total(total));
            }
            let peers = [&self.exchange.client.stream, &self.conn.stream];
            let taken = || peers.into_iter().filter_map(Transport::taken).reduce(u64::wrapping_add);
            match self.taking.look(self.idle_end, taken, now) {
                Look::Over => return Some(End::Idle(self.idle)),
                Look::Moved => self.begin_wait(now),
                Look::Still => self.look_next(now),
            }
        }
        None
    }

    /// A peer is lost. What it said is still passed on; nothing can be said to it.
    fn lose(&mut self, lost: Lost, source: End, target: End) {
        let end = match lost {
            Lost::Source => source,
            Lost::Target => target,
        };
        if end == End::ClientReset {
            self.down.stop()
        } else {
            self.up.stop()
        }
        self.end.get_or_insert(end);
    }

    /// Accounts for what has moved, and begins the wait anew if something has.
    fn settle(&mut self) {
        if !self.count() {
            return;
        }
        self.begin_wait(self.exchange.worker.log.coarse());
        self.taking = Taking::default();
        if self.down.read > 0 && !std::mem::replace(&mut self.answered, true) {
            let log = &self.exchange.worker.log;
            if let Some(event) = self.busy.answered(log.steady(log.coarse())) {
                let name = &self.exchange.local.generation().name;
                log.backend_event(name, self.busy.endpoint(), event);
            }
        }
    }

    /// The wait for something to move begins at `now`.
    fn begin_wait(&mut self, now: Micros) {
        self.idle_end = now.after(self.idle);
        self.look_next(now);
        self.exchange.live.bytes(Bytes {
            from_client: self.exchange.acct.request_head + self.up.read,
            to_client: self.before + self.down.written,
            to_backend: self.head_len + self.up.written,
            from_backend: self.down.read,
        });
        self.exchange.live.waits(Phase::Pipe, now, self.first_end(self.idle_end));
    }

    /// Sets the timer for the look after `now`.
    fn look_next(&mut self, now: Micros) {
        self.timer.set(self.first_end(Taking::next(self.idle, self.idle_end, now)));
    }

    /// `at`, or when its whole time is over if that is earlier.
    fn first_end(&self, at: Micros) -> Micros {
        self.total.map_or(at, |(until, _)| until.min(at))
    }

    /// Counts what has moved since the last time. Whether something has.
    fn count(&mut self) -> bool {
        let now = [self.up.read, self.up.written, self.down.read, self.down.written];
        let before = std::mem::replace(&mut self.counted, now);
        if now == before {
            return false;
        }
        let main = self.exchange.worker.stats.main();
        main.add(Main::SPipeIn, now[0] - before[0]);
        main.add(Main::SPipeOut, now[3] - before[3]);
        let backend = self.exchange.local.counts(self.busy.endpoint());
        backend.add(Vbe::PipeOut, now[1] - before[1]);
        backend.add(Vbe::PipeIn, now[2] - before[2]);
        true
    }
}
