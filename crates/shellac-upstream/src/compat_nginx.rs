//! Choosing and health exactly as nginx does it, oddities included: for those who have measured it and like it.
//!
//! What differs from [`passive`](crate::passive), on purpose: the clock has whole seconds; failures add up as long as no success comes
//! later than `fail_timeout` after the last of them; a body that breaks off is a success, as is a client that leaves; a machine
//! without free ports blames its backends; one success brings all traffic back at once; and when all are out, nobody is asked.
//!
//! One lock for each pool, as the `zone` of an upstream has it.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::course::Course;
use crate::endpoint::{Endpoint, EndpointSpec};
use crate::health::lock;
use crate::outcome::{Fault, Outcome};
use crate::passive::{Event, Reason};
use crate::picker::NoEndpoint;
use crate::pool::{Policy, Pool};

/// Points of the ring after which turns are taken.
const HOPS: u32 = 20;

/// The parameters of `server` lines, where a server has none of its own ([`EndpointSpec`]).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NginxSettings {
    /// Failures that take a server out; 0 is never.
    pub max_fails: u32,
    /// For how long it is out, and how long failures are remembered; whole seconds count.
    pub fail_timeout: Duration,
}

impl Default for NginxSettings {
    fn default() -> Self {
        Self { max_fails: 1, fail_timeout: Duration::from_secs(10) }
    }
}

/// The state of a pool.
#[derive(Debug)]
pub(crate) struct Nginx {
    primaries: usize,
    peers: Mutex<Vec<Peer>>,
}

#[derive(Debug)]
struct Peer {
    max_fails: u32,
    /// In whole seconds.
    fail_timeout: u64,
    weight: i64,
    effective: i64,
    current: i64,
    fails: u32,
    /// Second of the last failure.
    accessed: u64,
    /// Second of the last failure, or of the last choice after a pause.
    checked: u64,
    conns: u64,
    /// It is out, and an attempt runs that was let through.
    testing: bool,
}

impl Peer {
    fn new(settings: &NginxSettings, spec: &EndpointSpec) -> Peer {
        let weight = i64::from(spec.weight.max(1));
        Peer {
            max_fails: spec.max_fails.unwrap_or(settings.max_fails),
            fail_timeout: spec.fail_timeout.unwrap_or(settings.fail_timeout).as_secs(),
            weight,
            effective: weight,
            current: 0,
            fails: 0,
            accessed: 0,
            checked: 0,
            conns: 0,
            testing: false,
        }
    }

    /// Goes on where the same server of an earlier configuration stands.
    fn follow(&mut self, before: &Peer) {
        self.fails = before.fails;
        self.accessed = before.accessed;
        self.checked = before.checked;
    }

    /// Attempts and weight.
    fn load(&self) -> (u64, u64) {
        (self.conns, self.weight.unsigned_abs())
    }

    fn is_out(&self) -> bool {
        self.max_fails > 0 && self.fails >= self.max_fails
    }

    fn is_over(&self, now: u64) -> bool {
        now.saturating_sub(self.checked) > self.fail_timeout
    }
}

impl Nginx {
    /// What is known of servers in the pool `before` is still known, where the endpoint shares its health.
    pub(crate) fn new(
        settings: &NginxSettings,
        members: &[Arc<Endpoint>],
        primaries: usize,
        before: Option<&Pool>,
    ) -> Nginx {
        let mut peers: Vec<Peer> =
            members.iter().map(|endpoint| Peer::new(settings, endpoint.spec())).collect();
        if let Some((pool, nginx)) = before.and_then(|pool| Some((pool, pool.nginx()?))) {
            let old = lock(&nginx.peers);
            let known: HashMap<_, &Peer> =
                pool.members().iter().map(|one| Arc::as_ptr(one.health())).zip(&*old).collect();
            for (peer, endpoint) in peers.iter_mut().zip(members) {
                if let Some(before) = known.get(&Arc::as_ptr(endpoint.health())) {
                    peer.follow(before);
                }
            }
        }
        Nginx { primaries, peers: Mutex::new(peers) }
    }

    fn is_single(&self, peers: &[Peer]) -> bool {
        peers.len() == 1
    }

