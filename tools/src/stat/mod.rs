//! `shellac stat`: the counters of an instance, live on a terminal, or once in the forms of varnishstat.
//!
//! Two front ends read the options: clap for `shellac stat`, and `stock` as getopt does for the names of the stock
//! tools. `settings` is what they stand for; `points` reads the counters, `filter` decides which are wanted, `forms`
//! writes them; `dash` is the dashboard.

mod condition;
mod dash;
mod filter;
mod forms;
mod points;
mod settings;
mod stock;
mod table;
mod until;

use std::io::{IsTerminal, stdout};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use shellac_config::parse_duration;
use shellac_log::Compat;

use crate::attach::{Patience, attach};
use crate::color::ColorWhen;
use crate::compat;
use crate::reading::files_of;
use crate::reading::target;
use condition::Condition;
use filter::Filters;
use settings::{Forms, Settings};

pub(crate) use stock::run_as;

/// Above the options that wait.
const WATCHING: &str = "Waiting for counters";

/// Options about what is printed once, which is something else.
const PAGES: [&str; 7] = ["once", "json", "xml", "list", "filter", "include", "exclude"];

/// What stands below the options.
const AFTER: &str = "\
EXPR is a pattern of names, a comparison (== != < <= > >=) and a number; \"delta\" before the pattern compares what has \
changed since the first look, \"rate\" what has changed per second.

With --until or --fail-if the exit status is
  0  every --until is true of all its counters, or no --fail-if of any
  1  there is no instance, or something else went wrong
  2  a pattern matches no counter (the nearest names are said), or EXPR is none
  3  a counter that was there is gone: its configuration was discarded, or the worker ended
  4  --timeout has passed
  5  a --fail-if is true";

/// Options of `shellac stat`.
#[derive(clap::Args, Debug)]
#[command(after_help = AFTER)]
pub(crate) struct Args {
    /// Instance: an absolute path of a working directory, or a name
    #[arg(short = 'n', value_name = "NAME")]
    pub(crate) instance: Option<String>,

    /// How many seconds to wait for the instance, "off" for ever; without it 5, and for ever with the dashboard
    #[arg(short = 't', value_name = "SECONDS")]
    pub(crate) patience: Option<String>,

    /// Names, values, rates since the start, what they are; also what happens without -j, -l and -x in a pipe
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

    /// Look until this is true of all counters that it is about, as in 'VBE.*.conn == 0'; several have to be true together
    #[arg(long, value_name = "EXPR", value_parser = Condition::parse, help_heading = WATCHING,
        conflicts_with_all = PAGES)]
    pub(crate) until: Vec<Condition>,

    /// End as a failure when this is true of any counter that it is about, as in 'rate MAIN.backend_fail > 5'
    #[arg(long, value_name = "EXPR", value_parser = Condition::parse, help_heading = WATCHING,
        conflicts_with_all = PAGES)]
    pub(crate) fail_if: Vec<Condition>,

    /// Time between two looks
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = parse_duration, help_heading = WATCHING)]
    pub(crate) interval: Duration,

    /// Longest time to look; without --until this is how long to watch for failures, which is one look otherwise
    #[arg(long, value_name = "TIME", value_parser = parse_duration, help_heading = WATCHING)]
    pub(crate) timeout: Option<Duration>,

    /// Show the screens for a file of records (also compressed with zstd) or all of a directory, instead of a running
    /// instance; "-" for standard input. May be repeated
    #[arg(long = "read", value_name = "FILE", conflicts_with_all = PAGES,
        conflicts_with_all = ["instance", "patience", "raw", "until", "fail_if"])]
    pub(crate) read: Vec<PathBuf>,

    /// Behind -r: the same as --read FILE, as the other tools have it
    #[arg(value_name = "FILE", requires = "raw", conflicts_with_all = PAGES,
        conflicts_with_all = ["instance", "patience", "until", "fail_if"])]
    pub(crate) files: Vec<PathBuf>,

    /// Print the version
    #[arg(short = 'V', long)]
    pub(crate) version: bool,

    /// Show the dashboard, wherever standard output leads
    #[arg(short = 'c', conflicts_with_all = ["until", "fail_if"])]
    pub(crate) screen: bool,

    /// When the dashboard uses colours
    #[arg(long, value_name = "WHEN", value_enum, default_value_t)]
    pub(crate) color: ColorWhen,

    #[command(flatten)]
    pub(crate) filters: Filters,
}

/// How long an instance is waited for when `-t` does not say.
const DEFAULT_PATIENCE: Patience = Patience::For(Duration::from_secs(5));

/// Names under which the program is this tool of somebody else.
pub(crate) const STOCK_NAMES: [&str; 2] = ["varnishstat", "vinylstat"];

/// Runs the tool.
pub(crate) fn run(args: Args) -> anyhow::Result<ExitCode> {
    if args.version {
        return target::say(&format!("shellac stat {}\n", env!("CARGO_PKG_VERSION")));
    }
    let variable = std::env::var("SHELLAC_COMPAT").ok();
    let compat = compat::decide("shellac", variable.as_deref())?.unwrap_or(Compat::V7);
    let patience = args.patience.as_deref().map(Patience::parse).transpose()?;
    let settings = Settings {
        patience: patience.unwrap_or(DEFAULT_PATIENCE),
        forms: Forms {
            screen: args.screen,
            once: args.once,
            json: args.json,
            xml: args.xml,
            list: args.list,
        },
        filters: args.filters,
        raw: args.raw,
        instance: args.instance,
        compat,
    };
    let read = [args.read, args.files].concat();
    if !read.is_empty() {
        anyhow::ensure!(
            args.screen || stdout().is_terminal(),
            "--read shows screens, and standard output is no terminal; `shellac why -r FILE` and \
             `shellac errors -r FILE` write text"
        );
        return dash::run(dash::Options {
            place: dash::Place::Files(files_of(&read)?),
            filters: settings.filters,
            raw: false,
            compat,
            stock: false,
            color: args.color.decide(),
        });
    }
    let is_watching = !args.until.is_empty() || !args.fail_if.is_empty();
    if settings.wants_screen(stdout().is_terminal() && !is_watching) {
        return dash::run(dash::Options {
            place: dash::Place::Named(settings.instance, patience.unwrap_or(Patience::ForEver)),
            filters: settings.filters,
            raw: settings.raw,
            compat,
            stock: false,
            color: args.color.decide(),
        });
    }
    // Nothing stops it but a signal that ends the program.
    let Some(attached) = attach(settings.instance.as_deref(), settings.patience, &|| false)? else {
        anyhow::bail!("no instance")
    };
    if is_watching {
        let options = until::Options {
            until: args.until,
            fail_if: args.fail_if,
            interval: args.interval,
            timeout: args.timeout,
            raw: settings.raw,
        };
        return Ok(until::run(attached.attachment, options));
    }
    settings.page(&attached.attachment, &mut |problem| eprintln!("shellac: {problem}"))
}
