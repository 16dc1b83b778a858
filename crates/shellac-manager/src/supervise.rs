//! The life of workers, and the loop in which the manager waits for everything at once.

use std::collections::VecDeque;
use std::os::fd::{AsFd, BorrowedFd};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use shellac_admin::{Answer, Commands, Host, Row, Status};

use crate::ManagerError;
use crate::admin::{SessionId, Sessions, commands};
use crate::backoff::Backoff;
use crate::crash::Crash;
use crate::errands::Errands;
use crate::event::{Event, Outcome};
use crate::house::House;
use crate::letters::Letter;
use crate::notify::Notifier;
use crate::panic_note::PanicNote;
use crate::relay::Heard;
use crate::signals::{self, Signals};
use crate::switch::Switch;
use crate::upgrade::{self, NextProgram, Retiring, Trial};
use crate::worker::{Ended, Said, Worker, WorkerKind};
use crate::xid::XidBases;

/// How much longer than its requests a worker has before it is killed.
pub(crate) const DRAIN_SLACK: Duration = Duration::from_secs(5);
/// How often the manager says how long it runs.
const BEAT: Duration = Duration::from_secs(1);
/// What those are told who wait for a worker that is asked to end.
pub(crate) const STOPPING: &str = "The worker is stopping.\n";
/// Requests of one client that are looked at before everything else is again.
const REQUESTS_AT_ONCE: usize = 16;

/// How a manager works.
#[derive(Debug)]
pub struct WorkerProgram {
    /// How workers come about.
    pub kind: WorkerKind,
    /// How long a worker gives its open requests when it is to end; a little later it is killed.
    pub drain: Duration,
    /// The commands that workers run.
    pub commands: &'static [Row],
    /// What takes this program's place when SIGUSR2 asks for that.
    pub next: Option<NextProgram>,
}

/// Runs workers and commands until SIGTERM or SIGINT; SIGHUP loads the configuration again, SIGUSR2 has the program replaced.
///
/// A worker that dies is replaced; the first one has to serve, or this fails. systemd is told how it goes.
///
/// # Errors
///
/// [`ManagerError`]. The house is taken down in any case.
pub fn supervise(
    house: House,
    program: &WorkerProgram,
    mut tell: impl FnMut(Event),
) -> Result<Outcome, ManagerError> {
    let signals = Signals::register().map_err(|source| ManagerError::Signals { source })?;
    let xid_bases = XidBases::new(house.layout());
    let idle = house.settings().config.admin.idle_timeout;
    let mut supervisor = Supervisor {
        xid_bases,
        sessions: Sessions::new(idle),
        commands: Commands::new(&[commands::ROWS, program.commands]),
        program,
        house,
        tell: &mut tell,
        stage: Stage::Waiting { until: now() },
        backoff: Backoff::default(),
        served_before: false,
        errands: Errands::default(),
        switches: VecDeque::new(),
        panic: None,
        crash: None,
        last_words: Vec::new(),
        trial: None,
        is_retire_asked: false,
        retiring: Vec::new(),
        letters: Vec::new(),
        notifier: Notifier::from_environment(),
        outcome: None,
    };
    supervisor.go_on();
    loop {
        if let Some(outcome) = supervisor.step(&signals)? {
            supervisor.finish_crash();
            return Ok(outcome);
        }
        supervisor.wait(&signals);
    }
}

/// What the worker is doing.
pub(crate) enum Stage {
    /// A command stopped it.
    Stopped,
    /// It died, or could not be started; the next one starts then.
    Waiting { until: Instant },
    /// It runs, though it may not serve yet.
    Running(Box<Worker>),
    /// It was asked to end.
    Stopping { worker: Box<Worker>, deadline: Instant, exit: bool, killed: bool },
}

/// Everything that the manager has to do with.
pub(crate) struct Supervisor<'a> {
    pub(crate) house: House,
    pub(crate) program: &'a WorkerProgram,
    pub(crate) tell: &'a mut dyn FnMut(Event),
    pub(crate) stage: Stage,
    backoff: Backoff,
    pub(crate) xid_bases: XidBases,
    /// A worker has served.
    pub(crate) served_before: bool,
    pub(crate) sessions: Sessions,
    pub(crate) commands: Commands,
    /// What the worker was asked and has not answered.
    pub(crate) errands: Errands,
    /// Configurations that are to be the active one, one after the other.
    pub(crate) switches: VecDeque<Switch>,
    /// Why the last worker ended, if that was nobody's wish.
    pub(crate) panic: Option<PanicNote>,
    /// What a dead worker had logged is being written to a file.
    pub(crate) crash: Option<JoinHandle<Result<Crash, String>>>,
    /// The ends of requests with which a worker died, for the log of the next one.
    pub(crate) last_words: Vec<Vec<u8>>,
    /// Another program shows whether it can take over.
    pub(crate) trial: Option<Trial>,
    /// The worker is asked to make room for its successor's log.
    pub(crate) is_retire_asked: bool,
    /// Workers that finish their requests while another one serves.
    pub(crate) retiring: Vec<Retiring>,
    /// What these were ordered and have not taken.
    pub(crate) letters: Vec<Letter>,
    pub(crate) notifier: Notifier,
    /// How it ended, while others still have to.
    outcome: Option<Outcome>,
}

