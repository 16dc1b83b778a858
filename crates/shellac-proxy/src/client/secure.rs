//! TLS with a client, before its first request.

use std::future::poll_fn;
use std::io::ErrorKind;
use std::sync::Arc;
use std::task::Poll;

use rustls::{Connection, ServerConfig, ServerConnection};
use shellac_counters::vsc::table::Main;
use shellac_format::Side;

use super::session::Session;
use crate::log::SessionEnd;
use crate::tls::{Fault, Listening, fault};
use crate::worker::Timer;

/// Agrees with a client on TLS where its listener speaks that. It has the time of a request head.
///
/// # Errors
///
/// Why the connection ends; the log has the reason.
pub(super) async fn secure(session: &mut Session) -> Result<(), SessionEnd> {
    // As it was when the connection came: it may have been told something about itself since.
    let config = match &session.welcome.tls {
        Listening::Plain => return Ok(()),
        Listening::Tls(config) => Arc::clone(config),
        Listening::Broken => {
            session.worker().stats.main().inc(Main::TlsFail);
            let why = "this listener has no certificate that can be used";
            session.txn.tls_failed(Side::Client, why);
            return Err(SessionEnd::RespClose);
        }
    };
    // Boxed, so that connections without TLS do not keep room for it.
    let result = Box::pin(shake_hands(session, config)).await;
    session.txn.flush();
    result
}

async fn shake_hands(session: &mut Session, config: Arc<ServerConfig>) -> Result<(), SessionEnd> {
    let worker = std::rc::Rc::clone(session.worker());
    let start = worker.log.now();
    let failed = |session: &Session, why: &str, end: SessionEnd| {
        worker.stats.main().inc(Main::TlsFail);
        session.txn.tls_failed(Side::Client, why);
        Err(end)
    };
    match ServerConnection::new(config) {
        Ok(connection) => session.client.stream.encrypt(Connection::Server(connection)),
        Err(error) => return failed(session, &Fault::from(error).text, SessionEnd::RespClose),
    }
    let limit = worker.current().config().timeouts.client_head;
    let mut timer = Timer::new(&worker.deadlines, start.after(limit));
    let stream = &mut session.client.stream;
    let result = poll_fn(|cx| match stream.poll_handshake(cx) {
        Poll::Ready(result) => Poll::Ready(Some(result)),
        Poll::Pending if timer.is_late(cx) => Poll::Ready(None),
        Poll::Pending => Poll::Pending,
    })
    .await;
    match result {
        Some(Ok(())) => {
            let main = worker.stats.main();
            main.inc(Main::TlsConn);
            if let Some(agreed) = stream.agreed() {
                if agreed.resumed {
                    main.inc(Main::TlsResumed);
                }
                let took = worker.log.now().since(start);
                session.txn.tls_agreed(Side::Client, &agreed, took);
            }
            Ok(())
        }
        None => failed(session, "the client took too long", SessionEnd::RxTimeout),
        Some(Err(error)) => match fault(&error) {
            Some(fault) => failed(session, &fault.text, SessionEnd::RxJunk),
            None if error.kind() == ErrorKind::UnexpectedEof => {
                failed(session, "the client closed", SessionEnd::RemClose)
            }
            None => failed(session, &error.to_string(), SessionEnd::RemClose),
        },
    }
}
