//! What a proxy takes over from the one before it.

use shellac_upstream::admin::{Mode, Table};

use super::{BOOT, Control};

/// What was in force before a proxy started, and goes on. By default there was none before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inherited {
    /// Name of the configuration that it starts with.
    pub configuration: String,
    /// The [orders](Control::apply).
    pub table: Table,
    /// What was [wanted](Control::set_health) of backends: configuration, backend, mode. Those that there are not are left out.
    pub wanted: Vec<(String, String, Mode)>,
}

impl Default for Inherited {
    fn default() -> Inherited {
        Inherited { configuration: BOOT.to_owned(), table: Table::default(), wanted: Vec::new() }
    }
}

impl Control {
    /// Brings it into force for the configurations that are loaded.
    pub fn inherit(&self, inherited: &Inherited) {
        self.apply(inherited.table.clone());
        for (config, backend, mode) in &inherited.wanted {
            self.set_health(|subject| subject.config == config && subject.name == backend, *mode);
        }
    }
}
