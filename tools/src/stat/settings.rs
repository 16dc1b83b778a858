//! What a command line stands for, whichever of the two front ends has read it.

use std::io::{ErrorKind, Write, stdout};
use std::process::ExitCode;

use shellac_log::Compat;
use shellac_vsm::Attachment;

use super::filter::Filters;
use super::forms::{self, Form};
use super::points::Points;
use crate::attach::Patience;
use crate::stock::system_text::system_text;

/// Forms that were asked for: of several the first of an order counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Forms {
    /// The screen, wherever standard output leads.
    pub(super) screen: bool,
    pub(super) once: bool,
    pub(super) json: bool,
    pub(super) xml: bool,
    pub(super) list: bool,
}

impl Forms {
    /// The one that counts.
    pub(super) const fn chosen(self) -> Option<Form> {
        match self {
            Forms { xml: true, .. } => Some(Form::Xml),
            Forms { json: true, .. } => Some(Form::Json),
            Forms { once: true, .. } => Some(Form::Once),
            Forms { list: true, .. } => Some(Form::List),
            _ => None,
        }
    }
}

/// A command line that was read.
#[derive(Debug)]
pub(super) struct Settings {
    /// What `-n` said.
    pub(super) instance: Option<String>,
    pub(super) patience: Patience,
    pub(super) forms: Forms,
    pub(super) filters: Filters,
    /// Gauges below zero as they are.
    pub(super) raw: bool,
    pub(super) compat: Compat,
}

impl Settings {
    /// The screen is wanted: it was asked for, or nothing else was where `by_itself` it comes.
    pub(super) fn wants_screen(&self, by_itself: bool) -> bool {
        self.forms.screen || (self.forms.chosen().is_none() && by_itself)
    }

    /// Writes the counters once. `told` is called with what is wrong with them, for people.
    pub(super) fn page(
        &self,
        attachment: &Attachment,
        told: &mut dyn FnMut(&str),
    ) -> anyhow::Result<ExitCode> {
        let points = Points::read(attachment, &self.filters, self.raw);
        for problem in &points.problems {
            told(problem);
        }
        if points.is_without_counters {
            told("this instance publishes no counters");
        }
        let form = self.forms.chosen().unwrap_or(Form::Once);
        let page = forms::page(form, self.compat, &points, chrono::Local::now());
        match stdout().lock().write_all(&page).and_then(|()| stdout().flush()) {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => {
                Err(anyhow::anyhow!("cannot write to standard output: {}", system_text(&error)))
            }
            _ => Ok(ExitCode::SUCCESS),
        }
    }
}
