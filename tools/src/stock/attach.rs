//! Finding an instance as the stock tools do: how long, one rule for the directory, and their words while waiting.

use std::io::Write;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::bail;
use shellac_log::Compat;
use shellac_vsm::{AttachOptions, Attachment};

use super::number;
use crate::attach::Patience;

/// Where names are looked for: as distributions build the stock tools, then as their sources have it.
const STATE_DIRECTORIES: [&str; 3] = ["/var/lib/varnish", "/var/run/varnish", "/var/run"];
/// The name that is meant when there is none.
const DEFAULT_NAME: &str = "varnishd";
/// Time between two attempts.
const PAUSE: Duration = Duration::from_millis(250);
/// A dot is shown for this many attempts.
const ATTEMPTS_PER_DOT: u32 = 4;

/// The directory that `-n` means.
fn workdir(name: Option<&str>, variable: Option<String>) -> PathBuf {
    let name = name.map(str::to_owned).or(variable).filter(|name| !name.is_empty());
    let name = name.as_deref().unwrap_or(DEFAULT_NAME);
    // An absolute path replaces what it is joined to.
    let candidates = STATE_DIRECTORIES.map(|directory| PathBuf::from(directory).join(name));
    let found = candidates.iter().find(|path| path.is_dir());
    found.unwrap_or(&candidates[0]).clone()
}

/// How long to wait, as the stock tools read `-t`: a number of C, nothing at all for none, or `off`.
///
/// # Errors
///
/// The complaint of the stock tools.
pub(crate) fn patience(text: &str) -> anyhow::Result<Patience> {
    let number = text.trim_start_matches(number::is_blank);
    let hexadecimal = match number::strtol(number, 0) {
        (seconds, "") if number.contains(['x', 'X']) => u64::try_from(seconds).ok(),
        _ => None,
    };
    match hexadecimal {
        _ if text.is_empty() => Ok(Patience::For(Duration::ZERO)),
        Some(seconds) => Ok(Patience::For(Duration::from_secs(seconds))),
        None if number.ends_with(number::is_blank) => bail!("-t: Invalid argument: {text}"),
        None => Patience::parse(text),
    }
}

/// Attaches to the instance, waiting for it.
///
/// # Errors
///
/// The words of the stock tools, before which some put `VSM: `.
#[allow(clippy::disallowed_methods, reason = "a tool is where the time comes from")]
pub(crate) fn attach(
    name: Option<&str>,
    compat: Option<Compat>,
    patience: Patience,
    stop: &dyn Fn() -> bool,
) -> anyhow::Result<Attachment> {
    // The older ones look neither at the variable nor for processes, which may be in another name space.
    let (variable, check_pid) = match compat {
        Some(Compat::V9) => {
            (std::env::var("VARNISH_DEFAULT_N").ok(), std::env::var_os("VSM_NOPID").is_none())
        }
        Some(Compat::V7) | None => (None, false),
    };
    let workdir = workdir(name, variable);
    let start = Instant::now();
    let mut attempts = 0;
    let result = loop {
        attempts += 1;
        if let Ok(attachment) = Attachment::open(&workdir, AttachOptions { check_pid }) {
            break Ok(attachment);
        }
        if stop() {
            bail!("Attach interrupted");
        }
        if matches!(patience, Patience::For(patience) if start.elapsed() > patience) {
            break Err(anyhow::anyhow!("Could not get hold of varnishd, is it running?"));
        }
        if attempts % ATTEMPTS_PER_DOT == 0 {
            eprint!(".");
            // Standard error going away is no reason to stop.
            let _ = std::io::stderr().flush();
        }
        thread::sleep(PAUSE);
    };
    // The last attempt is followed by no pause, and pauses are what counts.
    if attempts - 1 > ATTEMPTS_PER_DOT {
        eprintln!();
    }
    result
}
