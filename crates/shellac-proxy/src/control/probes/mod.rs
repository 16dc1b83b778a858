//! Probes of the backends of all warm configurations.
//!
//! What is probed is not the backend of a configuration but what several of them share when name and address are the same:
//! so a reload neither begins anew nor probes twice.

mod shot;

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use shellac_config::{ProbeConfig, ProbeRequest};
use shellac_http1::{Ends, preamble};
use shellac_upstream::probe::{Change, Probe, Shot, Step};
use shellac_upstream::{Endpoint, Health};

use super::jobs::Round;
use super::registry::Held;
use crate::clock::{self, micros};
use crate::fetch::version_of;
use crate::generation::{Generation, lock};
use crate::log::{self, Log};
use crate::tls::host;
use shot::{Target, fire};

/// Probes that run at a time.
const RUNNING: usize = 512;

/// All probing.
#[derive(Default)]
pub(super) struct Probes {
    watched: Rc<RefCell<Watched>>,
    /// Which configurations were warm when that was last looked at, and which one was active.
    seen: Vec<(u64, bool, bool)>,
}

/// What is probed, by the address of what is known about it; that stays where it is as long as it is held here.
#[derive(Default)]
struct Watched {
    backends: HashMap<usize, Backend>,
    running: usize,
}

struct Backend {
    /// The configuration that says how it is probed.
    generation: Arc<str>,
    name: String,
    health: Arc<Health>,
    config: ProbeConfig,
    target: Rc<Target>,
    probe: Probe,
    /// Ejections that were answered with a probe.
    ejections: u64,
}

/// Brings into force what is assumed of the backends of the first configuration: it holds for the first request as well, which may
/// come before the first round.
pub(super) fn assume(generation: &Generation) {
    for (endpoint, config) in probed(generation) {
        let probe = Probe::new(config.settings.clone(), clock::steady_now(), 0);
        endpoint.health().set_probe(probe.view().clone());
    }
}

/// The backends that are probed, and how.
fn probed(generation: &Generation) -> impl Iterator<Item = (&Endpoint, &ProbeConfig)> {
    generation.endpoints.iter().filter_map(|endpoint| {
        let at = generation.backend(endpoint.index()).probe?;
        Some((&**endpoint, generation.config.probes.get(at)?))
    })
}

impl Probes {
    /// Follows the configurations and sends the probes that are due.
    pub(super) fn round(&mut self, round: &Round<'_>) {
        let held = lock(&round.control.shared.registry).generations();
        let now: Vec<_> =
            held.iter().map(|one| (one.generation.number, one.warm, one.active)).collect();
        if now != self.seen {
            self.seen = now;
            self.follow(&held, round.log);
        }
        self.send(round.log);
    }

    /// Begins to probe what is new, and stops what nobody wants any more.
    fn follow(&mut self, held: &[Held], log: &Log) {
        let mut wanted: HashMap<usize, (&Generation, &Endpoint, &ProbeConfig)> = HashMap::new();
        let mut warm: Vec<&Held> = held.iter().filter(|one| one.warm).collect();
        // Of several that probe the same backend the active one says how, else the one that was loaded last.
        warm.sort_by_key(|one| (one.active, one.generation.number));
        for held in warm {
            let generation = &*held.generation;
            for (endpoint, config) in probed(generation) {
                wanted.insert(key(endpoint.health()), (generation, endpoint, config));
            }
        }
        let watched = &mut *self.watched.borrow_mut();
        watched.backends.retain(|key, backend| {
            let stays = wanted.contains_key(key);
            if !stays {
                backend.health.clear_probe();
            }
            stays
        });
        let now = clock::steady_now();
        for (key, (generation, endpoint, config)) in wanted {
            match watched.backends.get_mut(&key) {
                Some(backend) => {
                    if !Arc::ptr_eq(&backend.generation, &generation.name) {
                        backend.generation = Arc::clone(&generation.name);
                        // Its certificates may be others.
                        backend.target = Rc::new(target(generation, endpoint, config));
                    }
                    let said = introduction(generation, endpoint);
                    if backend.config != *config || backend.target.preamble != said {
                        backend.reconfigure(generation, endpoint, config, now);
                    }
                }
                None => {
                    let seed =
                        clock::wall_now() ^ (generation.number << 32) ^ endpoint.index() as u64;
                    let backend = Backend::new(generation, endpoint, config, now, seed);
                    backend.health.set_probe(backend.probe.view().clone());
                    backend.log(log, backend.probe.view().healthy, 0, "");
                    watched.backends.insert(key, backend);
                }
            }
        }
    }

