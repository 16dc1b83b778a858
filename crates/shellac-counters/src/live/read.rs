//! A scoreboard as another process reads it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;

use shellac_sys::{CellView, Cells, CellsError, MappedFile};
use shellac_vsm::{Attachment, Segment, VsmError, map_retired};

use super::layout::{
    BACKEND_BYTES, CLASS, IDENT, LINE, Lengths, MAGIC, REQUEST_BYTES, SLOT_BYTES, VERSION,
    board_cells, head, seat, seat_at, slot,
};
use super::phase::Phase;
use super::slot::Bytes;

/// A slot that is being written every time it is looked at is given up after so many looks.
const LOOKS: usize = 64;

/// Why there is no board to read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LiveError {
    /// The segment could not be mapped.
    #[error(transparent)]
    Vsm(#[from] VsmError),
    /// Its place in memory is impossible.
    #[error(transparent)]
    Cells(#[from] CellsError),
    /// Not even a head fits.
    #[error("{len_cells} cells are too few for a scoreboard")]
    TooShort {
        /// Cells that there are.
        len_cells: usize,
    },
    /// Whoever makes it is not done.
    #[error("the scoreboard is not initialised yet: its magic is zero")]
    NoMagic,
    /// It is something else.
    #[error("not a scoreboard: it begins with {found:02x?}")]
    Magic {
        /// Its first bytes.
        found: [u8; 8],
    },
    /// It is laid out as a later version does it.
    #[error(
        "a scoreboard of version {version} with slots of {slot_bytes} bytes; this program reads version 1 with slots of 256: use the program that comes with the proxy"
    )]
    Version {
        /// Its version.
        version: u64,
        /// Bytes of its slots.
        slot_bytes: u64,
    },
    /// Its head promises more than there is.
    #[error(
        "the scoreboard promises {seats} seats of {slots} slots, which {len_cells} cells do not hold"
    )]
    Size {
        /// Seats promised.
        seats: u64,
        /// Slots promised, per seat.
        slots: u64,
        /// Cells that there are.
        len_cells: usize,
    },
}

/// What the head of a board says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LiveHead {
    /// Seats, one per thread that serves.
    pub seats: usize,
    /// Slots per seat.
    pub slots: usize,
    /// The worker's process.
    pub pid: u64,
    /// When it was made, in microseconds since 1970.
    pub started_unix: u64,
    /// When it was made, in microseconds of `CLOCK_MONOTONIC`.
    pub started: u64,
}

/// A request in flight. Times are in microseconds of `CLOCK_MONOTONIC`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InFlight {
    /// The thread that serves it, from 0.
    pub seat: usize,
    /// What it waits for.
    pub phase: Phase,
    /// Number of its transaction; `None` while its head is being read.
    pub xid: Option<u64>,
    /// Number of its session.
    pub session: u64,
    /// Number of the present attempt's transaction.
    pub attempt_xid: Option<u64>,
    /// Which attempt it is, from 1; 0 before the first.
    pub attempt: u32,
    /// When it began.
    pub started: u64,
    /// When it began to wait for this.
    pub since: u64,
    /// When the wait is given up.
    pub deadline: Option<u64>,
    /// Who asks.
    pub client: Option<SocketAddr>,
    /// The backend; empty without one.
    pub backend: Vec<u8>,
    /// The backend's name is longer than that.
    pub backend_cut: bool,
    /// Method, blank, URL; empty while the head is being read.
    pub request: Vec<u8>,
    /// The URL is longer than that.
    pub request_cut: bool,
    /// Bytes that have gone each way.
    pub bytes: Bytes,
}

/// How the thread of a seat is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeatState {
    /// When it last said that it is well.
    pub swept: u64,
    /// Requests in flight for which it has no slot.
    pub hidden: u64,
    /// The same since the start.
    pub hidden_total: u64,
}

/// Everything on a board. Each request is whole; two of them may have been read a moment apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// What is in flight, by seat.
    pub requests: Vec<InFlight>,
    /// How the threads are, by number.
    pub seats: Vec<SeatState>,
    /// Slots that were being written every time they were looked at.
    pub busy: usize,
    /// Slots that hold what no writer of this version writes.
    pub broken: usize,
}