    /// Chooses a server and counts the attempt there.
    pub(crate) fn pick(
        &self,
        pool: &Pool,
        course: &mut Course,
        now: Duration,
    ) -> Result<usize, NoEndpoint> {
        let mut peers = lock(&self.peers);
        if peers.is_empty() {
            return Err(NoEndpoint::Empty);
        }
        let mut round = Round {
            nginx: self,
            pool,
            peers: &mut peers,
            now: now.as_secs(),
            unlimited: pool.is_all_open(),
        };
        let found = round.choose(course).ok_or_else(|| round.obstacle(course))?;
        let peer = &mut peers[found];
        peer.conns += 1;
        if peer.is_over(now.as_secs()) {
            peer.testing = peer.is_out();
            peer.checked = now.as_secs();
        }
        course.tried.push(found);
        Ok(found)
    }

    /// An attempt has ended.
    pub(crate) fn free(
        &self,
        members: &[Arc<Endpoint>],
        position: usize,
        outcome: Outcome,
        now: Duration,
    ) -> Option<Event> {
        let mut peers = lock(&self.peers);
        let single = self.is_single(&peers);
        let peer = &mut peers[position];
        peer.conns = peer.conns.saturating_sub(1);
        let fault = fault(outcome);
        let endpoint = &members[position];
        if fault.is_some() {
            endpoint.failed();
        }
        if single {
            return None;
        }
        let was_out = peer.is_out();
        let was_test = std::mem::take(&mut peer.testing);
        let health = endpoint.health();
        let Some(last) = fault else {
            if peer.accessed < peer.checked {
                peer.fails = 0;
            }
            // It may also have been shown as out by another configuration, whose count is not this one's.
            let shows_out = was_out || health.was_out(now);
            return (shows_out && !peer.is_out())
                .then(|| health.show_back(now).map(|out| Event::Back { out }))
                .flatten();
        };
        peer.fails = peer.fails.saturating_add(1);
        peer.accessed = now.as_secs();
        peer.checked = now.as_secs();
        if peer.max_fails == 0 {
            return None;
        }
        peer.effective = (peer.effective - peer.weight / i64::from(peer.max_fails)).max(0);
        if !peer.is_out() {
            return None;
        }
        let window = Duration::from_secs(peer.fail_timeout);
        let until = Duration::from_secs(now.as_secs().saturating_add(peer.fail_timeout + 1));
        let reason = Reason { failures: peer.fails, attempts: 0, window, last };
        // Those that were under way when it was taken out only make it longer.
        let is_new = !was_out || was_test;
        health.show_out(reason, until, now, is_new);
        let times = peer.fails - peer.max_fails + 1;
        is_new.then_some(Event::Ejected { reason, times, until })
    }

    /// An attempt was given up without a word about how it ended.
    pub(crate) fn forget(&self, position: usize) {
        let mut peers = lock(&self.peers);
        let peer = &mut peers[position];
        peer.conns = peer.conns.saturating_sub(1);
        peer.testing = false;
    }
}

/// What nginx makes a failure of.
fn fault(outcome: Outcome) -> Option<Fault> {
    match outcome {
        Outcome::Answered { status, retried } => (retried
            && matches!(status, 429 | 500 | 502 | 503 | 504))
        .then_some(Fault::Status(status)),
        Outcome::Failed(fault) => {
            (!matches!(fault, Fault::Garbage | Fault::Truncated | Fault::Stalled)).then_some(fault)
        }
        Outcome::Stale => Some(Fault::Reset),
        Outcome::Local { connecting } => connecting.then_some(Fault::Connect),
        Outcome::Client => None,
    }
}

/// One choice, with the lock held.
struct Round<'a> {
    nginx: &'a Nginx,
    pool: &'a Pool,
    peers: &'a mut [Peer],
    /// In whole seconds.
    now: u64,
    /// Neither limits nor orders nor probes keep any server from being chosen.
    unlimited: bool,
}

