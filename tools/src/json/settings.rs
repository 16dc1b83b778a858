//! What the options stand for.

use std::fs::File;
use std::path::PathBuf;

use anyhow::Context;
use shellac_log::{Grouping, Sides};

use super::{Args, table};
use crate::reading::settings::{Builder, Manner, Reading};
use crate::reading::target;

/// What a line looks like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Schema {
    /// Ours.
    #[default]
    Shellac,
    /// That of the tool of this name.
    VarnishlogJson,
}

/// A checked command line.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) reading: Reading,
    pub(super) schema: Schema,
    /// `-w` without `-`.
    pub(super) to: Option<PathBuf>,
    pub(super) append: bool,
    /// What `to` names; a daemon can complain only before it is one.
    pub(super) opened: Option<File>,
}

impl Settings {
    /// Checks what clap cannot.
    pub(super) fn of(args: &Args) -> anyhow::Result<Settings> {
        let mut builder = Builder::new(Manner::Own);
        args.given().iter().try_for_each(|given| builder.take(given))?;
        let mut schema = Schema::default();
        for (name, value) in args.own() {
            match *name {
                table::SCHEMA if value == "varnishlog-json" => schema = Schema::VarnishlogJson,
                table::SCHEMA => schema = Schema::Shellac,
                _ => builder.take_own(name, value)?,
            }
        }
        if !args.given().iter().any(|given| given.letter == 'g') {
            builder.grouping = match schema {
                Schema::Shellac => Grouping::Request,
                Schema::VarnishlogJson => Grouping::Vxid,
            };
        }
        if schema == Schema::VarnishlogJson
            && builder.grouping == Grouping::Vxid
            && builder.filter.sides.all()
        {
            builder.filter.sides = Sides { client: true, backend: false, includes: false };
        }
        builder.check_daemon()?;
        let (append, daemon) = (builder.append, builder.daemon);
        let to = builder.write.take().filter(|path| path.as_os_str() != "-");
        let reading = builder.finish()?;
        let opened = match &to {
            Some(path) if daemon => Some(open(&reading, path, append)?),
            _ => None,
        };
        Ok(Settings { reading, schema, to, append, opened })
    }

    /// Opens what is written to; `None`: standard output.
    pub(super) fn open(&self) -> anyhow::Result<Option<File>> {
        match (&self.opened, &self.to) {
            (Some(file), _) => {
                Ok(Some(file.try_clone().context("cannot duplicate the output file")?))
            }
            (None, Some(path)) => open(&self.reading, path, self.append).map(Some),
            (None, None) => Ok(None),
        }
    }
}

fn open(reading: &Reading, path: &std::path::Path, append: bool) -> anyhow::Result<File> {
    target::check_other(&reading.from, path)?;
    target::open(path, append)
        .with_context(|| format!("Cannot open output file {}", path.display()))
}