impl Snapshot {
    /// Requests in flight that the board had no room for.
    #[must_use]
    pub fn hidden(&self) -> u64 {
        self.seats.iter().fold(0, |sum, seat| sum.saturating_add(seat.hidden))
    }
}

/// What a slot holds.
#[derive(Debug, PartialEq, Eq)]
enum Found {
    Free,
    Busy,
    Broken,
    Request(Box<InFlight>),
}

/// A board that somebody else writes.
#[derive(Debug)]
pub struct LiveView<C: Cells = CellView> {
    cells: C,
    head: LiveHead,
}

impl LiveView {
    /// The board's segment, if the worker publishes one.
    #[must_use]
    pub fn find(attachment: &Attachment) -> Option<&Segment> {
        attachment.find(CLASS, IDENT)
    }

    /// Opens the board of an instance; `None` when its worker publishes none.
    ///
    /// # Errors
    ///
    /// [`LiveError`]. A segment that was removed meanwhile is [`VsmError::is_gone`]: refresh, and try again.
    pub fn of(attachment: &Attachment) -> Result<Option<LiveView>, LiveError> {
        match LiveView::find(attachment) {
            Some(segment) => Ok(Some(LiveView::open(attachment.map(segment)?)?)),
            None => Ok(None),
        }
    }

    /// The board of a worker whose place another one has taken, and whose set lies in `dir` now; `None` when it publishes none.
    ///
    /// # Errors
    ///
    /// [`LiveError`]; without an index in `dir` the worker has ended.
    pub fn of_retired(dir: &Path) -> Result<Option<LiveView>, LiveError> {
        map_retired(dir, CLASS, IDENT)?.map(LiveView::open).transpose()
    }

    /// Looks at a mapping as a board.
    ///
    /// # Errors
    ///
    /// As [`LiveView::new`], and [`LiveError::Cells`].
    pub fn open(file: MappedFile) -> Result<LiveView, LiveError> {
        LiveView::new(CellView::open(file)?)
    }
}

impl<C: Cells> LiveView<C> {
    /// Looks at cells as a board: magic, version and sizes are checked here, once.
    ///
    /// # Errors
    ///
    /// [`LiveError::NoMagic`] while it is being made: try again later. The other variants say why it is none.
    pub fn new(cells: C) -> Result<LiveView<C>, LiveError> {
        let len_cells = cells.len_cells();
        if len_cells < LINE {
            return Err(LiveError::TooShort { len_cells });
        }
        let get = |cell| cells.get(cell).unwrap_or_default();
        let found = get(head::MAGIC).to_ne_bytes();
        // What follows is read after the magic, which was stored last.
        cells.read_barrier();
        match found {
            MAGIC => {}
            [0, 0, 0, 0, 0, 0, 0, 0] => return Err(LiveError::NoMagic),
            _ => return Err(LiveError::Magic { found }),
        }
        let (version, slot_bytes) = (get(head::VERSION), get(head::SLOT_BYTES));
        if (version, slot_bytes) != (VERSION, SLOT_BYTES as u64) {
            return Err(LiveError::Version { version, slot_bytes });
        }
        let (seats, slots) = (get(head::SEATS), get(head::SLOTS));
        let wrong = LiveError::Size { seats, slots, len_cells };
        // What fits these cells fits an index, too.
        let fits = board_cells(seats, slots).is_some_and(|need| need <= len_cells);
        let (Ok(seats), Ok(slots), true) = (usize::try_from(seats), usize::try_from(slots), fits)
        else {
            return Err(wrong);
        };
        let head = LiveHead {
            seats,
            slots,
            pid: get(head::PID),
            started_unix: get(head::STARTED_UNIX),
            started: get(head::STARTED),
        };
        Ok(LiveView { cells, head })
    }

    /// What its head says.
    #[must_use]
    pub fn head(&self) -> LiveHead {
        self.head
    }

