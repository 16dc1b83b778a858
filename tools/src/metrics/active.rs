//! Which configuration is the active one.
//!
//! Ours say so in a counter. A varnishd does not, so there it is the one whose backends get requests; before that is seen, the newest one.

use std::collections::BTreeMap;

use shellac_counters::vsc::Reading;

use super::own::backend;

/// What was seen so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Active {
    /// Requests by configuration at the last look.
    requests: BTreeMap<String, u64>,
    chosen: Option<String>,
}

impl Active {
    /// The active one of those that have counters, which come in the order in which they were made.
    pub(super) fn find<'a>(
        &mut self,
        readings: impl Iterator<Item = Reading<'a>>,
    ) -> Option<String> {
        let mut order: Vec<&str> = Vec::new();
        let mut requests: BTreeMap<&str, u64> = BTreeMap::new();
        let mut says = None;
        for Reading { set, info, value, .. } in readings {
            let Some((configuration, _)) = backend(set) else { continue };
            if order.last() != Some(&configuration) && !order.contains(&configuration) {
                order.push(configuration);
            }
            match info.name.as_str() {
                "req" => {
                    let sum = requests.entry(configuration).or_default();
                    *sum = sum.saturating_add(value);
                }
                "active" if value > 0 => says = Some(configuration),
                _ => {}
            }
        }
        let growth = |configuration: &&str| {
            let before = self.requests.get(*configuration)?;
            requests.get(configuration)?.checked_sub(*before).filter(|&growth| growth > 0)
        };
        let busiest = order.iter().filter(|it| growth(it).is_some()).max_by_key(|it| growth(it));
        let known = self.chosen.as_deref().filter(|chosen| order.contains(chosen));
        let newest = order.last().copied();
        self.chosen = says.or(busiest.copied()).or(known).or(newest).map(str::to_owned);
        self.requests = requests.into_iter().map(|(name, sum)| (name.to_owned(), sum)).collect();
        self.chosen.clone()
    }
}
