//! Scenarios. Each says how many preemptions are tried; time ends them before all of those are.

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64 as Count, Ordering as CountOrdering};
use std::time::Duration;

use loom::sync::atomic::{AtomicU64, Ordering, fence};
use loom::thread;
use shellac_sys::{Cells, CellsMut};

use crate::live::{Board, BoardOptions, Bytes, LiveView, Phase, Request, Seat};

/// Cells that are the atomics of the checker.
#[derive(Clone)]
struct ModelCells(Arc<Vec<AtomicU64>>);

impl Cells for ModelCells {
    fn len_cells(&self) -> usize {
        self.0.len()
    }

    fn get(&self, index: usize) -> Option<u64> {
        Some(self.0.get(index)?.load(Ordering::Relaxed))
    }

    fn read_barrier(&self) {
        fence(Ordering::Acquire);
    }
}

impl CellsMut for ModelCells {
    fn store(&self, index: usize, value: u64) {
        self.0[index].store(value, Ordering::Relaxed);
    }

    fn store_release(&self, index: usize, value: u64) {
        self.0[index].store(value, Ordering::Release);
    }

    fn write_barrier(&self) {
        fence(Ordering::Release);
    }
}

/// A board with one slot.
fn board() -> (LiveView<ModelCells>, Rc<Seat<ModelCells>>) {
    let options = BoardOptions { seats: 1, slots: 1, pid: 1, now_unix: 0, now: 0 };
    let len = usize::try_from(Board::bytes(1, 1)).unwrap() / 8;
    let cells = ModelCells(Arc::new((0..len).map(|_| AtomicU64::new(0)).collect()));
    let seat = Board::create(cells.clone(), &options).unwrap().remove(0);
    (LiveView::new(cells).unwrap(), Rc::new(seat))
}

/// Everything about a request follows from its number, so that a mixture shows.
fn consistent(view: &LiveView<ModelCells>) {
    let snapshot = view.snapshot();
    assert_eq!(snapshot.broken, 0);
    for request in snapshot.requests {
        let xid = request.xid.expect("a number is given before a phase");
        let phase = if request.since == xid { Phase::Pick } else { Phase::Connect };
        assert_eq!(request.phase, phase);
        assert_eq!(request.since / 10, xid / 10);
        assert_eq!(request.started, xid);
        // Counted by itself, and never that of another request.
        assert!([0, xid].contains(&request.bytes.to_backend), "{}", request.bytes.to_backend);
    }
}

fn explore(preemptions: usize, writer: fn(&Rc<Seat<ModelCells>>)) {
    let executions = Arc::new(Count::new(0));
    let count = Arc::clone(&executions);
    let seconds = std::env::var("SHELLAC_MODEL_SECONDS").map_or(20, |text| text.parse().unwrap());
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = (preemptions > 0).then_some(preemptions);
    builder.max_branches = 20_000;
    builder.max_duration = Some(Duration::from_secs(seconds));
    builder.check(move || {
        count.fetch_add(1, CountOrdering::Relaxed);
        let (view, seat) = board();
        // Whoever had the slot before has left everything in it.
        serve(&seat, 10);
        let reading = thread::spawn(move || consistent(&view));
        writer(&seat);
        reading.join().unwrap();
    });
    println!("executions: {}", executions.load(CountOrdering::Relaxed));
}

/// One request from its beginning to its end.
fn serve(seat: &Rc<Seat<ModelCells>>, xid: u64) {
    let mut slot = seat.claim(xid);
    slot.edit().request(&Request { xid, method: b"", url: b"" }).waits(Phase::Pick, xid, None);
    slot.waits(Phase::Connect, xid + 1, None);
    slot.bytes(Bytes { to_backend: xid, ..Bytes::default() });
}

#[test]
fn a_reader_copies_while_a_request_comes_and_goes() {
    explore(2, |seat| serve(seat, 20));
}

#[test]
fn a_reader_copies_while_a_request_changes() {
    explore(3, |seat| {
        let mut slot = seat.claim(20);
        let request = Request { xid: 20, method: b"", url: b"" };
        slot.edit().request(&request).waits(Phase::Pick, 20, None);
        slot.waits(Phase::Connect, 21, None);
        // Not given back: the last thing that the reader may find is this.
        std::mem::forget(slot);
    });
}
