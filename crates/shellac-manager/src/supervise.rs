//! The life of workers: start, watch, start again, stop.

use std::fmt;
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use shellac_vsm::VsmError;
use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGTERM};

use crate::ManagerError;
use crate::backoff::Backoff;
use crate::handoff::{self, READY};
use crate::house::House;
use crate::life::Life;
use crate::xid::XidBases;

/// How much longer than its requests a worker has before it is killed.
const DRAIN_SLACK: Duration = Duration::from_secs(5);

/// How often the manager says how long it runs.
const BEAT: Duration = Duration::from_secs(1);

/// How long a new worker has to take its handoff.
const PATIENCE: Duration = Duration::from_secs(10);

/// How a worker process is started: this program again, with an argument that makes it one.
#[derive(Debug, Clone)]
pub struct WorkerProgram {
    /// The program; `/proc/self/exe` is this one even when its file was replaced.
    pub path: PathBuf,
    /// What makes it a worker.
    pub arguments: Vec<String>,
    /// How it is called in a list of processes.
    pub name: String,
    /// How long a worker gives its open requests when the manager stops; a little later it is killed.
    pub drain: Duration,
}

/// Something that happened, for people.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
    /// A worker serves.
    Serving {
        /// Its process.
        pid: u32,
        /// Whether it took the place of another.
        again: bool,
    },
    /// A worker ended though nobody asked it to.
    Died {
        /// Its process.
        pid: u32,
        /// How it ended.
        status: ExitStatus,
        /// How long it ran.
        ran: Duration,
        /// When the next one is started.
        wait: Duration,
    },
    /// A worker could not be started; it is tried again.
    NotStarted {
        /// Why.
        error: ManagerError,
        /// When it is tried again.
        wait: Duration,
    },
    /// What a dead worker left could not be removed.
    LeftOver(VsmError),
    /// A signal asked to stop; the worker finishes its requests.
    Stopping {
        /// How long it may take.
        drain: Duration,
    },
    /// The worker did not finish in time, or a second signal came.
    Killed {
        /// Its process.
        pid: u32,
    },
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Event::Serving { pid, again: false } => write!(f, "worker {pid} serves"),
            Event::Serving { pid, again: true } => write!(f, "worker {pid} serves in its place"),
            Event::Died { pid, status, ran, wait } => write!(
                f,
                "worker {pid} ended after {:.1} s ({status}); connections wait, another one starts in {:.1} s",
                ran.as_secs_f64(),
                wait.as_secs_f64()
            ),
            Event::NotStarted { error, wait } => {
                write!(f, "{}; trying again in {:.1} s", error.full_text(), wait.as_secs_f64())
            }
            Event::LeftOver(error) => f.write_str(&error.full_text()),
            Event::Stopping { drain } => {
                write!(
                    f,
                    "stopping: open requests have {} s; another signal stops at once",
                    drain.as_secs()
                )
            }
            Event::Killed { pid } => write!(f, "worker {pid} was killed with requests open"),
        }
    }
}

/// How the manager ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Every request was finished.
    Drained,
    /// The worker had to be killed.
    Killed,
}

