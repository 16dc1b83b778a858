//! One backend as all workers share it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// One backend: who it is, and what is going on there.
#[derive(Debug)]
pub struct Endpoint {
    index: usize,
    name: String,
    address: SocketAddr,
    address_text: String,
    in_flight: AtomicU64,
    attempts: AtomicU64,
    failures: AtomicU64,
}

impl Endpoint {
    /// An endpoint without traffic; `index` is what [`Picker::pick`](crate::Picker::pick) excludes it by and has to be unique in a pool.
    #[must_use]
    pub fn new(index: usize, name: impl Into<String>, address: SocketAddr) -> Self {
        Self {
            index,
            name: name.into(),
            address,
            address_text: address.to_string(),
            in_flight: AtomicU64::new(0),
            attempts: AtomicU64::new(0),
            failures: AtomicU64::new(0),
        }
    }

    /// Position in the configuration.
    #[must_use]
    pub fn index(&self) -> usize {
        self.index
    }

    /// Name in the configuration and the log.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it listens, as text: `IP:PORT`.
    #[must_use]
    pub fn address_text(&self) -> &str {
        &self.address_text
    }

    /// Counts an attempt at this endpoint; it is in flight until the answer is dropped.
    #[must_use]
    pub fn begin(self: &Arc<Self>) -> InFlight {
        self.attempts.fetch_add(1, Ordering::Relaxed);
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        InFlight { endpoint: Arc::clone(self) }
    }

    /// Counts an attempt that failed.
    pub fn failed(&self) {
        self.failures.fetch_add(1, Ordering::Relaxed);
    }

    /// Attempts that are running now, over all workers.
    #[must_use]
    pub fn in_flight(&self) -> u64 {
        self.in_flight.load(Ordering::Relaxed)
    }

    /// Attempts since the start, running ones included.
    #[must_use]
    pub fn attempts(&self) -> u64 {
        self.attempts.load(Ordering::Relaxed)
    }

    /// Failed attempts since the start.
    #[must_use]
    pub fn failures(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
    }
}

/// An attempt that is running.
#[derive(Debug)]
pub struct InFlight {
    endpoint: Arc<Endpoint>,
}

impl InFlight {
    /// Where it runs.
    #[must_use]
    pub fn endpoint(&self) -> &Arc<Endpoint> {
        &self.endpoint
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.endpoint.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}
