//! Backends as they are now, and what runs there.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use shellac_counters::live::Phase;
use shellac_upstream::admin::{Entry, Mode, Subject};
use shellac_upstream::probe::ProbeView;
use shellac_upstream::{Endpoint, PassiveView};

use super::{Control, ask};
use crate::clock;
use crate::generation::{Generation, lock};
use crate::worker::{Command, Survey};

/// Open requests that are listed for one backend. Those beyond are counted only.
const LISTED: usize = 1000;

/// A backend of a configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct BackendStatus {
    /// The configuration that it belongs to.
    pub config: String,
    /// Its name there.
    pub name: String,
    /// Where it listens as the configuration says it: `IP:PORT` or `NAME:PORT`.
    pub place: String,
    /// Where it listens now; several, or none, where a name stands for them.
    pub addresses: Vec<SocketAddr>,
    /// The machine that it runs on, if known.
    pub node: Option<String>,
    /// The part of the network that it is in, if known.
    pub zone: Option<String>,
    /// Its share of the requests.
    pub weight: u32,
    /// Most attempts at a time; 0 is no limit.
    pub max_conns: u32,
    /// Only used when none of the others can be.
    pub backup: bool,
    /// Never used.
    pub down: bool,
    /// New requests go to this configuration.
    pub active: bool,
    /// The configuration is looked after.
    pub warm: bool,
    /// What an administrator wants.
    pub admin: Mode,
    /// The order of the table that says so.
    pub order: Option<Entry>,
    /// What probes find; `None` when it is not probed.
    pub probe: Option<ProbeView>,
    /// What requests meet.
    pub passive: PassiveView,
    /// It takes new attempts, but for limits of how many at a time.
    pub healthy: bool,
    /// When an administrator last changed something, or when it was loaded, in seconds since 1970.
    pub changed_unix: u64,
    /// Attempts that run there.
    pub in_flight: u64,
    /// Attempts since it was loaded.
    pub attempts: u64,
    /// Attempts since it was loaded that failed because of it.
    pub failures: u64,
}

/// What runs at a backend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackendLoad {
    /// The configuration that it belongs to.
    pub config: String,
    /// Its name there.
    pub name: String,
    /// Attempts that run there, counted from their selection until their response has been passed on or is not wanted
    /// any more. Exact, unlike what follows, which the threads tell one after the other.
    pub in_flight: u64,
    /// How many of them wait for what.
    pub phases: BTreeMap<Phase, usize>,
    /// Unused connections to it that are kept.
    pub idle: usize,
    /// The requests, oldest first, at most a thousand.
    pub requests: Vec<OpenRequest>,
}

/// A request that a backend is busy with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenRequest {
    /// Number of its transaction.
    pub xid: u64,
    /// Number of the present attempt's transaction.
    pub attempt_xid: u64,
    /// What it waits for.
    pub phase: Phase,
    /// Since its first byte.
    pub age: Duration,
    /// Since it began to wait for this.
    pub waiting: Duration,
    /// Who asks.
    pub client: Option<SocketAddr>,
    /// Method, blank and the beginning of the URL, as the client sent them.
    pub request: Vec<u8>,
}

