//! Answers that come from here: refusals, and the page for a failed fetch.

use std::future::poll_fn;
use std::io::ErrorKind;
use std::task::Poll;
use std::time::Duration;

use shellac_config::ErrorPage;
use shellac_counters::live::Phase;
use shellac_counters::vsc::table::Main;
use shellac_format::Vxid;
use shellac_http1::policy::frame_response;
use shellac_http1::{BodyFraming, HeadError, Headers, ResponseHead, Version, culprit, write};

use super::request::{After, Exchange, via};
use super::session::Session;
use crate::clock::Micros;
use crate::date;
use crate::log::{Acct, HeadTags, SessionEnd, Txn, TxnKind};
use crate::worker::{Live, Outbox, Timer, Transport, Worker};

/// What an error page says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Page<'a> {
    /// The status.
    pub(crate) status: u16,
    /// Its phrase.
    pub(crate) reason: &'a str,
    /// The sentence below the title.
    pub(crate) detail: &'a str,
}

impl Page<'static> {
    /// No usable response from any backend.
    pub(crate) const FETCH_FAILED: Page<'static> =
        Page { status: 503, reason: "Backend fetch failed", detail: "Backend fetch failed" };
}

impl Page<'_> {
    /// The page, with the number that leads to the log.
    pub(crate) fn html(&self, worker: &Worker, shown: &ErrorPage, xid: Vxid, at: Micros) -> String {
        let Page { status, reason, detail } = self;
        let mut html = format!(
            "<!DOCTYPE html>\n<html>\n  <head>\n    <title>{status} {reason}</title>\n  </head>\n  <body>\n    \
             <h1>Error {status} {reason}</h1>\n    <p>{detail}</p>\n    <h3>Guru Meditation:</h3>\n    \
             <p>XID: {xid}</p>\n"
        );
        if shown.instance {
            html.push_str("    <p>Instance: ");
            html.extend(
                worker.instance.chars().map(|c| if "<>&\"'".contains(c) { '_' } else { c }),
            );
            html.push_str("</p>\n");
        }
        if shown.time {
            html.push_str("    <p>Time: ");
            html.push_str(&date::http(worker.log.wall(at) / 1_000_000));
            html.push_str("</p>\n");
        }
        html.push_str("    <hr>\n    <p>Shellac</p>\n  </body>\n</html>\n");
        html
    }

    /// The head that goes with it, without a length; written to `txn` in the two steps of an error state.
    pub(crate) fn head(
        &self,
        worker: &Worker,
        txn: &Txn,
        tags: HeadTags,
        at: Micros,
    ) -> ResponseHead {
        let mut headers = Headers::new();
        headers.push("Date", date::http(worker.log.wall(at) / 1_000_000));
        headers.push("Server", "Shellac");
        let head = ResponseHead {
            version: Version::Http11,
            status: self.status,
            reason: self.reason.to_owned(),
            headers,
        };
        txn.response_head(tags, &head, Version::Http11.as_str());
        head
    }

    /// The headers that the error state adds.
    pub(crate) fn decorate(&self, head: &mut ResponseHead, txn: &Txn, tags: HeadTags) {
        let mut add = |name: &str, value: &str| {
            head.headers.push(name, value);
            txn.header(tags, name, value.as_bytes());
        };
        add("Content-Type", "text/html; charset=utf-8");
        if self.status >= 500 {
            add("Retry-After", "5");
        }
    }
}

/// Answers a request that no backend is asked for, after its `VCL_return synth`.
pub(super) async fn synth(mut exchange: Exchange<'_>, page: Page<'_>) -> After {
    let worker = exchange.worker;
    worker.stats.main().inc(Main::SSynth);
    let log = &worker.log;
    let at = log.now();
    let xid = exchange.txn.vxid();
    let tags = HeadTags::RESP;
    let mut head = page.head(worker, &exchange.txn, tags, at);
    let number = xid.to_string();
    head.headers.push("X-Varnish", &number);
    exchange.txn.header(tags, "X-Varnish", number.as_bytes());
    via(worker, &exchange.txn, tags, &mut head.headers);
    exchange.txn.call("SYNTH");
    page.decorate(&mut head, &exchange.txn, tags);
    exchange.txn.returns("deliver");
    exchange.txn.timestamp("Process", at);
    let html = page.html(worker, &exchange.local.config().error_page, xid, at);
    if !exchange.body.is_complete() {
        exchange.close.get_or_insert(SessionEnd::RxBody);
    }
    exchange.txn.header(tags, "Content-Length", html.len().to_string().as_bytes());
    exchange.txn.storage();
    exchange.txn.filters();
    deliver(&mut exchange, head, &html).await
}

/// Answers with the page after a fetch that failed; `head` is that of the error state of the backend's side.
pub(crate) async fn send(exchange: &mut Exchange<'_>, mut head: ResponseHead, html: &str) -> After {
    let worker = exchange.worker;
    let at = worker.log.now();
    let tags = HeadTags::RESP;
    exchange.log_body(at);
    exchange.txn.timestamp("Fetch", at);
    let number = exchange.txn.vxid().to_string();
    head.headers.push("X-Varnish", &number);
    exchange.txn.response_head(tags, &head, Version::Http11.as_str());
    via(worker, &exchange.txn, tags, &mut head.headers);
    exchange.txn.call("DELIVER");
    exchange.txn.returns("deliver");
    exchange.txn.timestamp("Process", at);
    exchange.txn.filters();
    exchange.txn.header(tags, "Content-Length", html.len().to_string().as_bytes());
    if !exchange.body.is_complete() {
        exchange.close.get_or_insert(SessionEnd::RxBody);
    }
    deliver(exchange, head, html).await
}

