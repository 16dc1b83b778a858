//! Another program in this one's place, while everything is served.
//!
//! First a trial: the program at our path is started beside, reads what it would take over, and has to say a word that only one which
//! understands it can say. Then the worker moves its log out of the way of its successor's. Then this process becomes that
//! program, with all sockets in the queue of its standard input; its pid, its children and its locks stay. It starts a worker of
//! its own, and only when that one serves the old one is asked to finish its requests. Until the last of these steps nothing has
//! changed when one fails.

use std::ffi::OsString;
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use shellac_admin::Answer;
use shellac_sys::IgnoredSignals;
use shellac_vsm::publish::retired_dir;
use signal_hook::consts::{SIGHUP, SIGUSR2};

use crate::errands::Then;
use crate::event::Event;
use crate::handoff::HandoffBefore;
use crate::supervise::{DRAIN_SLACK, Stage, Supervisor, now};
use crate::takeover::{TAKE_OVER, TRIAL};
use crate::worker::{Worker, WorkerKind};

/// How long a trial may take.
const TRIAL_PATIENCE: Duration = Duration::from_secs(30);
/// What a trial may say, in bytes.
const SAID_BYTES: usize = 256;
/// Workers that finish their requests at the same time.
const RETIRING_MOST: usize = 8;
/// How long the requests have that a worker serves when another one takes its place.
pub const RETIRE: Duration = Duration::from_secs(600);

/// How the program is started that is to take this one's place.
#[derive(Debug, Clone)]
pub struct NextProgram {
    /// Where it lies: this program's own path, at which another one may be by now.
    pub path: PathBuf,
    /// What it is called as.
    pub name: OsString,
    /// The arguments of this one; [`TAKE_OVER`] is added.
    pub arguments: Vec<OsString>,
}

/// A trial that runs.
#[derive(Debug)]
pub(crate) struct Trial {
    process: Child,
    said: UnixStream,
    token: String,
    deadline: Instant,
}

/// A worker that finishes its requests.
#[derive(Debug)]
pub(crate) struct Retiring {
    pub(crate) worker: Box<Worker>,
    /// It was asked to end; it is killed then.
    pub(crate) deadline: Option<Instant>,
    pub(crate) is_killed: bool,
}

impl Trial {
    /// When it has taken too long.
    pub(crate) fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Ends it.
    fn end(&mut self) {
        // One that has ended already needs no end.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }

    /// Whether it said the word.
    fn is_good(&mut self) -> bool {
        let mut said = [0; SAID_BYTES];
        let len = self.said.read(&mut said).unwrap_or(0);
        said[..len] == *format!("{}\n", self.token).as_bytes()
    }
}

impl Supervisor<'_> {
    /// A signal asks for another program: starts its trial.
    pub(crate) fn begin_upgrade(&mut self) {
        let Some(next) = self.program.next.clone() else {
            return self.upgrade_failed("a process that serves itself cannot be replaced");
        };
        let ready = match &self.stage {
            Stage::Running(worker) => worker.served,
            Stage::Waiting { .. } | Stage::Stopped => true,
            Stage::Stopping { .. } => false,
        };
        if matches!(self.program.kind, WorkerKind::Thread(_)) {
            return self.upgrade_failed("a process that serves itself cannot be replaced");
        }
        if self.trial.is_some() || self.is_retire_asked {
            return self.upgrade_failed("one is under way already");
        }
        if !ready {
            return self.upgrade_failed("a worker is just starting or stopping");
        }
        if self.retiring.len() >= RETIRING_MOST {
            let text = format!("{RETIRING_MOST} earlier workers have not finished their requests");
            return self.upgrade_failed(&text);
        }
        (self.tell)(Event::Upgrading { path: next.path.clone() });
        self.notifier.reloading();
        match self.start_trial(&next) {
            Ok(trial) => self.trial = Some(trial),
            Err(error) => {
                self.upgrade_failed(&format!("cannot start {}: {error}", next.path.display()));
            }
        }
    }

