//! The endpoint that is responsible for a key, or the next one on the ring.

use super::Search;
use crate::endpoint::Look;
use crate::in_flight::InFlight;
use crate::pool::HOPS;
use crate::ring::Ring;

/// What a walk along the ring came to.
pub(super) enum Walk {
    Found(InFlight),
    /// No server on the ring takes the attempt.
    Nobody,
    /// It has passed as many points as it may.
    TooFar,
}

/// Walks from `at` to the first server that takes the attempt, and leaves `at` there. `hops` counts points that were passed.
pub(super) fn choose(search: &Search<'_>, ring: &Ring, at: &mut usize, hops: &mut u32) -> Walk {
    if ring.is_empty() {
        return Walk::Nobody;
    }
    let limited = search.pool.limits_hops();
    if limited && *hops > HOPS {
        return Walk::TooFar;
    }
    let mut suspect = None;
    let mut walked = 0;
    // Whether anybody takes attempts at all is only asked when the walk is getting long.
    let mut patience = ring.group_count().clamp(8, 256);
    while walked < ring.len() {
        let here = (*at + walked) % ring.len();
        let (found, look) = best(search, ring, here);
        if let Some(position) = found {
            if look == Look::Open {
                if let Some(place) = search.admit(position) {
                    *at = here;
                    return Walk::Found(place);
                }
            } else if suspect.is_none() {
                suspect = Some((position, here));
            }
        }
        walked += 1;
        *hops = hops.saturating_add(1);
        if limited && *hops > HOPS {
            if suspect.is_none() {
                *at = (*at + walked) % ring.len();
                return Walk::TooFar;
            }
            break;
        }
        if walked > patience {
            let mut everybody = search.pool.primaries();
            if !everybody.any(|position| search.look(position) == Look::Open) {
                break;
            }
            patience = usize::MAX;
        }
    }
    // Nobody without suspicion: then the nearest one with it.
    match suspect {
        Some((position, here)) => match search.admit(position) {
            Some(place) => {
                *at = here;
                Walk::Found(place)
            }
            None => Walk::Nobody,
        },
        None => Walk::Nobody,
    }
}

/// Of the servers that share the point: the one with the fewest attempts for its weight that takes one.
fn best(search: &Search<'_>, ring: &Ring, point: usize) -> (Option<usize>, Look) {
    let members = ring.members(ring.group(point));
    if let [only] = members {
        let look = search.look(*only as usize);
        return (matches!(look, Look::Open | Look::Suspect).then_some(*only as usize), look);
    }
    for wanted in [Look::Open, Look::Suspect] {
        let usable =
            members.iter().map(|&one| one as usize).filter(|&one| search.look(one) == wanted);
        let best = usable.min_by_key(|&one| {
            let endpoint = &search.pool.members()[one];
            endpoint.load() * 1000 / u64::from(endpoint.spec().weight.max(1))
        });
        if best.is_some() {
            return (best, wanted);
        }
    }
    (None, Look::Suspect)
}
