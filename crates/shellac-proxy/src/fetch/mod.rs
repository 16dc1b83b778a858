//! Getting the response to a request: one attempt after the other, each a transaction of its own.

mod attempt;
mod connect;
mod deliver;
mod failure;
mod retry;
mod upload;
mod wait;

use shellac_counters::vsc::table::Main;
use shellac_format::Vxid;
use shellac_http1::ResponseHead;
use shellac_upstream::Course;

use crate::client::{self, After, Exchange};
use crate::clock::Micros;
use crate::log::{Acct, HeadTags, SessionEnd, Txn, TxnKind};
use attempt::Attempt;
use retry::Budget;

/// What the attempts of one request share.
struct Fetch<'r> {
    budget: Budget<'r>,
    /// Where it has been.
    course: Course,
    /// A kept connection of its has ended without saying anything.
    stale: bool,
    /// Bytes of all attempts.
    acct: Acct,
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
pub(crate) async fn run(mut exchange: Exchange<'_>) -> After {
    let log = &exchange.worker.log;
    let xid = log.next_xid();
    exchange.worker.stats.main().inc(Main::SPass);
    exchange.worker.stats.main().inc(Main::SFetch);
    exchange.txn.link(TxnKind::Pass, xid);
    if !exchange.body.framing().is_empty() {
        exchange.txn.storage();
    }
    let mut fetch = Fetch {
        budget: Budget::new(&exchange.route.retry, &exchange.head.method),
        course: Course::default(),
        stale: false,
        acct: Acct::default(),
        first: None,
        kind: TxnKind::Pass,
        xid,
        parent: exchange.txn.vxid(),
        number: 0,
    };
    loop {
        match attempt::attempt(&mut exchange, &mut fetch).await {
            Attempt::Again => {}
            Attempt::Response(got) => return deliver::deliver(exchange, *got, fetch.acct).await,
            Attempt::Failed { head, html } => return client::send(exchange, head, &html).await,
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
