//! Connections to backends, in use and kept for later.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use shellac_format::Tag;
use shellac_upstream::Endpoint;

use super::buffer::Buffer;
use super::transport::Transport;
use crate::clock::Micros;
use crate::log::{CloseReason, EndsText, Log};
use crate::stats::Socket;

/// A connection to a backend. It is boxed when it is made, for it is handed on many times.
#[derive(Debug)]
pub(crate) struct Conn {
    pub(crate) stream: Transport,
    pub(crate) endpoint: Arc<Endpoint>,
    /// Bytes of a response that were read and not used yet.
    pub(crate) input: Buffer,
    /// The backend's end; of this machine and without a port for a path.
    pub(crate) remote: SocketAddr,
    /// Both ends, as the log shows them.
    pub(crate) ends: EndsText,
    pub(crate) opened: Micros,
    /// When the last response ended.
    pub(crate) released: Micros,
    /// It said who the client is, and is good for nobody else.
    pub(crate) single: bool,
    /// Requests that it has carried before this one.
    pub(crate) uses: u64,
    /// Bytes handed to the kernel in its life.
    pub(crate) written: u64,
    /// The host that was asked for with TLS, where requests say that.
    pub(crate) host: Option<Box<str>>,
    /// Counts it, as long as it is there.
    pub(crate) socket: Socket,
}

impl Conn {
    /// Where the backend is, if it has an address.
    pub(crate) fn address(&self) -> Option<SocketAddr> {
        Some(self.remote).filter(|remote| remote.port() != 0)
    }

    /// The descriptor's number, for the log.
    pub(crate) fn fd(&self) -> i32 {
        self.stream.fd()
    }

    /// Bytes that the other side's kernel has acknowledged in its life, if ours can say.
    pub(crate) fn acked(&self) -> Option<u64> {
        self.stream.acked()
    }

    /// Why it cannot carry another request, without asking the kernel: any byte and the end are known to the driver.
    fn unfit(&mut self) -> Option<CloseReason> {
        // The backend's name stands for other addresses by now.
        if !self.endpoint.is_at(self.remote) {
            return Some(CloseReason::RespClose);
        }
        if !self.input.is_empty() {
            return Some(CloseReason::RxJunk);
        }
        match self.stream.news()? {
            Ok(1..) => Some(CloseReason::RxJunk),
            Ok(0) | Err(_) => Some(CloseReason::RemClose),
        }
    }
}

/// The connections to one backend, the last one used on top.
#[allow(
    clippy::vec_box,
    reason = "each goes to a request and comes back, which is cheaper for a pointer"
)]
type Kept = Vec<Box<Conn>>;

/// The connections that one thread keeps, per backend, the last one used on top.
#[derive(Debug)]
pub(crate) struct Idle {
    kept: RefCell<Vec<Kept>>,
    most: usize,
    /// How long one is kept, by backend.
    lifetimes: Vec<Duration>,
}

impl Idle {
    /// Room for `most` connections to each backend, each kept for at most the backend's time in `lifetimes`.
    pub(crate) fn new(most: usize, lifetimes: Vec<Duration>) -> Idle {
        Idle { kept: RefCell::new(lifetimes.iter().map(|_| Vec::new()).collect()), most, lifetimes }
    }

    /// The connection to `backend` that was used last and is still good. Those found bad on the way are closed.
    ///
    /// Where a connection is good for one `host` only, it is one for that.
    pub(crate) fn take(&self, backend: usize, host: Option<&str>, log: &Log) -> Option<Box<Conn>> {
        loop {
            let mut conn = {
                let mut kept = self.kept.borrow_mut();
                let list = kept.get_mut(backend)?;
                let at = list.iter().rposition(|conn| conn.host.as_deref() == host)?;
                list.remove(at)
            };
            match conn.unfit() {
                None => return Some(conn),
                Some(reason) => close(log, &conn, reason),
            }
        }
    }

    /// Keeps `conn` unless there are enough; the one unused for longest makes room.
    pub(crate) fn put(&self, conn: Box<Conn>, log: &Log) {
        let mut kept = self.kept.borrow_mut();
        let Some(list) = kept.get_mut(conn.endpoint.index()) else { return };
        if self.most == 0 {
            close(log, &conn, CloseReason::RespClose);
            return;
        }
        if list.len() >= self.most {
            close(log, &list.remove(0), CloseReason::RespClose);
        }
        list.push(conn);
    }

    /// Closes what was unused for too long and what the backend has closed.
    pub(crate) fn sweep(&self, now: Micros, log: &Log) {
        for (list, lifetime) in self.kept.borrow_mut().iter_mut().zip(&self.lifetimes) {
            list.retain_mut(|conn| {
                let reason = if now >= conn.released.after(*lifetime) {
                    Some(CloseReason::RxTimeout)
                } else {
                    conn.unfit()
                };
                if let Some(reason) = reason {
                    close(log, conn, reason);
                }
                reason.is_none()
            });
        }
    }

    /// How many there are, by backend.
    pub(super) fn counts(&self) -> Vec<usize> {
        self.kept.borrow().iter().map(Vec::len).collect()
    }

    /// Closes those to these backends; says how many there were.
    pub(super) fn close(&self, backends: &[usize], log: &Log) -> usize {
        let mut kept = self.kept.borrow_mut();
        let mut closed = 0;
        for &backend in backends {
            let list = kept.get_mut(backend).map(std::mem::take).unwrap_or_default();
            closed += list.len();
            list.iter().for_each(|conn| close(log, conn, CloseReason::RespClose));
        }
        closed
    }

    /// All of them, those of a backend that were unused for longest first.
    pub(super) fn take_all(&self) -> Kept {
        self.kept.borrow_mut().iter_mut().flat_map(std::mem::take).collect()
    }

    /// Closes all of them.
    pub(crate) fn clear(&self) {
        for list in self.kept.borrow_mut().iter_mut() {
            list.clear();
        }
    }
}

/// An unused connection ends: a record of no transaction, for its last one has ended.
pub(super) fn close(log: &Log, conn: &Conn, reason: CloseReason) {
    let text = log.grammar.close_text(reason);
    log.loose(Tag::BackendClose, |record| {
        record.number(u64::from(conn.fd().unsigned_abs()));
        record.word(conn.endpoint.name().as_bytes()).word(b"close").word(text);
    });
}
