//! The command line of `shellac log`: clap, made from the table of options.

use std::ffi::OsString;

use clap::{Arg, ArgAction, ArgMatches, Command, FromArgMatches};
use shellac_format::Dialect;

use super::getopt::Given;
use super::queue::OnFull;
use super::settings::{Builder, Manner, Settings};
use super::table::{Row, TABLE};

/// Options of `shellac log`, in the order in which they were given: between some of them it counts.
#[derive(Clone, Debug)]
pub(crate) struct Args {
    given: Vec<Given>,
    dialect: Option<Dialect>,
    on_full: OnFull,
    fail_on_loss: bool,
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
        let settings = builder.finish(self.dialect)?;
        Ok(Settings { on_full: self.on_full, fail_on_loss: self.fail_on_loss, ..settings })
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
        Ok(Args {
            given,
            dialect: matches.get_one("dialect").copied(),
            on_full: matches.get_one("on-full").copied().unwrap_or_default(),
            fail_on_loss: matches.get_flag("fail-on-loss"),
        })
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
        let command = command
            .arg(
                Arg::new("on-full")
                    .long("on-full")
                    .value_name("WHAT")
                    .value_parser(clap::value_parser!(OnFull))
                    .help(
                        "What happens to records of a live log when the output is too slow: block \
                         leaves them in the log until there is room, drop drops and counts them",
                    ),
            )
            .arg(
                Arg::new("fail-on-loss")
                    .long("fail-on-loss")
                    .action(ArgAction::SetTrue)
                    .help("End with status 3 if any records of a live log were lost"),
            );
        command.arg(
            Arg::new("dialect")
                .long("dialect")
                .value_name("DIALECT")
                .value_parser(clap::value_parser!(Dialect))
                .help("Which table of tags the log uses: 6.0-7.2, 7.3-8.0, 8.0.1-vs or 9.0-vs"),
        )
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

#[cfg(test)]
mod tests;
