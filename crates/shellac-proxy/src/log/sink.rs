//! Where finished batches go.

use shellac_ring::{PendingStats, Publisher};

/// Takes batches of whole records of one transaction.
///
/// A sink never blocks and never loses the order of the batches it is given; what it cannot place it keeps or counts.
pub trait LogSink: Send {
    /// Takes one batch: whole records, without a batch header.
    fn publish(&mut self, batch: &[u8]);
    /// Tries again what could not be placed. Called about ten times a second.
    fn sweep(&mut self);
    /// What has become of that.
    fn pending(&self) -> PendingStats {
        PendingStats::default()
    }
}

impl LogSink for Publisher {
    fn publish(&mut self, batch: &[u8]) {
        Publisher::publish(self, batch);
    }

    fn sweep(&mut self) {
        Publisher::sweep(self);
    }

    fn pending(&self) -> PendingStats {
        self.stats()
    }
}
