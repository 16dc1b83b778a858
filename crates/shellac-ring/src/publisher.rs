//! A producer that keeps what the ring refuses.

use shellac_format::{Dialect, Layout, Records};
use shellac_sys::{LogHeadMut, LogViewMut, WordsMut};

use crate::pending::{Pending, PendingStats};
use crate::ring::{Producer, PublishError};

/// A [`Producer`] with a queue behind it: publishing always succeeds, and what is lost is said in the log.
///
/// While the queue is not empty every new batch queues behind it, so the order within a transaction
/// holds. Up to 4 MB everything waits; above that a batch keeps only Begin, Link, End, FetchError and Error
/// and one `VCL_Log` with the number of records that it has lost; above 8 MB whole transactions are dropped.
/// A `Notice` with the numbers follows when the queue is empty again.
#[derive(Debug)]
pub struct Publisher<W: WordsMut + LogHeadMut = LogViewMut> {
    producer: Producer<W>,
    pending: Pending,
    layout: Layout,
}

impl<W: WordsMut + LogHeadMut> Publisher<W> {
    /// Puts a queue behind `producer`, whose ring holds records of `dialect`.
    pub fn new(producer: Producer<W>, dialect: Dialect) -> Publisher<W> {
        Publisher { producer, pending: Pending::new(dialect), layout: dialect.layout() }
    }

    /// Publishes whole records of one transaction, now or as soon as the ring takes them.
    ///
    /// What is larger than a batch may be is divided between records. A single record larger than that is
    /// dropped and counted.
    pub fn publish(&mut self, body: &[u8]) {
        self.sweep();
        let max_bytes = self.producer.max_body_bytes();
        let mut rest = body;
        while rest.len() > max_bytes {
            match self.first_part(rest, max_bytes) {
                Part::Fits(end) => {
                    self.publish_batch(&rest[..end]);
                    rest = &rest[end..];
                }
                Part::TooBig(end) => {
                    self.pending.oversized();
                    rest = &rest[end..];
                }
                Part::Broken => return self.pending.oversized(),
            }
        }
        self.publish_batch(rest);
    }

    /// Tries to publish what is waiting. Cheap when nothing is.
    pub fn sweep(&mut self) {
        while let Some(batch) = self.pending.front() {
            match self.producer.publish(batch) {
                Ok(()) => self.pending.pop(),
                Err(PublishError::Stalled) => return,
                // Only batches that fit get into the queue.
                Err(_) => self.pending.refuse_front(),
            }
        }
    }

    /// Numbers since this publisher was made.
    pub fn stats(&self) -> PendingStats {
        self.pending.stats()
    }

    /// Bytes that are waiting.
    pub fn pending_bytes(&self) -> usize {
        self.pending.bytes()
    }

    /// The largest batch that is published in one piece, in bytes.
    pub fn max_body_bytes(&self) -> usize {
        self.producer.max_body_bytes()
    }

    fn publish_batch(&mut self, batch: &[u8]) {
        if self.pending.is_cutting() && self.pending.cut(batch) {
            return;
        }
        if self.pending.front().is_none() {
            match self.producer.publish(batch) {
                Ok(()) => return self.producer.look_ahead(),
                Err(PublishError::Stalled) => {}
                Err(_) => return self.pending.oversized(),
            }
        }
        self.pending.push(batch);
    }

    /// As many records of `rest` as fit `max_bytes` together.
    fn first_part(&self, rest: &[u8], max_bytes: usize) -> Part {
        let mut records = Records::new(self.layout, rest);
        let mut end = 0;
        while let Some(Ok(_)) = records.next() {
            match records.position() {
                next if next <= max_bytes => end = next,
                next if end == 0 => return Part::TooBig(next),
                _ => break,
            }
        }
        if end == 0 { Part::Broken } else { Part::Fits(end) }
    }
}

/// The beginning of a body that is larger than a batch.
enum Part {
    /// Records up to this byte fit a batch.
    Fits(usize),
    /// The first record, up to this byte, does not.
    TooBig(usize),
    /// There is no record.
    Broken,
}

impl<W: WordsMut + LogHeadMut> Drop for Publisher<W> {
    /// Tries once more. What is still refused then is lost with the process.
    fn drop(&mut self) {
        self.sweep();
    }
}

#[cfg(all(test, not(any(shellac_model = "loom", shellac_model = "shuttle"))))]
mod tests;
