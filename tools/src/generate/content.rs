//! What is written: transactions whose records can be checked one by one and batch by batch.
//!
//! A batch of thread 1 in the transaction 1004 looks like this (tags in front):
//!
//! ```text
//! Begin     req 0 rxreq
//! VCL_Log   G t=1 b=553 at=1234567 n=2 c=89abcdef
//! VCL_Log   D t=1 b=553 i=0 v=1004 c=01234567 payload payload
//! VCL_Log   D t=1 b=553 i=1 v=1004 c=76543210 another payload
//! End
//! ```
//!
//! `b` is the number of the batch within its thread, `at` the bytes that the thread has published before it,
//! with batch headers, `n` the number of D records that follow, and `c` a CRC-32: in a G record of the batch
//! without that record, in a D record of everything else in its text.

use shellac_format::{Dialect, Side, Tag, Vxid, record};

/// Longest text of a record, with its NUL.
const MAX_TEXT_BYTES: usize = 0xffff;

/// Makes the batches of one thread.
pub(crate) struct Maker {
    dialect: Dialect,
    thread: usize,
    random: Random,
    batch_bytes: usize,
    record_bytes: usize,
    /// Batches made, and their bytes in the log.
    batches: u64,
    bytes: u64,
}

/// The place of a batch in its transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// A request's first records.
    RequestBegins,
    /// The whole attempt at a backend.
    Attempt,
    /// A request's last records.
    RequestEnds,
}

impl Maker {
    pub(crate) fn new(
        dialect: Dialect,
        thread: usize,
        seed: u64,
        batch_bytes: usize,
        record_bytes: usize,
    ) -> Maker {
        let random = Random::new(seed, thread as u64);
        Maker { dialect, thread, random, batch_bytes, record_bytes, batches: 0, bytes: 0 }
    }

    /// The next batch, for the request `request`, whose attempt has the next number.
    pub(crate) fn batch(&mut self, part: Part, request: u64, max_bytes: usize) -> Vec<u8> {
        let attempt = request + 1;
        let (vxid, side) = match part {
            Part::Attempt => (attempt, Side::Backend),
            Part::RequestBegins | Part::RequestEnds => (request, Side::Client),
        };
        let text = |out: &mut Vec<u8>, tag: Tag, text: &str| {
            if let Some(number) = tag.number(self.dialect) {
                let (layout, text) = (self.dialect.layout(), text.as_bytes());
                record::encode_text(out, layout, number, Vxid(vxid), side, text, MAX_TEXT_BYTES);
            }
        };
        let mut before = Vec::new();
        match part {
            Part::RequestBegins => text(&mut before, Tag::Begin, "req 0 rxreq"),
            Part::Attempt => text(&mut before, Tag::Begin, &format!("bereq {request} fetch")),
            Part::RequestEnds => {}
        }
        let mut after = Vec::new();
        match part {
            Part::RequestBegins => {
                text(&mut after, Tag::Link, &format!("bereq {attempt} fetch"));
            }
            Part::Attempt | Part::RequestEnds => text(&mut after, Tag::End, ""),
        }
        // The G record is at most this long.
        let room = max_bytes.saturating_sub(before.len() + after.len() + 128);
        let mut data = Vec::new();
        let mut records = 0;
        let (thread, batch) = (self.thread, self.batches);
        loop {
            let payload = self.random.payload(self.record_bytes);
            let fields = format!("t={thread} b={batch} i={records} v={vxid}");
            let sum = crc32fast::hash(format!("{fields} {payload}").as_bytes());
            let mut one = Vec::new();
            text(&mut one, Tag::VclLog, &format!("D {fields} c={sum:08x} {payload}"));
            if data.len() + one.len() > room {
                break;
            }
            data.append(&mut one);
            records += 1;
            if data.len() >= self.batch_bytes {
                break;
            }
        }
        let at = self.bytes;
        let sum = crc32fast::hash(&[&before[..], &data, &after].concat());
        let mut body = before;
        text(
            &mut body,
            Tag::VclLog,
            &format!("G t={thread} b={batch} at={at} n={records} c={sum:08x}"),
        );
        body.append(&mut data);
        body.append(&mut after);
        self.batches += 1;
        self.bytes += (body.len() + self.dialect.layout().head_bytes()) as u64;
        body
    }

    /// A whole transaction that says hello, and does not count.
    pub(crate) fn greeting(&self, vxid: u64) -> Vec<u8> {
        let mut out = Vec::new();
        for (tag, text) in [(Tag::Begin, "req 0 rxreq"), (Tag::VclLog, "H"), (Tag::End, "")] {
            if let Some(number) = tag.number(self.dialect) {
                let (layout, side) = (self.dialect.layout(), Side::Client);
                let (vxid, text) = (Vxid(vxid), text.as_bytes());
                record::encode_text(&mut out, layout, number, vxid, side, text, MAX_TEXT_BYTES);
            }
        }
        out
    }

    /// The thread's number.
    pub(crate) fn thread(&self) -> usize {
        self.thread
    }

    /// Batches made so far.
    pub(crate) fn batches(&self) -> u64 {
        self.batches
    }

    /// Their bytes in the log, with batch headers.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }
}

/// A small generator of random numbers (xorshift64*), the same on every machine.
struct Random(u64);

impl Random {
    fn new(seed: u64, thread: u64) -> Random {
        let mixed = (seed ^ thread.rotate_left(32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        Random(mixed | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, limit: usize) -> usize {
        let limit = limit.max(1) as u64;
        usize::try_from((self.next() >> 8) % limit).unwrap_or(0)
    }

    /// Letters: mostly few, sometimes many.
    fn payload(&mut self, max_bytes: usize) -> String {
        let len = match self.below(50) {
            0 => self.below(max_bytes),
            1..=5 => self.below(max_bytes.min(1500)),
            _ => self.below(max_bytes.min(120)),
        };
        let mut text = String::with_capacity(len);
        while text.len() < len {
            let bytes = self.next().to_le_bytes();
            text.extend(
                bytes.iter().take(len - text.len()).map(|byte| char::from(b'a' + byte % 26)),
            );
        }
        text
    }
}
