//! How long a delivery waits for either side, and how fast these have to be.

use std::task::Context;

use shellac_config::BackendConfig;

use crate::client::{Exchange, Watch};
use crate::clock::Micros;
use crate::fetch::limit::{self, Limit, Times, Until};
use crate::fetch::rate::Rate;
use crate::worker::{Look, Taking, Timer};

/// Whom a delivery waits for, and until when.
pub(super) struct Pace<'s> {
    timer: Timer<'s>,
    /// What the timer waits for, if it does not go off for a look in between.
    pub(super) waits: limit::Wait,
    /// What the client takes where there is no room for more.
    taking: Taking,
    /// The client has to move next, and not the backend.
    for_client: bool,
    /// How fast the backend sends and the client takes.
    response_rate: Rate,
    delivery_rate: Rate,
    watch: Watch<'s>,
    times: Times<'s>,
}

impl<'s> Pace<'s> {
    /// The backend moves next, from `now` on; `received` bytes of its body are there.
    pub(super) fn new(
        exchange: &Exchange<'s>,
        backend: &'s BackendConfig,
        now: Micros,
        received: u64,
    ) -> Pace<'s> {
        let times = Times::of(exchange, backend);
        let waits =
            limit::Wait::new(now, Limit::BetweenBytes, times.between_bytes(), exchange.until);
        let limits = &exchange.local.config().limits;
        let rate = |limit, least| Rate::new(limit, least, limits.rate_grace);
        let mut pace = Pace {
            timer: Timer::new(&exchange.worker.deadlines, waits.at),
            waits,
            taking: Taking::default(),
            for_client: false,
            response_rate: rate(Limit::ResponseRate, limits.response_rate),
            delivery_rate: rate(Limit::DeliveryRate, limits.delivery_rate),
            watch: Watch::new(exchange.worker),
            times,
        };
        pace.wait(exchange, now, received);
        pace
    }

    /// The wait for whoever is to move next begins anew.
    pub(super) fn wait(&mut self, exchange: &Exchange<'_>, now: Micros, received: u64) {
        let until = exchange.until;
        self.waits = if self.for_client {
            self.response_rate.end(now);
            self.delivery_rate.begin(now);
            let slow = self.delivery_rate.until(exchange.written);
            limit::Wait::new(now, Limit::Send, self.times.deliver(), Until::first(until, slow))
        } else {
            self.delivery_rate.end(now);
            self.response_rate.begin(now);
            let slow = self.response_rate.until(received);
            let time = self.times.between_bytes();
            limit::Wait::new(now, Limit::BetweenBytes, time, Until::first(until, slow))
        };
        self.timer.set(self.waits.next_look(now));
    }

    /// It is the client's turn, or the backend's. Whether that is news.
    pub(super) fn turn(&mut self, for_client: bool) -> bool {
        std::mem::replace(&mut self.for_client, for_client) != for_client
    }

    /// Whether whoever is waited for has had its time.
    pub(super) fn is_over(
        &mut self,
        exchange: &Exchange<'_>,
        received: u64,
        cx: &mut Context<'_>,
    ) -> bool {
        while self.timer.is_late(cx) {
            let now = exchange.worker.deadlines.now();
            match self.waits.look(&mut self.taking, || exchange.client.stream.taken(), now) {
                Look::Over => return true,
                Look::Moved => self.wait(exchange, now, received),
                Look::Still => self.timer.set(self.waits.next_look(now)),
            }
        }
        false
    }

    /// Whether the client has gone away.
    pub(super) fn is_gone(&mut self, exchange: &mut Exchange<'_>, cx: &mut Context<'_>) -> bool {
        let Exchange { client, out, written, .. } = exchange;
        self.watch.is_gone(client, out, *written, cx)
    }
}
