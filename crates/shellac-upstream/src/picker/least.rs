//! The endpoint with the fewest attempts for its weight.

use std::ops::Range;

use super::Search;
use crate::endpoint::Look;
use crate::in_flight::InFlight;

/// Chooses it; of several the first one behind `start`, so that idle ones take turns.
pub(super) fn choose(search: &Search<'_>, tier: Range<usize>, start: usize) -> Option<InFlight> {
    let round = || (start..tier.end).chain(tier.start..start);
    for wanted in [Look::Open, Look::Suspect] {
        let mut best: Option<(u64, u64, usize)> = None;
        for position in round() {
            if search.look(position) != wanted {
                continue;
            }
            let endpoint = &search.pool.members()[position];
            let (load, weight) = (endpoint.load(), u64::from(endpoint.spec().weight.max(1)));
            let less = best.is_none_or(|(best_load, best_weight, _)| {
                u128::from(load) * u128::from(best_weight)
                    < u128::from(best_load) * u128::from(weight)
            });
            if less {
                best = Some((load, weight, position));
            }
        }
        if let Some(place) = best.and_then(|(_, _, position)| search.admit(position)) {
            return Some(place);
        }
    }
    // Somebody else was faster.
    search.first(round())
}
