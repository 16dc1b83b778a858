//! From what the configuration says to what decisions about backends are made of.

use std::collections::HashMap;
use std::sync::Arc;

use shellac_config::{BackendAddress, BackendConfig, Config, NodeMap, PoolConfig};
use shellac_upstream::{Address, Endpoint, EndpointSpec, Pool, PoolSpec};

use super::Generation;
use crate::control::Names;

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
        BackendAddress::Name { .. } | BackendAddress::Path(_) => None,
    };
    EndpointSpec {
        name: backend.name.clone(),
        text: backend.spelled.clone(),
        address: match &backend.address {
            BackendAddress::Ip(address) => Address::Fixed(*address),
            BackendAddress::Name { host, port } => Address::Named(names.get(host, *port)),
            BackendAddress::Path(path) => Address::Path(path.clone()),
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
            policy: pool.policy,
            rules: pool.health.clone(),
            panic: pool.panic,
            seed: seed.wrapping_add(at),
            before: known.get(pool.name.as_str()).map(|&pool| Arc::clone(pool)),
        }))
    };
    (0..).zip(&config.pools).map(pool).collect()
}
