//! Picks the transactions that belong to one number out of everything that is read, in bounded memory.
//!
//! Grouping would not do: a transaction whose parent, children, beginning or end are not there must be
//! found all the same. So records are put together by number, finished transactions wait in a window for
//! the moment when a relative shows that they are wanted, and what is wanted is kept.

use std::collections::{HashMap, HashSet, VecDeque};

use shellac_format::heads::Heads;
use shellac_format::{Dialect, Tag, Vxid};
use shellac_log::{Kind, LogRecord, Reason, Relation, Transaction};
use shellac_render::trace::{Micros, Trace, What};

/// How much may be held.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// Bytes of transactions that are not finished.
    pub(super) open_bytes: usize,
    /// Bytes of finished transactions that nobody has asked for so far.
    pub(super) window_bytes: usize,
    /// Bytes of wanted transactions.
    pub(super) kept_bytes: usize,
    /// Bytes of one transaction; what comes behind is left out.
    pub(super) transaction_bytes: usize,
}

impl Default for Bounds {
    fn default() -> Bounds {
        Bounds {
            open_bytes: 64 << 20,
            window_bytes: 64 << 20,
            kept_bytes: 64 << 20,
            transaction_bytes: 4 << 20,
        }
    }
}

/// A transaction whose end has not come.
#[derive(Debug, Default)]
struct Open {
    first_at: u64,
    last_at: u64,
    begun: bool,
    bytes: Vec<u8>,
}

/// A transaction that is over, or was given up.
#[derive(Debug)]
struct Done {
    /// Where it began and ended, counted in records.
    from: u64,
    to: u64,
    relations: Vec<Relation>,
    transaction: Transaction,
}

impl Done {
    /// Records between the two; 0 when they overlap.
    fn distance(&self, other: &Done) -> u64 {
        self.from.saturating_sub(other.to).max(other.from.saturating_sub(self.to))
    }
}

/// What was read, whether or not it was wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Span {
    /// The oldest `Timestamp`.
    pub(super) oldest: Option<Micros>,
    /// The newest.
    pub(super) newest: Option<Micros>,
    /// Transactions of which at least one record was seen.
    pub(super) transactions: u64,
}

impl Span {
    /// Takes the moment of a `Timestamp` in.
    pub(super) fn take(&mut self, at: Micros) {
        self.oldest = Some(self.oldest.map_or(at, |oldest| oldest.min(at)));
        self.newest = Some(self.newest.map_or(at, |newest| newest.max(at)));
    }

    /// Takes another log's span in.
    pub(super) fn add(&mut self, other: &Span) {
        [other.oldest, other.newest].into_iter().flatten().for_each(|at| self.take(at));
        self.transactions += other.transactions;
    }
}

/// Collects around one number.
#[derive(Debug)]
pub(super) struct Collector {
    target: Vxid,
    bounds: Bounds,
    records: u64,
    open: HashMap<Vxid, Open>,
    open_bytes: usize,
    window: VecDeque<Done>,
    window_bytes: usize,
    /// Whether something left the window that might have been wanted later.
    forgot: bool,
    wanted: HashSet<Vxid>,
    kept: Vec<Done>,
    kept_bytes: usize,
    span: Span,
    /// The first transactions that name the target as their parent or child.
    named_by: Vec<Vxid>,
    /// Of what is in here records are kept and of nothing else.
    only: Option<Sieve>,
}

/// Transactions that are remembered for naming the target.
pub(super) const NAMED_BY_MAX: usize = 4;

impl Collector {
    /// Collects around `target`. `wanted` are numbers known to belong to it from an earlier pass.
    pub(super) fn new(target: Vxid, wanted: HashSet<Vxid>, bounds: Bounds) -> Collector {
        let mut collector = Collector {
            target,
            bounds,
            records: 0,
            open: HashMap::new(),
            open_bytes: 0,
            window: VecDeque::new(),
            window_bytes: 0,
            forgot: false,
            wanted,
            kept: Vec::new(),
            kept_bytes: 0,
            span: Span::default(),
            named_by: Vec::new(),
            only: None,
        };
        collector.wanted.insert(target);
        collector
    }

    /// Collects the transactions with these numbers, which are all that belong to `target`, and steps over
    /// everything else. Nothing is learned about the span of the log.
    pub(super) fn of_these(target: Vxid, wanted: HashSet<Vxid>, bounds: Bounds) -> Collector {
        let sieve = Sieve::new(&wanted);
        let mut collector = Collector::new(target, wanted, bounds);
        collector.only = Some(sieve);
        collector
    }

