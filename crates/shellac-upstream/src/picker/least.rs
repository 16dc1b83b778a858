//! The endpoint with the fewest attempts for its weight.

use std::ops::Range;

use super::Search;
use crate::endpoint::Look;
use crate::in_flight::InFlight;

/// Chooses it; of several the first one behind `start`, so that idle ones take turns.
pub(super) fn choose(search: &Search<'_>, tier: Range<usize>, start: usize) -> Option<InFlight> {
    let round = || (start..tier.end).chain(tier.start..start);
    let everybody = search.is_everybody_open();
    for wanted in [Look::Open, Look::Suspect] {
        let mut best: Option<Best> = None;
        // Nothing is better than the first one that is idle.
        for part in [start..tier.end, tier.start..start] {
            for position in part {
                if best.is_some_and(|best| best.load == 0) {
                    break;
                }
                best = better(search, wanted, everybody, best, position);
            }
        }
        if let Some(place) = best.and_then(|best| search.admit(best.position)) {
            return Some(place);
        }
    }
    // Somebody else was faster.
    search.first(round())
}

#[derive(Clone, Copy)]
struct Best {
    load: u64,
    weight: u64,
    position: usize,
}

/// The better one of the best so far and the endpoint at `position`. With `everybody` open only suspicion is looked at.
#[inline]
fn better(
    search: &Search<'_>,
    wanted: Look,
    everybody: bool,
    best: Option<Best>,
    position: usize,
) -> Option<Best> {
    let endpoint = &search.pool.members()[position];
    let open = everybody && !endpoint.health().may_hang();
    let look = if open { Look::Open } else { search.look(position) };
    if look != wanted {
        return best;
    }
    let one = Best { load: endpoint.load(), weight: endpoint.weight(), position };
    // Weights have ten bits and loads are attempts that run: no product is too large.
    match best {
        Some(best) if one.load * best.weight >= best.load * one.weight => Some(best),
        _ => Some(one),
    }
}
