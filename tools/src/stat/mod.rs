//! `shellac stat`: the counters of an instance, once, in the forms of varnishstat.
//!
//! Two front ends read the options: clap for `shellac stat`, and `stock` as getopt does for the names of the stock
//! tools. `settings` is what they stand for; `points` reads the counters, `filter` decides which are wanted, `forms`
//! writes them.

mod filter;
mod forms;
mod points;
mod settings;
mod stock;
mod table;

use std::process::ExitCode;

use shellac_log::Compat;

use crate::attach::{Patience, attach};
use crate::compat;
use filter::Filters;
use settings::{Forms, Settings};

pub(crate) use stock::run_as;

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

    /// Print the version
    #[arg(short = 'V', long)]
    pub(crate) version: bool,

    #[command(flatten)]
    pub(crate) filters: Filters,
}

/// Names under which the program is this tool of somebody else.
pub(crate) const STOCK_NAMES: [&str; 2] = ["varnishstat", "vinylstat"];

/// Runs the tool.
pub(crate) fn run(args: Args) -> anyhow::Result<ExitCode> {
    if args.version {
        println!("shellac stat {}", env!("CARGO_PKG_VERSION"));
        return Ok(ExitCode::SUCCESS);
    }
    let variable = std::env::var("SHELLAC_COMPAT").ok();
    let compat = compat::decide("shellac", variable.as_deref())?.unwrap_or(Compat::V7);
    let settings = Settings {
        patience: Patience::parse(&args.patience)?,
        forms: Forms { once: args.once, json: args.json, xml: args.xml, list: args.list },
        filters: args.filters,
        raw: args.raw,
        instance: args.instance,
        compat,
    };
    // Nothing stops it but a signal that ends the program.
    let Some(attached) = attach(settings.instance.as_deref(), settings.patience, &|| false)? else {
        anyhow::bail!("no instance")
    };
    settings.page(&attached.attachment, &mut |problem| eprintln!("shellac: {problem}"))
}
