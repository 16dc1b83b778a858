//! One attempt at a backend, up to the head of its response.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use shellac_config::Config;
use shellac_counters::live::Phase;
use shellac_counters::vsc::table::{Main, Vbe};
use shellac_http1::{BodyFraming, Decimal, Decoder, Headers, Known, ResponseHead, Version, write};
use shellac_upstream::{Endpoint, InFlight, Outcome, Rules};

use super::backoff::{self, Paused};
use super::connect::connect;
use super::failure::{Cause, Failure, KILLED};
use super::limit::{Limit, Until};
use super::retry::{Ended, Refusal};
use super::tls;
use super::upload::Upload;
use super::wait::{Response, wait};
use super::{Fetch, deliver, log_replay, log_response};
use crate::client::{BodyFault, Exchange, Page};
use crate::clock::Micros;
use crate::log::{
    CloseReason, Details, HeadTags, Phase as LogPhase, Row, SessionEnd, Txn, TxnKind,
};
use crate::stats::{Busy, Firsts, node_name};
use crate::worker::{Conn, Place, Worker};

/// What an attempt came to.
pub(super) enum Attempt {
    /// There is a response for the client: its head; the rest is where the caller wanted it.
    Response(Box<ResponseHead>),
    /// Another attempt follows.
    Again,
    /// There will be no response: the page for the client.
    Failed { head: Box<ResponseHead>, html: String },
    /// Nobody waits for a response any more.
    ClientGone,
}

/// A response whose body is still to come.
pub(super) struct Got<'l> {
    pub(super) txn: Txn,
    pub(super) conn: Box<Conn>,
    pub(super) upload: Upload,
    /// How its body comes.
    pub(super) framing: BodyFraming,
    /// Bytes of its head, interim ones included.
    pub(super) head_len: u64,
    /// The time, as nobody has been waited for since it was read.
    pub(super) at: Micros,
    /// The place that it has at the backend.
    pub(super) busy: Busy<'l>,
    /// What would have to be logged if the body broke off.
    pub(super) number: u32,
    /// The node that the response names, of a first attempt.
    pub(super) node: Option<Box<str>>,
}

/// A connection and what is being sent on it.
struct Running {
    conn: Box<Conn>,
    upload: Upload,
    /// Bytes that were sent on the connection before.
    written_before: u64,
}

