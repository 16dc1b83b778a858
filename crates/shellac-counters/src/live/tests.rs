use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use proptest::prelude::*;
use shellac_sys::{ArrayCells, Cells, CellsMut};
use shellac_vsm::{AttachOptions, Attachment, ChildSet, MgtSet, PublishOptions};

use super::layout::{LINE, head, slot};
use super::*;

/// Cells that writer and reader share.
#[derive(Clone, Debug)]
struct Shared(Arc<ArrayCells>);

impl Cells for Shared {
    fn len_cells(&self) -> usize {
        self.0.len_cells()
    }
    fn get(&self, index: usize) -> Option<u64> {
        self.0.get(index)
    }
    fn read_barrier(&self) {
        self.0.read_barrier();
    }
}

impl CellsMut for Shared {
    fn store(&self, index: usize, value: u64) {
        self.0.store(index, value);
    }
    fn store_release(&self, index: usize, value: u64) {
        self.0.store_release(index, value);
    }
    fn write_barrier(&self) {
        self.0.write_barrier();
    }
}

fn options(seats: usize, slots: usize) -> BoardOptions {
    BoardOptions { seats, slots, pid: 77, now_unix: 1_700_000_000_000_000, now: 5_000_000 }
}

fn board(seats: usize, slots: usize) -> (Shared, LiveView<Shared>, Vec<Rc<Seat<Shared>>>) {
    let len = usize::try_from(Board::bytes(seats, slots)).unwrap() / 8;
    let cells = Shared(Arc::new(ArrayCells::new(vec![0; len])));
    let made = Board::create(cells.clone(), &options(seats, slots)).unwrap();
    let view = LiveView::new(cells.clone()).unwrap();
    (cells, view, made.into_iter().map(Rc::new).collect())
}

fn client() -> SocketAddr {
    "192.0.2.7:4711".parse().unwrap()
}

fn request(xid: u64, url: &[u8]) -> Request<'_> {
    Request { xid, method: b"GET", url }
}

#[test]
fn a_request_is_shown_from_its_first_phase_until_it_is_dropped() {
    let (_, view, seats) = board(2, 4);
    let mut slot = seats[1].claim(100);
    slot.session(1, client());
    assert_eq!(view.snapshot().requests, [], "it has no phase yet");
    slot.edit().waits(Phase::ReadHead, 101, Some(900));
    let expected = InFlight {
        seat: 1,
        phase: Phase::ReadHead,
        xid: None,
        session: 1,
        attempt_xid: None,
        attempt: 0,
        started: 100,
        since: 101,
        deadline: Some(900),
        client: Some(client()),
        backend: Vec::new(),
        backend_cut: false,
        request: Vec::new(),
        request_cut: false,
        bytes: Bytes::default(),
    };
    assert_eq!(view.snapshot().requests, std::slice::from_ref(&expected));

    slot.edit().request(&request(2, b"/a?b")).attempt(3, 4, Some("b0")).waits(
        Phase::Connect,
        200,
        None,
    );
    let bytes = Bytes { from_client: 1, to_client: 2, to_backend: 3, from_backend: u64::MAX };
    slot.bytes(bytes);
    let expected = InFlight {
        phase: Phase::Connect,
        xid: Some(2),
        attempt_xid: Some(4),
        attempt: 3,
        since: 200,
        deadline: None,
        backend: b"b0".to_vec(),
        request: b"GET /a?b".to_vec(),
        bytes,
        ..expected
    };
    assert_eq!(view.snapshot().requests, std::slice::from_ref(&expected));

    // As after a preamble of another connection in front.
    let other = SocketAddr::new("2001:db8::7".parse().unwrap(), 99);
    slot.session(5, other);
    let moved = InFlight { session: 5, client: Some(other), ..expected };
    assert_eq!(view.snapshot().requests, std::slice::from_ref(&moved));
    slot.session(1, client());
    let expected = InFlight { session: 1, client: Some(client()), ..moved };
    assert_eq!(view.snapshot().requests, std::slice::from_ref(&expected));

    // The same wait goes on: since when stays, until when does not.
    slot.waits(Phase::Connect, 300, Some(400));
    let expected = InFlight { deadline: Some(400), ..expected };
    assert_eq!(view.snapshot().requests, [expected]);
    drop(slot);
    assert_eq!(view.snapshot().requests, []);
}

