//! From the first byte of a request that is sent to the last byte of the response's head.

use std::future::poll_fn;
use std::task::{Context, Poll};
use std::time::Duration;

use shellac_counters::live::Phase as Wait;
use shellac_http1::{
    BodyFraming, ResponseHead, parse_response_into, policy, response_framing, write,
};

use super::failure::Failure;
use super::limit::{self, Limit, Times, Until};
use super::rate::Rate;
use super::upload::{Upload, UploadError};
use crate::client::{Exchange, Watch};
use crate::clock::Micros;
use crate::log::{Phase, Txn};
use crate::worker::{Conn, Look, Taking, Timer};

/// How long a backend may take to say `100 Continue` before we say it in its place.
const CONTINUE: Duration = Duration::from_secs(1);
/// Room behind the longest head, for the beginning of the body.
const ROOM_BEHIND: usize = 16 << 10;

/// A response whose head is complete.
#[derive(Debug)]
pub(super) struct Response {
    pub(super) head: Box<ResponseHead>,
    /// How its body comes.
    pub(super) framing: BodyFraming,
    /// Bytes of the head, interim ones included.
    pub(super) head_len: u64,
    /// When it was complete.
    pub(super) at: Micros,
}

/// What was found out about a head that is complete.
struct Found {
    framing: BodyFraming,
    head_len: u64,
    at: Micros,
}

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Sending,
    FirstByte,
    Head,
}

struct Waiting<'a, 's> {
    exchange: &'a mut Exchange<'s>,
    txn: &'a mut Txn,
    conn: &'a mut Conn,
    upload: &'a mut Upload,
    times: Times<'s>,
    stage: Stage,
    timer: Timer<'s>,
    /// What the timer waits for, if it does not go off for a look in between.
    waits: limit::Wait,
    /// What the backend takes where there is no room for more.
    taking: Taking,
    /// When all waits of the request are over, if there is a time for that.
    until: Option<Until>,
    /// Runs while the client's body is held back.
    hold: Option<Timer<'s>>,
    watch: Watch<'s>,
    head: Box<ResponseHead>,
    /// Bytes of interim heads.
    interim_len: u64,
    /// Sending failed; a response may still be there.
    broken: Option<std::io::Error>,
    /// Bytes sent and received when the timer was set, and whether it is for the client.
    progress: u64,
    for_client: bool,
    /// The backend had nothing to say when it was last looked at.
    was_quiet: bool,
    /// How fast the client has to send its body, once it is waited for.
    rate: Option<Rate>,
    reused: bool,
}

/// Sends the request and waits for the head of its response, which wins over a request that is still being sent, but not
/// beyond `until`.
///
/// # Errors
///
/// There is no response that could be passed on.
pub(super) async fn wait(
    exchange: &mut Exchange<'_>,
    txn: &mut Txn,
    conn: &mut Conn,
    upload: &mut Upload,
    until: Option<Until>,
) -> Result<Response, Box<Failure>> {
    let worker = exchange.worker;
    let now = worker.log.coarse();
    let reused = conn.uses > 0;
    let times = Times::of(exchange, exchange.local.backend(&conn.endpoint));
    let waits = limit::Wait::new(now, Limit::Send, times.send(), until);
    let hold = (!upload.open).then(|| Timer::new(&worker.deadlines, now.after(CONTINUE)));
    let mut waiting = Waiting {
        waits,
        taking: Taking::default(),
        until,
        timer: Timer::new(&worker.deadlines, waits.at),
        watch: Watch::new(worker),
        exchange,
        txn,
        conn,
        upload,
        times,
        stage: Stage::Sending,
        hold,
        head: worker.spare.head(),
        interim_len: 0,
        broken: None,
        progress: 0,
        for_client: false,
        was_quiet: false,
        rate: None,
        reused,
    };
    let result = poll_fn(|cx| waiting.poll(cx)).await;
    let Waiting { waits, head, .. } = waiting;
    match result {
        Ok(Found { framing, head_len, at }) => Ok(Response { head, framing, head_len, at }),
        Err(failure) => Err(failure.after(worker.log.now(), &waits)),
    }
}

