//! What an instance calls itself.

use std::time::Duration;

use super::settings::{From, Manner, Reading};
use crate::attach::{Patience, try_attach};
use crate::stock;

/// Who is read, for the corner of a screen.
#[derive(Clone, Debug)]
pub(crate) enum Whose {
    /// Nobody: a file.
    File,
    /// An instance, and how it is found.
    Live { instance: Option<String>, manner: Manner, compat: Option<shellac_log::Compat> },
}

impl Whose {
    /// Of what is going to be read.
    pub(crate) fn of(reading: &Reading) -> Whose {
        match &reading.from {
            From::File(_) => Whose::File,
            From::Live { instance, .. } => Whose::Live {
                instance: instance.clone(),
                manner: reading.manner,
                compat: reading.filter.compat,
            },
        }
    }

    /// What it calls itself (`-i`), once it is there; empty for a file.
    pub(crate) fn identity(&self) -> String {
        let Whose::Live { instance, manner, compat } = self else { return String::new() };
        let attachment = match manner {
            Manner::Own => try_attach(instance.as_deref()).ok(),
            Manner::Stock => {
                let patience = Patience::For(Duration::ZERO);
                stock::attach::attach(instance.as_deref(), *compat, patience, &|| true).ok()
            }
        };
        attachment.and_then(|it| it.read_text("Arg", "-i").ok().flatten()).unwrap_or_default()
    }
}
