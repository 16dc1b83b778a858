//! Counters that no serving thread keeps: the thread that looks after the others brings them up to date.

use shellac_counters::vsc::table::{Log, Main, Vbe};
use shellac_ring::RingHandle;
use shellac_sys::monotonic_micros;
use shellac_upstream::PassiveState;

use super::Counting;
use crate::control::Control;
use crate::generation::Generation;

/// How often the states of backends are published, in microseconds.
const BACKENDS_EVERY: u64 = 1_000_000;

/// What is looked at in each sweep.
#[derive(Debug)]
pub(crate) struct Chores {
    counting: Counting,
    ring: Option<RingHandle>,
    started: u64,
    /// For each producer the publication that it was in, and since when that is known.
    under_way: Vec<Option<(u64, u64)>>,
    /// When backends were last looked at.
    backends: Option<u64>,
    /// Laps of the ring, and when the last one ended.
    laps: (u64, u64),
}

impl Chores {
    pub(crate) fn new(counting: Counting, ring: Option<RingHandle>) -> Chores {
        let now = monotonic_micros();
        let under_way = Vec::new();
        Chores { counting, ring, started: now, under_way, backends: None, laps: (0, now) }
    }

    /// Brings everything up to date.
    pub(crate) fn sweep(&mut self, control: &Control, threads: usize) {
        let now = monotonic_micros();
        self.counting.tidy();
        let main = self.counting.main();
        main.set(0, Main::Uptime, now.saturating_sub(self.started) / 1_000_000);
        main.set(0, Main::Threads, threads as u64);
        let census = control.census();
        main.set(0, Main::NVcl, census.loaded as u64);
        main.set(0, Main::NVclAvail, census.loaded as u64);
        main.set(0, Main::NVclDiscard, census.discarded as u64);
        main.set(0, Main::NBackend, census.backends as u64);
        self.sweep_ring(now);
        // There may be tens of thousands of them.
        if self.backends.is_none_or(|before| now.saturating_sub(before) >= BACKENDS_EVERY) {
            self.backends = Some(now);
            let active = control.active().number;
            for generation in control.generations() {
                show_backends(&generation, generation.number == active);
            }
        }
    }

    fn sweep_ring(&mut self, now: u64) {
        let Some(ring) = &self.ring else { return };
        let (main, log) = (self.counting.main(), self.counting.log());
        let stats = ring.stats();
        main.set(0, Main::ShmWrites, stats.batches);
        main.set(0, Main::ShmBytes, stats.bytes);
        main.set(0, Main::ShmCont, stats.refused);
        log.set(0, Log::Batches, stats.batches);
        log.set(0, Log::Bytes, stats.bytes);
        log.set(0, Log::Fillers, stats.fillers);
        log.set(0, Log::FillerBytes, stats.filler_bytes);
        log.set(0, Log::Refused, stats.refused);
        log.set(0, Log::OldestLag, u64::from(ring.oldest_reservation_lag().unwrap_or(0)));
        let mut oldest = 0;
        for (at, publication) in ring.under_way().enumerate() {
            if self.under_way.len() <= at {
                self.under_way.push(None);
            }
            let before = &mut self.under_way[at];
            *before = publication.map(|number| match *before {
                Some((known, since)) if known == number => (number, since),
                _ => (number, now),
            });
            let since = before.map_or(now, |(_, since)| since);
            oldest = now.saturating_sub(since).max(oldest);
        }
        log.set(0, Log::OldestAge, oldest / 1000);
        let laps = ring.laps();
        main.set(0, Main::ShmCycles, laps);
        let (before, since) = self.laps;
        if laps > before {
            log.set(0, Log::LapTime, now.saturating_sub(since) / (laps - before) / 1000);
            self.laps = (laps, now);
        }
    }
}

/// Publishes how the backends of a configuration are.
fn show_backends(generation: &Generation, active: bool) {
    let published = generation.counters.published();
    for endpoint in &generation.endpoints {
        let at = endpoint.index();
        let happy = endpoint.health().probe().map_or(0, |probe| probe.history.happy);
        let state = endpoint.passive().state;
        let ejected = matches!(state, PassiveState::Ejected | PassiveState::Probing);
        published.set(at, Vbe::Happy, happy);
        published.set(at, Vbe::Drained, u64::from(endpoint.admin().is_out()));
        published.set(at, Vbe::Ejected, u64::from(ejected));
        published.set(at, Vbe::Active, u64::from(active));
    }
}
