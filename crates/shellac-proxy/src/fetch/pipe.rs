//! A request that makes its connection a tunnel by its route: one attempt, whose answer nobody reads.

use std::future::poll_fn;
use std::task::Poll;

use shellac_counters::live::Phase as Wait;
use shellac_counters::vsc::table::{Main, Vbe};
use shellac_http1::{Headers, ResponseHead, Version, write};
use shellac_upstream::{Course, InFlight};

use super::attempt::{log_open, over, prepare_head};
use super::connect::connect;
use super::failure::Failure;
use super::key;
use super::limit::{self, Limit, Times};
use super::tls;
use crate::client::{After, Exchange, Page, flush};
use crate::log::{Acct, CloseReason, Details, HeadTags, Phase, SessionEnd, Txn, TxnKind};
use crate::stats::Busy;
use crate::tunnel::Tunnel;
use crate::worker::{Conn, Outbox, Place, Timer};

/// Connects a client to a backend and hands the bytes on, its request first. `upgrade` are the protocols that the client wants
/// and may have.
pub(crate) async fn pipe(mut exchange: Exchange<'_>, upgrade: Option<Vec<u8>>) -> After {
    let Exchange { worker, local, .. } = exchange;
    // Whatever the client is sent is the backend's, to the byte: it cannot be asked whether it is there.
    exchange.client.ahead = None;
    let log = &worker.log;
    let xid = log.next_xid();
    worker.stats.main().inc(Main::SPipe);
    worker.stats.main().add(Main::SPipeHdrbytes, exchange.acct.request_head);
    exchange.txn.link(TxnKind::Pipe, xid);
    exchange.txn.call("PIPE");
    exchange.txn.returns("pipe");

    let now = log.now();
    let parent = exchange.txn.vxid();
    let mut txn = Txn::begin(log, TxnKind::Pipe, xid, parent, now, now);
    txn.timestamp("Start", now);
    let steady = log.steady(now);
    let pool = exchange.route.pool;
    let mut course = Course::new(key(&exchange));
    let picked = local.pickers[pool].borrow_mut().pick(&mut course, steady);
    let generation = local.generation().number;
    let endpoint = picked.as_ref().ok().map(InFlight::endpoint);
    let shown =
        endpoint.map(|endpoint| (endpoint.name(), Place { generation, backend: endpoint.index() }));
    exchange.live.attempt(1, xid, shown, now);
    prepare_head(&mut exchange, &txn, TxnKind::Pipe, endpoint);
    name_connection(&mut exchange, &txn, upgrade.as_deref());
    let now = log.now();
    txn.timestamp("Process", now);
    exchange.txn.timestamp("Process", now);

    let mut busy = match picked {
        Ok(in_flight) => local.begin(in_flight),
        Err(why) => {
            local.not_picked(&worker.stats, pool, why, steady);
            let failure = Failure::no_backend(&local.generation().pools[pool], why);
            return fail(exchange, txn, &failure, None, None).await;
        }
    };
    let until = exchange.until;
    let mut conn = match connect(&mut exchange, &mut busy, until).await {
        Ok(conn) => conn,
        Err(failure) => {
            let lately = worker.node.lately(failure.asked());
            let failure = failure.on(lately);
            failure.count(&worker.stats, local.counts(busy.endpoint()));
            return fail(exchange, txn, &failure, None, Some(busy)).await;
        }
    };
    log_open(&mut txn, &conn, conn.opened, false);
    let counts = local.counts(busy.endpoint());
    if let Err(failure) = tls::secure(&mut exchange, &txn, &mut conn, until).await {
        failure.count(&worker.stats, counts);
        return fail(exchange, txn, &failure, Some(conn), Some(busy)).await;
    }
    worker.stats.sent(counts, false);
    let head_len = match send_head(&mut exchange, &txn, &mut conn).await {
        Ok(head_len) => head_len,
        Err(failure) => {
            let failure = failure.on(worker.node.lately(conn.remote));
            failure.count(&worker.stats, counts);
            return fail(exchange, txn, &failure, Some(conn), Some(busy)).await;
        }
    };
    counts.add(Vbe::PipeHdrbytes, head_len);
    let now = log.now();
    txn.timestamp("Bereq", now);
    exchange.txn.timestamp("Pipe", now);

    let tunnel = Tunnel::new(&mut exchange, &txn, conn, &mut busy, head_len);
    let passed = tunnel.run().await;
    let endpoint = std::sync::Arc::clone(busy.endpoint());
    over(&exchange, &mut busy, passed.outcome(200));
    txn.backend_close(passed.fd, endpoint.name(), Some(CloseReason::TxPipe));
    txn.bereq_acct(&Acct::default());
    txn.end();
    drop(busy);
    exchange.live.leaves_backend();
    exchange.txn.timestamp("PipeSess", log.now());
    passed.log(&exchange.txn);
    let heads = [exchange.acct.request_head, head_len];
    exchange.txn.pipe_acct(heads, passed.from_client, passed.to_client);
    exchange.txn.end();
    After { close: Some(SessionEnd::TxPipe), linger: passed.linger }
}