impl Waiting<'_, '_> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<Found, Box<Failure>>> {
        loop {
            if let Err(failure) = self.poll_upload(cx) {
                return Poll::Ready(Err(failure));
            }
            let was_open = self.upload.open;
            if let Poll::Ready(result) = self.poll_head(cx) {
                return Poll::Ready(result);
            }
            // The backend has just said that the body may come.
            if self.upload.open == was_open {
                break;
            }
        }
        if let Err(failure) = self.poll_interim(cx) {
            return Poll::Ready(Err(failure));
        }
        if let Some(reason) = self.exchange.live.kill_reason() {
            return Poll::Ready(Err(Failure::killed(self.phase(), &reason)));
        }
        if self.is_over(cx) {
            return Poll::Ready(Err(self.late()));
        }
        let Exchange { client, out, written, .. } = &mut *self.exchange;
        let gone = !self.upload.is_running() && self.watch.is_gone(client, out, *written, cx);
        if gone {
            return Poll::Ready(Err(Failure::client_gone(self.phase())));
        }
        self.show();
        Poll::Pending
    }

    /// Whether whoever is waited for has had its time.
    fn is_over(&mut self, cx: &mut Context<'_>) -> bool {
        while self.timer.is_late(cx) {
            let now = self.exchange.worker.deadlines.now();
            let stream = &self.conn.stream;
            match self.waits.look(&mut self.taking, || stream.taken(), now) {
                Look::Over => return true,
                Look::Moved => self.wait(now, Limit::Send, self.times.send()),
                Look::Still => self.timer.set(self.waits.next_look(now)),
            }
        }
        false
    }

    /// Shows what is waited for.
    fn show(&mut self) {
        let wait = match self.stage {
            Stage::Sending if self.upload.open && self.upload.waits_for_client => Wait::ReadBody,
            Stage::Sending => Wait::Send,
            Stage::FirstByte => Wait::FirstByte,
            Stage::Head => Wait::Head,
        };
        let received = self.interim_len + self.conn.input.len() as u64;
        self.exchange.show(wait, self.waits.at, self.upload.written, received);
    }

    /// Reads what the backend says.
    fn poll_head(&mut self, cx: &mut Context<'_>) -> Poll<Result<Found, Box<Failure>>> {
        let buffers = &self.exchange.worker.buffers;
        loop {
            let limit = self.exchange.local.limits.head_bytes + ROOM_BEHIND;
            // Hardly a response is there when its request has just been sent; whoever is woken later is told by the read itself.
            let is_quiet = !self.was_quiet && self.conn.stream.poll_read_ready(cx).is_pending();
            let read = if is_quiet {
                Poll::Pending
            } else {
                buffers.lend(&mut self.conn.input);
                let room = self.conn.input.room(limit);
                self.conn.stream.poll_read_head(cx, room)
            };
            let count = match read {
                Poll::Ready(Ok(0)) => return Poll::Ready(Err(self.ended(None))),
                Poll::Ready(Ok(count)) => count,
                Poll::Ready(Err(error)) => return Poll::Ready(Err(self.ended(Some(&error)))),
                Poll::Pending => {
                    self.was_quiet = true;
                    // Who waits holds no memory, so few pieces of it are in use and stay in the caches.
                    buffers.reclaim(&mut self.conn.input);
                    return Poll::Pending;
                }
            };
            self.conn.input.fill(count);
            match self.parse() {
                Ok(Some(response)) => return Poll::Ready(Ok(response)),
                Ok(None) => self.head_goes_on(),
                Err(failure) => return Poll::Ready(Err(failure)),
            }
        }
    }

    /// Something came and is not yet a whole head; or it was one that only announces another.
    fn head_goes_on(&mut self) {
        let now = self.exchange.worker.log.now();
        if !self.conn.input.is_empty() {
            self.stage = Stage::Head;
            self.wait(now, Limit::BetweenBytes, self.times.between_bytes());
        } else if self.upload.is_running() {
            self.stage = Stage::Sending;
            self.push_deadline();
        } else {
            self.stage = Stage::FirstByte;
            self.wait(now, Limit::FirstByte, self.times.first_byte());
        }
    }

    fn wait(&mut self, now: Micros, limit: Limit, time: Duration) {
        self.waits = limit::Wait::new(now, limit, time, self.until);
        self.timer.set(self.waits.next_look(now));
    }

    /// Sends on.
    fn poll_upload(&mut self, cx: &mut Context<'_>) -> Result<(), Box<Failure>> {
        if let Some(hold) = &mut self.hold
            && (self.upload.open || hold.is_late(cx))
        {
            if !self.upload.open {
                self.exchange.push_head(false, |out| out.extend_from_slice(write::CONTINUE));
                self.upload.open = true;
            }
            self.exchange.expects = false;
            self.hold = None;
        }
        if !self.upload.is_running() {
            return Ok(());
        }
        let Exchange { worker, client, body, .. } = &mut *self.exchange;
        match self.upload.poll(cx, self.conn, client, body, worker) {
            Poll::Ready(Ok(())) => self.sent(),
            Poll::Ready(Err(UploadError::Backend(error))) => {
                self.upload.stop();
                self.broken = Some(error);
            }
            Poll::Ready(Err(UploadError::Kept(error))) => {
                self.upload.stop();
                return Err(Failure::body_file(self.txn.grammar(), &error));
            }
            Poll::Ready(Err(UploadError::Client(fault))) => {
                self.upload.stop();
                return Err(Failure::body(self.txn.grammar(), fault));
            }
            Poll::Pending => {
                let progress = self.upload.written + self.exchange.body.raw();
                let for_client = self.upload.waits_for_client;
                let moved = (progress, for_client) != (self.progress, self.for_client);
                if self.stage == Stage::Sending && moved {
                    (self.progress, self.for_client) = (progress, for_client);
                    self.push_deadline();
                }
            }
        }
        Ok(())
    }

    /// The wait for whoever is to move next begins anew.
    fn push_deadline(&mut self) {
        let now = self.exchange.worker.log.coarse();
        if self.upload.waits_for_client && self.upload.open {
            let limits = &self.exchange.local.config().limits;
            let rate = self.rate.get_or_insert_with(|| {
                Rate::new(Limit::ClientBodyRate, limits.client_body_rate, limits.rate_grace)
            });
            rate.begin(now);
            let slow = Until::first(self.until, rate.until(self.exchange.body.raw()));
            let time = self.times.client_body();
            self.waits = limit::Wait::new(now, Limit::ClientBody, time, slow);
            self.timer.set(self.waits.at);
        } else {
            if let Some(rate) = &mut self.rate {
                rate.end(now);
            }
            self.wait(now, Limit::Send, self.times.send());
        }
    }

    /// Everything is sent.
    fn sent(&mut self) {
        let now = self.exchange.worker.log.now();
        self.exchange.log_body(now);
        self.log_replay();
        self.txn.timestamp("Bereq", now);
        self.upload.logged = true;
        if self.stage == Stage::Sending {
            self.stage = Stage::FirstByte;
            self.wait(now, Limit::FirstByte, self.times.first_byte());
        }
    }

    fn log_replay(&mut self) {
        if !self.exchange.body.framing().is_empty() {
            super::log_replay(self.txn, &self.exchange.body);
        }
    }

    /// Interim heads on their way to the client.
    fn poll_interim(&mut self, cx: &mut Context<'_>) -> Result<(), Box<Failure>> {
        let Exchange { client, out, written, .. } = &mut *self.exchange;
        match out.poll_flush(&mut client.stream, cx, written) {
            Poll::Ready(Err(_)) => Err(Failure::client_gone(self.phase())),
            _ => Ok(()),
        }
    }

    /// Looks for a head in what has come. Interim ones are relayed.
    fn parse(&mut self) -> Result<Option<Found>, Box<Failure>> {
        let worker = self.exchange.worker;
        loop {
            let input = self.conn.input.filled();
            let len = match parse_response_into(&mut self.head, input, &self.exchange.local.limits)
            {
                Ok(Some(len)) => len,
                Ok(None) => return Ok(None),
                Err(error) => {
                    let limits = &self.exchange.local.limits;
                    return Err(Failure::bad_head(error, input, limits));
                }
            };
            self.conn.input.consume(len);
            if self.head.is_interim() {
                self.interim_len += len as u64;
                if self.interim_len > self.exchange.local.limits.head_bytes as u64 {
                    let error = shellac_http1::HeadError::TooLarge;
                    let limits = &self.exchange.local.limits;
                    return Err(Failure::bad_head(error, &[], limits));
                }
                self.relay();
                if self.conn.input.is_empty() {
                    return Ok(None);
                }
                continue;
            }
            let at = worker.log.now();
            self.stop_sending(at);
            let head_len = self.interim_len + len as u64;
            let framing = if self.is_upgrade() {
                Ok(BodyFraming::None)
            } else {
                response_framing(&self.head, &self.exchange.head.method)
            };
            return match framing {
                Ok(framing) => Ok(Some(Found { framing, head_len, at })),
                Err(error) => {
                    // The head is good, so it is logged before its body is refused.
                    super::log_response(self.txn, &self.head, at);
                    Err(Failure::no_body(error))
                }
            };
        }
    }

    /// Whether the head turns the connection into what the request asked for, once that has been sent.
    fn is_upgrade(&self) -> bool {
        self.head.status == 101
            && self.exchange.upgrade
            && self.upload.is_complete()
            && policy::is_accepted(self.exchange.head, &self.head)
    }

    /// The response begins while the request is still being sent: the log says so where it would otherwise say that
    /// everything was sent.
    fn stop_sending(&mut self, at: Micros) {
        if self.upload.is_running() || self.broken.is_some() {
            self.txn.note("fetch.response", "before the request was sent");
            self.log_replay();
            self.txn.timestamp("Bereq", at);
            self.upload.logged = true;
        }
    }

    /// Passes an interim head on, and lets the client's body go when it is the one that was waited for.
    fn relay(&mut self) {
        let proceed = self.head.status == 100;
        if proceed {
            self.upload.open = true;
        }
        self.txn.note_number("fetch.interim", u64::from(self.head.status));
        if self.exchange.interim && (!proceed || self.exchange.expects) {
            policy::strip_interim(&mut self.head.headers);
            let head = &self.head;
            self.exchange.push_head(false, |out| {
                write::response(out, head);
            });
            self.exchange.worker.stats.response(self.head.status);
        }
        if proceed {
            self.exchange.expects = false;
        }
    }

    fn phase(&self) -> Phase {
        match self.stage {
            Stage::Sending => Phase::Send,
            Stage::FirstByte => Phase::FirstByte,
            Stage::Head => Phase::Head,
        }
    }

    /// The connection is over.
    fn ended(&mut self, error: Option<&std::io::Error>) -> Box<Failure> {
        let received = self.conn.input.len();
        match &self.broken {
            // The write failed first, and there is no response either.
            Some(broken) if received == 0 => {
                let mut failure = Failure::send(self.txn.grammar(), broken);
                failure.received = Some(0);
                if self.upload.is_in_body() { failure.in_body() } else { failure }
            }
            _ => Failure::ended(self.txn.grammar(), received, error),
        }
    }

    /// The time is over.
    fn late(&mut self) -> Box<Failure> {
        let received = self.conn.input.len();
        match self.stage {
            Stage::Sending if self.broken.is_some() => self.ended(None),
            Stage::Sending if self.upload.waits_for_client && !self.waits.limit.is_cut() => {
                let fault = self.exchange.body.timeout();
                Failure::body(self.txn.grammar(), fault)
            }
            Stage::Sending => {
                let failure = Failure::send_timeout(self.txn.grammar());
                if self.upload.is_in_body() { failure.in_body() } else { failure }
            }
            Stage::FirstByte => Failure::first_byte_timeout(self.reused),
            Stage::Head => Failure::head_timeout(received),
        }
    }
}
