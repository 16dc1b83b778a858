//! What the options mean: rules, and what the store may use.

use std::path::PathBuf;
use std::sync::mpsc::{self, Receiver};

use anyhow::{Context, bail};
use shellac_capture::StoreOptions;
use shellac_capture::rules::{Exec, Keep, Limit, On, Rule};
use shellac_format::Dialect;
use shellac_query::regex::Regex;

use super::args::Args;
use super::lines::{self, Line};
use super::rules::{Origin, Rules};
use crate::attach::Patience;

/// Lines that matched and wait for the reader.
const QUEUED_LINES: usize = 256;

/// Where records come from.
#[derive(Debug)]
pub(super) enum From {
    Live { instance: Option<String>, patience: Patience },
    File(PathBuf),
}

/// What to do.
#[derive(Debug)]
pub(super) struct Settings {
    /// The rules to begin with, and where they come from.
    pub(super) rules: Rules,
    pub(super) origin: Origin,
    pub(super) from: From,
    pub(super) dialect: Option<Dialect>,
    pub(super) store: StoreOptions,
    pub(super) daemon: bool,
    pub(super) pid_file: Option<PathBuf>,
    /// Lines that fire rules.
    followed: Vec<(lines::From, Regex, usize)>,
}

impl Settings {
    pub(super) fn from_args(args: Args) -> anyhow::Result<Settings> {
        let store = store_options(&args)?;
        let mut rules = Vec::new();
        for text in &args.on {
            let rule = Rule::on_query(text);
            rules.push(
                rule.map_err(|error| anyhow::anyhow!("--on: Query expression error:\n{error}"))?,
            );
        }
        for text in &args.on_rate {
            let rule = Rule::on_rate(text);
            rules.push(rule.map_err(|error| anyhow::anyhow!("--on-rate: `{text}`: {error}"))?);
        }
        let mut followed = Vec::new();
        for pair in args.on_line.chunks_exact(2) {
            let from = match pair[0].as_str() {
                "-" => lines::From::Stdin,
                path => lines::From::File(absolute(path.into())?),
            };
            followed.push((from, regex("--on-line", &pair[1])?, rules.len()));
            rules.push(outside(&format!("line {}", pair[1])));
        }
        for text in &args.on_kmsg {
            let from = lines::From::Kernel(args.kmsg.clone());
            followed.push((from, regex("--on-kmsg", text)?, rules.len()));
            rules.push(outside(&format!("kmsg {text}")));
        }
        let wants_stdin = |it: &&(lines::From, _, _)| it.0 == lines::From::Stdin;
        let reads_stdin = args.read.as_ref().is_some_and(|path| path.as_os_str() == "-");
        if followed.iter().filter(wants_stdin).count() + usize::from(reads_stdin) > 1 {
            bail!("standard input can be read for one purpose only");
        }
        if args.read.is_some() && !followed.is_empty() {
            bail!(
                "--on-line and --on-kmsg need a live log; with -r there is nothing to join them with"
            );
        }
        for rule in &mut rules {
            from_options(rule, &args);
        }
        let file = args.rules.map(absolute).transpose()?;
        let origin = Origin { options: rules, file, before: args.before };
        let rules = origin.read()?;
        let from = match args.read {
            Some(path) => From::File(path),
            None => {
                From::Live { instance: args.instance, patience: Patience::parse(&args.timeout)? }
            }
        };
        Ok(Settings {
            rules,
            origin,
            from,
            dialect: args.dialect,
            store,
            daemon: args.daemon,
            pid_file: args.pid_file.map(absolute).transpose()?,
            followed,
        })
    }

    /// Starts to follow what other programs write.
    pub(super) fn follow_lines(&self) -> anyhow::Result<Receiver<Line>> {
        let (sender, receiver) = mpsc::sync_channel(QUEUED_LINES);
        for (from, regex, rule) in &self.followed {
            lines::follow(from.clone(), regex.clone(), *rule, sender.clone())?;
        }
        Ok(receiver)
    }
}

/// A rule for what is in no group.
pub(super) fn outside(name: &str) -> Rule {
    let mut name: String = name.chars().filter(|letter| !letter.is_control()).take(100).collect();
    name.shrink_to_fit();
    Rule::new(name, On::Outside)
}

fn regex(option: &str, text: &str) -> anyhow::Result<Regex> {
    Regex::new(text.as_bytes(), false)
        .map_err(|error| anyhow::anyhow!("{option}: `{text}`: {error}"))
}

/// What the options say about all rules that come from options.
fn from_options(rule: &mut Rule, args: &Args) {
    rule.before = args.before.unwrap_or_default();
    rule.after = args.after.unwrap_or_default();
    let has_span = args.before.is_some() || args.after.is_some();
    // What comes from outside is about no group.
    let is_alone = matches!(rule.on, On::Outside | On::Rate { .. });
    rule.keep = args.keep.unwrap_or(if has_span || is_alone { Keep::All } else { Keep::Group });
    rule.limit = args.limit.0;
    if let Some(program) = &args.exec {
        let command = vec![program.display().to_string()];
        rule.actions.exec = Some(Exec { command, timeout: Exec::TIMEOUT });
    }
    if matches!(rule.on, On::Rate { .. }) && !has_span {
        // There is nothing to keep of a number.
        rule.actions.file = false;
    }
    rule.limit = match rule.on {
        On::Rate { .. } => Some(Limit::DEFAULT),
        _ => args.limit.0,
    };
}

fn store_options(args: &Args) -> anyhow::Result<StoreOptions> {
    let mut store = StoreOptions::new(absolute(args.dir.clone())?);
    store.max_bytes = args.budget;
    store.max_files = args.files;
    store.keep_free = args.keep_free;
    store.keep_first = args.first;
    store.keep_last = args.last;
    store.max_capture_bytes = args.max_capture.min(args.budget / 2);
    store.index_bytes = args.index_budget;
    store.roll = args.roll;
    store.fsync = args.fsync;
    store.compress_after = args.compress_after;
    Ok(store)
}

/// In the background the directory is another one.
fn absolute(path: PathBuf) -> anyhow::Result<PathBuf> {
    std::path::absolute(&path).with_context(|| path.display().to_string())
}
