//! From the transactions of a group to units.

use std::collections::HashSet;

use shellac_format::Vxid;
use shellac_log::{Kind, Reason, Transaction};

use super::connections::Connections;
use super::{COUNT, Is, Unit, classes};
use crate::failures::named;
use crate::trace::{Attempt, Headers, Request};
use crate::visible;

/// Headers that are taken of one request.
const MAX_HEADERS: usize = 64;

/// How a unit ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Well.
    Good,
    /// It is one of those that are to be explained.
    Failed,
    /// The client went away or sent something wrong: that says nothing about anybody else.
    Client,
}

/// What was seen besides units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// Attempts that followed a failed one.
    pub retries: u64,
    /// How many of them failed.
    pub retries_failed: u64,
    /// Requests, and attempts without a request, of which the end is not there.
    pub unfinished: u64,
}

/// Reads units, and remembers what one needs of those before it.
#[derive(Clone, Debug, Default)]
pub struct Units {
    connections: Connections,
    account: Account,
}

/// An attempt that was read.
struct Tried<'a> {
    transaction: &'a Transaction,
    attempt: Attempt,
}

impl Tried<'_> {
    /// Whether it is the first attempt of a fetch.
    fn is_head(&self) -> bool {
        self.transaction.reason != Reason::Retry
    }
}

impl Units {
    /// What was seen besides units so far.
    pub const fn account(&self) -> Account {
        self.account
    }

    /// Reads the units of a group in request grouping: each request with its first attempt, and each fetch that
    /// nobody waited for or whose request is not there.
    ///
    /// With `chosen`, the group is one unit, which failed or not as that says. Without, a unit failed when one of
    /// its attempts did or when it was answered with a status of 500 or more. `instance` is where the log is from.
    pub fn read(
        &mut self,
        group: &[Transaction],
        instance: Option<&str>,
        chosen: Option<bool>,
    ) -> Vec<Unit> {
        let is_attempt = |one: &&Transaction| one.kind == Kind::Backend;
        let read = |transaction| Tried { transaction, attempt: Attempt::read(transaction) };
        let attempts: Vec<Tried<'_>> = group.iter().filter(is_attempt).map(read).collect();
        for tried in attempts.iter().filter(|tried| !tried.is_head()) {
            self.account.retries += 1;
            self.account.retries_failed += u64::from(tried.attempt.failed());
        }
        let mut units = Vec::new();
        let mut placed: HashSet<Vxid> = HashSet::new();
        for root in group.iter().filter(|one| one.kind == Kind::Request) {
            if root.reason == Reason::Restart && group.iter().any(|one| one.vxid == root.parent) {
                continue;
            }
            let chain = restarts(group, root);
            let mut tries = Vec::new();
            for head in attempts.iter().filter(|tried| tried.is_head()) {
                // Nobody waits for a refresh in the background, so it says nothing about the request.
                let waited_for = head.transaction.reason != Reason::Bgfetch;
                if waited_for && chain.iter().any(|one| one.vxid == head.transaction.parent) {
                    placed.insert(head.transaction.vxid);
                    tries.extend(with_retries(&attempts, head));
                }
            }
            let requests: Vec<Request> = chain.iter().map(|one| Request::read(one)).collect();
            if chain.iter().all(|one| one.complete) && is_whole(&tries) {
                units.push(self.unit(requests.first(), requests.last(), &tries, instance));
            } else {
                self.account.unfinished += 1;
            }
            if chosen.is_some() {
                return with_outcome(units, chosen);
            }
        }
        for head in attempts.iter().filter(|tried| tried.is_head()) {
            if placed.contains(&head.transaction.vxid) {
                continue;
            }
            let parent = head.transaction.parent;
            let request = group.iter().find(|one| one.vxid == parent).map(Request::read);
            let tries = with_retries(&attempts, head);
            if is_whole(&tries) {
                units.push(self.unit(request.as_ref(), None, &tries, instance));
            } else {
                self.account.unfinished += 1;
            }
            if chosen.is_some() {
                break;
            }
        }
        with_outcome(units, chosen)
    }

