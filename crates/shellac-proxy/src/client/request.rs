//! One request, from its head to the last record of its transaction.

use std::net::SocketAddr;
use std::rc::Rc;

use shellac_config::{Action, BodyOver, Route};
use shellac_counters::live::{Bytes, Phase};
use shellac_counters::vsc::table::Main;
use shellac_http1::policy::{
    client_keeps_alive, expects_continue, set_upgrade, strip_hop_by_hop, takes_interim,
    wanted_upgrade,
};
use shellac_http1::{
    BodyFraming, Known, RequestHead, Trailing, Version, request_framing, trailers,
};
use shellac_upstream::next::NextUpstream;

use super::answer::{self, Page};
use super::body::RequestBody;
use super::route::{Found, Verdict, route};
use super::session::{Client, Heard, Session};
use crate::clock::Micros;
use crate::fetch::{self, Limit, Until};
use crate::log::{Acct, AddressText, HeadTags, Row, SessionEnd, Txn, TxnKind};
use crate::tunnel::TunnelPlace;
use crate::worker::{Live, Local, Outbox, Welcome, Worker};

/// What becomes of the connection after an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct After {
    /// Why it is closed, or `None` when it goes on.
    pub(crate) close: Option<SessionEnd>,
    /// Whether the client may still be sending and has to get the chance to read the answer.
    pub(crate) linger: bool,
}

impl After {
    /// It is closed, and nothing is on its way any more.
    pub(crate) const fn close(end: SessionEnd) -> After {
        After { close: Some(end), linger: false }
    }
}

/// A request that is being served.
pub(crate) struct Exchange<'s> {
    pub(crate) worker: &'s Rc<Worker>,
    /// The configuration that it began with.
    pub(crate) local: &'s Local,
    pub(crate) client: &'s mut Client,
    /// Where the client is.
    pub(crate) address: SocketAddr,
    /// Where it connected to.
    pub(crate) server: SocketAddr,
    /// When its head was complete.
    pub(crate) at: Micros,
    /// The request's transaction.
    pub(crate) txn: Txn,
    /// Its slot on the scoreboard.
    pub(crate) live: Live,
    /// What the backend is sent: the client's head without what concerned the client's connection alone.
    pub(crate) head: &'s mut RequestHead,
    pub(crate) body: RequestBody<'s>,
    pub(crate) route: &'s Route,
    /// When it goes on to the next backend, if its route says so in the words of nginx.
    pub(crate) next: Option<&'s NextUpstream>,
    pub(crate) acct: Acct,
    /// Bytes on their way to the client.
    pub(crate) out: Outbox,
    /// Bytes written to the client.
    pub(crate) written: u64,
    /// The version that the client speaks.
    pub(crate) version: Version,
    /// When the whole request is cut, if there is a time for that.
    pub(crate) until: Option<Until>,
    /// Why the connection is closed after the answer, as far as is known.
    pub(crate) close: Option<SessionEnd>,
    /// The client waits for a word before it sends its body.
    pub(crate) expects: bool,
    /// It asks for another protocol, and may have it.
    pub(crate) upgrade: bool,
    /// A place among the tunnels, where it may become one.
    pub(crate) _place: Option<TunnelPlace>,
    /// Interim heads may be relayed.
    pub(crate) interim: bool,
    /// Whether `Timestamp ReqBody` has been written.
    pub(crate) body_logged: bool,
}

impl Exchange<'_> {
    /// Whether the client's connection stays open behind the answer whose head is made now. The thread may have been told to
    /// end since the request began, and then the client has to know.
    pub(crate) fn keeps(&mut self) -> bool {
        if self.worker.draining.get() {
            self.close.get_or_insert(SessionEnd::RespClose);
        }
        self.close.is_none()
    }

    /// Logs once that the request's body has been read, or that nobody reads it any more.
    pub(crate) fn log_body(&mut self, at: Micros) {
        if !self.body_logged {
            self.body_logged = true;
            for trailer in self.body.trailers() {
                self.txn.note("http.trailer", trailer.line);
            }
            self.txn.timestamp("ReqBody", at);
        }
    }

    /// Writes a head for the client behind what is on its way already, and says how long it is. `last` is the answer's
    /// own head, which no other one follows.
    pub(crate) fn push_head(&mut self, last: bool, write: impl FnOnce(&mut Vec<u8>)) -> u64 {
        let bytes = &mut self.out.bytes;
        let start = bytes.len();
        write(bytes);
        let len = bytes.len() - start;
        let ahead = self.client.ahead.unwrap_or(0);
        bytes.drain(start..start + ahead);
        self.written += ahead as u64;
        self.client.ahead = (!last).then_some(0);
        len as u64
    }

    /// Shows what the request is about to wait for, until when at most, and the bytes to and from the backend.
    pub(crate) fn show(&mut self, phase: Phase, until: Micros, to_backend: u64, from_backend: u64) {
        // Before the phase, so that whoever sees that sees no older bytes.
        self.live.bytes(Bytes {
            from_client: self.acct.request_head + self.body.raw(),
            to_client: self.written,
            to_backend,
            from_backend,
        });
        self.live.waits(phase, self.worker.log.coarse(), until);
    }

    /// Ends the transaction.
    pub(crate) fn finish(&mut self) -> After {
        let unread = !self.body.is_complete();
        self.acct.request_body = self.body.raw();
        self.txn.req_acct(&self.acct);
        self.worker.stats.request_ended(&self.acct);
        self.worker.spare.keep_text(std::mem::take(&mut self.out).bytes);
        self.txn.finish();
        if unread {
            // What follows would be taken for a request otherwise.
            let end = self.close.unwrap_or(SessionEnd::RxBody);
            return After { close: Some(end), linger: true };
        }
        After { close: self.close, linger: false }
    }
}

