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
mod said;
mod saved;
mod settings;
mod signals;
mod source;
mod writer;

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use shellac_manager::PidFile;

pub(crate) use args::Args;

use crate::log::detach::{self, Place};

/// The file in the directory of captures that names the recorder's process.
pub(crate) const PID_NAME: &str = "record.pid";
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
    let _own_pid_file = pid_file(&settings.store.dir.join(PID_NAME))?;
    let _pid_file = settings.pid_file.as_deref().map(pid_file).transpose()?;
    let Some(source) = source::Opened::open(&settings, &signals)? else {
        return Ok(ExitCode::SUCCESS);
    };
    let lines = settings.follow_lines()?;
    if settings.daemon {
        detach::finish()?;
    }
    reader::run(&settings, &signals, &clock, store, source, &lines)
}

fn pid_file(path: &Path) -> anyhow::Result<PidFile> {
    PidFile::acquire(path).with_context(|| path.display().to_string())
}
