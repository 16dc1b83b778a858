//! TLS with a backend, before its first request.

use std::future::poll_fn;
use std::task::Poll;

use rustls::Error;
use shellac_counters::live::Phase as Wait;
use shellac_format::Side;
use shellac_upstream::Endpoint;

use super::failure::{Failure, Unsecured};
use super::limit::{self, Limit, Until};
use crate::client::{Exchange, Watch};
use crate::log::{Phase, Txn};
use crate::tls::Speaking;
use crate::worker::{Conn, Timer};

/// The host that a connection to `endpoint` has to have been made for, where requests say that.
pub(super) fn host(exchange: &Exchange<'_>, endpoint: &Endpoint) -> Option<Box<str>> {
    match exchange.local.generation().secrets.backend(endpoint.index()) {
        Speaking::Tls(upstream) if upstream.asks_for_host() => {
            // One that is no text is refused when it comes to certificates.
            let host = exchange.head.headers.get("host").unwrap_or_default();
            let host = std::str::from_utf8(host).unwrap_or_default();
            Some(without_port(host).to_ascii_lowercase().into())
        }
        _ => None,
    }
}

fn without_port(host: &str) -> &str {
    match host.rfind(':') {
        Some(colon) if !host[colon..].contains(']') => &host[..colon],
        _ => host,
    }
}

/// Agrees with a backend on TLS where it speaks that, within its time for connecting and until `until`, as long as the client is
/// there.
///
/// # Errors
///
/// They do not agree; nothing was sent.
pub(super) async fn secure(
    exchange: &mut Exchange<'_>,
    txn: &Txn,
    conn: &mut Conn,
    until: Option<Until>,
) -> Result<(), Box<Failure>> {
    let upstream = match exchange.local.generation().secrets.backend(conn.endpoint.index()) {
        Speaking::Plain => return Ok(()),
        Speaking::Tls(upstream) => upstream,
        Speaking::Broken => {
            let why = "the certificates of the configuration cannot be used";
            txn.tls_failed(Side::Backend, why);
            return Err(Failure::unsecured(conn.endpoint.name(), Unsecured::Local(why)));
        }
    };
    let host = host(exchange, &conn.endpoint);
    let failed = |error: Error| {
        let fault = crate::tls::Fault::from(error);
        txn.tls_failed(Side::Backend, &fault.text);
        Failure::unsecured(conn.endpoint.name(), Unsecured::Fault(fault))
    };
    let connection = upstream.connection(host.as_deref()).map_err(failed)?;
    conn.stream.encrypt(connection);
    conn.host = host;
    // Boxed, so that requests without TLS do not keep room for it.
    Box::pin(shake_hands(exchange, txn, conn, until)).await
}

async fn shake_hands(
    exchange: &mut Exchange<'_>,
    txn: &Txn,
    conn: &mut Conn,
    until: Option<Until>,
) -> Result<(), Box<Failure>> {
    let Exchange { worker, local, client, out, written, live, .. } = exchange;
    let time = local.backend(&conn.endpoint).connect_timeout;
    let start = worker.log.now();
    let wait = limit::Wait::new(start, Limit::Connect, time, until);
    let mut timer = Timer::new(&worker.deadlines, wait.at);
    live.waits(Wait::Connect, worker.log.coarse(), timer.at());
    let mut watch = Watch::new(worker);
    let Conn { stream, endpoint, .. } = conn;
    let name = endpoint.name();
    let result = poll_fn(|cx| match stream.poll_handshake(cx) {
        Poll::Ready(Ok(())) => Poll::Ready(Ok(())),
        Poll::Ready(Err(error)) => {
            Poll::Ready(Err(Failure::unsecured(name, Unsecured::from(&error))))
        }
        Poll::Pending if live.is_killed() => {
            let reason = live.kill_reason().unwrap_or_default();
            Poll::Ready(Err(Failure::killed(Phase::Tls, &reason)))
        }
        Poll::Pending if timer.is_late(cx) => {
            Poll::Ready(Err(Failure::unsecured(name, Unsecured::Timeout)))
        }
        Poll::Pending if watch.is_gone(client, out, *written, cx) => {
            Poll::Ready(Err(Failure::client_gone(Phase::Tls)))
        }
        Poll::Pending => Poll::Pending,
    })
    .await;
    let now = worker.log.now();
    match result {
        Ok(()) => {
            if let Some(agreed) = stream.agreed() {
                txn.tls_agreed(Side::Backend, &agreed, now.since(start));
            }
            Ok(())
        }
        Err(failure) => {
            if let Some(why) = failure.tls_text() {
                txn.tls_failed(Side::Backend, why);
            }
            Err(failure.after(now, &wait))
        }
    }
}
