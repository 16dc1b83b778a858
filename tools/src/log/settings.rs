//! What the options of the log tool stand for: what is read, as for every reading tool, and where it goes.

use std::fs::File;
use std::path::PathBuf;

use shellac_format::{Tag, TagSet};
use shellac_log::Filter;

use super::output;
use crate::color::ColorWhen;
use crate::reading::arguments::choice;
use crate::reading::settings::{self, Manner, Reading};
use crate::reading::target;
use crate::stock::getopt::Given;

/// Where records go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum To {
    /// As text to standard output.
    Text {
        /// With colour.
        color: bool,
    },
    /// To a file, or to standard output for `-`.
    File {
        /// The file.
        path: PathBuf,
        /// Behind what is in it.
        append: bool,
        /// As text instead of records.
        text: bool,
    },
}

/// A checked command line.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) reading: Reading,
    pub(super) to: To,
    /// What `to` names, when it had to be opened before everything else.
    pub(super) opened: Option<File>,
}

/// Settings in the making.
#[derive(Debug)]
pub(super) struct Builder {
    reading: settings::Builder,
    text: bool,
    color: ColorWhen,
}

impl Builder {
    pub(super) fn new(manner: Manner) -> Builder {
        let reading = settings::Builder::new(manner);
        Builder { reading, text: false, color: ColorWhen::default() }
    }

    /// What is shared with other tools.
    pub(super) const fn reading(&mut self) -> &mut settings::Builder {
        &mut self.reading
    }

    /// Takes one option.
    pub(super) fn take(&mut self, given: &Given) -> anyhow::Result<()> {
        match given.letter {
            'A' => self.text = true,
            _ => self.reading.take(given)?,
        }
        Ok(())
    }

    /// Takes one option of our own; `value` is empty for one without an argument.
    pub(super) fn take_own(&mut self, name: &str, value: &str) -> anyhow::Result<()> {
        match name {
            "color" => self.color = choice(value)?,
            _ => self.reading.take_own(name, value)?,
        }
        Ok(())
    }

    /// Checks what options say together.
    pub(super) fn finish(mut self) -> anyhow::Result<Settings> {
        self.reading.check_daemon()?;
        let (manner, append, text) = (self.reading.manner, self.reading.append, self.text);
        let to = match self.reading.write.take() {
            Some(path) => To::File { path, append, text },
            None => To::Text { color: manner == Manner::Own && self.color.decide() },
        };
        if matches!(to, To::File { text: false, .. }) {
            keep_what_grouping_needs(&mut self.reading.filter);
        }
        // The stock tool begins the file anew before it looks at anything else, and a daemon can complain
        // only before it is one.
        let opened = match &to {
            To::File { path, append, .. } if manner == Manner::Stock || self.reading.daemon => {
                target::open_stock(path, *append)?
            }
            _ => None,
        };
        let compat = self.reading.filter.compat;
        let reading = self.reading.finish().inspect_err(|_| {
            if manner == Manner::Stock {
                output::leave_magic(&to, opened.as_ref(), compat);
            }
        })?;
        Ok(Settings { reading, to, opened })
    }
}

/// A file that is to be grouped again needs `Link`, `Begin` and `End`, so they are shown as by the last
/// options of the command line.
fn keep_what_grouping_needs(filter: &mut Filter) {
    let mut tags = TagSet::EMPTY;
    tags.insert(Tag::Link);
    // Hiding one first keeps the include from hiding everything else.
    filter.exclude(tags);
    tags.insert(Tag::Begin);
    tags.insert(Tag::End);
    filter.include(tags);
}