/// Serves the request whose head is in the session.
pub(super) async fn serve(session: &mut Session, heard: Heard) -> After {
    let Heard { len, first_byte, at: now } = heard;
    let worker = Rc::clone(session.worker());
    let local = worker.lease();
    worker.stats.main().inc(Main::ClientReq);
    let Session { client, txn: parent, peer, address, server, live, welcome, head, .. } = session;
    client.input.consume(len);
    // While the request waits, others use the memory, which is still in the caches.
    worker.buffers.reclaim(&mut client.input);
    let log = &worker.log;
    let xid = log.next_xid();
    parent.link(TxnKind::Request, xid);
    parent.flush();
    let mut live =
        live.take().unwrap_or_else(|| Live::claim(&worker, first_byte, parent.vxid(), *address));
    live.request(xid, &head.method, &head.target, now);
    let mut txn = Txn::begin(log, TxnKind::Request, xid, parent.vxid(), first_byte, first_byte);
    txn.timestamp("Start", first_byte);
    txn.timestamp("Req", now);
    txn.vcl_use(&local.generation().name);
    txn.req_start(peer, &welcome.name);
    txn.request_head(HeadTags::REQ, head, head.version.as_str());

    // The parser has refused every head for which there is no framing.
    let framing = request_framing(head).unwrap_or(BodyFraming::None);
    let config = local.config();
    let Found { at, route, verdict } = route(config, head);
    let known = if verdict == Verdict::Fits { &route.upgrade[..] } else { &[] };
    let upgrade = wanted_upgrade(head, framing, known);
    let close = close_after(&worker, welcome, head).or_else(|| {
        // Whoever wants a tunnel may send its bytes without waiting: they are no requests, whatever the answer is.
        (head.method == "CONNECT" || upgrade.is_some()).then_some(SessionEnd::RespClose)
    });
    let pipes = verdict == Verdict::Fits && route.action == Action::Pipe;
    // Nobody knows what the first byte out of a tunnel is.
    client.ahead = (!pipes).then_some(0);
    let expects = expects_continue(head) && !framing.is_empty();
    let refuse_over = config.body.over == BodyOver::Refuse;
    let too_large =
        refuse_over && framing.len_bytes().is_some_and(|len| len > config.body.limit_bytes);
    let version = head.version;
    let interim = takes_interim(head);
    let wants_trailers = trailers::wants_trailers(head);
    let trailing = match framing {
        BodyFraming::Chunked => Trailing::of(&head.headers),
        _ => Trailing::default(),
    };
    strip_hop_by_hop(&mut head.headers);
    // Only now, so that `Connection` cannot take away what is added here.
    introduce(&worker, &txn, head, peer);
    if client.stream.is_tls() {
        say_https(&txn, head);
    }
    // A length goes on as it was read, not as it was written: others take `010` for eight.
    if !matches!(framing, BodyFraming::None) {
        framing.set(&mut head.headers);
        trailing.announce(&mut head.headers);
    }
    if wants_trailers && upgrade.is_none() {
        trailers::ask_for_trailers(&mut head.headers);
    }
    if !expects && !pipes {
        head.headers.remove(Known::Expect);
    }
    if let (Some(protocols), false) = (&upgrade, pipes) {
        set_upgrade(&mut head.headers, protocols);
    }
    // A request that may become a tunnel has its place before anything is sent for it.
    let tunnels = pipes || upgrade.is_some();
    let place = if tunnels { worker.tunnels.take(config.limits.pipe_max) } else { None };
    let refused = match (verdict, &route.action) {
        (Verdict::Refused(status, reason), _) => Some((status, reason)),
        (_, Action::Deny { status, reason }) => Some((*status, &reason[..])),
        _ if too_large && !pipes => Some((413, "Content Too Large")),
        _ => None,
    };
    let crowded = refused.is_none() && tunnels && place.is_none();
    let refused = refused.or(crowded.then_some((503, "Too many tunnels")));
    // In a tunnel there is no body: its bytes go through like all others.
    let framing = if pipes && refused.is_none() { BodyFraming::None } else { framing };
    let total = route.timeouts.total.unwrap_or(config.timeouts.total);
    let until = total.map(|total| Until {
        at: first_byte.after(total),
        limit: Limit::Total,
        time: Some(total),
    });
    let mut exchange = Exchange {
        route,
        next: local.generation().next_upstream(at),
        worker: &worker,
        local: &local,
        client,
        address: *address,
        server: *server,
        at: now,
        txn,
        live,
        head,
        body: RequestBody::new(framing, &config.body, &worker, trailing),
        acct: Acct { request_head: len as u64, ..Acct::default() },
        out: Outbox::of(worker.spare.text()),
        written: 0,
        version,
        until,
        close,
        expects,
        upgrade: upgrade.is_some(),
        _place: place,
        interim,
        body_logged: framing.is_empty(),
    };
    if let Some((status, reason)) = refused {
        exchange.txn.call("RECV");
        if crowded {
            worker.stats.main().inc(Main::PipeLimited);
            exchange.txn.note("http.refused", "limits.pipe_max");
            // What it has sent ahead is no request.
            exchange.close.get_or_insert(SessionEnd::RespClose);
        }
        exchange.txn.returns("synth");
        exchange.txn.call("HASH");
        exchange.txn.returns("lookup");
        return Box::pin(answer::synth(exchange, Page { status, reason, detail: reason })).await;
    }
    if pipes {
        exchange.txn.call("RECV");
        exchange.txn.returns("pipe");
        exchange.txn.call("HASH");
        exchange.txn.returns("lookup");
        return Box::pin(fetch::pipe(exchange, upgrade)).await;
    }
    exchange.txn.row(Row::Pass);
    fetch::run(&mut exchange).await
}

