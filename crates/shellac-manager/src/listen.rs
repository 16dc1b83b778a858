//! Binding addresses, several sockets each.

mod change;
mod owner;
mod unix;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::OwnedFd;

pub(crate) use change::{Change, Moved};
use shellac_config::{ListenAddress, ListenConfig};
use socket2::{Domain, Protocol, Socket, Type};
use unix::SocketFile;
pub(crate) use unix::remove_dead_socket;

use crate::ManagerError;

/// Connections that may wait to be accepted, per socket.
pub(crate) const BACKLOG: i32 = 4096;

/// One address with its sockets.
#[derive(Debug)]
pub struct BoundListener {
    /// Name in the log.
    pub name: String,
    /// Where it really listens: the port is never 0.
    pub address: ListenAddress,
    /// What the configuration says: the port may be 0 there.
    pub(crate) asked: ListenAddress,
    /// One for each serving thread, all on the same port (`SO_REUSEPORT`): the kernel spreads connections over them. One for all
    /// threads where the address is a path.
    pub sockets: Vec<OwnedFd>,
    /// The file of a path; it goes with this.
    _file: Option<SocketFile>,
}

impl BoundListener {
    /// One that another program has bound in this process.
    pub(crate) fn adopt(
        name: String,
        address: ListenAddress,
        asked: ListenAddress,
        sockets: Vec<OwnedFd>,
    ) -> Self {
        let file = match &address {
            ListenAddress::Unix(path) => SocketFile::new(path).ok(),
            ListenAddress::Ip(_) => None,
        };
        BoundListener { name, address, asked, sockets, _file: file }
    }

    /// Refuses connections until it listens again. Only for one that listens: of one that does not, the system would remember it for the
    /// connections that come later.
    pub(crate) fn pause(&self) {
        // What is connected to a path waits until somebody takes it: such a socket could not be made to listen again.
        if self.address.ip().is_none() {
            return;
        }
        for socket in &self.sockets {
            // The system takes what waits away too. One that does not listen any more is what is wanted.
            let _ = rustix::net::shutdown(socket, rustix::net::Shutdown::Both);
        }
    }
}

/// Binds and listens, with one socket for each of `threads`.
///
/// # Errors
///
/// [`ManagerError::Listen`]. An address on which another process listens is one, even if both would share it.
pub fn bind(listen: &ListenConfig, threads: usize) -> Result<BoundListener, ManagerError> {
    bind_beside(listen, threads, &[])
}

/// The same beside those that are bound already: one of them may be the reason why a port is taken, and be about to go.
fn bind_beside(
    listen: &ListenConfig,
    threads: usize,
    ours: &[BoundListener],
) -> Result<BoundListener, ManagerError> {
    let failed = |error| failed(listen, error);
    let (name, asked) = (listen.name.clone(), listen.address.clone());
    match &listen.address {
        ListenAddress::Ip(address) => {
            let is_beside = |one: &BoundListener| {
                one.address.ip().is_some_and(|ip| {
                    let same = ip.port() == address.port() && ip.is_ipv4() == address.is_ipv4();
                    same && (ip.ip().is_unspecified() || address.ip().is_unspecified())
                })
            };
            let beside = ours.iter().any(is_beside);
            let (address, sockets) = bind_ip(*address, threads, beside).map_err(failed)?;
            let sockets = sockets.into_iter().map(OwnedFd::from).collect();
            Ok(BoundListener { name, address: address.into(), asked, sockets, _file: None })
        }
        ListenAddress::Unix(path) => {
            let (socket, file) = unix::bind(path, &listen.rights).map_err(failed)?;
            let address = listen.address.clone();
            Ok(BoundListener { name, address, asked, sockets: vec![socket], _file: Some(file) })
        }
    }
}

fn failed(listen: &ListenConfig, error: io::Error) -> ManagerError {
    let who = match listen.address.ip() {
        Some(address) if error.kind() == io::ErrorKind::AddrInUse => owner::of(address),
        _ => None,
    };
    let (name, address) = (listen.name.clone(), listen.address.clone());
    ManagerError::Listen { name, address, error, who }
}

fn bind_ip(
    wanted: SocketAddr,
    threads: usize,
    beside: bool,
) -> io::Result<(SocketAddr, Vec<TcpListener>)> {
    if wanted.port() != 0 && !beside {
        // Sockets that share a port do so with those of other programs of this user too, silently. One that does not share
        // finds out.
        open(wanted, false)?;
    }
    let mut address = wanted;
    let mut sockets = Vec::new();
    for _ in 0..threads.max(1) {
        let socket = open(address, true)?;
        // The first one may have got its port from the kernel; the others take the same.
        address = socket.local_addr()?;
        sockets.push(socket);
    }
    for socket in &sockets {
        rustix::net::listen(socket, BACKLOG)?;
    }
    Ok((address, sockets))
}

fn open(address: SocketAddr, shared: bool) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(shared)?;
    socket.bind(&address.into())?;
    Ok(socket.into())
}

#[cfg(test)]
mod tests;
