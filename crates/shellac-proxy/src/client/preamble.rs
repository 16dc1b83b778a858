//! What a proxy in front says about a connection, before its first request.

use std::future::poll_fn;
use std::task::{Context, Poll};

use shellac_http1::{
    Ends, PREAMBLE_BYTES, Preamble, PreambleError, PreambleProgress, parse_preamble,
};

use super::session::Session;
use crate::log::{AddressText, SessionEnd};
use crate::worker::Timer;

/// What reading a preamble came to.
enum Read {
    Whole(Preamble),
    Refused(PreambleError),
    /// The connection has ended, or the time is over.
    Over(SessionEnd),
}

/// Reads the preamble of a connection, which has the time of a request head from when the connection came. From then on it is
/// the client's that is named there.
///
/// # Errors
///
/// Why the connection ends; the log has the reason.
pub(super) async fn introduced(session: &mut Session) -> Result<(), SessionEnd> {
    let worker = std::rc::Rc::clone(session.worker());
    let limit = worker.current().config().timeouts.client_head;
    let mut timer = Timer::new(&worker.deadlines, worker.log.coarse().after(limit));
    worker.buffers.lend(&mut session.client.input);
    let read = poll_fn(|cx| poll(session, &mut timer, cx)).await;
    worker.buffers.reclaim(&mut session.client.input);
    match read {
        Read::Whole(preamble) => {
            session.txn.proxy(&preamble);
            session.txn.flush();
            if let Ends::Known { client, server } = preamble.ends {
                session.peer = AddressText::new(client);
                (session.address, session.server) = (client, server);
            }
            Ok(())
        }
        // As with varnishd: what is no preamble at all is junk like any other.
        Read::Refused(error) if error.is_none() => Err(SessionEnd::RxJunk),
        Read::Refused(error) => {
            session.txn.proxy_garbage(&error.to_string());
            Err(SessionEnd::RxBad)
        }
        Read::Over(end) => Err(end),
    }
}

fn poll(session: &mut Session, timer: &mut Timer<'_>, cx: &mut Context<'_>) -> Poll<Read> {
    let client = &mut session.client;
    loop {
        let missing = match parse_preamble(client.input.filled()) {
            Ok(PreambleProgress::Complete { preamble, len_bytes }) => {
                client.input.consume(len_bytes);
                return Poll::Ready(Read::Whole(preamble));
            }
            Ok(PreambleProgress::Partial { missing }) => missing,
            Err(error) => return Poll::Ready(Read::Refused(error)),
        };
        // Not a byte more: what follows may not be meant for us as it is, but for whoever decrypts it.
        let room = client.input.room(PREAMBLE_BYTES);
        let most = missing.min(room.len());
        match client.stream.poll_read(cx, &mut room[..most]) {
            Poll::Ready(Ok(0) | Err(_)) => {
                client.ended = true;
                return Poll::Ready(Read::Over(SessionEnd::RemClose));
            }
            Poll::Ready(Ok(count)) => client.input.fill(count),
            Poll::Pending if timer.is_late(cx) => {
                return Poll::Ready(Read::Over(SessionEnd::RxTimeout));
            }
            Poll::Pending => return Poll::Pending,
        }
    }
}
