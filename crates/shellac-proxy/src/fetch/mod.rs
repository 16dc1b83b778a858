//! Getting the response to a request: one attempt after the other, each a transaction of its own.

mod attempt;
mod backoff;
mod connect;
mod deliver;
mod failure;
mod key;
mod limit;
mod pipe;
mod rate;
mod retry;
mod tls;
mod upgrade;
mod upload;
mod wait;

use shellac_counters::vsc::table::Main;
use shellac_format::Vxid;
use shellac_http1::ResponseHead;
use shellac_upstream::Course;

use crate::client::{self, After, Exchange, Loss, RequestBody};
use crate::clock::Micros;
use crate::log::{Acct, HeadTags, SessionEnd, Txn, TxnKind};
use attempt::Attempt;
pub(crate) use connect::version_of;
pub(crate) use failure::errno_text;
use key::Keyed;
pub(crate) use limit::{Limit, Until};
pub(crate) use pipe::pipe;
use retry::Budget;

/// What the attempts of one request share.
struct Fetch<'r> {
    budget: Budget<'r>,
    /// Where it has been.
    course: Course,
    /// Bytes of all attempts.
    acct: Acct,
    /// When an attempt that runs is cut, if there is a time for all of them.
    until: Option<Until>,
    /// Start of the first attempt.
    first: Option<Micros>,
    /// Kind, number and parent of the next attempt.
    kind: TxnKind,
    xid: Vxid,
    parent: Vxid,
    /// Attempts so far.
    number: u32,
}

/// Asks a backend and answers the client; returns what becomes of the client's connection.
pub(crate) async fn run(exchange: &mut Exchange<'_>) -> After {
    let log = &exchange.worker.log;
    let xid = log.next_xid();
    exchange.worker.stats.main().inc(Main::SPass);
    exchange.worker.stats.main().inc(Main::SFetch);
    exchange.txn.link(TxnKind::Pass, xid);
    if !exchange.body.framing().is_empty() {
        exchange.txn.storage();
    }
    let mut fetch = Fetch {
        budget: Budget::new(&exchange.route.retry, exchange.next, &exchange.head.method),
        course: Course::new(key(exchange)),
        until: None,
        acct: Acct::default(),
        first: None,
        kind: TxnKind::Pass,
        xid,
        parent: exchange.txn.vxid(),
        number: 0,
    };
    let mut got = None;
    loop {
        match attempt::attempt(exchange, &mut fetch, &mut got).await {
            Attempt::Again => {}
            Attempt::Response(head) => match got.take_if(|_| head.status == 101) {
                Some(got) => {
                    return Box::pin(upgrade::tunnel(exchange, *head, got, fetch.acct)).await;
                }
                None => return deliver::deliver(exchange, head, &mut got, fetch.acct).await,
            },
            Attempt::Failed { head, html } => {
                return Box::pin(client::send(exchange, *head, &html)).await;
            }
            Attempt::ClientGone => {
                let now = exchange.worker.log.now();
                exchange.worker.stats.main().inc(Main::ReqGone);
                exchange.log_body(now);
                exchange.txn.error("client closed while its request waited for a backend");
                exchange.finish();
                return After::close(SessionEnd::RemClose);
            }
        }
    }
}

/// The hash of the key that a backend is chosen by, if the request's pool has keys.
fn key(exchange: &Exchange<'_>) -> Option<u32> {
    let template = exchange.local.generation().key(exchange.route.pool)?;
    template.hash(&Keyed { head: exchange.head, client: exchange.address.ip() })
}

/// Logs whether the request's body can be sent again, and why not.
fn log_replay(txn: &Txn, body: &RequestBody<'_>) {
    txn.note("fetch.replay", body.replay());
    match body.loss() {
        None => {}
        Some(Loss::Limit) => txn.note("fetch.lost", "limit"),
        Some(Loss::Total) => txn.note("fetch.lost", "total"),
        Some(Loss::Slow) => txn.note("fetch.lost", "slow disk"),
        Some(Loss::Disk(errno)) => {
            txn.note("fetch.lost", format!("disk, errno {errno} ({})", errno_text(errno)));
        }
    }
}

/// Logs a response's head and when it was complete, in the dialect's order.
fn log_response(txn: &mut Txn, head: &ResponseHead, at: Micros) {
    if txn.grammar().is_classic() {
        txn.timestamp("Beresp", at);
    }
    txn.response_head(HeadTags::BERESP, head, head.version.as_str());
    if !txn.grammar().is_classic() {
        txn.timestamp("Beresp", at);
    }
}