impl Supervisor<'_> {
    /// Does whatever can be done now; the outcome when it is over.
    fn step(&mut self, signals: &Signals) -> Result<Option<Outcome>, ManagerError> {
        self.house.life().beat();
        self.notifier.beat(now());
        signals::take(&signals.child);
        let reload = signals::take(&signals.reload);
        if signals::take(&signals.upgrade) && !self.is_ending() {
            self.begin_upgrade();
        }
        self.look_at_trial();
        self.look_at_letters();
        self.look_after_retiring();
        self.look_at_crash();
        self.hand_on_last_words();
        if signals::take(&signals.stop)
            && let Some(outcome) = self.asked_to_stop()
        {
            self.outcome.get_or_insert(outcome);
        }
        if self.outcome.is_some() {
            // Nothing but the workers is left whose place was taken.
            return Ok(self.outcome.filter(|_| self.retiring.is_empty()));
        }
        if reload && !self.is_ending() {
            self.reload(None, None);
        }
        // What it said before it ended comes first.
        self.talk();
        if let Some(outcome) = self.look_after_worker()? {
            self.outcome = Some(outcome);
            return Ok(self.outcome.filter(|_| self.retiring.is_empty()));
        }
        self.serve_clients();
        // What they asked goes out now.
        self.talk();
        Ok(None)
    }

    /// Sleeps until something can be done.
    fn wait(&self, signals: &Signals) {
        if self.sessions.has_more() {
            return;
        }
        let mut fds: Vec<PollFd<'_>> =
            [&signals.stop, &signals.reload, &signals.upgrade, &signals.child]
                .map(|pipe| PollFd::from_borrowed_fd(pipe.as_fd(), PollFlags::IN))
                .into();
        if let Stage::Running(worker) | Stage::Stopping { worker, .. } = &self.stage
            && let Some(connection) = worker.connection()
        {
            let out = if worker.wants_to_send() { PollFlags::OUT } else { PollFlags::empty() };
            fds.push(PollFd::from_borrowed_fd(connection, PollFlags::IN | out));
        }
        let door = self.house.door().into_iter().flat_map(|door| door.sockets());
        fds.extend(
            door.map(|socket: BorrowedFd<'_>| PollFd::from_borrowed_fd(socket, PollFlags::IN)),
        );
        fds.extend(
            self.sessions
                .interests()
                .map(|(socket, flags)| PollFd::from_borrowed_fd(socket, flags)),
        );
        let own = match &self.stage {
            Stage::Waiting { until } => Some(*until),
            Stage::Stopping { deadline, .. } => Some(*deadline),
            Stage::Stopped | Stage::Running(_) => None,
        };
        let beat = Some(now() + BEAT);
        let next = [
            beat,
            own,
            self.sessions.next_deadline(),
            self.errands.next_deadline(),
            self.notifier.next_beat(),
            self.trial.as_ref().map(Trial::deadline),
            upgrade::next_deadline(&self.retiring),
        ];
        let time = next.into_iter().flatten().min().map(|at| at.saturating_duration_since(now()));
        // A thread ends without a signal, a moment after its connection; nor is there one when an order is taken.
        let is_asking = self.is_waiting_for_thread() || !self.letters.is_empty();
        let thread_ends = is_asking.then_some(Duration::from_millis(50));
        let time = [time, thread_ends].into_iter().flatten().min();
        let time = time.and_then(|time| Timespec::try_from(time).ok());
        // Every error, an interruption above all, means that everything is looked at again.
        let _ = poll(&mut fds, time.as_ref());
    }

    fn is_waiting_for_thread(&self) -> bool {
        let is_thread = matches!(self.program.kind, WorkerKind::Thread(_));
        match &self.stage {
            Stage::Running(worker) | Stage::Stopping { worker, .. } => {
                is_thread && worker.connection().is_none()
            }
            Stage::Stopped | Stage::Waiting { .. } => false,
        }
    }

    /// Whether the manager itself is about to end.
    pub(crate) fn is_ending(&self) -> bool {
        self.outcome.is_some() || matches!(self.stage, Stage::Stopping { exit: true, .. })
    }

    /// Whether a worker runs that commands can be sent to.
    pub(crate) fn worker_runs(&self) -> bool {
        matches!(self.stage, Stage::Running(_))
    }

    /// A signal asked to stop.
    fn asked_to_stop(&mut self) -> Option<Outcome> {
        self.notifier.stopping();
        let again = self.is_ending();
        let patience = if again { Duration::ZERO } else { self.program.drain + DRAIN_SLACK };
        self.hurry_retiring(patience);
        match &mut self.stage {
            Stage::Stopped | Stage::Waiting { .. } => {
                self.house.close_listeners();
                Some(Outcome::Drained)
            }
            Stage::Stopping { worker, exit: true, killed, .. } => {
                worker.kill();
                *killed = true;
                None
            }
            Stage::Stopping { exit, deadline, .. } => {
                *exit = true;
                let drain = deadline.saturating_duration_since(now()).saturating_sub(DRAIN_SLACK);
                (self.tell)(Event::Stopping { drain });
                self.house.close_listeners();
                self.fail_errands(STOPPING);
                None
            }
            Stage::Running(_) => {
                (self.tell)(Event::Stopping { drain: self.program.drain });
                self.house.close_listeners();
                self.stop_worker(true);
                None
            }
        }
    }

    /// Asks the worker to end.
    pub(crate) fn stop_worker(&mut self, exit: bool) {
        let stage = std::mem::replace(&mut self.stage, Stage::Stopped);
        self.stage = match stage {
            Stage::Running(worker) => {
                worker.ask_to_end();
                let deadline = now() + self.program.drain + DRAIN_SLACK;
                Stage::Stopping { worker, deadline, exit, killed: false }
            }
            Stage::Waiting { .. } => Stage::Stopped,
            other => other,
        };
        self.fail_errands(STOPPING);
    }

    /// Starts a worker, notices that one ended, ends one that is too slow.
    fn look_after_worker(&mut self) -> Result<Option<Outcome>, ManagerError> {
        match &mut self.stage {
            Stage::Stopped => Ok(None),
            Stage::Waiting { until } => {
                if now() >= *until {
                    self.start_worker()?;
                }
                Ok(None)
            }
            Stage::Running(worker) => {
                if let Some(how) = worker.ended() {
                    // It may have said something between our last look and its end.
                    self.talk();
                    self.died(how)?;
                }
                Ok(None)
            }
            Stage::Stopping { worker, deadline, exit, killed } => {
                let pid = worker.pid();
                if let Some(how) = worker.ended() {
                    let (exit, killed) = (*exit, *killed);
                    self.stage = Stage::Stopped;
                    self.keep_stopped(pid, &how, killed);
                    if killed {
                        (self.tell)(Event::Killed { pid });
                    }
                    if exit {
                        return Ok(Some(if killed { Outcome::Killed } else { Outcome::Drained }));
                    }
                    self.remove_left_over();
                    (self.tell)(Event::Stopped { pid });
                    if self.errands.is_start_wanted() {
                        self.stage = Stage::Waiting { until: now() };
                    }
                } else if now() >= *deadline {
                    if *exit && matches!(self.program.kind, WorkerKind::Thread(_)) {
                        // A thread ends with this process and not before.
                        (self.tell)(Event::Killed { pid });
                        return Ok(Some(Outcome::Killed));
                    }
                    worker.kill();
                    *killed = true;
                    *deadline = now() + DRAIN_SLACK;
                }
                Ok(None)
            }
        }
    }

    pub(crate) fn start_worker(&mut self) -> Result<(), ManagerError> {
        let xid_base = self.xid_bases.next(since_1970());
        let started = self
            .house
            .resume_listeners()
            .and_then(|()| self.house.handoff(xid_base, upgrade::before(&self.retiring)))
            .map_err(|error| ManagerError::Handoff(error.into()))
            .and_then(|handoff| Worker::start(&self.program.kind, handoff, now()));
        match started {
            Ok(worker) => {
                self.house.life().started();
                self.stage = Stage::Running(Box::new(worker));
            }
            Err(error) if !self.served_before => return Err(error),
            Err(error) => {
                let wait = self.backoff.after(Duration::ZERO);
                let text = format!("The worker could not be started: {}\n", error.full_text());
                (self.tell)(Event::NotStarted { error, wait });
                self.stage = Stage::Waiting { until: now() + wait };
                self.fail_errands(&text);
            }
        }
        Ok(())
    }

    /// The worker ended though nobody asked it to.
    fn died(&mut self, how: Ended) -> Result<(), ManagerError> {
        let stage = std::mem::replace(&mut self.stage, Stage::Stopped);
        let Stage::Running(worker) = stage else { return Ok(()) };
        if !worker.served && !self.served_before {
            return Err(ManagerError::NoWorker { how });
        }
        if matches!(self.program.kind, WorkerKind::Thread(_)) {
            // Whatever broke it may have broken this process.
            return Err(ManagerError::NoWorker { how });
        }
        self.served_before = true;
        if !matches!(how, Ended::Process(status) if status.success()) {
            self.keep_crash(worker.pid(), &how.to_string());
        }
        self.remove_left_over();
        let ran = now().saturating_duration_since(worker.started);
        let wait = self.backoff.after(ran);
        self.fail_errands(&format!("The worker ended before it answered ({how}).\n"));
        self.panic = PanicNote::of_end(self.panic.take(), worker.pid(), &how, since_1970());
        if let Ended::Process(status) = how {
            self.house.life().died(status);
        }
        self.notifier.status(&format!("worker {} ended ({how})", worker.pid()));
        (self.tell)(Event::Died { pid: worker.pid(), how, ran, wait });
        self.stage = Stage::Waiting { until: now() + wait };
        Ok(())
    }

    /// Tells the service manager that everything is as it should be.
    pub(crate) fn say_ready(&self) {
        let active = &self.house.shelf().active().name;
        self.notifier.ready(&format!("{}; configuration {active}", self.state()));
    }

    fn remove_left_over(&mut self) {
        if let Err(error) = self.house.remove_child_set() {
            (self.tell)(Event::LeftOver(error));
        }
    }

    /// Exchanges with the worker what there is.
    pub(crate) fn talk(&mut self) {
        let mut said = Vec::new();
        if let Stage::Running(worker) | Stage::Stopping { worker, .. } = &mut self.stage {
            worker.talk(|what| said.push(what));
        }
        for what in said {
            match what {
                Said::Ready => self.is_ready(),
                Said::Heard(Heard::Answer(number, answer)) => {
                    if let Some(errand) = self.errands.take(number) {
                        self.done(errand, answer);
                    }
                }
                Said::Heard(Heard::Notice(what, text)) => self.noticed(&what, text),
                Said::Nonsense(error) => {
                    let what = format!("the worker's answers cannot be understood: {error}");
                    (self.tell)(Event::Admin { what });
                    self.fail_errands("The worker's answer cannot be understood.\n");
                }
            }
        }
    }

    fn is_ready(&mut self) {
        let Stage::Running(worker) = &self.stage else { return };
        let event = Event::Serving { pid: worker.pid(), again: self.served_before };
        self.served_before = true;
        (self.tell)(event);
        self.end_retiring();
        self.say_ready();
        self.hand_on_last_words();
        for errand in self.errands.waiting_for_start() {
            self.done(errand, Answer::ok(""));
        }
    }

    /// Something that the worker says unasked.
    fn noticed(&mut self, what: &str, text: String) {
        match what {
            "state" => {
                if let Err(error) = self.house.keep_state(text) {
                    let what = format!(
                        "what commands changed is in force, but cannot be saved for the next start: {error}"
                    );
                    (self.tell)(Event::Admin { what });
                }
            }
            "panic" => self.panic = Some(PanicNote::said(text)),
            _ => {}
        }
    }

    /// Lets clients in, runs what they ask, sends answers.
    fn serve_clients(&mut self) {
        let at = now();
        for client in self.errands.expired(at) {
            let text = format!(
                "The worker has not answered for {} s; it may still do what was asked.\n",
                self.house.params().worker_timeout().as_secs_f64()
            );
            self.reply(Some(&client), Answer::new(Status::COMMUNICATION, text));
        }
        self.accept(at);
        for _ in 0..REQUESTS_AT_ONCE {
            let banner = self.banner();
            let host = host(&self.commands, &self.house, &banner, self.worker_runs());
            let asked = self.sessions.receive(&host, at);
            if asked.is_empty() {
                break;
            }
            for one in asked {
                self.run(one);
            }
        }
        self.sessions.send(at);
    }

    fn accept(&mut self, at: Instant) {
        let banner = self.banner();
        let Some(door) = self.house.door() else { return };
        let host = host(&self.commands, &self.house, &banner, self.worker_runs());
        self.sessions.accept(door, &host, at, |what| (self.tell)(Event::Admin { what }));
    }

    /// Answers a client.
    pub(crate) fn answer(&mut self, id: SessionId, answer: Answer) {
        let banner = self.banner();
        let host = host(&self.commands, &self.house, &banner, self.worker_runs());
        self.sessions.answer(id, answer, &host);
    }

    fn banner(&self) -> String {
        self.house.banner().text(self.worker_runs())
    }
}

/// What a session has to know of this server now.
fn host<'h>(commands: &'h Commands, house: &House, banner: &'h str, worker_runs: bool) -> Host<'h> {
    let answer_bytes = house.params().answer_bytes();
    Host { commands, banner, worker_runs, answer_bytes, now: since_1970() }
}

#[allow(clippy::disallowed_methods, reason = "the manager is one of the few that read the clock")]
pub(crate) fn since_1970() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

#[allow(clippy::disallowed_methods, reason = "the manager is one of the few that read the clock")]
pub(crate) fn now() -> Instant {
    Instant::now()
}
