//! What was seen so far, as far back as memory allows.

use std::collections::VecDeque;
use std::sync::Arc;

use super::snapshot::Snapshot;

/// Most moments that are kept: an hour of seconds.
const MOMENTS_MOST: usize = 3600;
/// Most bytes that they may take together.
const BYTES_MOST: usize = 64 << 20;
/// Bytes of a request in flight, with its texts.
const IN_FLIGHT_BYTES: usize = 512;

/// Snapshots, oldest first. Each has a number that it keeps when older ones go.
#[derive(Debug, Default)]
pub(crate) struct History {
    kept: VecDeque<Arc<Snapshot>>,
    /// Number of the oldest.
    first: u64,
    /// What all of them take; what two share counts once.
    bytes: usize,
}

impl History {
    /// Adds the latest; the oldest go when there is no room.
    pub(crate) fn push(&mut self, snapshot: Arc<Snapshot>) {
        self.bytes += match self.kept.back() {
            Some(before) => bytes_apart(&snapshot, before),
            None => bytes_apart(&snapshot, &Snapshot::default()),
        };
        self.kept.push_back(snapshot);
        while self.kept.len() > 1 && (self.kept.len() > MOMENTS_MOST || self.bytes > BYTES_MOST) {
            let Some(gone) = self.kept.pop_front() else { break };
            self.first += 1;
            let freed = self.kept.front().map_or(self.bytes, |next| bytes_apart(&gone, next));
            self.bytes = self.bytes.saturating_sub(freed);
        }
    }

    /// Number of the latest; `None` while there is none.
    pub(crate) fn latest(&self) -> Option<u64> {
        let len = u64::try_from(self.kept.len()).unwrap_or(u64::MAX);
        len.checked_sub(1).map(|last| self.first + last)
    }

    /// The snapshot with a number, or the nearest that is still there.
    pub(crate) fn nearest(&self, number: u64) -> Option<(u64, &Arc<Snapshot>)> {
        let number = number.clamp(self.first, self.latest()?);
        let at = usize::try_from(number - self.first).ok()?;
        Some((number, self.kept.get(at)?))
    }

    /// The snapshots up to the one with that number, the latest of these first.
    pub(crate) fn back_from(&self, number: u64) -> impl Iterator<Item = &Snapshot> {
        let len = number.saturating_sub(self.first).saturating_add(1);
        let len = usize::try_from(len).unwrap_or(usize::MAX).min(self.kept.len());
        self.kept.range(..len).rev().map(|snapshot| &**snapshot)
    }
}

/// Bytes of a snapshot that another one does not share.
fn bytes_apart(snapshot: &Snapshot, other: &Snapshot) -> usize {
    let live = snapshot.live.as_ref().map_or(0, |live| live.requests.len() * IN_FLIGHT_BYTES);
    let events = snapshot.events.iter().map(|event| event.text.len() + size_of_val(event));
    let events = if Arc::ptr_eq(&snapshot.events, &other.events) { 0 } else { events.sum() };
    let same_traffic = Arc::ptr_eq(&snapshot.traffic, &other.traffic);
    let traffic = if same_traffic { 0 } else { snapshot.traffic.bytes_apart_from(&other.traffic) };
    let counters = snapshot.counters.bytes_apart_from(&other.counters);
    size_of::<Snapshot>() + counters + live + traffic + events
}

#[cfg(test)]
mod tests;