/// Runs workers until SIGTERM, SIGINT or SIGHUP.
///
/// A worker that dies is replaced; the first one has to serve, or this fails.
///
/// # Errors
///
/// [`ManagerError`]. The house is taken down in any case.
pub fn supervise(
    mut house: House,
    program: &WorkerProgram,
    mut tell: impl FnMut(Event),
) -> Result<Outcome, ManagerError> {
    let signals = Signals::register().map_err(|source| ManagerError::Signals { source })?;
    let mut backoff = Backoff::default();
    let mut xid_bases = XidBases::new(house.layout());
    let mut served_before = false;
    let life = house.life().clone();
    loop {
        let xid_base = xid_bases.next(since_1970());
        let mut worker = match Worker::start(&house, program, xid_base) {
            Ok(worker) => worker,
            Err(error) if !served_before => return Err(error),
            Err(error) => {
                let wait = backoff.after(Duration::ZERO);
                tell(Event::NotStarted { error, wait });
                if signals.asks_to_stop_within(wait, &life) {
                    return Ok(Outcome::Drained);
                }
                continue;
            }
        };
        life.started();
        match worker.watch(&signals, served_before, &life, &mut tell) {
            End::Asked => {
                tell(Event::Stopping { drain: program.drain });
                house.close_listeners();
                return Ok(worker.stop(&signals, program.drain + DRAIN_SLACK, &mut tell));
            }
            End::Died(status) if !worker.served && !served_before => {
                return Err(ManagerError::NoWorker { status });
            }
            End::Died(status) => {
                served_before = true;
                if let Err(error) = house.remove_child_set() {
                    tell(Event::LeftOver(error));
                }
                let ran = worker.started.elapsed();
                let wait = backoff.after(ran);
                life.died(status);
                tell(Event::Died { pid: worker.process.id(), status, ran, wait });
                if signals.asks_to_stop_within(wait, &life) {
                    return Ok(Outcome::Drained);
                }
            }
        }
    }
}

#[allow(clippy::disallowed_methods, reason = "the manager is one of the few that read the clock")]
fn since_1970() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

#[allow(clippy::disallowed_methods, reason = "the manager is one of the few that read the clock")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Why watching a worker ended.
enum End {
    /// A signal asked to stop.
    Asked,
    /// It ended.
    Died(ExitStatus),
}

struct Worker {
    process: Child,
    connection: UnixStream,
    started: Instant,
    /// It said that it serves.
    served: bool,
    /// What it said so far.
    said: Vec<u8>,
    /// It closed its end.
    silent: bool,
}

impl Worker {
    fn start(
        house: &House,
        program: &WorkerProgram,
        xid_base: u64,
    ) -> Result<Worker, ManagerError> {
        let spawn = |source| ManagerError::Spawn { source };
        let (ours, theirs) = UnixStream::pair().map_err(spawn)?;
        let process = Command::new(&program.path)
            .arg0(&program.name)
            .args(&program.arguments)
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .spawn()
            .map_err(spawn)?;
        let mut worker = Worker {
            process,
            connection: ours,
            started: now(),
            served: false,
            said: Vec::new(),
            silent: false,
        };
        let handed = house
            .handoff(xid_base)
            .and_then(|handoff| {
                worker.connection.set_write_timeout(Some(PATIENCE)).map(|()| handoff)
            })
            .map_err(handoff::HandoffError::from)
            .and_then(|handoff| handoff::send(&worker.connection, &handoff))
            .and_then(|()| Ok(worker.connection.set_nonblocking(true)?));
        match handed {
            Ok(()) => Ok(worker),
            Err(error) => {
                // One that ends at once breaks the connection; how it ended tells more than that.
                worker.kill();
                match worker.process.wait() {
                    Ok(status) if status.code().is_some() => Err(ManagerError::NoWorker { status }),
                    _ => Err(ManagerError::Handoff(error)),
                }
            }
        }
    }

    /// Waits until it ends or a signal asks to stop.
    fn watch(
        &mut self,
        signals: &Signals,
        again: bool,
        life: &Life,
        tell: &mut impl FnMut(Event),
    ) -> End {
        loop {
            life.beat();
            // Before sleeping: what happened while nobody waited.
            if let Ok(Some(status)) = self.process.try_wait() {
                self.listen(again, tell);
                return End::Died(status);
            }
            if signals.take() {
                return End::Asked;
            }
            let connection = (!self.silent).then_some(self.connection.as_fd());
            let wanted = [Some(signals.stop.as_fd()), Some(signals.child.as_fd()), connection];
            wait_for(wanted, BEAT);
            self.listen(again, tell);
            drain_pipe(&signals.child);
        }
    }

