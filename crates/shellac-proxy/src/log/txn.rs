//! One thread's open transactions and their buffers.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use shellac_format::record::Stamp;
use shellac_format::{Side, TAGS, Tag, TagSet, Vxid};

use shellac_ring::PendingStats;

use super::grammar::Grammar;
use super::sink::LogSink;
use super::text::Text;
use super::xid::Xids;
use crate::clock::{Clock, Micros, micros};

/// A buffer of this size goes out although its transaction goes on.
const FLUSH_BYTES: usize = 12 << 10;
/// A buffer that grew beyond this is not kept for the next transaction.
const KEEP_BYTES: usize = 32 << 10;

/// The log of one thread.
pub(crate) struct Log {
    pub(crate) grammar: Grammar,
    clock: RefCell<Clock>,
    /// The last time that was read.
    coarse: Cell<Micros>,
    stall: u64,
    /// How tags are written: 0 when the dialect lacks one, or it is masked.
    numbers: [Cell<u8>; 256],
    xids: RefCell<Xids>,
    inner: RefCell<Inner>,
}

/// What a thread has written.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Written {
    /// Records.
    pub(crate) records: u64,
    /// Batches that went out before their transaction ended.
    pub(crate) flushes: u64,
    /// What had to wait for the log.
    pub(crate) pending: PendingStats,
}

struct Inner {
    sink: Box<dyn LogSink>,
    /// Where a record is put together that belongs to no transaction.
    loose: Vec<u8>,
    open: Vec<Open>,
    free: Vec<usize>,
    records: u64,
    flushes: u64,
}

impl Inner {
    /// Publishes one record that belongs to no transaction. Nothing when the tag's number is 0.
    fn loose(&mut self, grammar: &Grammar, number: u8, fill: impl FnOnce(&mut Text<'_>)) {
        if number != 0 {
            self.records += 1;
            self.loose.clear();
            let stamp = Stamp::new(grammar.layout, Vxid(0), Side::None);
            stamp.append_text(&mut self.loose, number, |out| {
                fill(&mut Text::new(out, grammar.longest_text()));
            });
            self.sink.publish(&self.loose);
        }
    }

    /// Publishes what is in the buffer of a transaction that goes on.
    fn flush(&mut self, key: usize) {
        let slot = &mut self.open[key];
        if !slot.bytes.is_empty() {
            self.sink.publish(&slot.bytes);
            slot.bytes.clear();
            self.flushes += 1;
        }
    }
}

/// The buffer of an open transaction, or of none.
#[derive(Default)]
struct Open {
    stamp: Stamp,
    bytes: Vec<u8>,
    /// When the last record was added.
    touched: Micros,
}

impl Log {
    /// A log that hands its batches to `sink`.
    pub(crate) fn new(
        grammar: Grammar,
        clock: Clock,
        stall: Duration,
        xids: Xids,
        sink: Box<dyn LogSink>,
    ) -> Log {
        let numbers = std::array::from_fn(|_| Cell::new(0));
        let log = Log {
            grammar,
            coarse: Cell::new(clock.now()),
            clock: RefCell::new(clock),
            stall: micros(stall),
            numbers,
            xids: RefCell::new(xids),
            inner: RefCell::new(Inner {
                sink,
                loose: Vec::new(),
                open: Vec::new(),
                free: Vec::new(),
                records: 0,
                flushes: 0,
            }),
        };
        log.set_masked(TagSet::EMPTY);
        log
    }

    /// Reads the clock. Once per phase; everything that happens together gets the same time.
    pub(crate) fn now(&self) -> Micros {
        let now = self.clock.borrow().now();
        self.coarse.set(now);
        now
    }

    /// The time of the last reading: for deadlines, at most one sweep old.
    pub(crate) fn coarse(&self) -> Micros {
        self.coarse.get()
    }

    /// Wall time of a point, in microseconds since 1970.
    pub(crate) fn wall(&self, at: Micros) -> u64 {
        self.clock.borrow().wall(at)
    }

    /// A point on the scale that decisions about backends are made on.
    pub(crate) fn steady(&self, at: Micros) -> Duration {
        self.clock.borrow().steady(at)
    }

    /// Where the thread's scale of time begins, in microseconds of `CLOCK_MONOTONIC`.
    pub(crate) fn monotonic_origin(&self) -> u64 {
        self.clock.borrow().monotonic_origin()
    }

    /// Leaves out records with these tags from now on.
    pub(crate) fn set_masked(&self, masked: TagSet) {
        for tag in TAGS.iter().map(|row| row.tag) {
            let number = if masked.contains(tag) { 0 } else { self.grammar.number(tag) };
            self.numbers[tag as usize].set(number);
        }
    }

    /// A new transaction number.
    pub(crate) fn next_xid(&self) -> Vxid {
        self.xids.borrow_mut().next()
    }

