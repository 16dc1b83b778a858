//! One look-up of a name: questions to servers, one after the other, until one of them knows.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use super::Trouble;
use super::message::{self, Answer, Kind};

/// Addresses of a name that are used.
const ADDRESSES: usize = 32;

/// Whom to ask, and how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The servers, the first one first.
    pub servers: Vec<SocketAddr>,
    /// How long an answer may take.
    pub timeout: Duration,
    /// How often each of them is asked.
    pub attempts: u32,
}

/// A question for addresses of both kinds to one server, from a socket of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// The server.
    pub server: SocketAddr,
    /// The messages.
    pub messages: [Vec<u8>; 2],
    /// Until when there may be an answer.
    pub until: Duration,
}

/// What comes next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Another question; nobody waits for answers to the one before.
    Ask(Ask),
    /// The same question again, over a connection to the same server: an answer did not fit into a datagram.
    Connect(Ask),
    /// The end: addresses and the seconds that they hold, or why there are none.
    Done(Result<(Vec<IpAddr>, u32), Trouble>),
}

/// A look-up that runs.
#[derive(Debug)]
pub struct Lookup {
    name: Vec<u8>,
    plan: Plan,
    /// Questions that were asked.
    asked: usize,
    ids: [u16; 2],
    answers: [Option<Answer>; 2],
    /// What came in datagrams, when the rest is asked for over a connection.
    before: Option<[Option<Answer>; 2]>,
    /// What went wrong last.
    trouble: Trouble,
    seed: u64,
}

const KINDS: [Kind; 2] = [Kind::A, Kind::Aaaa];

impl Lookup {
    /// Begins to look a name up. `seed` is where the numbers of questions come from; nobody should be able to guess it.
    #[must_use]
    pub fn begin(host: &str, plan: Plan, seed: u64, now: Duration) -> (Lookup, Step) {
        let name = message::encode_name(host);
        let mut lookup = Lookup {
            name: name.clone().unwrap_or_default(),
            plan,
            asked: 0,
            ids: [0; 2],
            answers: [None, None],
            before: None,
            trouble: Trouble::NoServer,
            seed,
        };
        let step = match name {
            Some(_) => lookup.ask(now),
            None => Step::Done(Err(Trouble::NoSuchName)),
        };
        (lookup, step)
    }

    /// The server that was asked last.
    #[must_use]
    pub fn server(&self) -> Option<SocketAddr> {
        let count = self.plan.servers.len();
        self.plan.servers.get(self.asked.checked_sub(1)? % count.max(1)).copied()
    }

    /// Takes a datagram, or a message over a connection, from the server; `None` if nothing follows from it yet, as from one that answers another question.
    pub fn received(&mut self, bytes: &[u8], now: Duration) -> Option<Step> {
        let mut is_new = false;
        for (at, kind) in KINDS.into_iter().enumerate() {
            if self.answers[at].is_none()
                && let Some(answer) = message::answer(bytes, self.ids[at], &self.name, kind)
            {
                self.answers[at] = Some(answer);
                is_new = true;
            }
        }
        if is_new { self.judge(now, false) } else { None }
    }

    /// Sending or receiving failed with this error number.
    pub fn failed(&mut self, errno: i32, now: Duration) -> Step {
        use rustix::io::Errno;
        if self.before.is_some() {
            return self.take_what_fitted(now);
        }
        let far = [Errno::CONNREFUSED, Errno::HOSTUNREACH, Errno::NETUNREACH, Errno::HOSTDOWN];
        if far.iter().any(|far| far.raw_os_error() == errno) {
            self.trouble = Trouble::Unreachable(errno);
            return self.judge(now, true).unwrap_or_else(|| self.ask(now));
        }
        // At once: another server would not be asked either, and the fault would look like its silence.
        Step::Done(Err(Trouble::Local(errno)))
    }

    /// The time for an answer is over.
    pub fn late(&mut self, now: Duration) -> Step {
        if self.before.is_some() {
            return self.take_what_fitted(now);
        }
        self.trouble = Trouble::Timeout;
        self.judge(now, true).unwrap_or_else(|| self.ask(now))
    }

    /// What follows from the answers; `over` when no more of them come.
    fn judge(&mut self, now: Duration, over: bool) -> Option<Step> {
        if !over && self.answers.iter().any(Option::is_none) {
            return None;
        }
        let is_cut = |answer: &Answer| matches!(answer, Answer::Cut(..));
        if self.before.is_none() && self.answers.iter().flatten().any(is_cut) {
            return self.connect(now);
        }
        let mut list = Vec::new();
        let mut ttl = u32::MAX;
        for answer in self.answers.iter().flatten() {
            if let Answer::Addresses(found, holds) | Answer::Cut(found, holds) = answer {
                list.extend(found);
                if !found.is_empty() {
                    ttl = ttl.min(*holds);
                }
            }
        }
        if !list.is_empty() {
            list.truncate(ADDRESSES);
            return Some(Step::Done(Ok((list, ttl))));
        }
        if self.answers.iter().flatten().any(|answer| *answer == Answer::NoSuchName) {
            return Some(Step::Done(Err(Trouble::NoSuchName)));
        }
        // One that did not fit is not one without addresses.
        let is_empty = |answer: &Option<Answer>| matches!(answer, Some(Answer::Addresses(..)));
        if self.answers.iter().all(is_empty) {
            return Some(Step::Done(Err(Trouble::NoAddress)));
        }
        for answer in self.answers.iter().flatten() {
            match answer {
                Answer::Failed(code) => self.trouble = Trouble::ServerFailed(*code),
                Answer::Garbage => self.trouble = Trouble::Garbage,
                Answer::Cut(..) => self.trouble = Trouble::ServerFailed(0),
                Answer::Addresses(..) | Answer::NoSuchName => {}
            }
        }
        if over && self.answers.iter().all(Option::is_none) {
            return None;
        }
        Some(self.ask(now))
    }

    /// Asks the same server over a connection for what did not fit.
    fn connect(&mut self, now: Duration) -> Option<Step> {
        let server = self.server()?;
        self.before = Some(std::mem::take(&mut self.answers));
        Some(Step::Connect(Ask {
            server,
            messages: self.messages(),
            until: now + self.plan.timeout,
        }))
    }

    /// Nothing better comes over a connection: what fitted into datagrams counts.
    fn take_what_fitted(&mut self, now: Duration) -> Step {
        let before = self.before.clone().unwrap_or_default();
        for (answer, before) in self.answers.iter_mut().zip(before) {
            *answer = answer.take().or(before);
        }
        self.judge(now, true).unwrap_or_else(|| self.ask(now))
    }

    fn messages(&self) -> [Vec<u8>; 2] {
        [0, 1].map(|at| message::question(self.ids[at], &self.name, KINDS[at]))
    }

    /// The next question, if there is one.
    fn ask(&mut self, now: Duration) -> Step {
        let attempts = usize::try_from(self.plan.attempts.max(1)).unwrap_or(usize::MAX);
        let count = self.plan.servers.len();
        if self.asked >= count.saturating_mul(attempts) {
            return Step::Done(Err(self.trouble));
        }
        let server = self.plan.servers[self.asked % count];
        self.asked += 1;
        self.answers = [None, None];
        self.before = None;
        let first = self.draw();
        self.ids = [first, first ^ (self.draw() | 1)];
        Step::Ask(Ask { server, messages: self.messages(), until: now + self.plan.timeout })
    }

    fn draw(&mut self) -> u16 {
        (super::schedule::mix(&mut self.seed) >> 48) as u16
    }
}
