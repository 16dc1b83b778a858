//! What the worker was asked and has not answered, and what its answer leads to.

use std::time::Instant;

use shellac_admin::Call;

use crate::admin::SessionId;
use crate::handoff::HandoffConfiguration;
use crate::listen::Change;
use crate::params::Params;

/// Who waits for an answer.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    pub(crate) id: SessionId,
    /// Who it is, for people.
    pub(crate) from: String,
    pub(crate) call: Call,
    /// The worker was asked the same and logs it.
    pub(crate) logged: bool,
}

/// What happens when the worker has done what it was asked, or when there is none that would have to.
#[derive(Debug)]
pub(crate) enum Then {
    /// The client gets the worker's answer.
    Forward,
    /// A request is ended; one that this worker does not have may be one before it's.
    Killed,
    /// A worker serves.
    Started,
    /// A configuration is loaded; with `activate` it is to be the active one.
    Loaded { configuration: HandoffConfiguration, activate: bool },
    /// A configuration is the active one, with its listening addresses. `notes` are what loading it said.
    Used { name: String, notes: String, reload: bool, change: Change },
    /// A configuration is gone; the `rest` have to go too.
    Discarded { name: String, rest: Vec<String> },
    /// A configuration has another temperature.
    Tempered { name: String, temperature: String },
    /// The worker says how busy the configurations are.
    Listed,
    /// The worker has moved its log out of the way of its successor's.
    Retired,
    /// A parameter has another value.
    Set { params: Params },
}

/// One thing that is asked.
#[derive(Debug)]
pub(crate) struct Errand {
    pub(crate) number: u64,
    /// `None`: a signal, or the manager itself.
    pub(crate) client: Option<Client>,
    pub(crate) then: Then,
    /// The client waits until then.
    pub(crate) deadline: Option<Instant>,
}

/// All of them.
#[derive(Debug, Default)]
pub(crate) struct Errands {
    list: Vec<Errand>,
    last_number: u64,
}

impl Errands {
    /// Adds one; its number.
    pub(crate) fn add(&mut self, client: Option<Client>, then: Then, deadline: Instant) -> u64 {
        self.last_number += 1;
        let number = self.last_number;
        self.list.push(Errand { number, client, then, deadline: Some(deadline) });
        number
    }

    /// Takes the one with this number; one that nobody waits for any more is none.
    pub(crate) fn take(&mut self, number: u64) -> Option<Errand> {
        let at = self.list.iter().position(|errand| errand.number == number)?;
        Some(self.list.remove(at))
    }

    /// Takes all that wait for a worker to serve.
    pub(crate) fn waiting_for_start(&mut self) -> Vec<Errand> {
        self.list.extract_if(.., |errand| matches!(errand.then, Then::Started)).collect()
    }

    /// Whether somebody wanted a worker to serve, though he may not wait for it any more.
    pub(crate) fn is_start_wanted(&self) -> bool {
        self.list.iter().any(|errand| matches!(errand.then, Then::Started))
    }

    /// Takes the clients that have waited too long. What they asked for is still done when the worker answers.
    pub(crate) fn expired(&mut self, now: Instant) -> Vec<Client> {
        let late = |errand: &&mut Errand| errand.deadline.is_some_and(|at| at <= now);
        self.list
            .iter_mut()
            .filter(late)
            .filter_map(|errand| {
                errand.deadline = None;
                errand.client.take()
            })
            .collect()
    }

    /// Takes all.
    pub(crate) fn all(&mut self) -> Vec<Errand> {
        std::mem::take(&mut self.list)
    }

    /// When the first of them has waited too long.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.list.iter().filter_map(|errand| errand.deadline).min()
    }

    /// Whether a configuration is being made the active one.
    pub(crate) fn is_switching(&self) -> bool {
        self.list.iter().any(|errand| matches!(errand.then, Then::Used { .. }))
    }

    /// Whether a configuration of this name is on its way.
    pub(crate) fn is_loading(&self, name: &str) -> bool {
        self.list.iter().any(|errand| {
            matches!(&errand.then, Then::Loaded { configuration, .. } if configuration.name == name)
        })
    }
}
