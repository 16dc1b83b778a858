//! Taking connections from a listening socket.

use std::cell::{Cell, RefCell};
use std::io;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use shellac_format::Tag;
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::time::sleep;

use super::{Transport, Worker};
use crate::client;
use crate::tls::Listening;

/// How long to wait when there are no descriptors, or no memory, for another connection.
const BREATHER: Duration = Duration::from_millis(100);
/// Most connections that are taken from the queue of a socket that is about to be closed: as many as its queue may hold.
const WAITING_MOST: usize = 4096;
/// What stands for the ends of a connection that have no addresses, as with varnishd.
const NOWHERE: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED), 0);

/// How the clients of a listener are received.
#[derive(Debug)]
pub(crate) struct Welcome {
    /// The listener's name in the log.
    pub(crate) name: Arc<str>,
    /// What a proxy in front says about a connection comes first.
    pub(crate) proxy: bool,
    /// What they need for TLS.
    pub(crate) tls: Listening,
    /// Nothing is accepted there any more.
    pub(crate) closed: Rc<Cell<bool>>,
}

/// A connection that has come.
#[derive(Debug)]
pub(crate) struct Arrival {
    pub(crate) stream: Transport,
    /// Our end.
    pub(crate) local: SocketAddr,
    /// The other one.
    pub(crate) peer: SocketAddr,
    /// How it was when it came.
    pub(crate) welcome: Rc<Welcome>,
}

/// A thread's listening socket.
pub(super) struct Door {
    socket: Socket,
    welcome: RefCell<Rc<Welcome>>,
}

enum Socket {
    Tcp(TcpListener),
    Unix(UnixListener),
}

impl Door {
    /// Makes a listening socket one of the runtime.
    pub(super) fn open(socket: OwnedFd, unix: bool, welcome: Welcome) -> io::Result<Door> {
        let socket = if unix {
            let socket = std::os::unix::net::UnixListener::from(socket);
            socket.set_nonblocking(true)?;
            Socket::Unix(UnixListener::from_std(socket)?)
        } else {
            let socket = std::net::TcpListener::from(socket);
            socket.set_nonblocking(true)?;
            Socket::Tcp(TcpListener::from_std(socket)?)
        };
        Ok(Door { socket, welcome: RefCell::new(Rc::new(welcome)) })
    }

    /// Those who come from now on are received in another way.
    pub(super) fn set(&self, next: impl FnOnce(&Welcome) -> Welcome) {
        let next = next(&self.welcome.borrow());
        self.welcome.replace(Rc::new(next));
    }

    fn name(&self) -> Arc<str> {
        Arc::clone(&self.welcome.borrow().name)
    }

    async fn next(&self) -> io::Result<Arrival> {
        let (stream, local, peer) = match &self.socket {
            Socket::Tcp(socket) => {
                let (stream, peer) = socket.accept().await?;
                of_tcp(stream, peer)
            }
            Socket::Unix(socket) => {
                let (stream, _) = socket.accept().await?;
                (Transport::from(stream), NOWHERE, NOWHERE)
            }
        };
        Ok(Arrival { stream, local, peer, welcome: Rc::clone(&self.welcome.borrow()) })
    }
}

fn of_tcp(stream: TcpStream, peer: SocketAddr) -> (Transport, SocketAddr, SocketAddr) {
    // Without it small writes wait for acknowledgements; a socket that refuses still works.
    let _ = stream.set_nodelay(true);
    // A connection that is gone already has no local address any more.
    let local = stream.local_addr().unwrap_or(NOWHERE);
    (Transport::from(stream), local, peer)
}

/// Closes a door at which nobody accepts any more. Connections that wait there are served: to their clients they are established.
pub(super) fn close(worker: &Rc<Worker>, door: Rc<Door>) {
    let Ok(Door { socket, welcome }) = Rc::try_unwrap(door).map_err(drop) else { return };
    let welcome = welcome.into_inner();
    let serve = |(stream, local, peer)| {
        let arrival = Arrival { stream, local, peer, welcome: Rc::clone(&welcome) };
        tokio::task::spawn_local(client::Session::new(worker, arrival).serve());
    };
    // Asked the system and not the runtime, which has not heard of the latest.
    match socket {
        Socket::Tcp(socket) => {
            let Ok(socket) = socket.into_std() else { return };
            for _ in 0..WAITING_MOST {
                let Ok((stream, peer)) = socket.accept() else { break };
                let stream =
                    stream.set_nonblocking(true).and_then(|()| TcpStream::from_std(stream));
                // There are no descriptors, or no memory: it is closed as if it had waited a moment longer.
                let Ok(stream) = stream else { break };
                serve(of_tcp(stream, peer));
            }
        }
        Socket::Unix(socket) => {
            let Ok(socket) = socket.into_std() else { return };
            for _ in 0..WAITING_MOST {
                let Ok((stream, _)) = socket.accept() else { break };
                let stream =
                    stream.set_nonblocking(true).and_then(|()| UnixStream::from_std(stream));
                let Ok(stream) = stream else { break };
                serve((Transport::from(stream), NOWHERE, NOWHERE));
            }
        }
    }
    welcome.closed.set(true);
}

/// Accepts until aborted.
pub(super) async fn accept(worker: Rc<Worker>, door: Rc<Door>) {
    // How often it failed in a row, which is said at its beginning and its end.
    let mut failed = 0_u64;
    loop {
        match door.next().await {
            Ok(arrival) => {
                if failed > 0 {
                    worker.log.loose(Tag::Notice, |text| {
                        text.bytes(b"shellac: accept on").word(door.name().as_bytes());
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
                        text.bytes(b"shellac: accept on").word(door.name().as_bytes());
                        text.word(b"failed: errno").field(u64::from(errno.unsigned_abs()));
                    });
                }
                failed += 1;
                sleep(BREATHER).await;
            }
        }
    }
}
