//! One backend as all workers share it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::time::Duration;

use crate::admin::Mode;
use crate::health::{Health, count_obstacle};
use crate::passive::PassiveView;
use crate::resolve::{Name, Trouble};

/// Where a backend listens.
#[derive(Debug, Clone)]
pub enum Address {
    /// There.
    Fixed(SocketAddr),
    /// At what a name stands for.
    Named(Arc<Name>),
    /// At a path of this machine.
    Path(PathBuf),
}

impl Address {
    /// The path, if it is one.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        match self {
            Address::Path(path) => Some(path),
            Address::Fixed(_) | Address::Named(_) => None,
        }
    }

    /// Where the next connection goes to; `Ok(None)` as long as the name is looked up for the first time, and for a path.
    ///
    /// # Errors
    ///
    /// The name stands for no address, and why.
    pub fn next(&self) -> Result<Option<SocketAddr>, Trouble> {
        match self {
            Address::Fixed(address) => Ok(Some(*address)),
            Address::Named(name) => name.next(),
            Address::Path(_) => Ok(None),
        }
    }

    /// What it stands for now: one address, those of the name, or none if they are not known.
    #[must_use]
    pub fn all(&self) -> Vec<SocketAddr> {
        match self {
            Address::Fixed(address) => vec![*address],
            Address::Named(name) => name.found().addresses.clone(),
            Address::Path(_) => Vec::new(),
        }
    }
}

impl PartialEq for Address {
    /// The same address or the same name, whatever that stands for now.
    fn eq(&self, other: &Address) -> bool {
        match (self, other) {
            (Address::Fixed(one), Address::Fixed(other)) => one == other,
            (Address::Named(one), Address::Named(other)) => {
                one.host() == other.host() && one.port() == other.port()
            }
            (Address::Path(one), Address::Path(other)) => one == other,
            (Address::Fixed(_) | Address::Named(_) | Address::Path(_), _) => false,
        }
    }
}

impl Eq for Address {}

/// What a backend is by its configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndpointSpec {
    /// Name in the configuration and the log.
    pub name: String,
    /// The address as the configuration spells it: what consistent hashing is made of.
    pub text: String,
    /// Where it listens.
    pub address: Address,
    /// Its share of the requests, from 1.
    pub weight: u32,
    /// Most attempts at a time, over all workers; 0 is no limit.
    pub max_conns: u32,
    /// Only used when none of the others can be.
    pub backup: bool,
    /// Never used; it keeps its place on the ring of a consistent hash.
    pub down: bool,
    /// [`NginxSettings::max_fails`](crate::NginxSettings::max_fails) of this one, if it has its own.
    pub max_fails: Option<u32>,
    /// [`NginxSettings::fail_timeout`](crate::NginxSettings::fail_timeout) of this one, if it has its own.
    pub fail_timeout: Option<Duration>,
    /// The machine that it runs on, if known.
    pub node: Option<String>,
    /// The part of the network that it is in, if known.
    pub zone: Option<String>,
}

impl EndpointSpec {
    /// A backend of weight 1 without limits, whose address is spelled as `IP:PORT`.
    #[must_use]
    pub fn new(name: impl Into<String>, address: SocketAddr) -> Self {
        Self {
            name: name.into(),
            text: address.to_string(),
            address: Address::Fixed(address),
            weight: 1,
            max_conns: 0,
            backup: false,
            down: false,
            max_fails: None,
            fail_timeout: None,
            node: None,
            zone: None,
        }
    }
}

/// One backend of one configuration: who it is, and what is going on there.
///
/// What an administrator wants, what probes find and what requests meet are three independent things:
/// [`Endpoint::admin`], [`Health::probe`] and [`Endpoint::passive`]. The first belongs to this configuration; the two
/// others are in [`Endpoint::health`], which successive configurations share as long as name and address stay.
#[derive(Debug)]
pub struct Endpoint {
    hot: Hot,
    failures: AtomicU64,
    /// Seconds since 1970 at the last change of `admin`.
    admin_changed: AtomicU64,
    index: usize,
    spec: EndpointSpec,
    address_text: String,
}

/// What every choice looks at, side by side: choices that look at all endpoints of a pool live on it.
#[derive(Debug)]
#[repr(C)]
struct Hot {
    /// Attempts that were begun, and those of them that are over.
    attempts: AtomicU64,
    over: AtomicU64,
    /// A [`Mode`].
    admin: AtomicU8,
    /// `down` in the configuration.
    down: bool,
    /// `max_conns` in the configuration.
    limit: u32,
    /// `weight` in the configuration, at least 1.
    weight: u32,
    health: Arc<Health>,
}

