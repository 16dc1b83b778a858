//! The tools of Shellac in one program: `shellac TOOL`, and `shellacd`, which is `shellac daemon` under
//! the name that the proxy has.
//!
//! Each tool is a folder with its own `Args` (clap) and `run`. This file only decides which one is meant.

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use clap::{Command, CommandFactory, FromArgMatches, Parser, Subcommand};

mod adm;
mod attach;
mod brief;
mod color;
mod compat;
mod completions;
mod daemon;
mod demo;
mod detach;
mod doctor;
mod drain;
mod errors;
mod explain;
mod export;
mod generate;
mod health;
mod hist;
mod hosts;
mod json;
mod kernel;
mod links;
mod log;
mod man;
mod metrics;
mod ncsa;
mod ps;
mod reading;
mod record;
mod snapshot;
mod stat;
mod stock;
mod terminal;
mod top;
mod trace;
mod watch;
mod when;
mod why;
mod words;

/// Shared-memory transaction logging for HTTP proxies.
#[derive(Parser, Debug)]
#[command(name = "shellac", version)]
struct Cli {
    #[command(subcommand)]
    tool: Tool,
}

/// Runs the proxy, whose log is in shared memory; the same as `shellac daemon`.
#[derive(Parser, Debug)]
#[command(name = "shellacd", version)]
struct DaemonCli {
    #[command(flatten)]
    args: daemon::Args,
}

#[derive(Subcommand, Debug)]
enum Tool {
    /// Proxy, flaky origins and traffic on loopback; then traces one failure
    Demo(demo::Args),
    /// Shows the log, live or from a file: varnishlog's options
    Log(log::Args),
    /// Writes a line per request, as an access log has it: varnishncsa's options
    Ncsa(ncsa::Args),
    /// Writes the log as lines of JSON, one for each request with its attempts
    Json(json::Args),
    /// Sends failing requests to a collector of traces, or writes tables for DuckDB
    Export(export::Args),
    /// Shows one transaction and everything around it, with its cause in words
    Trace(trace::Args),
    /// Writes one line for each failed attempt at a backend, live or from files
    Errors(errors::Args),
    /// Says what an error text means, or a line of a log: causes, evidence, what to do
    Explain(explain::Args),
    /// Shows what is in flight now, where it hangs, and when that will be given up
    Ps(ps::Args),
    /// Says what failing requests have in common that good ones do not have
    Why(why::Args),
    /// Shows how an instance is doing, live on a terminal; its counters in varnishstat's forms; waits for them
    Stat(stat::Args),
    /// Shows the most frequent records, or requests with their times: varnishtop's options
    Top(top::Args),
    /// Shows how times and sizes are spread, hits and misses: varnishhist's options
    Hist(hist::Args),
    /// Gives commands to a running proxy: backends, configurations, parameters
    Adm(adm::Args),
    /// Says what is here, what is wrong, and what to do about it
    Doctor(doctor::Args),
    /// Says whether failures concentrate, and whether this node is at fault
    Health(health::Args),
    /// Serves counters and node signals to Prometheus, or writes them once
    Metrics(metrics::Args),
    /// Keeps the failures, with what came before, and an index of all of them
    Record(record::Args),
    /// Has a running recorder keep what its log holds, now
    Snapshot(snapshot::Args),
    /// Makes symbolic links under the names of the stock tools that this program can stand in for
    Links(links::Args),
    /// Writes what a shell has to know to complete tools and options
    Completions(completions::Args),
    /// Writes a manual page for each tool
    Man(man::Args),
    /// Runs the proxy; the same as `shellacd`
    Daemon(daemon::Args),
    /// Writes numbered records into a ring, to test readers with
    #[command(hide = true)]
    Generate(generate::Args),
}

/// What both programs take.
fn commands() -> [Command; 2] {
    [Cli::command().mut_subcommands(brief::with_help), brief::with_help(DaemonCli::command())]
}

