//! Binding addresses, several sockets each.

mod unix;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::OwnedFd;

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
    /// One for each serving thread, all on the same port (`SO_REUSEPORT`): the kernel spreads connections over them. One for all
    /// threads where the address is a path.
    pub sockets: Vec<OwnedFd>,
    /// The file of a path; it goes with this.
    _file: Option<SocketFile>,
}

impl BoundListener {
    /// One that another program has bound in this process.
    pub(crate) fn adopt(name: String, address: ListenAddress, sockets: Vec<OwnedFd>) -> Self {
        let file = match &address {
            ListenAddress::Unix(path) => SocketFile::new(path).ok(),
            ListenAddress::Ip(_) => None,
        };
        BoundListener { name, address, sockets, _file: file }
    }
}

/// Binds and listens, with one socket for each of `threads`.
///
/// # Errors
///
/// [`ManagerError::Listen`]. An address on which another process listens is one, even if both would share it.
pub fn bind(listen: &ListenConfig, threads: usize) -> Result<BoundListener, ManagerError> {
    let name = listen.name.clone();
    let failed = |error| ManagerError::Listen {
        name: listen.name.clone(),
        address: listen.address.clone(),
        error,
    };
    match &listen.address {
        ListenAddress::Ip(address) => {
            let (address, sockets) = bind_ip(*address, threads).map_err(failed)?;
            let sockets = sockets.into_iter().map(OwnedFd::from).collect();
            Ok(BoundListener { name, address: address.into(), sockets, _file: None })
        }
        ListenAddress::Unix(path) => {
            let (socket, file) = unix::bind(path, &listen.rights).map_err(failed)?;
            let (address, sockets) = (listen.address.clone(), vec![socket]);
            Ok(BoundListener { name, address, sockets, _file: Some(file) })
        }
    }
}

fn bind_ip(wanted: SocketAddr, threads: usize) -> io::Result<(SocketAddr, Vec<TcpListener>)> {
    if wanted.port() != 0 {
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
