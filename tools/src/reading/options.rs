//! The command line of a reading tool under our own name: clap, made from its table of options.

use std::ffi::OsString;
use std::marker::PhantomData;

use clap::builder::{PossibleValuesParser, StringValueParser};
use clap::{Arg, ArgAction, ArgMatches, Command, FromArgMatches};

use super::table::OwnRow;
use crate::stock::getopt::Given;
use crate::stock::table::Row;

/// The options of a tool.
pub(crate) trait Table {
    /// Those of the stock tools.
    const ROWS: &'static [Row];
    /// Our own.
    const OWN: &'static [OwnRow];
}

/// What a command line says, by the table `T`.
#[derive(Clone, Debug)]
pub(crate) struct Options<T> {
    /// Those of the stock tools, in the order in which they were given: between some of them it counts.
    given: Vec<Given>,
    /// Our own, in the order of the table.
    own: Vec<(&'static str, String)>,
    table: PhantomData<T>,
}

impl<T: Table> Options<T> {
    /// Whether only the version is wanted.
    pub(crate) fn version(&self) -> bool {
        self.given.iter().any(|given| given.letter == 'V')
    }

    /// Options of the stock tools, as they came.
    pub(crate) fn given(&self) -> &[Given] {
        &self.given
    }

    /// Our own, each with its argument or an empty text.
    pub(crate) fn own(&self) -> &[(&'static str, String)] {
        &self.own
    }

    /// The options that clap is told: it makes `-h` by itself, and some usage texts have a line for each of the arguments
    /// that are meant.
    fn rows() -> impl Iterator<Item = &'static Row> {
        let is_first =
            |at: usize, row: &Row| T::ROWS[..at].iter().all(|before| before.letter != row.letter);
        let rows = T::ROWS.iter().enumerate();
        rows.filter(move |(at, row)| row.letter != 'h' && is_first(*at, row)).map(|(_, row)| row)
    }
}

impl<T: Table> FromArgMatches for Options<T> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut given = Vec::new();
        for row in Self::rows() {
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
        for OwnRow { name, value, .. } in T::OWN {
            if value.is_none() {
                own.extend(matches.get_flag(name).then(|| (*name, String::new())));
            } else if let Some(value) = matches.get_one::<String>(name) {
                own.push((*name, value.clone()));
            }
        }
        Ok(Options { given, own, table: PhantomData })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl<T: Table> clap::Args for Options<T> {
    fn augment_args(command: Command) -> Command {
        let command = Self::rows().fold(command, |command, row| {
            // The few words of the usage text are different for each: they serve as the name.
            let option = Arg::new(row.usage).short(row.letter);
            let option = option.help(row.usage).long_help(row.help);
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
        T::OWN.iter().fold(command, |command, row| {
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