/// Why an endpoint takes no new attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Closed {
    /// The configuration or an administrator says so.
    Admin,
    /// Its probes fail.
    Probe,
    /// Requests have met failures there.
    Passive,
    /// As many attempts run as it may have.
    Full,
}

/// How much is overlooked when an endpoint is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Mercy {
    /// Nothing.
    Healthy,
    /// What requests have met.
    Ejected,
    /// And what probes say.
    Sick,
}

/// Whether an endpoint takes a new attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    /// It does, as far as one can tell without trying.
    Open,
    /// It does, but connections to it hang: another one is better.
    Suspect,
    /// It does not.
    Closed(Closed),
}

impl Endpoint {
    /// An endpoint of weight 1 without limits; see [`Endpoint::from_spec`].
    #[must_use]
    pub fn new(index: usize, name: impl Into<String>, address: SocketAddr) -> Self {
        Self::from_spec(index, EndpointSpec::new(name, address))
    }

    /// An endpoint without a history; `index` is its position in the configuration.
    #[must_use]
    pub fn from_spec(index: usize, spec: EndpointSpec) -> Self {
        Self::with_health(index, spec, Arc::new(Health::new()))
    }

    /// The endpoint of a new configuration that follows the one of `before`.
    ///
    /// With the same name and address it shares the health with its predecessor, so that neither probes nor requests
    /// begin anew; and what an administrator wanted goes on. Otherwise it is a new one.
    #[must_use]
    pub fn succeed(index: usize, spec: EndpointSpec, before: &Endpoint) -> Self {
        if spec.name != before.spec.name || spec.address != before.spec.address {
            return Self::from_spec(index, spec);
        }
        let endpoint = Self::with_health(index, spec, Arc::clone(&before.hot.health));
        endpoint.hot.admin.store(before.hot.admin.load(Ordering::Relaxed), Ordering::Relaxed);
        count_obstacle(false, endpoint.admin().is_out());
        let changed = before.admin_changed.load(Ordering::Relaxed);
        endpoint.admin_changed.store(changed, Ordering::Relaxed);
        endpoint
    }

    fn with_health(index: usize, spec: EndpointSpec, health: Arc<Health>) -> Self {
        Self {
            hot: Hot {
                attempts: AtomicU64::new(0),
                over: AtomicU64::new(0),
                admin: AtomicU8::new(Mode::Auto as u8),
                down: spec.down,
                limit: spec.max_conns,
                weight: spec.weight.max(1),
                health,
            },
            failures: AtomicU64::new(0),
            admin_changed: AtomicU64::new(0),
            index,
            address_text: match &spec.address {
                Address::Fixed(address) => address.to_string(),
                Address::Named(name) => format!("{}:{}", name.host(), name.port()),
                Address::Path(path) => path.display().to_string(),
            },
            spec,
        }
    }

    /// Position in the configuration.
    #[must_use]
    pub fn index(&self) -> usize {
        self.index
    }

    /// What the configuration says about it.
    #[must_use]
    pub fn spec(&self) -> &EndpointSpec {
        &self.spec
    }

