//! How the transactions of a group hang together, as far as its failures need it.

use std::collections::HashMap;

use shellac_format::heads::Heads;
use shellac_format::{Side, Tag, Vxid};
use shellac_log::{Kind, LogRecord, Reason, Relation, Transaction};

use super::asked::Asked;
use super::{FailedAttempt, MAX_ATTEMPTS, MAX_TEXT, class, cut};
use crate::trace::{Attempt, Micros, Open, Stamp, number};
use crate::visible;

/// What one pass over the tags of a transaction tells.
#[derive(Clone, Copy, Debug, Default)]
struct Glance {
    fetch_error: bool,
    error: bool,
    /// The last status towards the client or from the backend.
    status: Option<u16>,
}

impl Glance {
    /// Most transactions are good, and every one is looked at: so of all other records nothing but the head is read.
    fn at(transaction: &Transaction) -> Glance {
        let dialect = transaction.dialect();
        let number_of = |tag: Tag| tag.number(dialect);
        let errors = [number_of(Tag::FetchError), number_of(Tag::Error)];
        let statuses = [number_of(Tag::RespStatus), number_of(Tag::BerespStatus)];
        let wanted = |number| errors.contains(&Some(number)) || statuses.contains(&Some(number));
        let mut glance = Glance::default();
        let mut heads = Heads::new(dialect.layout(), transaction.bytes());
        while let Some(place) = heads.next_wanted(wanted) {
            if Some(place.number) == errors[0] {
                glance.fetch_error = true;
            } else if Some(place.number) == errors[1] {
                glance.error = true;
            } else {
                let text = place.record(transaction.bytes()).text();
                glance.status = number(text).and_then(|it| it.try_into().ok()).or(glance.status);
            }
        }
        glance
    }

    fn is_failure(&self) -> bool {
        self.fetch_error || self.error || self.has_error_status()
    }

    fn has_error_status(&self) -> bool {
        self.status.is_some_and(|status| status >= 500)
    }
}

/// A group and what a first look at it told.
pub(super) struct Group<'a> {
    transactions: &'a [Transaction],
    glances: Vec<Glance>,
    by_vxid: HashMap<Vxid, usize>,
    /// The retry or restart that follows a transaction.
    followers: HashMap<Vxid, usize>,
}

