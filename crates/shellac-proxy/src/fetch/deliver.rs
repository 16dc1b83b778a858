//! Passing a response on: its head, then its body as it comes, while the request may still be on its way.

mod broken;
mod pace;

use std::future::poll_fn;
use std::io;
use std::task::{Context, Poll};
use std::time::Duration;

use shellac_config::BackendConfig;
use shellac_counters::live::Phase as Wait;
use shellac_counters::vsc::table::{Main, Vbe};
use shellac_http1::policy::{frame_response, response_persistent, strip_hop_by_hop};
use shellac_http1::{BodyFraming, Decoder, Encoder, Known, ResponseHead, Trailing, Version, write};
use shellac_upstream::Outcome;

use super::attempt::{Got, over};
use super::limit;
use super::upload::UploadError;
use crate::client::{After, Exchange, is_gone, via};
use crate::clock::{Micros, micros};
use crate::log::{Acct, BodyKind, CloseReason, HeadTags, Row, SessionEnd};
use crate::worker::{Conn, Local, Timer, Transport, Worker};
use pace::Pace;

/// Longest rest of a refused response that is read so that its connection can be kept.
pub(super) const DISCARD_BYTES: u64 = 64 << 10;
/// How long that may take.
const DISCARD: Duration = Duration::from_millis(500);
/// What the log says of a body that ends with its connection, when nobody said that this is the end.
const CUT: &str = "TLS: ended without close_notify";
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

struct Delivery<'a, 's> {
    exchange: &'a mut Exchange<'s>,
    /// The backend's half of a response: gone as soon as the body is complete.
    source: &'a mut Option<Got<'s>>,
    /// The backend's connection is good for another request when the body is complete.
    persistent: bool,
    /// Its version says that the connection ends, and nothing else does.
    is_http10: bool,
    /// The status of the response.
    status: u16,
    decoder: Decoder,
    encoder: Encoder,
    trailing: Trailing,
    /// Bytes of all attempts.
    acct: Acct,
    /// The body has broken off; what came before is still delivered.
    truncated: bool,
    /// The request will never be whole, and the backend is yet to be told.
    cut: bool,
    /// It is the client that did not send the rest of its request.
    spoiled: bool,
    /// When it began.
    begun: Micros,
    /// What is configured for the backend.
    backend: &'s BackendConfig,
    /// Whom it waits for, once somebody has to be waited for: most responses are there as a whole, and fit.
    /// It has its place outside, for this is moved and that is large.
    pace: &'a mut Option<Pace<'s>>,
    /// Bytes sent to the backend.
    uploaded: u64,
    /// Those that were accounted for.
    accounted: u64,
    /// Bytes of the response's head, and of bodies that were received before this one.
    head_len: u64,
    earlier: u64,
}

