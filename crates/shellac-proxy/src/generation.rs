//! Everything that is made from one configuration, shared by all threads.
//!
//! A request keeps the generation that it began with, whatever is loaded meanwhile. One that was discarded is gone when
//! the last request that holds it has ended.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use shellac_config::{BackendConfig, Config};
use shellac_upstream::{Endpoint, Pool};

use crate::log::AddressText;
use crate::stats::{Backends, Counting, Uncounted};

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
    /// The address of each backend as the log shows it.
    pub(crate) remotes: Vec<AddressText>,
    /// When it was loaded, in seconds since 1970.
    pub(crate) since_unix: u64,
    /// The counters of its backends.
    pub(crate) counters: Backends,
    /// Why nobody can read them, if that is so.
    pub(crate) uncounted: Option<Uncounted>,
    /// Requests that hold it, by serving thread, as of the thread's last sweep.
    busy: Mutex<Vec<usize>>,
}

impl Generation {
    /// What `config` makes, for `threads` serving threads.
    pub(crate) fn new(
        number: u64,
        name: &str,
        config: Arc<Config>,
        threads: usize,
        since_unix: u64,
        counting: &Counting,
    ) -> Generation {
        let endpoints = endpoints(&config);
        let pools = pools(&config, &endpoints);
        let remotes =
            endpoints.iter().map(|endpoint| AddressText::new(endpoint.address())).collect();
        let (counters, uncounted) =
            counting.backends_opened(name, endpoints.iter().map(|endpoint| endpoint.name()));
        Generation {
            number,
            name: name.into(),
            counters,
            uncounted,
            config,
            endpoints,
            pools,
            remotes,
            since_unix,
            busy: Mutex::new(vec![0; threads]),
        }
    }

    /// What the configuration says of the backend at `index`.
    pub(crate) fn backend(&self, index: usize) -> &BackendConfig {
        &self.config.backends[index]
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

fn endpoints(config: &Config) -> Vec<Arc<Endpoint>> {
    config
        .backends
        .iter()
        .enumerate()
        .map(|(index, backend)| {
            Arc::new(Endpoint::new(index, backend.name.clone(), backend.address))
        })
        .collect()
}

fn pools(config: &Config, endpoints: &[Arc<Endpoint>]) -> Vec<Arc<Pool>> {
    config
        .pools
        .iter()
        .map(|pool| {
            let members =
                pool.backends.iter().filter_map(|&index| endpoints.get(index).cloned()).collect();
            Arc::new(Pool::new(pool.name.clone(), members))
        })
        .collect()
}
