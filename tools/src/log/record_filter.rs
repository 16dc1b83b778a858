//! `-i` and `-x`: options whose order counts.

use anyhow::Context;
use clap::{Arg, ArgAction, ArgMatches, Command, FromArgMatches};
use shellac_format::{Tag, TagSet};
use shellac_log::Filter;

/// All `-i` and `-x` as they stand on the command line.
///
/// A derive keeps the order within one option only, so this asks clap for the positions.
#[derive(Clone, Debug, Default)]
pub(super) struct RecordFilter {
    steps: Vec<Step>,
}

#[derive(Clone, Debug)]
struct Step {
    include: bool,
    list: String,
}

impl RecordFilter {
    /// What the options come to. A file that is to be grouped again needs `Link`, `Begin` and `End`:
    /// `for_file` adds them as its last option.
    pub(super) fn filter(&self, for_file: bool) -> anyhow::Result<Filter> {
        let mut filter = Filter::new();
        for step in &self.steps {
            let option = if step.include { "-i" } else { "-x" };
            let tags = TagSet::parse(&step.list).context(option)?;
            if step.include {
                filter.include(tags);
            } else {
                filter.exclude(tags);
            }
        }
        if for_file {
            let mut tags = TagSet::EMPTY;
            tags.insert(Tag::Link);
            // Hiding one first keeps the include from hiding everything else.
            filter.exclude(tags);
            tags.insert(Tag::Begin);
            tags.insert(Tag::End);
            filter.include(tags);
        }
        Ok(filter)
    }
}

impl FromArgMatches for RecordFilter {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut steps = Vec::new();
        for (id, include) in [("include", true), ("exclude", false)] {
            let places = matches.indices_of(id).into_iter().flatten();
            let lists = matches.get_many::<String>(id).into_iter().flatten();
            steps.extend(
                places.zip(lists).map(|(at, list)| (at, Step { include, list: list.clone() })),
            );
        }
        steps.sort_by_key(|(at, _)| *at);
        Ok(RecordFilter { steps: steps.into_iter().map(|(_, step)| step).collect() })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = RecordFilter::from_arg_matches(matches)?;
        Ok(())
    }
}

impl clap::Args for RecordFilter {
    fn augment_args(command: Command) -> Command {
        let option = |id: &'static str, short, help: &'static str| {
            Arg::new(id).short(short).value_name("TAGS").action(ArgAction::Append).help(help)
        };
        command
            .arg(option("include", 'i', "Show these tags; as the first of -i and -x, no others"))
            .arg(option("exclude", 'x', "Hide these tags"))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}
