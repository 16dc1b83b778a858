//! `shellac adm`: gives commands to a running proxy, ours or a varnishd, and shows the answers.
//!
//! `find` says where commands are taken and what has to be known for it, `connection` is one such connection, `modes` are two
//! ways of using it, one command and lines from standard input; `prompt` is the third, a person at a terminal, whose words
//! `complete` completes. `services` knows ports by name. `stock` is the same under the names
//! of the stock tools.

mod complete;
mod connection;
mod find;
mod modes;
mod prompt;
mod services;
mod stock;

use std::ffi::{OsStr, OsString};
use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use shellac_log::Compat;
use shellac_vsm::Attachment;

use crate::drain;
use crate::hosts::HostsArgs;
use crate::stock::attach::patience;
pub(crate) use connection::{Connection, NoAnswer};
pub(crate) use stock::run_as;

/// Names under which the program is this tool of somebody else.
pub(crate) const STOCK_NAMES: [&str; 2] = ["varnishadm", "vinyladm"];

/// Exit status when there is nobody to give commands to.
const EXIT_NOBODY: u8 = 2;
/// How long an answer may take when `-t` does not say.
const ANSWER_PATIENCE: Duration = Duration::from_secs(5);

/// Options of `shellac adm`.
#[derive(clap::Args, Debug)]
#[command(
    after_help = "Without a command: lines from standard input, or a prompt. `shellac adm help` lists the commands.\n\
    `drain`, `undrain` and `kill` have options of their own: `shellac adm drain --help`.\n\
    Exit status: 0 done, 1 the command failed, 2 nobody takes commands."
)]
pub(crate) struct Args {
    /// The instance: its directory, or its name
    #[arg(short = 'n', value_name = "DIR", conflicts_with_all = ["address", "secret"])]
    name: Option<String>,
    /// Where commands are taken: ADDRESS:PORT, or the path of a socket
    #[arg(short = 'T', value_name = "ADDRESS")]
    address: Option<String>,
    /// The file with what has to be known for it
    #[arg(short = 'S', value_name = "FILE", requires = "address")]
    secret: Option<PathBuf>,
    /// Seconds to wait for the instance and for each answer, or `off`
    #[arg(short = 't', value_name = "SECONDS")]
    timeout: Option<String>,
    /// Show answers as they come over the wire, with status and length
    #[arg(short = 'p')]
    raw: bool,
    /// The command and its words; blanks in a word need quotes within: '"a b"'
    #[arg(value_name = "COMMAND", trailing_var_arg = true, allow_hyphen_values = true)]
    words: Vec<OsString>,

    #[command(flatten)]
    hosts: HostsArgs,
}

/// What a command line asks for, whichever front end has read it.
#[derive(Debug, Default)]
struct Settings {
    name: Option<String>,
    address: Option<String>,
    secret: Option<PathBuf>,
    timeout: Option<String>,
    raw: bool,
    words: Vec<OsString>,
    /// The stock tool that this stands in for.
    stock: Option<Compat>,
}

/// Runs the tool.
pub(crate) fn run(args: Args) -> anyhow::Result<ExitCode> {
    let Args { name, address, secret, timeout, raw, words, hosts } = args;
    if hosts.are_meant() {
        let is_json = words.iter().any(|word| word == "-j" || word == "--json");
        return hosts.run(is_json, |statuses| statuses.iter().copied().max().unwrap_or(0));
    }
    let is_drain =
        words.first().is_some_and(|word| drain::COMMANDS.iter().any(|name| word == name));
    let settings = Settings { name, address, secret, timeout, raw, words, stock: None };
    if !is_drain {
        return give(&settings);
    }
    let asked = drain::parse(&settings.words);
    if settings.address.is_some() {
        anyhow::bail!(
            "{} looks at counters too: name the instance with -n, not -T",
            settings.words[0].display()
        );
    }
    drain::run(find::attach(&settings)?, &asked)
}

/// A connection to the instance that `attachment` follows.
pub(crate) fn open(attachment: &Attachment) -> anyhow::Result<Connection> {
    first(&find::published_in(attachment)?, Some(ANSWER_PATIENCE))
}

/// Connects and does what is asked.
fn give(settings: &Settings) -> anyhow::Result<ExitCode> {
    let (found, mut connection) = match connect(settings) {
        Ok(connected) => connected,
        Err(error) => {
            eprintln!("{error:#}");
            return Ok(ExitCode::from(EXIT_NOBODY));
        }
    };
    match limit(settings) {
        Ok(limit) => connection.set_limit(limit),
        Err(error) => {
            // The stock tool looks at it when it is in, and ends no line then.
            let end = if settings.stock.is_some() { "" } else { "\n" };
            eprint!("{error:#}{end}");
            return Ok(ExitCode::from(EXIT_NOBODY));
        }
    }
    if !settings.words.is_empty() {
        return modes::command(
            &mut connection,
            &settings.words.join(OsStr::new(" ")),
            settings.raw,
        );
    }
    if std::io::stdin().is_terminal() {
        return prompt::run(&mut connection, &found, settings.stock);
    }
    modes::pass(&mut connection, settings.raw, settings.stock)
}

/// The first address that lets us in. What is wrong with those before is said on standard error.
fn connect(settings: &Settings) -> anyhow::Result<(find::Found, Connection)> {
    let found = find::find(settings)?;
    let connection = first(&found, Some(ANSWER_PATIENCE))?;
    Ok((found, connection))
}

/// How long an answer may take; `None` for as long as it takes.
fn limit(settings: &Settings) -> anyhow::Result<Option<Duration>> {
    let patience = settings.timeout.as_deref().map(patience).transpose()?;
    let limit = patience.map_or(Some(ANSWER_PATIENCE), crate::attach::Patience::limit);
    // No time at all is as long as it takes, for the stock tools as well: an answer always takes some.
    Ok(limit.filter(|limit| !limit.is_zero()))
}

/// Another connection to the same, for what may take no longer than this.
fn connect_within(found: &find::Found, limit: Duration) -> anyhow::Result<Connection> {
    first(found, Some(limit))
}

fn first(found: &find::Found, limit: Option<Duration>) -> anyhow::Result<Connection> {
    let mut last = None;
    for address in &found.addresses {
        if let Some(error) =
            last.replace(match Connection::open(address, found.secret.as_deref()) {
                Ok(mut connection) => {
                    connection.set_limit(limit);
                    return Ok(connection);
                }
                Err(error) => error,
            })
        {
            eprintln!("{error:#}");
        }
    }
    Err(last.unwrap_or_else(|| anyhow::anyhow!("No -T in shared memory")))
}
