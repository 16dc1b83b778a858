//! What the options of the tool stand for.

use anyhow::bail;
use shellac_log::{Compat, Filter, Grouping};

use super::limits::Limits;
use super::measured::{By, MOST_KINDS};
use super::report::Sort;
use crate::reading::arguments::choice;
use crate::reading::settings::{self, Bare, Manner, Reading};
use crate::stock::getopt::Given;
use crate::stock::number;

/// A checked command line.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) reading: Reading,
    pub(super) what: What,
    /// Read to the end, write, and exit.
    pub(super) once: bool,
    pub(super) json: bool,
    pub(super) most_lines: usize,
    /// Redraws over which counts decay.
    pub(super) period: f64,
}

/// What is counted.
#[derive(Clone, Debug)]
pub(super) enum What {
    /// Records by tag and text.
    Keys { filter: Filter, first_field: bool, limits: Limits },
    /// Requests or attempts.
    Kinds { by: By, sort: Sort, most: usize },
}

/// Settings in the making.
#[derive(Debug)]
pub(super) struct Builder {
    reading: settings::Builder,
    once: bool,
    first_field: bool,
    /// Options that choose records, or how they are put together.
    chooses_records: Option<char>,
    groups: bool,
    period: f64,
    by: Option<By>,
    sort: Option<Sort>,
    json: bool,
    most_lines: Option<usize>,
    most_keys: Option<usize>,
}

/// Seconds over which counts decay when nobody says.
const DEFAULT_PERIOD: f64 = 60.0;

impl Builder {
    pub(super) fn new(manner: Manner, compat: Option<Compat>) -> Builder {
        let mut reading = settings::Builder::new(manner);
        reading.compat(compat);
        Builder {
            reading,
            once: false,
            first_field: false,
            chooses_records: None,
            groups: false,
            period: DEFAULT_PERIOD,
            by: None,
            sort: None,
            json: false,
            most_lines: None,
            most_keys: None,
        }
    }

    /// Takes one option.
    pub(super) fn take(&mut self, given: &Given) -> anyhow::Result<()> {
        match given.letter {
            '1' => self.once = true,
            'f' => {
                self.first_field = true;
                self.chooses_records = Some('f');
            }
            'p' => self.period = period(&given.value.to_string_lossy())?,
            letter => {
                if "iIxX".contains(letter) {
                    self.chooses_records = Some(letter);
                }
                self.groups |= letter == 'g';
                self.reading.take(given)?;
            }
        }
        Ok(())
    }

    /// Takes one option of our own; `value` is empty for one without an argument.
    pub(super) fn take_own(&mut self, name: &str, value: &str) -> anyhow::Result<()> {
        let number = || match value.parse::<usize>() {
            Ok(number) if number > 0 => Ok(number),
            _ => Err(anyhow::anyhow!("--{name}: {value:?} is no number above 0")),
        };
        match name {
            "by" => self.by = Some(choice(value)?),
            "sort" => self.sort = Some(choice(value)?),
            "json" => self.json = true,
            "lines" => self.most_lines = Some(number()?),
            "limit-keys" => self.most_keys = Some(number()?),
            name => self.reading.take_own(name, value)?,
        }
        Ok(())
    }

    /// Checks what options say together.
    pub(super) fn finish(mut self) -> anyhow::Result<Settings> {
        if self.sort.is_some() && self.by.is_none() {
            bail!(
                "--sort: the list of records is sorted by count; --by makes a table that has columns"
            );
        }
        if self.json && !self.once {
            bail!("--json: a screen is no JSON; give -1 as well");
        }
        if self.most_lines.is_some() && !self.once {
            bail!("--lines: a screen has as many as it has; give -1 as well");
        }
        let what = match self.by {
            None => What::Keys {
                filter: self.reading.filter.clone(),
                first_field: self.first_field,
                limits: self.most_keys.map_or_else(Limits::default, Limits::of_keys),
            },
            Some(by) => {
                if let Some(letter) = self.chooses_records {
                    bail!("-{letter} chooses records, and --by counts requests; -q chooses these");
                }
                if !self.groups {
                    self.reading.grouping =
                        if by == By::Backend { Grouping::Vxid } else { Grouping::Request };
                }
                let sort = self.sort.unwrap_or_default();
                What::Kinds { by, sort, most: self.most_keys.unwrap_or(MOST_KINDS) }
            }
        };
        self.reading.dump |= self.once;
        let is_by_request = self.by.is_some();
        let mut reading = self.reading.finish()?;
        if is_by_request {
            if reading.grouping == Grouping::Raw {
                bail!("-g raw: records by themselves are no requests, which --by counts");
            }
            // All of a request is looked at.
            reading.kept = None;
        }
        Ok(Settings {
            reading,
            what,
            once: self.once,
            json: self.json,
            most_lines: self.most_lines.unwrap_or(usize::MAX),
            period: self.period,
        })
    }
}

/// A number of C, of which nothing may be left. What is below one second decays at once.
fn period(text: &str) -> anyhow::Result<f64> {
    match number::strtol(text, 0) {
        (seconds, "") => Ok(f64::from(i32::try_from(seconds).unwrap_or(i32::MAX)).max(1.0)),
        _ => Err(Bare(format!("Syntax error, {text} is not a number")).into()),
    }
}