impl Control {
    /// The backends that `which` means, in the order of loading and of their configuration.
    pub fn backends(&self, which: impl Fn(&Subject<'_>) -> bool) -> Vec<BackendStatus> {
        let (now, now_unix) = (clock::steady_now(), clock::unix_seconds());
        let held = lock(&self.shared.registry).generations();
        let table = lock(&self.shared.table).clone();
        let mut statuses = Vec::new();
        for held in held {
            let generation = &held.generation;
            for endpoint in &generation.endpoints {
                let addresses = endpoint.addresses();
                let subject = generation.subject(endpoint, &addresses, held.active);
                if which(&subject) {
                    let order = table.order(&subject, now_unix).cloned();
                    let mut status = status(generation, endpoint, now);
                    (status.active, status.warm, status.order) = (held.active, held.warm, order);
                    statuses.push(status);
                }
            }
        }
        statuses
    }

    /// Says what is wanted of the backends that `which` means, each in its own configuration and in what follows it. An order in
    /// the [table](Control::apply) goes before it. How many were meant.
    pub fn set_health(&self, which: impl Fn(&Subject<'_>) -> bool, mode: Mode) -> usize {
        let held = lock(&self.shared.registry).generations();
        let mut meant = 0;
        for held in &held {
            for endpoint in &held.generation.endpoints {
                let addresses = endpoint.addresses();
                if which(&held.generation.subject(endpoint, &addresses, held.active)) {
                    held.generation.want(endpoint.index(), mode);
                    meant += 1;
                }
            }
        }
        self.obey();
        meant
    }

    /// What runs at the backends that `which` means.
    pub fn in_flight(&self, which: impl Fn(&Subject<'_>) -> bool) -> Vec<BackendLoad> {
        let held = lock(&self.shared.registry).generations();
        let mut loads = Vec::new();
        let mut endpoints = Vec::new();
        let mut places = HashMap::new();
        for held in &held {
            let generation = &held.generation;
            for endpoint in &generation.endpoints {
                let addresses = endpoint.addresses();
                if which(&generation.subject(endpoint, &addresses, held.active)) {
                    places.insert((generation.number, endpoint.index()), loads.len());
                    endpoints.push(endpoint);
                    loads.push(BackendLoad {
                        config: generation.name.to_string(),
                        name: endpoint.name().to_owned(),
                        in_flight: 0,
                        phases: BTreeMap::new(),
                        idle: 0,
                        requests: Vec::new(),
                    });
                }
            }
        }
        for survey in ask::ask(&self.shared.commands, Command::Survey) {
            add(&mut loads, &places, survey);
        }
        for (load, endpoint) in loads.iter_mut().zip(endpoints) {
            load.in_flight = endpoint.in_flight();
            load.requests.sort_by_key(|open| std::cmp::Reverse(open.age));
            load.requests.truncate(LISTED);
        }
        loads
    }

    /// Closes the unused connections to the backends that `which` means; says how many there were.
    pub fn close_idle(&self, which: impl Fn(&Subject<'_>) -> bool) -> usize {
        let active = self.active();
        let meant = |endpoint: &&Arc<Endpoint>| {
            which(&active.subject(endpoint, &endpoint.addresses(), true))
        };
        let backends = active.endpoints.iter().filter(meant).map(|endpoint| endpoint.index());
        let backends: Arc<[usize]> = backends.collect();
        let generation = active.number;
        let close = |reply| {
            let backends = Arc::clone(&backends);
            Command::CloseIdle { generation, backends, reply }
        };
        ask::ask(&self.shared.commands, close).into_iter().sum()
    }
}

fn status(generation: &Generation, endpoint: &Endpoint, now: Duration) -> BackendStatus {
    let spec = endpoint.spec();
    BackendStatus {
        config: generation.name.to_string(),
        name: spec.name.clone(),
        place: endpoint.address_text().to_owned(),
        addresses: endpoint.addresses(),
        node: spec.node.clone(),
        zone: spec.zone.clone(),
        weight: spec.weight,
        max_conns: spec.max_conns,
        backup: spec.backup,
        down: spec.down,
        active: false,
        warm: false,
        admin: endpoint.admin(),
        order: None,
        probe: endpoint.health().probe(),
        passive: endpoint.passive(),
        healthy: endpoint.is_healthy(now),
        changed_unix: endpoint.admin_changed_unix().max(generation.since_unix),
        in_flight: endpoint.in_flight(),
        attempts: endpoint.attempts(),
        failures: endpoint.failures(),
    }
}

/// Adds what one thread has.
fn add(loads: &mut [BackendLoad], places: &HashMap<(u64, usize), usize>, survey: Survey) {
    let Survey { now, open, generation, idle } = survey;
    for open in open {
        let place = open.place.and_then(|at| places.get(&(at.generation, at.backend)));
        if let (Some(&place), Some(phase)) = (place, open.phase) {
            let load = &mut loads[place];
            *load.phases.entry(phase).or_default() += 1;
            load.requests.push(OpenRequest {
                xid: open.xid,
                attempt_xid: open.attempt_xid,
                phase,
                age: Duration::from_micros(now.since(open.started)),
                waiting: Duration::from_micros(now.since(open.since)),
                client: open.client,
                request: open.request,
            });
        }
    }
    for (backend, count) in idle.into_iter().enumerate().filter(|&(_, count)| count > 0) {
        if let Some(&place) = places.get(&(generation, backend)) {
            loads[place].idle += count;
        }
    }
}
