//! What is left of pools when backends are taken out of them, and where their keys go.

use std::time::Duration;

use shellac_upstream::admin::Subject;
use shellac_upstream::{Endpoint, Pool};

use super::Control;
use crate::clock;
use crate::generation::lock;

/// A pool that loses backends.
#[derive(Clone, Debug, PartialEq)]
pub struct PoolLeft {
    /// The configuration that it belongs to.
    pub config: String,
    /// Its name there.
    pub pool: String,
    /// New requests go to this configuration.
    pub active: bool,
    /// Its backends that would be taken out.
    pub taken: Vec<String>,
    /// Its other backends that take new attempts now.
    pub left: usize,
    /// As many as it shall keep.
    pub least: usize,
    /// In a pool with a consistent hash: the keys of its backends that take attempts now. Otherwise nobody.
    pub keys: Vec<Keys>,
}

/// The share of a pool's keys that a backend has, from 0 to 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Keys {
    /// The backend.
    pub backend: String,
    /// As it is.
    pub now: f64,
    /// When what is to be taken out is out.
    pub then: f64,
}

impl PoolLeft {
    /// It would have fewer than it shall keep, and has them now.
    pub fn is_too_few(&self) -> bool {
        self.left < self.least
    }
}

impl Control {
    /// The pools of warm configurations that would lose backends if those that `which` means were taken out. A backend that takes no
    /// attempts now is none to lose.
    pub fn pools_left(&self, which: impl Fn(&Subject<'_>) -> bool) -> Vec<PoolLeft> {
        let now = clock::steady_now();
        let held = lock(&self.shared.registry).generations();
        let mut pools = Vec::new();
        for held in held.iter().filter(|held| held.warm || held.active) {
            let generation = &held.generation;
            let is_meant = |endpoint: &Endpoint| {
                which(&generation.subject(endpoint, &endpoint.addresses(), held.active))
            };
            for pool in &generation.pools {
                let healthy = || pool.endpoints().iter().filter(|one| one.is_healthy(now));
                let (taken, kept): (Vec<_>, Vec<_>) = healthy().partition(|one| is_meant(one));
                if taken.is_empty() {
                    continue;
                }
                pools.push(PoolLeft {
                    config: generation.name.to_string(),
                    pool: pool.name().to_owned(),
                    active: held.active,
                    taken: taken.iter().map(|one| one.name().to_owned()).collect(),
                    left: kept.len(),
                    least: pool.min_healthy().max(1),
                    keys: keys(pool, is_meant, now),
                });
            }
        }
        pools
    }
}

/// Where the keys of a pool are, and where they are without the endpoints that are meant.
fn keys(pool: &Pool, is_meant: impl Fn(&Endpoint) -> bool, now: Duration) -> Vec<Keys> {
    let Some(ring) = pool.ring() else { return Vec::new() };
    let endpoints = pool.endpoints();
    let healthy: Vec<bool> = endpoints.iter().map(|one| one.is_healthy(now)).collect();
    let stays: Vec<bool> =
        endpoints.iter().zip(&healthy).map(|(one, healthy)| *healthy && !is_meant(one)).collect();
    // Backups come behind those on the ring.
    let shares = ring.shares(|at| healthy[at]).into_iter().zip(ring.shares(|at| stays[at]));
    let named = endpoints.iter().zip(&healthy).zip(shares);
    named
        .filter(|((_, healthy), _)| **healthy)
        .map(|((one, _), (now, then))| Keys { backend: one.name().to_owned(), now, then })
        .collect()
}
