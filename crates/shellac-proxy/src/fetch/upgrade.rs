//! A response that changes the protocol: it goes to the client, and what follows is a tunnel.

use shellac_counters::vsc::table::Main;
use shellac_http1::policy::{set_upgrade, strip_hop_by_hop};
use shellac_http1::{Decimal, ResponseHead, Version, write};

use super::attempt::{Got, over};
use crate::client::{After, Exchange, flush, via};
use crate::log::{Acct, CloseReason, HeadTags, SessionEnd};
use crate::tunnel::{Passed, Tunnel};

/// Passes on the head of a 101 that fits its request, then whatever either side says.
pub(super) async fn tunnel(
    exchange: &mut Exchange<'_>,
    mut head: ResponseHead,
    got: Got<'_>,
    acct: Acct,
) -> After {
    let (worker, local) = (exchange.worker, exchange.local);
    let Got { mut txn, conn, framing, mut busy, .. } = got;
    let log = &worker.log;
    let now = log.now();
    worker.stats.fetched(&exchange.head.method, head.status, framing);
    worker.stats.main().inc(Main::SPipe);
    txn.returns("deliver");
    txn.timestamp("Process", now);

    exchange.txn.timestamp("Fetch", now);
    let tags = HeadTags::RESP;
    let headers = &mut head.headers;
    let protocols: Vec<u8> = headers.tokens("upgrade").collect::<Vec<_>>().join(&b", "[..]);
    strip_hop_by_hop(headers);
    headers.set("X-Varnish", Decimal::new(exchange.txn.vxid().0).as_bytes());
    exchange.txn.response_head(tags, &head, Version::Http11.as_str());
    via(worker, &exchange.txn, tags, &mut head.headers);
    worker.stats.response(head.status);
    exchange.txn.call("DELIVER");
    exchange.txn.returns("deliver");
    exchange.txn.timestamp("Process", now);
    set_upgrade(&mut head.headers, &protocols);
    for name in ["Upgrade", "Connection"] {
        if let Some(value) = head.headers.get(name) {
            exchange.txn.header(tags, name, value);
        }
    }
    let interim = exchange.out.len() as u64 + exchange.written;
    let head_len = exchange.push_head(true, |bytes| {
        write::response(bytes, &head);
    });
    let limit = exchange.route.timeouts.send.unwrap_or(local.config().timeouts.send);
    let Exchange { client, out, written, live, .. } = &mut *exchange;
    let sent = flush(worker, limit, &mut client.stream, out, written, live).await;
    exchange.acct.response_head = exchange.written.saturating_sub(interim).min(head_len);
    exchange.txn.timestamp("Resp", log.now());

    let heads = [exchange.acct.request_head, acct.request_head];
    let fd = conn.fd();
    let (passed, end) = match sent {
        Ok(()) => {
            let tunnel = Tunnel::new(exchange, &txn, conn, &mut busy, acct.request_head);
            (tunnel.run().await, SessionEnd::TxPipe)
        }
        Err(end) => (Passed::nothing(fd), end),
    };
    let endpoint = std::sync::Arc::clone(busy.endpoint());
    over(exchange, &mut busy, passed.outcome(head.status));
    txn.backend_close(fd, endpoint.name(), Some(CloseReason::TxPipe));
    txn.bereq_acct(&acct);
    txn.end();
    drop(busy);
    exchange.live.leaves_backend();
    if end == SessionEnd::TxPipe {
        exchange.txn.timestamp("PipeSess", log.now());
        passed.log(&exchange.txn);
    }
    exchange.txn.req_acct(&exchange.acct);
    worker.stats.request_ended(&exchange.acct);
    exchange.txn.pipe_acct(heads, passed.from_client, passed.to_client);
    exchange.txn.finish();
    After { close: Some(end), linger: passed.linger }
}
