//! One serving thread: its runtime, its listening sockets, and everything its connections share.

mod accept;
mod buffer;
mod chance;
mod command;
mod conn;
mod deadline;
mod doors;
mod entrance;
mod live;
mod local;
mod outbox;
mod running;
mod spare;
mod taking;
mod transport;

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use shellac_counters::live::Seat;
use shellac_format::{Tag, TagSet};
use shellac_http1::{Known, Line};
use tokio::runtime::{Builder, LocalOptions};
use tokio::sync::{mpsc, watch};
use tokio::time::{MissedTickBehavior, interval};

pub(crate) use accept::{Arrival, Welcome};
pub(crate) use buffer::Buffer;
pub(crate) use chance::Chance;
pub(crate) use command::{Command, Survey, WAITING};
pub(crate) use conn::Conn;
pub(crate) use deadline::{Deadlines, SWEEP, Timer};
pub(crate) use entrance::{Entrance, entrances};
pub(crate) use live::Live;
pub(crate) use local::{Lease, Local};
pub(crate) use outbox::Outbox;
pub(crate) use running::Place;
pub(crate) use taking::{Look, Taking};
pub(crate) use transport::{Agreed, Transport};

use crate::bodies::Bodies;
use crate::client::Desk;
use crate::clock::Clock;
use crate::control::Acks;
use crate::date::LastDate;
use crate::generation::Generation;
use crate::log::{Grammar, Log, LogSink, Written, Xids, publish_on_panic};
use crate::node::Node;
use crate::stats::{Counting, Sample, Stats};
use crate::tunnel::Tunnels;
use buffer::Buffers;
use doors::Doors;
use running::Running;
use spare::Spare;

/// Bytes that are read of a body at a time: one buffer per thread.
const SCRATCH_BYTES: usize = 256 << 10;

/// What a thread is told. It sees the latest state and not each step on the way.
#[derive(Clone, Debug)]
pub(crate) struct Orders {
    pub(crate) stage: Stage,
    /// What new requests get.
    pub(crate) active: Arc<Generation>,
    /// Where clients come in.
    pub(crate) entrances: Arc<[Entrance]>,
    /// To be acknowledged.
    pub(crate) epoch: u64,
    /// What is not logged.
    pub(crate) masked: TagSet,
}

/// How long a thread goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Serve.
    Serve,
    /// Accept nothing more, finish what runs, then end.
    Drain,
    /// The same, but those who may be about to send another request have their usual time for it.
    Retire,
    /// End now.
    Stop,
}

/// What all serving threads are made from.
#[derive(Clone)]
pub(crate) struct Common {
    pub(crate) instance: Arc<str>,
    pub(crate) grammar: Grammar,
    /// A phase that stalls this long publishes what is buffered.
    pub(crate) stall: Duration,
    /// What the kernel says about this machine.
    pub(crate) node: Node,
    /// Where randomness begins.
    pub(crate) seed: u64,
    /// The files of long request bodies.
    pub(crate) bodies: Bodies,
    /// Places for tunnels.
    pub(crate) tunnels: Tunnels,
}

/// What one serving thread is made from.
pub(crate) struct Seed {
    pub(crate) common: Common,
    pub(crate) sink: Box<dyn LogSink>,
    /// Its part of the scoreboard, if there is one.
    pub(crate) seat: Option<Seat>,
    pub(crate) xids: Xids,
    /// This thread's number, from 0.
    pub(crate) index: usize,
    pub(crate) orders: watch::Receiver<Orders>,
    pub(crate) acks: Acks,
    pub(crate) counting: Counting,
    pub(crate) commands: mpsc::Receiver<Command>,
}

/// What the connections of one thread share. There is one per thread, so nothing in it is locked.
pub(crate) struct Worker {
    /// The thread's number, from 0.
    index: usize,
    pub(crate) instance: Arc<str>,
    /// Our entry in `Via`.
    pub(crate) via: Line,
    /// What new requests get.
    current: RefCell<Rc<Local>>,
    /// What open requests still have.
    retired: RefCell<Vec<Rc<Local>>>,
    pub(crate) log: Rc<Log>,
    pub(crate) seat: Option<Rc<Seat>>,
    pub(crate) stats: Stats,
    pub(crate) node: Node,
    pub(crate) running: Rc<Running>,
    pub(crate) deadlines: Deadlines,
    pub(crate) buffers: Buffers,
    /// Memory for the requests that come next.
    pub(crate) spare: Spare,
    /// Room for the requests that come next.
    pub(crate) desks: RefCell<Vec<Desk>>,
    /// Room for one read of a body; borrowed within one poll, never across.
    pub(crate) scratch: RefCell<Vec<u8>>,
    /// The files of long request bodies.
    pub(crate) bodies: Bodies,
    /// Places for tunnels.
    pub(crate) tunnels: Tunnels,
    /// Where pauses get their randomness from.
    pub(crate) chance: Chance,
    /// For responses that come without a date.
    pub(crate) dates: LastDate,
    /// Open client connections.
    pub(crate) sessions: Cell<usize>,
    pub(crate) draining: Cell<bool>,
    /// Draining, but a connection may wait for one more request.
    pub(crate) lenient: Cell<bool>,
}

