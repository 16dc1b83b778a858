//! Why the manager cannot do its work.

use std::io;
use std::path::PathBuf;

use shellac_config::ListenAddress;
use shellac_vsm::VsmError;

use crate::handoff::HandoffError;
use crate::worker::Ended;

/// Why the manager cannot start, or has to give up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ManagerError {
    /// Another process holds the lock of this pid file.
    #[error("{} is locked: {}", path.display(), owner(*pid))]
    Locked {
        /// The pid file.
        path: PathBuf,
        /// What stands in it.
        pid: Option<u32>,
    },
    /// The place for the shared-memory directory.
    #[error("cannot create {} (choose another place with -n)", path.display())]
    Workdir {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The same, for root: others could put something else there.
    #[error(
        "{} is no place for root to work in: {why}; or choose another place with -n, or start as the user that owns it", path.display()
    )]
    Foreign {
        /// The directory.
        path: PathBuf,
        /// Which place others can change, for people.
        why: String,
    },
    /// A file of the manager's own.
    #[error("cannot {action} {}", path.display())]
    File {
        /// What was being done, as a verb.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// An address that cannot be listened on.
    #[error("cannot listen on {address} ({name}): {error}{}", hint(error, address, who.as_deref()))]
    Listen {
        /// Name of the listener.
        name: String,
        /// Its address.
        address: ListenAddress,
        /// What the system said; part of the message, with what to do about it.
        error: io::Error,
        /// Who listens there, as far as is known, for people.
        who: Option<String>,
    },
    /// The group that shall read the log.
    #[error("cannot give the log to group `{group}`")]
    Group {
        /// Its name in the configuration.
        group: String,
        /// What the system said.
        source: io::Error,
    },
    /// The user that the proxy is to become.
    #[error("cannot become user `{user}`{}", become_hint(source))]
    User {
        /// Its name in the configuration.
        user: String,
        /// What the system said.
        source: io::Error,
    },
    /// The process that reads keys as root could not be started.
    #[error("cannot start the process that reads private keys as root: {source}")]
    Keys {
        /// What the system said.
        source: io::Error,
    },
    /// What another program left cannot be taken over.
    #[error("{why}")]
    TakeOver {
        /// Why, for people.
        why: String,
    },
    /// The shared-memory directory; the message has its causes and what to do about it.
    #[error("{}", .0.full_text())]
    Vsm(VsmError),
    /// The first worker ended before it served.
    #[error("the worker did not start: {how}; what it said is above")]
    NoWorker {
        /// How it ended.
        how: Ended,
    },
    /// A worker could not be started at all.
    #[error("cannot start a worker")]
    Spawn {
        /// What the system said.
        source: io::Error,
    },
    /// A worker could not be given what it needs.
    #[error("cannot hand over to the worker")]
    Handoff(#[source] HandoffError),
    /// Signals could not be received.
    #[error("cannot wait for signals")]
    Signals {
        /// What the system said.
        source: io::Error,
    },
}

impl ManagerError {
    /// The message with its causes, on one line.
    #[must_use]
    pub fn full_text(&self) -> String {
        let mut text = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            text.push_str(": ");
            text.push_str(&error.to_string());
            cause = error.source();
        }
        text
    }
}

impl From<VsmError> for ManagerError {
    fn from(error: VsmError) -> Self {
        ManagerError::Vsm(error)
    }
}

fn owner(pid: Option<u32>) -> String {
    match pid {
        Some(pid) => {
            format!("process {pid} is running here; stop it (kill {pid}) or choose another -n")
        }
        None => "another process is running here; stop it or choose another -n".to_owned(),
    }
}

fn become_hint(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::PermissionDenied => " (only root can; leave `user` out, or start as root)",
        _ => "",
    }
}

fn hint(error: &io::Error, address: &ListenAddress, who: Option<&str>) -> String {
    let Some(address) = address.ip() else {
        return match error.kind() {
            io::ErrorKind::AddrInUse => {
                "; another process listens there, or the file is no socket: stop the one, remove the other".to_owned()
            }
            io::ErrorKind::NotFound => "; the directory, the user or the group has to be there".to_owned(),
            _ => String::new(),
        };
    };
    let port = address.port();
    match error.kind() {
        io::ErrorKind::AddrInUse => {
            let who = who.unwrap_or("another process has that port");
            format!("; {who} (`ss -ltnp sport = :{port}` shows more)")
        }
        io::ErrorKind::PermissionDenied if port < 1024 => {
            "; ports below 1024 need root or the capability CAP_NET_BIND_SERVICE".to_owned()
        }
        io::ErrorKind::AddrNotAvailable => {
            "; no interface of this machine has that address".to_owned()
        }
        _ => String::new(),
    }
}
