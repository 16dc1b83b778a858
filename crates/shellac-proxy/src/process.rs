//! What a worker process does: publish a log, serve, and take the log away again.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use shellac_config::Config;
use shellac_counters::live::{Board, BoardOptions, CLASS, IDENT};
use shellac_format::Dialect;
use shellac_ring::{Publisher, Ring, RingHandle, RingStats};
use shellac_sys::{CellViewMut, LogViewMut, monotonic_micros};
use shellac_vsm::letters::take_kills;
use shellac_vsm::{ChildSet, PublishOptions};

use crate::clock;
use crate::control::{Control, Inherited};
use crate::engine::{Engine, EngineError, EngineLog, EngineOptions, Listener, dialect};
use crate::log::{LogSink, Predecessor, Remains, Turn, Turning};
use crate::stats::Counting;

/// How long threads have to take another ring: they look ten times a second.
const TURN_PATIENCE: Duration = Duration::from_secs(2);
/// Requests that a thread can show at a time: 1 MB of shared memory. What is beyond that is counted.
const SLOTS_PER_THREAD: usize = 4096;

/// Where a worker publishes its log, and under which name it serves.
#[derive(Clone, Debug)]
pub struct WorkerOptions {
    /// The shared-memory directory.
    pub workdir: PathBuf,
    /// The group that may read the log.
    pub gid: Option<u32>,
    /// Who this is, in `Via` and on error pages.
    pub instance: String,
    /// Serving threads.
    pub threads: usize,
    /// Where transaction numbers begin: far from those of other workers, so that a number means one transaction.
    pub xid_base: u64,
    /// What was in force before and goes on.
    pub inherited: Inherited,
    /// The caller holds the lock of the working directory: what an earlier worker left there may be replaced.
    pub holds_lock: bool,
    /// The workers whose place this one takes: what they still log is handed on in this one's log.
    pub before: Vec<Predecessor>,
}

/// A worker that serves and whose log can be read.
#[derive(Debug)]
pub struct Worker {
    // Stopped before its log is taken away.
    engine: Engine,
    ring: RingHandle,
    directory: Directory,
    /// What workers before this one still log.
    remains: Option<Remains>,
    /// For each publisher, so that it can be given another ring.
    turns: Vec<Turn>,
    dialect: Dialect,
    log_bytes: u64,
    /// Where the log was moved to.
    moved_to: Option<PathBuf>,
    /// Why the log may be swapped out.
    unlocked: Option<std::io::Error>,
}

/// The published directory: it goes with the worker, whoever still holds a handle on its counters.
#[derive(Debug)]
struct Directory(Counting);

impl Drop for Directory {
    fn drop(&mut self) {
        drop(self.0.close());
    }
}

impl Worker {
    /// Publishes the log, then serves.
    ///
    /// # Errors
    ///
    /// [`EngineError`]; nothing runs then, and nothing is left in the directory.
    pub fn start(
        config: Arc<Config>,
        listeners: Vec<Listener>,
        options: WorkerOptions,
    ) -> Result<Worker, EngineError> {
        let WorkerOptions {
            workdir,
            gid,
            instance,
            threads,
            xid_base,
            inherited,
            holds_lock,
            before,
        } = options;
        let dialect = dialect(config.log.dialect);
        let publish =
            PublishOptions { gid, holds_lock, ..PublishOptions::own(clock::unix_seconds()) };
        let mut set = ChildSet::create(&workdir, &publish)?;
        let log_bytes = config.log.size_bytes;
        let file = set.allocate("Log", "Log", log_bytes)?;
        // A writer that waits for a disk holds up requests.
        let unlocked = file.lock().err();
        let view = LogViewMut::create(file, dialect.layout().segment_marker())?;
        // One more for the thread that looks after the others, and one for what others still log.
        let threads = threads.max(1);
        let publishing = threads + 1 + usize::from(!before.is_empty());
        let (ring, producers) = Ring::create(view, dialect.layout(), publishing)?;
        let (sinks, turns): (Vec<_>, Vec<_>) = producers
            .into_iter()
            .map(|producer| Turning::new(Publisher::new(producer, dialect)))
            .unzip();
        let mut sinks =
            sinks.into_iter().map(|sink| Box::new(sink) as Box<dyn LogSink>).collect::<Vec<_>>();
        let for_remains = if before.is_empty() { None } else { sinks.pop() };
        ring.publish_marker();
        let board = BoardOptions {
            seats: threads,
            slots: SLOTS_PER_THREAD,
            pid: std::process::id(),
            now_unix: clock::wall_now(),
            now: monotonic_micros(),
        };
        let file = set.allocate(CLASS, IDENT, Board::bytes(board.seats, board.slots))?;
        let seats = Board::create(CellViewMut::create(file)?, &board)?;
        set.publish()?;
        let counting = Counting::publish(set)?;
        let directory = Directory(counting.clone());
        let mut log = EngineLog::of_sinks(dialect, sinks)
            .expect("a publisher for the control thread and at least one for serving were made");
        log.seats = seats;
        log.ring = Some(ring.clone());
        log.counting = counting;
        let options = EngineOptions { instance, xid_base, inherited };
        let engine = Engine::start(config, listeners, log, options)?;
        if let Some(reason) = engine.control().active().uncounted.clone() {
            return Err(EngineError::Uncounted { reason });
        }
        let counting = directory.0.clone();
        // Their logs are mapped before any of them is asked to end.
        let unfinished = engine.control().unfinished();
        let remains = for_remains
            .map(|sink| Remains::hand_on(&before, dialect, sink, counting, unfinished))
            .transpose()
            .map_err(|source| EngineError::Control { source })?;
        let moved_to = None;
        Ok(Worker {
            engine,
            ring,
            directory,
            remains,
            turns,
            dialect,
            log_bytes,
            moved_to,
            unlocked,
        })
    }

