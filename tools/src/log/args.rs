//! The command line of `shellac log`: clap, made from the table of options.

use std::ffi::OsString;

use clap::builder::{PossibleValuesParser, StringValueParser};
use clap::{Arg, ArgAction, ArgMatches, Command, FromArgMatches};

use super::settings::{Builder, Manner, Settings};
use super::table::{OWN, OwnRow, TABLE};
use crate::stock::getopt::Given;
use crate::stock::table::Row;

/// Options of `shellac log`.
#[derive(Clone, Debug)]
pub(crate) struct Args {
    /// Those of the stock tools, in the order in which they were given: between some of them it counts.
    given: Vec<Given>,
    /// Our own, in the order of the table.
    own: Vec<(&'static str, String)>,
}

impl Args {
    /// Whether only the version is wanted.
    pub(super) fn version(&self) -> bool {
        self.given.iter().any(|given| given.letter == 'V')
    }

    /// Checks what clap cannot.
    pub(super) fn settings(&self) -> anyhow::Result<Settings> {
        let mut builder = Builder::new(Manner::Own);
        for given in &self.given {
            builder.take(given)?;
        }
        for (name, value) in &self.own {
            builder.take_own(name, value)?;
        }
        builder.finish()
    }
}

/// The options that clap is told: it makes `-h` by itself.
fn rows() -> impl Iterator<Item = &'static Row> {
    TABLE.iter().filter(|row| row.letter != 'h')
}

impl FromArgMatches for Args {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut given = Vec::new();
        for row in rows() {
            let letter = row.letter;
            let places = matches.indices_of(row.usage).into_iter().flatten();
            if row.value.is_some() {
                let values = matches.get_many::<OsString>(row.usage).into_iter().flatten();
                let options = values.map(|value| Given { letter, value: value.clone() });
                given.extend(places.zip(options));
            } else if matches.get_flag(row.usage) {
                given.extend(places.map(|at| (at, Given { letter, value: OsString::new() })));
            }
        }
        given.sort_by_key(|(at, _)| *at);
        let given = given.into_iter().map(|(_, given)| given).collect();
        let mut own = Vec::new();
        for OwnRow { name, value, .. } in OWN {
            if value.is_none() {
                own.extend(matches.get_flag(name).then(|| (*name, String::new())));
            } else if let Some(value) = matches.get_one::<String>(name) {
                own.push((*name, value.clone()));
            }
        }
        Ok(Args { given, own })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Args::from_arg_matches(matches)?;
        Ok(())
    }
}

impl clap::Args for Args {
    fn augment_args(command: Command) -> Command {
        let command = rows().fold(command, |command, row| {
            // The few words of the usage text are different for each: they serve as the name.
            let option = Arg::new(row.usage).short(row.letter).help(row.help);
            command.arg(match row.value {
                Some(value) => option
                    .value_name(value.trim_matches(['<', '>']))
                    .value_parser(clap::value_parser!(OsString))
                    .allow_hyphen_values(true)
                    .action(ArgAction::Append),
                None => {
                    let flag = option.action(ArgAction::SetTrue).overrides_with(row.usage);
                    if row.letter == 'V' { flag.long("version") } else { flag }
                }
            })
        });
        OWN.iter().fold(command, |command, row| {
            let option = Arg::new(row.name).long(row.name).help(row.help);
            command.arg(match (row.value, row.choices) {
                (None, _) => option.action(ArgAction::SetTrue).overrides_with(row.name),
                (Some(value), choices) => {
                    let option = option
                        .value_name(value)
                        .overrides_with(row.name)
                        .hide_possible_values(true);
                    match choices {
                        [] => {
                            option.value_parser(StringValueParser::new()).allow_hyphen_values(true)
                        }
                        choices => option.value_parser(PossibleValuesParser::new(choices)),
                    }
                }
            })
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

#[cfg(test)]
mod tests;
