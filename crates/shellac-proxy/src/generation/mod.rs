//! Everything that is made from one configuration, shared by all threads.
//!
//! A request keeps the generation that it began with, whatever is loaded meanwhile. One that was discarded is gone when
//! the last request that holds it has ended.

mod specs;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use shellac_config::{BackendConfig, Config};
use shellac_upstream::admin::{Mode, Subject, Table};
use shellac_upstream::key::Template;
use shellac_upstream::next::NextUpstream;
use shellac_upstream::{Endpoint, Pool};

use crate::clock;
use crate::control::Names;
use crate::stats::{Backends, Counting, Named, Uncounted};
use crate::tls::Secrets;

/// One configuration with its backends.
#[derive(Debug)]
pub(crate) struct Generation {
    /// Its position in the order of loading, from 0: no two are the same.
    pub(crate) number: u64,
    /// Its name in the log and on the command line.
    pub(crate) name: Arc<str>,
    pub(crate) config: Arc<Config>,
    pub(crate) endpoints: Vec<Arc<Endpoint>>,
    pub(crate) pools: Vec<Arc<Pool>>,
    /// Its certificates.
    pub(crate) secrets: Secrets,
    /// When it was loaded, in seconds since 1970.
    pub(crate) since_unix: u64,
    /// The counters of its backends.
    pub(crate) counters: Backends,
    /// First attempts by the nodes that responses name.
    pub(crate) named: Named,
    /// Why nobody can read them, if that is so.
    pub(crate) uncounted: Option<Uncounted>,
    /// Requests that hold it, by serving thread, as of the thread's last sweep.
    busy: Mutex<Vec<usize>>,
    /// What was ordered of single backends of this configuration, by their position.
    wanted: Mutex<BTreeMap<usize, Mode>>,
}

/// What all configurations of a proxy have in common.
pub(crate) struct Around<'p> {
    /// Serving threads.
    pub(crate) threads: usize,
    pub(crate) counting: &'p Counting,
    pub(crate) names: &'p Names,
}

impl Generation {
    /// What `config` makes. What is known about backends that were the same `before` is still known.
    pub(crate) fn new(
        number: u64,
        name: &str,
        config: Arc<Config>,
        secrets: Secrets,
        since_unix: u64,
        before: Option<&Generation>,
        around: &Around<'_>,
    ) -> Generation {
        let &Around { threads, counting, names } = around;
        let endpoints = specs::endpoints(&config, before, names);
        let pools = specs::pools(&config, &endpoints, before, clock::wall_now());
        let (counters, uncounted) =
            counting.backends_opened(name, endpoints.iter().map(|endpoint| endpoint.name()));
        Generation {
            number,
            name: name.into(),
            counters,
            named: Named::new(threads),
            uncounted,
            config,
            pools,
            secrets,
            since_unix,
            busy: Mutex::new(vec![0; threads]),
            wanted: Mutex::new(
                before.map(|before| carried(before, &endpoints)).unwrap_or_default(),
            ),
            endpoints,
        }
    }

    /// What the configuration says of the backend at `index`.
    pub(crate) fn backend(&self, index: usize) -> &BackendConfig {
        &self.config.backends[index]
    }

    /// How the keys of a pool are made, if it has some.
    pub(crate) fn key(&self, pool: usize) -> Option<&Template> {
        self.config.pools.get(pool)?.key.as_ref()
    }

    /// When requests of a route go on to the next backend, if it says so in the words of nginx.
    pub(crate) fn next_upstream(&self, route: usize) -> Option<&NextUpstream> {
        self.config.routes.get(route)?.next.as_ref()
    }

    /// How patterns see a backend that has these addresses.
    pub(crate) fn subject<'g>(
        &'g self,
        endpoint: &'g Endpoint,
        addresses: &'g [SocketAddr],
        active: bool,
    ) -> Subject<'g> {
        Subject { config: &self.name, name: endpoint.name(), addresses, active }
    }

    /// Takes note of what is wanted of one backend of this configuration.
    pub(crate) fn want(&self, backend: usize, mode: Mode) {
        let mut wanted = lock(&self.wanted);
        match mode {
            Mode::Auto => wanted.remove(&backend),
            mode => wanted.insert(backend, mode),
        };
    }

    /// Makes what is wanted hold: the orders in `table` first, then what is wanted of single backends. Says what has changed.
    pub(crate) fn obey(&self, table: &Table, now: Duration, now_unix: u64) -> Vec<(usize, Mode)> {
        let wanted = lock(&self.wanted);
        let mut changed = Vec::new();
        for endpoint in &self.endpoints {
            let order =
                table.order(&self.subject(endpoint, &endpoint.addresses(), false), now_unix);
            let single = || wanted.get(&endpoint.index()).copied().unwrap_or_default();
            let mode = order.map_or_else(single, |entry| entry.mode);
            if endpoint.set_admin(mode, now) {
                changed.push((endpoint.index(), mode));
            }
        }
        changed
    }

    /// Takes note of the requests of one thread.
    pub(crate) fn set_busy(&self, thread: usize, requests: usize) {
        if let Some(slot) = lock(&self.busy).get_mut(thread) {
            *slot = requests;
        }
    }

    /// Requests that hold it, over all threads, up to a sweep ago.
    pub(crate) fn busy(&self) -> usize {
        lock(&self.busy).iter().sum()
    }
}

/// The value behind a lock. What a panicking thread left there is whole: every change is one assignment.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What was wanted of single backends and goes on.
fn carried(before: &Generation, endpoints: &[Arc<Endpoint>]) -> BTreeMap<usize, Mode> {
    let known = specs::by_name(Some(before));
    let wanted = lock(&before.wanted);
    let same = |endpoint: &Arc<Endpoint>| {
        let old = known.get(endpoint.name())?;
        let mode = *wanted.get(&old.index())?;
        Arc::ptr_eq(old.health(), endpoint.health()).then_some((endpoint.index(), mode))
    };
    endpoints.iter().filter_map(same).collect()
}
