//! Help on one screen, completions that shells can read, and manual pages.

use std::process::{Command, Output, Stdio};

use crate::support::skip::skipped;

/// Lines and columns of the smallest screen.
const LINES: usize = 24;
const COLUMNS: usize = 80;

fn shellac(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_shellac"))
        .args(arguments)
        .env("COLUMNS", COLUMNS.to_string())
        .stdin(Stdio::null())
        .output()
        .expect("it starts");
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).expect("text")
}

/// The tools, as `--help-all` lists them.
fn tools() -> Vec<String> {
    let help = shellac(&["--help-all"]);
    let lines = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let tools: Vec<String> = lines
        .take_while(|line| !line.is_empty())
        .filter(|line| !line.starts_with("    "))
        .filter_map(|line| line.split_whitespace().next().map(str::to_owned))
        .filter(|name| name != "help")
        .collect();
    assert!(tools.len() >= 20, "{help}");
    tools
}

/// What a program says on a screen, or in a pipe that knows no width.
fn on_a_screen(program: &str, arguments: &[&str]) -> String {
    let mut command = Command::new(program);
    let output = command.args(arguments).env_remove("COLUMNS").stdin(Stdio::null()).output();
    let output = output.expect("it starts");
    assert!(output.status.success(), "{program} {arguments:?}: {output:?}");
    let help = String::from_utf8(output.stdout).expect("text");
    let lines = help.trim_end().lines().count();
    assert!(lines <= LINES, "{program} {arguments:?} has {lines} lines:\n{help}");
    let widest = help.lines().map(|line| line.chars().count()).max();
    assert!(widest <= Some(COLUMNS), "{program} {arguments:?}: {widest:?} columns:\n{help}");
    help
}

#[test]
fn the_help_of_every_tool_fits_a_screen() {
    let (program, daemon) = (env!("CARGO_BIN_EXE_shellac"), env!("CARGO_BIN_EXE_shellacd"));
    let page = on_a_screen(program, &["--help"]);
    assert_eq!(page, on_a_screen(program, &["-h"]));
    let words: Vec<&str> = page.split_whitespace().collect();
    for tool in tools() {
        assert!(words.contains(&&*tool), "{tool} is not on the page:\n{page}");
        let help = on_a_screen(program, &[&tool, "--help"]);
        assert!(help.contains(&format!("Usage: shellac {tool}")), "{help}");
    }
    // Tools within tools; nothing has to run for that.
    for (tool, inner) in [
        ("export", "otlp"),
        ("export", "parquet"),
        ("adm", "drain"),
        ("adm", "undrain"),
        ("adm", "kill"),
    ] {
        let help = on_a_screen(program, &[tool, inner, "--help"]);
        assert!(help.contains(&format!("Usage: shellac {tool} {inner}")), "{help}");
    }
    let help = on_a_screen(daemon, &["--help"]);
    assert!(help.contains("Usage: shellacd [OPTIONS]"), "{help}");
}

#[test]
fn the_whole_help_has_every_option() {
    let (short, long) = (shellac(&["log", "--help"]), shellac(&["log", "--help-all"]));
    assert!(short == shellac(&["log", "-h"]) && short.contains("--help-all"), "{short}");
    for option in ["-r ", "-q ", "-g ", "-n "] {
        assert!(short.contains(option) && long.contains(option), "{option}: {short}");
    }
    assert!(!short.contains("--fail-on-loss") && long.contains("--fail-on-loss"), "{short}");
    let words = "Start with the oldest record that the log still";
    assert!(!short.contains(words) && long.contains(words), "{long}");
}

#[test]
fn the_whole_help_tells_defaults() {
    for (arguments, option, default) in [
        (&["record", "--help-all"][..], "--budget <SIZE>", "[default: 1G]"),
        (&["doctor", "--help-all"], "--sample <TIME>", "[default: "),
        (&["adm", "drain", "--help-all"], "--timeout <TIME>", "[default: "),
    ] {
        let help = shellac(arguments);
        let (_, of_option) = help.split_once(option).unwrap_or_else(|| panic!("{option}: {help}"));
        let of_option = of_option.split("\n  -").next().unwrap_or_default();
        let of_option = of_option.split("\n      --").next().unwrap_or_default();
        assert!(of_option.contains(default), "{option}: {of_option}");
    }
}

#[test]
fn the_word_help_is_the_option() {
    assert_eq!(shellac(&["help"]), shellac(&["--help"]));
    assert_eq!(shellac(&["help", "log"]), shellac(&["log", "--help"]));
    assert_eq!(shellac(&["help", "export", "otlp"]), shellac(&["export", "otlp", "--help"]));
    assert_eq!(shellac(&["help", "adm", "drain"]), shellac(&["adm", "drain", "--help"]));
}

fn checked(program: &str, arguments: &[&str], file: &std::path::Path) -> Option<Output> {
    let output = Command::new(program).args(arguments).arg(file).stdin(Stdio::null()).output();
    match output {
        Ok(output) => Some(output),
        Err(_) => {
            println!("not checked: {program} is not installed");
            None
        }
    }
}

