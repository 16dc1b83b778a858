//! What the file says about probes and pools, with defaults.

use std::time::Duration;

use shellac_upstream::key::Template;
use shellac_upstream::probe::ProbeSettings;
use shellac_upstream::{Panic, Policy, Rules};

/// How backends are asked whether they are well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProbeConfig {
    /// Name, unique.
    pub name: String,
    /// What is sent.
    pub request: ProbeRequest,
    /// The status that a good answer has.
    pub expect: u16,
    /// Longest time for connection, request and answer together.
    pub timeout: Duration,
    /// When it is sent, and how many of the last ones have to be good.
    pub settings: ProbeSettings,
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
    pub policy: Policy,
    /// What a consistent hash is made of; set with that policy and with no other.
    pub key: Option<Template>,
    /// When failures of requests take a backend out.
    pub health: Rules,
    /// What happens when no backend is healthy.
    pub panic: Panic,
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
            policy: Policy::default(),
            key: None,
            health: Rules::default(),
            panic: Panic::default(),
            node_header: None,
        }
    }
}