    /// Sends what is due, as long as not too many run.
    fn send(&self, log: &Rc<Log>) {
        let now = clock::steady_now();
        let mut due = Vec::new();
        {
            let watched = &mut *self.watched.borrow_mut();
            for (key, backend) in &mut watched.backends {
                if watched.running >= RUNNING {
                    break;
                }
                let ejections = backend.health.ejections();
                if std::mem::replace(&mut backend.ejections, ejections) != ejections {
                    backend.probe.hurry(now);
                }
                if backend.probe.begin(now) {
                    watched.running += 1;
                    due.push((*key, Rc::clone(&backend.target), Arc::clone(&backend.health)));
                }
            }
        }
        for (key, target, health) in due {
            let (watched, log) = (Rc::clone(&self.watched), Rc::clone(log));
            tokio::task::spawn_local(async move {
                let start = clock::steady_now();
                let (mut shot, text) = fire(&target).await;
                let now = clock::steady_now();
                shot.took = now.saturating_sub(start);
                watched.borrow_mut().done(key, &shot, &text, start, &log);
                // Until here nobody else can be at the same address.
                drop(health);
            });
        }
    }
}

impl Watched {
    /// The probe that began at `begun` is over.
    fn done(&mut self, key: usize, shot: &Shot, text: &str, begun: Duration, log: &Log) {
        self.running -= 1;
        // It may not be wanted any more.
        let Some(backend) = self.backends.get_mut(&key) else { return };
        let now = begun.saturating_add(shot.took);
        let change = backend.probe.done(shot, now);
        backend.health.set_probe(backend.probe.view().clone());
        if shot.happy && backend.probe.view().healthy && backend.health.hasten(begun, now) {
            log.backend_notice(
                &backend.generation,
                &backend.name,
                "a probe was answered: the next request tests it",
            );
        }
        let last = if shot.received == Step::Good { micros(shot.took) } else { 0 };
        backend.log(log, change == Change::Still, last, text);
    }
}

impl Backend {
    fn new(
        generation: &Generation,
        endpoint: &Endpoint,
        config: &ProbeConfig,
        now: Duration,
        seed: u64,
    ) -> Backend {
        Backend {
            generation: Arc::clone(&generation.name),
            name: endpoint.name().to_owned(),
            health: Arc::clone(endpoint.health()),
            config: config.clone(),
            target: Rc::new(target(generation, endpoint, config)),
            probe: Probe::new(config.settings.clone(), now, seed),
            ejections: endpoint.health().ejections(),
        }
    }

    fn reconfigure(
        &mut self,
        generation: &Generation,
        endpoint: &Endpoint,
        config: &ProbeConfig,
        now: Duration,
    ) {
        self.config = config.clone();
        self.target = Rc::new(target(generation, endpoint, config));
        self.probe.reconfigure(config.settings.clone(), now);
        self.health.set_probe(self.probe.view().clone());
    }

    fn log(&self, log: &Log, still: bool, last: u64, text: &str) {
        let view = self.probe.view();
        log.backend_health(&log::Health {
            name: &self.name,
            changed: !still,
            healthy: view.healthy,
            probe: Some(view),
            last,
            text,
        });
    }
}

fn key(health: &Arc<Health>) -> usize {
    Arc::as_ptr(health).addr()
}

fn target(generation: &Generation, endpoint: &Endpoint, config: &ProbeConfig) -> Target {
    let mut request = String::new();
    match &config.request {
        ProbeRequest::Url(url) => {
            let host = endpoint.host();
            request
                .push_str(&format!("GET {url} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n"));
        }
        ProbeRequest::Lines(lines) => {
            for line in lines {
                request.push_str(line);
                request.push_str("\r\n");
            }
        }
    }
    request.push_str("\r\n");
    Target {
        address: endpoint.spec().address.clone(),
        preamble: introduction(generation, endpoint),
        speaking: generation.secrets.backend(endpoint.index()).clone(),
        host: host(generation.backend(endpoint.index())),
        request: request.into_bytes(),
        expect: config.expect,
        timeout: config.timeout,
    }
}

/// What a backend that wants to know who the client is has to be told first: that nobody is.
fn introduction(generation: &Generation, endpoint: &Endpoint) -> Vec<u8> {
    match generation.backend(endpoint.index()).send_proxy {
        Some(version) => preamble(version_of(version), Ends::Local),
        None => Vec::new(),
    }
}