    /// Publishes what has stalled, and lets the sink try again. Called ten times a second.
    pub(crate) fn sweep(&self) {
        self.clock.borrow_mut().adjust();
        let now = self.now();
        let mut inner = self.inner.borrow_mut();
        for key in 0..inner.open.len() {
            if now.since(inner.open[key].touched) >= self.stall {
                inner.flush(key);
            }
        }
        inner.sink.sweep();
    }

    /// What was written since the log was made.
    pub(crate) fn written(&self) -> Written {
        let inner = self.inner.borrow();
        Written { records: inner.records, flushes: inner.flushes, pending: inner.sink.pending() }
    }

    /// Publishes every open buffer: the thread is about to go down. Does nothing when the log is being written to.
    pub(crate) fn publish_open(&self) {
        let Ok(mut inner) = self.inner.try_borrow_mut() else { return };
        let Inner { sink, open, .. } = &mut *inner;
        for slot in open.iter_mut().filter(|slot| !slot.bytes.is_empty()) {
            sink.publish(&slot.bytes);
            slot.bytes.clear();
        }
        sink.sweep();
    }

    /// Publishes one record that belongs to no transaction.
    pub(crate) fn loose(&self, tag: Tag, fill: impl FnOnce(&mut Text<'_>)) {
        let number = self.numbers[tag as usize].get();
        self.inner.borrow_mut().loose(&self.grammar, number, fill);
    }

    /// [`Log::loose`], or nothing when the log is being written to: for the panic hook.
    pub(super) fn loose_if_free(&self, tag: Tag, fill: impl FnOnce(&mut Text<'_>)) {
        if let Ok(mut inner) = self.inner.try_borrow_mut() {
            inner.loose(&self.grammar, self.grammar.number(tag), fill);
        }
    }

    fn open(&self, vxid: Vxid, side: Side) -> usize {
        let mut inner = self.inner.borrow_mut();
        let key = inner.free.pop().unwrap_or_else(|| {
            inner.open.push(Open::default());
            inner.open.len() - 1
        });
        let slot = &mut inner.open[key];
        slot.stamp = Stamp::new(self.grammar.layout, vxid, side);
        key
    }
}

/// An open transaction. Dropped before its end, it publishes an `Error` and an `End`.
pub(crate) struct Txn {
    log: Rc<Log>,
    key: usize,
    vxid: Vxid,
    /// Start of the task: a retry goes on counting from the first attempt's.
    pub(super) first: Micros,
    /// The last `Timestamp`.
    pub(super) previous: Micros,
    ended: bool,
}

impl Txn {
    /// Opens a transaction that started at `at` as part of a task that started at `first`.
    pub(super) fn open(log: &Rc<Log>, vxid: Vxid, side: Side, first: Micros, at: Micros) -> Txn {
        let key = log.open(vxid, side);
        Txn { log: Rc::clone(log), key, vxid, first, previous: at, ended: false }
    }

    /// Its number.
    pub(crate) fn vxid(&self) -> Vxid {
        self.vxid
    }

    /// The thread's log.
    pub(crate) fn log(&self) -> &Rc<Log> {
        &self.log
    }

    /// The grammar of the thread's log.
    pub(crate) fn grammar(&self) -> &Grammar {
        &self.log.grammar
    }

    /// Adds one record.
    pub(super) fn record(&self, tag: Tag, fill: impl FnOnce(&mut Text<'_>)) {
        let number = self.log.numbers[tag as usize].get();
        if number == 0 {
            return;
        }
        let mut inner = self.log.inner.borrow_mut();
        let Inner { open, records, .. } = &mut *inner;
        let slot = &mut open[self.key];
        slot.stamp.append_text(&mut slot.bytes, number, |out| {
            fill(&mut Text::new(out, self.log.grammar.longest_text()));
        });
        slot.touched = self.log.coarse.get();
        *records += 1;
        if slot.bytes.len() >= FLUSH_BYTES {
            inner.flush(self.key);
        }
    }

    /// Publishes what there is although the transaction goes on.
    pub(crate) fn flush(&self) {
        self.log.inner.borrow_mut().flush(self.key);
    }

    /// Adds `End`, publishes, and closes the transaction.
    pub(crate) fn end(mut self) {
        self.close();
    }

    /// [`end`](Txn::end) of one that stays where it is.
    pub(crate) fn finish(&mut self) {
        self.close();
    }

    fn close(&mut self) {
        self.ended = true;
        self.record(Tag::End, |_| {});
        let mut inner = self.log.inner.borrow_mut();
        let Inner { sink, open, .. } = &mut *inner;
        let slot = &mut open[self.key];
        if !slot.bytes.is_empty() {
            sink.publish(&slot.bytes);
            slot.bytes.clear();
        }
        if slot.bytes.capacity() > KEEP_BYTES {
            slot.bytes = Vec::new();
        }
        inner.free.push(self.key);
    }
}

impl Drop for Txn {
    fn drop(&mut self) {
        if !self.ended {
            self.record(Tag::Error, |text| {
                text.bytes(b"shellac: transaction cut short");
            });
            self.close();
        }
    }
}
