//! Where clients connect to.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Where clients connect to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListenAddress {
    /// An address and port; port 0 lets the kernel choose.
    Ip(SocketAddr),
    /// The path of a socket.
    Unix(PathBuf),
}

impl ListenAddress {
    /// The address and port, if it is one.
    #[must_use]
    pub fn ip(&self) -> Option<SocketAddr> {
        match self {
            ListenAddress::Ip(address) => Some(*address),
            ListenAddress::Unix(_) => None,
        }
    }

    /// `IP:PORT` or a path that begins with `/`.
    #[must_use]
    pub fn parse(text: &str) -> Option<ListenAddress> {
        if text.starts_with('/') {
            return Some(ListenAddress::Unix(text.into()));
        }
        text.parse().ok().map(ListenAddress::Ip)
    }
}

impl From<SocketAddr> for ListenAddress {
    fn from(address: SocketAddr) -> ListenAddress {
        ListenAddress::Ip(address)
    }
}

impl fmt::Display for ListenAddress {
    /// As the file has it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ListenAddress::Ip(address) => address.fmt(f),
            ListenAddress::Unix(path) => path.display().fmt(f),
        }
    }
}

/// Who may connect to a socket in the file system.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SocketRights {
    /// Its mode, 0 to 0o777; `None`: what the umask leaves.
    pub mode: Option<u32>,
    /// Its owner, by name or number.
    pub user: Option<String>,
    /// Its group, by name or number.
    pub group: Option<String>,
}