#[test]
fn a_slot_that_is_taken_over_has_nothing_of_the_one_before() {
    let (_, view, seats) = board(1, 1);
    let mut slot = seats[0].claim(1);
    slot.edit()
        .session(9, "[2001:db8::1]:80".parse().unwrap())
        .request(&request(5, b"/secret"))
        .attempt(7, 6, Some("backend"))
        .waits(Phase::Body, 1, Some(2));
    slot.bytes(Bytes { from_client: 5, to_client: 5, to_backend: 5, from_backend: 5 });
    assert_eq!(
        view.snapshot().requests[0].client.unwrap(),
        "[2001:db8::1]:80".parse::<SocketAddr>().unwrap()
    );
    drop(slot);
    let mut slot = seats[0].claim(10);
    slot.waits(Phase::ReadHead, 11, None);
    let found = view.snapshot().requests.remove(0);
    assert_eq!((found.xid, found.session, found.attempt_xid, found.attempt), (None, 0, None, 0));
    assert_eq!((found.client, found.deadline, found.bytes), (None, None, Bytes::default()));
    assert_eq!((found.backend.len(), found.request.len()), (0, 0));
    assert_eq!((found.started, found.since), (10, 11));
}

#[test]
fn long_names_are_cut_and_said_to_be() {
    let (_, view, seats) = board(1, 1);
    let mut slot = seats[0].claim(1);
    let exact = vec![b'x'; layout::REQUEST_BYTES - 4];
    slot.edit().request(&request(1, &exact)).attempt(1, 2, Some(&"b".repeat(32))).waits(
        Phase::Send,
        1,
        None,
    );
    let found = view.snapshot().requests.remove(0);
    assert_eq!((found.request.len(), found.request_cut), (104, false));
    assert_eq!((found.backend.len(), found.backend_cut), (32, false));
    let longer = vec![b'y'; 5000];
    slot.edit().request(&request(1, &longer)).attempt(2, 3, Some(&"c".repeat(33)));
    let found = view.snapshot().requests.remove(0);
    assert_eq!((found.request.len(), found.request_cut), (104, true));
    assert_eq!(found.request, [b"GET ", &longer[..100]].concat());
    assert_eq!((found.backend, found.backend_cut), (vec![b'c'; 32], true));
}

#[test]
fn requests_beyond_the_board_are_counted_and_their_slots_harmless() {
    let (_, view, seats) = board(1, 2);
    let mut slots: Vec<_> = (1..=5).map(|at| seats[0].claim(at)).collect();
    for slot in &mut slots {
        slot.waits(Phase::Pick, 1, None);
        slot.bytes(Bytes::default());
    }
    let snapshot = view.snapshot();
    assert_eq!((snapshot.requests.len(), snapshot.hidden()), (2, 3));
    // A slot that comes free is for the next request; those that were not shown stay so.
    slots.remove(0);
    slots.push(seats[0].claim(6));
    slots.last_mut().unwrap().waits(Phase::Pick, 6, None);
    let started: BTreeSet<u64> =
        view.snapshot().requests.iter().map(|request| request.started).collect();
    assert_eq!(started, BTreeSet::from([2, 6]));
    drop(slots);
    let snapshot = view.snapshot();
    assert_eq!((snapshot.requests.len(), snapshot.hidden()), (0, 0));
    assert_eq!(snapshot.seats[0].hidden_total, 3);
}

