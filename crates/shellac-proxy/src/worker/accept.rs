//! Taking connections from a listening socket.

use std::io;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::time::Duration;

use shellac_format::Tag;
use tokio::net::{TcpListener, UnixListener};
use tokio::time::sleep;

use super::{Transport, Worker};
use crate::client;

/// How long to wait when there are no descriptors, or no memory, for another connection.
const BREATHER: Duration = Duration::from_millis(100);
/// What stands for the ends of a connection that have no addresses, as with varnishd.
const NOWHERE: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED), 0);

/// Where clients come in: a thread's socket.
#[derive(Debug)]
pub(crate) struct Entrance {
    /// The listener's name in the log.
    pub(crate) name: String,
    /// It is a path.
    pub(crate) unix: bool,
    /// What a proxy in front says about a connection comes first.
    pub(crate) proxy: bool,
    pub(crate) socket: OwnedFd,
}

/// A connection that has come.
#[derive(Debug)]
pub(crate) struct Arrival {
    pub(crate) stream: Transport,
    /// Our end.
    pub(crate) local: SocketAddr,
    /// The other one.
    pub(crate) peer: SocketAddr,
    /// The listener's name in the log.
    pub(crate) listener: Rc<str>,
    /// What a proxy in front says about it comes first.
    pub(crate) proxy: bool,
}

/// A socket of the runtime.
pub(super) struct Door {
    socket: Socket,
    proxy: bool,
}

enum Socket {
    Tcp(TcpListener),
    Unix(UnixListener),
}

impl Entrance {
    /// Makes it a socket of the runtime; with its name.
    pub(super) fn open(self) -> io::Result<(Door, Rc<str>)> {
        let Entrance { name, unix, proxy, socket } = self;
        let socket = if unix {
            let socket = std::os::unix::net::UnixListener::from(socket);
            socket.set_nonblocking(true)?;
            Socket::Unix(UnixListener::from_std(socket)?)
        } else {
            let socket = std::net::TcpListener::from(socket);
            socket.set_nonblocking(true)?;
            Socket::Tcp(TcpListener::from_std(socket)?)
        };
        Ok((Door { socket, proxy }, name.into()))
    }
}

impl Door {
    async fn next(&self, listener: &Rc<str>) -> io::Result<Arrival> {
        let (stream, local, peer) = match &self.socket {
            Socket::Tcp(socket) => {
                let (stream, peer) = socket.accept().await?;
                // Without it small writes wait for acknowledgements; a socket that refuses still works.
                let _ = stream.set_nodelay(true);
                // A connection that is gone already has no local address any more.
                let local = stream.local_addr().unwrap_or(NOWHERE);
                (Transport::from(stream), local, peer)
            }
            Socket::Unix(socket) => {
                let (stream, _) = socket.accept().await?;
                (Transport::from(stream), NOWHERE, NOWHERE)
            }
        };
        Ok(Arrival { stream, local, peer, listener: Rc::clone(listener), proxy: self.proxy })
    }
}

/// Accepts until aborted.
pub(super) async fn accept(worker: Rc<Worker>, name: Rc<str>, door: Door) {
    // How often it failed in a row, which is said at its beginning and its end.
    let mut failed = 0_u64;
    loop {
        match door.next(&name).await {
            Ok(arrival) => {
                if failed > 0 {
                    worker.log.loose(Tag::Notice, |text| {
                        text.bytes(b"shellac: accept on").word(name.as_bytes());
                        text.word(b"goes on, failures:").field(failed);
                    });
                    failed = 0;
                }
                let session = client::Session::new(&worker, arrival);
                tokio::task::spawn_local(session.serve());
            }
            Err(error) => {
                let errno = error.raw_os_error().unwrap_or(0);
                worker.stats.accept_failed(errno);
                if error.kind() == std::io::ErrorKind::ConnectionAborted {
                    // One that gave up while it waited.
                    continue;
                }
                if failed == 0 {
                    worker.log.loose(Tag::Error, |text| {
                        text.bytes(b"shellac: accept on").word(name.as_bytes());
                        text.word(b"failed: errno").field(u64::from(errno.unsigned_abs()));
                    });
                }
                failed += 1;
                sleep(BREATHER).await;
            }
        }
    }
}