/// Says to the backend what becomes of the connection: it ends with the tunnel, or changes to another protocol. A request with
/// CONNECT says so by itself.
fn name_connection(exchange: &mut Exchange<'_>, txn: &Txn, upgrade: Option<&[u8]>) {
    let head = &mut *exchange.head;
    match upgrade {
        Some(protocols) => shellac_http1::policy::set_upgrade(&mut head.headers, protocols),
        None if head.method == "CONNECT" => return,
        None => head.headers.set("Connection", "close"),
    }
    for name in ["Upgrade", "Connection"] {
        if let Some(value) = head.headers.get(name) {
            txn.header(HeadTags::BEREQ, name, value);
        }
    }
}

/// Sends the request's head; returns its bytes.
async fn send_head(
    exchange: &mut Exchange<'_>,
    txn: &Txn,
    conn: &mut Conn,
) -> Result<u64, Box<Failure>> {
    let worker = exchange.worker;
    let mut bytes = Vec::with_capacity(1024);
    let head_len = write::request(&mut bytes, exchange.head) as u64;
    let mut out = Outbox::of(bytes);
    let start = worker.log.coarse();
    let limit = Times::of(exchange, exchange.local.backend(&conn.endpoint)).send();
    let wait = limit::Wait::new(start, Limit::Send, limit, exchange.until);
    let mut timer = Timer::new(&worker.deadlines, wait.at);
    let result = poll_fn(|cx| match out.poll_flush(&mut conn.stream, cx, &mut conn.written) {
        Poll::Ready(Ok(())) => Poll::Ready(Ok(())),
        Poll::Ready(Err(error)) => Poll::Ready(Err(Failure::send(txn.grammar(), &error))),
        Poll::Pending => {
            if let Some(reason) = exchange.live.kill_reason() {
                return Poll::Ready(Err(Failure::killed(Phase::Send, &reason)));
            }
            if timer.is_late(cx) {
                return Poll::Ready(Err(Failure::send_timeout(txn.grammar())));
            }
            exchange.live.waits(Wait::Send, start, timer.at());
            Poll::Pending
        }
    })
    .await;
    result.map_err(|failure| failure.after(worker.log.now(), &wait))?;
    Ok(head_len)
}

/// Logs that no tunnel came about, and tells the client.
async fn fail(
    mut exchange: Exchange<'_>,
    txn: Txn,
    failure: &Failure,
    conn: Option<Box<Conn>>,
    busy: Option<Busy<'_>>,
) -> After {
    let worker = exchange.worker;
    let details = Details {
        reused: conn.as_ref().map(|_| false),
        attempt: 1,
        address: conn.as_ref().map_or(failure.address, |conn| conn.address()),
        ..Details::default()
    };
    failure.log(&txn, details);
    if let Some(conn) = &conn {
        let reason = failure.close.unwrap_or(CloseReason::RespClose);
        txn.backend_close(conn.fd(), conn.endpoint.name(), Some(reason));
    }
    if let Some(mut busy) = busy {
        over(&exchange, &mut busy, failure.outcome(false));
    }
    txn.bereq_acct(&Acct::default());
    txn.end();
    exchange.live.leaves_backend();
    let client_gone = failure.close == Some(CloseReason::RemClose);
    let mut linger = false;
    if client_gone {
        worker.stats.main().inc(Main::ReqGone);
    } else {
        linger = answer(&mut exchange).await;
    }
    let heads = [exchange.acct.request_head, 0];
    exchange.txn.pipe_acct(heads, 0, exchange.written);
    exchange.txn.end();
    let end = if client_gone { SessionEnd::RemClose } else { SessionEnd::TxError };
    After { close: Some(end), linger }
}

/// Sends the page for a failed fetch in place of what the backend would have said. Whether the client took it.
async fn answer(exchange: &mut Exchange<'_>) -> bool {
    let Exchange { worker, local, client, out, written, live, txn, head, route, .. } = exchange;
    let page = Page::FETCH_FAILED;
    let html = page.html(worker, &local.config().error_page, txn.vxid(), worker.log.now());
    let mut headers = Headers::new();
    headers.push("Server", "Shellac");
    headers.push("X-Varnish", txn.vxid().to_string());
    headers.push("Content-Type", "text/html; charset=utf-8");
    headers.push("Content-Length", html.len().to_string());
    headers.push("Connection", "close");
    let answer = ResponseHead {
        version: Version::Http11,
        status: page.status,
        reason: page.reason.to_owned(),
        headers,
    };
    txn.note_number("pipe.answer", u64::from(page.status));
    worker.stats.response(page.status);
    write::response(&mut out.bytes, &answer);
    if head.method != "HEAD" {
        out.bytes.extend_from_slice(html.as_bytes());
    }
    let limit = route.timeouts.send.unwrap_or(local.config().timeouts.send);
    flush(worker, limit, &mut client.stream, out, written, live).await.is_ok()
}
