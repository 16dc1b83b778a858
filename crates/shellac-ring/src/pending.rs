//! Batches that the ring has refused, in the order in which they came.
//!
//! The queue is bounded by giving up the less important first. Above the first limit a batch keeps only what
//! holds transactions together and says why they failed; above the second whole transactions go, and of
//! those that have begun before only the end is kept, so that readers can finish them. All of it is counted.

use std::collections::{HashSet, VecDeque};

use shellac_format::{Dialect, Record, Records, Side, Tag, Vxid, record};

/// From here on batches are reduced.
const REDUCE_BYTES: usize = 4 << 20;
/// From here on whole transactions are dropped.
const DROP_BYTES: usize = 8 << 20;
/// What an entry takes beside its bytes.
const ENTRY_BYTES: usize = size_of::<Vec<u8>>();
/// More than any text that is made here.
const MAX_TEXT_BYTES: usize = 255;

/// What has happened to batches that the ring refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PendingStats {
    /// Batches that are waiting now.
    pub waiting_batches: usize,
    /// Bytes that they take.
    pub waiting_bytes: usize,
    /// Batches that ever had to wait.
    pub queued_batches: u64,
    /// Batches of which only the most important records were kept.
    pub reduced_batches: u64,
    /// Records that were dropped.
    pub dropped_records: u64,
    /// Transactions that were dropped as a whole; their records are counted too.
    pub dropped_transactions: u64,
    /// Records that were dropped because they do not fit the ring at all.
    pub oversized_records: u64,
}

/// The queue of one publisher.
#[derive(Debug)]
pub(crate) struct Pending {
    dialect: Dialect,
    queue: VecDeque<Vec<u8>>,
    bytes: usize,
    /// Transactions whose beginning was dropped, until their end comes.
    cut: HashSet<Vxid>,
    stats: PendingStats,
    /// The numbers when the queue was last empty.
    before: PendingStats,
}

/// What a batch is about, found in one walk.
struct Contents {
    vxid: Vxid,
    side: Side,
    records: u64,
    has_begin: bool,
    has_end: bool,
}

impl Pending {
    pub(crate) fn new(dialect: Dialect) -> Pending {
        Pending {
            dialect,
            queue: VecDeque::new(),
            bytes: 0,
            cut: HashSet::new(),
            stats: PendingStats::default(),
            before: PendingStats::default(),
        }
    }