    fn start_trial(&self, next: &NextProgram) -> io::Result<Trial> {
        let mut random = [0; 16];
        std::fs::File::open("/dev/urandom")?.read_exact(&mut random)?;
        let token: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
        let (state, _) = self.house.leave(token.clone());
        let (said, theirs) = UnixStream::pair()?;
        said.set_nonblocking(true)?;
        let process = Command::new(&next.path)
            .arg0(&next.name)
            .args(&next.arguments)
            .arg(TRIAL)
            .stdin(Stdio::from(state.file()?))
            .stdout(Stdio::from(OwnedFd::from(theirs)))
            .spawn()?;
        Ok(Trial { process, said, token, deadline: now() + TRIAL_PATIENCE })
    }

    /// Looks what became of a trial.
    pub(crate) fn look_at_trial(&mut self) {
        let Some(trial) = &mut self.trial else { return };
        let late = now() >= trial.deadline;
        let ended = trial.process.try_wait();
        let why = match ended {
            Ok(None) if !late => return,
            Ok(None) => format!("its trial took more than {} s", TRIAL_PATIENCE.as_secs()),
            Ok(Some(status)) if !status.success() => {
                format!("its trial failed ({status}); what it said is above")
            }
            Ok(Some(_)) if trial.is_good() => {
                self.trial = None;
                return self.retire_worker();
            }
            Ok(Some(_)) => {
                "the program there is another one: it does not know how to take over".to_owned()
            }
            Err(error) => format!("its trial cannot be watched: {error}"),
        };
        trial.end();
        self.trial = None;
        self.upgrade_failed(&why);
    }

    /// The worker is to make room for its successor's log, and goes on serving.
    fn retire_worker(&mut self) {
        match &self.stage {
            Stage::Running(worker) => {
                let dir = retired_dir(self.house.workdir(), worker.pid());
                self.is_retire_asked = true;
                self.ask(None, &["retire", &dir.display().to_string()], Then::Retired);
            }
            Stage::Stopping { .. } => self.upgrade_failed("a worker is just stopping"),
            Stage::Stopped | Stage::Waiting { .. } => self.become_next(),
        }
    }

    /// The worker has made room, or could not.
    pub(crate) fn retired(&mut self, answer: &Answer) {
        self.is_retire_asked = false;
        if !answer.status.is_done() {
            return self.upgrade_failed(answer.text().trim_end());
        }
        if !answer.text().is_empty() {
            (self.tell)(Event::Admin { what: answer.text().trim_end().to_owned() });
        }
        if matches!(self.stage, Stage::Running(_)) {
            self.become_next();
        }
    }

    /// Becomes the other program. When this returns that has failed.
    fn become_next(&mut self) {
        let why = match self.program.next.clone() {
            Some(next) => self.exec(&next),
            None => io::Error::other("there is none"),
        };
        // The worker that has made room is not seen any more by readers: another one takes its place.
        let stage = std::mem::replace(&mut self.stage, Stage::Stopped);
        self.stage = match stage {
            Stage::Running(worker) => {
                self.fail_errands("The worker was replaced before it answered.\n");
                self.retiring.push(Retiring { worker, deadline: None, is_killed: false });
                Stage::Waiting { until: now() }
            }
            other => other,
        };
        self.upgrade_failed(&format!("it could not be started: {why}"));
    }

