//! Taking connections from a listening socket.

use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use shellac_format::Tag;
use tokio::net::TcpListener;
use tokio::time::sleep;

use super::Worker;
use crate::client;

/// How long to wait when there are no descriptors, or no memory, for another connection.
const BREATHER: Duration = Duration::from_millis(100);

/// Accepts until aborted.
pub(super) async fn accept(worker: Rc<Worker>, name: String, socket: TcpListener) {
    let name: Rc<str> = name.into();
    loop {
        match socket.accept().await {
            Ok((stream, peer)) => {
                // Without it small writes wait for acknowledgements; a socket that refuses still works.
                let _ = stream.set_nodelay(true);
                // A connection that is gone already has no local address any more.
                let local = stream.local_addr().unwrap_or(SocketAddr::from(([0, 0, 0, 0], 0)));
                let session = client::Session::new(&worker, stream.into(), local, peer, &name);
                tokio::task::spawn_local(session.serve());
            }
            Err(error) => {
                let errno = error.raw_os_error().unwrap_or(0);
                worker.stats.accept_failed(errno);
                worker.log.loose(Tag::Error, |text| {
                    text.bytes(b"shellac: accept on").word(name.as_bytes()).word(b"failed: errno");
                    text.field(u64::from(errno.unsigned_abs()));
                });
                sleep(BREATHER).await;
            }
        }
    }
}
