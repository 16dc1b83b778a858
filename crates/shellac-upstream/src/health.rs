//! What is known about an endpoint, shared by workers and by successive configurations.
//!
//! Everything that a choice looks at is in a few words without a lock. What is only shown, and what changes with an ejection only,
//! is behind a mutex.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use crate::endpoint::{Closed, Look, Mercy};
use crate::passive::{Details, PassiveView, Phase, Recent, Suspicion};
use crate::probe::ProbeView;

/// Things that keep endpoints of this process from being chosen: orders, sick probes, ejections.
///
/// As long as there are none, which is nearly always, choices that look at all endpoints of a pool need not look at each.
static OBSTACLES: AtomicUsize = AtomicUsize::new(0);

/// Counts that something has become an obstacle, or none any more.
pub(crate) fn count_obstacle(was: bool, is: bool) {
    match (was, is) {
        (false, true) => OBSTACLES.fetch_add(1, Ordering::Relaxed),
        (true, false) => OBSTACLES.fetch_sub(1, Ordering::Relaxed),
        _ => return,
    };
}

/// Whether nothing keeps any endpoint from being chosen, but for what configurations say.
pub(crate) fn all_is_well() -> bool {
    OBSTACLES.load(Ordering::Relaxed) == 0
}

/// What probes and requests have found out about an endpoint.
#[derive(Debug)]
#[repr(C, align(64))]
pub struct Health {
    // What every choice looks at comes first, on one line of the cache.
    in_flight: AtomicU64,
    /// A [`Phase`].
    phase: AtomicU64,
    /// The probe says that it is sick.
    sick: AtomicBool,
    pub(crate) suspicion: Suspicion,
    pub(crate) recent: Recent,
    ejections: AtomicU64,
    pub(crate) details: Mutex<Details>,
    probe: Mutex<Option<ProbeView>>,
}

impl Health {
    pub(crate) fn new() -> Health {
        Health {
            in_flight: AtomicU64::new(0),
            phase: AtomicU64::new(Phase::Open.pack()),
            sick: AtomicBool::new(false),
            suspicion: Suspicion::new(),
            recent: Recent::new(),
            ejections: AtomicU64::new(0),
            details: Mutex::new(Details::default()),
            probe: Mutex::new(None),
        }
    }

    /// Attempts that are running now, over all workers and configurations.
    pub fn in_flight(&self) -> u64 {
        self.in_flight.load(Ordering::Relaxed)
    }

    /// How often requests' failures have taken it out.
    pub fn ejections(&self) -> u64 {
        self.ejections.load(Ordering::Relaxed)
    }

    /// What the last probe left; `None` as long as nobody probes it.
    pub fn probe(&self) -> Option<ProbeView> {
        lock(&self.probe).clone()
    }

    /// Makes public what a probe has found.
    pub fn set_probe(&self, view: ProbeView) {
        self.set_sick(!view.healthy);
        *lock(&self.probe) = Some(view);
    }

    /// Forgets what probes have found: nobody probes it any more.
    pub fn clear_probe(&self) {
        self.set_sick(false);
        *lock(&self.probe) = None;
    }

    /// Whether probes say that it is sick.
    pub fn is_sick(&self) -> bool {
        self.sick.load(Ordering::Relaxed)
    }

    pub(crate) fn passive_view(&self) -> PassiveView {
        let details = lock(&self.details);
        details.view(self.phase(), self.ejections())
    }

    pub(crate) fn phase(&self) -> Phase {
        Phase::unpack(self.phase.load(Ordering::Relaxed))
    }

    /// Replaces the phase unless somebody else was faster.
    pub(crate) fn turn(&self, from: Phase, to: Phase) -> bool {
        let result = self.phase.compare_exchange(
            from.pack(),
            to.pack(),
            Ordering::Relaxed,
            Ordering::Relaxed,
        );
        if result.is_ok() {
            count_obstacle(from != Phase::Open, to != Phase::Open);
        }
        result.is_ok()
    }

    /// Replaces the phase, whatever it is, and says what it was.
    pub(crate) fn force(&self, to: Phase) -> Phase {
        let from = Phase::unpack(self.phase.swap(to.pack(), Ordering::Relaxed));
        count_obstacle(from != Phase::Open, to != Phase::Open);
        from
    }

    fn set_sick(&self, sick: bool) {
        count_obstacle(self.sick.swap(sick, Ordering::Relaxed), sick);
    }

    /// Whether connections to it may hang; only then it can be under suspicion.
    pub(crate) fn may_hang(&self) -> bool {
        self.suspicion.may_be_raised()
    }

    pub(crate) fn count_ejection(&self) {
        self.ejections.fetch_add(1, Ordering::Relaxed);
    }

    #[inline]
    pub(crate) fn look(&self, mercy: Mercy, now: Duration) -> Look {
        let phase = self.phase.load(Ordering::Relaxed);
        if phase == Phase::Open.pack() && !self.is_sick() && !self.suspicion.may_be_raised() {
            return Look::Open;
        }
        self.look_closely(mercy, now)
    }

    #[cold]
    fn look_closely(&self, mercy: Mercy, now: Duration) -> Look {
        if mercy < Mercy::Sick && self.is_sick() {
            return Look::Closed(Closed::Probe);
        }
        if mercy >= Mercy::Ejected {
            return Look::Open;
        }
        let open = match self.phase() {
            Phase::Open => true,
            Phase::Ejected { until_ms } => u128::from(until_ms) <= now.as_millis(),
            Phase::Probing { .. } => false,
            Phase::Ramp { limit, .. } => self.in_flight() < u64::from(limit),
        };
        match open {
            false => Look::Closed(Closed::Passive),
            true if self.suspicion.is_raised(now) => Look::Suspect,
            true => Look::Open,
        }
    }

    /// Reserves a place, at most `limit` at a time; `Some(true)` for the one that tests an ejected endpoint.
    pub(crate) fn admit(
        &self,
        mercy: Mercy,
        forced: bool,
        mut limit: u64,
        now: Duration,
    ) -> Option<bool> {
        let mut probing = false;
        if !forced && mercy == Mercy::Healthy {
            match self.phase() {
                Phase::Open => {}
                Phase::Ejected { until_ms } if u128::from(until_ms) <= now.as_millis() => {
                    let from = Phase::Ejected { until_ms };
                    if !self.turn(from, Phase::Probing { until_ms }) {
                        return None;
                    }
                    probing = true;
                }
                Phase::Ejected { .. } | Phase::Probing { .. } => return None,
                Phase::Ramp { limit: ramp, .. } => limit = limit.min(u64::from(ramp)),
            }
        }
        if self.in_flight.fetch_add(1, Ordering::Relaxed) >= limit {
            self.release();
            if probing {
                self.abandon();
            }
            return None;
        }
        Some(probing)
    }

    pub(crate) fn reserve(&self) {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn release(&self) {
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
    }

    /// The attempt that tested the endpoint has found out nothing: the next one may.
    pub(crate) fn abandon(&self) {
        if let from @ Phase::Probing { until_ms } = self.phase() {
            self.turn(from, Phase::Ejected { until_ms });
        }
    }
}

impl Drop for Health {
    fn drop(&mut self) {
        count_obstacle(self.phase() != Phase::Open, false);
        count_obstacle(self.is_sick(), false);
    }
}

/// The value, also after a panic elsewhere: each change leaves it complete.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