    fn exec(&mut self, next: &NextProgram) -> io::Error {
        // What is being written stays whole.
        self.finish_crash();
        let (ours, theirs) = match UnixStream::pair() {
            Ok(pair) => pair,
            Err(error) => return error,
        };
        let (mut state, mut descriptors) = self.house.leave(String::new());
        let running = match &self.stage {
            Stage::Running(worker) => Some(worker),
            _ => None,
        };
        // The newest first.
        let retiring = self.retiring.iter().rev().map(|one| &one.worker);
        let workers = running.into_iter().chain(retiring);
        for worker in workers {
            state.workers.push(worker.pid());
            descriptors.push(worker.as_fd());
        }
        if let Some(keys) = self.house.keys() {
            state.keys = true;
            descriptors.push(keys.as_fd());
        }
        state.stopped = matches!(self.stage, Stage::Stopped);
        state.xid = self.xid_bases.last().map(|(base, at)| (base, at.as_secs(), at.subsec_nanos()));
        if let Err(error) = state.send(&ours, &descriptors) {
            return error;
        }
        // Signals that come before the other program can catch them would end it.
        let _ignored = match IgnoredSignals::new(&[SIGHUP, SIGUSR2]) {
            Ok(ignored) => ignored,
            Err(error) => return error,
        };
        let error = Command::new(&next.path)
            .arg0(&next.name)
            .args(&next.arguments)
            .arg(TAKE_OVER)
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .exec();
        // What lies in that queue would keep the addresses after their end.
        if let Ok(nothing) = std::fs::File::open("/dev/null") {
            let _ = rustix::stdio::dup2_stdin(&nothing);
        }
        error
    }

    fn upgrade_failed(&mut self, why: &str) {
        (self.tell)(Event::NotUpgraded { why: why.to_owned() });
        self.say_ready();
    }

    /// Another worker serves: those before it may finish.
    pub(crate) fn end_retiring(&mut self) {
        for one in self.retiring.iter_mut().filter(|one| one.deadline.is_none()) {
            one.worker.ask_to_end();
            one.deadline = Some(now() + RETIRE + DRAIN_SLACK);
            (self.tell)(Event::Retiring { pid: one.worker.pid(), patience: RETIRE });
        }
    }

    /// This manager ends: those that still finish their requests have no more time than the others.
    pub(crate) fn hurry_retiring(&mut self, patience: Duration) {
        let until = now() + patience;
        for one in &mut self.retiring {
            one.worker.ask_to_end();
            one.deadline = Some(one.deadline.map_or(until, |deadline| deadline.min(until)));
        }
    }

    /// Notices that such workers have ended, and ends those that took too long.
    pub(crate) fn look_after_retiring(&mut self) {
        let mut at = 0;
        while at < self.retiring.len() {
            let one = &mut self.retiring[at];
            let pid = one.worker.pid();
            let Some(how) = one.worker.ended() else {
                if one.deadline.is_some_and(|deadline| now() >= deadline) {
                    one.worker.kill();
                    one.is_killed = true;
                }
                at += 1;
                continue;
            };
            let is_killed = self.retiring.remove(at).is_killed;
            // One that ended well has removed it.
            let dir = retired_dir(self.house.workdir(), pid);
            self.keep_retired(pid, &how, is_killed, &dir);
            match std::fs::remove_dir_all(&dir) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    let what = format!("cannot remove {}: {error}", dir.display());
                    (self.tell)(Event::Admin { what });
                }
                _ => {}
            }
            (self.tell)(Event::Retired { pid, how });
        }
    }

    /// Takes up what the program before this one has left.
    pub(crate) fn go_on(&mut self) {
        let Some(before) = self.house.take_before() else { return };
        self.xid_bases.go_on(before.xid);
        for (pid, connection) in before.workers.into_iter().rev() {
            if let Some(worker) = Worker::adopt(pid, connection, now()) {
                let worker = Box::new(worker);
                self.retiring.push(Retiring { worker, deadline: None, is_killed: false });
            }
        }
        self.served_before = true;
        if before.stopped {
            self.house.pause_listeners();
            self.stage = Stage::Stopped;
            self.end_retiring();
            self.say_ready();
        }
        (self.tell)(Event::TookOver { from: before.version });
    }
}

/// The worker whose log its successor hands on. Those before it are handed on by it, as it waits for their end.
pub(crate) fn before(retiring: &[Retiring]) -> Vec<HandoffBefore> {
    let newest = retiring
        .last()
        .map(|one| HandoffBefore { pid: one.worker.pid(), is_new: one.deadline.is_none() });
    newest.into_iter().collect()
}

/// What a retiring worker is waited for with: its end is a signal, so that only its deadline matters.
pub(crate) fn next_deadline(retiring: &[Retiring]) -> Option<Instant> {
    retiring.iter().filter_map(|one| one.deadline).min()
}
