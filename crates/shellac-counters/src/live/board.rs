//! Making a scoreboard, and the part of it that one thread writes.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use shellac_sys::{CellViewMut, CellsMut};

use super::layout::{LINE, MAGIC, SLOT_BYTES, VERSION, board_cells, head, seat, seat_at};
use super::slot::Slot;

/// Why no board can be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BoardError {
    /// The memory is too small.
    #[error("a board of {seats} seats with {slots} slots each does not fit {have_cells} cells")]
    TooSmall {
        /// Seats that were asked for.
        seats: usize,
        /// Slots that were asked for, per seat.
        slots: usize,
        /// Cells that there are.
        have_cells: usize,
    },
}

/// What a board is to be.
#[derive(Clone, Copy, Debug)]
pub struct BoardOptions {
    /// Threads that will write to it.
    pub seats: usize,
    /// Requests that each of them can show at a time.
    pub slots: usize,
    /// The process that they are in.
    pub pid: u32,
    /// Now, in microseconds since 1970.
    pub now_unix: u64,
    /// Now, in microseconds of `CLOCK_MONOTONIC`: what all times on the board are in.
    pub now: u64,
}

/// The way to make a board.
#[derive(Clone, Copy, Debug)]
pub struct Board;

impl Board {
    /// Bytes of shared memory for a board.
    #[must_use]
    pub fn bytes(seats: usize, slots: usize) -> u64 {
        let lines = (slots as u64).saturating_add(1).saturating_mul(seats as u64).saturating_add(1);
        lines.saturating_mul(SLOT_BYTES as u64)
    }

    /// Makes an empty board of cells that are all zero, and lets readers in.
    ///
    /// # Errors
    ///
    /// [`BoardError::TooSmall`]; nothing was written then.
    pub fn create<C: CellsMut>(
        cells: C,
        options: &BoardOptions,
    ) -> Result<Vec<Seat<C>>, BoardError> {
        let BoardOptions { seats, slots, pid, now_unix, now } = *options;
        let have_cells = cells.len_cells();
        let too_small = BoardError::TooSmall { seats, slots, have_cells };
        // A slot's number is kept in 32 bits.
        u32::try_from(slots).map_err(|_| too_small)?;
        board_cells(seats as u64, slots as u64)
            .filter(|&need| need <= have_cells)
            .ok_or(too_small)?;
        cells.store(head::VERSION, VERSION);
        cells.store(head::SLOT_BYTES, SLOT_BYTES as u64);
        cells.store(head::SLOTS, slots as u64);
        cells.store(head::SEATS, seats as u64);
        cells.store(head::PID, u64::from(pid));
        cells.store(head::STARTED_UNIX, now_unix);
        cells.store(head::STARTED, now);
        for index in 0..seats {
            cells.store(seat_at(index, slots) + seat::SWEPT, now);
        }
        // Readers look at nothing else before they have found it.
        cells.store_release(head::MAGIC, u64::from_ne_bytes(MAGIC));
        let cells = Arc::new(cells);
        let seat = |index| Seat {
            cells: Arc::clone(&cells),
            line: seat_at(index, slots),
            slots,
            free: RefCell::new(Vec::with_capacity(slots)),
            reached: Cell::new(0),
            hidden: Cell::new(0),
            hidden_total: Cell::new(0),
        };
        Ok((0..seats).map(seat).collect())
    }
}

/// The lines of a board that one thread writes. It can be moved to a thread, and not be shared between two.
#[derive(Debug)]
pub struct Seat<C: CellsMut = CellViewMut> {
    cells: Arc<C>,
    /// The cell where its lines begin.
    line: usize,
    slots: usize,
    /// Slots that were used and are free again, the last one on top; as long as it can become from the start.
    free: RefCell<Vec<usize>>,
    /// Slots that were ever used.
    reached: Cell<usize>,
    hidden: Cell<u64>,
    hidden_total: Cell<u64>,
}

impl<C: CellsMut> Seat<C> {
    /// Takes a slot for a request that began at `started`. Costs the same whatever the board holds.
    ///
    /// When all are taken the request is counted as not shown, and everything that is said about it goes nowhere.
    pub fn claim(self: &Rc<Self>, started: u64) -> Slot<C> {
        match self.take() {
            Some(index) => Slot::open(Rc::clone(self), index, started),
            None => {
                self.hidden.set(self.hidden.get() + 1);
                self.hidden_total.set(self.hidden_total.get() + 1);
                self.cells.store(self.line + seat::HIDDEN, self.hidden.get());
                self.cells.store(self.line + seat::HIDDEN_TOTAL, self.hidden_total.get());
                Slot::hidden(Rc::clone(self))
            }
        }
    }

    /// Says that the thread is well. Called by its sweep.
    pub fn sweep(&self, now: u64) {
        self.cells.store(self.line + seat::SWEPT, now);
    }

    /// Requests that it had no slot for, since it was made.
    #[must_use]
    pub fn unshown(&self) -> u64 {
        self.hidden_total.get()
    }

    /// What it writes to.
    pub(super) fn cells(&self) -> &C {
        &self.cells
    }

    /// The first cell of a slot.
    pub(super) fn slot_at(&self, index: usize) -> usize {
        self.line + (index + 1) * LINE
    }

    pub(super) fn release(&self, index: usize) {
        // There is room for all of them.
        self.free.borrow_mut().push(index);
    }

    pub(super) fn release_hidden(&self) {
        self.hidden.set(self.hidden.get() - 1);
        self.cells.store(self.line + seat::HIDDEN, self.hidden.get());
    }

    fn take(&self) -> Option<usize> {
        if let Some(index) = self.free.borrow_mut().pop() {
            return Some(index);
        }
        let index = self.reached.get();
        if index == self.slots {
            return None;
        }
        self.reached.set(index + 1);
        self.cells.store(self.line + seat::REACHED, index as u64 + 1);
        Some(index)
    }
}
