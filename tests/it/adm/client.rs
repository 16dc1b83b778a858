//! Our client beside the stock one, each on a varnishd and on a shellacd: what they write and how they end.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

use super::layout::undated;
use super::run;
use crate::support::daemon::Daemon;
use crate::support::tmux::Terminal;
use crate::support::varnish::{self, Varnishd};

/// Where nobody listens; the backend of both daemons.
const NOBODY: &str = "127.0.0.1:9";

/// A varnishd, and our client under the stock name.
pub(super) struct Beside {
    root: TempDir,
    pub(super) workdir: PathBuf,
    ours: PathBuf,
    _varnishd: Varnishd,
}

impl Beside {
    /// `None` where there is no varnish.
    pub(super) fn start() -> Option<Beside> {
        if !varnish::is_here() {
            return None;
        }
        let root = tempfile::tempdir().unwrap();
        let workdir = root.path().join("v");
        let _varnishd = Varnishd::start_with(&workdir, &["-b", NOBODY]);
        let links = root.path().join("links");
        std::fs::create_dir(&links).unwrap();
        let made = run(Command::new(env!("CARGO_BIN_EXE_shellac")).arg("links").arg(&links), &[]);
        assert!(made.status.success(), "{made:?}");
        Some(Beside { root, workdir, ours: links.join("varnishadm"), _varnishd })
    }

    /// A shellacd with a backend of the same name, and where it is.
    pub(super) fn shellacd(&self) -> (Daemon, PathBuf) {
        let workdir = self.root.path().join("w");
        let config = Daemon::config(NOBODY.parse().unwrap(), "").replace("\"b0\"", "\"default\"");
        (Daemon::start(&workdir, &config), workdir)
    }
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
    let Some(beside) = Beside::start() else { return };
    let Beside { root, workdir, ours, .. } = &beside;
    let dir = workdir.to_str().unwrap();
    let address = published(workdir, "-T").lines().next().unwrap().replace(' ', ":");
    let secret = published(workdir, "-S");
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
        // As long as it takes.
        &["-n", dir, "-t", "0", "ping"],
        &["-T", &address, "-S", &secret, "-t", "", "ping"],
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
        let mut command = Command::new(ours);
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
    let Some(beside) = Beside::start() else { return };
    let Beside { workdir, ours, .. } = &beside;
    let lines = ["nosuch\n", "status\n", "\nping -j\n"];
    for (raw, answers) in
        [(false, ["info.\n\n", "running\n", "]\n\n"]), (true, ["info.\n", "running", "]\n"])]
    {
        let both = [Path::new("varnishadm"), ours].map(|program| {
            let mut command = Command::new(program);
            command.arg("-n").arg(workdir).args(raw.then_some("-p"));
            let (text, code) = fed(&mut command, &lines, &answers);
            (timeless(text.as_bytes()), code)
        });
        assert_eq!(both[1], both[0]);
        assert_eq!(both[0].1, Some(0));
    }
    // All at once: each has its answer, the last one too.
    let mut child = Command::new(ours)
        .arg("-n")
        .arg(workdir)
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
fn a_stock_script_hears_the_same_from_a_shellacd() {
    let Some(beside) = Beside::start() else { return };
    let (_daemon, shellacd) = beside.shellacd();
    let (list, done) = (" GMT\n\n", "\n");
    let script = [
        ("nosuch\n", "info.\n\n"),
        ("backend.list\n", list),
        ("backend.set_health default sick\n", done),
        ("backend.list -p boot.*\n", list),
        ("backend.set_health default bogus\n", "bogus\n"),
        ("backend.set_health default auto\n", done),
        ("backend.list\n", list),
        ("param.show nosuch\n", "\"nosuch\".\n"),
        ("param.show vsl_space\n", done),
        ("ping -j\n", "\"PONG\"\n\n]\n\n"),
    ];
    for raw in [false, true] {
        let (lines, answers): (Vec<&str>, Vec<&str>) = script
            .map(|(line, answer)| (line, if raw { &answer[..answer.len() - 1] } else { answer }))
            .into_iter()
            .unzip();
        let [theirs, ours] = [&beside.workdir, &shellacd].map(|workdir| {
            let mut command = Command::new("varnishadm");
            command.arg("-n").arg(workdir).args(raw.then_some("-p"));
            let (text, code) = fed(&mut command, &lines, &answers);
            assert_eq!(code, Some(0), "{text}");
            let kept = undated(&text);
            // The value is their own, and so is what they say about it.
            let (before, rest) = kept.split_once("\"nosuch\".").unwrap();
            assert!(rest.contains("vsl_space\n        Value is: "), "{rest}");
            let (_, pong) = rest.split_once("[ 2, ").unwrap();
            timeless(format!("{before}{pong}").as_bytes())
        });
        assert_eq!(ours, theirs);
        assert!(ours.contains("sick") && ours.contains("PONG"), "{ours}");
    }
}

/// The word of the column `Admin` in the table that is last on a screen.
fn admin_word(screen: &str) -> Option<&str> {
    screen
        .lines()
        .rev()
        .find_map(|line| line.strip_prefix("boot.default ")?.split_ascii_whitespace().next())
}

#[test]
fn a_person_at_a_terminal_has_a_prompt() {
    let Some(beside) = Beside::start() else { return };
    let (_daemon, shellacd) = beside.shellacd();
    let stock = Path::new("varnishadm");
    for (program, workdir) in [
        (stock, &beside.workdir),
        (&beside.ours, &beside.workdir),
        (stock, &shellacd),
        (&beside.ours, &shellacd),
    ] {
        let command = format!("{} -n {}; echo status $?", program.display(), workdir.display());
        let Some(terminal) = Terminal::start(80, 70, &command) else { return };
        let enter = |line: &str| {
            terminal.type_text(line);
            terminal.press(&["Enter"]);
        };
        terminal.wait_for("prompt", |screen| {
            screen.contains("'quit' to close CLI session.")
                && screen.trim_end().ends_with("varnish>")
        });
        enter("status");
        terminal.wait_for_texts(&["200\nChild in state running\nvarnish>"]);
        enter("nosuch");
        terminal.wait_for_texts(&["101\nUnknown request.\nType 'help' for more info."]);
        for (wanted, word) in [("sick", "sick"), ("auto", "healthy")] {
            enter(&format!("backend.set_health default {wanted}"));
            enter("backend.list");
            terminal.wait_for(word, |screen| {
                screen.contains("200\nBackend name ") && admin_word(screen) == Some(word)
            });
        }
        enter("backend.set_health nosuch sick");
        terminal.wait_for_texts(&["106\nNo Backends matches\nvarnish>"]);
        enter("param.show vsl_space");
        terminal.wait_for_texts(&["200\nvsl_space\n        Value is: "]);
        enter("ping -j");
        terminal.wait_for_texts(&["200\n[ 2, [\"ping\", \"-j\"], ", "\"PONG\"\n"]);
        if workdir == &shellacd {
            terminal.press(&["C-d"]);
            terminal.wait_for_texts(&["status 0"]);
        } else {
            // Nobody is asked for a command that nobody takes.
            enter("quit");
            terminal.wait_for("the end", |screen| {
                let lines: Vec<&str> = screen.lines().filter(|line| !line.is_empty()).collect();
                let end = ["500", "Closing CLI connection", "status 0"];
                lines.windows(end.len()).any(|at| at == end)
            });
        }
    }
}
