//! What happens while the manager works, for people.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use shellac_config::ListenAddress;
use shellac_vsm::VsmError;

use crate::ManagerError;
use crate::worker::Ended;

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
        how: Ended,
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
    /// What a dead worker had logged is in a file.
    Crash {
        /// The file.
        path: PathBuf,
        /// Bytes of records in it.
        bytes: u64,
        /// Places at which something was missing.
        holes: u32,
        /// Requests that were in flight, and have an end there.
        requests: usize,
        /// Requests in flight of which nothing could be written.
        unread: u64,
    },
    /// What a dead worker had logged could not be kept.
    NoCrash {
        /// Why.
        why: String,
    },
    /// Another program is to take this one's place.
    Upgrading {
        /// Where it lies.
        path: PathBuf,
    },
    /// It did not; this one goes on.
    NotUpgraded {
        /// Why.
        why: String,
    },
    /// This program has taken another one's place.
    TookOver {
        /// Version of that one.
        from: String,
    },
    /// Another worker serves in this one's place, and it finishes its requests.
    Retiring {
        /// Its process.
        pid: u32,
        /// How long it may take.
        patience: Duration,
    },
    /// A worker whose place another one has taken has ended.
    Retired {
        /// Its process.
        pid: u32,
        /// How it ended.
        how: Ended,
    },
    /// What a dead worker left could not be removed.
    LeftOver(VsmError),
    /// The manager stops; the worker finishes its requests.
    Stopping {
        /// How long it may take.
        drain: Duration,
    },
    /// A command stopped the worker, and it is gone; connections are refused until another command starts one.
    Stopped {
        /// Its process.
        pid: u32,
    },
    /// The worker did not finish in time, or a second signal came.
    Killed {
        /// Its process.
        pid: u32,
    },
    /// A configuration is active.
    Active {
        /// Its name.
        name: String,
        /// What of it has to wait for a restart; empty for nothing.
        notes: String,
    },
    /// Clients may come in there.
    Listening {
        /// Name of the listener.
        name: String,
        /// Its address.
        address: ListenAddress,
    },
    /// Nobody comes in there any more; whoever has, stays.
    NotListening {
        /// Name of the listener.
        name: String,
        /// Its address.
        address: ListenAddress,
    },
    /// A configuration could not be loaded or used; the one before stays.
    NotLoaded {
        /// Why, with places in the file.
        why: String,
    },
    /// Somebody changed something.
    Command {
        /// Who.
        from: String,
        /// The request.
        request: String,
        /// How it ended: the number of a status.
        status: u16,
    },
    /// A client was turned away, or the command line does not work as it should.
    Admin {
        /// What happened.
        what: String,
    },
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Event::Serving { pid, again: false } => write!(f, "worker {pid} serves"),
            Event::Serving { pid, again: true } => write!(f, "worker {pid} serves in its place"),
            Event::Died { pid, how, ran, wait } => write!(
                f,
                "worker {pid} ended after {:.1} s ({how}); connections wait, another one starts in {:.1} s",
                ran.as_secs_f64(),
                wait.as_secs_f64()
            ),
            Event::NotStarted { error, wait } => {
                write!(f, "{}; trying again in {:.1} s", error.full_text(), wait.as_secs_f64())
            }
            Event::Crash { path, bytes, holes, requests, unread } => {
                let path = path.display();
                write!(
                    f,
                    "what it had logged is in {path} ({bytes} bytes): shellac log -r {path}"
                )?;
                match holes {
                    0 => Ok(()),
                    1 => f.write_str("; something is missing at one place"),
                    holes => write!(f, "; something is missing at {holes} places"),
                }?;
                match requests {
                    0 => Ok(()),
                    1 => f.write_str("; it died with one request, which has its end there"),
                    count => {
                        write!(f, "; it died with {count} requests, which have their ends there")
                    }
                }?;
                match unread {
                    0 => Ok(()),
                    count => write!(f, "; of {count} more nothing is known"),
                }
            }
            Event::NoCrash { why } => write!(f, "what it had logged could not be kept: {why}"),
            Event::Upgrading { path } => {
                write!(f, "trying whether {} can take over", path.display())
            }
            Event::NotUpgraded { why } => {
                write!(f, "no other program has taken over, this one goes on: {why}")
            }
            Event::TookOver { from } => write!(f, "took over from version {from}"),
            Event::Retiring { pid, patience } => write!(
                f,
                "worker {pid} finishes its requests, for at most {} s; what it logs about them goes on in the log of the new one",
                patience.as_secs()
            ),
            Event::Retired { pid, how } => {
                write!(f, "worker {pid}, whose place was taken, has ended ({how})")
            }
            Event::LeftOver(error) => f.write_str(&error.full_text()),
            Event::Stopping { drain } => {
                write!(
                    f,
                    "stopping: open requests have {} s; another signal stops at once",
                    drain.as_secs()
                )
            }
            Event::Stopped { pid } => write!(f, "worker {pid} is stopped; `start` starts another"),
            Event::Killed { pid } => write!(f, "worker {pid} was killed with requests open"),
            Event::Active { name, notes } => {
                write!(f, "configuration `{name}` is active")?;
                notes.lines().try_for_each(|line| write!(f, "; {line}"))
            }
            Event::Listening { name, address } => write!(f, "listening on {name} {address}"),
            Event::NotListening { name, address } => write!(
                f,
                "not listening on {name} {address} any more; connections that are open there have their next request and end"
            ),
            Event::NotLoaded { why } => {
                write!(f, "the configuration stays as it is: {}", why.trim_end())
            }
            Event::Command { from, request, status } => {
                write!(f, "command from {from}: {request} ({status})")
            }
            Event::Admin { what } => f.write_str(what),
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
