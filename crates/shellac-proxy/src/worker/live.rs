//! What is shown of a request while it runs: its slot on the scoreboard, and its place on the thread's own list.
//!
//! It is brought up to date at the places where a request is about to wait, and nowhere else: what happens between two
//! waits is over before anybody could read it.

use std::net::SocketAddr;
use std::sync::Arc;

use shellac_counters::live::{Bytes, Phase, Request, Slot};
use shellac_format::Vxid;

use super::Worker;
use super::running::{Entry, Place};
use crate::clock::Micros;

/// A request in flight. Dropping it takes it off the board.
#[derive(Debug)]
pub(crate) struct Live {
    slot: Slot,
    entry: Entry,
    /// Where the worker's scale begins on the board's.
    origin: u64,
}

impl Live {
    /// Takes a slot for a request whose first byte came at `first_byte`, on the session of `session` and `client`.
    pub(crate) fn claim(
        worker: &Worker,
        first_byte: Micros,
        session: Vxid,
        client: SocketAddr,
    ) -> Live {
        let origin = worker.log.monotonic_origin();
        let mut slot = match &worker.seat {
            Some(seat) => seat.claim(origin.saturating_add(first_byte.0)),
            None => Slot::nowhere(),
        };
        slot.session(session.0, client);
        let entry = worker.running.enter(first_byte, client);
        Live { slot, entry, origin }
    }

    /// Its head is complete, or refused as what has no method.
    pub(crate) fn request(&mut self, xid: Vxid, method: &str, url: &str, at: Micros) {
        self.entry.edit(|open| {
            open.xid = xid.0;
            (open.phase, open.since) = (Some(Phase::Pick), at);
            open.asks(method, url);
        });
        let at = self.on_board(at);
        let request = Request { xid: xid.0, method: method.as_bytes(), url: url.as_bytes() };
        self.slot.edit().request(&request).waits(Phase::Pick, at, None);
    }

    /// An attempt begins.
    pub(crate) fn attempt(
        &mut self,
        number: u32,
        xid: Vxid,
        backend: Option<(&str, Place)>,
        at: Micros,
    ) {
        self.entry.edit(|open| {
            open.attempt_xid = xid.0;
            open.place = backend.map(|(_, place)| place);
            (open.phase, open.since) = (Some(Phase::Pick), at);
        });
        let backend = backend.map(|(name, _)| name);
        let at = self.on_board(at);
        self.slot.edit().attempt(number, xid.0, backend).waits(Phase::Pick, at, None);
    }

    /// The backend has nothing to do with it any more.
    pub(crate) fn leaves_backend(&self) {
        self.entry.edit(|open| open.place = None);
    }

    /// Whether somebody wants it to end.
    pub(crate) fn is_killed(&self) -> bool {
        self.entry.is_killed()
    }

    /// Why it is to end.
    pub(crate) fn kill_reason(&self) -> Option<Arc<str>> {
        self.entry.reason()
    }

    /// It waits from `since`, unless it waited for the same before, until `until` at most.
    pub(crate) fn waits(&mut self, phase: Phase, since: Micros, until: Micros) {
        self.entry.edit(|open| {
            if open.phase != Some(phase) {
                (open.phase, open.since) = (Some(phase), since);
            }
        });
        let (since, until) = (self.on_board(since), self.on_board(until));
        self.slot.waits(phase, since, Some(until));
    }

    /// Bytes that have gone each way by now.
    pub(crate) fn bytes(&mut self, bytes: Bytes) {
        self.slot.bytes(bytes);
    }

    fn on_board(&self, at: Micros) -> u64 {
        self.origin.saturating_add(at.0)
    }
}
