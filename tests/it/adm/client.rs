//! Our client beside the stock one on a varnishd: what both write and how both end.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use super::run;
use crate::support::tmux::Terminal;
use crate::support::varnish::{self, Varnishd};

/// Links under the stock names in a directory of their own.
fn links(dir: &Path) -> PathBuf {
    let links = dir.join("links");
    std::fs::create_dir(&links).unwrap();
    let made = run(Command::new(env!("CARGO_BIN_EXE_shellac")).arg("links").arg(&links), &[]);
    assert!(made.status.success(), "{made:?}");
    links.join("varnishadm")
}

/// Output without what differs between two calls: the time.
pub(super) fn timeless(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut out = String::new();
    let mut digits = String::new();
    for c in text.chars().chain(['\0']) {
        if c.is_ascii_digit() || c == '.' && digits.len() >= 10 {
            digits.push(c);
            continue;
        }
        out.push_str(if digits.len() >= 10 { "TIME" } else { &digits });
        digits.clear();
        out.push(c);
    }
    out
}

fn assert_same(name: &dyn std::fmt::Debug, ours: &Output, theirs: &Output) {
    assert_eq!(timeless(&ours.stdout), timeless(&theirs.stdout), "{name:?}");
    assert_eq!(timeless(&ours.stderr), timeless(&theirs.stderr), "{name:?}");
    assert_eq!(ours.status.code(), theirs.status.code(), "{name:?}");
}

fn published(workdir: &Path, ident: &str) -> String {
    let attachment =
        shellac_vsm::Attachment::open(workdir, shellac_vsm::AttachOptions::default()).unwrap();
    attachment.read_text("Arg", ident).unwrap().unwrap()
}

#[test]
fn every_way_of_giving_a_command_is_varnishadms() {
    if !varnish::is_here() {
        return;
    }
    let root = tempfile::tempdir().unwrap();
    let workdir = root.path().join("v");
    let _varnishd = Varnishd::start_with(&workdir, &["-b", "127.0.0.1:9"]);
    let ours = links(root.path());
    let dir = workdir.to_str().unwrap();
    let address = published(&workdir, "-T").lines().next().unwrap().replace(' ', ":");
    let secret = published(&workdir, "-S");
    let wrong = root.path().join("wrong");
    std::fs::write(&wrong, "wrong\n").unwrap();
    let wrong = wrong.to_str().unwrap();

    let cases: &[&[&str]] = &[
        // Finding it, and getting in.
        &["-T", "127.0.0.1:1", "ping"],
        &["-T", &address, "ping"],
        &["-T", &address, "-S", "/nonexistent", "ping"],
        &["-T", &address, "-S", wrong, "ping"],
        &["-T", &address, "-S", &secret, "ping"],
        &["-n", dir, "-T", &address, "ping"],
        &["-S", &secret, "ping"],
        &["-n", "/nonexistent", "-t", "0", "ping"],
        &["-n", dir, "-t", "x", "ping"],
        &["-n", dir, "-t", "1", "ping"],
        &["-T"],
        &["-x"],
        &["-h"],
        &["--optstring"],
        // Answers.
        &["-n", dir, "ping"],
        &["-n", dir, "ping", "-j"],
        &["-n", dir, "--", "ping", "-j"],
        &["-n", dir, "-p", "ping"],
        &["-n", dir, "-p", "nosuch"],
        &["-n", dir, "PING"],
        &["-n", dir, "help"],
        &["-n", dir, "help", "-j"],
        &["-n", dir, "backend.list", "-p"],
        &["-n", dir, "backend.list", "-j"],
        &["-n", dir, "backend.set_health", "nosuch", "sick"],
        &["-n", dir, "backend.set_health", "default", "sick"],
        &["-n", dir, "ping", "\"a"],
        &["-n", dir, "quit"],
        &["-n", dir, "param.set", "cli_limit", "128"],
        &["-n", dir, "help"],
        &["-n", dir, "-p", "help"],
        &["-n", dir, "param.reset", "cli_limit"],
    ];
    for case in cases {
        let theirs = run(&mut Command::new("varnishadm"), case);
        let mut command = Command::new(&ours);
        // The C library's complaints begin with the name of the program.
        std::os::unix::process::CommandExt::arg0(&mut command, OsStr::new("varnishadm"));
        assert_same(case, &run(&mut command, case), &theirs);
    }
}

/// Feeds lines one after the other, each when the answer to the one before is there; what came out.
fn fed(command: &mut Command, lines: &[&str], answers: &[&str]) -> (String, Option<i32>) {
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut said = String::new();
    for (line, answer) in lines.iter().zip(answers) {
        stdin.write_all(line.as_bytes()).unwrap();
        while !said.ends_with(answer) {
            let mut byte = [0];
            stdout.read_exact(&mut byte).unwrap_or_else(|error| panic!("{error} behind {said:?}"));
            said.push(char::from(byte[0]));
        }
    }
    drop(stdin);
    stdout.read_to_string(&mut said).unwrap();
    (said, child.wait().unwrap().code())
}

#[test]
fn lines_from_standard_input_are_passed_on() {
    if !varnish::is_here() {
        return;
    }
    let root = tempfile::tempdir().unwrap();
    let workdir = root.path().join("v");
    let _varnishd = Varnishd::start(&workdir);
    let ours = links(root.path());
    let lines = ["nosuch\n", "status\n", "\nping -j\n"];
    for (raw, answers) in
        [(false, ["info.\n\n", "running\n", "]\n\n"]), (true, ["info.\n", "running", "]\n"])]
    {
        let both: Vec<_> = [Path::new("varnishadm"), &ours]
            .into_iter()
            .map(|program| {
                let mut command = Command::new(program);
                command.arg("-n").arg(&workdir).args(raw.then_some("-p"));
                let (text, code) = fed(&mut command, &lines, &answers);
                (timeless(text.as_bytes()), code)
            })
            .collect();
        assert_eq!(both[1], both[0]);
        assert_eq!(both[0].1, Some(0));
    }
    // All at once: each has its answer, the last one too.
    let mut child = Command::new(&ours)
        .arg("-n")
        .arg(&workdir)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"status\nstatus\nbackend.list << x\n*\nx\n").unwrap();
    let said: Vec<String> =
        BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap).collect();
    assert_eq!(said[..2], ["Child in state running"; 2]);
    assert!(said[2].starts_with("Backend name"), "{said:?}");
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_person_at_a_terminal_has_a_prompt() {
    if !varnish::is_here() {
        return;
    }
    let root = tempfile::tempdir().unwrap();
    let workdir = root.path().join("v");
    let _varnishd = Varnishd::start(&workdir);
    let ours = links(root.path());
    for program in [Path::new("varnishadm"), &ours] {
        let command = format!("{} -n {}; echo status $?", program.display(), workdir.display());
        let Some(terminal) = Terminal::start(80, 40, &command) else { return };
        terminal.wait_for("prompt", |screen| {
            screen.contains("'quit' to close CLI session.")
                && screen.trim_end().ends_with("varnish>")
        });
        terminal.type_text("status");
        terminal.press(&["Enter"]);
        terminal.wait_for_texts(&["200\nChild in state running\nvarnish>"]);
        terminal.type_text("nosuch");
        terminal.press(&["Enter"]);
        terminal.wait_for_texts(&["101\nUnknown request.\nType 'help' for more info."]);
        terminal.press(&["C-d"]);
        terminal.wait_for_texts(&["status 0"]);
    }
}
