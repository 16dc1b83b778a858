//! The command lines.

use std::time::Duration;

use shellac_config::parse_duration;

/// Below the options of `drain`.
const AFTER: &str = "\
PATTERN is CONFIGURATION.BACKEND or BACKEND in every configuration, with * ? [a-z] {a,b}; @ADDRESS, @ADDRESS:PORT or \
@NETWORK/BITS; !PATTERN takes what it matches out again. What is loaded later inherits the order.

The exit status is
  0  drained: nothing is in flight; without --wait: ordered
  1  --timeout has passed, or something went wrong; the requests that are left are listed
  2  a pattern matches nothing (the nearest names are said), or is none
  3  refused: a pool would keep too few backends; --force does it all the same
  4  somebody else has put a backend back into service
  5  contact with the instance was lost";

/// `adm drain`
#[derive(clap::Parser, Debug)]
#[command(name = "shellac adm drain", after_help = AFTER, about = "Takes backends out of service: nothing new goes there, what runs is finished")]
pub(crate) struct DrainArgs {
    /// Which backends
    #[arg(value_name = "PATTERN", required_unless_present = "list")]
    pub(super) patterns: Vec<String>,

    /// List the orders that are in force
    #[arg(long, conflicts_with_all = ["patterns", "wait", "dry_run"])]
    pub(super) list: bool,

    /// Wait until nothing is in flight there
    #[arg(long)]
    pub(super) wait: bool,

    /// With --wait: give up after this time
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = parse_duration)]
    pub(super) timeout: Duration,

    /// With --wait: nothing may have been sent there for this long
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = parse_duration)]
    pub(super) quiet: Duration,

    /// Close the connections that wait for a next request
    #[arg(long)]
    pub(super) close_idle: bool,

    /// With --wait: end requests that are still in flight after this time
    #[arg(long, value_name = "TIME", value_parser = parse_duration, requires = "wait")]
    pub(super) kill_after: Option<Duration>,

    /// In this configuration: its name, active or all. With anything but all, what is loaded later does not inherit the order
    #[arg(long, value_name = "NAME", default_value = "all")]
    pub(super) config: String,

    /// Put them back into service after this time
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    pub(super) ttl: Option<Duration>,

    /// Why; kept with the order and logged
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub(super) reason: String,

    /// Even if a pool would keep too few
    #[arg(long)]
    pub(super) force: bool,

    /// Only say what would be done
    #[arg(long)]
    pub(super) dry_run: bool,

    /// One JSON object per line
    #[arg(long)]
    pub(super) json: bool,

    /// On a varnishd: stay, and order the same of every VCL that is loaded meanwhile
    #[arg(long)]
    pub(super) hold: bool,
}

/// Below the options of `undrain`.
const AFTER_UNDRAIN: &str = "\
The exit status is
  0  back in service; with --wait-healthy: so many are healthy; with --watch: they do not fail more than their peers
  1  --timeout has passed, they fail more, or something went wrong
  2  a pattern matches nothing (the nearest names are said), or fewer than --wait-healthy asks for";

/// `adm undrain`
#[derive(clap::Parser, Debug)]
#[command(name = "shellac adm undrain", after_help = AFTER_UNDRAIN, about = "Puts backends back into service: their probes and their requests decide again")]
pub(crate) struct UndrainArgs {
    /// Which backends, as for drain
    #[arg(value_name = "PATTERN", required = true)]
    pub(super) patterns: Vec<String>,

    /// Wait until so many of them are healthy; those of the configuration that is used count
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(super) wait_healthy: Option<u16>,

    /// With --wait-healthy: give up after this time
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = parse_duration)]
    pub(super) timeout: Duration,

    /// Compare them with their peers for so long; status 1 when they fail more
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    pub(super) watch: Option<Duration>,

    /// Why; logged
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub(super) reason: String,

    /// One JSON object per line
    #[arg(long)]
    pub(super) json: bool,
}

/// `adm kill`
#[derive(clap::Parser, Debug)]
#[command(
    name = "shellac adm kill",
    about = "Ends a request: its client gets an error page, or sees its connection end"
)]
pub(crate) struct KillArgs {
    /// Number of the request or of its present attempt, as `shellac ps` shows it
    #[arg(value_name = "XID", value_parser = clap::value_parser!(u64).range(1..))]
    pub(super) xid: u64,

    /// Why; logged
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub(super) reason: String,
}
