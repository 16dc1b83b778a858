//! Passing a response on: its head, then its body as it comes, while the request may still be on its way.

use std::future::poll_fn;
use std::io;
use std::task::{Context, Poll};
use std::time::Duration;

use shellac_counters::live::Phase as Wait;
use shellac_counters::vsc::table::{Main, Vbe};
use shellac_http1::policy::{frame_response, response_persistent, strip_hop_by_hop};
use shellac_http1::{BodyFraming, Decoder, Encoder, Trailing, write};
use shellac_upstream::{Fault, Outcome};

use super::attempt::{Got, over};
use super::failure::{KILLED, errno_text};
use super::limit::{self, Limit, Times};
use super::upload::Upload;
use crate::client::{After, Exchange, Watch, is_gone, via};
use crate::clock::{Micros, micros};
use crate::log::{Acct, BodyKind, CloseReason, Details, HeadTags, Phase, SessionEnd, Txn};
use crate::stats::{Busy, Firsts};
use crate::worker::{Conn, Local, Timer, Transport, Worker};

/// Longest rest of a refused response that is read so that its connection can be kept.
pub(super) const DISCARD_BYTES: u64 = 64 << 10;
/// How long that may take.
const DISCARD: Duration = Duration::from_millis(500);
/// Bytes of a body that are read at a time when its framing is taken off or put on.
const FRAMED_READ: usize = 64 << 10;

/// Reads of one body before the thread's other requests have their turn, so that a large body that comes as fast as it goes
/// does not hold them up.
pub(super) const TURN: usize = 8;

/// How a body ended.
#[derive(Debug)]
enum End {
    /// Complete, and everything is with the client's kernel.
    Complete,
    /// The backend's side broke off.
    Truncated,
    /// The client's side broke off.
    Client(SessionEnd),
    /// Somebody has ended the request.
    Killed,
    /// The client took too long, or the time for the whole request is over.
    Late,
}

/// The backend's half of a response: gone as soon as the body is complete.
struct Source {
    txn: Txn,
    conn: Conn,
    upload: Upload,
    persistent: bool,
    number: u32,
    busy: Busy,
    /// The status of the response.
    status: u16,
    /// The node that the response names, of a first attempt.
    node: Option<Box<str>>,
}

struct Delivery<'a, 's> {
    exchange: &'a mut Exchange<'s>,
    source: Option<Source>,
    decoder: Decoder,
    encoder: Encoder,
    trailing: Trailing,
    /// Bytes of all attempts.
    acct: Acct,
    /// The body has broken off; what came before is still delivered.
    truncated: bool,
    timer: Timer<'s>,
    /// What the timer waits for.
    waits: limit::Wait,
    watch: Watch<'s>,
    times: Times,
    /// Bytes sent to the backend.
    uploaded: u64,
    /// Those that were accounted for.
    accounted: u64,
    /// Bytes of the response's head, and of bodies that were received before this one.
    head_len: u64,
    earlier: u64,
}