    /// Reads what it says.
    fn listen(&mut self, again: bool, tell: &mut impl FnMut(Event)) {
        let mut piece = [0; 256];
        match (&mut &self.connection).read(&mut piece) {
            Ok(0) => self.silent = true,
            Ok(len) => {
                // It has one thing to say; whatever else comes is not kept.
                let room = READY.len().saturating_sub(self.said.len());
                self.said.extend_from_slice(&piece[..len.min(room)]);
                if !self.served && self.said == READY {
                    self.served = true;
                    tell(Event::Serving { pid: self.process.id(), again });
                }
            }
            Err(error)
                if error.kind() == io::ErrorKind::WouldBlock
                    || error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => self.silent = true,
        }
    }

    /// Lets it finish, for a while; then not.
    fn stop(
        &mut self,
        signals: &Signals,
        drain: Duration,
        tell: &mut impl FnMut(Event),
    ) -> Outcome {
        // The end of the connection is what tells it.
        let _ = self.connection.shutdown(std::net::Shutdown::Both);
        let deadline = now() + drain;
        loop {
            if let Ok(Some(_)) = self.process.try_wait() {
                return Outcome::Drained;
            }
            let left = deadline.saturating_duration_since(now());
            if left.is_zero() || signals.take() {
                self.kill();
                let _ = self.process.wait();
                tell(Event::Killed { pid: self.process.id() });
                return Outcome::Killed;
            }
            wait_for([Some(signals.stop.as_fd()), Some(signals.child.as_fd()), None], left);
            drain_pipe(&signals.child);
        }
    }

    fn kill(&mut self) {
        // It fails when the process has ended, which is what is wanted.
        let _ = self.process.kill();
    }
}

/// The signals that matter, as pipes that can be waited for.
struct Signals {
    stop: UnixStream,
    child: UnixStream,
    ids: Vec<signal_hook::SigId>,
}

impl Signals {
    fn register() -> io::Result<Signals> {
        let (stop, stop_write) = UnixStream::pair()?;
        let (child, child_write) = UnixStream::pair()?;
        stop.set_nonblocking(true)?;
        child.set_nonblocking(true)?;
        let ids = vec![
            signal_hook::low_level::pipe::register(SIGTERM, stop_write.try_clone()?)?,
            signal_hook::low_level::pipe::register(SIGINT, stop_write.try_clone()?)?,
            signal_hook::low_level::pipe::register(SIGHUP, stop_write)?,
            signal_hook::low_level::pipe::register(SIGCHLD, child_write)?,
        ];
        Ok(Signals { stop, child, ids })
    }

    /// Whether one asked to stop since the last time.
    fn take(&self) -> bool {
        drain_pipe(&self.stop)
    }

    fn asks_to_stop_within(&self, time: Duration, life: &Life) -> bool {
        let deadline = now() + time;
        loop {
            life.beat();
            if self.take() {
                return true;
            }
            let left = deadline.saturating_duration_since(now());
            if left.is_zero() {
                return false;
            }
            wait_for([Some(self.stop.as_fd()), None, None], left.min(BEAT));
        }
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        for id in self.ids.drain(..) {
            signal_hook::low_level::unregister(id);
        }
    }
}

/// Empties the reading end of a pipe; whether something was in it.
fn drain_pipe(pipe: &UnixStream) -> bool {
    let mut any = false;
    let mut bytes = [0; 64];
    while matches!((&mut &*pipe).read(&mut bytes), Ok(len) if len > 0) {
        any = true;
    }
    any
}

/// Sleeps until one of the descriptors can be read, a signal arrives or the time is over.
fn wait_for(descriptors: [Option<BorrowedFd<'_>>; 3], time: Duration) {
    let mut fds: Vec<PollFd<'_>> = descriptors
        .iter()
        .flatten()
        .map(|descriptor| PollFd::from_borrowed_fd(*descriptor, PollFlags::IN))
        .collect();
    let time = Timespec::try_from(time).ok();
    // Every error, an interruption above all, means that the caller looks again.
    let _ = poll(&mut fds, time.as_ref());
}