    /// Takes whole records in. The answer is whether anything that is wanted was finished by them.
    pub(super) fn input(&mut self, dialect: Dialect, bytes: &[u8]) -> bool {
        let kept_before = self.kept.len();
        for place in Heads::new(dialect.layout(), bytes) {
            self.records += 1;
            if place.vxid == Vxid(0)
                || self.only.as_ref().is_some_and(|only| !only.lets(place.vxid))
            {
                continue;
            }
            let record = LogRecord::new(dialect, place.record(bytes));
            self.take(dialect, &record, &bytes[place.start..place.end]);
        }
        self.kept.len() != kept_before
    }

    /// Whether a transaction with the target's number was seen, finished or not.
    pub(super) fn has_begun(&self) -> bool {
        self.open.contains_key(&self.target) || self.kept.iter().any(|done| self.is_target(done))
    }

    /// Nothing more comes for the transactions that are open, as far as one can tell: they are shown as
    /// they are.
    pub(super) fn give_up_open(&mut self, dialect: Dialect) {
        let mut open: Vec<(Vxid, Open)> = self.open.drain().collect();
        open.sort_by_key(|(_, open)| open.first_at);
        self.open_bytes = 0;
        for (vxid, open) in open {
            self.finish(dialect, vxid, open);
        }
    }

    /// Numbers that are wanted, for another pass over the same log; `None` when another pass would find
    /// nothing more.
    pub(super) fn another_pass(&self) -> Option<HashSet<Vxid>> {
        let kept: HashSet<Vxid> = self.kept.iter().map(|done| done.transaction.vxid).collect();
        let lacking = self.wanted.iter().any(|vxid| !kept.contains(vxid));
        (self.forgot && lacking && !self.kept.is_empty()).then(|| self.wanted.clone())
    }

    /// What was read.
    pub(super) fn span(&self) -> Span {
        self.span
    }

    /// Transactions that name the target, whether it is there or not.
    pub(super) fn named_by(&self) -> &[Vxid] {
        &self.named_by
    }

    /// The trees around every transaction with the target's number, newest first.
    pub(super) fn traces(&self) -> Vec<Trace> {
        let mut targets: Vec<&Done> =
            self.kept.iter().filter(|done| self.is_target(done)).collect();
        targets.sort_by_key(|done| std::cmp::Reverse(done.to));
        targets.into_iter().filter_map(|target| self.trace_around(target)).collect()
    }

    /// Whether there is a tree and all of it, but for the session, is there to its end.
    pub(super) fn is_complete(&self) -> bool {
        let traces = self.traces();
        let whole = |trace: &Trace| {
            trace.nodes().iter().all(|node| {
                node.kind == Kind::Session || (node.what != What::Missing && node.has_end)
            })
        };
        !traces.is_empty() && traces.iter().all(whole)
    }

    fn is_target(&self, done: &Done) -> bool {
        done.transaction.vxid == self.target
    }

    /// Numbers come again in a long log: of each, the transaction nearest to the target is taken, unless
    /// another one with the target's number is nearer to it still.
    fn trace_around(&self, target: &Done) -> Option<Trace> {
        let targets: Vec<&Done> = self.kept.iter().filter(|done| self.is_target(done)).collect();
        let mut nearest: HashMap<Vxid, &Done> = HashMap::new();
        for done in self.kept.iter().filter(|done| !self.is_target(done)) {
            let distance = done.distance(target);
            let belongs = targets.iter().all(|other| done.distance(other) >= distance);
            let better = |best: &&Done| distance < best.distance(target);
            let vxid = done.transaction.vxid;
            if belongs && nearest.get(&vxid).is_none_or(better) {
                nearest.insert(vxid, done);
            }
        }
        let mut parts: Vec<&Done> = nearest.into_values().collect();
        parts.push(target);
        parts.sort_by_key(|done| done.from);
        let parts: Vec<Transaction> = parts.iter().map(|done| done.transaction.clone()).collect();
        Trace::build(&parts, self.target)
    }

    /// Takes one record in; `bytes` are all of it.
    fn take(&mut self, dialect: Dialect, found: &LogRecord<'_>, bytes: &[u8]) {
        if found.tag == Some(Tag::Timestamp)
            && self.only.is_none()
            && let Some(at) = Micros::of_timestamp(found.text())
        {
            self.span.take(at);
        }
        let begins = found.tag == Some(Tag::Begin);
        if (begins || found.tag == Some(Tag::Link))
            && self.named_by.len() < NAMED_BY_MAX
            && Relation::parse(found.text()).is_some_and(|it| it.vxid == self.target)
        {
            self.named_by.push(found.vxid);
        }
        if begins
            && self.open.get(&found.vxid).is_some_and(|open| open.begun)
            && let Some(before) = self.open.remove(&found.vxid)
        {
            // The number came round again without an end of the transaction before.
            self.open_bytes -= before.bytes.len();
            self.finish(dialect, found.vxid, before);
        }
        let open = self.open.entry(found.vxid).or_insert_with(|| {
            self.span.transactions += 1;
            Open { first_at: self.records, ..Open::default() }
        });
        open.begun |= begins;
        open.last_at = self.records;
        let before = open.bytes.len();
        let ends = found.tag == Some(Tag::End);
        if before < self.bounds.transaction_bytes || ends {
            open.bytes.extend_from_slice(bytes);
        }
        self.open_bytes += open.bytes.len() - before;
        if ends && let Some(open) = self.open.remove(&found.vxid) {
            self.open_bytes -= open.bytes.len();
            self.finish(dialect, found.vxid, open);
        }
        while self.open_bytes > self.bounds.open_bytes {
            let Some(oldest) = self.open.iter().min_by_key(|(_, open)| open.last_at) else { break };
            let vxid = *oldest.0;
            if let Some(open) = self.open.remove(&vxid) {
                self.open_bytes -= open.bytes.len();
                self.finish(dialect, vxid, open);
            }
        }
    }