    /// Name in the configuration and the log.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.spec.name
    }

    /// Where it listens now: one address, those that its name stands for, or none if that is not known.
    #[must_use]
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.spec.address.all()
    }

    /// Whether it listens there now.
    #[must_use]
    pub fn is_at(&self, address: SocketAddr) -> bool {
        match &self.spec.address {
            Address::Fixed(fixed) => *fixed == address,
            Address::Named(name) => name.has(address),
            Address::Path(_) => true,
        }
    }

    /// What a request without a host is said to be for.
    #[must_use]
    pub fn host(&self) -> &str {
        if self.spec.address.path().is_some() { "localhost" } else { &self.address_text }
    }

    /// Where it listens, as text: `IP:PORT`, `NAME:PORT` or a path.
    #[must_use]
    pub fn address_text(&self) -> &str {
        &self.address_text
    }

    /// What probes and requests have found out, shared with the endpoint of the same name and address in other configurations.
    #[must_use]
    pub fn health(&self) -> &Arc<Health> {
        &self.hot.health
    }

    /// What an administrator wants of it.
    #[must_use]
    pub fn admin(&self) -> Mode {
        Mode::from_u8(self.hot.admin.load(Ordering::Relaxed))
    }

    /// Sets what an administrator wants, at `now`; returns whether that is a change.
    pub fn set_admin(&self, mode: Mode, now: Duration) -> bool {
        let before = Mode::from_u8(self.hot.admin.swap(mode as u8, Ordering::Relaxed));
        count_obstacle(before.is_out(), mode.is_out());
        let changed = before != mode;
        if changed {
            self.admin_changed.store(now.as_secs(), Ordering::Relaxed);
        }
        changed
    }

    /// When an administrator last changed something, in seconds since 1970; 0 is never.
    #[must_use]
    pub fn admin_changed_unix(&self) -> u64 {
        self.admin_changed.load(Ordering::Relaxed)
    }

    /// What requests have met there.
    #[must_use]
    pub fn passive(&self) -> PassiveView {
        self.hot.health.passive_view()
    }

    /// Whether it takes new attempts at `now`, but for the limit of how many at a time.
    #[must_use]
    pub fn is_healthy(&self, now: Duration) -> bool {
        !matches!(self.look(Mercy::Healthy, now), Look::Closed(why) if why != Closed::Full)
    }

    /// Attempts that are running now, over all workers, begun through this configuration.
    ///
    /// An attempt counts from the moment it is selected, before there is a connection, until its response has been passed on.
    #[must_use]
    pub fn in_flight(&self) -> u64 {
        // In this order; a place that is given back between the two still counts, and there is never less than nothing.
        let over = self.hot.over.load(Ordering::Relaxed);
        self.attempts().saturating_sub(over)
    }

    /// Attempts since the start, running ones included.
    #[must_use]
    pub fn attempts(&self) -> u64 {
        self.hot.attempts.load(Ordering::Relaxed)
    }

    /// Attempts since the start that failed because of the backend.
    #[must_use]
    pub fn failures(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
    }

    /// Counts an attempt that failed because of the backend. [`InFlight::finish`](crate::InFlight::finish) does that too.
    pub fn failed(&self) {
        self.failures.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether it would take an attempt. Takes nothing: [`Endpoint::admit`] may still find it taken.
    #[inline]
    pub(crate) fn look(&self, mercy: Mercy, now: Duration) -> Look {
        let mode = self.admin();
        if self.hot.down || mode.is_out() {
            return Look::Closed(Closed::Admin);
        }
        let look =
            if mode == Mode::Healthy { Look::Open } else { self.hot.health.look(mercy, now) };
        if self.is_full() && !matches!(look, Look::Closed(_)) {
            return Look::Closed(Closed::Full);
        }
        look
    }

    /// Whether neither the configuration nor an administrator nor a probe keeps attempts away.
    pub(crate) fn may_serve(&self) -> bool {
        let mode = self.admin();
        !self.spec.down && !mode.is_out() && (mode == Mode::Healthy || !self.hot.health.is_sick())
    }

    /// Reserves a place for an attempt; the answer says whether it is the one that tests an ejected endpoint.
    ///
    /// The reservation comes first and is looked at afterwards, so that a limit holds however many come at once.
    pub(crate) fn admit(&self, mercy: Mercy, now: Duration) -> Option<bool> {
        let limit = match self.hot.limit {
            0 => u64::MAX,
            limit => u64::from(limit),
        };
        let forced = self.admin() == Mode::Healthy;
        let probing = self.hot.health.admit(mercy, forced, limit, now)?;
        self.hot.attempts.fetch_add(1, Ordering::Relaxed);
        Some(probing)
    }

    /// Reserves a place without asking anybody: `compat_nginx` counts by itself.
    pub(crate) fn reserve(&self) {
        self.hot.health.reserve();
        self.hot.attempts.fetch_add(1, Ordering::Relaxed);
    }

    /// Gives a place back.
    pub(crate) fn release(&self) {
        self.hot.health.release();
        self.hot.over.fetch_add(1, Ordering::Relaxed);
    }

    /// Attempts that are running now, over all workers and configurations.
    pub(crate) fn load(&self) -> u64 {
        self.hot.health.in_flight()
    }

    /// Its weight, at least 1.
    pub(crate) fn weight(&self) -> u64 {
        u64::from(self.hot.weight)
    }

    fn is_full(&self) -> bool {
        self.hot.limit > 0 && self.load() >= u64::from(self.hot.limit)
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        count_obstacle(self.admin().is_out(), false);
    }
}
