//! A terminal for programs that want one.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

use super::deadline::Deadline;
use super::skip::skipped;

/// Whether there is tmux. A test that gets `false` ends there, and has said so.
pub(crate) fn is_here() -> bool {
    let here = Command::new("tmux").arg("-V").stdout(Stdio::null()).status().is_ok();
    if !here {
        skipped("tmux is not installed");
    }
    here
}

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
        let run = ["set-option", "-g", "remain-on-exit", "on", ";"];
        // And so does what it hands to the clipboard.
        let run = [&run[..], &["set-option", "-s", "set-clipboard", "on"]].concat();
        let started = Command::new("tmux")
            .args(["-f", "/dev/null", "-S"])
            .arg(terminal.socket())
            .args(run)
            .args([";", "new-session", "-d"])
            .args(size)
            .arg(command)
            .env_remove("TMUX")
            .env("LC_ALL", "C.UTF-8")
            .current_dir(terminal.directory.path())
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

    /// Types text.
    pub(crate) fn type_text(&self, text: &str) {
        self.tmux(&["send-keys", "-l", text]);
    }

    /// Makes it larger or smaller.
    pub(crate) fn resize(&self, columns: u16, rows: u16) {
        let (columns, rows) = (columns.to_string(), rows.to_string());
        self.tmux(&["resize-window", "-x", &columns, "-y", &rows]);
    }

    /// Whether a program has taken the screen that is not scrolled.
    pub(crate) fn is_on_other_screen(&self) -> bool {
        self.tmux(&["display-message", "-p", "#{alternate_on}"]).stdout.trim_ascii() == b"1"
    }

    /// Waits until the command has ended.
    pub(crate) fn wait_for_its_end(&self) {
        Deadline::generous().wait_for("the end of what runs on the screen", || {
            (self.tmux(&["display-message", "-p", "#{pane_dead}"]).stdout.trim_ascii() == b"1")
                .then_some(())
        });
    }

    /// What was handed to the clipboard last.
    pub(crate) fn clipboard(&self) -> String {
        String::from_utf8_lossy(&self.tmux(&["show-buffer"]).stdout).into_owned()
    }

    /// Where programs in it begin.
    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Waits until all of these texts are on the screen.
    pub(crate) fn wait_for_texts(&self, texts: &[&str]) -> String {
        self.wait_for(&format!("{texts:?}"), |screen| texts.iter().all(|it| screen.contains(it)))
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
