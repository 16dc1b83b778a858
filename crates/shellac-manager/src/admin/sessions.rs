//! The connections of clients: bounded in number, in what they may send and in how long they may wait.

use std::io;
use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

use rustix::event::PollFlags;
use shellac_admin::{Answer, Call, Host, Session, SessionLimits};

use super::door::{Door, Stream};

/// Most connections at a time.
const SESSIONS_MOST: usize = 64;
/// Most of them that have not proved that they know the secret: one more takes the place of the oldest.
const STRANGERS_MOST: usize = 16;
/// How long a stranger has for that.
const STRANGER_PATIENCE: Duration = Duration::from_secs(30);
/// How long a client may take none of what is sent to it.
const SEND_PATIENCE: Duration = Duration::from_secs(60);
/// Connections that are accepted before the others are looked at again.
const ACCEPTS_AT_ONCE: usize = 32;
/// What may wait to be sent before a connection is read again.
const BACKLOG_BYTES: usize = 64 << 10;

const LIMITS: SessionLimits = SessionLimits { request_bytes: 9 << 20, waiting_bytes: 64 << 10 };

/// Names one connection as long as a manager lives; none is used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct SessionId(u64);

#[derive(Debug)]
struct Connection {
    id: SessionId,
    stream: Stream,
    from: String,
    session: Session,
    /// When it came.
    since: Instant,
    /// When it sent or took something last.
    active: Instant,
    /// It cannot be read or written any more.
    broken: bool,
}

/// All connections.
#[derive(Debug)]
pub(crate) struct Sessions {
    list: Vec<Connection>,
    last_id: u64,
    idle: Duration,
}

/// A request that somebody has to run.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) id: SessionId,
    /// Who asks, for people.
    pub(crate) from: String,
    pub(crate) call: Call,
}

impl Sessions {
    /// None. Those that come may ask nothing for `idle`.
    pub(crate) fn new(idle: Duration) -> Sessions {
        Sessions { list: Vec::new(), last_id: 0, idle }
    }

    /// Lets in those who wait. What goes wrong is told to `note`.
    pub(crate) fn accept(
        &mut self,
        door: &Door,
        host: &Host<'_>,
        now: Instant,
        mut note: impl FnMut(String),
    ) {
        for _ in 0..ACCEPTS_AT_ONCE {
            let (stream, from) = match door.accept() {
                Ok(Some(found)) => found,
                Ok(None) => return,
                Err(error) => {
                    return note(format!("cannot accept a connection for commands: {error}"));
                }
            };
            let opened = door.secret().and_then(|secret| Ok((secret, door.challenge()?)));
            let (secret, challenge) = match opened {
                Ok(found) => found,
                Err(error) => {
                    note(format!(
                        "a client ({from}) was turned away: the secret cannot be read: {error}"
                    ));
                    continue;
                }
            };
            if !self.make_room() {
                note(format!("a client ({from}) was turned away: {SESSIONS_MOST} are connected"));
                continue;
            }
            self.last_id += 1;
            let session = Session::open(LIMITS, secret, challenge, host);
            self.list.push(Connection {
                id: SessionId(self.last_id),
                stream,
                from,
                session,
                since: now,
                active: now,
                broken: false,
            });
        }
    }

    /// Whether another one has a place; a stranger loses his if there are many.
    fn make_room(&mut self) -> bool {
        let strangers = self.list.iter().filter(|one| !one.session.is_trusted()).count();
        let full = self.list.len() >= SESSIONS_MOST;
        if strangers >= STRANGERS_MOST || full && strangers > 0 {
            // In the order in which they came.
            if let Some(at) = self.list.iter().position(|one| !one.session.is_trusted()) {
                self.list.remove(at);
            }
            return true;
        }
        !full
    }

    /// What to wait for.
    ///
    /// A connection of which nothing is wanted is none of it: that its other side is gone would be news again and again until
    /// its command is answered.
    pub(crate) fn interests(&self) -> impl Iterator<Item = (BorrowedFd<'_>, PollFlags)> {
        let interests = self.list.iter().map(|one| {
            let mut flags = PollFlags::empty();
            if one.wants_input() {
                flags |= PollFlags::IN;
            }
            if !one.session.to_send().is_empty() {
                flags |= PollFlags::OUT;
            }
            (one.stream.as_fd(), flags)
        });
        interests.filter(|(_, flags)| !flags.is_empty())
    }

    /// Reads what came and gives the requests in it.
    pub(crate) fn receive(&mut self, host: &Host<'_>, now: Instant) -> Vec<Asked> {
        let mut asked = Vec::new();
        for one in &mut self.list {
            one.read(now);
            if one.session.to_send().len() > BACKLOG_BYTES {
                continue;
            }
            if let Some(call) = one.session.next(host) {
                asked.push(Asked { id: one.id, from: one.from.clone(), call });
            }
        }
        asked
    }

    /// Answers a request, unless whoever asked is gone.
    pub(crate) fn answer(&mut self, id: SessionId, answer: Answer, host: &Host<'_>) {
        if let Some(one) = self.list.iter_mut().find(|one| one.id == id) {
            one.session.answer(answer, host);
        }
    }

    /// Whether a request may wait although nothing comes: behind one that was answered just now.
    pub(crate) fn has_more(&self) -> bool {
        self.list
            .iter()
            .any(|one| one.session.has_more() && one.session.to_send().len() <= BACKLOG_BYTES)
    }

    /// Sends what waits, and lets those go that are done or too slow.
    pub(crate) fn send(&mut self, now: Instant) {
        for one in &mut self.list {
            one.write(now);
        }
        let idle = self.idle;
        self.list.retain(|one| {
            !one.broken && !one.session.is_over() && one.deadline(idle).is_none_or(|at| now < at)
        });
    }

    /// When the first of them has waited too long.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.list.iter().filter_map(|one| one.deadline(self.idle)).min()
    }
}

impl Connection {
    fn wants_input(&self) -> bool {
        self.session.wants_input() && self.session.to_send().len() <= BACKLOG_BYTES
    }

    /// When it has waited too long; never while we are the ones who are waited for.
    fn deadline(&self, idle: Duration) -> Option<Instant> {
        if !self.session.to_send().is_empty() {
            return self.active.checked_add(SEND_PATIENCE);
        }
        if !self.session.is_trusted() {
            return self.since.checked_add(STRANGER_PATIENCE);
        }
        if self.session.is_busy() { None } else { self.active.checked_add(idle) }
    }

    fn read(&mut self, now: Instant) {
        let mut piece = [0; 16 << 10];
        // Once per round: nobody gets more than the others.
        if !self.wants_input() {
            return;
        }
        match self.stream.read(&mut piece) {
            Ok(0) => self.session.input_ended(),
            Ok(len) => {
                self.active = now;
                self.session.received(&piece[..len]);
            }
            Err(error) if is_soon(&error) => {}
            Err(_) => self.broken = true,
        }
    }

    fn write(&mut self, now: Instant) {
        while !self.broken && !self.session.to_send().is_empty() {
            match self.stream.write(self.session.to_send()) {
                Ok(len) => {
                    self.active = now;
                    self.session.sent(len);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if is_soon(&error) => return,
                Err(_) => self.broken = true,
            }
        }
    }
}

fn is_soon(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}

#[cfg(test)]
mod tests;
