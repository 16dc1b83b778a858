//! `shellac snapshot`: asks a running recorder to keep what its log holds, now.
//!
//! The recorder is found by the pid file in its directory, which it keeps locked. The answer is the line of the
//! manifest about the capture.

use std::fs::File;
use std::io::{BufReader, ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, bail};
use rustix::fs::{FlockOperation, flock};
use rustix::process::{Pid, Signal, kill_process};
use shellac_capture::Stamp;
use shellac_capture::store::manifest::{self, MANIFEST_NAME};
use shellac_render::visible;

use crate::reading::target::say;
use crate::record::{PID_NAME, SNAPSHOT};

/// Between two looks at the manifest.
const PAUSE: Duration = Duration::from_millis(50);
/// The longest pid file.
const MAX_PID_BYTES: u64 = 20;

/// Options of `shellac snapshot`.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// Directory of captures of a running `shellac record`
    #[arg(value_name = "DIR")]
    dir: PathBuf,

    /// Wait so many seconds for the file
    #[arg(short = 't', value_name = "SECONDS", default_value_t = 30)]
    timeout: u64,
}

/// Runs the tool: prints the path of the file.
#[allow(clippy::disallowed_methods, reason = "a tool is where the time comes from")]
pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let pid = recorder_of(&args.dir)?;
    let asked =
        SystemTime::now().duration_since(UNIX_EPOCH).map(Stamp::from_unix).unwrap_or_default();
    kill_process(pid, Signal::USR2)
        .with_context(|| format!("cannot ask the recorder, process {}", pid.as_raw_nonzero()))?;
    let start = Instant::now();
    loop {
        if let Some(file) = snapshot_since(&args.dir, asked)? {
            let path = args.dir.join(file).display().to_string();
            return say(&format!("{}\n", visible(path.as_bytes())));
        }
        if start.elapsed() >= Duration::from_secs(args.timeout) {
            bail!(
                "no snapshot within {} s: is there a log, and room for captures? what the recorder {} says tells more",
                args.timeout,
                pid.as_raw_nonzero()
            );
        }
        if !is_locked(&args.dir.join(PID_NAME))? {
            bail!("the recorder ended before the snapshot was made");
        }
        thread::sleep(PAUSE);
    }
}

/// The process that writes to this directory.
fn recorder_of(dir: &Path) -> anyhow::Result<Pid> {
    let path = dir.join(PID_NAME);
    let name = path.display();
    let nobody =
        || format!("no recorder writes to {}: start `shellac record -o` with it", dir.display());
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => bail!(nobody()),
        Err(error) => return Err(error).with_context(|| format!("cannot read {name}")),
    };
    let mut text = String::new();
    file.take(MAX_PID_BYTES)
        .read_to_string(&mut text)
        .with_context(|| format!("cannot read {name}"))?;
    if !is_locked(&path)? {
        bail!("{}; {name} is left from one that was killed", nobody());
    }
    let pid = text.trim().parse().ok().and_then(Pid::from_raw);
    pid.with_context(|| format!("{name} holds no process number"))
}

/// Whether somebody holds the lock on a pid file. Otherwise its number is that of anybody.
fn is_locked(path: &Path) -> anyhow::Result<bool> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error).with_context(|| path.display().to_string()),
    };
    match flock(&file, FlockOperation::NonBlockingLockShared) {
        Ok(()) => Ok(false),
        Err(rustix::io::Errno::WOULDBLOCK) => Ok(true),
        Err(error) => Err(error).with_context(|| path.display().to_string()),
    }
}

/// The file of a snapshot that was made at this time or later.
fn snapshot_since(dir: &Path, asked: Stamp) -> anyhow::Result<Option<String>> {
    let path = dir.join(MANIFEST_NAME);
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(|| path.display().to_string()),
    };
    for line in manifest::captures(BufReader::new(file)) {
        let line = line.with_context(|| path.display().to_string())?;
        let mut triggers = line.facts.triggers.iter();
        if triggers.any(|trigger| trigger.rule == SNAPSHOT && trigger.time >= asked) {
            return Ok(Some(line.file));
        }
    }
    Ok(None)
}