impl Round<'_> {
    fn choose(&mut self, course: &mut Course) -> Option<usize> {
        if self.nginx.is_single(self.peers) {
            return (self.may_serve(0) && !self.is_full(0)).then_some(0);
        }
        if !course.on_backups {
            let found = match (self.pool.policy(), course.key) {
                (Policy::ConsistentHash, Some(key)) if course.hops <= HOPS => {
                    self.on_ring(course, key)
                }
                (Policy::LeastConnections, _) => self.fewest(course),
                _ => self.smooth(course, 0..self.nginx.primaries),
            };
            if found.is_some() {
                return found;
            }
            course.on_backups = true;
        }
        let backups = self.nginx.primaries..self.peers.len();
        self.smooth(course, backups)
    }

    /// Walks the ring; after too many points turns are taken.
    fn on_ring(&mut self, course: &mut Course, key: u32) -> Option<usize> {
        let pool = self.pool;
        let ring = pool.ring().filter(|ring| !ring.is_empty())?;
        let mut at = course.point.unwrap_or_else(|| ring.find(key));
        loop {
            let members = ring.members(ring.group(at));
            let found = self.smooth(course, members.iter().map(|&one| one as usize));
            course.point = Some(at);
            if found.is_some() {
                return found;
            }
            at = (at + 1) % ring.len();
            course.point = Some(at);
            course.hops += 1;
            if course.hops > HOPS {
                return self.smooth(course, 0..self.nginx.primaries);
            }
        }
    }

    /// The server with the fewest attempts for its weight; several of them take turns.
    fn fewest(&mut self, course: &Course) -> Option<usize> {
        let mut least: Option<(usize, u64, u64)> = None;
        let mut several = false;
        for at in 0..self.nginx.primaries {
            if !self.is_available(course, at) {
                continue;
            }
            let (conns, weight) = self.peers[at].load();
            match least.map(|(_, c, w)| conns.saturating_mul(w).cmp(&c.saturating_mul(weight))) {
                Some(Ordering::Greater) => {}
                Some(Ordering::Equal) => several = true,
                Some(Ordering::Less) | None => {
                    least = Some((at, conns, weight));
                    several = false;
                }
            }
        }
        let (at, c, w) = least?;
        if several {
            let equal = |peer: &Peer| {
                let (conns, weight) = peer.load();
                conns.saturating_mul(w) == c.saturating_mul(weight)
            };
            return self.smooth_of(course, at..self.nginx.primaries, equal);
        }
        self.smooth(course, [at])
    }

    /// The smooth order among those that are available.
    fn smooth(
        &mut self,
        course: &Course,
        positions: impl IntoIterator<Item = usize>,
    ) -> Option<usize> {
        self.smooth_of(course, positions, |_| true)
    }

    /// The same among those that `wanted` accepts.
    fn smooth_of(
        &mut self,
        course: &Course,
        positions: impl IntoIterator<Item = usize>,
        wanted: impl Fn(&Peer) -> bool,
    ) -> Option<usize> {
        let mut total = 0;
        let mut best: Option<(usize, i64)> = None;
        for at in positions {
            if !wanted(&self.peers[at]) || !self.is_available(course, at) {
                continue;
            }
            let peer = &mut self.peers[at];
            peer.current += peer.effective;
            total += peer.effective;
            if peer.effective < peer.weight {
                peer.effective += 1;
            }
            if best.is_none_or(|(_, most)| peer.current > most) {
                best = Some((at, peer.current));
            }
        }
        let (at, _) = best?;
        self.peers[at].current -= total;
        Some(at)
    }

    fn is_available(&self, course: &Course, at: usize) -> bool {
        let peer = &self.peers[at];
        self.may_serve(at)
            && !course.has_tried(at)
            && !self.is_full(at)
            && (!peer.is_out() || peer.is_over(self.now))
    }

    /// `down`, and what an administrator or a probe says, which nginx itself does not have.
    fn may_serve(&self, at: usize) -> bool {
        self.unlimited || self.pool.members()[at].may_serve()
    }

    fn is_full(&self, at: usize) -> bool {
        if self.unlimited {
            return false;
        }
        let limit = self.pool.members()[at].spec().max_conns;
        limit > 0 && self.peers[at].conns >= u64::from(limit)
    }

    fn obstacle(&self, course: &Course) -> NoEndpoint {
        let usable = |at: &usize| {
            let peer = &self.peers[*at];
            self.may_serve(*at) && (!peer.is_out() || peer.is_over(self.now))
        };
        let mut usable = (0..self.peers.len()).filter(usable).peekable();
        if usable.peek().is_none() {
            NoEndpoint::Sick
        } else if usable.any(|at| course.has_tried(at)) {
            NoEndpoint::Tried
        } else {
            NoEndpoint::Full
        }
    }
}

#[cfg(test)]
mod tests;
