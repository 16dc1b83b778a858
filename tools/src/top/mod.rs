//! `shellac top`: the most frequent records of a log, live on a screen or once as a list; with `--by`, requests or attempts with
//! their times.
//!
//! `table` has the options, which `args` and `stock` read, `settings` is what they stand for. Reading is `reading`'s, which
//! hands groups to `keys` (records, by tag and text) or `measured` (requests). `list` and `report` write what came of it,
//! in the order of `order`; `screen` shows it.

mod args;
mod keys;
mod limits;
mod list;
mod measured;
mod order;
mod report;
mod screen;
mod settings;
mod stock;
mod table;

use std::ffi::OsStr;
use std::process::ExitCode;

use shellac_format::Dialect;
use shellac_log::{Group, LogRecord};
use shellac_render::lines::Walked;

pub(crate) use args::Args;
use keys::Keys;
use list::Form;
use measured::Measured;
use settings::{Settings, What};

use crate::reading::behind::Seen;
use crate::reading::follow::{Prepared, prepare};
use crate::reading::pass::Sink;
use crate::reading::settings::Manner;
use crate::reading::stock as front;
use crate::reading::target;
use crate::reading::target::{Target, Written};

/// Names under which the program is this tool of somebody else.
pub(crate) const STOCK_NAMES: [&str; 2] = ["varnishtop", "vinyltop"];

/// Runs the tool under one of them.
pub(crate) fn run_as(program: &OsStr) -> ExitCode {
    front::run_as::<stock::Stock>(program)
}

/// Runs the tool.
pub(crate) fn main(args: &Args) -> anyhow::Result<ExitCode> {
    if args.version() {
        return target::say(&format!("shellac top {}\n", env!("CARGO_PKG_VERSION")));
    }
    run(args::settings(args)?)
}

/// Does what was asked for.
fn run(settings: Settings) -> anyhow::Result<ExitCode> {
    if settings.once { once(&settings) } else { screen::run(settings) }
}

/// What is counted, of whatever kind.
#[derive(Debug)]
enum Tally {
    Keys(Box<Keys>),
    Kinds(Box<Measured>),
}

impl Tally {
    fn new(what: &What, dialect: Dialect) -> Tally {
        match what {
            What::Keys { filter, first_field, limits } => {
                Tally::Keys(Box::new(Keys::new(filter, *first_field, *limits, dialect)))
            }
            What::Kinds { by, most, .. } => {
                Tally::Kinds(Box::new(Measured::new(*by, dialect, *most)))
            }
        }
    }

    /// What is to be said where numbers are bounds.
    fn note(&self) -> Option<String> {
        match self {
            Tally::Keys(keys) => list::note(&keys.counts),
            Tally::Kinds(measured) => report::note(measured),
        }
    }

    /// Begins anew.
    fn reset(&mut self) {
        match self {
            Tally::Keys(keys) => keys.counts.clear(),
            Tally::Kinds(measured) => measured.reset(),
        }
    }

    fn sink(&mut self) -> &mut dyn Sink {
        match self {
            Tally::Keys(keys) => keys.as_mut(),
            Tally::Kinds(measured) => measured.as_mut(),
        }
    }
}

impl Sink for Tally {
    fn set_dialect(&mut self, dialect: Dialect) -> anyhow::Result<()> {
        self.sink().set_dialect(dialect)
    }

    fn group(&mut self, group: &Group) -> anyhow::Result<Written> {
        self.sink().group(group)
    }

    fn record(&mut self, record: &LogRecord<'_>, bytes: &[u8]) -> anyhow::Result<Written> {
        self.sink().record(record, bytes)
    }

    fn row(&mut self, dialect: Dialect, row: &[u8]) -> anyhow::Result<(Walked, Written)> {
        self.sink().row(dialect, row)
    }

    fn flush(&mut self) -> anyhow::Result<Written> {
        self.sink().flush()
    }

    fn reopen(&mut self) -> anyhow::Result<Written> {
        self.sink().reopen()
    }
}

impl Seen for Tally {}

/// Reads to the end and writes what was counted.
fn once(settings: &Settings) -> anyhow::Result<ExitCode> {
    let reading = &settings.reading;
    match prepare(reading)? {
        Prepared::Over(code) => Ok(code),
        Prepared::Ready(ready) => ready.run(reading, |dialect| {
            Ok(Once { tally: Tally::new(&settings.what, dialect), settings })
        }),
    }
}

/// Counts, and writes what was counted when reading ends.
struct Once<'a> {
    tally: Tally,
    settings: &'a Settings,
}

impl Sink for Once<'_> {
    fn set_dialect(&mut self, dialect: Dialect) -> anyhow::Result<()> {
        self.tally.set_dialect(dialect)
    }

    fn group(&mut self, group: &Group) -> anyhow::Result<Written> {
        self.tally.group(group)
    }

    fn record(&mut self, record: &LogRecord<'_>, bytes: &[u8]) -> anyhow::Result<Written> {
        self.tally.record(record, bytes)
    }

    fn row(&mut self, dialect: Dialect, row: &[u8]) -> anyhow::Result<(Walked, Written)> {
        self.tally.row(dialect, row)
    }

    fn flush(&mut self) -> anyhow::Result<Written> {
        self.tally.flush()
    }

    fn reopen(&mut self) -> anyhow::Result<Written> {
        self.tally.reopen()
    }

    fn end(&mut self) -> anyhow::Result<Written> {
        let Settings { json, most_lines: most, .. } = *self.settings;
        let mut target = Target::stdout();
        let written = match (&self.tally, &self.settings.what) {
            (Tally::Kinds(measured), What::Kinds { sort, .. }) => {
                let text = if json {
                    report::json(measured, *sort, most).to_string() + "\n"
                } else {
                    report::text(measured, *sort, most)
                };
                target.write(text.as_bytes())?
            }
            (Tally::Keys(keys), _) => {
                let form = match self.settings.reading.manner {
                    _ if json => Form::Json,
                    Manner::Own => Form::Own,
                    Manner::Stock => Form::Stock,
                };
                list::write(&keys.counts, keys.dialect, form, most, &mut target)?
            }
            (Tally::Kinds(_), What::Keys { .. }) => Written::Fine,
        };
        if let Some(note) = self.tally.note() {
            eprintln!("shellac: {note}");
        }
        Ok(written)
    }
}
