//! Taking turns: plainly where all weights are equal, smoothly where they differ.

use std::ops::Range;
use std::sync::Arc;

use super::Search;
use crate::endpoint::{Endpoint, Look};
use crate::in_flight::InFlight;

/// Times that a choice is made anew because somebody else was faster.
const AGAIN: usize = 4;

/// Whose turn it is among some of a pool's endpoints.
#[derive(Debug, Clone)]
pub(super) struct Turn {
    tier: Range<usize>,
    /// The next one, counted from the begin of `tier`.
    next: usize,
    /// Where weights differ: for each the weight and what it has saved up.
    saved: Vec<(i64, i64)>,
}

impl Turn {
    pub(super) fn new(members: &[Arc<Endpoint>], tier: Range<usize>, offset: usize) -> Turn {
        let weight = |endpoint: &Arc<Endpoint>| i64::from(endpoint.spec().weight.max(1));
        let weights = members[tier.clone()].iter().map(weight);
        let equal = weights.clone().min() == weights.clone().max();
        let saved: Vec<(i64, i64)> =
            if equal { Vec::new() } else { weights.map(|weight| (weight, 0)).collect() };
        let next = offset.checked_rem(tier.len()).unwrap_or(0);
        let mut turn = Turn { tier, next, saved };
        if !turn.saved.is_empty() {
            // Workers begin at different places of the same order.
            (0..next).for_each(|_| {
                turn.smooth(|_| true);
            });
        }
        turn
    }

    /// Moves on by one and says where it stood, counted from the begin of the pool.
    pub(super) fn step(&mut self) -> usize {
        let at = self.tier.start + self.next;
        self.next = (self.next + 1).checked_rem(self.tier.len()).unwrap_or(0);
        at
    }

    /// The one whose turn it is and who takes the attempt.
    pub(super) fn choose(&mut self, search: &Search<'_>) -> Option<InFlight> {
        if self.saved.is_empty() { self.plain(search) } else { self.weighted(search) }
    }

    fn plain(&mut self, search: &Search<'_>) -> Option<InFlight> {
        let Range { start, end } = self.tier;
        let first = start + self.next;
        // Mostly the one whose turn it is takes it.
        let place = if first < end
            && search.look(first) == Look::Open
            && let Some(place) = search.admit(first)
        {
            place
        } else {
            search.first((first..end).chain(start..first))?
        };
        let next = place.position() + 1 - start;
        self.next = if next == self.tier.len() { 0 } else { next };
        Some(place)
    }

    fn weighted(&mut self, search: &Search<'_>) -> Option<InFlight> {
        let start = self.tier.start;
        if search.is_everybody_open()
            && let Some(best) = self.smooth(|_| true)
        {
            let position = start + best;
            if search.look(position) == Look::Open
                && let Some(place) = search.admit(position)
            {
                return Some(place);
            }
        }
        for wanted in [Look::Open, Look::Suspect] {
            for _ in 0..AGAIN {
                let Some(best) = self.smooth(|at| search.look(start + at) == wanted) else { break };
                if let Some(place) = search.admit(start + best) {
                    return Some(place);
                }
            }
        }
        search.first(self.tier.clone())
    }

    /// One step among those for which `usable` holds: everybody saves the own weight, who has most is chosen and pays
    /// what all have saved.
    fn smooth(&mut self, usable: impl Fn(usize) -> bool) -> Option<usize> {
        let mut total = 0;
        let mut best: Option<(usize, i64)> = None;
        for (at, (weight, saved)) in self.saved.iter_mut().enumerate() {
            if !usable(at) {
                continue;
            }
            *saved += *weight;
            total += *weight;
            if best.is_none_or(|(_, most)| *saved > most) {
                best = Some((at, *saved));
            }
        }
        let (at, _) = best?;
        self.saved[at].1 -= total;
        Some(at)
    }
}