    /// Copies everything out.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let mut snapshot = Snapshot::default();
        for index in 0..self.head.seats {
            let line = seat_at(index, self.head.slots);
            let get = |cell| self.cells.get(line + cell).unwrap_or_default();
            snapshot.seats.push(SeatState {
                swept: get(seat::SWEPT),
                hidden: get(seat::HIDDEN),
                hidden_total: get(seat::HIDDEN_TOTAL),
            });
            let reached = usize::try_from(get(seat::REACHED)).unwrap_or(usize::MAX);
            for slot in 0..reached.min(self.head.slots) {
                match read_slot(&self.cells, line + (slot + 1) * LINE) {
                    Found::Free => {}
                    Found::Busy => snapshot.busy += 1,
                    Found::Broken => snapshot.broken += 1,
                    Found::Request(mut request) => {
                        request.seat = index;
                        snapshot.requests.push(*request);
                    }
                }
            }
        }
        snapshot
    }
}

/// Copies the slot at cell `first`, whole or not at all.
fn read_slot<C: Cells>(cells: &C, first: usize) -> Found {
    let mut copy = [0; LINE];
    for _ in 0..LOOKS {
        let get = |cell| cells.get(first + cell).unwrap_or_default();
        let sequence = get(slot::SEQUENCE);
        // What is read from here on was stored before this number, or later.
        cells.read_barrier();
        if sequence % 2 == 1 {
            std::hint::spin_loop();
            continue;
        }
        if number_of(get(slot::PHASE)) == 0 {
            // One cell is whole by itself.
            return Found::Free;
        }
        for (cell, to) in copy.iter_mut().enumerate().skip(1) {
            *to = get(cell);
        }
        // The second look at the number comes after everything else.
        cells.read_barrier();
        if get(slot::SEQUENCE) == sequence {
            return judge(&copy);
        }
    }
    Found::Busy
}

/// The phase's number in its cell.
fn number_of(cell: u64) -> u8 {
    cell.to_le_bytes()[0]
}

/// Whether a copy is what a writer writes.
fn judge(copy: &[u64; LINE]) -> Found {
    let number = number_of(copy[slot::PHASE]);
    if number == 0 {
        return Found::Free;
    }
    let Some(phase) = Phase::of_number(number) else { return Found::Broken };
    let lengths = Lengths::unpack(copy[slot::LENGTHS]);
    let octets: [u8; 16] = bytes_of(&copy[slot::CLIENT..slot::BACKEND]);
    let address = match lengths.family {
        0 => None,
        4 => Some(IpAddr::V4(Ipv4Addr::new(octets[0], octets[1], octets[2], octets[3]))),
        6 => Some(IpAddr::V6(Ipv6Addr::from(octets))),
        _ => return Found::Broken,
    };
    let backend: [u8; BACKEND_BYTES] = bytes_of(&copy[slot::BACKEND..slot::REQUEST]);
    let request: [u8; REQUEST_BYTES] = bytes_of(&copy[slot::REQUEST..]);
    let (Some(backend), Some(request)) =
        (backend.get(..lengths.backend.into()), request.get(..lengths.request.into()))
    else {
        return Found::Broken;
    };
    let some = |cell: u64| (cell != 0).then_some(cell);
    Found::Request(Box::new(InFlight {
        seat: 0,
        phase,
        xid: some(copy[slot::XID]),
        session: copy[slot::SESSION],
        attempt_xid: some(copy[slot::ATTEMPT_XID]),
        attempt: u32::try_from(copy[slot::PHASE] >> 32).unwrap_or_default(),
        started: copy[slot::STARTED],
        since: copy[slot::SINCE],
        deadline: some(copy[slot::DEADLINE]),
        client: address.map(|address| SocketAddr::new(address, lengths.port)),
        backend: backend.to_vec(),
        backend_cut: lengths.backend_cut,
        request: request.to_vec(),
        request_cut: lengths.request_cut,
        bytes: Bytes {
            from_client: copy[slot::BYTES],
            to_client: copy[slot::BYTES + 1],
            to_backend: copy[slot::BYTES + 2],
            from_backend: copy[slot::BYTES + 3],
        },
    }))
}

/// The bytes of cells that hold text.
fn bytes_of<const LEN: usize>(cells: &[u64]) -> [u8; LEN] {
    let mut bytes = [0; LEN];
    for (to, cell) in bytes.chunks_mut(8).zip(cells) {
        to.copy_from_slice(&cell.to_ne_bytes()[..to.len()]);
    }
    bytes
}