/// Makes one attempt. What follows the head of a response goes into `got`.
pub(super) async fn attempt<'s>(
    exchange: &mut Exchange<'s>,
    fetch: &mut Fetch<'_>,
    got: &mut Option<Got<'s>>,
) -> Attempt {
    let worker = exchange.worker;
    fetch.number += 1;
    // Nobody has been waited for since the request's head was complete.
    let now = if fetch.number == 1 { exchange.at } else { worker.log.now() };
    let first = *fetch.first.get_or_insert_with(|| {
        let limit = exchange.next.and_then(|next| next.limit.filter(|_| next.cuts));
        let all = limit.map(|limit| Until {
            at: now.after(limit),
            limit: Limit::Attempts,
            time: Some(limit),
        });
        fetch.until = Until::first(exchange.until, all);
        now
    });
    let mut txn = Txn::begin(&worker.log, fetch.kind, fetch.xid, fetch.parent, first, now);
    if fetch.kind == TxnKind::Pass {
        txn.vcl_use(&exchange.local.generation().name);
    }
    txn.timestamp("Start", now);
    let local = exchange.local;
    let steady = worker.log.steady(now);
    let pool = exchange.route.pool;
    let picked = local.pickers[pool].borrow_mut().pick(&mut fetch.course, steady);
    let generation = local.generation().number;
    let shown = picked.as_ref().ok().map(|busy| {
        let endpoint = busy.endpoint();
        (endpoint.name(), Place { generation, backend: endpoint.index() })
    });
    exchange.live.attempt(fetch.number, fetch.xid, shown, now);
    prepare_head(exchange, &txn, fetch.kind, picked.as_ref().ok().map(InFlight::endpoint));
    txn.row(Row::Fetch);
    txn.timestamp("Fetch", now);
    if let Some(reason) = exchange.live.kill_reason() {
        let failure = Failure::killed(LogPhase::Choose, &reason);
        return failed(exchange, fetch, txn, failure, None, None).await;
    }
    let mut busy = match picked {
        Ok(in_flight) => local.begin(in_flight),
        Err(why) => {
            local.not_picked(&worker.stats, pool, why, steady);
            let failure = Failure::no_backend(&local.generation().pools[pool], why);
            return failed(exchange, fetch, txn, failure, None, None).await;
        }
    };
    let kept = if fetch.budget.may_reuse() {
        let host = tls::host(exchange, busy.endpoint());
        local.idle.take(busy.endpoint().index(), host.as_deref(), &worker.log)
    } else {
        None
    };
    let reused = kept.is_some();
    let mut conn = match kept {
        Some(conn) => conn,
        // In memory of its own, as all that is done rarely: a request that goes well needs no room for it.
        None => match Box::pin(connect(exchange, &mut busy, fetch.until)).await {
            Ok(conn) => conn,
            Err(failure) => {
                let lately = worker.node.lately(failure.asked());
                let failure = failure.on(lately);
                failure.count(&worker.stats, local.counts(busy.endpoint()));
                return failed(exchange, fetch, txn, failure, None, Some(busy)).await;
            }
        },
    };
    let connected = if reused { now } else { conn.opened };
    log_open(&mut txn, &conn, connected, reused);
    if !reused
        && let Err(failure) = Box::pin(tls::secure(exchange, &txn, &mut conn, fetch.until)).await
    {
        let counts = local.counts(busy.endpoint());
        failure.count(&worker.stats, counts);
        // Nothing is sent.
        let mut upload = Upload::new(Vec::new(), &exchange.body, false);
        upload.logged = true;
        let running = Running { conn, upload, written_before: 0 };
        return failed(exchange, fetch, txn, failure, Some(running), Some(busy)).await;
    }
    worker.stats.sent(local.counts(busy.endpoint()), reused);

    let mut bytes = worker.spare.text();
    write::request(&mut bytes, exchange.head);
    // A client that waits for a word, and has not sent anything yet, waits until the backend has said it.
    let open =
        !exchange.expects || exchange.body.received() > 0 || !exchange.client.input.is_empty();
    let upload = Upload::new(bytes, &exchange.body, open);
    let written_before = conn.written;
    conn.stream.mark();
    let mut running = Running { conn, upload, written_before };
    let waited =
        wait(exchange, &mut txn, &mut running.conn, &mut running.upload, fetch.until).await;
    let head_sent = running.upload.written.min(running.upload.head_len);
    let body_sent = running.upload.written - head_sent;
    fetch.acct.request_head += head_sent;
    fetch.acct.request_body += body_sent;
    let counts = local.counts(busy.endpoint());
    counts.add(Vbe::BereqHdrbytes, head_sent);
    counts.add(Vbe::BereqBodybytes, body_sent);
    let mut response = match waited {
        Ok(response) => response,
        Err(failure) => {
            let failure = failure.on(worker.node.lately(running.conn.remote));
            failure.count(&worker.stats, counts);
            fetch.acct.response_head += failure.received.unwrap_or(0);
            counts.add(Vbe::BerespHdrbytes, failure.received.unwrap_or(0));
            return failed(exchange, fetch, txn, failure, Some(running), Some(busy)).await;
        }
    };
    fetch.acct.response_head += response.head_len;
    worker.stats.received(counts, response.head.status, response.head_len, response.at.since(now));
    let mut node = None;
    if fetch.number == 1 {
        let failed = response.head.status >= 500;
        worker.stats.first(counts, failed);
        node = named(local.config(), pool, &response.head.headers);
        if let Some(node) = &node {
            let firsts = Firsts { attempts: 1, failures: failed.into() };
            local.named(busy.endpoint(), node, firsts);
        }
    }
    date(worker, &mut response.head, response.at);
    log_response(&mut txn, &response.head, response.at);
    if !exchange.body.framing().is_empty() {
        txn.note_number("fetch.sent", running.upload.sent());
        if let Some(acked) = acked(&running) {
            txn.note_number("fetch.acked", acked);
        }
    }
    txn.call("BACKEND_RESPONSE");
    let status = response.head.status;
    if status >= 400 && !exchange.body.is_settled() {
        // Whoever decides about another attempt has to know.
        Box::pin(exchange.body.settle()).await;
    }
    let at = if status >= 400 { worker.log.now() } else { response.at };
    let outcome = Outcome::Answered { status, retried: true };
    let allows = fetch.budget.minds(status) && {
        let ended = ended(exchange, fetch, Cause::Final, outcome, Some(&running), response.at);
        fetch.budget.allows_status(status, &ended)
    };
    if allows {
        let pause = fetch.budget.pause(worker.chance.draw());
        if backoff::fits(pause, response.at, fetch.until) {
            let retried = Retried { txn, running, busy, response, outcome };
            return Box::pin(retry(exchange, fetch, retried, pause)).await;
        }
        refuse(&txn, Refusal::Time);
    }
    let counts_as_failure =
        matches!(busy.pool().rules(), Rules::Ours(rules) if rules.statuses.contains(&status));
    if !counts_as_failure && let Some(event) = busy.answered(worker.log.steady(response.at)) {
        worker.log.backend_event(&local.generation().name, busy.endpoint(), event);
    }
    let Running { conn, upload, .. } = running;
    let number = fetch.number;
    let Response { head, framing, head_len, .. } = response;
    *got = Some(Got { txn, conn, upload, framing, head_len, at, busy, number, node });
    Attempt::Response(head)
}

