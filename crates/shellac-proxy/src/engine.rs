//! The serving threads and the thread that looks after them, in whatever process they run.

use std::io;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc;
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use shellac_config::{Config, ListenAddress, LogDialect};
use shellac_counters::live::{BoardError, Seat};
use shellac_format::Dialect;
use shellac_ring::{Publisher, RingHandle};
use shellac_upstream::Endpoint;

use crate::bodies::Bodies;
use crate::control::{Caretaker, Control, Inherited};
use crate::log::{Grammar, LogSink, Xids};
use crate::node::Node;
use crate::stats::{Chores, Counting};
use crate::tunnel::Tunnels;
use crate::worker::{self, Common, SWEEP, Seed, Stage, entrances};

/// A listening address.
#[derive(Debug)]
pub struct Listener {
    /// Its name in the log.
    pub name: String,
    /// Where it listens.
    pub address: ListenAddress,
    /// Listening sockets, one per serving thread (`SO_REUSEPORT`). With fewer, threads share the first one. None means those that a running
    /// engine has at this address.
    pub sockets: Vec<OwnedFd>,
}

/// Where an engine writes its log.
pub struct EngineLog {
    /// Layout, tag numbers and texts.
    pub dialect: Dialect,
    /// For the thread that looks after the others.
    pub control: Box<dyn LogSink>,
    /// One per serving thread: this is how many there are.
    pub serving: Vec<Box<dyn LogSink>>,
    /// The scoreboard's seats, one per serving thread. Threads without one show nothing.
    pub seats: Vec<Seat>,
    /// The ring, for its numbers.
    pub ring: Option<RingHandle>,
    /// Where counters are published; by default nowhere.
    pub counting: Counting,
}

impl EngineLog {
    /// A log in a ring: the first publisher is for the thread that looks after the others. `None` when that is the only one.
    pub fn new(dialect: Dialect, publishers: Vec<Publisher>) -> Option<EngineLog> {
        let sinks = publishers.into_iter().map(|one| Box::new(one) as Box<dyn LogSink>);
        EngineLog::of_sinks(dialect, sinks.collect())
    }

    /// The same for other sinks.
    pub(crate) fn of_sinks(dialect: Dialect, sinks: Vec<Box<dyn LogSink>>) -> Option<EngineLog> {
        let mut sinks = sinks.into_iter();
        let control = sinks.next()?;
        let serving: Vec<_> = sinks.collect();
        (!serving.is_empty()).then(|| EngineLog {
            dialect,
            control,
            serving,
            seats: Vec::new(),
            ring: None,
            counting: Counting::default(),
        })
    }
}

impl std::fmt::Debug for EngineLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EngineLog")
            .field("dialect", &self.dialect)
            .field("serving", &self.serving.len())
            .finish_non_exhaustive()
    }
}

/// What an engine cannot know by itself.
#[derive(Clone, Debug)]
pub struct EngineOptions {
    /// Who this is, in `Via` and on error pages.
    pub instance: String,
    /// Where transaction numbers begin: far from those of other workers, so that a number means one transaction.
    pub xid_base: u64,
    /// What was in force before and goes on.
    pub inherited: Inherited,
}

