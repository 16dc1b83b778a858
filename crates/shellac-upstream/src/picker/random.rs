//! The better one of two endpoints that are drawn at random.

use std::ops::Range;

use shellac_measure::Dice;

use super::Search;
use crate::endpoint::Look;
use crate::in_flight::InFlight;

/// Draws before all are looked at in turn.
const DRAWS: usize = 4;

/// Draws two that take attempts, and chooses the one with fewer attempts for its weight.
pub(super) fn choose(search: &Search<'_>, tier: Range<usize>, dice: &mut Dice) -> Option<InFlight> {
    let sums = search.pool.weight_sums();
    let draw = |dice: &mut Dice| match sums.last() {
        None => tier.start + dice.below(tier.len()),
        Some(&total) => {
            let total = usize::try_from(total).unwrap_or(usize::MAX);
            let drawn = dice.below(total) as u64;
            tier.start + sums.partition_point(|&sum| sum <= drawn)
        }
    };
    if tier.is_empty() {
        return None;
    }
    for _ in 0..DRAWS {
        let one = draw(dice);
        let mut other = draw(dice);
        if other == one {
            other = if one + 1 < tier.end { one + 1 } else { tier.start };
        }
        let (one_look, other_look) = (search.look(one), search.look(other));
        let position = match (one_look, other_look) {
            (Look::Open, Look::Open) => {
                if is_less(search, other, one) {
                    other
                } else {
                    one
                }
            }
            (Look::Open, _) => one,
            (_, Look::Open) => other,
            _ => continue,
        };
        if let Some(place) = search.admit(position) {
            return Some(place);
        }
    }
    let first = draw(dice);
    search.first((first..tier.end).chain(tier.start..first))
}

/// Whether `one` has fewer attempts for its weight.
fn is_less(search: &Search<'_>, one: usize, other: usize) -> bool {
    let (one, other) = (&search.pool.members()[one], &search.pool.members()[other]);
    one.load() * other.weight() < other.load() * one.weight()
}
