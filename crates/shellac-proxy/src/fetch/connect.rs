//! Making a connection to a backend.

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use rustix::io::Errno;
use shellac_config::ProxyVersion;
use shellac_counters::live::Phase as Wait;
use shellac_http1::{Ends, PreambleVersion, preamble};
use shellac_upstream::resolve::Trouble;
use shellac_upstream::{Address, Endpoint, InFlight, Rules};
use tokio::net::{TcpStream, UnixStream};

use super::failure::Failure;
use super::limit::{self, Limit, Until};
use crate::client::{Exchange, Watch};
use crate::log::{EndsText, Phase};
use crate::worker::{Buffer, Conn, Outbox, Timer, Transport};

/// Connects to the endpoint of `busy`, within its time and until `until`, as long as the client is there.
///
/// # Errors
///
/// No connection; nothing was sent.
pub(super) async fn connect(
    exchange: &mut Exchange<'_>,
    busy: &mut InFlight,
    until: Option<Until>,
) -> Result<Box<Conn>, Box<Failure>> {
    let Exchange { worker, local, client, out, written, live, address, server, .. } = exchange;
    let mut limit = local.backend(busy.endpoint()).connect_timeout;
    if busy.is_test()
        && let Rules::Ours(health) = busy.pool().rules()
    {
        limit = limit.min(health.test_connect_timeout);
    }
    let start = worker.log.now();
    let wait = limit::Wait::new(start, Limit::Connect, limit, until);
    busy.connecting(worker.log.steady(start));
    let endpoint = Arc::clone(busy.endpoint());
    let mut timer = Timer::new(&worker.deadlines, wait.at);
    live.waits(Wait::Connect, worker.log.coarse(), timer.at());
    let mut watch = Watch::new(worker);
    let socket = local.socket(&endpoint);
    let at = Cell::new(None);
    let send_proxy = local.backend(&endpoint).send_proxy;
    let ends = match address.port() {
        0 => Ends::Unknown,
        _ => Ends::Known { client: *address, server: *server },
    };
    let mut connecting = pin!(async {
        let mut opened = open(&endpoint, &at).await?;
        if let Some(version) = send_proxy {
            introduce(&mut opened.stream, version, ends).await.map_err(NoWay::Introduction)?;
        }
        Ok(opened)
    });
    let result = poll_fn(|cx| match connecting.as_mut().poll(cx) {
        Poll::Ready(result) => Poll::Ready(result.map_err(|no| match no {
            NoWay::Name(trouble) => Failure::unresolved(endpoint.name(), trouble),
            NoWay::Connection(error) => {
                Failure::connect(endpoint.name(), error.raw_os_error().unwrap_or(0))
            }
            NoWay::Path(error) => Failure::connect_path(endpoint.name(), &error),
            NoWay::Introduction(error) => Failure::introduction(endpoint.name(), &error),
        })),
        Poll::Pending if live.is_killed() => {
            let reason = live.kill_reason().unwrap_or_default();
            Poll::Ready(Err(Failure::killed(Phase::Connect, &reason)))
        }
        Poll::Pending if timer.is_late(cx) && at.get().is_none() => {
            Poll::Ready(Err(Failure::unresolved(endpoint.name(), Trouble::Timeout)))
        }
        Poll::Pending if timer.is_late(cx) => {
            Poll::Ready(Err(Failure::connect(endpoint.name(), Errno::TIMEDOUT.raw_os_error())))
        }
        Poll::Pending if watch.is_gone(client, out, *written, cx) => {
            Poll::Ready(Err(Failure::client_gone(Phase::Connect)))
        }
        Poll::Pending => Poll::Pending,
    })
    .await;
    let Opened { stream, remote, local: own } = result.map_err(|mut failure: Box<Failure>| {
        failure.address = at.get();
        failure.after(worker.log.now(), &wait)
    })?;
    worker.stats.connected(local.counts(&endpoint), worker.log.now().since(start));
    let now = worker.log.now();
    busy.connected(worker.log.steady(now));
    let ends = EndsText::new(stream.fd(), endpoint.name(), remote.unwrap_or(NOWHERE), own);
    Ok(Box::new(Conn {
        stream,
        ends,
        endpoint: Arc::clone(&endpoint),
        input: Buffer::default(),
        remote: remote.unwrap_or(HERE),
        opened: now,
        released: now,
        single: send_proxy.is_some(),
        uses: 0,
        written: 0,
        host: None,
        socket,
    }))
}

