//! `-D`: going to the background without `fork`.
//!
//! The tool starts itself once more (`/proc/self/exe`, same name and arguments) and waits. That process does
//! everything up to the point from which it can only run, so all mistakes are still told on the terminal
//! and by the exit status; then it leaves the session, says so through its standard output, and puts
//! `/dev/null` in the place of its standard streams.

use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode, Stdio};

use anyhow::Context;

/// Set for the process that is to go to the background.
const VARIABLE: &str = "SHELLAC_DETACH";
/// What that process says when it is there.
const READY: u8 = b'.';

/// Where we are on the way to the background.
pub(crate) enum Place {
    /// In front; the status is that of the start.
    Front(ExitCode),
    /// On the way.
    Behind,
}

/// Starts the process that goes to the background, or says that this is it.
pub(crate) fn start() -> anyhow::Result<Place> {
    if std::env::var_os(VARIABLE).is_some() {
        return Ok(Place::Behind);
    }
    let mut arguments = std::env::args_os();
    let name = arguments.next().unwrap_or_default();
    let mut child = Command::new("/proc/self/exe")
        .arg0(name)
        .args(arguments)
        .env(VARIABLE, "1")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .context("Daemon mode")?;
    let mut said = [0; 1];
    let ready = match &mut child.stdout {
        Some(stdout) => stdout.read(&mut said).context("Daemon mode")? == 1 && said[0] == READY,
        None => false,
    };
    if ready {
        return Ok(Place::Front(ExitCode::SUCCESS));
    }
    let status = child.wait().context("Daemon mode")?;
    let code = status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1);
    Ok(Place::Front(ExitCode::from(code)))
}

/// Leaves the session, the directory and the terminal.
///
/// # Errors
///
/// What the system says.
pub(crate) fn finish() -> anyhow::Result<()> {
    rustix::process::setsid().context("Daemon mode")?;
    std::env::set_current_dir("/").context("Daemon mode")?;
    let null = File::options().read(true).write(true).open("/dev/null").context("Daemon mode")?;
    let mut stdout = std::io::stdout();
    stdout.write_all(&[READY]).and_then(|()| stdout.flush()).context("Daemon mode")?;
    rustix::stdio::dup2_stdin(&null).context("Daemon mode")?;
    rustix::stdio::dup2_stdout(&null).context("Daemon mode")?;
    rustix::stdio::dup2_stderr(&null).context("Daemon mode")?;
    Ok(())
}
