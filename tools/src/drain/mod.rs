//! `shellac adm drain`, `undrain` and `kill`: taking backends out of service, waiting until nothing is in flight there, and
//! ending what is.
//!
//! `args` has the command lines, `link` is the connection to the instance. `ours` drains backends of a shellacd and
//! `varnish` those of a varnishd, which knows less, from the `list` that it shows; `back` and `watch` look at what is in
//! service again; `say` is what is written.

mod args;
mod back;
mod link;
mod list;
mod ours;
mod say;
mod varnish;
mod watch;

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::{Command, Parser};
use shellac_admin::Status;
use shellac_vsm::Attachment;

use crate::brief;
use args::{DrainArgs, KillArgs, UndrainArgs};
use link::Link;
use ours::Ours;
use say::Say;
use varnish::Varnish;

/// Exit statuses beside 0.
mod status {
    pub(super) const TIMED_OUT: u8 = 1;
    pub(super) const NO_MATCH: u8 = 2;
    pub(super) const REFUSED: u8 = 3;
    pub(super) const CANCELLED: u8 = 4;
    pub(super) const LOST: u8 = 5;
}

/// The first words of the command lines that are this tool's.
pub(crate) const COMMANDS: [&str; 3] = ["drain", "undrain", "kill"];

/// What these command lines take, for their manual pages.
pub(crate) fn commands() -> [Command; 3] {
    [named::<DrainArgs>("drain"), named::<UndrainArgs>("undrain"), named::<KillArgs>("kill")]
}

/// A command line under the names that people know.
fn named<T: Parser>(name: &str) -> Command {
    T::command().display_name(format!("shellac-adm-{name}")).bin_name(format!("shellac adm {name}"))
}

/// What one of these command lines asks for.
#[derive(Debug)]
pub(crate) enum Asked {
    Drain(DrainArgs),
    Undrain(UndrainArgs),
    Kill(KillArgs),
}

/// Reads the command line `words`, whose first is one of [`COMMANDS`]. Help and mistakes end the program here, before
/// an instance is looked for.
pub(crate) fn parse(words: &[OsString]) -> Asked {
    match words.first().and_then(|word| word.to_str()) {
        Some(name @ "drain") => Asked::Drain(parsed(name, words)),
        Some(name @ "undrain") => Asked::Undrain(parsed(name, words)),
        _ => Asked::Kill(parsed("kill", words)),
    }
}

fn parsed<T: Parser>(name: &str, words: &[OsString]) -> T {
    let mut command = brief::fitted_if_asked(named::<T>(name), words);
    let matches = command.clone().get_matches_from(words);
    T::from_arg_matches(&matches).unwrap_or_else(|error| error.format(&mut command).exit())
}

/// Does it on the instance of `attachment`.
pub(crate) fn run(mut attachment: Attachment, asked: &Asked) -> anyhow::Result<ExitCode> {
    let status = match asked {
        Asked::Drain(args) => drain(&mut attachment, args)?,
        Asked::Undrain(args) => undrain(&mut attachment, args)?,
        Asked::Kill(args) => kill(&attachment, args)?,
    };
    Ok(ExitCode::from(status))
}

fn drain(attachment: &mut Attachment, args: &DrainArgs) -> anyhow::Result<u8> {
    let say = Say { json: args.json };
    let mut link = match Link::open(attachment) {
        Ok(link) => link,
        Err(error) => return say.end(status::LOST, &format!("{error:#}")),
    };
    let is_ours = is_ours(attachment);
    if args.list {
        if !is_ours {
            bail!("a varnishd has no orders; see backend.list");
        }
        return Ours { attachment, link, say }.list();
    }
    for pattern in args.patterns.iter().filter(|it| Path::new(it).exists()) {
        eprintln!(
            "shellac: there is a file called {pattern}: was a pattern meant that the shell has replaced? Quote it"
        );
    }
    let active = active(&mut link)?;
    let patterns = within(&args.config, &active, &args.patterns);
    if is_ours {
        return Ours { attachment, link, say }.drain(args, &patterns);
    }
    Varnish { attachment, link, say, active }.drain(args, &patterns)
}

fn undrain(attachment: &mut Attachment, args: &UndrainArgs) -> anyhow::Result<u8> {
    let mut link = Link::open(attachment)?;
    let say = Say { json: args.json };
    let active = active(&mut link)?;
    let (status, names, mut link) = if is_ours(attachment) {
        let looks = args.wait_healthy.is_some() || args.watch.is_some();
        let names = if looks { meant(&mut link, &args.patterns) } else { Vec::new() };
        let mut ours = Ours { attachment, link, say };
        (ours.undrain(args)?, names, ours.link)
    } else {
        let mut varnish = Varnish { attachment, link, say, active: active.clone() };
        let (status, names) = varnish.undrain(args)?;
        (status, names, varnish.link)
    };
    if status != 0 {
        return Ok(status);
    }
    if let Some(least) = args.wait_healthy {
        let status = back::wait(&mut link, &active, &names, least.into(), args.timeout, say)?;
        if status != 0 {
            return Ok(status);
        }
    }
    match args.watch {
        Some(time) => watch::watch(attachment, &names, time, say),
        None => Ok(0),
    }
}

fn kill(attachment: &Attachment, args: &KillArgs) -> anyhow::Result<u8> {
    if !is_ours(attachment) {
        bail!("a varnishd cannot end single requests");
    }
    let xid = args.xid.to_string();
    let mut words = vec!["kill", &xid];
    words.extend((!args.reason.is_empty()).then_some(&*args.reason));
    let answer = Link::open(attachment)?.ask(&words)?;
    match answer.status {
        Status::OK => Ok(0),
        _ => {
            eprintln!("shellac: {}", answer.text().trim_end());
            Ok(if answer.status == Status::CANNOT { status::NO_MATCH } else { status::TIMED_OUT })
        }
    }
}

/// Ours say so.
fn is_ours(attachment: &Attachment) -> bool {
    attachment.find("Arg", "-shellac").is_some()
}

/// The configuration that new requests go to.
fn active(link: &mut Link) -> anyhow::Result<String> {
    let list = link.ask(&["vcl.list"])?;
    let text = list.text();
    let row = text.lines().find(|line| line.starts_with("active"));
    // Status, state, temperature, busy, name.
    let name = row.and_then(|row| row.split_ascii_whitespace().nth(4));
    Ok(name.context("no configuration is active")?.to_owned())
}

/// Full names of a shellacd's backends that patterns mean, as many as it lists; what cannot be found out is none.
fn meant(link: &mut Link, patterns: &[String]) -> Vec<String> {
    let words: Vec<&str> =
        ["drain.plan", "-j"].into_iter().chain(patterns.iter().map(String::as_str)).collect();
    let plan = link.data(&words).unwrap_or_default();
    let names: Vec<String> = say::names(&plan["backends"]).into_iter().map(str::to_owned).collect();
    let count = say::number(&plan["count"]);
    if count > names.len() as u64 {
        eprintln!("shellac: of {count} backends the first {} are looked at", names.len());
    }
    names
}

/// Patterns that mean backends of one configuration only.
fn within(config: &str, active: &str, patterns: &[String]) -> Vec<String> {
    let config = match config {
        "all" => return patterns.to_vec(),
        "active" => active,
        config => config,
    };
    let prefixed = |pattern: &String| match pattern.strip_prefix('!') {
        _ if pattern.contains(['.', '@']) => pattern.clone(),
        Some(rest) => format!("!{config}.{rest}"),
        None => format!("{config}.{pattern}"),
    };
    patterns.iter().map(prefixed).collect()
}

#[cfg(test)]
mod tests;
