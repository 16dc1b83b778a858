//! The gauges that are exact at any moment: attempts under way, and open connections.

use std::ops::{Deref, DerefMut};

use shellac_counters::vsc::table::Vbe;
use shellac_counters::vsc::write::Published;
use shellac_upstream::InFlight;

/// An attempt that has chosen its backend, counted there from before it connects until this is dropped.
#[derive(Debug)]
pub(crate) struct Busy<'p> {
    in_flight: InFlight,
    published: &'p Published<Vbe>,
}

impl<'p> Busy<'p> {
    /// Counts one more.
    pub(crate) fn begin(in_flight: InFlight, published: &'p Published<Vbe>) -> Busy<'p> {
        published.add(in_flight.endpoint().index(), Vbe::Conn, 1);
        Busy { in_flight, published }
    }
}

impl Deref for Busy<'_> {
    type Target = InFlight;

    fn deref(&self) -> &InFlight {
        &self.in_flight
    }
}

impl DerefMut for Busy<'_> {
    fn deref_mut(&mut self) -> &mut InFlight {
        &mut self.in_flight
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.published.add(self.in_flight.endpoint().index(), Vbe::Conn, u64::MAX);
    }
}

/// A connection to a backend, counted there from before it is made until this is dropped: each one has a local port.
#[derive(Debug)]
pub(crate) struct Socket {
    backend: usize,
    published: Published<Vbe>,
}

impl Socket {
    /// Counts one more.
    pub(crate) fn begin(backend: usize, published: &Published<Vbe>) -> Socket {
        published.add(backend, Vbe::Sockets, 1);
        Socket { backend, published: published.clone() }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.published.add(self.backend, Vbe::Sockets, u64::MAX);
    }
}
