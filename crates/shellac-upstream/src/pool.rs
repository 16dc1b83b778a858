//! Endpoints that can stand in for each other.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use shellac_measure::Dice;

use crate::compat_nginx::{Nginx, NginxSettings};
use crate::endpoint::{Endpoint, Look, Mercy};
use crate::health::all_is_well;
use crate::passive::{Panic, PassiveSettings};
use crate::ring::Ring;

/// How an endpoint is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Policy {
    /// In turn; with different weights the smooth order in which heavy ones do not come in rows.
    #[default]
    RoundRobin,
    /// The one with the fewest attempts for its weight.
    LeastConnections,
    /// The better one of two that are drawn at random.
    RandomTwo,
    /// The one that is responsible for the request's key.
    ConsistentHash,
}

/// Who decides about health.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rules {
    /// Requests and probes of our own kind: a window, one test, a ramp.
    Ours(PassiveSettings),
    /// Exactly as nginx does it.
    Nginx(NginxSettings),
}

impl Default for Rules {
    fn default() -> Self {
        Rules::Ours(PassiveSettings::default())
    }
}

/// What a pool is made from.
#[derive(Debug, Clone, Default)]
pub struct PoolSpec {
    /// Name in the configuration.
    pub name: String,
    /// The endpoints in the order of the configuration, backups among them.
    pub endpoints: Vec<Arc<Endpoint>>,
    /// How one is chosen.
    pub policy: Policy,
    /// Who decides about health.
    pub rules: Rules,
    /// What happens when no endpoint is healthy.
    pub panic: Panic,
    /// Where the randomness of ejections comes from.
    pub seed: u64,
    /// The pool of the configuration before that this one takes the place of.
    pub before: Option<Arc<Pool>>,
}

/// Endpoints that can stand in for each other, with the rules by which one is chosen.
#[derive(Debug)]
pub struct Pool {
    name: String,
    /// Primaries in the order of the configuration, then backups.
    members: Vec<Arc<Endpoint>>,
    primaries: usize,
    policy: Policy,
    rules: Rules,
    panic: Panic,
    ring: Option<Ring>,
    nginx: Option<Nginx>,
    /// The configuration keeps none of the endpoints from being chosen.
    unlimited: bool,
    /// Sums of the primaries' weights; empty when all are equal.
    sums: Vec<u64>,
    draws: AtomicU64,
}

impl Pool {
    /// A pool of these endpoints that takes turns, with the usual rules.
    #[must_use]
    pub fn new(name: impl Into<String>, endpoints: Vec<Arc<Endpoint>>) -> Self {
        Self::from_spec(PoolSpec { name: name.into(), endpoints, ..PoolSpec::default() })
    }

    /// A pool as it is described.
    #[must_use]
    pub fn from_spec(spec: PoolSpec) -> Self {
        let PoolSpec { name, endpoints, policy, rules, panic, seed, before } = spec;
        let (backups, mut members): (Vec<_>, Vec<_>) =
            endpoints.into_iter().partition(|endpoint| endpoint.spec().backup);
        let primaries = members.len();
        members.extend(backups);
        let weight = |endpoint: &Arc<Endpoint>| endpoint.spec().weight.max(1);
        let ring = (policy == Policy::ConsistentHash).then(|| {
            let servers: Vec<(&str, u32)> = members[..primaries]
                .iter()
                .map(|endpoint| (endpoint.spec().text.as_str(), weight(endpoint)))
                .collect();
            Ring::new(&servers)
        });
        let weights = members[..primaries].iter().map(weight);
        let equal = weights.clone().min() == weights.clone().max();
        let sums = if equal {
            Vec::new()
        } else {
            weights
                .scan(0u64, |sum, weight| {
                    *sum += u64::from(weight);
                    Some(*sum)
                })
                .collect()
        };
        let nginx = match &rules {
            Rules::Nginx(settings) => {
                Some(Nginx::new(settings, &members, primaries, before.as_deref()))
            }
            Rules::Ours(_) => None,
        };
        let free =
            |endpoint: &Arc<Endpoint>| !endpoint.spec().down && endpoint.spec().max_conns == 0;
        Self {
            unlimited: members.iter().all(free),
            name,
            members,
            primaries,
            policy,
            rules,
            panic,
            ring,
            nginx,
            sums,
            draws: AtomicU64::new(seed),
        }
    }