/// Adds who asks, and who passes it on.
fn introduce(worker: &Worker, txn: &Txn, head: &mut RequestHead, peer: &AddressText) {
    const FORWARDED: Known = Known::XForwardedFor;
    if peer.is_nowhere() {
        // Whoever speaks through a path of this machine has said what there is to say.
        return via(worker, txn, HeadTags::REQ, &mut head.headers);
    }
    if !head.headers.contains(FORWARDED) {
        txn.header(HeadTags::REQ, FORWARDED.as_str(), peer.host());
        head.headers.push(FORWARDED, peer.host());
        return via(worker, txn, HeadTags::REQ, &mut head.headers);
    }
    let mut chain = worker.spare.text();
    for value in head.headers.values(FORWARDED) {
        txn.unset(HeadTags::REQ, FORWARDED.as_str(), value);
        chain.extend_from_slice(value);
        chain.extend_from_slice(b", ");
    }
    chain.extend_from_slice(peer.host());
    head.headers.set(FORWARDED, &chain);
    txn.header(HeadTags::REQ, FORWARDED.as_str(), &chain);
    worker.spare.keep_text(chain);
    via(worker, txn, HeadTags::REQ, &mut head.headers);
}

/// Says what the client speaks, whatever it says itself: a backend that sees plain HTTP sends browsers to HTTPS, again and again.
/// Where they speak to us without TLS, who stands in front of us has said it.
fn say_https(txn: &Txn, head: &mut RequestHead) {
    const PROTOCOL: &str = "X-Forwarded-Proto";
    const HTTPS: &[u8] = b"https";
    for value in head.headers.values(PROTOCOL) {
        txn.unset(HeadTags::REQ, PROTOCOL, value);
    }
    head.headers.set(PROTOCOL, HTTPS);
    txn.header(HeadTags::REQ, PROTOCOL, HTTPS);
}

/// Adds ourselves to `Via`.
pub(crate) fn via(
    worker: &Worker,
    txn: &Txn,
    tags: HeadTags,
    headers: &mut shellac_http1::Headers,
) {
    const VIA: Known = Known::Via;
    if !headers.contains(VIA) {
        txn.header(tags, VIA.as_str(), worker.via.value());
        return headers.push_line(&worker.via);
    }
    let mut chain = worker.spare.text();
    for value in headers.values(VIA) {
        txn.unset(tags, VIA.as_str(), value);
        chain.extend_from_slice(value);
        chain.extend_from_slice(b", ");
    }
    chain.extend_from_slice(worker.via.value());
    headers.set(VIA, &chain);
    txn.header(tags, VIA.as_str(), &chain);
    worker.spare.keep_text(chain);
}

/// Why the connection ends with this request, if the client's head or our own state say so.
fn close_after(worker: &Worker, welcome: &Welcome, head: &RequestHead) -> Option<SessionEnd> {
    if !client_keeps_alive(head) {
        return Some(match head.version {
            Version::Http10 if !head.headers.has_token(Known::Connection, "close") => {
                SessionEnd::ReqHttp10
            }
            _ => SessionEnd::ReqClose,
        });
    }
    let is_over = worker.draining.get() || welcome.closed.get();
    is_over.then_some(SessionEnd::RespClose)
}