    /// Why the log could not be locked in memory, if it could not: it is served all the same, but may be swapped out.
    pub fn unlocked(&self) -> Option<&std::io::Error> {
        self.unlocked.as_ref()
    }

    /// The engine.
    pub fn engine(&mut self) -> &mut Engine {
        &mut self.engine
    }

    /// A handle for whoever wants to know or change what is going on.
    pub fn control(&self) -> Control {
        self.engine.control()
    }

    /// Numbers of the log's ring.
    pub fn ring_stats(&self) -> RingStats {
        self.ring.stats()
    }

    /// Moves the log to `dir`, so that another worker can publish its own; this one serves on.
    ///
    /// The log ends with that, so that readers have all of it when they leave it. What comes goes to another ring beside, which the
    /// successor hands on. Returns, for people, why that is not so, if it is not: then what comes may be seen by nobody.
    ///
    /// # Errors
    ///
    /// [`EngineError::NotMoved`], and [`EngineError::Log`] if the system refuses; the log is where it was then.
    pub fn move_log(&mut self, dir: &Path) -> Result<Option<String>, EngineError> {
        let counting = &self.directory.0;
        if dir.exists() {
            // Found out now rather than when the log has ended.
            let source = std::io::ErrorKind::AlreadyExists.into();
            return Err(EngineError::NotMoved { dir: dir.to_owned(), source });
        }
        let mut unseen = None;
        match self.end_log() {
            Ok(true) => {}
            Ok(false) => unseen = Some("a thread did not answer".to_owned()),
            Err(error) => unseen = Some(error.to_string()),
        }
        counting.move_to(dir)?;
        self.moved_to = Some(dir.to_owned());
        Ok(unseen.map(|why| {
            format!(
                "what the worker still logs while it finishes its requests may not be seen: {why}"
            )
        }))
    }

    /// Has all threads write to another ring; whether they do.
    fn end_log(&self) -> Result<bool, EngineError> {
        if let Some(file) = self.directory.0.rest_of_log(self.log_bytes)? {
            let view = LogViewMut::create(file, self.dialect.layout().segment_marker())?;
            let (ring, producers) = Ring::create(view, self.dialect.layout(), self.turns.len())?;
            ring.publish_marker();
            let publishers =
                producers.into_iter().map(|one| Publisher::new(one, self.dialect)).collect();
            return Ok(Turn::all(&self.turns, publishers, TURN_PATIENCE));
        }
        Ok(true)
    }

    /// [`drain`](Worker::drain) for one whose place another has taken: connections without a request have their usual time for one more.
    ///
    /// # Errors
    ///
    /// As [`drain`](Worker::drain).
    pub fn retire(mut self, patience: Duration) -> Result<(), EngineError> {
        let control = self.engine.control();
        let dir = self.moved_to.take();
        self.engine.retire(patience, || {
            if let Some(dir) = &dir {
                take_kills(dir, |xid, reason| {
                    // It may have ended meanwhile.
                    control.kill(xid, reason);
                });
            }
        });
        drop(control);
        if let Some(remains) = self.remains.take() {
            // What they still log is nowhere else.
            remains.finish(patience);
        }
        self.end(Duration::ZERO, Engine::drain)
    }

    /// Accepts nothing more, lets what runs come to its end for at most `patience`, stops, and removes the log.
    ///
    /// # Errors
    ///
    /// [`EngineError::Log`] if the log could not be removed.
    pub fn drain(self, patience: Duration) -> Result<(), EngineError> {
        self.end(patience, Engine::drain)
    }

    /// [`drain`](Worker::drain) for one in which something is broken: the log is left for whoever looks for the reason.
    pub fn give_up(self, patience: Duration) {
        let Worker { mut engine, ring, directory, remains, .. } = self;
        engine.drain(patience);
        engine.join();
        drop(remains);
        drop(ring);
        if let Some(set) = directory.0.close() {
            set.leave();
        }
    }

    fn end(
        self,
        patience: Duration,
        how: fn(&mut Engine, Duration) -> bool,
    ) -> Result<(), EngineError> {
        let Worker { mut engine, ring, directory, remains, .. } = self;
        let all_finished = how(&mut engine, patience);
        engine.join();
        drop(remains);
        drop(ring);
        match directory.0.close() {
            Some(set) if all_finished => Ok(set.remove()?),
            // What was cut short is told there, for whoever keeps it.
            Some(set) => {
                set.leave();
                Ok(())
            }
            None => Ok(()),
        }
    }
}

/// All of a worker process: serves until `wait` returns, then drains.
///
/// # Errors
///
/// As [`Worker::start`] and [`Worker::drain`].
pub fn worker_main(
    config: Arc<Config>,
    listeners: Vec<Listener>,
    options: WorkerOptions,
    patience: Duration,
    wait: impl FnOnce(),
) -> Result<(), EngineError> {
    let worker = Worker::start(config, listeners, options)?;
    wait();
    worker.drain(patience)
}
