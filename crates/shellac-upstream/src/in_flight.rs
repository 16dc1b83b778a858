//! An attempt, from its selection until nothing of it is left.

use std::sync::Arc;
use std::time::Duration;

use crate::endpoint::Endpoint;
use crate::outcome::Outcome;
use crate::passive::{Blame, Event, Watched};
use crate::pool::Pool;

/// A place that an attempt has at an endpoint. It is given back when this is dropped.
///
/// Whoever makes the attempt tells what happens: [`connecting`](InFlight::connecting) and [`connected`](InFlight::connected),
/// [`answered`](InFlight::answered) when a response begins, and at the end [`finish`](InFlight::finish). Dropped without that the
/// attempt has said nothing about the backend, as with [`Outcome::Client`].
#[derive(Debug)]
pub struct InFlight {
    pool: Arc<Pool>,
    position: usize,
    /// It tests an ejected endpoint, and has not said how that went.
    testing: bool,
    is_test: bool,
    finished: bool,
    watched: Option<Watched>,
}

impl InFlight {
    /// The place has been reserved.
    pub(crate) fn new(pool: Arc<Pool>, position: usize, testing: bool) -> InFlight {
        InFlight { pool, position, testing, is_test: testing, finished: false, watched: None }
    }

    /// Where it runs.
    #[must_use]
    pub fn endpoint(&self) -> &Arc<Endpoint> {
        &self.pool.members()[self.position]
    }

    /// The pool that it was selected from.
    #[must_use]
    pub fn pool(&self) -> &Arc<Pool> {
        &self.pool
    }

    pub(crate) fn position(&self) -> usize {
        self.position
    }

    /// Whether it is the one attempt that tests an ejected endpoint: there a short connect timeout is in place.
    #[must_use]
    pub fn is_test(&self) -> bool {
        self.is_test
    }

    /// A connection for it is begun at `now`.
    pub fn connecting(&mut self, now: Duration) {
        if self.pool.watches_connections() {
            self.watched = self.endpoint().health().suspicion.begin(now);
        }
    }

    /// The connection is made.
    pub fn connected(&mut self, now: Duration) {
        self.end_watch(Some(now));
    }

    /// The head of a response has come, and it is none that counts as a failure.
    ///
    /// That ends the test of an ejected endpoint, so that a long body does not keep it out.
    #[inline]
    pub fn answered(&mut self, now: Duration) -> Option<Event> {
        if !std::mem::take(&mut self.testing) {
            return None;
        }
        self.endpoint().health().passed(now)
    }

    /// The attempt is over; only the first call counts. The place stays taken until this is dropped.
    #[inline]
    pub fn finish(&mut self, outcome: Outcome, now: Duration) -> Option<Event> {
        if std::mem::replace(&mut self.finished, true) {
            return None;
        }
        self.end_watch(None);
        if let Some(nginx) = self.pool.nginx() {
            return nginx.free(self.pool.members(), self.position, outcome, now);
        }
        let settings = self.pool.passive()?;
        let health = self.endpoint().health();
        let blame = settings.blame(outcome);
        match blame {
            Blame::Good if !self.testing => {
                health.succeeded(settings, now);
                None
            }
            // A test that has said nothing is given back when this is dropped.
            Blame::Nothing => None,
            Blame::Good | Blame::Bad(_) => self.judge(blame, now),
        }
    }

    /// What changes for the endpoint when an attempt has failed, or was a test.
    #[cold]
    fn judge(&mut self, blame: Blame, now: Duration) -> Option<Event> {
        let settings = self.pool.passive()?;
        let endpoint = self.endpoint();
        let health = endpoint.health();
        let testing = self.testing;
        let event = match blame {
            Blame::Good => {
                let back = if testing { health.passed(now) } else { None };
                health.succeeded(settings, now);
                back
            }
            Blame::Bad(fault) => {
                endpoint.failed();
                let event =
                    health.failed(settings, fault, testing, now, self.pool.chance(), || {
                        self.pool.can_spare(self.position, now)
                    });
                if let Some(Event::Spared { .. }) = event {
                    self.pool.test_others_soon(self.position, now);
                }
                event
            }
            Blame::Nothing => return None,
        };
        self.testing = false;
        event
    }

    fn end_watch(&mut self, made: Option<Duration>) {
        if let Some(watched) = self.watched.take() {
            self.endpoint().health().suspicion.end(&watched, made);
        }
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.end_watch(None);
        if let Some(nginx) = self.pool.nginx()
            && !self.finished
        {
            nginx.forget(self.position);
        }
        let endpoint = self.endpoint();
        if self.testing {
            endpoint.health().abandon();
        }
        endpoint.release();
    }
}