/// Passes a response on and ends both transactions.
pub(super) async fn deliver(mut exchange: Exchange<'_>, got: Got, acct: Acct) -> After {
    let worker = exchange.worker;
    let Got { mut txn, conn, upload, mut response, busy, number, node } = got;
    let now = worker.log.now();
    worker.stats.fetched(&exchange.head.method, response.head.status, response.framing);
    let endpoint = std::sync::Arc::clone(&conn.endpoint);
    txn.returns("deliver");
    txn.timestamp("Process", now);
    txn.filters();
    txn.storage();
    txn.fetch_body(match response.framing {
        BodyFraming::None | BodyFraming::Length(0) => BodyKind::None,
        BodyFraming::Length(_) => BodyKind::Length,
        BodyFraming::Chunked => BodyKind::Chunked,
        BodyFraming::Eof => BodyKind::Eof,
    });
    let status = response.head.status;
    let persistent = response_persistent(&response.head, response.framing);
    let towards = response.framing.towards_client(exchange.version);
    if towards == BodyFraming::Eof {
        exchange.close.get_or_insert(SessionEnd::TxEof);
    }
    if !exchange.body.is_complete() {
        // The rest may never be read, and then there is no telling where the next request begins.
        exchange.close.get_or_insert(SessionEnd::RxBody);
    }
    let trailing = match response.framing {
        BodyFraming::Chunked => Trailing::of(&response.head.headers),
        _ => Trailing::default(),
    };
    log_head(&mut exchange, &mut response.head, towards, &trailing, now);
    let interim = exchange.out.len() as u64 + exchange.written;
    let head_len = exchange.push_head(true, |out| {
        write::response(out, &response.head);
    });

    let times = Times::of(&exchange, exchange.local.backend(&conn.endpoint));
    let waits = limit::Wait::new(now, Limit::BetweenBytes, times.between_bytes, exchange.until);
    let mut delivery = Delivery {
        uploaded: upload.written,
        accounted: upload.written,
        head_len: response.head_len,
        earlier: acct.response_body,
        source: Some(Source { txn, conn, upload, persistent, number, busy, status, node }),
        decoder: Decoder::new(response.framing),
        encoder: Encoder::new(towards),
        trailing,
        acct,
        truncated: false,
        timer: Timer::new(&worker.deadlines, waits.at),
        waits,
        watch: Watch::new(worker),
        times,
        exchange: &mut exchange,
    };
    delivery.take_buffered();
    let end = poll_fn(|cx| delivery.poll(cx)).await;
    delivery.abandon(&end);
    let waits = delivery.waits;
    let body = delivery.acct.response_body - delivery.earlier;
    let data = delivery.decoder.received_bytes();
    drop(delivery);

    exchange.local.counts(&endpoint).add(Vbe::BerespBodybytes, body);
    if !matches!(end, End::Complete) {
        worker.stats.main().inc(Main::RespFailed);
    }
    let sent = exchange.written.saturating_sub(interim);
    exchange.acct.response_head = sent.min(head_len);
    exchange.acct.response_body = sent.saturating_sub(head_len).min(data);
    if let End::Late = end {
        exchange.txn.note("http.timeout", waits.limit.name());
        exchange.txn.note_seconds("http.limit", micros(waits.len()));
    }
    exchange.txn.timestamp("Resp", worker.log.now());
    match end {
        End::Complete => exchange.finish(),
        End::Client(end) => {
            exchange.finish();
            After::close(end)
        }
        End::Truncated | End::Killed | End::Late => {
            if towards == BodyFraming::Eof {
                exchange.client.stream.reset_on_close();
            }
            exchange.finish();
            After::close(SessionEnd::TxError)
        }
    }
}

/// Makes the head for the client out of the backend's, and logs it.
fn log_head(
    exchange: &mut Exchange<'_>,
    head: &mut shellac_http1::ResponseHead,
    towards: BodyFraming,
    trailing: &Trailing,
    at: Micros,
) {
    let tags = HeadTags::RESP;
    // A client whose body is still being sent gets its answer now; whether the rest came is known later.
    exchange.log_body(at);
    exchange.txn.timestamp("Fetch", at);
    strip_hop_by_hop(&mut head.headers);
    let number = exchange.txn.vxid().to_string();
    head.headers.set("X-Varnish", number);
    exchange.txn.response_head(tags, head, shellac_http1::Version::Http11.as_str());
    via(exchange.worker, &exchange.txn, tags, &mut head.headers);
    exchange.worker.stats.response(head.status);
    exchange.txn.call("DELIVER");
    exchange.txn.returns("deliver");
    exchange.txn.timestamp("Process", at);
    exchange.txn.filters();
    let length = head.headers.get("content-length").map(<[u8]>::to_vec);
    let keep = exchange.close.is_none();
    frame_response(&mut head.headers, head.status, towards, exchange.version, keep);
    if let (Some(value), None) = (length, head.headers.get("content-length")) {
        exchange.txn.unset(tags, "Content-Length", &value);
    }
    if towards == BodyFraming::Chunked {
        trailing.announce(&mut head.headers);
    }
    for name in ["Transfer-Encoding", "Trailer", "Connection"] {
        if let Some(value) = head.headers.get(name) {
            exchange.txn.header(tags, name, value);
        }
    }
}

