//! The instance that is watched: got hold of when it is there, followed through restarts, and missed without an error.

use std::path::Path;

use shellac_counters::vsc::{Counters, Reading};
use shellac_vsm::{Attachment, Status};

use super::active::Active;
use crate::attach::{Patience, attach};

/// An instance, running or not.
pub(super) struct Instance {
    name: Option<String>,
    held: Option<(Attachment, Counters)>,
    /// Which configuration is the active one where the instance does not say.
    active: Active,
    /// Why it is not there, as it was said last.
    said: String,
}

/// What one look at it found.
#[derive(Clone, Debug, Default)]
pub(super) struct Look {
    pub(super) status: Status,
    /// The configuration that new requests get, as far as can be told.
    pub(super) active: Option<String>,
    /// What it says about itself, in words like `version=1`; only ours do.
    pub(super) identity: Option<String>,
}

impl Instance {
    /// The instance that `-n` means.
    ///
    /// # Errors
    ///
    /// Several run and none was named, or `-n` is no name: waiting does not help.
    pub(super) fn new(name: Option<String>) -> anyhow::Result<Instance> {
        let mut instance =
            Instance { name, held: None, active: Active::default(), said: String::new() };
        match instance.attach() {
            Err(error) if crate::attach::is_final(&error) => Err(error),
            Err(error) => {
                instance.say(&error);
                Ok(instance)
            }
            Ok(()) => Ok(instance),
        }
    }

    /// Looks at it once; nothing is waited for.
    pub(super) fn look(&mut self) -> Look {
        if self.held.is_none()
            && let Err(error) = self.attach()
        {
            self.say(&error);
        }
        let Some((attachment, counters)) = &mut self.held else { return Look::default() };
        let status = attachment.refresh();
        if !status.mgt_running {
            // Its successor may have another place, or another name.
            self.held = None;
            return Look::default();
        }
        counters.refresh(attachment);
        for problem in counters.problems() {
            eprintln!("shellac: {problem}");
        }
        let active = self.active.find(counters.readings());
        let identity = attachment.read_text("Arg", "-shellac").ok().flatten();
        Look { status, active, identity }
    }

    /// Where it is, as long as it is there.
    pub(super) fn workdir(&self) -> Option<&Path> {
        self.held.as_ref().map(|(attachment, _)| attachment.workdir())
    }

    /// The counters as they are now, of the sets that the last look found.
    pub(super) fn readings(&self) -> impl Iterator<Item = Reading<'_>> {
        self.held.iter().flat_map(|(_, counters)| counters.readings())
    }

    fn attach(&mut self) -> anyhow::Result<()> {
        let at_once = Patience::For(std::time::Duration::ZERO);
        if let Some(attached) = attach(self.name.as_deref(), at_once, &|| false)? {
            self.held = Some((attached.attachment, Counters::new()));
            self.said.clear();
        }
        Ok(())
    }

    /// Says why it is not there, once for each reason.
    fn say(&mut self, error: &anyhow::Error) {
        let text = format!("{error:#}");
        if text != self.said {
            eprintln!("shellac: {text}");
            self.said = text;
        }
    }
}
