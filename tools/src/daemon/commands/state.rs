//! What outlives workers: the orders about backends, and what is wanted of them.

use serde::{Deserialize, Serialize};
use shellac_proxy::Control;
use shellac_upstream::admin::{Mode, Table};

/// It, as it is saved.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct State {
    /// Orders, whatever is loaded.
    pub(super) table: Table,
    /// What was said about single backends.
    pub(super) wanted: Vec<Wanted>,
}

/// What was said about a backend.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Wanted {
    pub(super) config: String,
    pub(super) backend: String,
    pub(super) mode: Mode,
}

impl State {
    /// As it is now. What an order hides of `before` is not lost.
    pub(super) fn of(control: &Control, before: &[Wanted]) -> State {
        let wanted = control.backends(|_| true).into_iter().filter_map(|backend| {
            let hidden = || {
                before
                    .iter()
                    .find(|one| one.config == backend.config && one.backend == backend.name)
                    .map_or(Mode::Auto, |one| one.mode)
            };
            let mode = if backend.order.is_some() { hidden() } else { backend.admin };
            let said = mode != Mode::Auto;
            said.then(|| Wanted {
                config: backend.config.clone(),
                backend: backend.name.clone(),
                mode,
            })
        });
        State { table: control.orders_in_force(), wanted: wanted.collect() }
    }

    /// The text that is kept; nothing to be kept is no text.
    pub(super) fn text(&self) -> String {
        if self.table.is_empty() && self.wanted.is_empty() {
            return String::new();
        }
        // These types have no keys that JSON cannot have.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads it again.
    pub(super) fn read(text: &str) -> Result<State, serde_json::Error> {
        if text.is_empty() { Ok(State::default()) } else { serde_json::from_str(text) }
    }
}

#[cfg(test)]
mod tests;
