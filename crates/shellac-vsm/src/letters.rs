//! Orders for a worker whose place another one has taken: it listens to nobody any more, but looks for files in its directory.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::attach::open_plain;

/// How the name of an order to end a request begins; the request's number follows.
const KILL: &str = "kill.";
/// Longest reason in bytes.
const REASON_BYTES: u64 = 4 << 10;

/// Orders the worker whose set lies in `dir` to end a request; returns the file, which is gone when the worker has done so.
///
/// # Errors
///
/// What the system says; nothing is ordered then.
pub fn order_kill(dir: &Path, xid: u64, reason: &str) -> io::Result<PathBuf> {
    let path = dir.join(format!("{KILL}{xid}"));
    let beside = dir.join(format!("new.{KILL}{xid}"));
    // Whoever looks finds all of it or nothing.
    std::fs::write(&beside, reason).and_then(|()| std::fs::rename(&beside, &path))?;
    Ok(path)
}

/// Hands each request that is to be ended to `kill`, with the reason, and takes the order away.
pub fn take_kills(dir: &Path, mut kill: impl FnMut(u64, &str)) {
    // The next look may find it again.
    let Ok(entries) = std::fs::read_dir(dir) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let Some(xid) = name.to_str().and_then(|name| name.strip_prefix(KILL)?.parse().ok()) else {
            continue;
        };
        let path = entry.path();
        let mut reason = Vec::new();
        let read =
            open_plain(&path).and_then(|file| file.take(REASON_BYTES).read_to_end(&mut reason));
        if read.is_ok() {
            kill(xid, &String::from_utf8_lossy(&reason));
        }
        // One that stays is obeyed once more, which changes nothing.
        let _ = std::fs::remove_file(&path);
    }
}

#[cfg(test)]
mod tests;
