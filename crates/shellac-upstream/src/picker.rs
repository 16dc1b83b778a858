//! Choosing an endpoint from a pool.

mod hash;
mod least;
mod random;
mod turn;

use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use shellac_measure::Dice;

use crate::course::Course;
use crate::endpoint::{Closed, Look, Mercy};
use crate::in_flight::InFlight;
use crate::passive::Panic;
use crate::pool::{Policy, Pool};
use turn::Turn;

/// One worker's way of choosing from a pool.
///
/// Every worker has its own, so that whose turn it is is no shared word; give each another `offset`, or all of them
/// begin with the same endpoint.
#[derive(Debug, Clone)]
pub struct Picker {
    pool: Arc<Pool>,
    primaries: Turn,
    backups: Turn,
    dice: Dice,
}

/// Why no endpoint was chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoEndpoint {
    /// The pool is empty.
    Empty,
    /// The request has been at every one that could take it.
    Tried,
    /// None is healthy.
    Sick,
    /// All that are healthy have as many attempts as they may have.
    Full,
}

impl NoEndpoint {
    /// Words for the log.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            NoEndpoint::Empty => "the pool is empty",
            NoEndpoint::Tried => "all healthy backends were tried",
            NoEndpoint::Sick => "no healthy backend",
            NoEndpoint::Full => "all healthy backends are at max_conns",
        }
    }
}

impl fmt::Display for NoEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Where and how strictly an endpoint is looked for.
struct Search<'a> {
    pool: &'a Arc<Pool>,
    /// Where this request has been; those are left out.
    tried: &'a [usize],
    mercy: Mercy,
    now: Duration,
}

impl Search<'_> {
    #[inline]
    fn look(&self, position: usize) -> Look {
        if self.tried.contains(&position) {
            return Look::Closed(Closed::Passive);
        }
        self.pool.members()[position].look(self.mercy, self.now)
    }

    /// Whether all look open, but for suspicion: then one does not have to look at each.
    fn is_everybody_open(&self) -> bool {
        self.tried.is_empty() && self.pool.is_all_open()
    }

    /// Reserves a place there.
    fn admit(&self, position: usize) -> Option<InFlight> {
        let testing = self.pool.members()[position].admit(self.mercy, self.now)?;
        Some(InFlight::new(Arc::clone(self.pool), position, testing))
    }

    /// The first of these that takes the attempt; one that is under suspicion only when there is no other.
    fn first(&self, positions: impl Iterator<Item = usize> + Clone) -> Option<InFlight> {
        let mut suspects = false;
        for position in positions.clone() {
            match self.look(position) {
                Look::Open => {
                    if let Some(place) = self.admit(position) {
                        return Some(place);
                    }
                }
                Look::Suspect => suspects = true,
                Look::Closed(_) => {}
            }
        }
        if !suspects {
            return None;
        }
        positions
            .filter(|&position| self.look(position) == Look::Suspect)
            .find_map(|position| self.admit(position))
    }
}

impl Picker {
    /// A picker whose first turn is the endpoint number `offset`, counted round the pool.
    #[must_use]
    pub fn new(pool: Arc<Pool>, offset: usize) -> Self {
        let turn = |tier: Range<usize>| Turn::new(pool.members(), tier, offset);
        Self {
            primaries: turn(pool.primaries()),
            backups: turn(pool.backups()),
            dice: Dice::new(offset as u64),
            pool,
        }
    }

    /// The pool.
    #[must_use]
    pub fn pool(&self) -> &Arc<Pool> {
        &self.pool
    }