    fn unit(
        &mut self,
        asked: Option<&Request>,
        answered: Option<&Request>,
        tries: &[&Tried<'_>],
        instance: Option<&str>,
    ) -> Unit {
        let steps = asked.map(|asked| &asked.steps);
        let steps = steps.or_else(|| tries.first().map(|first| &first.attempt.steps));
        let mut unit = Unit {
            outcome: outcome(answered, tries),
            at: steps.and_then(|steps| steps.first()).map(|step| step.stamp.at),
            has_attempt: !tries.is_empty(),
            values: [const { None }; COUNT],
            headers: Vec::new(),
        };
        if let Some(request) = asked {
            let recorded = |text: &str| (!text.is_empty()).then(|| text.to_owned());
            unit.set(Is::Handling, recorded(request.handling));
            unit.set(Is::Listener, request.listener.clone());
            unit.set(Is::Client, request.client.as_deref().and_then(classes::net));
        }
        if let Some(first) = tries.first() {
            let attempt = &first.attempt;
            let ages = self.connections.used(attempt);
            if asked.is_none() {
                unit.set(Is::Handling, Some(first.transaction.reason.word().to_owned()));
            }
            // The connection that it began on: one that failed may have been replaced silently, so that the last
            // one is a new one wherever something failed.
            let connection = attempt.exchanges.first().and_then(|exchange| {
                let reused = exchange.open.as_ref()?.reused?;
                Some(if reused { "reused=1" } else { "reused=0" })
            });
            unit.set(Is::Connection, connection.map(str::to_owned));
            unit.set(Is::Age, ages.age.map(classes::time));
            unit.set(Is::Idle, ages.idle.map(classes::time));
            unit.set(Is::Backend, backend(attempt));
            unit.set(Is::Address, address(attempt));
        }
        for later in tries.iter().skip(1) {
            self.connections.used(&later.attempt);
        }
        // What the client sent; what was made of it where that is all there is.
        let sent = tries.first().map(|first| &first.attempt.request);
        let head =
            asked.map(|asked| &asked.request).filter(|head| !head.method.is_empty()).or(sent);
        if let Some(head) = head.filter(|head| !head.method.is_empty()) {
            unit.set(Is::Method, Some(head.method.clone()));
            unit.set(Is::Url, Some(classes::pattern(&head.url)));
            unit.set(Is::Path, Some(classes::first_segment(&head.url)));
            let protocol = Some(head.protocol.clone()).filter(|it| !it.is_empty());
            unit.set(Is::Protocol, protocol);
            let name = |name: &[u8]| visible(name).to_ascii_lowercase();
            let names = head.headers.0.iter().take(MAX_HEADERS);
            unit.headers = names.map(|header| name(&header.name)).collect();
            body(&mut unit, &head.headers);
        }
        unit.set(Is::Instance, instance.map(|name| visible(name.as_bytes())));
        unit
    }
}

/// A request and its restarts, in order.
fn restarts<'a>(group: &'a [Transaction], first: &'a Transaction) -> Vec<&'a Transaction> {
    let next = |one: &&'a Transaction| {
        group.iter().find(|it| it.reason == Reason::Restart && it.parent == one.vxid)
    };
    // Numbers in a log may run in a circle.
    std::iter::successors(Some(first), next).take(group.len()).collect()
}

/// An attempt and its retries, in order.
fn with_retries<'a, 'b>(attempts: &'a [Tried<'b>], head: &'a Tried<'b>) -> Vec<&'a Tried<'b>> {
    let next = |tried: &&'a Tried<'b>| {
        let vxid = tried.transaction.vxid;
        attempts.iter().find(|it| !it.is_head() && it.transaction.parent == vxid)
    };
    // Numbers in a log may run in a circle.
    std::iter::successors(Some(head), next).take(attempts.len()).collect()
}

fn is_whole(tries: &[&Tried<'_>]) -> bool {
    tries.iter().all(|tried| tried.transaction.complete)
}

fn with_outcome(mut units: Vec<Unit>, chosen: Option<bool>) -> Vec<Unit> {
    if let Some(chosen) = chosen {
        let outcome = if chosen { Outcome::Failed } else { Outcome::Good };
        units.iter_mut().for_each(|unit| unit.outcome = outcome);
    }
    units
}

fn outcome(answered: Option<&Request>, tries: &[&Tried<'_>]) -> Outcome {
    let failed: Vec<&Attempt> =
        tries.iter().map(|tried| &tried.attempt).filter(|attempt| attempt.failed()).collect();
    let status = answered.and_then(|request| request.answer.status);
    if failed.is_empty() && status.is_none_or(|status| status < 500) {
        return Outcome::Good;
    }
    let of_client = |attempt: &&Attempt| {
        let failure = attempt.last().and_then(|exchange| attempt.failure(exchange));
        failure.is_some_and(|failure| failure.classes.word() == Some("client"))
    };
    match !failed.is_empty() && failed.iter().all(of_client) {
        true => Outcome::Client,
        false => Outcome::Failed,
    }
}

/// The backend's name: from its connection, else from the error that says why there is none.
fn backend(attempt: &Attempt) -> Option<String> {
    let exchange = attempt.exchanges.first()?;
    match &exchange.open {
        Some(open) => Some(open.name.clone()),
        None => exchange.errors.iter().find_map(|text| named(text)),
    }
}

fn address(attempt: &Attempt) -> Option<String> {
    let exchange = attempt.exchanges.first()?;
    let remote = exchange.open.as_ref().and_then(|open| open.remote.clone());
    remote.or_else(|| exchange.details.address.clone())
}

fn body(unit: &mut Unit, headers: &Headers) {
    let chunked = headers.get("transfer-encoding").is_some();
    let length = headers.content_length().filter(|_| !chunked);
    let has_body = chunked || length.is_some_and(|length| length > 0);
    let word = if has_body { "a body" } else { "no body" };
    unit.set(Is::Body, Some(word.to_owned()));
    if has_body {
        unit.set(Is::BodySize, Some(length.map_or("unknown length".to_owned(), classes::bytes)));
    }
    let connection = unit.values[Is::Connection as usize].as_deref();
    let both = connection.map(|connection| format!("{connection} and {word}"));
    unit.set(Is::ConnectionBody, both);
}
