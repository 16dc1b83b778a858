//! What the file says about probes, pools and the next attempt of a request, with defaults.

use std::time::Duration;

use crate::key::KeyTemplate;

/// How backends are asked whether they are well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProbeConfig {
    /// Name, unique.
    pub name: String,
    /// What is sent.
    pub request: ProbeRequest,
    /// The status that a good answer has.
    pub expect: u16,
    /// From one probe to the next.
    pub interval: Duration,
    /// The same after a failed one.
    pub retry_interval: Duration,
    /// Longest time for connection, request and answer together.
    pub timeout: Duration,
    /// So many of the last probes count, at most 64.
    pub window: u32,
    /// So many of them have to be good.
    pub threshold: u32,
    /// So many good ones are assumed at first.
    pub initial: u32,
}

/// What a probe sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProbeRequest {
    /// A `GET` for this URL, with `Host` and `Connection: close`.
    Url(String),
    /// These lines and an empty one.
    Lines(Vec<String>),
}

/// A set of backends that can stand in for each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolConfig {
    /// Name, unique.
    pub name: String,
    /// Indices into [`Config::backends`](crate::Config::backends); at least one, none twice.
    pub backends: Vec<usize>,
    /// How one of them is chosen.
    pub policy: PoolPolicy,
    /// What a consistent hash is made of; set with that policy and with no other.
    pub key: Option<KeyTemplate>,
    /// When failures of requests take a backend out.
    pub health: HealthRules,
    /// What happens when no backend is healthy.
    pub panic: PoolPanic,
    /// The header in which a response names the machine that it is from.
    pub node_header: Option<String>,
}

impl PoolConfig {
    /// A pool with all defaults.
    #[must_use]
    pub fn new(name: impl Into<String>, backends: Vec<usize>) -> Self {
        Self {
            name: name.into(),
            backends,
            policy: PoolPolicy::RoundRobin,
            key: None,
            health: HealthRules::Ours(HealthConfig::default()),
            panic: PoolPanic::None,
            node_header: None,
        }
    }
}

/// How a backend is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PoolPolicy {
    /// In turn, by weight.
    RoundRobin,
    /// The one with the fewest attempts for its weight.
    LeastConnections,
    /// The better one of two that are drawn at random.
    RandomTwo,
    /// The one that is responsible for the key.
    ConsistentHash,
}

/// What happens when no backend of a pool is healthy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PoolPanic {
    /// Requests are answered with an error.
    None,
    /// All backends are used: what found them sick may be wrong.
    All,
}

/// Whose rules say that a backend is out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HealthRules {
    /// Ours.
    Ours(HealthConfig),
    /// Those of nginx, to the letter. Backends may have their own numbers.
    Nginx {
        /// Failures that take a backend out; 0 is never.
        max_fails: u32,
        /// For how long, and for how long failures are remembered. Whole seconds.
        fail_timeout: Duration,
    },
}

/// When failures of requests take a backend out, and how it comes back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HealthConfig {
    /// What counts is what happened within this time.
    pub window: Duration,
    /// It needs so many failures; 0 never takes one out.
    pub failures: u32,
    /// And this share of the attempts, in percent.
    pub percent: u32,
    /// Of so many attempts at least.
    pub volume: u32,
    /// Statuses that are failures.
    pub statuses: Vec<u16>,
    /// How long the first ejection is.
    pub eject: Duration,
    /// How long the longest one is.
    pub eject_max: Duration,
    /// By how much ejections are shorter or longer at random, in percent.
    pub jitter_percent: u32,
    /// So many healthy backends a pool keeps.
    pub min_healthy: usize,
    /// Such a share of a pool is ejected at most, in percent; one backend always may be.
    pub max_ejected_percent: u32,
    /// Whether others are preferred while connections to a backend hang.
    pub suspect: bool,
    /// Longest time for the connection of the request that tests an ejected backend.
    pub test_connect_timeout: Duration,
}

impl Default for HealthConfig {
    fn default() -> Self {
        Self {
            window: Duration::from_secs(10),
            failures: 5,
            percent: 50,
            volume: 5,
            statuses: Vec::new(),
            eject: Duration::from_secs(10),
            eject_max: Duration::from_secs(300),
            jitter_percent: 10,
            min_healthy: 1,
            max_ejected_percent: 100,
            suspect: true,
            test_connect_timeout: Duration::from_secs(1),
        }
    }
}

/// When a request goes on to the next backend, in the words of nginx.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NextUpstreamConfig {
    /// No connection, or it broke before the head of a response was complete.
    pub error: bool,
    /// A connection, or the head of a response, took too long.
    pub timeout: bool,
    /// What came was no response.
    pub invalid_header: bool,
    /// POST, LOCK and PATCH go on too when something of them was sent.
    pub non_idempotent: bool,
    /// Responses with these statuses are not passed on as long as there is another backend.
    pub statuses: Vec<u16>,
    /// Most attempts of a request; 0 is one for each backend that is not `down`.
    pub tries: u32,
    /// Longest time for all attempts up to the head of a response, from the begin of the first one.
    pub limit: Option<Duration>,
}

impl Default for NextUpstreamConfig {
    fn default() -> Self {
        Self {
            error: true,
            timeout: true,
            invalid_header: false,
            non_idempotent: false,
            statuses: Vec::new(),
            tries: 0,
            limit: None,
        }
    }
}
