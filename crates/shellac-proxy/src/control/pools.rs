//! What is left of pools when backends are taken out of them.

use shellac_config::HealthRules;
use shellac_upstream::admin::Subject;

use super::Control;
use crate::clock;
use crate::generation::lock;

/// A pool that loses backends.
#[derive(Clone, Debug, PartialEq, Eq)]
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
            for pool in &generation.config.pools {
                let mut taken = Vec::new();
                let mut left = 0;
                for endpoint in pool.backends.iter().filter_map(|&at| generation.endpoints.get(at))
                {
                    if !endpoint.is_healthy(now) {
                        continue;
                    }
                    if which(&generation.subject(endpoint, held.active)) {
                        taken.push(endpoint.name().to_owned());
                    } else {
                        left += 1;
                    }
                }
                if !taken.is_empty() {
                    let least = match &pool.health {
                        HealthRules::Ours(health) => health.min_healthy,
                        HealthRules::Nginx { .. } => 1,
                    };
                    pools.push(PoolLeft {
                        config: generation.name.to_string(),
                        pool: pool.name.clone(),
                        active: held.active,
                        taken,
                        left,
                        least: least.max(1),
                    });
                }
            }
        }
        pools
    }
}
