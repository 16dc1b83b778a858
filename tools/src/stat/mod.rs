//! `shellac stat`: the counters of an instance, once, in the forms of varnishstat.
//!
//! `points` reads them, `filter` decides which are wanted, `forms` writes them.

mod filter;
mod forms;
mod points;

use std::io::{ErrorKind, Write, stdout};
use std::process::ExitCode;

use shellac_log::Compat;

use crate::attach::{Patience, attach};
use crate::compat;
use filter::Filters;
use forms::Form;
use points::Points;

/// Options of `shellac stat`.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// Instance: an absolute path of a working directory, or a name
    #[arg(short = 'n', value_name = "NAME")]
    pub(crate) instance: Option<String>,

    /// How many seconds to wait for the instance; "off" for ever
    #[arg(short = 't', value_name = "SECONDS", default_value = "5")]
    pub(crate) patience: String,

    /// Names, values, rates since the start, what they are; also what happens without -j, -l and -x
    #[arg(short = '1')]
    pub(crate) once: bool,

    /// The same as JSON
    #[arg(short = 'j')]
    pub(crate) json: bool,

    /// The same as XML
    #[arg(short = 'x')]
    pub(crate) xml: bool,

    /// Names and what they are
    #[arg(short = 'l')]
    pub(crate) list: bool,

    /// Show gauges that are below zero as they are, instead of 0
    #[arg(short = 'r')]
    pub(crate) raw: bool,

    #[command(flatten)]
    pub(crate) filters: Filters,
}

impl Args {
    /// Of several forms that were asked for the first of this order counts.
    fn form(&self) -> Form {
        match (self.xml, self.json, self.once, self.list) {
            (true, ..) => Form::Xml,
            (_, true, ..) => Form::Json,
            (_, _, false, true) => Form::List,
            _ => Form::Once,
        }
    }
}

/// Runs the tool.
pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let variable = std::env::var("SHELLAC_COMPAT").ok();
    let compat = compat::decide("shellac", variable.as_deref())?.unwrap_or(Compat::V7);
    let patience = Patience::parse(&args.patience)?;
    // Nothing stops it but a signal that ends the program.
    let Some(attached) = attach(args.instance.as_deref(), patience, &|| false)? else {
        anyhow::bail!("no instance")
    };
    let points = Points::read(&attached.attachment, &args.filters, args.raw);
    for problem in &points.problems {
        eprintln!("shellac: {problem}");
    }
    if points.is_without_counters {
        eprintln!("shellac: this instance publishes no counters");
    }
    let page = forms::page(args.form(), compat, &points, chrono::Local::now());
    match stdout().lock().write_all(&page).and_then(|()| stdout().flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(ExitCode::SUCCESS),
    }
}
