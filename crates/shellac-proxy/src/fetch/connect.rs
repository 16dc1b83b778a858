//! Making a connection to a backend.

use std::future::{Future, poll_fn};
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use rustix::io::Errno;
use shellac_counters::live::Phase as Wait;
use shellac_upstream::InFlight;
use tokio::net::TcpStream;

use super::failure::Failure;
use crate::client::{Client, Watch};
use crate::log::{AddressText, Phase};
use crate::worker::{Buffer, Conn, Live, Local, Timer, Worker};

/// Longest time to connect for the attempt that finds out whether a backend is back.
const TEST: Duration = Duration::from_secs(1);

/// Connects to the endpoint of `busy`, within its time, as long as the client is there.
///
/// # Errors
///
/// No connection; nothing was sent.
pub(super) async fn connect(
    worker: &Worker,
    local: &Local,
    busy: &mut InFlight,
    client: &mut Client,
    live: &mut Live,
) -> Result<Conn, Box<Failure>> {
    let mut limit = local.backend(busy.endpoint()).connect_timeout;
    if busy.is_test() {
        limit = limit.min(TEST);
    }
    let start = worker.log.now();
    busy.connecting(worker.log.steady(start));
    let endpoint = Arc::clone(busy.endpoint());
    let mut timer = Timer::new(&worker.deadlines, start.after(limit));
    live.waits(Wait::Connect, worker.log.coarse(), timer.at());
    let mut watch = Watch::new(worker);
    let mut connecting = pin!(TcpStream::connect(endpoint.address()));
    let result =
        poll_fn(|cx| match connecting.as_mut().poll(cx) {
            Poll::Ready(result) => Poll::Ready(result.map_err(|error| {
                Failure::connect(endpoint.name(), error.raw_os_error().unwrap_or(0))
            })),
            Poll::Pending if live.is_killed() => {
                let reason = live.kill_reason().unwrap_or_default();
                Poll::Ready(Err(Failure::killed(Phase::Connect, &reason)))
            }
            Poll::Pending if timer.is_late(cx) => {
                Poll::Ready(Err(Failure::connect(endpoint.name(), Errno::TIMEDOUT.raw_os_error())))
            }
            Poll::Pending if watch.is_gone(client, 0, cx) => {
                Poll::Ready(Err(Failure::client_gone(Phase::Connect)))
            }
            Poll::Pending => Poll::Pending,
        })
        .await;
    let stream = result
        .map_err(|failure: Box<Failure>| failure.after(worker.log.now().since(start), limit))?;
    // A socket that refuses it still works, only slower.
    let _ = stream.set_nodelay(true);
    worker.stats.connected(local.counts(&endpoint), worker.log.now().since(start));
    let local = stream.local_addr().unwrap_or(SocketAddr::from(([0, 0, 0, 0], 0)));
    let now = worker.log.now();
    busy.connected(worker.log.steady(now));
    Ok(Conn {
        stream,
        endpoint,
        input: Buffer::default(),
        local: AddressText::new(local),
        opened: now,
        released: now,
        uses: 0,
        written: 0,
    })
}
