//! A terminal for programs that want one.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

use super::deadline::Deadline;
use super::skip::skipped;

/// A screen of a tmux of its own; dropping it ends the tmux and what runs there.
pub(crate) struct Terminal {
    directory: TempDir,
}

impl Terminal {
    /// Runs a command line on a screen of this size; `None` where there is no tmux.
    pub(crate) fn start(columns: u16, rows: u16, command: &str) -> Option<Terminal> {
        let terminal = Terminal { directory: TempDir::new().expect("a temporary directory") };
        let size = ["-x", &columns.to_string(), "-y", &rows.to_string()];
        // The screen stays when the command has ended, so that its last words can be read.
        let run = ["set-option", "-g", "remain-on-exit", "on"];
        let started = Command::new("tmux")
            .args(["-f", "/dev/null", "-S"])
            .arg(terminal.socket())
            .args(run)
            .args([";", "new-session", "-d"])
            .args(size)
            .arg(command)
            .stdin(Stdio::null())
            .output();
        match started {
            Ok(output) => assert!(output.status.success(), "{output:?}"),
            Err(_) => {
                skipped("tmux is not installed");
                return None;
            }
        }
        Some(terminal)
    }

    /// What is on the screen.
    pub(crate) fn screen(&self) -> String {
        let output = self.tmux(&["capture-pane", "-p"]);
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Presses keys, by the names that tmux has for them.
    pub(crate) fn press(&self, keys: &[&str]) {
        self.tmux(&[&["send-keys"], keys].concat());
    }

    /// Waits until the screen is as `wanted` says.
    pub(crate) fn wait_for(&self, what: &str, wanted: impl Fn(&str) -> bool) -> String {
        let deadline = Deadline::generous();
        loop {
            let screen = self.screen();
            if wanted(&screen) {
                return screen;
            }
            assert!(deadline.left().is_some(), "no {what} on the screen:\n{screen}");
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    }

    fn socket(&self) -> std::path::PathBuf {
        Path::join(self.directory.path(), "tmux")
    }

    fn tmux(&self, arguments: &[&str]) -> Output {
        let output = Command::new("tmux")
            .arg("-S")
            .arg(self.socket())
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .expect("tmux was there");
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        output
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // It fails when it has ended by itself.
        let _ = Command::new("tmux")
            .arg("-S")
            .arg(self.socket())
            .arg("kill-server")
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .status();
    }
}