/// Passes a response on and ends both transactions.
pub(super) async fn deliver<'s>(
    exchange: &mut Exchange<'s>,
    mut head: Box<ResponseHead>,
    source: &mut Option<Got<'s>>,
    acct: Acct,
) -> After {
    let (worker, local) = (exchange.worker, exchange.local);
    let Some(Got { txn, conn, upload, framing, head_len: received, at: now, .. }) = source else {
        return After::close(SessionEnd::TxError);
    };
    let (now, framing, received) = (*now, *framing, *received);
    worker.stats.fetched(&exchange.head.method, head.status, framing);
    let counts = local.counts(&conn.endpoint);
    let backend = local.backend(&conn.endpoint);
    txn.returns("deliver");
    txn.timestamp("Process", now);
    txn.kept(match framing {
        BodyFraming::None | BodyFraming::Length(0) => BodyKind::None,
        BodyFraming::Length(_) => BodyKind::Length,
        BodyFraming::Chunked => BodyKind::Chunked,
        BodyFraming::Eof => BodyKind::Eof,
    });
    let status = head.status;
    let persistent = !conn.single && response_persistent(&head, framing);
    let is_http10 = head.version == Version::Http10
        && framing != BodyFraming::Eof
        && !head.headers.has_token(Known::Connection, "close");
    let towards = framing.towards_client(exchange.version);
    if towards == BodyFraming::Eof {
        // It would be closed for this alone, whatever was asked for.
        exchange.close = Some(SessionEnd::TxEof);
    }
    if !exchange.body.is_complete() {
        // The rest may never be read, and then there is no telling where the next request begins.
        exchange.close.get_or_insert(SessionEnd::RxBody);
    }
    if !upload.open {
        // Nobody has said the word that the client waits for, and now nobody will. A refusal wants no body; a response that has
        // begun well may need it, and the client may send it all the same.
        if status < 300 {
            upload.open = true;
        } else {
            upload.stop();
        }
    }
    let trailing = match framing {
        BodyFraming::Chunked => Trailing::of(&head.headers),
        _ => Trailing::default(),
    };
    log_head(exchange, &mut head, towards, &trailing, now);
    let interim = exchange.out.len() as u64 + exchange.written;
    let head_len = exchange.push_head(true, |out| {
        write::response(out, &head);
    });
    worker.spare.keep_head(head);

    let mut pace = None;
    let mut delivery = Delivery {
        uploaded: upload.written,
        accounted: upload.written,
        head_len: received,
        earlier: acct.response_body,
        persistent,
        is_http10,
        status,
        decoder: Decoder::new(framing),
        encoder: Encoder::new(towards),
        trailing,
        acct,
        truncated: false,
        cut: false,
        spoiled: false,
        begun: now,
        backend,
        pace: &mut pace,
        exchange: &mut *exchange,
        source,
    };
    delivery.take_buffered(now);
    let end = poll_fn(|cx| delivery.poll(cx)).await;
    delivery.abandon(&end);
    let body = delivery.acct.response_body - delivery.earlier;
    let data = delivery.decoder.received_bytes();
    drop(delivery);

    counts.add(Vbe::BerespBodybytes, body);
    if !matches!(end, End::Complete) {
        worker.stats.main().inc(Main::RespFailed);
    }
    let sent = exchange.written.saturating_sub(interim);
    exchange.acct.response_head = sent.min(head_len);
    exchange.acct.response_body = sent.saturating_sub(head_len).min(data);
    if let End::Late = end
        && let Some(Pace { waits, .. }) = &pace
    {
        exchange.txn.note("http.timeout", waits.limit.name());
        if let Some(time) = waits.time {
            exchange.txn.note_seconds("http.limit", micros(time));
        }
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
    head.headers.set_number(Known::XVarnish, exchange.txn.vxid().0);
    exchange.txn.response_head(tags, head, shellac_http1::Version::Http11.as_str());
    via(exchange.worker, &exchange.txn, tags, &mut head.headers);
    exchange.worker.stats.response(head.status);
    exchange.txn.row(Row::Deliver);
    exchange.txn.timestamp("Process", at);
    exchange.txn.filters();
    // A length that is known stays.
    let length = match towards {
        BodyFraming::Length(_) => None,
        _ => head.headers.get(Known::ContentLength).map(<[u8]>::to_vec),
    };
    let keep = exchange.keeps();
    frame_response(&mut head.headers, head.status, towards, exchange.version, keep);
    if let Some(value) = length
        && !head.headers.contains(Known::ContentLength)
    {
        exchange.txn.unset(tags, "Content-Length", &value);
    }
    if towards == BodyFraming::Chunked {
        trailing.announce(&mut head.headers);
    }
    for name in [Known::TransferEncoding, Known::Trailer, Known::Connection] {
        if let Some(value) = head.headers.get(name) {
            exchange.txn.header(tags, name.as_str(), value);
        }
    }
}

impl<'s> Delivery<'_, 's> {
    /// Frames what was read together with the head.
    fn take_buffered(&mut self, now: Micros) {
        let Some(source) = &mut *self.source else { return };
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
        self.exchange.worker.buffers.reclaim(&mut source.conn.input);
        self.acct.response_body += used as u64;
        if let Some(text) = fault {
            self.truncate(text, "junk", None, None);
        } else if self.decoder.is_done() {
            self.complete(now);
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
                && (self.source.is_some() || !self.exchange.out.is_empty())
            {
                let (pace, _) = self.pace();
                pace.waits = limit::Wait::cut(pace.waits.since, until);
                return Poll::Ready(End::Late);
            }
            self.poll_upload(cx);
            let Exchange { client, out, written, .. } = &mut *self.exchange;
            let before = *written;
            let flushed = out.poll_flush(&mut client.stream, cx, written);
            let has_moved = *written != before;
            if let Poll::Ready(Ok(())) = flushed
                && self.source.is_none()
                && !self.truncated
            {
                return Poll::Ready(End::Complete);
            }
            let (pace, exchange) = self.pace();
            if pace.turn(flushed.is_pending()) || has_moved {
                // Whoever is waited for from here on gets a whole wait: the client, or the backend again.
                let now = exchange.worker.log.coarse();
                self.wait(now);
            }
            match flushed {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(error)) => return Poll::Ready(End::Client(client_end(&error))),
                Poll::Pending if self.is_over(cx) => return Poll::Ready(End::Late),
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

    /// Bytes of the response's body so far.
    fn received(&self) -> u64 {
        self.acct.response_body - self.earlier
    }

    /// Whom it waits for, and the request.
    fn pace(&mut self) -> (&mut Pace<'s>, &mut Exchange<'s>) {
        let received = self.received();
        let Delivery { exchange, pace, backend, begun, .. } = self;
        let pace = pace.get_or_insert_with(|| Pace::new(exchange, backend, *begun, received));
        (pace, exchange)
    }

    /// The wait for whoever is to move next begins anew.
    fn wait(&mut self, now: Micros) {
        let received = self.received();
        let (pace, exchange) = self.pace();
        pace.wait(exchange, now, received);
    }

    /// Whether whoever is waited for has had its time.
    fn is_over(&mut self, cx: &mut Context<'_>) -> bool {
        let received = self.received();
        let (pace, exchange) = self.pace();
        pace.is_over(exchange, received, cx)
    }

    /// Shows what is waited for.
    fn show(&mut self, wait: Wait) {
        if let Some(source) = &*self.source {
            self.uploaded = source.upload.written;
        }
        let received = self.head_len + self.acct.response_body.saturating_sub(self.earlier);
        let uploaded = self.uploaded;
        let (pace, exchange) = self.pace();
        exchange.show(wait, pace.waits.at, uploaded, received);
    }

    /// The rest of the request, as long as the response is not complete.
    fn poll_upload(&mut self, cx: &mut Context<'_>) {
        let Some(source) = &mut *self.source else { return };
        if source.upload.is_running() {
            let Exchange { worker, client, body, .. } = &mut *self.exchange;
            let sent = source.upload.poll(cx, &mut source.conn, client, body, worker);
            if let Poll::Ready(Err(error)) = sent {
                // The response is under way and says what became of the request.
                source.upload.stop();
                self.cut = !matches!(error, UploadError::Backend(_));
                if let UploadError::Client(fault) = error {
                    self.spoiled = true;
                    source.txn.note("fetch.request", fault.word());
                }
            }
        }
        // A backend that waits for the rest would wait until a limit ends it.
        if self.cut && source.conn.stream.poll_end_writing(cx).is_ready() {
            self.cut = false;
        }
    }

    /// Reads once from the backend and hands it to the client.
    fn poll_body(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SessionEnd>> {
        let Some(source) = &mut *self.source else { return Poll::Ready(Ok(())) };
        let worker = self.exchange.worker;
        let mut scratch = worker.scratch.borrow_mut();
        let plain = self.encoder.framing() != BodyFraming::Chunked;
        let most = if plain { scratch.len() } else { FRAMED_READ };
        let count = match source.conn.stream.poll_read(cx, &mut scratch[..most]) {
            Poll::Ready(Ok(0)) => {
                drop(scratch);
                match self.decoder.eof() {
                    // Whoever could cut a connection could cut a body.
                    Ok(()) if !source.conn.stream.is_end_certain() => {
                        let text = "eof socket fail";
                        self.truncate(text, "truncated", None, Some(CUT));
                    }
                    Ok(()) => self.complete(worker.log.now()),
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
        self.wait(now);
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
            // Bytes behind the end: nobody knows what they are, so the connection is not used again.
            self.persistent &= !extra;
            self.complete(worker.log.now());
        }
        Poll::Ready(Ok(()))
    }

    /// Nothing to read: whether that has lasted too long, and whether anybody still waits.
    fn poll_wait(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SessionEnd>> {
        if self.is_over(cx) {
            let error = io::Error::from(rustix::io::Errno::AGAIN);
            self.interrupted("timeout", &error);
            return Poll::Ready(Ok(()));
        }
        let uploading = self.source.as_ref().is_some_and(|source| source.upload.is_running());
        let (pace, exchange) = self.pace();
        if !uploading && pace.is_gone(exchange, cx) {
            return Poll::Ready(Err(SessionEnd::RemClose));
        }
        Poll::Pending
    }

    /// The body is complete: the backend's transaction ends, and its connection is free for others.
    fn complete(&mut self, now: Micros) {
        let Some(source) = self.source.take() else { return };
        self.settle(&source);
        for trailer in self.decoder.trailers().iter() {
            source.txn.note("http.trailer", trailer.line);
        }
        let trailers = self.trailing.pass(self.decoder.trailers());
        // A complete body is as long as its head promised.
        let _ = self.encoder.finish_with(trailers, &mut self.exchange.out.bytes);
        let Got { mut txn, mut conn, upload, mut busy, .. } = source;
        let (worker, status) = (self.exchange.worker, self.status);
        let usable = self.persistent && upload.is_complete() && conn.input.is_empty();
        let reason = (!usable).then_some(match conn.input.is_empty() {
            true if self.is_http10 => CloseReason::Http10,
            true => CloseReason::RespClose,
            false => CloseReason::RxJunk,
        });
        txn.backend_close(conn.fd(), conn.endpoint.name(), reason);
        worker.spare.keep_text(upload.into_text());
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
pub(super) fn keep(worker: &Worker, local: &Local, mut conn: Box<Conn>) {
    worker.stats.main().inc(Main::BackendRecycle);
    conn.uses += 1;
    conn.released = worker.log.coarse();
    worker.buffers.reclaim(&mut conn.input);
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
