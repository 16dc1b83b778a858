//! The loop of the maintenance story.

use std::path::Path;
use std::process::{Child, Command, Stdio};

/// The loop that waits in a shell until a backend has nothing in flight, with its patterns and its `$2` quoted as they have
/// to be; `stat` is its varnishstat. Each round says what it found.
pub(crate) fn shell_loop(workdir: &Path, stat: &Path, pattern: &str) -> Child {
    let script = r#"
        until "$STAT" -n "$DIR" -1 -f "$PATTERN" |
            awk '{ print; fflush(); sum += $2 } END { exit sum != 0 }'
        do sleep 0.05; done"#;
    Command::new("sh")
        .args(["-c", script])
        .env("STAT", stat)
        .env("DIR", workdir)
        .env("PATTERN", pattern)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("there is a shell")
}