/// An attempt whose response is not passed on.
struct Retried<'l> {
    txn: Txn,
    running: Running,
    busy: Busy<'l>,
    response: Response,
    outcome: Outcome,
}

/// Ends such an attempt; the next one follows after `pause`.
async fn retry(
    exchange: &mut Exchange<'_>,
    fetch: &mut Fetch<'_>,
    retried: Retried<'_>,
    pause: Duration,
) -> Attempt {
    let worker = exchange.worker;
    let Retried { txn, running, mut busy, response, outcome } = retried;
    worker.stats.main().inc(Main::Retry);
    txn.returns("retry");
    over(exchange, &mut busy, outcome);
    discard(exchange, fetch, &txn, running, &response).await;
    drop(busy);
    exchange.live.leaves_backend();
    if backoff::wait(exchange, &txn, pause).await == Paused::Gone {
        txn.bereq_acct(&fetch.acct);
        txn.end();
        return Attempt::ClientGone;
    }
    again(fetch, txn, worker.log.now(), worker.log.next_xid())
}

/// Gives a response without a date that of its arrival: whoever has a clock owes it to those behind.
fn date(worker: &Worker, head: &mut ResponseHead, at: Micros) {
    const DATE: Known = Known::Date;
    if head.status >= 200 && !head.headers.contains(DATE) {
        let seconds = worker.log.wall(at) / 1_000_000;
        worker.dates.of(seconds, |date| head.headers.push(DATE, date));
    }
}

/// The node that a response names in the header that the configuration says.
fn named(config: &Config, pool: usize, headers: &Headers) -> Option<Box<str>> {
    let header = config.pools.get(pool)?.node_header.as_deref()?;
    node_name(headers.get(header)?).map(Box::from)
}

