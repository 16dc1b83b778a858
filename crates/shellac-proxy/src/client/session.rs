//! A client's connection: one request after the other until there is a reason to close.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use shellac_counters::live::{Bytes, Phase};
use shellac_counters::vsc::table::Main;
use shellac_format::{Side, Vxid};
use shellac_http1::{HeadError, RequestHead, parse_request_into};

use super::answer;
use super::desk::Desk;
use super::preamble;
use super::secure;
use crate::clock::Micros;
use crate::log::{AddressText, SessionEnd, Txn, TxnKind};
use crate::tls::{Fault, fault};
use crate::worker::{Arrival, Buffer, Live, Timer, Transport, Welcome, Worker};

/// Bytes of an unread request that are still taken after the answer, so that the client gets to read the answer.
const LINGER_BYTES: usize = 32 << 20;

/// The client's socket and what was read from it.
pub(crate) struct Client {
    pub(crate) stream: Transport,
    pub(crate) input: Buffer,
    /// The client has sent its last byte.
    pub(crate) ended: bool,
    /// How its TLS broke, after it had been agreed on. Boxed, as it mostly does not.
    pub(crate) broken: Option<Box<Fault>>,
    /// Bytes of the next head that it was sent ahead of the rest; `None` once the head of the answer is on its way.
    pub(crate) ahead: Option<usize>,
}

impl Client {
    /// Reading has failed: nothing more comes.
    pub(super) fn lose(&mut self, error: &io::Error) {
        self.ended = true;
        self.broken = fault(error).map(Box::new);
    }

    /// The word of the log for what it did, if its TLS is what broke.
    pub(crate) fn broken_word(&self) -> Option<&'static str> {
        self.broken.as_ref().map(|_| "tls")
    }
}

/// A client's connection.
pub(crate) struct Session {
    worker: Rc<Worker>,
    pub(super) client: Client,
    pub(super) txn: Txn,
    pub(super) peer: AddressText,
    pub(super) address: SocketAddr,
    /// Where the client connected to.
    pub(super) server: SocketAddr,
    /// The request whose head is being read, as soon as that takes more than one look.
    pub(super) live: Option<Live>,
    /// How clients were received where it came in.
    pub(super) welcome: Rc<Welcome>,
    pub(super) head: RequestHead,
    opened: Micros,
    _open: Open,
}

/// Counts the connection as long as it lives.
struct Open(Rc<Worker>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.sessions.set(self.0.sessions.get() - 1);
    }
}

/// A head that has been read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Heard {
    /// Its bytes.
    pub(super) len: usize,
    /// When the first of them came.
    pub(super) first_byte: Micros,
    /// When the last of them did.
    pub(super) at: Micros,
}

/// What waiting for a request came to.
enum Waited {
    /// A whole head.
    Head(Heard),
    /// A head that is refused, and the time of its first byte.
    Refused(HeadError, Micros),
    /// No request any more.
    End(SessionEnd),
}

impl Session {
    /// Logs the arrival of a connection.
    pub(crate) fn new(worker: &Rc<Worker>, arrival: Arrival) -> Box<Session> {
        let Arrival { stream, local, peer, welcome } = arrival;
        worker.sessions.set(worker.sessions.get() + 1);
        worker.stats.session();
        let log = &worker.log;
        let at = log.now();
        let address = peer;
        let peer = AddressText::new(address);
        let kind = if welcome.proxy { TxnKind::ProxySession } else { TxnKind::Session };
        let txn = Txn::begin(log, kind, log.next_xid(), Vxid(0), at, at);
        txn.sess_open(&peer, &welcome.name, &AddressText::new(local), at, stream.fd());
        txn.flush();
        Box::new(Session {
            worker: Rc::clone(worker),
            client: Client {
                stream,
                input: Buffer::default(),
                ended: false,
                broken: None,
                ahead: None,
            },
            txn,
            peer,
            address,
            server: local,
            live: None,
            welcome,
            head: RequestHead::default(),
            opened: at,
            _open: Open(Rc::clone(worker)),
        })
    }

    /// The worker.
    pub(super) fn worker(&self) -> &Rc<Worker> {
        &self.worker
    }

    /// Serves the connection to its end.
    pub(crate) async fn serve(mut self: Box<Session>) {
        let refused = if self.welcome.proxy {
            // Boxed, so that an idle connection does not keep room for it.
            Box::pin(preamble::introduced(&mut self)).await.err()
        } else {
            None
        };
        let refused = match refused {
            None => secure::secure(&mut self).await.err(),
            refused => refused,
        };
        let (end, linger) = loop {
            if let Some(end) = refused {
                break (end, false);
            }
            let after = match self.wait().await {
                Waited::End(end) => break (end, false),
                Waited::Refused(error, first_byte) => {
                    Box::pin(answer::refuse(&mut self, error, first_byte)).await
                }
                Waited::Head(heard) => {
                    let after;
                    (self, after) = Desk::serve(self, heard).await;
                    after
                }
            };
            self.worker.buffers.reclaim(&mut self.client.input);
            // Nothing is left of it where the request did not come about.
            self.live = None;
            if let Some(end) = after.close {
                break (end, after.linger || self.leaves_unread(end));
            }
        };
        if linger {
            Box::pin(self.drain()).await;
        }
        let Session { worker, txn, opened, client, .. } = *self;
        // Whatever followed from that.
        let end = match &client.broken {
            Some(fault) => {
                txn.tls_failed(Side::Client, &fault.text);
                SessionEnd::RxJunk
            }
            None => end,
        };
        worker.stats.session_ended(end);
        txn.sess_close(end, worker.log.now().since(opened));
        txn.end();
    }

