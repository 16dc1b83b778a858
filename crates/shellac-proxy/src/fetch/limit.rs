//! What ends a wait: each limit has the name of its key in the configuration, which the log says when it fires.

use std::time::Duration;

use shellac_config::{BackendConfig, RouteTimeouts, Timeouts};

use crate::client::Exchange;
use crate::clock::Micros;
use crate::worker::{Look, Taking};

/// What says how long a wait may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Limit {
    Connect,
    Send,
    FirstByte,
    BetweenBytes,
    ClientBody,
    ClientBodyRate,
    ResponseRate,
    DeliveryRate,
    /// The whole request.
    Total,
    /// All attempts together, in the words of nginx.
    Attempts,
}

impl Limit {
    /// Its name in the log.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Limit::Connect => "connect",
            Limit::Send => "send",
            Limit::FirstByte => "first_byte",
            Limit::BetweenBytes => "between_bytes",
            Limit::ClientBody => "client_body",
            Limit::ClientBodyRate => "client_body_rate",
            Limit::ResponseRate => "response_rate",
            Limit::DeliveryRate => "delivery_rate",
            Limit::Total => "total",
            Limit::Attempts => "next_upstream.limit",
        }
    }

    /// Whether it is about more than one wait: then nothing is said about who was waited for.
    pub(crate) const fn is_cut(self) -> bool {
        matches!(self, Limit::Total | Limit::Attempts)
    }
}

/// The moment at which whatever runs is cut.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Until {
    pub(crate) at: Micros,
    pub(crate) limit: Limit,
    /// How long that is as a whole, where it is a time.
    pub(crate) time: Option<Duration>,
}

impl Until {
    /// The earlier one.
    pub(super) fn first(one: Option<Until>, other: Option<Until>) -> Option<Until> {
        one.into_iter().chain(other).min_by_key(|until| until.at)
    }
}

/// A wait that has begun: when it ends, and why then.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wait {
    pub(super) since: Micros,
    pub(super) at: Micros,
    pub(super) limit: Limit,
    /// How long the configuration says, where it is a time.
    pub(super) time: Option<Duration>,
}

impl Wait {
    /// A wait from `since` for `time` at most, and not beyond `until`.
    pub(super) fn new(since: Micros, limit: Limit, time: Duration, until: Option<Until>) -> Wait {
        let at = since.after(time);
        match until.filter(|until| until.at < at) {
            Some(until) => Wait::cut(since, until),
            None => Wait { since, at, limit, time: Some(time) },
        }
    }

    /// A wait from `since` that ends at `until`.
    pub(super) fn cut(since: Micros, until: Until) -> Wait {
        let Until { at, limit, time } = until;
        Wait { since, at, limit, time }
    }

    /// How long it may be, if it is one for a peer that has to take something.
    fn for_taking(&self) -> Option<Duration> {
        self.time.filter(|_| self.limit == Limit::Send)
    }

    /// When to look at it after `now`.
    pub(super) fn next_look(&self, now: Micros) -> Micros {
        self.for_taking().map_or(self.at, |time| Taking::next(time, self.at, now))
    }

    /// Looks at it when that moment has come; `acked` is what the kernel says of whoever has to take something.
    pub(super) fn look(
        &self,
        taking: &mut Taking,
        acked: impl FnOnce() -> Option<u64>,
        now: Micros,
    ) -> Look {
        self.for_taking().map_or(Look::Over, |_| taking.look(self.at, acked, now))
    }
}

/// The times of one attempt: a route's own go before a backend's, and these before everybody's.
#[derive(Clone, Copy, Debug)]
pub(super) struct Times<'c> {
    own: &'c RouteTimeouts,
    backend: &'c BackendConfig,
    all: &'c Timeouts,
}

impl<'c> Times<'c> {
    /// Those of an attempt at `backend`.
    pub(super) fn of(exchange: &Exchange<'c>, backend: &'c BackendConfig) -> Times<'c> {
        let all = &exchange.local.config().timeouts;
        Times { own: &exchange.route.timeouts, backend, all }
    }

    /// The backend takes the request.
    pub(super) fn send(&self) -> Duration {
        self.own.send.unwrap_or(self.backend.send_timeout)
    }

    /// It begins to answer.
    pub(super) fn first_byte(&self) -> Duration {
        self.own.first_byte.unwrap_or(self.backend.first_byte_timeout)
    }

    /// It goes on.
    pub(super) fn between_bytes(&self) -> Duration {
        self.own.between_bytes.unwrap_or(self.backend.between_bytes_timeout)
    }

    /// The client goes on with its body.
    pub(super) fn client_body(&self) -> Duration {
        self.own.client_body.unwrap_or(self.all.client_body)
    }

    /// The client takes its answer.
    pub(super) fn deliver(&self) -> Duration {
        self.own.send.unwrap_or(self.all.send)
    }
}

#[cfg(test)]
mod tests;