impl Worker {
    fn new(
        common: Common,
        index: usize,
        active: Arc<Generation>,
        sink: Box<dyn LogSink>,
        seat: Option<Seat>,
        xids: Xids,
        stats: Stats,
    ) -> Worker {
        let Common { instance, grammar, stall, node, seed, bodies, tunnels } = common;
        let log = Log::new(grammar, Clock::start(), stall, xids, sink);
        Worker {
            index,
            via: Line::new(Known::Via, format!("1.1 {instance} (Shellac)")),
            instance,
            current: RefCell::new(Rc::new(Local::new(active, index))),
            retired: RefCell::default(),
            log: Rc::new(log),
            seat: seat.map(Rc::new),
            stats,
            node,
            running: Rc::default(),
            deadlines: Deadlines::default(),
            buffers: Buffers::default(),
            spare: Spare::default(),
            desks: RefCell::default(),
            scratch: RefCell::new(vec![0; SCRATCH_BYTES]),
            bodies,
            tunnels,
            chance: Chance::new(seed.wrapping_add(index as u64)),
            dates: LastDate::default(),
            sessions: Cell::new(0),
            draining: Cell::new(false),
            lenient: Cell::new(false),
        }
    }

    /// The configuration for a request that begins now.
    pub(crate) fn lease(&self) -> Lease {
        Lease::new(&self.current.borrow())
    }

    /// What new requests get.
    pub(crate) fn current(&self) -> Rc<Local> {
        Rc::clone(&self.current.borrow())
    }

    /// New requests get `generation` from here on.
    fn activate(&self, generation: &Arc<Generation>) {
        let before = Rc::clone(&self.current.borrow());
        if before.generation().number == generation.number {
            return;
        }
        let next = Rc::new(Local::new(Arc::clone(generation), self.index));
        self.current.replace(Rc::clone(&next));
        let mut retired = self.retired.borrow_mut();
        retired.push(before);
        retired.iter().for_each(|local| local.retire(&next, &self.log));
    }

    /// Lets go of what no request holds any more, and tells how many hold the rest.
    fn count_requests(&self) -> usize {
        let current = self.current.borrow();
        let mut retired = self.retired.borrow_mut();
        let all = || retired.iter().chain([&*current]);
        // One that was left and taken again is there several times.
        for local in all() {
            let same = |other: &&Rc<Local>| other.generation().number == local.generation().number;
            let requests = all().filter(same).map(|local| local.requests()).sum();
            local.generation().set_busy(self.index, requests);
        }
        all().for_each(|local| local.sweep_counters());
        let total = all().map(|local| local.requests()).sum();
        retired.retain(|local| local.requests() > 0);
        total
    }

    fn sweep(&self) {
        self.log.sweep();
        let now = self.log.coarse();
        if let Some(seat) = &self.seat {
            seat.sweep(self.log.monotonic_origin().saturating_add(now.0));
        }
        self.deadlines.sweep(now);
        self.current.borrow().idle.sweep(now, &self.log);
        self.count();
    }

    /// Publishes what was counted.
    fn count(&self) {
        let requests = self.count_requests();
        let Written { records, flushes, pending } = self.log.written();
        self.stats.sweep(Sample {
            sessions: self.sessions.get(),
            requests,
            records,
            flushes,
            pending,
            unshown: self.seat.as_ref().map_or(0, |seat| seat.unshown()),
        });
    }
}

/// Serves until told to end; returns when the last connection is gone.
///
/// `ready` is called once, when the thread accepts connections.
///
/// # Errors
///
/// The runtime could not be made, or a listening socket could not be used; `ready` was not called then.
pub(crate) fn run(seed: Seed, ready: impl FnOnce()) -> std::io::Result<()> {
    let Seed { common, sink, seat, xids, index, orders, acks, counting, commands } = seed;
    let runtime = Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .build_local(LocalOptions::default())?;
    let active = Arc::clone(&orders.borrow().active);
    let worker =
        Rc::new(Worker::new(common, index, active, sink, seat, xids, Stats::new(&counting)));
    publish_on_panic(&worker.log);
    let result = runtime.block_on(serve(&worker, orders, &acks, commands, ready));
    // Ends the tasks that are left; their transactions say so in the log.
    drop(runtime);
    worker.log.sweep();
    worker.count();
    // Nobody waits for a thread that makes no choices any more.
    acks.reach(index, u64::MAX);
    result
}

async fn serve(
    worker: &Rc<Worker>,
    mut orders: watch::Receiver<Orders>,
    acks: &Acks,
    mut commands: mpsc::Receiver<Command>,
    ready: impl FnOnce(),
) -> std::io::Result<()> {
    let mut doors = Doors::default();
    let Orders { active, entrances, .. } = orders.borrow().clone();
    doors.follow(worker, &entrances, &active).await?;
    drop((active, entrances));
    ready();
    let mut ticks = interval(SWEEP);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => worker.sweep(),
            Some(command) = commands.recv() => command.run(worker),
            changed = orders.changed() => {
                if changed.is_err() {
                    // The sender gone means that the engine is gone.
                    return Ok(());
                }
                let Orders { stage, active, entrances, epoch, masked } =
                    orders.borrow_and_update().clone();
                worker.log.set_masked(masked);
                worker.activate(&active);
                if stage == Stage::Serve
                    && let Err(error) = doors.follow(worker, &entrances, &active).await
                {
                    worker.log.loose(Tag::Error, |text| {
                        text.bytes(b"shellac: a listening socket cannot be used: errno");
                        text.field(u64::from(error.raw_os_error().unwrap_or(0).unsigned_abs()));
                    });
                }
                drop((active, entrances));
                // A choice is made without waiting, so none is half made here.
                acks.reach(worker.index, epoch);
                match stage {
                    Stage::Serve => {}
                    Stage::Stop => return Ok(()),
                    Stage::Drain | Stage::Retire => {
                        worker.lenient.set(stage == Stage::Retire);
                        doors.close();
                        worker.draining.set(true);
                        worker.deadlines.wake_all();
                    }
                }
            }
        }
        if worker.draining.get() && worker.sessions.get() == 0 {
            worker.current.borrow().idle.clear();
            return Ok(());
        }
    }
}