impl Delivery<'_, '_> {
    /// Frames what was read together with the head.
    fn take_buffered(&mut self) {
        let Some(source) = &mut self.source else { return };
        let mut used = 0;
        let mut fault = None;
        while !self.decoder.is_done() && used < source.conn.input.len() {
            match self.decoder.decode(&source.conn.input.filled()[used..]) {
                Ok(decoded) => {
                    used += decoded.consumed;
                    // No more than the head promised comes out of the decoder.
                    let _ = self.encoder.data(decoded.data, &mut self.exchange.out.bytes);
                }
                Err(error) => {
                    fault = Some(error.text());
                    break;
                }
            }
        }
        source.conn.input.consume(used);
        self.acct.response_body += used as u64;
        if let Some(text) = fault {
            self.truncate(text, "junk", None, None);
        } else if self.decoder.is_done() {
            self.complete();
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        for _ in 0..TURN {
            if self.exchange.live.is_killed() {
                return Poll::Ready(End::Killed);
            }
            // Also where nobody has to be waited for.
            if let Some(until) = self.exchange.until
                && self.exchange.worker.deadlines.now() >= until.at
            {
                let now = self.exchange.worker.log.coarse();
                self.waits = limit::Wait { at: until.at, limit: until.limit, ..self.waits };
                self.waits.since = self.waits.since.min(now);
                return Poll::Ready(End::Late);
            }
            self.poll_upload(cx);
            let Exchange { client, out, written, .. } = &mut *self.exchange;
            let before = *written;
            let flushed = out.poll_flush(&mut client.stream, cx, written);
            if *written != before {
                // Whoever is waited for from here on gets a whole wait: the client, or the backend again.
                let now = self.exchange.worker.log.coarse();
                if flushed.is_pending() {
                    self.wait(now, Limit::Send, self.times.deliver);
                } else {
                    self.wait(now, Limit::BetweenBytes, self.times.between_bytes);
                }
            }
            match flushed {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(error)) => return Poll::Ready(End::Client(client_end(&error))),
                Poll::Pending if self.timer.is_late(cx) => return Poll::Ready(End::Late),
                Poll::Pending => {
                    self.show(Wait::Deliver);
                    return Poll::Pending;
                }
            }
            if self.truncated {
                return Poll::Ready(End::Truncated);
            }
            if self.source.is_none() {
                return Poll::Ready(End::Complete);
            }
            match self.poll_body(cx) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(end)) => return Poll::Ready(End::Client(end)),
                Poll::Pending => {
                    self.show(Wait::Body);
                    return Poll::Pending;
                }
            }
        }
        // There is more at once, but others wait for their turn.
        self.show(Wait::Body);
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    fn wait(&mut self, now: Micros, limit: Limit, time: Duration) {
        self.waits = limit::Wait::new(now, limit, time, self.exchange.until);
        self.timer.set(self.waits.at);
    }

    /// Shows what is waited for.
    fn show(&mut self, wait: Wait) {
        if let Some(source) = &self.source {
            self.uploaded = source.upload.written;
        }
        let received = self.head_len + self.acct.response_body.saturating_sub(self.earlier);
        self.exchange.show(wait, self.timer.at(), self.uploaded, received);
    }

    /// The rest of the request, as long as the response is not complete.
    fn poll_upload(&mut self, cx: &mut Context<'_>) {
        let Some(source) = &mut self.source else { return };
        if !source.upload.is_running() {
            return;
        }
        let Exchange { worker, client, body, .. } = &mut *self.exchange;
        if let Poll::Ready(Err(_)) = source.upload.poll(cx, &mut source.conn, client, body, worker)
        {
            // The response is under way and says what became of the request.
            source.upload.stop();
        }
    }

    /// Reads once from the backend and hands it to the client.
    fn poll_body(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SessionEnd>> {
        let Some(source) = &mut self.source else { return Poll::Ready(Ok(())) };
        let worker = self.exchange.worker;
        let mut scratch = worker.scratch.borrow_mut();
        let plain = self.encoder.framing() != BodyFraming::Chunked;
        let most = if plain { scratch.len() } else { FRAMED_READ };
        let count = match source.conn.stream.poll_read(cx, &mut scratch[..most]) {
            Poll::Ready(Ok(0)) => {
                drop(scratch);
                match self.decoder.eof() {
                    Ok(()) => self.complete(),
                    Err(error) => self.truncate(error.text(), "truncated", None, None),
                }
                return Poll::Ready(Ok(()));
            }
            Poll::Ready(Ok(count)) => count,
            Poll::Ready(Err(error)) => {
                drop(scratch);
                self.interrupted("reset", &error);
                return Poll::Ready(Ok(()));
            }
            Poll::Pending => {
                drop(scratch);
                return self.poll_wait(cx);
            }
        };
        let now = worker.log.coarse();
        self.waits = limit::Wait::new(
            now,
            Limit::BetweenBytes,
            self.times.between_bytes,
            self.exchange.until,
        );
        self.timer.set(self.waits.at);
        let mut used = 0;
        let mut fault = None;
        let mut client_error = None;
        while !self.decoder.is_done() && used < count {
            match self.decoder.decode(&scratch[used..count]) {
                Ok(decoded) => {
                    used += decoded.consumed;
                    let Exchange { client, out, written, .. } = &mut *self.exchange;
                    let framed = if plain && out.is_empty() {
                        // Straight from one socket to the other; only what does not fit is copied.
                        let _ = self.encoder.head(decoded.data.len());
                        straight(&mut client.stream, cx, decoded.data, &mut out.bytes, written)
                    } else {
                        let _ = self.encoder.data(decoded.data, &mut out.bytes);
                        Ok(())
                    };
                    if let Err(error) = framed {
                        client_error = Some(error);
                        break;
                    }
                }
                Err(error) => {
                    fault = Some(error.text());
                    break;
                }
            }
        }
        let extra = used < count;
        drop(scratch);
        self.acct.response_body += used as u64;
        if let Some(error) = client_error {
            return Poll::Ready(Err(client_end(&error)));
        }
        if let Some(text) = fault {
            self.truncate(text, "junk", None, None);
        } else if self.decoder.is_done() {
            if extra && let Some(source) = &mut self.source {
                // Bytes behind the end: nobody knows what they are, so the connection is not used again.
                source.persistent = false;
            }
            self.complete();
        }
        Poll::Ready(Ok(()))
    }

    /// Nothing to read: whether that has lasted too long, and whether anybody still waits.
    fn poll_wait(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SessionEnd>> {
        if self.timer.is_late(cx) {
            let error = io::Error::from(rustix::io::Errno::AGAIN);
            self.interrupted("timeout", &error);
            return Poll::Ready(Ok(()));
        }
        let uploading = self.source.as_ref().is_some_and(|source| source.upload.is_running());
        let Exchange { client, out, written, .. } = &mut *self.exchange;
        if !uploading && self.watch.is_gone(client, out, *written, cx) {
            return Poll::Ready(Err(SessionEnd::RemClose));
        }
        Poll::Pending
    }

    /// The body is complete: the backend's transaction ends, and its connection is free for others.
    fn complete(&mut self) {
        let Some(source) = self.source.take() else { return };
        self.settle(&source);
        for trailer in self.decoder.trailers().iter() {
            source.txn.note("http.trailer", trailer.line);
        }
        let trailers = self.trailing.pass(self.decoder.trailers());
        // A complete body is as long as its head promised.
        let _ = self.encoder.finish_with(trailers, &mut self.exchange.out.bytes);
        let Source { mut txn, mut conn, upload, persistent, mut busy, status, .. } = source;
        let worker = self.exchange.worker;
        let now = worker.log.now();
        let usable = persistent && upload.is_complete() && conn.input.is_empty();
        let reason = (!usable).then_some(if conn.input.is_empty() {
            CloseReason::RespClose
        } else {
            CloseReason::RxJunk
        });
        txn.backend_close(conn.fd(), conn.endpoint.name(), reason);
        txn.timestamp("BerespBody", now);
        txn.length(self.decoder.received_bytes());
        txn.bereq_acct(&self.acct);
        txn.end();
        if usable {
            conn.released = now;
            keep(worker, self.exchange.local, conn);
        }
        over(self.exchange, &mut busy, Outcome::Answered { status, retried: false });
        drop(busy);
        self.exchange.live.leaves_backend();
    }

    /// The connection failed in the body.
    fn interrupted(&mut self, class: &'static str, error: &io::Error) {
        let text = self.decoder.interrupted().text();
        let errno = error.raw_os_error();
        self.truncate(text, class, errno, Some(&errno_text(errno.unwrap_or(0))));
    }

    /// The body ends before its end: the backend's transaction says so and ends.
    fn truncate(
        &mut self,
        text: &'static str,
        class: &'static str,
        errno: Option<i32>,
        first: Option<&str>,
    ) {
        self.truncated = true;
        let expected = self.decoder_expected();
        let Some(mut source) = self.source.take() else { return };
        self.settle(&source);
        let fault = match class {
            "timeout" => Fault::Stalled,
            "junk" => Fault::Garbage,
            _ => Fault::Truncated,
        };
        over(self.exchange, &mut source.busy, Outcome::Failed(fault));
        if let Some(first) = first {
            source.txn.fetch_error(first.as_bytes());
        }
        source.txn.fetch_error(text.as_bytes());
        let received = Some(self.decoder.received_bytes());
        let is_late = class == "timeout";
        let reason = CloseReason::RxBody;
        let client = None;
        self.end_broken(
            source,
            &Broken { class, reason, errno, expected, received, is_late, client },
        );
    }

    /// The client's side broke off, or somebody has ended the request: nobody wants the rest.
    fn abandon(&mut self, end: &End) {
        let Some(source) = self.source.take() else { return };
        let expected = self.decoder_expected();
        self.settle(&source);
        let received = Some(self.decoder.received_bytes());
        let nobody = Broken { received, expected, ..Broken::new("client", CloseReason::RemClose) };
        let broken = match end {
            End::Killed => {
                let reason = self.exchange.live.kill_reason().unwrap_or_default();
                source.txn.fetch_error(format!("{KILLED}: {reason}").as_bytes());
                Broken { class: "admin", reason: CloseReason::RespClose, ..nobody }
            }
            End::Client(_) => {
                source.txn.fetch_error(b"Client closed");
                nobody
            }
            End::Late if self.waits.limit.is_cut() => {
                let errno = rustix::io::Errno::AGAIN.raw_os_error();
                source.txn.fetch_error(errno_text(errno).as_bytes());
                source.txn.fetch_error(self.decoder.interrupted().text().as_bytes());
                let (class, reason) = ("cut", CloseReason::RxBody);
                Broken { class, reason, errno: Some(errno), is_late: true, ..nobody }
            }
            End::Late => {
                source.txn.fetch_error(SLOW_CLIENT);
                Broken { client: Some("slow"), is_late: true, ..nobody }
            }
            End::Complete | End::Truncated => return,
        };
        self.end_broken(source, &broken);
    }

    /// Accounts for what was sent since the response began.
    fn settle(&mut self, source: &Source) {
        let sent = source.upload.written - self.accounted;
        self.accounted = source.upload.written;
        self.acct.request_body += sent;
        self.exchange.local.counts(&source.conn.endpoint).add(Vbe::BereqBodybytes, sent);
    }

    fn decoder_expected(&self) -> Option<u64> {
        match self.encoder.framing() {
            BodyFraming::Length(len) => Some(len),
            _ => None,
        }
    }

    fn end_broken(&self, source: Source, broken: &Broken) {
        let &Broken { class, reason, errno, expected, received, is_late, client } = broken;
        let Source { txn, conn, number, busy, node: named, .. } = source;
        let Exchange { worker, local, .. } = &*self.exchange;
        let counts = local.counts(&conn.endpoint);
        worker.stats.attempt_failed(counts, class);
        if number == 1 && !matches!(class, "client" | "admin" | "cut") {
            // It was counted as one that went well when its head came.
            counts.inc(Vbe::FirstFailed);
            if let Some(node) = named {
                local.named(&conn.endpoint, &node, Firsts { attempts: 0, failures: 1 });
            }
        }
        let node = worker.node.lately(conn.remote);
        let reused = conn.uses > 0;
        let now = self.exchange.worker.log.now();
        txn.fetch_details(&Details {
            phase: Some(Phase::Body),
            class: Some(class),
            errno,
            reused: Some(reused),
            age: reused.then(|| now.since(conn.opened)),
            waited: Some(now.since(self.waits.since)),
            limit: is_late.then(|| micros(self.waits.len())),
            timeout: is_late.then(|| self.waits.limit.name()),
            client,
            expected,
            received,
            node: node.moved.as_deref(),
            attempt: number,
            address: Some(conn.remote),
            ..Details::default()
        });
        txn.backend_close(conn.fd(), conn.endpoint.name(), Some(reason));
        txn.bereq_acct(&self.acct);
        txn.end();
        drop(busy);
        self.exchange.live.leaves_backend();
    }
}

/// What a `FetchError` says when the client does not take its answer.
const SLOW_CLIENT: &[u8] = b"shellac: the client takes its answer too slowly";

/// How a body broke off.
struct Broken {
    class: &'static str,
    /// Why the backend's connection is closed.
    reason: CloseReason,
    errno: Option<i32>,
    /// Bytes that were promised, and those that came.
    expected: Option<u64>,
    received: Option<u64>,
    /// It took longer than allowed.
    is_late: bool,
    /// What the client did.
    client: Option<&'static str>,
}

impl Broken {
    const fn new(class: &'static str, reason: CloseReason) -> Broken {
        let (errno, expected, received) = (None, None, None);
        Broken { class, reason, errno, expected, received, is_late: false, client: None }
    }
}

/// Writes `data` and copies what the kernel does not take.
fn straight(
    stream: &mut Transport,
    cx: &mut Context<'_>,
    data: &[u8],
    rest: &mut Vec<u8>,
    written: &mut u64,
) -> io::Result<()> {
    let mut at = 0;
    while at < data.len() {
        match stream.poll_write(cx, &data[at..]) {
            Poll::Ready(Ok(count)) => {
                at += count;
                *written += count as u64;
            }
            Poll::Ready(Err(error)) => return Err(error),
            Poll::Pending => break,
        }
    }
    rest.extend_from_slice(&data[at..]);
    Ok(())
}

fn client_end(error: &io::Error) -> SessionEnd {
    if is_gone(error) { SessionEnd::RemClose } else { SessionEnd::TxError }
}

/// Puts a connection away for the next request.
pub(super) fn keep(worker: &Worker, local: &Local, mut conn: Conn) {
    worker.stats.main().inc(Main::BackendRecycle);
    conn.uses += 1;
    conn.released = worker.log.coarse();
    worker.buffers.borrow_mut().reclaim(&mut conn.input);
    local.keep(conn, &worker.log);
}

/// Reads the rest of a response that nobody wants. Whether it came to its end, soon and within bounds.
///
/// `show` is told until when that is waited for.
pub(super) async fn skim(
    worker: &Worker,
    conn: &mut Conn,
    decoder: &mut Decoder,
    show: impl FnOnce(Micros),
) -> bool {
    let mut timer = Timer::new(&worker.deadlines, worker.log.coarse().after(DISCARD));
    show(timer.at());
    poll_fn(|cx| {
        loop {
            while !decoder.is_done() && !conn.input.is_empty() {
                match decoder.decode(conn.input.filled()) {
                    Ok(decoded) => {
                        let used = decoded.consumed;
                        conn.input.consume(used);
                    }
                    Err(_) => return Poll::Ready(false),
                }
            }
            if decoder.is_done() {
                return Poll::Ready(conn.input.is_empty());
            }
            if decoder.received_bytes() > DISCARD_BYTES {
                return Poll::Ready(false);
            }
            let room = conn.input.room(FRAMED_READ);
            match conn.stream.poll_read(cx, room) {
                Poll::Ready(Ok(0) | Err(_)) => return Poll::Ready(false),
                Poll::Ready(Ok(count)) => conn.input.fill(count),
                Poll::Pending if timer.is_late(cx) => return Poll::Ready(false),
                Poll::Pending => return Poll::Pending,
            }
        }
    })
    .await
}
