//! What goes to each backend.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use shellac_render::visible;

use super::classes::Kind;
use super::glance::{Attempt, short_name};
use super::histogram::{ANSWER, CONNECT, Histogram, Lately};
use super::parts::{PARTS, is_past, part};
use super::traffic::{BackendTraffic, Health, STATUSES};

/// Backends that are told apart.
const BACKENDS: usize = 1024;
/// A longer name is cut, in bytes.
const MAX_NAME: usize = 256;
/// A longer record about health is cut, in bytes.
const MAX_HEALTH: usize = 300;
/// Parts of the minute after which percentiles turn to younger times.
const TURN: u64 = (PARTS / 2) as u64;

/// Counts by backend.
#[derive(Debug, Default)]
pub(super) struct Backends {
    places: HashMap<Box<[u8]>, usize>,
    list: Vec<Backend>,
    /// Numbers of backends by name, for showing them.
    order: Vec<usize>,
    left_out: u64,
    /// The part of the minute that was reached.
    newest: u64,
}

#[derive(Debug)]
struct Backend {
    /// What is told of it, but for what follows from the rest.
    told: Arc<BackendTraffic>,
    /// As it is in the log.
    address: Vec<u8>,
    /// By number of the part, modulo.
    parts: [Part; PARTS],
    lately: Lately,
    /// Something was counted since it was told.
    is_changed: bool,
}

#[derive(Clone, Copy, Debug, Default)]
struct Part {
    number: u64,
    attempts: u64,
    failures: u64,
    errors: u64,
}

impl Backend {
    fn new(name: String) -> Backend {
        let told = BackendTraffic {
            name,
            address: String::new(),
            attempts: 0,
            failures: 0,
            retries: 0,
            statuses: [0; STATUSES],
            connect: Histogram::new(CONNECT),
            answer: Histogram::new(ANSWER),
            minute_attempts: 0,
            minute_failures: 0,
            minute_errors: 0,
            p50: None,
            p99: None,
            failed: None,
            health: None,
        };
        Backend {
            told: Arc::new(told),
            address: Vec::new(),
            parts: [Part::default(); PARTS],
            lately: Lately::default(),
            is_changed: true,
        }
    }

    /// The part that a moment lies in; `None` for one that was forgotten.
    fn part(&mut self, number: u64) -> Option<&mut Part> {
        let part = &mut self.parts[usize::try_from(number % PARTS as u64).unwrap_or_default()];
        if part.number < number {
            *part = Part { number, ..Part::default() };
        }
        (part.number == number).then_some(part)
    }

    /// Brings what is told up to date.
    fn settle(&mut self, newest: u64) {
        let mut sum = Part::default();
        for part in self.parts.iter().filter(|part| !is_past(part.number, newest)) {
            sum.attempts += part.attempts;
            sum.failures += part.failures;
            sum.errors += part.errors;
        }
        let (p50, p99) = (self.lately.at(0.5), self.lately.at(0.99));
        let old = (self.told.minute_attempts, self.told.minute_failures, self.told.minute_errors);
        let is_same = (sum.attempts, sum.failures, sum.errors) == old
            && (p50, p99) == (self.told.p50, self.told.p99);
        if is_same && !self.is_changed {
            return;
        }
        self.is_changed = false;
        let told = Arc::make_mut(&mut self.told);
        (told.minute_attempts, told.minute_failures) = (sum.attempts, sum.failures);
        told.minute_errors = sum.errors;
        (told.p50, told.p99) = (p50, p99);
    }
}

impl Backends {
    fn named(&mut self, name: &[u8]) -> Option<&mut Backend> {
        let name = &name[..name.len().min(MAX_NAME)];
        let place = match self.places.get(name) {
            Some(place) => *place,
            None if self.list.len() < BACKENDS => {
                let place = self.list.len();
                let shown = visible(name);
                let by_name = self.order.partition_point(|it| self.list[*it].told.name < shown);
                self.list.push(Backend::new(shown));
                self.order.insert(by_name, place);
                self.places.insert(name.into(), place);
                place
            }
            None => return None,
        };
        self.list.get_mut(place)
    }

