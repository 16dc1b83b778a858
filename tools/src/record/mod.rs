//! `shellac record`: keeps the failures, with what came before, and an index of all of them.
//!
//! `settings` checks the options, `reader` follows the log and sees what happens, `writer` keeps it, on a thread of
//! its own, so that a slow disk does not keep the log from being read.

mod args;
mod clock;
mod exec;
mod lines;
mod queue;
mod reader;
mod room;
mod rules;
mod said;
mod saved;
mod settings;
mod signals;
mod source;
mod writer;

use std::path::Path;
use std::process::ExitCode;

use shellac_manager::{ManagerError, PidFile};

pub(crate) use args::Args;
pub(crate) use saved::COUNTERS_NAME;

use crate::detach::{self, Place};

/// The file in the directory of captures that names the recorder's process.
pub(crate) const PID_NAME: &str = "record.pid";
/// Its rights, those of everything in the directory.
const FILE_MODE: u32 = 0o640;
/// The rights of pid files elsewhere.
const PID_MODE: u32 = 0o644;
/// The rule that snapshots are made by.
pub(crate) const SNAPSHOT: &str = "snapshot";

/// Runs the tool.
pub(crate) fn run(args: Args) -> anyhow::Result<ExitCode> {
    let settings = settings::Settings::from_args(args)?;
    if settings.daemon
        && let Place::Front(code) = detach::start()?
    {
        return Ok(code);
    }
    let signals = signals::Signals::install()?;
    let clock = clock::Clock::start();
    let store = writer::open_store(&settings, &clock)?;
    // The store has made the directory and has its lock, so this can only be the file of one that is dead.
    let _own_pid_file = pid_file(&settings.store.dir.join(PID_NAME), FILE_MODE)?;
    let named = settings.pid_file.as_deref().map(|path| pid_file(path, PID_MODE));
    let _pid_file = named.transpose()?;
    let Some(source) = source::Opened::open(&settings, &signals)? else {
        return Ok(ExitCode::SUCCESS);
    };
    let lines = settings.follow_lines()?;
    if settings.daemon {
        detach::finish()?;
    }
    reader::run(&settings, &signals, &clock, store, source, &lines)
}

fn pid_file(path: &Path, mode: u32) -> anyhow::Result<PidFile> {
    let name = path.display();
    PidFile::acquire_with_mode(path, mode).map_err(|error| match error {
        ManagerError::Locked { pid: Some(pid), .. } => {
            anyhow::anyhow!(
                "{name}: process {pid} has it; stop that (kill {pid}) or name another file"
            )
        }
        ManagerError::Locked { pid: None, .. } => {
            anyhow::anyhow!("{name}: another process has it; stop that or name another file")
        }
        error => anyhow::anyhow!("{}", error.full_text()),
    })
}