    fn finish(&mut self, dialect: Dialect, vxid: Vxid, open: Open) {
        let Ok(transaction) = Transaction::from_records(dialect, 0, open.bytes) else { return };
        debug_assert_eq!(transaction.vxid, vxid);
        let related = |tag| matches!(tag, Some(Tag::Begin | Tag::Link));
        let relations = transaction
            .records()
            .filter(|record| related(record.tag))
            .filter_map(|record| Relation::parse(record.text()))
            .collect();
        let done = Done { from: open.first_at, to: open.last_at, relations, transaction };
        if self.is_wanted(&done) {
            self.keep(done);
            self.fetch_from_window();
        } else {
            self.window_bytes += done.transaction.bytes().len();
            self.window.push_back(done);
            while self.window_bytes > self.bounds.window_bytes {
                let Some(oldest) = self.window.pop_front() else { break };
                self.window_bytes -= oldest.transaction.bytes().len();
                self.forgot = true;
            }
        }
    }

    /// Whether it is asked for by number, or was started by something that is. The other requests of a
    /// connection are of no interest unless the connection is.
    fn is_wanted(&self, done: &Done) -> bool {
        let transaction = &done.transaction;
        let parent = transaction.parent;
        self.wanted.contains(&transaction.vxid)
            || parent == self.target
            || (transaction.reason != Reason::Rxreq
                && parent != Vxid(0)
                && self.wanted.contains(&parent))
    }

    fn keep(&mut self, done: Done) {
        let bytes = done.transaction.bytes().len();
        if self.kept_bytes + bytes > self.bounds.kept_bytes && !self.is_target(&done) {
            return;
        }
        self.kept_bytes += bytes;
        self.wanted.insert(done.transaction.vxid);
        let follow_links = done.transaction.kind != Kind::Session || self.is_target(&done);
        for relation in &done.relations {
            let is_parent = relation.vxid == done.transaction.parent;
            if relation.vxid != Vxid(0) && (is_parent || follow_links) {
                self.wanted.insert(relation.vxid);
            }
        }
        self.kept.push(done);
    }

    /// Keeps what waited in the window and is wanted now, and what that makes wanted in turn.
    fn fetch_from_window(&mut self) {
        loop {
            let (wanted, rest): (Vec<Done>, Vec<Done>) =
                std::mem::take(&mut self.window).into_iter().partition(|done| self.is_wanted(done));
            self.window = rest.into();
            if wanted.is_empty() {
                return;
            }
            for done in wanted {
                self.window_bytes -= done.transaction.bytes().len();
                self.keep(done);
            }
        }
    }
}

/// Numbers, with a quick answer for nearly all that are not among them.
#[derive(Debug)]
struct Sieve {
    numbers: HashSet<Vxid>,
    /// A bit for each possible end of a number.
    ends: Box<[u64; Sieve::WORDS]>,
}

impl Sieve {
    /// 8 KB, which stay in a processor's nearest cache.
    const WORDS: usize = 1024;

    fn new(numbers: &HashSet<Vxid>) -> Sieve {
        let mut ends = Box::new([0; Sieve::WORDS]);
        for &number in numbers {
            let (word, bit) = Sieve::place(number);
            ends[word] |= bit;
        }
        Sieve { numbers: numbers.clone(), ends }
    }

    fn lets(&self, vxid: Vxid) -> bool {
        let (word, bit) = Sieve::place(vxid);
        self.ends[word] & bit != 0 && self.numbers.contains(&vxid)
    }

    fn place(vxid: Vxid) -> (usize, u64) {
        // The remainder is below the number of words.
        let word = usize::try_from(vxid.0 / 64 % Sieve::WORDS as u64).unwrap_or(0);
        (word, 1 << (vxid.0 % 64))
    }
}

#[cfg(test)]
pub(super) mod tests;
