//! From what the configuration says to what decisions about backends are made of.

use std::collections::HashMap;
use std::sync::Arc;

use shellac_config::{
    BackendAddress, BackendConfig, Config, HealthRules, KeyPart, KeyTemplate, NextUpstreamConfig,
    NodeMap, PoolConfig, PoolPanic, PoolPolicy, ProbeConfig,
};
use shellac_upstream::key::{Part, Template};
use shellac_upstream::next::NextUpstream;
use shellac_upstream::probe::ProbeSettings;
use shellac_upstream::{
    Address, Endpoint, EndpointSpec, NginxSettings, Panic, PassiveSettings, Policy, Pool, PoolSpec,
    Rules,
};

use super::Generation;
use crate::control::Names;

/// By which share intervals of probes are shorter or longer, so that many backends are not asked at once.
const PROBE_JITTER: f64 = 0.1;

/// All backends. Those that were the same `before` go on with what is known about them.
pub(super) fn endpoints(
    config: &Config,
    before: Option<&Generation>,
    names: &Names,
) -> Vec<Arc<Endpoint>> {
    let known = by_name(before);
    let endpoint = |(index, backend): (usize, &BackendConfig)| {
        let spec = endpoint(backend, &config.nodes, names);
        Arc::new(match known.get(backend.name.as_str()) {
            Some(before) => Endpoint::succeed(index, spec, before),
            None => Endpoint::from_spec(index, spec),
        })
    };
    config.backends.iter().enumerate().map(endpoint).collect()
}

/// The backends of a configuration by their names.
pub(super) fn by_name(generation: Option<&Generation>) -> HashMap<&str, &Arc<Endpoint>> {
    let endpoints = generation.map_or(&[][..], |generation| &generation.endpoints);
    endpoints.iter().map(|endpoint| (endpoint.name(), endpoint)).collect()
}

fn endpoint(backend: &BackendConfig, nodes: &NodeMap, names: &Names) -> EndpointSpec {
    // Of what a name stands for there may be several, on different nodes.
    let node = || match &backend.address {
        BackendAddress::Ip(address) => nodes.find(address.ip()).map(str::to_owned),
        BackendAddress::Name { .. } => None,
    };
    EndpointSpec {
        name: backend.name.clone(),
        text: backend.spelled.clone(),
        address: match &backend.address {
            BackendAddress::Ip(address) => Address::Fixed(*address),
            BackendAddress::Name { host, port } => Address::Named(names.get(host, *port)),
        },
        weight: backend.weight,
        max_conns: backend.max_conns,
        backup: backend.backup,
        down: backend.down,
        max_fails: backend.max_fails,
        fail_timeout: backend.fail_timeout,
        node: backend.node.clone().or_else(node),
        zone: backend.zone.clone(),
    }
}

/// All pools, which go on where those of the same name stood `before`. `seed` is where the randomness of ejections comes from.
pub(super) fn pools(
    config: &Config,
    endpoints: &[Arc<Endpoint>],
    before: Option<&Generation>,
    seed: u64,
) -> Vec<Arc<Pool>> {
    let pools = before.map_or(&[][..], |before| &before.pools);
    let known: HashMap<&str, &Arc<Pool>> = pools.iter().map(|pool| (pool.name(), pool)).collect();
    let pool = |(at, pool): (u64, &PoolConfig)| {
        let members = pool.backends.iter().filter_map(|&index| endpoints.get(index).cloned());
        Arc::new(Pool::from_spec(PoolSpec {
            name: pool.name.clone(),
            endpoints: members.collect(),
            policy: match pool.policy {
                PoolPolicy::RoundRobin => Policy::RoundRobin,
                PoolPolicy::LeastConnections => Policy::LeastConnections,
                PoolPolicy::RandomTwo => Policy::RandomTwo,
                PoolPolicy::ConsistentHash => Policy::ConsistentHash,
            },
            rules: rules(&pool.health),
            panic: match pool.panic {
                PoolPanic::None => Panic::None,
                PoolPanic::All => Panic::All,
            },
            seed: seed.wrapping_add(at),
            before: known.get(pool.name.as_str()).map(|&pool| Arc::clone(pool)),
        }))
    };
    (0..).zip(&config.pools).map(pool).collect()
}

fn rules(health: &HealthRules) -> Rules {
    match health {
        HealthRules::Nginx { max_fails, fail_timeout } => {
            Rules::Nginx(NginxSettings { max_fails: *max_fails, fail_timeout: *fail_timeout })
        }
        HealthRules::Ours(health) => Rules::Ours(PassiveSettings {
            window: health.window,
            failures: health.failures,
            rate: f64::from(health.percent) / 100.0,
            volume: health.volume,
            statuses: health.statuses.clone(),
            eject: health.eject,
            eject_max: health.eject_max,
            jitter: f64::from(health.jitter_percent) / 100.0,
            min_healthy: health.min_healthy,
            max_ejected_percent: health.max_ejected_percent,
            suspect: health.suspect,
        }),
    }
}

/// How keys are made.
pub(super) fn key(template: &KeyTemplate) -> Template {
    let part = |part: &KeyPart| match part {
        KeyPart::Text(text) => Part::Text(text.clone()),
        KeyPart::Host => Part::Host,
        KeyPart::Uri => Part::Uri,
        KeyPart::RequestUri => Part::RequestUri,
        KeyPart::Args => Part::Args,
        KeyPart::Arg(name) => Part::Arg(name.clone()),
        KeyPart::Header(name) => Part::Header(name.clone()),
        KeyPart::Cookie(name) => Part::Cookie(name.clone()),
        KeyPart::RemoteAddr => Part::RemoteAddr,
        KeyPart::Method => Part::Method,
    };
    Template::new(template.parts.iter().map(part).collect())
}

/// When a request to `pool` goes on to the next backend.
pub(super) fn next_upstream(next: &NextUpstreamConfig, pool: &PoolConfig) -> NextUpstream {
    NextUpstream {
        error: next.error,
        timeout: next.timeout,
        invalid_header: next.invalid_header,
        non_idempotent: next.non_idempotent,
        statuses: next.statuses.clone(),
        tries: next.tries,
        limit: next.limit,
        cuts: !matches!(pool.health, HealthRules::Nginx { .. }),
    }
}

/// When a backend is probed.
pub(crate) fn probe_settings(probe: &ProbeConfig) -> ProbeSettings {
    ProbeSettings {
        interval: probe.interval,
        retry_interval: probe.retry_interval,
        jitter: PROBE_JITTER,
        window: probe.window,
        threshold: probe.threshold,
        initial: probe.initial,
    }
}