/// Gives the head this attempt's number and logs it.
pub(super) fn prepare_head(
    exchange: &mut Exchange<'_>,
    txn: &Txn,
    kind: TxnKind,
    endpoint: Option<&Arc<Endpoint>>,
) {
    const NUMBER: Known = Known::XVarnish;
    let head = &mut *exchange.head;
    if !head.headers.contains(Known::Host)
        && let Some(endpoint) = endpoint
    {
        head.headers.push(Known::Host, endpoint.host());
    }
    let tags = HeadTags::BEREQ;
    let protocol = Version::Http11.as_str();
    if kind == TxnKind::Retry {
        txn.request_head(tags, head, protocol);
        if let Some(before) = head.headers.get(NUMBER) {
            txn.unset(tags, NUMBER.as_str(), before);
        }
        let number = Decimal::new(txn.vxid().0);
        head.headers.set_number(NUMBER, txn.vxid().0);
        txn.header(tags, NUMBER.as_str(), number.as_bytes());
    } else {
        head.headers.set_number(NUMBER, txn.vxid().0);
        txn.request_head(tags, head, protocol);
    }
}

pub(super) fn log_open(txn: &mut Txn, conn: &Conn, at: Micros, reused: bool) {
    txn.timestamp("Connected", at);
    let age = at.since(conn.opened);
    let reuse = reused.then_some((age, conn.uses));
    txn.backend_open(&conn.ends, reuse);
    if reused {
        txn.note_seconds("fetch.age", age);
        txn.note_seconds("fetch.idle", at.since(conn.released));
    }
}

/// Bytes of the body that the backend's kernel has acknowledged.
fn acked(running: &Running) -> Option<u64> {
    let total = running.conn.acked()?;
    Some(running.upload.acked(total.saturating_sub(running.written_before)))
}

/// Bytes of the whole request that the backend's kernel has acknowledged.
fn taken(running: &Running) -> Option<u64> {
    let taken = running.conn.acked()?.saturating_sub(running.written_before);
    Some(taken.min(running.upload.written))
}

/// [`fail`] in memory of its own: what goes well needs no room for it, and its code is elsewhere.
#[cold]
#[inline(never)]
fn failed<'a>(
    exchange: &'a mut Exchange<'_>,
    fetch: &'a mut Fetch<'_>,
    txn: Txn,
    failure: Box<Failure>,
    running: Option<Running>,
    busy: Option<Busy<'a>>,
) -> Pin<Box<dyn Future<Output = Attempt> + 'a>> {
    Box::pin(fail(exchange, fetch, txn, failure, running, busy))
}