/// Reads the command line. Who asks for help gets what fits a screen.
fn parse() -> Cli {
    let mut command = Cli::command();
    let mut arguments = std::env::args_os();
    let name = arguments.next().unwrap_or_else(|| "shellac".into());
    let arguments = brief::without_word(arguments.collect());
    if let [only] = &arguments[..] {
        if only == "-h" || only == "--help" {
            // Nothing can be done about a terminal that is gone.
            let _ = reading::target::say(&brief::page(&command));
            std::process::exit(0);
        }
        if only == "--help-all" {
            let _ = command.print_long_help();
            std::process::exit(0);
        }
    }
    if let [tool, rest @ ..] = &arguments[..]
        && let Some(tool) = tool.to_str().filter(|tool| command.find_subcommand(tool).is_some())
    {
        command = command.mut_subcommand(tool, |tool| brief::fitted_if_asked(tool, rest));
    }
    let matches = command.clone().get_matches_from([name].into_iter().chain(arguments));
    Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.format(&mut command).exit())
}

/// The same for the proxy under its own name.
fn parse_daemon() -> daemon::Args {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let mut command = brief::fitted_if_asked(DaemonCli::command(), &arguments);
    let matches = command.clone().get_matches();
    let cli = DaemonCli::from_arg_matches(&matches);
    cli.unwrap_or_else(|error| error.format(&mut command).exit()).args
}

/// Runs the tool that the command line and the name of the program ask for.
pub fn main() -> ExitCode {
    let name = std::env::args_os().next().unwrap_or_default();
    // Not for people, so not among the tools.
    let is_called = |by: &str| std::env::args_os().nth(1).is_some_and(|argument| argument == by);
    let result = match Path::new(&name).file_name().and_then(|name| name.to_str()) {
        _ if is_called(daemon::WORKER_ARGUMENT) => daemon::run_worker(),
        _ if is_called(shellac_manager::KEYS_ARGUMENT) => daemon::run_keys(),
        Some(stock) if log::STOCK_NAMES.contains(&stock) => return log::run_as(&name),
        Some(stock) if ncsa::STOCK_NAMES.contains(&stock) => return ncsa::run_as(&name),
        Some(stock) if stat::STOCK_NAMES.contains(&stock) => return stat::run_as(&name),
        Some(stock) if top::STOCK_NAMES.contains(&stock) => return top::run_as(&name),
        Some(stock) if hist::STOCK_NAMES.contains(&stock) => return hist::run_as(&name),
        Some(stock) if adm::STOCK_NAMES.contains(&stock) => return adm::run_as(&name),
        Some("shellacd") => daemon::run(parse_daemon()),
        _ => match parse().tool {
            Tool::Demo(args) => demo::run(args),
            Tool::Log(args) => log::main(args),
            Tool::Ncsa(args) => ncsa::main(args),
            Tool::Json(args) => json::run(&args),
            Tool::Export(args) => export::run(&args),
            Tool::Trace(args) => trace::run(args),
            Tool::Errors(args) => errors::run(&args),
            Tool::Explain(args) => explain::run(&args),
            Tool::Ps(args) => ps::run(args),
            Tool::Why(args) => why::run(&args),
            Tool::Stat(args) => stat::run(args),
            Tool::Top(args) => top::main(&args),
            Tool::Hist(args) => hist::main(&args),
            Tool::Adm(args) => adm::run(args),
            Tool::Doctor(args) => doctor::run(&args),
            Tool::Health(args) => health::run(&args),
            Tool::Metrics(args) => metrics::run(args),
            Tool::Record(args) => record::run(args),
            Tool::Snapshot(args) => snapshot::run(&args),
            Tool::Links(args) => links::run(&args),
            Tool::Completions(args) => completions::run(&args, commands()),
            Tool::Man(args) => man::run(&args, commands()),
            Tool::Daemon(args) => daemon::run(args),
            Tool::Generate(args) => generate::run(args),
        },
    };
    match result {
        Ok(code) => code,
        Err(error) => {
            eprintln!("shellac: {error:#}");
            attach::exit_code(&error)
        }
    }
}
