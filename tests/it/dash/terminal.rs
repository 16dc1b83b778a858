//! The terminal: taken, given back on every way out, called back after Ctrl-Z; what is copied and written out of it.

use std::fs;
use std::path::Path;

use rustix::process::Signal;

use super::{shellac, stat, terminal};
use crate::support::daemon::{Daemon, signal_process};
use crate::support::origin::{Origin, ok};
use crate::support::tmux::{self, Terminal};

/// Says how a program has ended and how the terminal is then, and stays.
const AFTERWARDS: &str = "; echo ended with $?; stty -a; cat";

/// The terminal is as it was.
fn assert_given_back(pane: &Terminal, what: &str) {
    let screen = pane.wait_for_texts(&["ended with 0", "extproc"]);
    assert!(!pane.is_on_other_screen(), "{what}: {screen}");
    // Lines, echo and signals again.
    let modes: Vec<&str> = screen.split_ascii_whitespace().collect();
    for mode in ["icanon", "echo", "isig", "opost"] {
        assert!(modes.contains(&mode), "{what}, {mode}: {screen}");
    }
}

/// Runs something in a shell that stays, and waits for the dashboard.
fn opened(command: &str) -> Terminal {
    let pane = terminal((80, 24), &format!("{command}{AFTERWARDS}"));
    pane.wait_for_texts(&["q quit", "h help"]);
    assert!(pane.is_on_other_screen());
    pane
}

#[test]
fn every_way_out_gives_the_terminal_back() {
    if !tmux::is_here() {
        return;
    }
    let root = tempfile::tempdir().unwrap();
    // What is looked at need not be there.
    let workdir = root.path().join("nowhere");
    for keys in ["q", "C-c"] {
        let pane = opened(&stat(&workdir, ""));
        pane.press(&[keys]);
        assert_given_back(&pane, keys);
    }
    for (name, signal) in [("term", Signal::TERM), ("hup", Signal::HUP), ("int", Signal::INT)] {
        let file = root.path().join(name);
        let command = stat(&workdir, "");
        // The shell becomes the program, whose number is then known.
        let started = format!("sh -c 'echo $$ >{}; exec \"$@\"' x {command}", file.display());
        let pane = opened(&started);
        let pid = fs::read_to_string(&file).unwrap().trim().parse().unwrap();
        signal_process(pid, signal);
        assert_given_back(&pane, name);
    }
    // Whoever does not want to wait is told what was waited for.
    let command = stat(&workdir, "-t 0.1");
    let pane = terminal((80, 24), &format!("{command}{AFTERWARDS}"));
    let screen = pane.wait_for_texts(&["ended with 1", "extproc"]);
    assert!(
        screen.contains("is not a running instance") && screen.contains("isig icanon"),
        "{screen}"
    );
}

#[test]
fn control_z_stops_it_and_the_shell_calls_it_back() {
    if !tmux::is_here() {
        return;
    }
    let root = tempfile::tempdir().unwrap();
    let pane = terminal((80, 24), "PS1='ready> ' sh -i");
    pane.wait_for_texts(&["ready>"]);
    pane.type_text(&format!("{}\n", stat(&root.path().join("nowhere"), "")));
    pane.wait_for_texts(&["q quit"]);
    for _ in 0..2 {
        pane.press(&["C-z"]);
        pane.wait_for("the shell", |screen| screen.contains("Stopped"));
        assert!(!pane.is_on_other_screen());
        pane.type_text("clear; fg\n");
        pane.wait_for_texts(&["q quit"]);
        assert!(pane.is_on_other_screen());
    }
    // It listens again.
    pane.press(&["h"]);
    pane.wait_for_texts(&["h closes the help"]);
    pane.press(&["q"]);
    pane.wait_for("the shell", |screen| screen.contains("ready>") && !screen.contains("help"));
    assert!(!pane.is_on_other_screen());
}

#[test]
fn what_is_shown_gets_out_through_the_clipboard_and_into_files() {
    if !tmux::is_here() {
        return;
    }
    let origin = Origin::start(|_| vec![ok("x")]);
    let root = tempfile::tempdir().unwrap();
    let workdir = root.path().join("v");
    let _daemon = Daemon::start(&workdir, &Daemon::config(origin.address(), ""));
    let pane = terminal((80, 24), &stat(&workdir, ""));
    to_counters(&pane);
    pane.wait_for_texts(&["MGT.uptime ", "MAIN.uptime "]);
    pane.press(&["p"]);
    pane.wait_for_texts(&["PAUSED"]);
    pane.type_text("/uptime");
    pane.press(&["Enter"]);
    let screen = pane.wait_for_texts(&["Filter uptime"]);
    let shown: Vec<&str> =
        screen.lines().filter(|line| line.starts_with('M') && line.contains(".uptime  ")).collect();
    assert_eq!(shown.len(), 2, "{screen}");

    pane.press(&["y"]);
    pane.wait_for_texts(&["Copied 3 lines"]);
    let copied = pane.clipboard();
    for line in shown {
        let value = line.split_ascii_whitespace().nth(1).unwrap();
        assert!(copied.contains(value), "{value} in {copied}");
    }
    let file = pane.directory().join("seen.json");
    pane.press(&["w", "C-u"]);
    pane.type_text("seen.json");
    pane.press(&["Enter"]);
    pane.wait_for_texts(&["Wrote ", "seen.json"]);
    let written: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
    assert!(written["counters"]["MAIN.uptime"]["value"].is_u64(), "{written}");
    // What is there already stays as it is.
    pane.press(&["w", "C-u"]);
    pane.type_text("seen.json");
    pane.press(&["Enter"]);
    pane.wait_for_texts(&["exists already; nothing was written"]);
}

/// Shows the screen of counters, whichever it is.
pub(super) fn to_counters(pane: &Terminal) {
    let screen = pane.wait_for_texts(&[" counters "]);
    let names = screen.lines().next().unwrap();
    let before = names.split(" counters ").next().unwrap();
    let key = before.split_ascii_whitespace().last().unwrap().to_owned();
    pane.press(&[&key]);
    pane.wait_for_texts(&["Uptime child:"]);
}

#[test]
fn a_file_is_opened_in_the_same_screens() {
    if !tmux::is_here() {
        return;
    }
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/story/seed.vsl");
    let pane = terminal((80, 24), &format!("{} stat -r '{}'", shellac(), file.display()));
    pane.wait_for_texts(&["overview", "requests", "seed.vsl"]);
    to_counters(&pane);
    pane.wait_for_texts(&["Uptime mgt:   not recorded", "A log has no counters"]);
    pane.press(&["q"]);
    pane.wait_for("its end", |_| !pane.is_on_other_screen());
}