impl<'a> Group<'a> {
    /// Looks at the tags; `None` when nothing speaks of a failure.
    pub(super) fn with_failures(transactions: &'a [Transaction]) -> Option<Group<'a>> {
        if !transactions.iter().any(|one| Glance::at(one).is_failure()) {
            return None;
        }
        let glances: Vec<Glance> = transactions.iter().map(Glance::at).collect();
        let (mut by_vxid, mut followers) = (HashMap::new(), HashMap::new());
        for (at, one) in transactions.iter().enumerate() {
            by_vxid.entry(one.vxid).or_insert(at);
            if matches!(one.reason, Reason::Retry | Reason::Restart) {
                followers.entry(one.parent).or_insert(at);
            }
        }
        Some(Group { transactions, glances, by_vxid, followers })
    }

    fn position(&self, vxid: Vxid) -> Option<usize> {
        self.by_vxid.get(&vxid).copied()
    }

    /// The transactions that follow `at` as retries or restarts of it, in order.
    ///
    /// As many steps at most as there are transactions: numbers in a log may run in a circle.
    fn following(&self, at: usize) -> impl Iterator<Item = usize> {
        let next = |at: &usize| self.followers.get(&self.transactions[*at].vxid).copied();
        std::iter::successors(next(&at), next).take(self.transactions.len())
    }

    /// The transactions above `at`, nearest first, likewise.
    fn above(&self, at: usize) -> impl Iterator<Item = usize> {
        let parent = |at: &usize| self.position(self.transactions[*at].parent);
        std::iter::successors(parent(&at), parent).take(self.transactions.len())
    }

    /// All failed attempts within bounds, and how many there were.
    pub(super) fn attempts(&self) -> (Vec<FailedAttempt>, usize) {
        let (mut kept, mut total) = (Vec::new(), 0);
        for (transaction, glance) in self.transactions.iter().zip(&self.glances) {
            if !(glance.fetch_error || glance.error) || self.kind(transaction) != Kind::Backend {
                continue;
            }
            let attempt = Attempt::read(transaction);
            let last = attempt.exchanges.len().saturating_sub(1);
            for (at, exchange) in attempt.exchanges.iter().enumerate() {
                let Some(failure) = attempt.failure(exchange) else { continue };
                total += 1;
                if kept.len() == MAX_ATTEMPTS {
                    kept.pop();
                }
                let mut failed = FailedAttempt::of(&attempt, exchange, failure);
                failed.xid = transaction.vxid.0;
                failed.recovered = at < last;
                kept.push(failed);
            }
        }
        kept.iter_mut().for_each(|failed| self.place(failed));
        (kept, total)
    }

    /// All attempts, failed or not.
    pub(super) fn attempts_made(&self) -> usize {
        self.transactions.iter().filter(|one| self.kind(one) == Kind::Backend).count()
    }

    /// What a transaction is; where its beginning is lost, what its records look like.
    fn kind(&self, transaction: &Transaction) -> Kind {
        match transaction.kind {
            Kind::Unknown | Kind::Raw => {
                let of_backend = |record: LogRecord<'_>| record.side == Side::Backend;
                if transaction.records().any(of_backend) { Kind::Backend } else { Kind::Request }
            }
            kind => kind,
        }
    }

    /// Says which attempt of how many it is, and whose.
    fn place(&self, failed: &mut FailedAttempt) {
        let Some(at) = self.position(Vxid(failed.xid)) else { return };
        let is_retry = |at: usize| self.transactions[at].reason == Reason::Retry;
        let (mut first, mut before) = (at, 0_u32);
        for above in self.above(at) {
            if !is_retry(first) {
                break;
            }
            (first, before) = (above, before.saturating_add(1));
        }
        if !is_retry(first) && self.transactions[first].kind == Kind::Backend {
            failed.attempt = failed.attempt.or(Some(before.saturating_add(1)));
        }
        if let Some(number) = failed.attempt {
            let last = self.following(at).last().unwrap_or(at);
            let after = u32::try_from(self.following(at).count()).unwrap_or(u32::MAX);
            // Where one more is named and not there, nobody knows how many follow.
            failed.of = (!self.goes_on(last)).then(|| number.saturating_add(after));
        }
        if let Some(request) = self.above(first).next() {
            failed.client = Asked::of(&self.transactions[request]).client;
        }
    }

    /// Whether a retry is named that is not in the group.
    fn goes_on(&self, at: usize) -> bool {
        let is_lacking =
            |link: Relation| link.reason == Reason::Retry && self.position(link.vxid).is_none();
        let mut links = self.transactions[at].records().filter(|one| one.tag == Some(Tag::Link));
        links.any(|link| Relation::parse(link.text()).is_some_and(is_lacking))
    }

    fn is_request(&self, at: usize) -> bool {
        self.kind(&self.transactions[at]) == Kind::Request
    }

    /// The client's request above the transaction `below`; without one, the first that failed.
    pub(super) fn request(&self, below: Option<u64>) -> Option<usize> {
        if let Some(xid) = below {
            let at = self.position(Vxid(xid))?;
            return self.above(at).filter(|at| self.is_request(*at)).last();
        }
        let mut all = (0..self.transactions.len()).filter(|at| self.is_request(*at));
        let failed = all.clone().find(|at| self.glances[*at].is_failure());
        failed.or_else(|| all.next())
    }

    /// What the client was answered: by the request, or by its last restart.
    pub(super) fn status(&self, request: usize) -> Option<u16> {
        self.glances[self.following(request).last().unwrap_or(request)].status
    }

    pub(super) fn last_stamp(&self) -> Option<Micros> {
        let stamps = |one: &Transaction| {
            let last = one.records().filter(|record| record.tag == Some(Tag::Timestamp)).last();
            last.and_then(|record| Stamp::parse(record.text())).map(|stamp| stamp.at)
        };
        let failed = |(one, glance): (&Transaction, &Glance)| {
            if glance.is_failure() { stamps(one) } else { None }
        };
        self.transactions.iter().zip(&self.glances).filter_map(failed).min()
    }

    /// The transaction in which a backend itself answered with an error.
    fn answered(&self) -> Option<usize> {
        (0..self.transactions.len()).rev().find(|&at| {
            self.glances[at].has_error_status()
                && self.kind(&self.transactions[at]) == Kind::Backend
        })
    }

    pub(super) fn answering_backend(&self) -> Option<String> {
        let record = self.transactions[self.answered()?].first(Tag::BackendOpen)?;
        Open::parse(cut(record.text(), MAX_TEXT)).map(|open| open.name)
    }

    /// The class of the group: that of the attempt that failed for good, else what the client saw of it.
    pub(super) fn class(&self, last: Option<&FailedAttempt>, status: Option<u16>) -> String {
        if let Some(last) = last.filter(|last| !last.recovered) {
            return last.class.clone();
        }
        let client = self.transactions.iter().zip(&self.glances).find_map(|(one, glance)| {
            if !glance.fetch_error || self.kind(one) == Kind::Backend {
                return None;
            }
            let errors = one.records().filter(|record| record.tag == Some(Tag::FetchError));
            let texts: Vec<String> =
                errors.take(8).map(|error| visible(cut(error.text(), MAX_TEXT))).collect();
            let class = class::of_client(texts.iter().map(String::as_str));
            Some(class.unwrap_or_else(|| "client_gone".to_owned()))
        });
        if let Some(class) = client {
            return class;
        }
        let answered = self.answered().and_then(|at| self.glances[at].status);
        match (answered, status, last) {
            (Some(status), _, _) => format!("answer_{status}"),
            (None, Some(status @ 500..), _) => format!("status_{status}"),
            (None, _, Some(last)) => last.class.clone(),
            (None, _, None) => "error".to_owned(),
        }
    }
}