/// Logs a failure and decides what follows.
async fn fail(
    exchange: &mut Exchange<'_>,
    fetch: &mut Fetch<'_>,
    mut txn: Txn,
    failure: Box<Failure>,
    running: Option<Running>,
    busy: Option<Busy<'_>>,
) -> Attempt {
    let worker = exchange.worker;
    let now = worker.log.now();
    let has_body = !exchange.body.framing().is_empty();
    let logged = running.as_ref().is_some_and(|running| running.upload.logged);
    let known = exchange.body.loss();
    if failure.fault.is_none() && failure.close != Some(CloseReason::RemClose) {
        exchange.body.settle().await;
    }
    if let Some(fault) = failure.fault {
        log_fault(exchange, fault, now);
        // Whatever else would end it.
        exchange.close = Some(SessionEnd::RxBody);
    }
    let reused = running.as_ref().is_some_and(|running| running.conn.uses > 0);
    let details = Details {
        reused: running.as_ref().map(|_| reused),
        age: running.as_ref().filter(|_| reused).map(|running| now.since(running.conn.opened)),
        sent: running.as_ref().filter(|_| has_body).map(|running| running.upload.sent()),
        acked: running.as_ref().filter(|_| has_body).and_then(acked),
        taken: running.as_ref().and_then(taken),
        expected: exchange.body.framing().len_bytes().filter(|_| has_body),
        client: exchange.client.broken_word(),
        attempt: fetch.number,
        address: running.as_ref().map_or(failure.address, |running| running.conn.address()),
        ..Details::default()
    };
    failure.log(&txn, details);
    if let Some(running) = &running {
        // The connection may also have ended while the client was still sending.
        if has_body && (!logged || exchange.body.loss() != known) {
            log_replay(&txn, &exchange.body);
        }
        if !logged {
            txn.timestamp("Bereq", now);
        }
        let reason = failure.close.unwrap_or(CloseReason::RespClose);
        txn.backend_close(running.conn.fd(), running.conn.endpoint.name(), Some(reason));
        failure.log_after_close(&txn);
    }
    let outcome = failure.outcome(reused && fetch.budget.is_first_stale());
    if let Some(mut busy) = busy {
        // Neither a client that left nor a kept connection that had gone says anything.
        if fetch.number == 1 && !matches!(outcome, Outcome::Client | Outcome::Stale) {
            worker.stats.first(exchange.local.counts(busy.endpoint()), true);
        }
        over(exchange, &mut busy, outcome);
    }
    exchange.live.leaves_backend();
    if failure.close == Some(CloseReason::RemClose) {
        txn.bereq_acct(&fetch.acct);
        txn.end();
        return Attempt::ClientGone;
    }
    if failure.has_no_head() {
        txn.timestamp("Beresp", now);
    }
    txn.timestamp("Error", now);
    let page = page(failure.fault);
    let tags = HeadTags::BERESP;
    let mut head = page.head(worker, &txn, tags, now);
    txn.call("BACKEND_ERROR");
    let ended = Ended {
        is_cut: failure.is_cut(),
        ..ended(exchange, fetch, failure.cause, outcome, running.as_ref(), now)
    };
    let allowed = fetch.budget.allows(&ended);
    // What is left of the attempt is not kept over a pause.
    drop(running);
    match allowed {
        Ok(()) => match pause(exchange, fetch, &txn).await {
            Ok(Paused::Over) => {
                worker.stats.retried(reused);
                txn.returns("retry");
                return again(fetch, txn, worker.log.now(), worker.log.next_xid());
            }
            Ok(Paused::Gone) => {
                txn.bereq_acct(&fetch.acct);
                txn.end();
                return Attempt::ClientGone;
            }
            Ok(Paused::Killed) => {
                let reason = exchange.live.kill_reason().unwrap_or_default();
                txn.fetch_error(format!("{KILLED}: {reason}").as_bytes());
            }
            Err(refusal) => refuse(&txn, refusal),
        },
        Err(refusal) => refuse(&txn, refusal),
    }
    page.decorate(&mut head, &txn, tags);
    txn.returns("deliver");
    txn.storage();
    let html = page.html(worker, &exchange.local.config().error_page, exchange.txn.vxid(), now);
    txn.length(html.len() as u64);
    txn.bereq_acct(&fetch.acct);
    txn.end();
    Attempt::Failed { head: Box::new(head), html }
}

/// Says why no other attempt follows.
fn refuse(txn: &Txn, refusal: Refusal) {
    if let Some(word) = refusal.word() {
        txn.note("fetch.retry", word);
    }
}

/// The pause before the retry that was just allowed, if there is time for one.
async fn pause(
    exchange: &mut Exchange<'_>,
    fetch: &Fetch<'_>,
    txn: &Txn,
) -> Result<Paused, Refusal> {
    let worker = exchange.worker;
    let pause = fetch.budget.pause(worker.chance.draw());
    if !backoff::fits(pause, worker.log.now(), fetch.until) {
        return Err(Refusal::Time);
    }
    Ok(backoff::wait(exchange, txn, pause).await)
}

/// What whoever decides about another attempt wants to know of this one.
fn ended<'a>(
    exchange: &'a Exchange<'_>,
    fetch: &Fetch<'_>,
    cause: Cause,
    outcome: Outcome,
    running: Option<&Running>,
    at: Micros,
) -> Ended<'a> {
    let log = &exchange.worker.log;
    Ended {
        cause,
        outcome,
        reused: running.is_some_and(|running| running.conn.uses > 0),
        method: &exchange.head.method,
        is_cut: false,
        sent: running.is_some_and(|running| running.upload.written > 0),
        replayable: exchange.body.loss().is_none(),
        attempts: fetch.number,
        most: exchange.local.generation().pools[exchange.route.pool].most_attempts(),
        begun: log.steady(fetch.first.unwrap_or(at)),
        now: log.steady(at),
    }
}

