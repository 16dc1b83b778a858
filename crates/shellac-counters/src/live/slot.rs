//! One request's slot, as its thread writes it.

use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;

use shellac_sys::{CellViewMut, CellsMut};

use super::board::Seat;
use super::layout::{BACKEND_BYTES, Lengths, REQUEST_BYTES, slot};
use super::phase::Phase;
use crate::mutant::{self, Mutant};

/// Bytes that have gone each way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bytes {
    /// Read from the client: head and body, with framing.
    pub from_client: u64,
    /// Written to the client.
    pub to_client: u64,
    /// Written to the backend in the present attempt.
    pub to_backend: u64,
    /// Read from the backend in the present attempt.
    pub from_backend: u64,
}

impl Bytes {
    pub(super) fn cells(self) -> [u64; 4] {
        [self.from_client, self.to_client, self.to_backend, self.from_backend]
    }
}

/// What is known about a request when its head has been read.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// Number of its transaction.
    pub xid: u64,
    /// Its method; empty where the head was refused.
    pub method: &'a [u8],
    /// Its URL; as much of it as there is room for is shown.
    pub url: &'a [u8],
}

/// A request in flight. Dropping it gives the slot back, whatever the reason.
#[derive(Debug)]
pub struct Slot<C: CellsMut = CellViewMut> {
    place: Place<C>,
    sequence: u64,
    phase: Option<Phase>,
    attempt: u32,
    deadline: u64,
    lengths: Lengths,
}

#[derive(Debug)]
enum Place<C: CellsMut> {
    /// On a board: the slot's number and its first cell.
    Slot(Rc<Seat<C>>, usize, usize),
    /// The board was full.
    Hidden(Rc<Seat<C>>),
    /// There is no board.
    Nowhere,
}

impl<C: CellsMut> Slot<C> {
    /// A slot of no board: what is said to it goes nowhere.
    #[must_use]
    pub fn nowhere() -> Slot<C> {
        Slot::at(Place::Nowhere)
    }

    pub(super) fn hidden(seat: Rc<Seat<C>>) -> Slot<C> {
        Slot::at(Place::Hidden(seat))
    }

    /// Takes over a free slot. It stays free to readers until it is given a phase, so what is stored before that needs no
    /// sequence: whoever finds the phase finds a later one.
    pub(super) fn open(seat: Rc<Seat<C>>, index: usize, started: u64) -> Slot<C> {
        let first = seat.slot_at(index);
        // Whoever had it before has left an even number.
        let sequence = seat.cells().get(first + slot::SEQUENCE).unwrap_or_default();
        let mut taken = Slot::at(Place::Slot(seat, index, first));
        taken.sequence = sequence;
        // Not one that readers are to be told of: it is given up without its end.
        let edit = Edit { slot: &mut taken, ends: false };
        let mut cells = [0; slot::LENGTHS + 1 - slot::XID];
        cells[slot::STARTED - slot::XID] = started;
        cells[slot::SINCE - slot::XID] = started;
        edit.store_all(slot::XID, &cells);
        drop(edit);
        taken
    }

    fn at(place: Place<C>) -> Slot<C> {
        Slot {
            place,
            sequence: 0,
            phase: None,
            attempt: 0,
            deadline: 0,
            lengths: Lengths::default(),
        }
    }

    /// Whose session the request belongs to.
    pub fn session(&mut self, xid: u64, client: SocketAddr) {
        if self.phase.is_some() {
            self.edit().session(xid, client);
        } else {
            // As in `open`.
            Edit { slot: self, ends: false }.session(xid, client);
        }
    }

    /// Starts to change several things at once: readers see all of them or none. It ends when the result is dropped.
    pub fn edit(&mut self) -> Edit<'_, C> {
        if let Place::Slot(seat, _, first) = &self.place {
            self.sequence += 1;
            let cells = seat.cells();
            cells.store(first + slot::SEQUENCE, self.sequence);
            if !mutant::is(Mutant::NoFence) {
                // A reader that sees anything of what follows will find another sequence than before.
                cells.write_barrier();
            }
        }
        Edit { slot: self, ends: true }
    }

    /// The request waits for this now. When it did so before only the deadline moves.
    ///
    /// Times are in microseconds of `CLOCK_MONOTONIC`; `None`: the wait is not limited.
    pub fn waits(&mut self, phase: Phase, since: u64, deadline: Option<u64>) {
        if self.phase == Some(phase) {
            let deadline = deadline.unwrap_or_default();
            if deadline != self.deadline
                && let Place::Slot(seat, _, first) = &self.place
            {
                self.deadline = deadline;
                seat.cells().store(first + slot::DEADLINE, deadline);
            }
        } else {
            self.edit().waits(phase, since, deadline);
        }
    }

    /// Bytes that have gone each way by now.
    pub fn bytes(&mut self, bytes: Bytes) {
        if let Place::Slot(seat, _, first) = &self.place {
            seat.cells().store_all(first + slot::BYTES, &bytes.cells());
        }
    }

    fn phase_cell(&self) -> u64 {
        u64::from(self.phase.map_or(0, Phase::number)) | u64::from(self.attempt) << 32
    }
}

impl<C: CellsMut> Drop for Slot<C> {
    fn drop(&mut self) {
        self.phase = None;
        self.attempt = 0;
        if let Place::Slot(..) = self.place {
            let edit = self.edit();
            edit.store(slot::PHASE, 0);
        }
        match &self.place {
            Place::Slot(seat, index, _) => seat.release(*index),
            Place::Hidden(seat) => seat.release_hidden(),
            Place::Nowhere => {}
        }
    }
}

