//! A request's body: read from the client as the backend takes it, and kept for another attempt.

use std::task::{Context, Poll, ready};

use shellac_config::{BodyConfig, BodyOver};
use shellac_http1::{BodyError, BodyFraming, Decoder, Header, Trailing};

use super::kept::{Kept, Loss};
use super::session::Client;
use crate::worker::Worker;

/// Why a request body cannot be passed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodyFault {
    /// The client stopped in the middle; with the system's error if there was one.
    Ended(BodyError, Option<i32>),
    /// TLS with the client broke in the middle.
    Insecure(BodyError),
    /// Its framing is broken.
    Malformed(BodyError),
    /// It is longer than what is accepted.
    TooLarge,
    /// The client was too slow.
    Timeout(BodyError),
}

impl BodyFault {
    /// The word for it in the log.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            BodyFault::Ended(_, None) => "closed",
            BodyFault::Ended(_, Some(_)) => "reset",
            BodyFault::Insecure(_) => "tls",
            BodyFault::Malformed(_) => "malformed",
            BodyFault::TooLarge => "too_large",
            BodyFault::Timeout(_) => "slow",
        }
    }
}

/// A request's body, without its framing.
pub(crate) struct RequestBody<'w> {
    framing: BodyFraming,
    decoder: Decoder,
    kept: Kept<'w>,
    /// Bytes of a body that is accepted at all.
    most: u64,
    /// Bytes read, framing included.
    raw: u64,
    /// What its head said about trailers.
    trailing: Trailing,
}

impl<'w> RequestBody<'w> {
    /// A body of `framing`, kept as `config` says, with trailers as its head says.
    pub(crate) fn new(
        framing: BodyFraming,
        config: &'w BodyConfig,
        worker: &'w Worker,
        trailing: Trailing,
    ) -> RequestBody<'w> {
        RequestBody {
            framing,
            decoder: Decoder::new(framing),
            kept: Kept::new(worker, config, framing.len_bytes()),
            most: match config.over {
                BodyOver::Stream => u64::MAX,
                BodyOver::Refuse => config.limit_bytes,
            },
            raw: 0,
            trailing,
        }
    }

    /// The trailers that are passed on, as far as they have come.
    pub(crate) fn trailers(&self) -> impl Iterator<Item = Header<'_>> {
        self.trailing.pass(self.decoder.trailers())
    }

    /// How it came.
    pub(crate) fn framing(&self) -> BodyFraming {
        self.framing
    }

    /// Whether it has been read to its end.
    pub(crate) fn is_complete(&self) -> bool {
        self.decoder.is_done()
    }

    /// Why it cannot be sent a second time, if that is so.
    pub(crate) fn loss(&self) -> Option<Loss> {
        self.kept.loss()
    }

    /// The word for what is kept of it.
    pub(crate) fn replay(&self) -> &'static str {
        match self.loss() {
            Some(_) => "lost",
            None if self.is_complete() => "complete",
            None => "kept",
        }
    }

    /// Whether everything that has come is kept, or known not to be, without a wait.
    pub(crate) fn is_settled(&self) -> bool {
        self.kept.is_settled()
    }

    /// Waits until everything that has come is kept, or is known not to be.
    pub(crate) async fn settle(&mut self) {
        self.kept.settle().await;
    }

    /// Bytes of the body so far.
    pub(crate) fn received(&self) -> u64 {
        self.decoder.received_bytes()
    }

    /// Bytes read so far, framing included.
    pub(crate) fn raw(&self) -> u64 {
        self.raw
    }

    /// What has been read from `offset` on; empty when that is the end, and when it has to be loaded first.
    pub(crate) fn from(&self, offset: u64) -> &[u8] {
        self.kept.from(offset)
    }

    /// Loads what [`RequestBody::from`] gives.
    ///
    /// # Errors
    ///
    /// It was kept and cannot be read again.
    pub(crate) fn poll_load(
        &mut self,
        offset: u64,
        cx: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        self.kept.poll_load(offset, cx)
    }

    /// Everything before `offset` has been passed on.
    pub(crate) fn passed(&mut self, offset: u64) {
        self.kept.passed(offset);
    }

    /// Decodes what was read together with the head. Whether there was anything.
    pub(crate) fn take_buffered(&mut self, client: &mut Client) -> Result<bool, BodyFault> {
        if client.input.is_empty() || self.is_complete() {
            return Ok(false);
        }
        let used = self.decode(client.input.filled())?;
        client.input.consume(used);
        Ok(used > 0)
    }

    /// Reads more from the client. `Ready(Ok)` when something came.
    pub(crate) fn poll_more(
        &mut self,
        client: &mut Client,
        worker: &Worker,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), BodyFault>> {
        if client.ended {
            return Poll::Ready(Err(BodyFault::Ended(self.decoder.interrupted(), None)));
        }
        ready!(self.kept.poll_room(cx));
        let mut scratch = worker.scratch.borrow_mut();
        let most = match self.framing {
            // Not a byte of the next request, so that nothing has to be put back.
            BodyFraming::Length(len) => {
                usize::try_from(len - self.received()).unwrap_or(usize::MAX)
            }
            _ => CHUNKED_READ,
        };
        let most = most.min(scratch.len());
        let count = match ready!(client.stream.poll_read(cx, &mut scratch[..most])) {
            Ok(0) => {
                client.ended = true;
                let fault = BodyFault::Ended(self.decoder.interrupted(), None);
                return Poll::Ready(Err(fault));
            }
            Ok(count) => count,
            Err(error) => {
                client.lose(&error);
                let at = self.decoder.interrupted();
                return Poll::Ready(Err(match client.broken {
                    Some(_) => BodyFault::Insecure(at),
                    None => BodyFault::Ended(at, error.raw_os_error()),
                }));
            }
        };
        let used = self.decode(&scratch[..count])?;
        client.input.append(&scratch[used..count]);
        Poll::Ready(Ok(()))
    }

    /// The client has taken too long.
    pub(crate) fn timeout(&self) -> BodyFault {
        BodyFault::Timeout(self.decoder.interrupted())
    }

    fn decode(&mut self, input: &[u8]) -> Result<usize, BodyFault> {
        let mut used = 0;
        while used < input.len() && !self.decoder.is_done() {
            let decoded = self.decoder.decode(&input[used..]).map_err(BodyFault::Malformed)?;
            used += decoded.consumed;
            if self.kept.received() + decoded.data.len() as u64 > self.most {
                return Err(BodyFault::TooLarge);
            }
            self.kept.push(decoded.data);
        }
        self.raw += used as u64;
        Ok(used)
    }
}

/// Bytes of a chunked body that are read at a time: what belongs to the next request has to be put back.
const CHUNKED_READ: usize = 64 << 10;