/// Frames and sends a page, and ends the request.
async fn deliver(exchange: &mut Exchange<'_>, mut head: ResponseHead, html: &str) -> After {
    let worker = exchange.worker;
    worker.stats.response(head.status);
    let len = html.len() as u64;
    let keep = exchange.keeps();
    frame_response(
        &mut head.headers,
        head.status,
        BodyFraming::Length(len),
        exchange.version,
        keep,
    );
    if let Some(value) = head.headers.get("connection") {
        exchange.txn.header(HeadTags::RESP, "Connection", value);
    }
    let interim = exchange.out.len() as u64 + exchange.written;
    let head_len = exchange.push_head(true, |out| {
        write::response(out, &head);
    });
    let body_len = if exchange.head.method == "HEAD" {
        0
    } else {
        exchange.out.bytes.extend_from_slice(html.as_bytes());
        len
    };
    let send = exchange.local.config().timeouts.send;
    let limit = exchange.route.timeouts.send.unwrap_or(send);
    let Exchange { client, out, written, live, .. } = &mut *exchange;
    let sent = flush(worker, limit, &mut client.stream, out, written, live).await;
    let written = exchange.written.saturating_sub(interim);
    exchange.acct.response_head = head_len.min(written);
    exchange.acct.response_body = written.saturating_sub(head_len).min(body_len);
    exchange.txn.timestamp("Resp", worker.log.now());
    if let Err(end) = sent {
        exchange.finish();
        return After::close(end);
    }
    exchange.finish()
}

/// Sends what is in `out`, within `limit`.
pub(crate) async fn flush(
    worker: &Worker,
    limit: Duration,
    stream: &mut Transport,
    out: &mut Outbox,
    written: &mut u64,
    live: &mut Live,
) -> Result<(), SessionEnd> {
    let until = worker.log.coarse().after(limit);
    live.waits(Phase::Deliver, worker.log.coarse(), until);
    let mut timer = Timer::new(&worker.deadlines, until);
    poll_fn(|cx| match out.poll_flush(stream, cx, written) {
        Poll::Ready(Ok(())) => Poll::Ready(Ok(())),
        Poll::Ready(Err(error)) if is_gone(&error) => Poll::Ready(Err(SessionEnd::RemClose)),
        Poll::Ready(Err(_)) => Poll::Ready(Err(SessionEnd::TxError)),
        Poll::Pending if timer.is_late(cx) || live.is_killed() => {
            Poll::Ready(Err(SessionEnd::TxError))
        }
        Poll::Pending => Poll::Pending,
    })
    .await
}

/// Whether a write failed because the other side is gone.
pub(crate) fn is_gone(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset)
}

/// Answers a request whose head is refused; the connection is closed, for where the next one would begin is unknown.
pub(super) async fn refuse(session: &mut Session, error: HeadError, first_byte: Micros) -> After {
    let worker = std::rc::Rc::clone(session.worker());
    let log = &worker.log;
    let now = log.now();
    let xid = log.next_xid();
    session.txn.link(TxnKind::Request, xid);
    session.txn.flush();
    let parent = session.txn.vxid();
    let mut live = session
        .live
        .take()
        .unwrap_or_else(|| Live::claim(&worker, first_byte, parent, session.address));
    live.request(xid, "", "", now);
    let mut txn = Txn::begin(log, TxnKind::Request, xid, parent, first_byte, first_byte);
    txn.timestamp("Start", first_byte);
    txn.timestamp("Req", now);
    let input = session.client.input.filled();
    let reason = error.to_string();
    let limits = &worker.current().limits;
    if let Some(line) = culprit(input, error, limits) {
        txn.bogo_header(&reason, line);
    }
    if error.is_garbage() {
        txn.http_garbage(first_line(input));
    }
    txn.note("http.refused", &reason);
    let mut headers = Headers::new();
    headers.push("Content-Length", "0");
    headers.push("Connection", "close");
    let head = ResponseHead {
        version: Version::Http11,
        status: error.status(),
        reason: error.reason().to_owned(),
        headers,
    };
    txn.response_head(HeadTags::RESP, &head, Version::Http11.as_str());
    let mut out = Outbox::default();
    write::response(&mut out.bytes, &head);
    let request_head = input.len() as u64;
    let mut written = 0;
    // It is closed either way.
    let limit = worker.current().config().timeouts.send;
    let _ =
        flush(&worker, limit, &mut session.client.stream, &mut out, &mut written, &mut live).await;
    let acct = Acct { request_head, response_head: written, ..Acct::default() };
    txn.req_acct(&acct);
    worker.stats.main().inc(Main::ClientReq400);
    worker.stats.response(error.status());
    worker.stats.request_ended(&acct);
    txn.end();
    let end = if error.is_overflow() { SessionEnd::RxOverflow } else { SessionEnd::RxJunk };
    After { close: Some(end), linger: true }
}

/// The first line with its end, as the log quotes it.
fn first_line(input: &[u8]) -> &[u8] {
    let end = input.iter().position(|&byte| byte == b'\n').map_or(input.len(), |at| at + 1);
    &input[..end]
}
