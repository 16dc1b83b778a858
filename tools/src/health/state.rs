//! What shared memory says about how things are.

use std::collections::BTreeMap;

use anyhow::Context;
use shellac_counters::vsc::Counters;
use shellac_render::visible;
use shellac_vsm::{Attachment, VsmError};

/// The segment in which a worker names what failures concentrate on.
const CLASS: &str = "Health";
const IDENT: &str = "verdict";

/// How an instance is.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct State {
    /// Where it is.
    pub(super) workdir: String,
    pub(super) worker_runs: bool,
    pub(super) judgement: Judgement,
    /// Backends of the active configuration, or of all where the daemon does not say which that is.
    pub(super) backends: Vec<Backend>,
}

/// One backend.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Backend {
    /// With the name of its configuration.
    pub(super) name: String,
    pub(super) ejected: bool,
    pub(super) drained: bool,
    pub(super) active: bool,
}

/// What a worker says about failures and about its node.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Judgement {
    /// Counters of the sets `HEALTH` and `NODE`; empty for a daemon that has none.
    pub(super) health: BTreeMap<String, u64>,
    pub(super) node: BTreeMap<String, u64>,
    pub(crate) verdict: Option<Verdict>,
}

impl Judgement {
    /// Reads it.
    ///
    /// # Errors
    ///
    /// The segment with the verdict cannot be read.
    pub(crate) fn read(
        counters: &Counters,
        attachment: &Attachment,
    ) -> Result<Judgement, VsmError> {
        let mut judgement = Judgement::default();
        counters.each(|set, info, value| match set {
            "HEALTH" => drop(judgement.health.insert(info.name.clone(), value)),
            "NODE" => drop(judgement.node.insert(info.name.clone(), value)),
            _ => {}
        });
        let text = attachment.read_text(CLASS, IDENT)?;
        judgement.verdict = text.as_deref().and_then(Verdict::parse);
        Ok(judgement)
    }

    /// One that is made up, for tests.
    #[cfg(test)]
    pub(crate) fn of(health: &[(&str, u64)], node: &[(&str, u64)], verdict: &str) -> Judgement {
        let map = |counters: &[(&str, u64)]| {
            counters.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect()
        };
        Judgement { health: map(health), node: map(node), verdict: Verdict::parse(verdict) }
    }

    /// Whether packets do not leave the node.
    pub(crate) fn node_fault(&self) -> bool {
        self.node.get("fault").is_some_and(|&fault| fault > 0)
    }

    /// Whether it says that something is wrong.
    pub(crate) fn is_bad(&self) -> bool {
        self.verdict.is_some() || self.node_fault()
    }

    /// A counter of the set `HEALTH`; 0 where there is none.
    pub(super) fn health(&self, name: &str) -> u64 {
        self.health.get(name).copied().unwrap_or_default()
    }
}

/// What failures concentrate on.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Verdict {
    /// `backend`, `node` or `zone`.
    pub(crate) dimension: String,
    /// Worst first.
    pub(super) values: Vec<String>,
    /// How many there are, the ones that are not named among them.
    pub(super) count: u64,
    /// Since when, in seconds since 1970.
    pub(crate) since: u64,
    /// Attempts and failures of these and of all others, when it began.
    pub(super) attempts: u64,
    pub(super) failures: u64,
    pub(super) rest_attempts: u64,
    pub(super) rest_failures: u64,
}

impl State {
    /// Reads it.
    ///
    /// # Errors
    ///
    /// A segment cannot be read.
    pub(super) fn read(attachment: &Attachment) -> anyhow::Result<State> {
        let mut counters = Counters::new();
        counters.refresh(attachment);
        let mut state = State {
            workdir: attachment.workdir().display().to_string(),
            worker_runs: attachment.status().worker_running,
            ..State::default()
        };
        let mut backends: Vec<Backend> = Vec::new();
        counters.each(|set, info, value| {
            let Some(name) = set.strip_prefix("VBE.") else { return };
            let name = visible(name.as_bytes());
            if backends.last().is_none_or(|last| last.name != name) {
                backends.push(Backend { name, ..Backend::default() });
            }
            let Some(backend) = backends.last_mut() else { return };
            match info.name.as_str() {
                "ejected" => backend.ejected = value > 0,
                "drained" => backend.drained = value > 0,
                "active" => backend.active = value > 0,
                _ => {}
            }
        });
        if backends.iter().any(|backend| backend.active) {
            backends.retain(|backend| backend.active);
        }
        state.backends = backends;
        let judgement = Judgement::read(&counters, attachment);
        state.judgement = judgement.context("cannot read the verdict")?;
        Ok(state)
    }

    /// Whether somebody should look.
    pub(super) fn is_wrong(&self) -> bool {
        !self.worker_runs || self.judgement.is_bad()
    }
}

impl Verdict {
    /// Reads lines of `key=value`; what is not known is skipped, and without a dimension and a value it is none.
    pub(super) fn parse(text: &str) -> Option<Verdict> {
        let mut verdict = Verdict::default();
        for line in text.lines().take(100) {
            let Some((key, value)) = line.split_once('=') else { continue };
            let number = || value.parse().unwrap_or_default();
            match key {
                "dimension" => verdict.dimension = visible(value.as_bytes()),
                "value" => verdict.values.push(visible(value.as_bytes())),
                "count" => verdict.count = number(),
                "since" => verdict.since = number(),
                "attempts" => verdict.attempts = number(),
                "failures" => verdict.failures = number(),
                "rest_attempts" => verdict.rest_attempts = number(),
                "rest_failures" => verdict.rest_failures = number(),
                _ => {}
            }
        }
        verdict.count = verdict.count.max(verdict.values.len() as u64);
        (!verdict.dimension.is_empty() && !verdict.values.is_empty()).then_some(verdict)
    }
}