#[test]
fn a_board_has_its_fields_where_its_description_says() {
    let (cells, view, seats) = board(2, 3);
    let head = view.head();
    assert_eq!((head.seats, head.slots, head.pid), (2, 3, 77));
    assert_eq!((head.started_unix, head.started), (1_700_000_000_000_000, 5_000_000));
    seats[1].sweep(6_000_000);
    assert_eq!(view.snapshot().seats[1].swept, 6_000_000);
    let mut taken = seats[1].claim(40);
    taken.edit().attempt(2, 24, Some("b0")).waits(Phase::Body, 48, Some(56));
    // The second seat's first line is the sixth: head, seat, three slots.
    let at = |byte: usize| cells.get((5 * 256 + 256 + byte) / 8).unwrap();
    assert_eq!(cells.get(5 * LINE), Some(6_000_000));
    assert_eq!(at(8), 8 | 2 << 32);
    assert_eq!((at(32), at(40), at(48), at(56)), (24, 40, 48, 56));
    assert_eq!(at(120).to_ne_bytes(), *b"b0\0\0\0\0\0\0");
    assert_eq!(at(0) % 2, 0);
}

#[test]
fn a_head_that_lies_is_refused() {
    let (cells, ..) = board(2, 4);
    let open = || LiveView::new(cells.clone());
    for (cell, value) in [
        (head::MAGIC, 0),
        (head::MAGIC, 0x1234),
        (head::VERSION, 2),
        (head::SLOT_BYTES, 512),
        (head::SLOTS, 5),
        (head::SLOTS, u64::MAX),
        (head::SEATS, 3),
        (head::SEATS, u64::MAX),
        (head::SEATS, u64::MAX / 5),
    ] {
        let before = cells.get(cell).unwrap();
        cells.store(cell, value);
        let error = open().expect_err("it lies");
        let expected = match cell {
            head::MAGIC if value == 0 => matches!(error, LiveError::NoMagic),
            head::MAGIC => matches!(error, LiveError::Magic { .. }),
            head::VERSION | head::SLOT_BYTES => matches!(error, LiveError::Version { .. }),
            _ => matches!(error, LiveError::Size { .. }),
        };
        assert!(expected, "{error}");
        cells.store(cell, before);
    }
    assert!(open().is_ok());
    let short = LiveView::new(ArrayCells::new([0; 31]));
    assert!(matches!(short, Err(LiveError::TooShort { len_cells: 31 })));
}

#[test]
fn a_slot_in_the_middle_of_a_change_is_given_up_after_a_while() {
    let (cells, view, seats) = board(1, 2);
    let mut held = seats[0].claim(1);
    held.waits(Phase::Pick, 1, None);
    let mut other = seats[0].claim(2);
    other.waits(Phase::Connect, 2, None);
    let edit = held.edit();
    let snapshot = view.snapshot();
    assert_eq!((snapshot.requests.len(), snapshot.busy, snapshot.broken), (1, 1, 0));
    drop(edit);
    assert_eq!(view.snapshot().requests.len(), 2);
    // What this version does not write is not shown as if it did.
    for (cell, value) in [(slot::PHASE, 99), (slot::LENGTHS, 33), (slot::LENGTHS, 7 << 32)] {
        let at = 2 * LINE + cell;
        let before = cells.get(at).unwrap();
        cells.store(at, value);
        let snapshot = view.snapshot();
        assert_eq!((snapshot.requests.len(), snapshot.broken), (1, 1), "{cell} {value}");
        cells.store(at, before);
    }
}

#[test]
fn phases_are_numbered_and_named_once() {
    let names: BTreeSet<&str> = Phase::ALL.iter().map(|phase| phase.name()).collect();
    assert_eq!(names.len(), Phase::ALL.len());
    for phase in Phase::ALL {
        assert_eq!(Phase::of_number(phase.number()), Some(*phase));
        assert!(!phase.text().is_empty() && !phase.waits_for().name().is_empty());
    }
    assert_eq!((Phase::of_number(0), Phase::of_number(200)), (None, None));
}

