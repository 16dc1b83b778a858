//! One thread's part of a configuration: its turns through the pools and the connections that it keeps.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::ops::Deref;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use shellac_config::{BackendConfig, Config};
use shellac_counters::vsc::table::Vbe;
use shellac_counters::vsc::write::{Counts, Tally};
use shellac_http1::Limits;
use shellac_upstream::{Endpoint, InFlight, NoEndpoint, Picker};

use super::conn::{Conn, Idle};
use crate::generation::Generation;
use crate::log::{CloseReason, Log};
use crate::stats::{Busy, Firsts, Socket, Stats};

/// A configuration as one thread uses it.
pub(crate) struct Local {
    generation: Arc<Generation>,
    /// The position of its thread among all.
    index: usize,
    pub(crate) limits: Limits,
    pub(crate) idle: Idle,
    pub(crate) pickers: Vec<RefCell<Picker>>,
    /// What was counted about its backends.
    backends: Tally<Vbe>,
    requests: Cell<usize>,
    /// What new requests get now, if that is not this one any more: never one that was retired as well.
    successor: RefCell<Option<Successor>>,
}

/// What new requests get instead.
struct Successor {
    local: Rc<Local>,
    /// Where each backend of the one before is there.
    places: Vec<Option<usize>>,
}

impl Local {
    /// The part of thread `index`.
    pub(super) fn new(generation: Arc<Generation>, index: usize) -> Local {
        let config = &generation.config;
        Local {
            limits: Limits { head_bytes: config.limits.head_bytes, headers: config.limits.headers },
            idle: Idle::new(
                config.limits.idle_per_backend,
                config.backends.iter().map(|backend| backend.idle_timeout).collect(),
            ),
            pickers: generation
                .pools
                .iter()
                .map(|pool| RefCell::new(Picker::new(Arc::clone(pool), index)))
                .collect(),
            backends: Tally::new(generation.counters.published().clone()),
            requests: Cell::new(0),
            successor: RefCell::new(None),
            index,
            generation,
        }
    }

    /// What all threads share of it.
    pub(crate) fn generation(&self) -> &Arc<Generation> {
        &self.generation
    }

    /// Its configuration.
    pub(crate) fn config(&self) -> &Config {
        &self.generation.config
    }

    /// What the configuration says of a backend.
    pub(crate) fn backend(&self, endpoint: &Endpoint) -> &BackendConfig {
        self.generation.backend(endpoint.index())
    }

    /// The counters of a backend.
    pub(crate) fn counts(&self, endpoint: &Endpoint) -> Counts<'_, Vbe> {
        self.backends.of(endpoint.index())
    }

    /// Counts a connection to a backend, for as long as what is returned lives.
    pub(crate) fn socket(&self, endpoint: &Endpoint) -> Socket {
        Socket::begin(endpoint.index(), self.backends.published())
    }

    /// Counts a first attempt, or its failure afterwards, for the node that its response names.
    pub(crate) fn named(&self, endpoint: &Endpoint, node: &str, firsts: Firsts) {
        self.generation.named.count(self.index, endpoint.index(), node, firsts);
    }

    /// Counts an attempt that has chosen a backend, for as long as what is returned lives.
    pub(crate) fn begin(&self, in_flight: InFlight) -> Busy<'_> {
        Busy::begin(in_flight, self.backends.published())
    }

    /// Counts an attempt for which a pool had no backend, at each of them that could not take it.
    pub(crate) fn not_picked(&self, stats: &Stats, pool: usize, why: NoEndpoint, now: Duration) {
        stats.not_picked(why);
        for endpoint in self.generation.pools[pool].endpoints() {
            let is_healthy = endpoint.is_healthy(now);
            match why {
                NoEndpoint::Sick if !is_healthy => self.counts(endpoint).inc(Vbe::Unhealthy),
                NoEndpoint::Full if is_healthy => self.counts(endpoint).inc(Vbe::Busy),
                _ => {}
            }
        }
    }

    /// Publishes what was counted.
    pub(super) fn sweep_counters(&self) {
        self.backends.sweep();
    }

    /// Keeps a connection that has done its work: here, or in what new requests get.
    pub(crate) fn keep(&self, mut conn: Box<Conn>, log: &Log) {
        let next = match &*self.successor.borrow() {
            None => None,
            Some(Successor { local: next, places }) => {
                match places.get(conn.endpoint.index()).copied().flatten() {
                    Some(place) => {
                        conn.endpoint = Arc::clone(&next.generation.endpoints[place]);
                        conn.socket = next.socket(&conn.endpoint);
                    }
                    None => return super::conn::close(log, &conn, CloseReason::RespClose),
                }
                Some(Rc::clone(next))
            }
        };
        match next {
            // Whoever works on the machine waits for connections to go.
            None if conn.endpoint.admin().is_out() => {
                super::conn::close(log, &conn, CloseReason::RespClose);
            }
            None => self.idle.put(conn, log),
            Some(next) => next.keep(conn, log),
        }
    }

    /// New requests get `next` from now on: kept connections of backends that are the same there go over.
    ///
    /// Said to all that open requests still have, so that none of them holds another one that nobody needs.
    pub(super) fn retire(&self, next: &Rc<Local>, log: &Log) {
        let places = places(&self.generation, &next.generation);
        *self.successor.borrow_mut() = Some(Successor { local: Rc::clone(next), places });
        for conn in self.idle.take_all() {
            self.keep(conn, log);
        }
    }

    /// Requests that hold it.
    pub(super) fn requests(&self) -> usize {
        self.requests.get()
    }
}

/// A request's hold on the configuration that it began with.
pub(crate) struct Lease(Rc<Local>);

impl Lease {
    /// Counts one more request.
    pub(super) fn new(local: &Rc<Local>) -> Lease {
        local.requests.set(local.requests.get() + 1);
        Lease(Rc::clone(local))
    }
}

impl Deref for Lease {
    type Target = Local;

    fn deref(&self) -> &Local {
        &self.0
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.0.requests.set(self.0.requests.get() - 1);
    }
}

/// Where each backend of `before` is in `after`, if it is the same one there.
fn places(before: &Generation, after: &Generation) -> Vec<Option<usize>> {
    let by_name: HashMap<&str, &Arc<Endpoint>> =
        after.endpoints.iter().map(|endpoint| (endpoint.name(), endpoint)).collect();
    let place = |endpoint: &Arc<Endpoint>| {
        let found = by_name.get(endpoint.name())?;
        let is_same = found.spec().address == endpoint.spec().address
            // Who would not be believed any more is not asked any more.
            && before.backend(endpoint.index()).tls == after.backend(found.index()).tls;
        is_same.then(|| found.index())
    };
    before.endpoints.iter().map(place).collect()
}