/// Why an engine cannot run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// A thread could not be started, or not make use of its sockets.
    #[error("cannot start serving thread {index}: {source}")]
    Thread {
        /// Which one, from 0.
        index: usize,
        /// The system's reason.
        source: io::Error,
    },
    /// The thread that looks after the others could not be started.
    #[error("cannot start the control thread: {source}")]
    Control {
        /// The system's reason.
        source: io::Error,
    },
    /// An address has no listening socket.
    #[error("no listening socket for {address}")]
    NoSocket {
        /// The address.
        address: ListenAddress,
    },
    /// The log could not make room for another worker's.
    #[error("cannot move the log to {}: {source}; remove it if no worker of that number is there", dir.display())]
    NotMoved {
        /// Where it should go.
        dir: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The log of a worker could not be published.
    #[error(transparent)]
    Log(#[from] shellac_vsm::VsmError),
    /// The log's segment is unusable.
    #[error("cannot lay out the log: {0}")]
    Segment(#[from] shellac_sys::LogViewError),
    /// The log's ring is unusable.
    #[error("cannot lay out the log: {0}")]
    Ring(#[from] shellac_ring::RingError),
    /// The scoreboard's segment is unusable.
    #[error("cannot lay out the scoreboard: {0}")]
    Board(#[from] BoardError),
    /// There is no room for the counters of the backends.
    #[error("cannot publish the counters of the backends: {reason}")]
    Uncounted {
        /// Why.
        reason: String,
    },
    /// The scoreboard's memory is unusable.
    #[error("cannot lay out the scoreboard: {0}")]
    Cells(#[from] shellac_sys::CellsError),
}

/// A proxy that runs. Dropped, it stops at once.
#[derive(Debug)]
pub struct Engine {
    control: Control,
    threads: Vec<JoinHandle<()>>,
    /// One message per serving thread that has ended.
    ended: mpsc::Receiver<()>,
    running: usize,
    caretaker: Option<Caretaker>,
}

impl Engine {
    /// Starts serving; returns when every thread accepts connections.
    ///
    /// # Errors
    ///
    /// [`EngineError::NoSocket`] and [`EngineError::Thread`]; nothing runs then.
    pub fn start(
        config: Arc<Config>,
        listeners: Vec<Listener>,
        log: EngineLog,
        options: EngineOptions,
    ) -> Result<Engine, EngineError> {
        Engine::start_with(Bodies::default(), config, listeners, log, options)
    }

    /// The same, with long request bodies kept in `bodies`.
    pub(crate) fn start_with(
        bodies: Bodies,
        config: Arc<Config>,
        listeners: Vec<Listener>,
        log: EngineLog,
        options: EngineOptions,
    ) -> Result<Engine, EngineError> {
        let grammar = Grammar::new(log.dialect, config.log.reclen);
        let common = Common {
            instance: options.instance.into(),
            grammar,
            stall: config.log.stall,
            node: Node::default(),
            seed: options.xid_base,
            bodies,
            tunnels: Tunnels::default(),
        };
        let threads = log.serving.len();
        let entrances = entrances(listeners, &[], threads)?;
        let EngineLog { control: sink, serving, seats, ring, counting, .. } = log;
        let name = &options.inherited.configuration;
        let (control, questions) = Control::new(name, config, entrances, threads, counting.clone());
        // Before the first request is served.
        control.inherit(&options.inherited);
        let (started_tx, started) = mpsc::channel();
        let (ended_tx, ended) = mpsc::channel();
        let mut engine = Engine {
            control,
            threads: Vec::with_capacity(threads),
            ended,
            running: 0,
            caretaker: None,
        };
        // One more for the thread that looks after the others.
        let count = threads as u64 + 1;
        let layout = common.grammar.layout;
        let mut seats = seats.into_iter();
        for ((index, sink), commands) in serving.into_iter().enumerate().zip(questions) {
            let seed = Seed {
                common: common.clone(),
                sink,
                seat: seats.next(),
                xids: Xids::new(layout, options.xid_base, index as u64, count),
                index,
                orders: engine.control.orders(),
                acks: engine.control.acks(),
                counting: counting.clone(),
                commands,
            };
            let (started, ended) = (started_tx.clone(), ended_tx.clone());
            let run = move || {
                let _ending = Ending(ended);
                let result = worker::run(seed, || {
                    let _ = started.send(Ok(()));
                });
                if let Err(source) = result {
                    // Heard only as long as the engine waits for it to start.
                    let _ = started.send(Err(EngineError::Thread { index, source }));
                }
            };
            let thread = Builder::new()
                .name(format!("shellac-{index}"))
                .spawn(run)
                .map_err(|source| EngineError::Thread { index, source })?;
            engine.threads.push(thread);
            engine.running += 1;
        }
        drop(started_tx);
        for _ in 0..threads {
            // Every thread sends one message, or drops its sender in a panic: then it has ended.
            if let Ok(Err(error)) = started.recv() {
                return Err(error);
            }
        }
        let xids = Xids::new(layout, options.xid_base, threads as u64, count);
        let chores = Chores::new(counting, ring);
        let caretaker = Caretaker::start(engine.control(), common, sink, xids, chores, threads)
            .map_err(|source| EngineError::Control { source })?;
        engine.caretaker = Some(caretaker);
        Ok(engine)
    }

    /// A handle for whoever wants to know or change what is going on.
    pub fn control(&self) -> Control {
        self.control.clone()
    }

    /// The backends of the active configuration.
    pub fn endpoints(&self) -> Vec<Arc<Endpoint>> {
        self.control.active().endpoints.clone()
    }

    /// Serving threads that have not ended.
    pub fn running(&mut self) -> usize {
        while self.ended.try_recv().is_ok() {
            self.running -= 1;
        }
        self.running
    }

    /// Whether the thread that looks after the others runs. Without it nothing is probed, resolved or counted any more.
    pub fn is_looked_after(&self) -> bool {
        self.caretaker.as_ref().is_some_and(Caretaker::runs)
    }

    /// Accepts nothing more and lets what runs come to its end, for at most `patience`; what runs then is cut short.
    ///
    /// Returns whether everything came to its end.
    pub fn drain(&mut self, patience: Duration) -> bool {
        self.control.order(Stage::Drain);
        self.wait(patience, || {})
    }

    /// [`drain`](Engine::drain), but connections of clients that wait for their next request are not closed at once: they have their usual
    /// time for one more, whose answer says that it is the last. Nobody sends a request to a connection that is being closed then.
    ///
    /// `look` is called ten times a second meanwhile.
    pub fn retire(&mut self, patience: Duration, look: impl FnMut()) -> bool {
        self.control.order(Stage::Retire);
        self.wait(patience, look)
    }

    /// Waits until every thread has ended, for at most `patience`.
    fn wait(&mut self, patience: Duration, mut look: impl FnMut()) -> bool {
        let step = SWEEP.min(patience.max(Duration::from_millis(1)));
        let mut left = patience;
        while self.running > 0 {
            look();
            match self.ended.recv_timeout(step) {
                Ok(()) => self.running -= 1,
                Err(mpsc::RecvTimeoutError::Disconnected) => break,
                Err(mpsc::RecvTimeoutError::Timeout) => {
                    left = left.saturating_sub(step);
                    if left.is_zero() {
                        return false;
                    }
                }
            }
        }
        true
    }

    /// Stops at once and waits for the threads.
    pub fn join(mut self) {
        self.stop();
    }

    fn stop(&mut self) {
        self.control.order(Stage::Stop);
        for thread in self.threads.drain(..) {
            // A panic has been reported where it happened.
            let _ = thread.join();
        }
        drop(self.caretaker.take());
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Says that a serving thread has ended, in whichever way.
struct Ending(mpsc::Sender<()>);

impl Drop for Ending {
    fn drop(&mut self) {
        // Heard only as long as there is an engine.
        let _ = self.0.send(());
    }
}

/// The dialect that a configuration asks for.
pub(crate) fn dialect(log: LogDialect) -> Dialect {
    match log {
        LogDialect::V6_0 => Dialect::V6_0,
        LogDialect::V7_3 => Dialect::V7_3,
        LogDialect::Vs9_0 => Dialect::Vs9_0,
    }
}