/// Tells what became of an attempt, and logs what that changes for its backend.
pub(super) fn over(exchange: &Exchange<'_>, busy: &mut InFlight, outcome: Outcome) {
    let log = &exchange.worker.log;
    if let Some(event) = busy.finish(outcome, log.steady(log.coarse())) {
        log.backend_event(&exchange.local.generation().name, busy.endpoint(), event);
    }
}

/// Ends an attempt that another one follows.
fn again(fetch: &mut Fetch<'_>, mut txn: Txn, now: Micros, next: shellac_format::Vxid) -> Attempt {
    txn.timestamp("Retry", now);
    txn.link(TxnKind::Retry, next);
    fetch.kind = TxnKind::Retry;
    fetch.parent = txn.vxid();
    fetch.xid = next;
    txn.end();
    Attempt::Again
}

/// The page for a failure: most are a backend's, some the client's own.
fn page(fault: Option<BodyFault>) -> Page<'static> {
    let page = |status, reason| Page { status, reason, detail: reason };
    match fault {
        Some(BodyFault::Malformed(_)) => page(400, "Bad Request"),
        Some(BodyFault::Timeout(_)) => page(408, "Request Timeout"),
        Some(BodyFault::TooLarge) => page(413, "Content Too Large"),
        Some(BodyFault::Ended(..) | BodyFault::Insecure(_)) | None => Page::FETCH_FAILED,
    }
}

/// Logs on the client's side what is wrong with its body.
fn log_fault(exchange: &mut Exchange<'_>, fault: BodyFault, at: Micros) {
    let txn = &exchange.txn;
    match fault {
        BodyFault::Ended(error, errno) => {
            if let Some(errno) = errno {
                txn.fetch_error(super::failure::errno_text(errno).as_bytes());
            }
            txn.fetch_error(error.text().as_bytes());
        }
        BodyFault::Insecure(error) => {
            if let Some(fault) = &exchange.client.broken {
                txn.fetch_error(format!("TLS: {}", fault.text).as_bytes());
            }
            txn.fetch_error(error.text().as_bytes());
        }
        BodyFault::Malformed(error) => txn.fetch_error(error.text().as_bytes()),
        BodyFault::Timeout(error) => {
            txn.fetch_error(b"Resource temporarily unavailable");
            txn.fetch_error(error.text().as_bytes());
        }
        BodyFault::TooLarge => txn.fetch_error(b"Request body too big to cache"),
    }
    exchange.log_body(at);
}

/// Gets rid of a response that is not passed on: its connection is kept if the rest is there or short.
async fn discard(
    exchange: &mut Exchange<'_>,
    fetch: &mut Fetch<'_>,
    txn: &Txn,
    running: Running,
    response: &Response,
) {
    let Running { mut conn, upload, .. } = running;
    let worker = exchange.worker;
    let mut decoder = Decoder::new(response.framing);
    let short = match response.framing {
        BodyFraming::None => true,
        BodyFraming::Length(len) => len <= deliver::DISCARD_BYTES,
        BodyFraming::Chunked => true,
        BodyFraming::Eof => false,
    };
    let complete = short
        && upload.is_complete()
        && deliver::skim(worker, &mut conn, &mut decoder, |until| {
            exchange.show(Phase::Discard, until, upload.written, response.head_len);
        })
        .await
        && !conn.single
        && shellac_http1::policy::response_persistent(&response.head, response.framing);
    fetch.acct.response_body += decoder.received_bytes();
    let counts = exchange.local.counts(&conn.endpoint);
    counts.add(Vbe::BerespBodybytes, decoder.received_bytes());
    let reason = (!complete).then_some(CloseReason::RespClose);
    txn.backend_close(conn.fd(), conn.endpoint.name(), reason);
    if complete {
        deliver::keep(worker, exchange.local, conn);
    }
}
