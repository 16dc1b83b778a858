//! One worker: its process, or the thread that takes its place, and the connection to it.

use std::fmt;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};

use crate::ManagerError;
use crate::descriptors;
use crate::handoff::{self, Handoff, READY};
use crate::relay::{Heard, Relay};

/// How long a new worker has to take its handoff.
const PATIENCE: Duration = Duration::from_secs(10);
/// Room for sockets on their way to a worker, in bytes.
const LATER_BYTES: usize = 4 << 20;

/// How workers come about.
#[derive(Debug)]
pub enum WorkerKind {
    /// A process of its own: this program again, with an argument that makes it one.
    Process {
        /// The program; `/proc/self/exe` is this one even when its file was replaced.
        path: PathBuf,
        /// What makes it a worker.
        arguments: Vec<String>,
        /// How it is called in a list of processes.
        name: String,
    },
    /// A thread of this process, which does what the process would do with its handoff and its end of the connection. The text is
    /// why it ended, should it be an error.
    Thread(fn(Handoff, UnixStream) -> Result<(), String>),
}

/// How a worker ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ended {
    /// As a process.
    Process(ExitStatus),
    /// As a thread: the error, or nothing when it was asked to.
    Thread(Result<(), String>),
}

impl Ended {
    /// The number of the signal that killed it.
    #[must_use]
    pub fn signal(&self) -> Option<i32> {
        match self {
            Ended::Process(status) => status.signal(),
            Ended::Thread(_) => None,
        }
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Ended::Process(status) => status.fmt(f),
            Ended::Thread(Ok(())) => f.write_str("it ended by itself"),
            Ended::Thread(Err(error)) => f.write_str(error),
        }
    }
}

#[derive(Debug)]
enum Body {
    Process(Child),
    /// A process that another program has started in this process.
    Adopted(Pid),
    Thread(Option<JoinHandle<Result<(), String>>>),
}

/// A worker that was started and has not ended.
#[derive(Debug)]
pub(crate) struct Worker {
    body: Body,
    connection: UnixStream,
    /// Where it takes sockets of addresses that are opened later.
    later: Option<UnixStream>,
    pub(crate) started: Instant,
    /// It said that it serves.
    pub(crate) served: bool,
    /// The beginning of what it said, until it serves.
    said: Vec<u8>,
    /// It closed its end, or says what cannot be understood.
    silent: bool,
    pub(crate) relay: Relay,
}

impl Worker {
    /// Starts one. The sockets of the handoff are duplicates, and are closed here.
    pub(crate) fn start(
        kind: &WorkerKind,
        mut handoff: Handoff,
        now: Instant,
    ) -> Result<Worker, ManagerError> {
        let spawn = |source| ManagerError::Spawn { source };
        let (ours, theirs) = UnixStream::pair().map_err(spawn)?;
        let (later, their_later) = UnixStream::pair().map_err(spawn)?;
        later.set_nonblocking(true).map_err(spawn)?;
        // Best effort: with less room a great many sockets may not fit, which is an error then.
        let _ = rustix::net::sockopt::set_socket_send_buffer_size(&later, LATER_BYTES);
        handoff.later = Some(their_later);
        let (body, to_send) = match kind {
            WorkerKind::Process { path, arguments, name } => {
                let process = Command::new(path)
                    .arg0(name)
                    .args(arguments)
                    .stdin(Stdio::from(OwnedFd::from(theirs)))
                    .spawn()
                    .map_err(spawn)?;
                (Body::Process(process), Some(handoff))
            }
            WorkerKind::Thread(work) => {
                let work = *work;
                let thread = std::thread::Builder::new()
                    .name("worker".to_owned())
                    .spawn(move || work(handoff, theirs))
                    .map_err(spawn)?;
                (Body::Thread(Some(thread)), None)
            }
        };
        let mut worker = Worker {
            body,
            connection: ours,
            later: Some(later),
            started: now,
            served: false,
            said: Vec::new(),
            silent: false,
            relay: Relay::default(),
        };
        match worker.hand_over(to_send.as_ref()) {
            Ok(()) => Ok(worker),
            Err(error) => {
                // One that ends at once breaks the connection; how it ended tells more than that.
                worker.kill();
                match worker.wait() {
                    Some(Ended::Process(status)) if status.code().is_some() => {
                        Err(ManagerError::NoWorker { how: Ended::Process(status) })
                    }
                    _ => Err(ManagerError::Handoff(error)),
                }
            }
        }
    }

    /// One that was started by the program before this one. It is not listened to.
    pub(crate) fn adopt(pid: u32, connection: OwnedFd, now: Instant) -> Option<Worker> {
        let pid = i32::try_from(pid).ok().and_then(Pid::from_raw)?;
        Some(Worker {
            body: Body::Adopted(pid),
            connection: UnixStream::from(connection),
            later: None,
            started: now,
            served: true,
            said: Vec::new(),
            silent: true,
            relay: Relay::default(),
        })
    }

