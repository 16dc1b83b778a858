//! Binding addresses, several sockets each.

use std::net::{SocketAddr, TcpListener};

use shellac_config::ListenConfig;
use socket2::{Domain, Protocol, Socket, Type};

use crate::ManagerError;

/// Connections that may wait to be accepted, per socket.
pub(crate) const BACKLOG: i32 = 4096;

/// One address with its sockets.
#[derive(Debug)]
pub struct BoundListener {
    /// Name in the log.
    pub name: String,
    /// Where it really listens: the port is never 0.
    pub address: SocketAddr,
    /// One for each serving thread, all on the same port (`SO_REUSEPORT`): the kernel spreads connections over them.
    pub sockets: Vec<TcpListener>,
}

/// Binds and listens, with one socket for each of `threads`.
///
/// # Errors
///
/// [`ManagerError::Listen`]. An address on which another process listens is one, even if both would share it.
pub fn bind(listen: &ListenConfig, threads: usize) -> Result<BoundListener, ManagerError> {
    let failed =
        |error| ManagerError::Listen { name: listen.name.clone(), address: listen.address, error };
    if listen.address.port() != 0 {
        // Sockets that share a port do so with those of other programs of this user too, silently. One that does not share
        // finds out.
        open(listen.address, false).map_err(failed)?;
    }
    let mut address = listen.address;
    let mut sockets = Vec::new();
    for _ in 0..threads.max(1) {
        let socket = open(address, true).map_err(failed)?;
        // The first one may have got its port from the kernel; the others take the same.
        address = socket.local_addr().map_err(failed)?;
        sockets.push(socket);
    }
    for socket in &sockets {
        rustix::net::listen(socket, BACKLOG).map_err(|error| failed(error.into()))?;
    }
    Ok(BoundListener { name: listen.name.clone(), address, sockets })
}

fn open(address: SocketAddr, shared: bool) -> std::io::Result<TcpListener> {
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
