//! Responses that break off: what the log says, and who is to blame.

use std::io;

use shellac_counters::vsc::table::Vbe;
use shellac_http1::BodyFraming;
use shellac_upstream::{Fault, Outcome};

use super::{Delivery, End};
use crate::client::Exchange;
use crate::clock::micros;
use crate::fetch::attempt::{Got, over};
use crate::fetch::failure::{KILLED, errno_text};
use crate::log::{CloseReason, Details, Phase};
use crate::stats::Firsts;

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

impl Delivery<'_, '_> {
    /// The connection failed in the body.
    pub(super) fn interrupted(&mut self, class: &'static str, error: &io::Error) {
        let text = self.decoder.interrupted().text();
        if let Some(fault) = crate::tls::fault(error) {
            let first = format!("TLS: {}", fault.text);
            return self.truncate(text, "tls", None, Some(&first));
        }
        let errno = error.raw_os_error();
        self.truncate(text, class, errno, Some(&errno_text(errno.unwrap_or(0))));
    }

    /// The body ends before its end: the backend's transaction says so and ends.
    pub(super) fn truncate(
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
        // Half a request may be why there is only half a response.
        let outcome = if self.spoiled { Outcome::Client } else { Outcome::Failed(fault) };
        over(self.exchange, &mut source.busy, outcome);
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
    pub(super) fn abandon(&mut self, end: &End) {
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
                Broken { client: self.exchange.client.broken_word(), ..nobody }
            }
            End::Late if self.pace().0.waits.limit.is_cut() => {
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
    pub(super) fn settle(&mut self, source: &Got<'_>) {
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

    fn end_broken(&mut self, source: Got<'_>, broken: &Broken) {
        let &Broken { class, reason, errno, expected, received, is_late, client } = broken;
        let Got { txn, conn, number, busy, node: named, .. } = source;
        let (pace, exchange) = self.pace();
        let waits = pace.waits;
        let Exchange { worker, local, .. } = &*exchange;
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
            waited: Some(now.since(waits.since)),
            limit: waits.time.filter(|_| is_late).map(micros),
            timeout: is_late.then(|| waits.limit.name()),
            client,
            expected,
            received,
            node: node.moved.as_deref(),
            attempt: number,
            address: conn.address(),
            ..Details::default()
        });
        txn.backend_close(conn.fd(), conn.endpoint.name(), Some(reason));
        txn.bereq_acct(&self.acct);
        txn.end();
        drop(busy);
        self.exchange.live.leaves_backend();
    }
}