    pub(crate) fn stats(&self) -> PendingStats {
        PendingStats { waiting_batches: self.queue.len(), waiting_bytes: self.bytes, ..self.stats }
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn front(&self) -> Option<&[u8]> {
        self.queue.front().map(Vec::as_slice)
    }

    /// Removes the first batch. When that was the last one and something was lost meanwhile, a record that says
    /// so follows.
    pub(crate) fn pop(&mut self) {
        let Some(batch) = self.queue.pop_front() else { return };
        self.bytes -= batch.len() + ENTRY_BYTES;
        if self.queue.is_empty()
            && let Some(notice) = self.notice()
        {
            self.put(notice);
        }
    }

    /// Whether batches of this transaction are being dropped, or may be.
    pub(crate) fn is_cutting(&self) -> bool {
        !self.cut.is_empty()
    }

    /// Drops `batch` if the beginning of its transaction was dropped, and says so.
    pub(crate) fn cut(&mut self, batch: &[u8]) -> bool {
        if self.cut.is_empty() {
            return false;
        }
        let contents = self.contents(batch);
        if !self.cut.contains(&contents.vxid) {
            return false;
        }
        if contents.has_end {
            self.cut.remove(&contents.vxid);
        }
        self.stats.dropped_records += contents.records;
        true
    }

    /// Takes a batch in, or what can be kept of it.
    pub(crate) fn push(&mut self, batch: &[u8]) {
        if self.bytes < REDUCE_BYTES {
            self.stats.queued_batches += 1;
            self.put(batch.to_vec());
        } else if self.bytes < DROP_BYTES {
            self.push_reduced(batch, |tag| {
                matches!(tag, Tag::Begin | Tag::Link | Tag::End | Tag::FetchError | Tag::Error)
            });
        } else {
            self.push_over_limit(batch);
        }
    }

    /// Counts a record that fits no batch.
    pub(crate) fn oversized(&mut self) {
        self.stats.oversized_records += 1;
    }

    /// Drops the first batch, which can never be published.
    pub(crate) fn refuse_front(&mut self) {
        if let Some(batch) = self.front() {
            self.stats.oversized_records += self.contents(batch).records;
        }
        self.pop();
    }

    fn put(&mut self, batch: Vec<u8>) {
        self.bytes += batch.len() + ENTRY_BYTES;
        self.queue.push_back(batch);
    }

    fn push_over_limit(&mut self, batch: &[u8]) {
        let contents = self.contents(batch);
        if contents.has_begin && contents.vxid != Vxid(0) {
            self.stats.dropped_records += contents.records;
            self.stats.dropped_transactions += 1;
            if !contents.has_end {
                self.cut.insert(contents.vxid);
            }
        } else {
            // Readers have its beginning, or will get it from the queue.
            self.push_reduced(batch, |tag| tag == Tag::End);
        }
    }

    fn push_reduced(&mut self, batch: &[u8], keep: impl Fn(Tag) -> bool) {
        let contents = self.contents(batch);
        let mut kept = Vec::new();
        let mut end = Vec::new();
        let mut dropped = 0;
        for found in self.records(batch) {
            match found.tag(self.dialect) {
                Some(Tag::End) => self.copy(&mut end, &found),
                Some(tag) if keep(tag) => self.copy(&mut kept, &found),
                _ => dropped += 1,
            }
        }
        self.stats.dropped_records += dropped;
        self.stats.reduced_batches += u64::from(dropped > 0);
        if kept.is_empty() && end.is_empty() {
            return;
        }
        if dropped > 0 {
            let text = format!("shellac: {dropped} records dropped");
            self.text(&mut kept, Tag::VclLog, contents.vxid, contents.side, &text);
        }
        kept.append(&mut end);
        kept.shrink_to_fit();
        self.stats.queued_batches += 1;
        self.put(kept);
    }

    /// What was lost since the queue was empty for the last time, as a batch of one record.
    fn notice(&mut self) -> Option<Vec<u8>> {
        let before = std::mem::replace(&mut self.before, self.stats);
        let records = self.stats.dropped_records - before.dropped_records;
        if records == 0 {
            return None;
        }
        let text = format!(
            "shellac: the log was full: {} batches had to wait, {records} records were dropped, \
             among them {} whole transactions",
            self.stats.queued_batches - before.queued_batches,
            self.stats.dropped_transactions - before.dropped_transactions,
        );
        let mut batch = Vec::new();
        self.text(&mut batch, Tag::Notice, Vxid(0), Side::None, &text);
        Some(batch)
    }

    fn text(&self, out: &mut Vec<u8>, tag: Tag, vxid: Vxid, side: Side, text: &str) {
        if let Some(number) = tag.number(self.dialect) {
            let (layout, text) = (self.dialect.layout(), text.as_bytes());
            record::encode_text(out, layout, number, vxid, side, text, MAX_TEXT_BYTES);
        }
    }

    fn copy(&self, out: &mut Vec<u8>, record: &Record<'_>) {
        let layout = self.dialect.layout();
        record::encode(out, layout, record.number, record.vxid, record.side, record.payload);
    }

    /// The records of a batch of our own making; what could not be walked would be left out.
    fn records<'a>(&self, batch: &'a [u8]) -> impl Iterator<Item = Record<'a>> + use<'a> {
        Records::new(self.dialect.layout(), batch).map_while(Result::ok)
    }

    fn contents(&self, batch: &[u8]) -> Contents {
        let mut contents = Contents {
            vxid: Vxid(0),
            side: Side::None,
            records: 0,
            has_begin: false,
            has_end: false,
        };
        for found in self.records(batch) {
            if contents.records == 0 {
                (contents.vxid, contents.side) = (found.vxid, found.side);
            }
            contents.records += 1;
            contents.has_begin |= found.tag(self.dialect) == Some(Tag::Begin);
            contents.has_end |= found.tag(self.dialect) == Some(Tag::End);
        }
        contents
    }
}
