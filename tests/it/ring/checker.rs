//! Whether what was read is what was written: sums of records and batches, numbers of batches, bytes.

use shellac_format::{Dialect, Records, Tag};
use shellac_ring::Loss;

use super::generator::Count;

/// A batch's G record: `G t=1 b=553 at=1234567 n=2 c=89abcdef`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BatchText {
    pub(crate) thread: usize,
    pub(crate) batch: u64,
    pub(crate) at: u64,
    pub(crate) records: u64,
    pub(crate) sum: u32,
}

impl BatchText {
    pub(crate) fn parse(text: &str) -> BatchText {
        let mut fields = text.split(' ');
        assert_eq!(fields.next(), Some("G"), "{text}");
        let mut field = |name| {
            let field = fields.next().and_then(|field| field.strip_prefix(name));
            field.unwrap_or_else(|| panic!("no {name} in: {text}"))
        };
        BatchText {
            thread: field("t=").parse().unwrap(),
            batch: field("b=").parse().unwrap(),
            at: field("at=").parse().unwrap(),
            records: field("n=").parse().unwrap(),
            sum: u32::from_str_radix(field("c="), 16).unwrap(),
        }
    }
}

/// A D record: `D t=1 b=553 i=0 v=1004 c=01234567 payload`. Its sum must be right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RecordText {
    pub(crate) thread: usize,
    pub(crate) batch: u64,
    pub(crate) index: u64,
    pub(crate) vxid: u64,
}

impl RecordText {
    pub(crate) fn parse(text: &str) -> RecordText {
        let (fields, rest) = text[2..].split_once(" c=").expect("no sum in a record");
        let (sum, payload) = rest.split_once(' ').expect("no payload in a record");
        let found = crc32fast::hash(format!("{fields} {payload}").as_bytes());
        assert_eq!(format!("{found:08x}"), sum, "damaged record: {text}");
        let mut fields = fields.split(' ');
        let mut field = |name| {
            let field = fields.next().and_then(|field| field.strip_prefix(name));
            field.unwrap_or_else(|| panic!("no {name} in: {text}"))
        };
        RecordText {
            thread: field("t=").parse().unwrap(),
            batch: field("b=").parse().unwrap(),
            index: field("i=").parse().unwrap(),
            vxid: field("v=").parse().unwrap(),
        }
    }
}

/// Where a thread's batches are up to.
#[derive(Clone, Copy, Debug, Default)]
struct Thread {
    next: Count,
    /// Losses that had been reported when its last batch was read.
    losses: u64,
}

/// Takes batches in the order in which they are read.
#[derive(Debug)]
pub(crate) struct Checker {
    dialect: Dialect,
    threads: Vec<Thread>,
    /// How often a loss was reported, and how much.
    pub(crate) losses: u64,
    pub(crate) lost_bytes: u64,
    /// Bytes of the batches that were read, with their headers, and of those that turned out to be missing.
    pub(crate) read_bytes: u64,
    pub(crate) missing_bytes: u64,
    pub(crate) missing_batches: u64,
}

impl Checker {
    pub(crate) fn new(dialect: Dialect) -> Checker {
        Checker {
            dialect,
            threads: Vec::new(),
            losses: 0,
            lost_bytes: 0,
            read_bytes: 0,
            missing_bytes: 0,
            missing_batches: 0,
        }
    }

    /// Notes that something was reported lost.
    pub(crate) fn loss(&mut self, loss: Loss) {
        self.losses += 1;
        self.lost_bytes += loss.bytes;
    }

    /// Checks a batch as it was copied out of the ring.
    pub(crate) fn batch(&mut self, body: &[u8]) {
        let layout = self.dialect.layout();
        let mut head = None;
        let mut rest = Vec::with_capacity(body.len());
        let mut records = 0;
        let mut walk = Records::new(layout, body);
        loop {
            let from = walk.position();
            let Some(found) = walk.next() else { break };
            let found = found.unwrap();
            let bytes = &body[from..walk.position()];
            let is_log = found.tag(self.dialect) == Some(Tag::VclLog);
            let text = std::str::from_utf8(found.text()).unwrap();
            match text.as_bytes().first() {
                Some(b'G') if is_log => head = Some(BatchText::parse(text)),
                Some(b'D') if is_log => {
                    let record = RecordText::parse(text);
                    let head = head.as_ref().expect("a record before its batch's number");
                    assert_eq!((record.thread, record.batch), (head.thread, head.batch));
                    assert_eq!((record.index, record.vxid), (records, found.vxid.0));
                    records += 1;
                    rest.extend_from_slice(bytes);
                }
                _ => rest.extend_from_slice(bytes),
            }
        }
        let head = head.expect("a batch without its number");
        assert_eq!(head.records, records, "records of {head:?}");
        assert_eq!(head.sum, crc32fast::hash(&rest), "damaged batch: {head:?}");
        self.follows(head, (body.len() + layout.head_bytes()) as u64);
    }

    /// A thread's batches come in order, and where some are missing a loss was reported since the last one.
    fn follows(&mut self, head: BatchText, bytes: u64) {
        if self.threads.len() <= head.thread {
            self.threads.resize(head.thread + 1, Thread::default());
        }
        let losses = self.losses;
        let thread = &mut self.threads[head.thread];
        assert!(head.batch >= thread.next.batches, "{head:?} was read before {thread:?}");
        if head.batch > thread.next.batches {
            assert!(losses > thread.losses, "nobody said that batches before {head:?} were lost");
            self.missing_batches += head.batch - thread.next.batches;
            self.missing_bytes += head.at - thread.next.bytes;
        } else {
            assert_eq!(head.at, thread.next.bytes, "bytes before {head:?}");
        }
        thread.next = Count { batches: head.batch + 1, bytes: head.at + bytes };
        thread.losses = losses;
        self.read_bytes += bytes;
    }

    /// Everything up to `counts` was read, or is covered by a reported loss.
    pub(crate) fn assert_complete(&mut self, counts: &[Count]) {
        self.threads.resize(counts.len(), Thread::default());
        for (index, (thread, count)) in self.threads.iter_mut().zip(counts).enumerate() {
            if thread.next != *count {
                assert!(self.losses > thread.losses, "thread {index}: {thread:?} of {count:?}");
                self.missing_batches += count.batches - thread.next.batches;
                self.missing_bytes += count.bytes - thread.next.bytes;
                thread.next = *count;
            }
        }
    }

    /// The same for a writer that was killed: the last batches may lie behind a hole, in at most that many bytes.
    /// `true` if some do.
    pub(crate) fn assert_complete_up_to(&mut self, counts: &[Count], at_most_bytes: u64) -> bool {
        self.threads.resize(counts.len(), Thread::default());
        let mut behind = 0;
        for (index, (thread, count)) in self.threads.iter().zip(counts).enumerate() {
            // One batch may be published and not counted.
            assert!(
                thread.next.batches <= count.batches + 1,
                "thread {index} was killed at {count:?}, and {thread:?} was read"
            );
            if self.losses == thread.losses {
                behind += count.bytes.saturating_sub(thread.next.bytes);
            }
        }
        assert!(
            behind <= at_most_bytes,
            "{behind} bytes are missing, and at most {at_most_bytes} can be behind a hole"
        );
        behind > 0
    }
}