/// What stands for the ends of a connection that have no addresses, as with varnishd.
const NOWHERE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);
/// The end of a connection that does not leave this machine.
const HERE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
/// Between two looks whether a name has got its first addresses.
const LOOK: Duration = Duration::from_millis(10);

/// Why there is no connection.
enum NoWay {
    Name(Trouble),
    Connection(io::Error),
    /// To a path.
    Path(io::Error),
    /// The backend did not take what comes first.
    Introduction(io::Error),
}

/// A connection to the endpoint; `at` is where it goes to. Where a name stands for several addresses, one at which nobody is
/// to be found is not the end.
async fn open(endpoint: &Endpoint, at: &Cell<Option<SocketAddr>>) -> Result<Opened, NoWay> {
    if let Some(path) = endpoint.spec().address.path() {
        let stream = UnixStream::connect(path).await.map_err(NoWay::Path)?;
        return Ok(Opened { stream: stream.into(), remote: None, local: NOWHERE });
    }
    let first = loop {
        match endpoint.spec().address.next().map_err(NoWay::Name)? {
            Some(address) => break address,
            None => tokio::time::sleep(LOOK).await,
        }
    };
    at.set(Some(first));
    let mut error = match TcpStream::connect(first).await {
        Ok(stream) => return Ok(Opened::tcp(stream, first)),
        Err(error) => error,
    };
    if !is_nobody(&error) || !matches!(endpoint.spec().address, Address::Named(_)) {
        return Err(NoWay::Connection(error));
    }
    for address in endpoint.addresses().into_iter().filter(|other| *other != first) {
        at.set(Some(address));
        match TcpStream::connect(address).await {
            Ok(stream) => return Ok(Opened::tcp(stream, address)),
            Err(next) => error = next,
        }
        if !is_nobody(&error) {
            break;
        }
    }
    Err(NoWay::Connection(error))
}

/// A connection that was made.
struct Opened {
    stream: Transport,
    /// The backend's end, where it has an address.
    remote: Option<SocketAddr>,
    /// Ours.
    local: SocketAddr,
}

impl Opened {
    fn tcp(stream: TcpStream, remote: SocketAddr) -> Opened {
        // A socket that refuses it still works, only slower.
        let _ = stream.set_nodelay(true);
        let local = stream.local_addr().unwrap_or(NOWHERE);
        Opened { stream: stream.into(), remote: Some(remote), local }
    }
}

/// Says who the client is, before anything else.
async fn introduce(
    stream: &mut Transport,
    version: ProxyVersion,
    ends: Ends,
) -> std::io::Result<()> {
    let mut out = Outbox::of(preamble(version_of(version), ends));
    poll_fn(|cx| out.poll_flush(stream, cx, &mut 0)).await
}

/// The same version in the words of the protocol.
pub(crate) fn version_of(version: ProxyVersion) -> PreambleVersion {
    match version {
        ProxyVersion::V1 => PreambleVersion::V1,
        ProxyVersion::V2 => PreambleVersion::V2,
    }
}

fn is_nobody(error: &io::Error) -> bool {
    let nobody = [Errno::CONNREFUSED, Errno::HOSTUNREACH, Errno::NETUNREACH];
    nobody.iter().any(|errno| error.raw_os_error() == Some(errno.raw_os_error()))
}