    /// Counts an attempt; `failure` is what went wrong with it, if something did.
    pub(super) fn add(&mut self, at: Duration, attempt: &Attempt<'_>, failure: Option<&Kind>) {
        let name = attempt.backend();
        // One that got no backend is counted, but at none.
        let Some(backend) = (if name.is_empty() { None } else { self.named(name) }) else {
            self.left_out += u64::from(!name.is_empty());
            return;
        };
        backend.is_changed = true;
        let failed = failure.filter(|kind| !kind.is_clients);
        let status = attempt.status.map_or(0, |status| usize::from(status / 100));
        let status = if status < STATUSES { status } else { 0 };
        if let Some((address, port)) = attempt.address() {
            let known = backend.address.strip_prefix(address);
            let is_same = known.and_then(|rest| rest.strip_prefix(b" ")) == Some(port);
            if !is_same {
                backend.address = [address, b" ", port].concat();
                let (address, port) = (visible(address), visible(port));
                let address = if address.contains(':') { format!("[{address}]") } else { address };
                Arc::make_mut(&mut backend.told).address = format!("{address}:{port}");
            }
        }
        let told = Arc::make_mut(&mut backend.told);
        told.attempts += 1;
        told.failures += u64::from(failed.is_some());
        told.retries += u64::from(attempt.is_retry);
        told.statuses[status] += 1;
        if let Some(connect) = attempt.connect.filter(|_| attempt.is_new()) {
            told.connect.add(connect);
        }
        if let Some(answer) = attempt.answer {
            told.answer.add(answer);
            backend.lately.add(answer);
        }
        if let Some(kind) = failed {
            told.failed = Some((at, Arc::clone(&kind.class)));
        }
        if let Some(part) = backend.part(part(at)) {
            part.attempts += 1;
            part.failures += u64::from(failed.is_some());
            part.errors += u64::from(status == 5);
        }
    }

    /// Takes a `Backend_health` record. The answer: the backend's name, whether it is sick, and the rest of the record,
    /// when that is a change.
    pub(super) fn health(&mut self, at: Duration, text: &[u8]) -> Option<(String, bool, String)> {
        let (name, rest) = text.split_at(text.iter().position(|byte| *byte == b' ')?);
        let mut words = rest.split(|byte| *byte == b' ').skip(1);
        let (first, second) = (words.next()?, words.next()?);
        let sick = match second {
            b"sick" => true,
            b"healthy" => false,
            _ => return None,
        };
        let name = short_name(name);
        let rest = &rest[1..];
        let rest = visible(&rest[..rest.len().min(MAX_HEALTH)]);
        let changes = first != b"Still";
        if let Some(backend) = self.named(name) {
            backend.is_changed = true;
            let told = Arc::make_mut(&mut backend.told);
            let before = told.health.take().and_then(|health| health.changed);
            let changed = if changes { Some((at, rest.clone())) } else { before };
            told.health = Some(Health { at, sick, text: rest.clone(), changed });
        }
        changes.then(|| (visible(name), sick, rest))
    }

    /// Time has come as far as this.
    pub(super) fn advance(&mut self, now: Duration) {
        let newest = part(now);
        if newest / TURN > self.newest / TURN {
            let turns = (newest / TURN - self.newest / TURN).min(2);
            for backend in &mut self.list {
                (0..turns).for_each(|_| backend.lately.turn());
            }
        }
        self.newest = self.newest.max(newest);
    }

    /// All of them, by name.
    pub(super) fn list(&mut self) -> Vec<Arc<BackendTraffic>> {
        let newest = self.newest;
        self.list.iter_mut().for_each(|backend| backend.settle(newest));
        self.order.iter().map(|place| Arc::clone(&self.list[*place].told)).collect()
    }

    /// Attempts at backends that are not told apart.
    pub(super) const fn left_out(&self) -> u64 {
        self.left_out
    }
}
