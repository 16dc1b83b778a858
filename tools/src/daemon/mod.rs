//! `shellacd`, which is `shellac daemon`: runs the proxy until SIGTERM or SIGINT; SIGHUP loads the configuration again.
//!
//! One process looks after everything that stays, another one serves and is replaced when it dies; with `--single` one does both.

mod check;
mod commands;
mod place;
mod settings;
mod worker;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Context;
use shellac_manager::{
    Event, House, NextProgram, Outcome, TAKE_OVER, TakeOver, WorkerKind, WorkerProgram,
};

pub(crate) use worker::{WORKER_ARGUMENT, run_keys, run_worker};

/// How long open requests have when the proxy stops.
const DRAIN: Duration = Duration::from_secs(10);
/// Exit status when the configuration or the command line is wrong.
const EXIT_USAGE: u8 = 2;

/// Options of `shellacd`.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// The configuration file
    #[arg(short = 'f', long = "file", value_name = "FILE", required_unless_present = "check")]
    file: Option<PathBuf>,
    /// The shared-memory directory: a path, or a name below /run/shellac ($XDG_RUNTIME_DIR/shellac unless root)
    #[arg(short = 'n', long = "name", value_name = "DIR")]
    name: Option<String>,
    /// Serve in this process, without a manager to restart it
    #[arg(long)]
    single: bool,
    /// Allow a log of less than 16 MB: for the demo and for tests
    #[arg(long, hide = true)]
    small_log: bool,
    /// Stop when the process that started this one ends, however that may be
    #[arg(long, hide = true)]
    with_parent: bool,
    /// Backends in this network run on this machine, unless they say otherwise (may be repeated)
    #[arg(long = "node-map", value_name = "CIDR=NAME")]
    node_map: Vec<String>,
    /// Check the configuration, and whether it can be had on this machine, and exit
    #[arg(short = 't', long, value_name = "FILE")]
    check: Option<Option<PathBuf>>,
    /// Write what is in force to standard output, with the origin of each value, and exit
    #[arg(long)]
    print_config: bool,
    /// Go on with what another program has left on standard input
    #[arg(long, hide = true)]
    take_over: bool,
    /// Say whether that could be done, and exit
    #[arg(long, hide = true)]
    take_over_trial: bool,
    /// Write the process number to this file and lock it (may be repeated)
    #[arg(short = 'p', long = "pid-file", value_name = "FILE")]
    pid_file: Vec<PathBuf>,
}

impl Args {
    /// The file: what `--check` names, or `-f`.
    fn configuration(&self) -> Option<&Path> {
        self.check.iter().flatten().next().or(self.file.as_ref()).map(PathBuf::as_path)
    }
}

/// Runs the tool.
pub(crate) fn run(args: Args) -> anyhow::Result<ExitCode> {
    if args.with_parent {
        rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::TERM))
            .context("cannot be told when the parent ends")?;
    }
    // Nobody else may read what is made here: the group may, where there is one.
    rustix::process::umask(rustix::fs::Mode::from_bits_truncate(0o027));
    if args.take_over_trial {
        return Ok(trial());
    }
    if args.take_over {
        let house = House::take_over(env!("CARGO_PKG_VERSION"), since_1970().as_secs())?;
        return manage(house, false);
    }
    let Some(file) = args.configuration() else {
        eprintln!("shellacd: which configuration? shellacd -f FILE, shellacd --check FILE");
        return Ok(ExitCode::from(EXIT_USAGE));
    };
    let (settings, effective) = match settings::read(file, &args) {
        Ok(found) => found,
        Err(error) => {
            // The lines stand for themselves: an editor can jump to FILE:LINE.
            eprintln!("{error}");
            return Ok(ExitCode::from(EXIT_USAGE));
        }
    };
    if args.print_config {
        // Nobody is left to be told that nobody reads it.
        let _ = write!(std::io::stdout(), "{effective}");
        return Ok(ExitCode::SUCCESS);
    }
    if args.check.is_some() {
        let found = check::check(&settings);
        for error in &found.errors {
            eprintln!("{}: {error}", settings.config_name);
        }
        for warning in &found.warnings {
            eprintln!("{}: warning: {warning}", settings.config_name);
        }
        if !found.errors.is_empty() {
            return Ok(ExitCode::FAILURE);
        }
        eprintln!("{}", settings::summary(&settings));
        return Ok(ExitCode::SUCCESS);
    }
    let house = House::open(settings, since_1970().as_secs())?;
    announce(&house);
    manage(house, args.single)
}

/// Says whether this program can take over what is described on standard input.
fn trial() -> ExitCode {
    match TakeOver::read(std::io::stdin().lock()) {
        Ok(state) => {
            let said = write!(std::io::stdout(), "{}", state.trial_text());
            if said.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(why) => {
            say(&why);
            ExitCode::FAILURE
        }
    }
}

/// How this program is started again when another one is to take its place: what lies at its path by then.
fn next_program() -> Option<NextProgram> {
    let mut arguments = std::env::args_os();
    let name = arguments.next()?;
    let arguments = arguments.filter(|argument| argument != TAKE_OVER).collect();
    Some(NextProgram { path: std::env::current_exe().ok()?, name, arguments })
}

/// Serves in a process of its own, or in a thread of this one, and looks after that.
fn manage(house: House, single: bool) -> anyhow::Result<ExitCode> {
    let kind = if single {
        WorkerKind::Thread(|handoff, connection| {
            worker::serve(handoff, connection, None).map_err(|error| format!("{error:#}"))
        })
    } else {
        WorkerKind::Process {
            path: PathBuf::from("/proc/self/exe"),
            arguments: vec![WORKER_ARGUMENT.to_owned()],
            name: "shellacd".to_owned(),
        }
    };
    let next = next_program();
    let program = WorkerProgram { kind, drain: DRAIN, commands: commands::ROWS, next };
    let outcome = shellac_manager::supervise(house, &program, |event| match event {
        Event::Serving { .. } if single => say("serving in this process"),
        event => say(&event.to_string()),
    })?;
    say("stopped");
    Ok(match outcome {
        Outcome::Drained => ExitCode::SUCCESS,
        Outcome::Killed => ExitCode::FAILURE,
    })
}

/// Says where it listens and how to look at what happens.
fn announce(house: &House) {
    let settings = house.settings();
    for listener in house.listeners() {
        say(&format!("listening on {} {}", listener.name, listener.address));
    }
    let log = &settings.config.log;
    let workdir = house.workdir().display();
    let (size, dialect) = (settings::size_text(log.size_bytes), log.dialect.as_str());
    let threads = settings.threads;
    say(&format!("log of {size} in {workdir}, dialect {dialect}; {threads} serving threads"));
    for address in house.admin_addresses().lines() {
        // A socket has no port.
        say(&format!("commands on {}", address.trim_end_matches(" -")));
    }
    say(&format!("to watch it: shellac log -n {workdir} -g request"));
    for warning in house.warnings() {
        say(&warning);
    }
}

/// Says something on standard error; that nobody listens there is no reason to stop serving.
fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "shellacd: {text}");
}

#[allow(clippy::disallowed_methods, reason = "tools read the clock")]
fn since_1970() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}
