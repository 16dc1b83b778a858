//! One serving thread: its runtime, its listening sockets, and everything its connections share.

mod accept;
mod buffer;
mod conn;
mod deadline;
mod live;
mod net;

use std::cell::{Cell, RefCell};
use std::net::TcpListener;
use std::rc::Rc;
use std::sync::Arc;

use shellac_config::Config;
use shellac_counters::live::Seat;
use shellac_http1::Limits;
use shellac_upstream::{Endpoint, Picker, Pool};
use tokio::runtime::{Builder, LocalOptions};
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};

pub(crate) use buffer::Buffer;
pub(crate) use conn::{Conn, Idle};
pub(crate) use deadline::{Deadlines, SWEEP, Timer};
pub(crate) use live::Live;
pub(crate) use net::{Outbox, end_writing, poll_read, poll_write, reset_on_close};

use crate::clock::Clock;
use crate::log::{AddressText, Grammar, Log, LogSink, Xids, publish_on_panic};
use buffer::Buffers;

/// Bytes that are read of a body at a time: one buffer per thread.
const SCRATCH_BYTES: usize = 256 << 10;

/// What a thread is told to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// Serve.
    Serve,
    /// Accept nothing more, finish what runs, then end.
    Drain,
    /// End now.
    Stop,
}

/// What all serving threads are made from.
#[derive(Clone)]
pub(crate) struct Common {
    pub(crate) config: Arc<Config>,
    pub(crate) instance: Arc<str>,
    pub(crate) endpoints: Vec<Arc<Endpoint>>,
    pub(crate) pools: Vec<Arc<Pool>>,
    pub(crate) grammar: Grammar,
}

/// What one serving thread is made from.
pub(crate) struct Seed {
    pub(crate) common: Common,
    /// Names and sockets.
    pub(crate) listeners: Vec<(String, TcpListener)>,
    pub(crate) sink: Box<dyn LogSink>,
    /// Its part of the scoreboard, if there is one.
    pub(crate) seat: Option<Seat>,
    pub(crate) xids: Xids,
    /// This thread's number, from 0.
    pub(crate) index: usize,
    pub(crate) orders: watch::Receiver<Order>,
}

/// What the connections of one thread share. There is one per thread, so nothing in it is locked.
pub(crate) struct Worker {
    pub(crate) config: Arc<Config>,
    pub(crate) instance: Arc<str>,
    /// Our entry in `Via`.
    pub(crate) via: String,
    pub(crate) limits: Limits,
    pub(crate) log: Rc<Log>,
    pub(crate) seat: Option<Rc<Seat>>,
    pub(crate) deadlines: Deadlines,
    pub(crate) idle: Idle,
    pub(crate) pickers: Vec<RefCell<Picker>>,
    /// The address of each backend as the log shows it.
    pub(crate) remotes: Vec<AddressText>,
    pub(crate) buffers: RefCell<Buffers>,
    /// Room for one read of a body; borrowed within one poll, never across.
    pub(crate) scratch: RefCell<Vec<u8>>,
    /// Open client connections.
    pub(crate) sessions: Cell<usize>,
    pub(crate) draining: Cell<bool>,
}

impl Worker {
    fn new(
        common: Common,
        index: usize,
        sink: Box<dyn LogSink>,
        seat: Option<Seat>,
        xids: Xids,
    ) -> Worker {
        let Common { config, instance, endpoints, pools, grammar } = common;
        let log = Log::new(grammar, Clock::start(), config.log.stall, xids, sink);
        let picker = |pool| RefCell::new(Picker::new(pool, index));
        Worker {
            via: format!("1.1 {instance} (Shellac)"),
            instance,
            limits: Limits { head_bytes: config.limits.head_bytes, headers: config.limits.headers },
            log: Rc::new(log),
            seat: seat.map(Rc::new),
            deadlines: Deadlines::default(),
            idle: Idle::new(
                endpoints.len(),
                config.limits.idle_per_backend,
                config.timeouts.backend_idle,
            ),
            pickers: pools.into_iter().map(picker).collect(),
            remotes: endpoints
                .iter()
                .map(|endpoint| AddressText::new(endpoint.address()))
                .collect(),
            buffers: RefCell::new(Buffers::default()),
            scratch: RefCell::new(vec![0; SCRATCH_BYTES]),
            sessions: Cell::new(0),
            draining: Cell::new(false),
            config,
        }
    }

    fn sweep(&self) {
        self.log.sweep();
        let now = self.log.coarse();
        if let Some(seat) = &self.seat {
            seat.sweep(self.log.monotonic_origin().saturating_add(now.0));
        }
        self.deadlines.sweep(now);
        self.idle.sweep(now, &self.log);
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
    let Seed { common, listeners, sink, seat, xids, index, orders } = seed;
    let runtime = Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .build_local(LocalOptions::default())?;
    let worker = Rc::new(Worker::new(common, index, sink, seat, xids));
    publish_on_panic(&worker.log);
    let result = runtime.block_on(serve(&worker, listeners, orders, ready));
    // Ends the tasks that are left; their transactions say so in the log.
    drop(runtime);
    worker.log.sweep();
    result
}

async fn serve(
    worker: &Rc<Worker>,
    listeners: Vec<(String, TcpListener)>,
    mut orders: watch::Receiver<Order>,
    ready: impl FnOnce(),
) -> std::io::Result<()> {
    let mut acceptors = Vec::new();
    for (name, socket) in listeners {
        socket.set_nonblocking(true)?;
        let socket = tokio::net::TcpListener::from_std(socket)?;
        acceptors.push(tokio::task::spawn_local(accept::accept(Rc::clone(worker), name, socket)));
    }
    ready();
    let mut ticks = interval(SWEEP);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => worker.sweep(),
            changed = orders.changed() => {
                // The sender gone means that the engine is gone.
                let order = if changed.is_ok() { *orders.borrow_and_update() } else { Order::Stop };
                match order {
                    Order::Serve => {}
                    Order::Stop => return Ok(()),
                    Order::Drain => {
                        acceptors.drain(..).for_each(|acceptor| acceptor.abort());
                        worker.draining.set(true);
                        worker.deadlines.wake_all();
                    }
                }
            }
        }
        if worker.draining.get() && worker.sessions.get() == 0 {
            worker.idle.clear();
            return Ok(());
        }
    }
}
