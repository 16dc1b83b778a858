//! Taking connections from a listening socket.

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
                let session = client::Session::new(&worker, stream, peer, &name);
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