    /// Waits for the next request head, which ends up in `self.head`.
    async fn wait(&mut self) -> Waited {
        let Session { worker, client, head, txn, address, live, .. } = self;
        // Copied, for a connection without a request holds no configuration.
        let (limits, client_idle, client_head) = {
            let current = worker.current();
            let timeouts = &current.config().timeouts;
            (current.limits, timeouts.client_idle, timeouts.client_head)
        };
        let idle_until = worker.log.coarse().after(client_idle);
        let mut timer = Timer::new(&worker.deadlines, idle_until);
        let mut first_byte = None;
        let mut was_quiet = false;
        // What came behind the last request is there already.
        let mut news = !client.input.is_empty();
        if news {
            worker.stats.main().inc(Main::SessReadahead);
        }
        poll_fn(|cx: &mut Context<'_>| {
            loop {
                if news {
                    let at = worker.log.now();
                    let first_byte = *first_byte.get_or_insert_with(|| {
                        // Absolute from here on, however slowly the rest trickles in.
                        timer.set(at.after(client_head));
                        at
                    });
                    match parse_request_into(head, client.input.filled(), &limits) {
                        Ok(Some(len)) => {
                            return Poll::Ready(Waited::Head(Heard { len, first_byte, at }));
                        }
                        Ok(None) => {}
                        Err(error) => return Poll::Ready(Waited::Refused(error, first_byte)),
                    }
                }
                if client.ended {
                    return Poll::Ready(Waited::End(SessionEnd::RemClose));
                }
                if worker.draining.get() && !worker.lenient.get() && client.input.is_empty() {
                    return Poll::Ready(Waited::End(SessionEnd::RespClose));
                }
                // Whoever is woken is told by the read itself whether there is something.
                let is_quiet = !was_quiet && client.stream.poll_read_ready(cx).is_pending();
                let read = if is_quiet {
                    Poll::Pending
                } else {
                    worker.buffers.lend(&mut client.input);
                    // The parser refuses a head at its limit, so the room behind it is never used up.
                    let room = client.input.room(limits.head_bytes + ROOM_BEHIND);
                    client.stream.poll_read_head(cx, room)
                };
                match read {
                    Poll::Pending => {
                        was_quiet = true;
                        // An idle connection holds no memory.
                        worker.buffers.reclaim(&mut client.input);
                        if let Some(at) = first_byte {
                            let live = live.get_or_insert_with(|| {
                                Live::claim(worker, at, txn.vxid(), *address)
                            });
                            live.bytes(Bytes {
                                from_client: client.input.len() as u64,
                                ..Bytes::default()
                            });
                            live.waits(Phase::ReadHead, at, timer.at());
                        }
                        if !timer.is_late(cx) {
                            news = false;
                            return Poll::Pending;
                        }
                        return Poll::Ready(Waited::End(match first_byte {
                            Some(_) => SessionEnd::RxTimeout,
                            None => SessionEnd::RxCloseIdle,
                        }));
                    }
                    Poll::Ready(Ok(0)) => client.ended = true,
                    Poll::Ready(Ok(count)) => {
                        client.input.fill(count);
                        news = true;
                    }
                    Poll::Ready(Err(error)) => {
                        client.lose(&error);
                        return Poll::Ready(Waited::End(SessionEnd::RemClose));
                    }
                }
            }
        })
        .await
    }

    /// Whether a client says more than anybody will read: closing with such bytes would be a reset, and what is on its way to
    /// the client would be lost.
    fn leaves_unread(&self, end: SessionEnd) -> bool {
        let is_lost = matches!(end, SessionEnd::RemClose | SessionEnd::TxError);
        let Client { stream, input, ended, .. } = &self.client;
        let mut cx = Context::from_waker(Waker::noop());
        // Whoever has sent more than was asked for is probably still sending.
        let mut sends = || !input.is_empty() || stream.poll_read_ready(&mut cx).is_ready();
        !is_lost && !ended && sends()
    }

    /// Says that nothing more comes, and takes what the client still sends, for a bounded time and amount: closing with unread bytes would make the kernel
    /// reset the connection, and the client would lose an answer that it has not read yet.
    async fn drain(&mut self) {
        let Session { worker, client, .. } = self;
        let linger = worker.current().config().timeouts.linger;
        let mut timer = Timer::new(&worker.deadlines, worker.log.coarse().after(linger));
        let (mut told, mut taken) = (false, 0);
        poll_fn(|cx: &mut Context<'_>| {
            let mut scratch = worker.scratch.borrow_mut();
            told = told || client.stream.poll_end_writing(cx).is_ready();
            loop {
                if client.ended || taken >= LINGER_BYTES {
                    return Poll::Ready(());
                }
                match client.stream.poll_read(cx, &mut scratch) {
                    Poll::Ready(Ok(0) | Err(_)) => return Poll::Ready(()),
                    Poll::Ready(Ok(count)) => taken += count,
                    Poll::Pending if timer.is_late(cx) => return Poll::Ready(()),
                    Poll::Pending => return Poll::Pending,
                }
            }
        })
        .await;
    }
}

/// Room behind the longest head.
pub(crate) const ROOM_BEHIND: usize = 16 << 10;

#[cfg(test)]
mod tests;
