//! `shellac ps`: what is in flight now, where it hangs, and when that will be given up.
//!
//! `sample` reads the scoreboard of an instance, or what a varnishd has in its place (`sessions`, and counters); `view` makes what is shown of it;
//! `text` and `json` write that; `screen` owns the terminal.

mod json;
mod sample;
mod screen;
mod sessions;
mod text;
mod view;

use std::io::{IsTerminal, Write, stdout};
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

use shellac_render::redact::Redaction;

use crate::attach::{Patience, attach};
use crate::color::ColorWhen;
use sample::Follower;
use view::{Filter, View};

/// Time between two looks while there is no worker.
const PAUSE: Duration = Duration::from_millis(100);

/// Options of `shellac ps`.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// Instance: an absolute path of a working directory, or a name
    #[arg(short = 'n', value_name = "NAME")]
    pub(crate) instance: Option<String>,

    /// How many seconds to wait for the instance; "off" for ever
    #[arg(short = 't', value_name = "SECONDS", default_value = "5")]
    pub(crate) patience: String,

    /// Show it once, on a terminal too; in a pipe that is what happens anyway
    #[arg(long)]
    pub(crate) once: bool,

    /// Write one JSON object, once
    #[arg(long)]
    pub(crate) json: bool,

    /// Only requests that are at this backend
    #[arg(long, value_name = "NAME")]
    pub(crate) backend: Option<String>,

    /// Only requests that have taken so long already, such as 5s or 250ms
    #[arg(long, value_name = "TIME", value_parser = shellac_config::parse_duration)]
    pub(crate) older: Option<Duration>,

    /// Show the values of query parameters that look like secrets
    #[arg(long)]
    pub(crate) no_redact: bool,

    /// When to use colours
    #[arg(long, value_name = "WHEN", value_enum, default_value_t)]
    pub(crate) color: ColorWhen,
}

/// Runs the tool. Exit status 1 when there is no worker to look at.
pub(crate) fn run(args: Args) -> anyhow::Result<ExitCode> {
    let patience = Patience::parse(&args.patience)?;
    let start = now();
    // Nothing stops it but a signal that ends the program.
    let Some(attached) = attach(args.instance.as_deref(), patience, &|| false)? else {
        anyhow::bail!("no instance")
    };
    let redaction =
        if args.no_redact { Redaction::none() } else { Redaction::default().with_parameters(true) };
    let filter = Filter { backend: args.backend, older: args.older.unwrap_or_default(), redaction };
    let mut follower = Follower::new(attached.attachment);
    if stdout().is_terminal() && !args.once && !args.json {
        screen::run(&mut follower, &filter, args.color.decide())?;
        return Ok(ExitCode::SUCCESS);
    }
    let view = wait_for_worker(&mut follower, &filter, patience, start);
    let page = if args.json {
        json::page(&view)?
    } else {
        let columns = stdout().is_terminal().then(crate::color::terminal_columns);
        let form = text::Form { columns, rows: None, color: args.color.decide() };
        text::lines(&view, form).iter().fold(String::new(), |page, line| page + line + "\n")
    };
    match stdout().lock().write_all(page.as_bytes()).and_then(|()| stdout().flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(if view.is_there() { ExitCode::SUCCESS } else { ExitCode::FAILURE }),
    }
}

/// One look, repeated while there is no worker and still patience since `start`.
fn wait_for_worker(
    follower: &mut Follower,
    filter: &Filter,
    patience: Patience,
    start: Instant,
) -> View {
    loop {
        let view = View::new(&follower.look(), filter);
        let spent = match patience {
            Patience::For(patience) => start.elapsed() >= patience,
            Patience::ForEver => false,
        };
        if view.is_there() || spent {
            return view;
        }
        thread::sleep(PAUSE);
    }
}

#[allow(clippy::disallowed_methods, reason = "a tool is where the time comes from")]
fn now() -> Instant {
    Instant::now()
}