/// Readers of a real segment, through the directory, while the worker's threads are busy: no mixture is ever seen.
#[test]
fn readers_of_a_busy_board_find_whole_requests() {
    let dir = tempfile::tempdir().unwrap();
    let mut mgt = MgtSet::create(dir.path(), &PublishOptions::own(1)).unwrap();
    mgt.add_identity("test", "7.3-8.0", "0").unwrap();
    mgt.publish().unwrap();
    let mut child = ChildSet::create(dir.path(), &PublishOptions::own(1)).unwrap();
    let file = child.allocate(CLASS, IDENT, Board::bytes(2, 8)).unwrap();
    child.publish().unwrap();
    let attachment = Attachment::open(dir.path(), AttachOptions::default()).unwrap();
    assert!(matches!(LiveView::of(&attachment), Err(LiveError::NoMagic)));

    let cells = shellac_sys::CellViewMut::create(file).unwrap();
    let seats = Board::create(cells, &options(2, 8)).unwrap();
    let stop = AtomicBool::new(false);
    let (mut seen, mut snapshots) = (0u64, 0u64);
    std::thread::scope(|scope| {
        for seat in seats {
            let stop = &stop;
            scope.spawn(move || {
                let seat = Rc::new(seat);
                let mut slots = std::collections::VecDeque::new();
                let mut xid = 1;
                while !stop.load(Ordering::Relaxed) {
                    xid += 1;
                    let mut slot = seat.claim(xid);
                    let url = vec![b'a' + u8::try_from(xid % 26).unwrap(); 70];
                    let name = char::from(url[0]).to_string().repeat(20);
                    slot.edit().request(&request(xid, &url)).waits(Phase::Pick, xid, Some(xid));
                    slot.edit().attempt(1, xid, Some(&name)).waits(Phase::Send, xid, Some(xid));
                    slots.push_back(slot);
                    if slots.len() > 6 {
                        slots.pop_front();
                    }
                }
            });
        }
        let view = LiveView::of(&attachment).unwrap().expect("it is published");
        while seen < 20_000 {
            let snapshot = view.snapshot();
            snapshots += 1;
            assert_eq!(snapshot.broken, 0);
            for request in snapshot.requests {
                seen += 1;
                let xid = request.xid.unwrap();
                assert_eq!((request.started, request.since), (xid, xid));
                assert_eq!(request.deadline, Some(xid));
                let letter = b'a' + u8::try_from(xid % 26).unwrap();
                assert_eq!(request.request, [b"GET ", &[letter; 70][..]].concat());
                if request.phase == Phase::Send {
                    assert_eq!(
                        (request.backend, request.attempt_xid),
                        (vec![letter; 20], Some(xid))
                    );
                }
            }
        }
        stop.store(true, Ordering::Relaxed);
    });
    assert!(snapshots > 100);
}

proptest! {
    /// Any cells at all give an error or a snapshot within the board's size.
    #[test]
    fn hostile_memory_gives_errors(
        cells in prop::collection::vec(prop_oneof![any::<u64>(), 0..20u64], 0..600),
        good_head in any::<bool>(),
    ) {
        let mut cells = cells;
        if good_head && cells.len() >= LINE {
            cells[head::MAGIC] = u64::from_ne_bytes(MAGIC);
            cells[head::VERSION] = VERSION;
            cells[head::SLOT_BYTES] = SLOT_BYTES as u64;
        }
        let len = cells.len();
        if let Ok(view) = LiveView::new(ArrayCells::new(cells)) {
            let snapshot = view.snapshot();
            prop_assert!((snapshot.requests.len() + snapshot.busy + snapshot.broken) * LINE < len);
            prop_assert_eq!(snapshot.seats.len(), view.head().seats);
        }
    }
}
