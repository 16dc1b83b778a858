//! One thread's open transactions and their buffers.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use shellac_format::record::Stamp;
use shellac_format::{Side, TAGS, Tag, TagSet, Vxid};

use shellac_ring::PendingStats;

use super::buffer::Buffer;
use super::grammar::Grammar;
use super::rows::{Blocks, Row};
use super::sink::LogSink;
use super::text::{Face, Near, Numbered, Parts, Piece, Text, Times};
use super::xid::Xids;
use crate::clock::{Clock, Micros, micros};

/// Buffers that are kept for transactions to come.
const KEPT_BUFFERS: usize = 256;

/// The log of one thread.
pub(crate) struct Log {
    pub(crate) grammar: Grammar,
    clock: Cell<Clock>,
    /// The last time that was read.
    coarse: Cell<Micros>,
    stall: u64,
    /// How tags are written: 0 when the dialect lacks one, or it is masked.
    numbers: [Cell<u8>; 256],
    xids: RefCell<Xids>,
    /// Those that begin like the last one.
    near: Cell<Near>,
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
    /// The times that were written last.
    face: Face,
    /// What is copied instead of being written.
    blocks: Blocks,
    open: Vec<Open>,
    free: Vec<usize>,
    /// Buffers that no transaction has, the last one used last.
    spare: Vec<Buffer>,
    records: u64,
    flushes: u64,
}

