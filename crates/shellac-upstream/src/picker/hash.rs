//! The endpoint that is responsible for a key, or the next one on the ring.

use super::Search;
use crate::endpoint::Look;
use crate::in_flight::InFlight;
use crate::ring::Ring;

/// Walks from `at` to the first server that takes the attempt, and leaves `at` there.
///
/// nginx gives up after twenty points and takes turns; here the whole ring is walked, so that a key keeps its order of
/// servers however many of them are gone.
pub(super) fn choose(search: &Search<'_>, ring: &Ring, at: &mut usize) -> Option<InFlight> {
    let mut suspect = None;
    let mut walked = 0;
    // Who takes attempts at all is only asked when the walk is getting long.
    let mut patience = ring.group_count().clamp(8, 256);
    let mut nobody_is_open = false;
    while walked < ring.len() {
        let here = if *at + walked < ring.len() { *at + walked } else { *at + walked - ring.len() };
        match best(search, ring, here) {
            Some((position, Look::Open)) => {
                if let Some(place) = search.admit(position) {
                    *at = here;
                    return Some(place);
                }
            }
            Some((position, _)) if suspect.is_none() => suspect = Some((position, here)),
            _ => {}
        }
        if nobody_is_open && suspect.is_some() {
            break;
        }
        walked += 1;
        if walked > patience {
            let has =
                |wanted| search.pool.primaries().any(|position| search.look(position) == wanted);
            nobody_is_open = !has(Look::Open);
            if nobody_is_open && (suspect.is_some() || !has(Look::Suspect)) {
                break;
            }
            patience = usize::MAX;
        }
    }
    // Nobody without suspicion: then the nearest one with it.
    let (position, here) = suspect?;
    let place = search.admit(position)?;
    *at = here;
    Some(place)
}

/// Of the servers that share the point: the one with the fewest attempts for its weight that takes one.
fn best(search: &Search<'_>, ring: &Ring, point: usize) -> Option<(usize, Look)> {
    let members = ring.members(ring.group(point));
    if let [only] = members {
        let look = search.look(*only as usize);
        return matches!(look, Look::Open | Look::Suspect).then_some((*only as usize, look));
    }
    [Look::Open, Look::Suspect].into_iter().find_map(|wanted| {
        let usable =
            members.iter().map(|&one| one as usize).filter(|&one| search.look(one) == wanted);
        let best = usable.min_by_key(|&one| {
            let endpoint = &search.pool.members()[one];
            endpoint.load() * 1000 / u64::from(endpoint.spec().weight.max(1))
        });
        best.map(|position| (position, wanted))
    })
}