    /// Chooses the endpoint for the next attempt of a request, and reserves a place there.
    ///
    /// One that the request has not tried is preferred, a backup too; when all healthy ones have been tried they may be tried
    /// again, because a second chance is better than none. (As nginx does it, no endpoint is tried twice.) Endpoints that failures
    /// of requests have taken out are used when otherwise nobody would be left.
    ///
    /// # Errors
    ///
    /// Why there is none.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::{sync::Arc, time::Duration};
    /// use shellac_upstream::{Course, Endpoint, Picker, Pool};
    ///
    /// let endpoint = |index, name| Arc::new(Endpoint::new(index, name, ([127, 0, 0, 1], 9001).into()));
    /// let pool = Arc::new(Pool::new("api", vec![endpoint(0, "api1"), endpoint(1, "api2")]));
    /// let mut picker = Picker::new(pool, 0);
    /// let now = Duration::from_secs(1_800_000_000);
    /// let mut course = Course::default();
    /// assert_eq!(picker.pick(&mut course, now).unwrap().endpoint().name(), "api1");
    /// assert_eq!(picker.pick(&mut course, now).unwrap().endpoint().name(), "api2");
    /// ```
    #[inline]
    pub fn pick(&mut self, course: &mut Course, now: Duration) -> Result<InFlight, NoEndpoint> {
        let pool = &self.pool;
        if let Some(nginx) = pool.nginx() {
            let chosen = nginx.pick(pool, course, now);
            return chosen.map(|position| {
                pool.members()[position].reserve();
                InFlight::new(Arc::clone(pool), position, false)
            });
        }
        let place = self.search(course, now);
        if let Ok(place) = &place {
            let position = place.position();
            if !course.has_tried(position) {
                course.tried.push(position);
            }
        }
        place
    }

    fn search(&mut self, course: &mut Course, now: Duration) -> Result<InFlight, NoEndpoint> {
        if let Some(place) = self.choose(course, true, Mercy::Healthy, now) {
            return Ok(place);
        }
        if self.pool.members().is_empty() {
            return Err(NoEndpoint::Empty);
        }
        if course.attempts() > 0
            && let Some(place) = self.choose(course, false, Mercy::Healthy, now)
        {
            return Ok(place);
        }
        let why = self.obstacle(now);
        if why != NoEndpoint::Sick {
            return Err(why);
        }
        // Failures of requests alone leave no pool without anybody.
        let mercies = match self.pool.panic() {
            Panic::None => &[Mercy::Ejected][..],
            Panic::All => &[Mercy::Ejected, Mercy::Sick],
        };
        for &mercy in mercies {
            for strict in [true, false] {
                if let Some(place) = self.choose(course, strict, mercy, now) {
                    return Ok(place);
                }
            }
        }
        Err(self.obstacle(now))
    }

    /// Asks the primaries and then the backups. `strict` leaves out where the request has been.
    #[inline]
    fn choose(
        &mut self,
        course: &mut Course,
        strict: bool,
        mercy: Mercy,
        now: Duration,
    ) -> Option<InFlight> {
        let Picker { pool, primaries, backups, dice } = self;
        let Course { key, tried, point, .. } = course;
        let search =
            Search { pool, tried: if strict { tried.as_slice() } else { &[] }, mercy, now };
        let place = match (pool.policy(), *key, pool.ring()) {
            (Policy::ConsistentHash, Some(key), Some(ring)) => {
                let at = point.get_or_insert_with(|| ring.find(key));
                hash::choose(&search, ring, at)
            }
            (Policy::RoundRobin | Policy::ConsistentHash, ..) => primaries.choose(&search),
            (Policy::LeastConnections, ..) => {
                least::choose(&search, pool.primaries(), primaries.step())
            }
            (Policy::RandomTwo, ..) => random::choose(&search, pool.primaries(), dice),
        };
        place.or_else(|| backups.choose(&search))
    }

    /// Why nobody takes an attempt.
    fn obstacle(&self, now: Duration) -> NoEndpoint {
        let full = self
            .pool
            .members()
            .iter()
            .any(|endpoint| endpoint.look(Mercy::Healthy, now) == Look::Closed(Closed::Full));
        if full { NoEndpoint::Full } else { NoEndpoint::Sick }
    }
}

#[cfg(test)]
mod tests;