impl Inner {
    /// Publishes one record that belongs to no transaction. Nothing when the tag's number is 0.
    fn loose(&mut self, grammar: &Grammar, number: u8, fill: impl FnOnce(&mut Text<'_>)) {
        if number != 0 {
            self.records += 1;
            let stamp = Stamp::new(grammar.layout, Vxid(0), Side::None);
            let mut buffer = self.take(grammar.longest_text());
            buffer.text(&stamp, number, fill);
            self.put_out(buffer);
        }
    }

    /// An empty buffer for texts of at most `longest` bytes.
    fn take(&mut self, longest: usize) -> Buffer {
        self.spare.pop().unwrap_or_else(|| Buffer::new(longest))
    }

    /// Sees to it that there is room for a record of the transaction.
    #[cold]
    fn make_room(&mut self, key: usize, longest: usize) {
        if self.open[key].buffer.is_full() {
            self.flush(key);
        }
        if self.open[key].buffer.is_missing() {
            self.open[key].buffer = self.take(longest);
        }
    }

    /// Adds a record of `bytes`, however long it is and whatever the buffer is like.
    #[inline(never)]
    fn plain(&mut self, key: usize, longest: usize, number: u8, bytes: &[u8]) {
        self.make_room(key, longest);
        let slot = &mut self.open[key];
        slot.buffer.plain(&slot.stamp, number, bytes);
    }

    /// Adds a record of `label` and times, whatever they and the buffer are like.
    #[cold]
    #[inline(never)]
    fn stamped(&mut self, key: usize, longest: usize, number: u8, label: &str, times: Times) {
        self.make_room(key, longest);
        self.face = Face::at(times.wall);
        let slot = &mut self.open[key];
        slot.buffer.text(&slot.stamp, number, |text| {
            text.bytes(label.as_bytes()).times(times);
        });
    }

    /// Publishes what is in a buffer, and keeps it for whoever is next.
    fn put_out(&mut self, mut buffer: Buffer) {
        self.sink.publish(buffer.records());
        buffer.clear();
        if self.spare.len() < KEPT_BUFFERS {
            self.spare.push(buffer);
        }
    }

    /// Publishes what is in the buffer of a transaction. Returns whether there was something.
    fn publish(&mut self, key: usize) -> bool {
        let slot = &mut self.open[key];
        if slot.buffer.is_empty() {
            return false;
        }
        let buffer = std::mem::take(&mut slot.buffer);
        self.put_out(buffer);
        true
    }

    /// Publishes what is in the buffer of a transaction that goes on.
    fn flush(&mut self, key: usize) {
        if self.publish(key) {
            self.flushes += 1;
        }
    }
}

/// An open transaction, or a place for one.
struct Open {
    stamp: Stamp,
    /// What is not published yet; missing while there is nothing.
    buffer: Buffer,
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
            clock: Cell::new(clock),
            stall: micros(stall),
            numbers,
            xids: RefCell::new(xids),
            near: Cell::default(),
            inner: RefCell::new(Inner {
                sink,
                face: Face::at(0),
                blocks: Blocks::NONE,
                open: Vec::new(),
                free: Vec::new(),
                spare: Vec::new(),
                records: 0,
                flushes: 0,
            }),
        };
        log.set_masked(TagSet::EMPTY);
        log
    }

    /// Reads the clock. Once per phase; everything that happens together gets the same time.
    pub(crate) fn now(&self) -> Micros {
        let now = self.clock.get().now();
        self.coarse.set(now);
        now
    }

    /// The time of the last reading: for deadlines, at most one sweep old.
    pub(crate) fn coarse(&self) -> Micros {
        self.coarse.get()
    }

    /// Wall time of a point, in microseconds since 1970.
    pub(crate) fn wall(&self, at: Micros) -> u64 {
        self.clock.get().wall(at)
    }

    /// A point on the scale that decisions about backends are made on.
    pub(crate) fn steady(&self, at: Micros) -> Duration {
        self.clock.get().steady(at)
    }

    /// Where the thread's scale of time begins, in microseconds of `CLOCK_MONOTONIC`.
    pub(crate) fn monotonic_origin(&self) -> u64 {
        self.clock.get().monotonic_origin()
    }

    /// Leaves out records with these tags from now on.
    pub(crate) fn set_masked(&self, masked: TagSet) {
        for tag in TAGS.iter().map(|row| row.tag) {
            let number = if masked.contains(tag) { 0 } else { self.grammar.number(tag) };
            self.numbers[tag as usize].set(number);
        }
        let grammar = &self.grammar;
        self.inner.borrow_mut().blocks =
            Blocks::new(grammar.layout, grammar.longest_text(), |tag| self.number(tag));
    }

    /// How records with `tag` are written: not at all if that is 0.
    #[inline]
    fn number(&self, tag: Tag) -> u8 {
        self.numbers[tag as usize].get()
    }

    /// A new transaction number.
    pub(crate) fn next_xid(&self) -> Vxid {
        let vxid = self.xids.borrow_mut().next();
        if !self.near.get().has(vxid.0) {
            self.near.set(Near::around(vxid.0));
        }
        vxid
    }

    /// Publishes what has stalled, and lets the sink try again. Called ten times a second.
    pub(crate) fn sweep(&self) {
        let mut clock = self.clock.get();
        clock.adjust();
        self.clock.set(clock);
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
        for key in 0..inner.open.len() {
            inner.publish(key);
        }
        inner.sink.sweep();
    }

    /// Publishes one record that belongs to no transaction.
    pub(crate) fn loose(&self, tag: Tag, fill: impl FnOnce(&mut Text<'_>)) {
        let number = self.number(tag);
        self.inner.borrow_mut().loose(&self.grammar, number, fill);
    }

    /// Publishes whole records of one transaction as they are.
    pub(crate) fn pass_on(&self, batch: &[u8]) {
        self.inner.borrow_mut().sink.publish(batch);
    }

    /// [`Log::loose`], or nothing when the log is being written to: for the panic hook.
    pub(super) fn loose_if_free(&self, tag: Tag, fill: impl FnOnce(&mut Text<'_>)) {
        if let Ok(mut inner) = self.inner.try_borrow_mut() {
            inner.loose(&self.grammar, self.grammar.number(tag), fill);
        }
    }

    fn open(&self, vxid: Vxid, side: Side) -> usize {
        let mut inner = self.inner.borrow_mut();
        let stamp = Stamp::new(self.grammar.layout, vxid, side);
        if let Some(key) = inner.free.pop() {
            inner.open[key].stamp = stamp;
            return key;
        }
        inner.open.push(Open { stamp, buffer: Buffer::default(), touched: Micros::default() });
        inner.open.len() - 1
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

    /// Adds one record that `fill` writes.
    pub(super) fn record(&self, tag: Tag, fill: impl FnOnce(&mut Text<'_>)) {
        let log = &*self.log;
        let number = log.number(tag);
        if number == 0 {
            return;
        }
        let inner = &mut *log.inner.borrow_mut();
        let mut slot = &mut inner.open[self.key];
        if slot.buffer.is_full() || slot.buffer.is_missing() {
            inner.make_room(self.key, log.grammar.longest_text());
            slot = &mut inner.open[self.key];
        }
        slot.buffer.text(&slot.stamp, number, fill);
        slot.touched = log.coarse.get();
        inner.records += 1;
    }

    /// Adds one record of `len` bytes that `short` writes as [`Buffer::filled`] says, or that `fill` writes.
    #[inline(always)]
    fn filled(
        &self,
        number: u8,
        len: usize,
        short: impl FnOnce(&mut [u8]),
        fill: impl FnOnce(&mut Text<'_>),
    ) {
        let log = &*self.log;
        let inner = &mut *log.inner.borrow_mut();
        inner.records += 1;
        let slot = &mut inner.open[self.key];
        slot.touched = log.coarse.get();
        if slot.buffer.is_missing()
            && let Some(buffer) = inner.spare.pop()
        {
            slot.buffer = buffer;
        }
        if !slot.buffer.filled(&slot.stamp, number, len, short) {
            inner.make_room(self.key, log.grammar.longest_text());
            let slot = &mut inner.open[self.key];
            slot.buffer.text(&slot.stamp, number, fill);
        }
    }

    /// Adds one record of `parts`.
    #[inline(never)]
    pub(super) fn parts(&self, tag: Tag, parts: &Parts<'_>) {
        let number = self.log.number(tag);
        if number != 0 {
            self.filled(
                number,
                parts.len(),
                |out| parts.write(out),
                |text| {
                    text.parts(parts);
                },
            );
        }
    }

    /// Adds one record of a number between `words`.
    pub(super) fn numbered(&self, tag: Tag, words: (Piece, Piece), figure: u64) {
        let number = self.log.number(tag);
        if number == 0 {
            return;
        }
        let fill = |text: &mut Text<'_>| {
            text.piece(words.0).number(figure).piece(words.1);
        };
        match Numbered::new(words, figure, &self.log.near.get()) {
            Some(text) => self.filled(number, text.len(), |out| text.write(out), fill),
            None => self.record(tag, fill),
        }
    }

    /// Adds one record of `bytes`.
    pub(super) fn plain(&self, tag: Tag, bytes: &[u8]) {
        self.plain_each(std::iter::once((tag, bytes)));
    }

    /// Adds a record for each of `texts`.
    #[inline(always)]
    pub(super) fn plain_each<'t>(&self, texts: impl Iterator<Item = (Tag, &'t [u8])>) {
        let log = &*self.log;
        let inner = &mut *log.inner.borrow_mut();
        let mut slot = &mut inner.open[self.key];
        for (tag, text) in texts {
            let number = log.number(tag);
            if number == 0 {
                continue;
            }
            slot.touched = log.coarse.get();
            inner.records += 1;
            if !slot.buffer.short(&slot.stamp, number, text) {
                inner.plain(self.key, log.grammar.longest_text(), number, text);
                slot = &mut inner.open[self.key];
            }
        }
    }

    /// Adds a record with `tag` for each of `texts`.
    #[inline(always)]
    pub(super) fn plain_all<'t>(&self, tag: Tag, mut texts: impl Iterator<Item = &'t [u8]>) {
        let log = &*self.log;
        let number = log.number(tag);
        if number == 0 {
            return;
        }
        let inner = &mut *log.inner.borrow_mut();
        loop {
            let slot = &mut inner.open[self.key];
            let (done, rest) = slot.buffer.shorts(&slot.stamp, number, &mut texts);
            slot.touched = log.coarse.get();
            inner.records += done;
            let Some(text) = rest else { return };
            inner.records += 1;
            inner.plain(self.key, log.grammar.longest_text(), number, text);
        }
    }

    /// Adds the records of `row`.
    pub(crate) fn row(&self, row: Row) {
        let log = &*self.log;
        let inner = &mut *log.inner.borrow_mut();
        let slot = &mut inner.open[self.key];
        slot.touched = log.coarse.get();
        let block = inner.blocks.of(row);
        if slot.buffer.row(&slot.stamp, block) {
            inner.records += block.records() as u64;
        } else {
            for (tag, text) in row.records() {
                let number = log.number(*tag);
                if number != 0 {
                    inner.records += 1;
                    inner.plain(self.key, log.grammar.longest_text(), number, text);
                }
            }
        }
    }

    /// Adds a record of `label`, a wall time, and how long ago the task began and the last such record was written.
    pub(super) fn stamped(&self, tag: Tag, label: &str, at: Micros) {
        let log = &*self.log;
        let number = log.number(tag);
        if number == 0 {
            return;
        }
        let (whole, part) = (at.since(self.first), at.since(self.previous));
        let times = Times { wall: log.wall(at), whole, part };
        let inner = &mut *log.inner.borrow_mut();
        let slot = &mut inner.open[self.key];
        slot.touched = log.coarse.get();
        inner.records += 1;
        let shown = inner.face.show(&times);
        if !shown || !slot.buffer.stamped(&slot.stamp, number, label, &times, &inner.face) {
            inner.stamped(self.key, log.grammar.longest_text(), number, label, times);
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
        let number = self.log.number(Tag::End);
        if number != 0 {
            self.filled(number, 0, |_| {}, |_| {});
        }
        let mut inner = self.log.inner.borrow_mut();
        inner.publish(self.key);
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