#[test]
fn completions_are_read_by_the_shells() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut has_checked = false;
    for (program, words) in [
        ("shellac", ["top", "url-pattern", "--since"]),
        ("shellacd", ["print-config", "check", "single"]),
    ] {
        for shell in ["bash", "zsh", "fish"] {
            let text = shellac(&["completions", shell, program]);
            for word in words {
                assert!(text.contains(word), "{shell}: {program}: {word}");
            }
            // As zsh wants it; the others do not mind.
            let file = directory.path().join(format!("{shell}/_{program}"));
            std::fs::create_dir_all(file.parent().expect("the shell's")).expect("ours");
            std::fs::write(&file, text).expect("the directory is ours");
            if let Some(output) = checked(shell, &["-n"], &file) {
                let is_fine = output.status.success() && output.stderr.is_empty();
                assert!(is_fine, "{shell}: {program}: {output:?}");
                has_checked = true;
            }
        }
    }
    assert_eq!(shellac(&["completions", "zsh"]), shellac(&["completions", "zsh", "shellac"]));
    if !has_checked {
        skipped("neither bash nor zsh nor fish is installed");
        return;
    }
    // What bash makes of it: the tools that begin so, and words that an option takes.
    for (words, offered) in [
        ("shellac to", "top"),
        ("shellac log -g s", "session"),
        ("shellac top --by u", "url-pattern"),
        ("shellac adm --help-", "--help-all"),
        ("shellac completions bash shellacd", "shellacd"),
        ("shellacd --print-", "--print-config"),
    ] {
        let (program, _) = words.split_once(' ').expect("words");
        let script = format!(
            "source '{}'; COMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); \
             _{program} {program} \"${{COMP_WORDS[-1]}}\" \"${{COMP_WORDS[-2]}}\"; echo \"${{COMPREPLY[@]}}\"",
            directory.path().join(format!("bash/_{program}")).display()
        );
        if let Ok(output) = Command::new("bash").args(["-c", &script]).output() {
            assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), offered, "{output:?}");
        }
    }
    // zsh finds both by their names, and can load what it finds.
    let script = "fpath=(\"$0\" $fpath); autoload -Uz compinit; compinit -u -D; \
        for name in shellac shellacd; do autoload +X $_comps[$name] && echo $name: $_comps[$name]; done";
    let folder = directory.path().join("zsh");
    let zsh = Command::new("zsh").args(["-f", "-c", script]).arg(folder).output();
    if let Ok(output) = zsh {
        let said = String::from_utf8_lossy(&output.stdout);
        assert_eq!(said, "shellac: _shellac\nshellacd: _shellacd\n", "{output:?}");
    }
}

#[test]
fn every_tool_has_a_manual_page() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let written = shellac(&["man", directory.path().to_str().expect("text")]);
    let names = tools().into_iter().map(|tool| format!("shellac-{tool}"));
    let others = ["shellac", "shellacd", "shellac-export-otlp", "shellac-adm-drain"];
    for name in names.chain(others.map(str::to_owned)) {
        let path = directory.path().join(format!("{name}.1"));
        assert!(written.lines().any(|line| line == path.to_str().expect("text")), "{written}");
        let page = std::fs::read_to_string(&path).expect("it was written");
        for part in [&*format!(".TH {name} 1"), ".SH NAME", ".SH SYNOPSIS"] {
            assert!(page.contains(part), "{name}: {part}");
        }
        if let Some(output) = checked("man", &["--warnings", "-E", "UTF-8", "-Tutf8", "-l"], &path)
        {
            assert!(output.status.success() && output.stderr.is_empty(), "{name}: {output:?}");
        }
        if let Some(output) = checked("mandoc", &["-T", "lint", "-W", "error"], &path) {
            assert!(output.status.success(), "{name}: {output:?}");
        }
    }
    // What a page sends its reader to is there.
    for path in written.lines() {
        let page = std::fs::read_to_string(path).expect("it was written").replace("\\-", "-");
        for name in page.lines().filter_map(|line| line.strip_suffix("(1)")) {
            let there = directory.path().join(format!("{name}.1"));
            assert!(there.is_file(), "{path} speaks of {name}(1), which is not there");
        }
    }
    let log = std::fs::read_to_string(directory.path().join("shellac-log.1")).expect("a page");
    assert!(log.contains("Start with the oldest record that the log still holds"), "{log}");
    assert!(log.contains("shellac log\\fR [OPTIONS]"), "{log}");
}

#[test]
fn what_nobody_takes_is_no_panic() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let directory = directory.path().to_str().expect("text");
    let told: [&[&str]; 7] = [
        &["links", directory],
        &["man", directory],
        &["completions", "bash"],
        &["json", "--print-schema"],
        &["log", "-V"],
        &["stat", "-V"],
        &["explain", "HTC eof (-1)"],
    ];
    for arguments in told {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("a device");
        let mut command = Command::new(env!("CARGO_BIN_EXE_shellac"));
        let output = command.args(arguments).stdin(Stdio::null()).stdout(full).output();
        let output = output.expect("it starts");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {said}");
        assert!(said.contains("No space left on device") && said.lines().count() == 1, "{said}");

        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let mut command = Command::new(env!("CARGO_BIN_EXE_shellac"));
        let output = command.args(arguments).stdin(Stdio::null()).stdout(writer).output();
        let output = output.expect("it starts");
        assert!(output.status.success() && output.stderr.is_empty(), "{arguments:?}: {output:?}");
    }
}