    /// Name in the configuration.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its endpoints in the order of the configuration, but backups last.
    #[must_use]
    pub fn endpoints(&self) -> &[Arc<Endpoint>] {
        &self.members
    }

    /// How an endpoint is chosen.
    #[must_use]
    pub fn policy(&self) -> Policy {
        self.policy
    }

    /// Who decides about health.
    #[must_use]
    #[inline]
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// The ring of a consistent hash, over all endpoints that are no backups.
    #[must_use]
    pub fn ring(&self) -> Option<&Ring> {
        self.ring.as_ref()
    }

    /// Attempts that a request may make when nobody limits them: one for each endpoint that is not `down`.
    #[must_use]
    #[inline]
    pub fn most_attempts(&self) -> usize {
        self.members.iter().filter(|endpoint| !endpoint.spec().down).count().max(1)
    }

    /// Endpoints that would take an attempt at `now`, but for limits of how many at a time; `without` are not counted.
    #[must_use]
    pub fn healthy(&self, without: impl Fn(&Endpoint) -> bool, now: Duration) -> usize {
        self.members
            .iter()
            .filter(|endpoint| endpoint.is_healthy(now) && !without(endpoint))
            .count()
    }

    /// So many healthy endpoints it is supposed to keep.
    #[must_use]
    pub fn min_healthy(&self) -> usize {
        match &self.rules {
            Rules::Ours(settings) => settings.min_healthy,
            Rules::Nginx(_) => 1,
        }
    }

    pub(crate) fn members(&self) -> &[Arc<Endpoint>] {
        &self.members
    }

    pub(crate) fn primaries(&self) -> Range<usize> {
        0..self.primaries
    }

    pub(crate) fn backups(&self) -> Range<usize> {
        self.primaries..self.members.len()
    }

    pub(crate) fn nginx(&self) -> Option<&Nginx> {
        self.nginx.as_ref()
    }

    pub(crate) fn passive(&self) -> Option<&PassiveSettings> {
        match &self.rules {
            Rules::Ours(settings) => Some(settings),
            Rules::Nginx(_) => None,
        }
    }

    pub(crate) fn watches_connections(&self) -> bool {
        self.passive().is_some_and(|settings| settings.suspect)
    }

    pub(crate) fn panic(&self) -> Panic {
        self.panic
    }

    /// Whether every endpoint can be chosen, as far as one can tell without looking at each of them.
    pub(crate) fn is_all_open(&self) -> bool {
        self.unlimited && all_is_well()
    }

    pub(crate) fn weight_sums(&self) -> &[u64] {
        &self.sums
    }

    /// The next random number, from 0 to 1.
    pub(crate) fn chance(&self) -> f64 {
        Dice::new(self.draws.fetch_add(0x9e37_79b9, Ordering::Relaxed)).share()
    }

    /// Whether enough healthy endpoints are left without the one at `position`, and not too many are out with it.
    pub(crate) fn can_spare(&self, position: usize, now: Duration) -> bool {
        if self.is_ejecting_too_many(position) {
            return false;
        }
        let others = self.members.iter().enumerate().filter(|&(other, _)| other != position);
        let healthy = others.filter(|(_, endpoint)| {
            matches!(endpoint.look(Mercy::Healthy, now), Look::Open | Look::Suspect)
                && !endpoint.health().phase().is_out()
        });
        healthy.take(self.min_healthy()).count() >= self.min_healthy()
    }

    /// The endpoint at `position` would be out if the pool could do without it: those that are out are no worse, and one of them may have
    /// become better meanwhile.
    pub(crate) fn test_others_soon(&self, position: usize, now: Duration) {
        let others = self.members.iter().enumerate().filter(|&(other, _)| other != position);
        others.for_each(|(_, endpoint)| endpoint.health().test_soon(now));
    }

    /// Whether a larger share of the pool than it allows would be ejected with the one at `position`. One always may be.
    fn is_ejecting_too_many(&self, position: usize) -> bool {
        let percent = match &self.rules {
            Rules::Ours(settings) if settings.max_ejected_percent < 100 => {
                settings.max_ejected_percent as usize
            }
            _ => return false,
        };
        let used = |endpoint: &&Arc<Endpoint>| !endpoint.spec().down;
        let may = self.members.iter().filter(used).count() * percent / 100;
        let out = |&(other, endpoint): &(usize, &Arc<Endpoint>)| {
            other != position && endpoint.health().phase().is_out()
        };
        self.members.iter().enumerate().filter(out).count() >= may.max(1)
    }
}
