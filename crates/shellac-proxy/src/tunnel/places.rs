//! How many tunnels there may be at a time, over all threads.

use std::sync::Arc;

/// Gives places away. Clones are the same ones.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tunnels(Arc<Room>);

/// Counts by how many share what is in it.
#[derive(Debug, Default)]
struct Room {
    shared: Arc<()>,
}

/// A place for one tunnel, as long as it is there.
#[derive(Debug)]
pub(crate) struct TunnelPlace(Arc<()>);

impl Tunnels {
    /// One more place, of `most` at a time; 0 is no limit.
    pub(crate) fn take(&self, most: usize) -> Option<TunnelPlace> {
        let place = TunnelPlace(Arc::clone(&self.0.shared));
        // Taken first and counted afterwards: two at once may both be refused, and never both be let in.
        let taken = Arc::strong_count(&place.0) - 1;
        (most == 0 || taken <= most).then_some(place)
    }
}

#[cfg(test)]
mod tests;
