//! A person at the prompt: words that are completed, lines that are remembered, and an instance that goes away.

use std::fs;
use std::path::Path;

use super::client::Beside;
use crate::support::tmux::{self, Terminal};

/// `shellac adm` with a history of its own.
fn prompt(state: &Path, workdir: &Path) -> Terminal {
    let command = format!(
        "XDG_STATE_HOME='{}' '{}' adm -n '{}'; echo status $?",
        state.display(),
        env!("CARGO_BIN_EXE_shellac"),
        workdir.display()
    );
    let terminal = Terminal::start(80, 60, &command).expect("tmux was there");
    terminal.wait_for("prompt", |screen| {
        screen.contains("'quit' to close CLI session.") && screen.trim_end().ends_with("shellac>")
    });
    terminal
}

#[test]
fn words_are_completed_and_lines_remembered() {
    let Some(beside) = Beside::start() else { return };
    if !tmux::is_here() {
        return;
    }
    let (_daemon, shellacd) = beside.shellacd();
    for (name, workdir) in [("varnishd", &beside.workdir), ("shellacd", &shellacd)] {
        let state = tempfile::tempdir().expect("a temporary directory");
        let terminal = prompt(state.path(), workdir);
        // What a command may be, and then what it takes.
        terminal.type_text("backend.se");
        terminal.press(&["Tab"]);
        terminal.wait_for_texts(&["shellac> backend.set_health"]);
        terminal.type_text("boot.de");
        terminal.press(&["Tab"]);
        terminal.wait_for_texts(&["shellac> backend.set_health boot.default"]);
        terminal.type_text("si");
        terminal.press(&["Tab"]);
        terminal.wait_for_texts(&["backend.set_health boot.default sick"]);
        terminal.press(&["Enter"]);
        terminal.wait_for(name, |screen| {
            let mut lines = screen.lines().skip_while(|line| !line.contains("boot.default sick"));
            lines.nth(1) == Some("200")
        });
        terminal.type_text("param.show vsl_sp");
        terminal.press(&["Tab", "Enter"]);
        terminal.wait_for_texts(&["vsl_space\n        Value is: "]);
        // The line before that is one key away, in this session as in the next.
        terminal.press(&["Up", "Up"]);
        terminal.wait_for("the line again", |screen| {
            screen.trim_end().ends_with("shellac> backend.set_health boot.default sick")
        });
        terminal.press(&["C-c"]);
        terminal.wait_for("a new prompt", |screen| screen.trim_end().ends_with("\nshellac>"));
        terminal.press(&["C-d"]);
        terminal.wait_for_texts(&["status 0"]);
        let kept = fs::read_to_string(state.path().join("shellac/adm_history")).expect("a history");
        assert!(kept.contains("param.show vsl_space"), "{kept}");
        let again = prompt(state.path(), workdir);
        again.press(&["Up"]);
        again.wait_for("the last line", |screen| {
            screen.trim_end().ends_with("shellac> param.show vsl_space")
        });
        again.press(&["C-u"]);
        again.type_text("quit\n");
        again.wait_for_texts(&["500\nClosing CLI connection", "status 0"]);
    }
}

#[test]
fn lines_of_a_here_document_are_one_command() {
    let Some(beside) = Beside::start() else { return };
    if !tmux::is_here() {
        return;
    }
    let state = tempfile::tempdir().expect("a temporary directory");
    let terminal = prompt(state.path(), &beside.workdir);
    terminal.type_text("\nbackend.list << end\n*.default\nend\n");
    terminal.wait_for_texts(&["200\nBackend name"]);
    terminal.type_text("status\n");
    terminal.wait_for_texts(&["200\nChild in state running"]);
}

#[test]
fn who_goes_away_ends_the_prompt() {
    let Some(beside) = Beside::start() else { return };
    if !tmux::is_here() {
        return;
    }
    let (daemon, shellacd) = beside.shellacd();
    let state = tempfile::tempdir().expect("a temporary directory");
    let terminal = prompt(state.path(), &shellacd);
    drop(daemon);
    // Nobody types anything.
    terminal.wait_for_texts(&["status 0"]);
}