/// Several changes that readers see as one. Nothing in it waits or can fail.
#[derive(Debug)]
pub struct Edit<'s, C: CellsMut = CellViewMut> {
    slot: &'s mut Slot<C>,
    /// It has begun with an odd sequence, and ends with an even one.
    ends: bool,
}

impl<C: CellsMut> Edit<'_, C> {
    /// Whose session the request belongs to.
    pub fn session(self, xid: u64, client: SocketAddr) -> Self {
        self.store(slot::SESSION, xid);
        let (family, octets) = match client.ip().to_canonical() {
            IpAddr::V4(ip) => {
                let mut octets = [0; 16];
                octets[..4].copy_from_slice(&ip.octets());
                (4, octets)
            }
            IpAddr::V6(ip) => (6, ip.octets()),
        };
        self.slot.lengths.family = family;
        self.slot.lengths.port = client.port();
        let octets = octets.as_chunks::<8>().0;
        let [first, second] = [0, 1].map(|half| u64::from_ne_bytes(octets[half]));
        const { assert!(slot::CLIENT == slot::LENGTHS + 1) };
        self.store_all(slot::LENGTHS, &[self.slot.lengths.pack(), first, second]);
        self
    }

    /// What is asked for.
    pub fn request(self, request: &Request<'_>) -> Self {
        self.store(slot::XID, request.xid);
        let mut text = [0; REQUEST_BYTES];
        let mut len = 0;
        let blank: &[u8] = if request.method.is_empty() { b"" } else { b" " };
        for part in [request.method, blank, request.url] {
            let fits = part.len().min(REQUEST_BYTES - len);
            text[len..len + fits].copy_from_slice(&part[..fits]);
            len += fits;
        }
        // Whole cells: what is behind the text is zero.
        self.text(slot::REQUEST, &text[..len.next_multiple_of(8)]);
        self.slot.lengths.request = u8::try_from(len).unwrap_or(u8::MAX);
        self.slot.lengths.request_cut =
            request.method.len() + blank.len() + request.url.len() > REQUEST_BYTES;
        self.store(slot::LENGTHS, self.slot.lengths.pack());
        self
    }

    /// The attempt that is being made, from 1, its number in the log, and the backend, if one was found.
    pub fn attempt(self, number: u32, xid: u64, backend: Option<&str>) -> Self {
        let name = backend.unwrap_or_default().as_bytes();
        let shown = &name[..name.len().min(BACKEND_BYTES)];
        self.slot.attempt = number;
        self.store(slot::PHASE, self.slot.phase_cell());
        self.store(slot::ATTEMPT_XID, xid);
        // Bytes to and from the backend before.
        self.store(slot::BYTES + 2, 0);
        self.store(slot::BYTES + 3, 0);
        self.text(slot::BACKEND, shown);
        self.slot.lengths.backend = u8::try_from(shown.len()).unwrap_or(u8::MAX);
        self.slot.lengths.backend_cut = shown.len() < name.len();
        self.store(slot::LENGTHS, self.slot.lengths.pack());
        self
    }

    /// What it waits for, since when, and until when at most; see [`Slot::waits`].
    pub fn waits(self, phase: Phase, since: u64, deadline: Option<u64>) -> Self {
        let deadline = deadline.unwrap_or_default();
        self.slot.phase = Some(phase);
        self.slot.deadline = deadline;
        self.store(slot::PHASE, self.slot.phase_cell());
        self.store(slot::SINCE, since);
        self.store(slot::DEADLINE, deadline);
        self
    }

    #[inline]
    pub(super) fn store(&self, cell: usize, value: u64) {
        if let Place::Slot(seat, _, first) = &self.slot.place {
            seat.cells().store(first + cell, value);
        }
    }

    /// [`Edit::store`] of cells one behind the other.
    #[inline]
    fn store_all(&self, cell: usize, values: &[u64]) {
        if let Place::Slot(seat, _, first) = &self.slot.place {
            seat.cells().store_all(first + cell, values);
        }
    }

    /// Stores bytes from a cell on, the last cell filled up with zeroes.
    fn text(&self, cell: usize, bytes: &[u8]) {
        let Place::Slot(seat, _, first) = &self.slot.place else { return };
        let (cells, cell) = (seat.cells(), first + cell);
        let (whole, rest) = bytes.as_chunks::<8>();
        for (index, octets) in whole.iter().enumerate() {
            cells.store(cell + index, u64::from_ne_bytes(*octets));
        }
        if !rest.is_empty() {
            let mut octets = [0; 8];
            octets[..rest.len()].copy_from_slice(rest);
            cells.store(cell + whole.len(), u64::from_ne_bytes(octets));
        }
    }
}

impl<C: CellsMut> Drop for Edit<'_, C> {
    fn drop(&mut self) {
        if self.ends
            && let Place::Slot(seat, _, first) = &self.slot.place
        {
            self.slot.sequence += 1;
            let (at, sequence) = (first + slot::SEQUENCE, self.slot.sequence);
            if mutant::is(Mutant::RelaxedEnd) {
                seat.cells().store(at, sequence);
            } else {
                // A reader that finds this number finds everything that was stored before it.
                seat.cells().store_release(at, sequence);
            }
        }
    }
}