    /// Gives it listening sockets, before the order that says what they are. Fails rather than waits.
    pub(crate) fn give(&mut self, sockets: &[BorrowedFd<'_>]) -> io::Result<()> {
        let later = self.later.as_ref().ok_or(io::ErrorKind::NotConnected)?;
        descriptors::send(later, sockets).inspect_err(|_| {
            // Some may have been sent: nobody would know which of them the next ones are.
            self.later = None;
        })
    }

    /// Its connection, which another program is to have.
    pub(crate) fn as_fd(&self) -> BorrowedFd<'_> {
        self.connection.as_fd()
    }

    fn hand_over(&mut self, handoff: Option<&Handoff>) -> Result<(), handoff::HandoffError> {
        if let Some(handoff) = handoff {
            self.connection.set_write_timeout(Some(PATIENCE))?;
            handoff::send(&self.connection, handoff)?;
        }
        Ok(self.connection.set_nonblocking(true)?)
    }

    /// Its process, which is this one for a thread.
    pub(crate) fn pid(&self) -> u32 {
        match &self.body {
            Body::Process(process) => process.id(),
            Body::Adopted(pid) => pid.as_raw_nonzero().get().unsigned_abs(),
            Body::Thread(_) => std::process::id(),
        }
    }

    /// How it ended, if it has.
    pub(crate) fn ended(&mut self) -> Option<Ended> {
        match &mut self.body {
            Body::Process(process) => process.try_wait().ok().flatten().map(Ended::Process),
            Body::Adopted(pid) => match waitpid(Some(*pid), WaitOptions::NOHANG) {
                Ok(None) => None,
                Ok(Some((_, status))) => {
                    Some(Ended::Process(ExitStatus::from_raw(status.as_raw())))
                }
                // It is nobody's child any more, so it has ended.
                Err(_) => Some(Ended::Process(ExitStatus::from_raw(0))),
            },
            Body::Thread(thread) if thread.as_ref().is_none_or(JoinHandle::is_finished) => {
                Some(Ended::Thread(join(thread.take())))
            }
            Body::Thread(_) => None,
        }
    }

    /// What to wait on for news of it.
    pub(crate) fn connection(&self) -> Option<BorrowedFd<'_>> {
        (!self.silent).then(|| self.connection.as_fd())
    }

    /// Whether something waits to be sent to it.
    pub(crate) fn wants_to_send(&self) -> bool {
        !self.silent && self.served && !self.relay.to_send().is_empty()
    }

    /// Reads what it says, and sends what waits. What is heard goes to `hear`.
    pub(crate) fn talk(&mut self, mut hear: impl FnMut(Said)) {
        let mut piece = [0; 16 << 10];
        while !self.silent {
            match (&mut &self.connection).read(&mut piece) {
                Ok(0) => self.silent = true,
                Ok(len) => self.heard(&piece[..len], &mut hear),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(_) => self.silent = true,
            }
        }
        while self.wants_to_send() {
            match (&mut &self.connection).write(self.relay.to_send()) {
                Ok(len) => self.relay.sent(len),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(_) => self.silent = true,
            }
        }
    }

    fn heard(&mut self, mut bytes: &[u8], hear: &mut impl FnMut(Said)) {
        if !self.served {
            let room = READY.len() - self.said.len();
            let (first, rest) = bytes.split_at(bytes.len().min(room));
            self.said.extend_from_slice(first);
            bytes = rest;
            if self.said == READY {
                self.served = true;
                hear(Said::Ready);
            } else if self.said.len() == READY.len() {
                hear(Said::Nonsense("it does not begin with what a worker says".to_owned()));
                self.silent = true;
                return;
            }
        }
        self.relay.received(bytes);
        loop {
            match self.relay.next() {
                Ok(Some(heard)) => hear(Said::Heard(heard)),
                Ok(None) => break,
                Err(error) => {
                    hear(Said::Nonsense(error));
                    self.silent = true;
                    break;
                }
            }
        }
    }

    /// Tells it to finish its requests and end.
    pub(crate) fn ask_to_end(&self) {
        // The end of the connection is what tells it. That it is broken already does the same.
        let _ = self.connection.shutdown(std::net::Shutdown::Both);
    }

    /// Ends a process at once. A thread cannot be ended; it ends with this process.
    pub(crate) fn kill(&mut self) {
        if let Body::Process(process) = &mut self.body {
            // It fails when the process has ended, which is what is wanted.
            let _ = process.kill();
        }
        if let Body::Adopted(pid) = &self.body {
            let _ = kill_process(*pid, Signal::KILL);
        }
    }

    /// Waits for the end of a process that was killed.
    pub(crate) fn wait(&mut self) -> Option<Ended> {
        match &mut self.body {
            Body::Process(process) => process.wait().ok().map(Ended::Process),
            Body::Adopted(_) | Body::Thread(_) => None,
        }
    }
}

/// What a worker said.
#[derive(Debug)]
pub(crate) enum Said {
    /// It serves.
    Ready,
    /// An answer, or something unasked.
    Heard(Heard),
    /// What cannot be understood; nothing more is read from it.
    Nonsense(String),
}

fn join(thread: Option<JoinHandle<Result<(), String>>>) -> Result<(), String> {
    match thread.map(JoinHandle::join) {
        Some(Ok(result)) => result,
        Some(Err(_)) => Err("it panicked; what it said is above".to_owned()),
        None => Ok(()),
    }
}
