//! The dashboard on a terminal beside a running proxy: what its screens say is what the log and the counters say.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::process::Signal;

use crate::support::client::Client;
use crate::support::daemon::{Daemon, signal_process};
use crate::support::deadline::Deadline;
use crate::support::origin::{Origin, Step, ok};
use crate::support::tmux::Terminal;

/// Sends a request on a connection of its own; the status of the answer.
fn ask(address: SocketAddr, request: &str) -> u16 {
    let method = request.split(' ').next().unwrap_or_default();
    let mut client = Client::connect(address);
    client.send(format!("{request} HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nok"));
    client.answer(method).status
}

/// What a tool says about an instance.
fn tool(workdir: &Path, arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_shellac"))
        .args(arguments)
        .arg("-n")
        .arg(workdir)
        .env("COLUMNS", "80")
        .stdin(Stdio::null())
        .output()
        .expect("it starts");
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).expect("it writes text")
}

/// Records of a tag in the log, as the log tool shows them.
fn records(workdir: &Path, tag: &str) -> Vec<String> {
    let lines = tool(workdir, &["log", "-d", "-g", "raw", "-i", tag]);
    lines.lines().filter_map(|line| line.split_whitespace().nth(3).map(str::to_owned)).collect()
}

fn counter(workdir: &Path, name: &str) -> u64 {
    let page: serde_json::Value =
        serde_json::from_str(&tool(workdir, &["stat", "-1", "-j"])).expect("it is JSON");
    page["counters"][name]["value"].as_u64().unwrap_or_else(|| panic!("no {name} in {page}"))
}

/// The last number in the row of the overview that begins so, without the picture behind it.
fn total(screen: &str, label: &str) -> Option<u64> {
    let row = screen.lines().find(|line| line.trim_start().starts_with(label))?;
    let words = row.trim_start().strip_prefix(label)?.split_whitespace();
    let numbers = words.map_while(|word| {
        let is_number = word.starts_with(|first: char| first.is_ascii_digit() || first == '-');
        is_number.then(|| word.replace(',', ""))
    });
    numbers.last()?.parse().ok()
}

fn dashboard(workdir: &Path, columns: u16, rows: u16) -> Option<Terminal> {
    let program = env!("CARGO_BIN_EXE_shellac");
    let command = format!("LC_ALL=C.UTF-8 TZ=UTC {program} stat -n {}", workdir.display());
    Terminal::start(columns, rows, &command)
}

#[test]
fn the_screens_say_what_the_log_and_the_counters_say() {
    let origin = Origin::start(|asked| match &asked.target {
        target if target.starts_with("/fail") => vec![Step::ReadBody, Step::Close],
        target if target.starts_with("/hang") => vec![Step::ReadBody, Step::Hang],
        _ => vec![Step::ReadBody, ok("answer")],
    });
    let root = tempfile::tempdir().unwrap();
    let workdir = root.path().join("w");
    let mut daemon = Daemon::start(&workdir, &Daemon::config(origin.address(), ""));
    for number in 0..9 {
        assert_eq!(ask(daemon.address(), &format!("GET /good/{number}")), 200);
    }
    for number in 0..3 {
        assert!(ask(daemon.address(), &format!("POST /fail/{number}?token=secret")) >= 500);
    }
    Deadline::generous().wait_for("all counters to be published", || {
        (counter(&workdir, "MAIN.client_req") == 12
            && counter(&workdir, "VBE.boot.b0.fetch_failed") == 3)
            .then_some(())
    });
    // What lies in the log already is on the screens, too.
    let Some(terminal) = dashboard(&workdir, 80, 24) else { return };
    let screen = terminal.wait_for("all requests", |screen| total(screen, "requests") == Some(12));
    let statuses = records(&workdir, "RespStatus");
    let errors = statuses.iter().filter(|status| status.starts_with('5')).count() as u64;
    assert_eq!((statuses.len(), errors), (12, 3));
    assert_eq!(total(&screen, "errors (5xx)"), Some(errors), "{screen}");
    assert_eq!(records(&workdir, "FetchError").len(), 3);
    assert_eq!(total(&screen, "failed attempts"), Some(3), "{screen}");
    assert_eq!(total(&screen, "retries"), Some(0), "{screen}");
    assert!(screen.contains("nothing lost"), "{screen}");

    terminal.press(&["2"]);
    let screen =
        terminal.wait_for("the backend", |screen| screen.contains(" 12 attempts, 3 failed"));
    assert!(
        screen.contains("boot.b0") && screen.contains(&origin.address().to_string()),
        "{screen}"
    );
    assert_eq!(counter(&workdir, "VBE.boot.b0.conn"), 0);

    terminal.press(&["3"]);
    let screen =
        terminal.wait_for("three failures", |screen| screen.matches("/fail/").count() >= 3);
    let failed =
        tool(&workdir, &["log", "-d", "-g", "request", "-q", "FetchError", "-i", "ReqURL"]);
    let numbers: Vec<&str> = failed
        .lines()
        .filter(|line| line.contains("<< Request  >>"))
        .filter_map(|line| line.split_whitespace().last())
        .collect();
    assert_eq!(numbers.len(), 3, "{failed}");
    let newest = numbers[2];
    let current = screen.lines().find(|line| line.starts_with('>')).expect("a current row");
    assert!(current.contains(newest) && current.contains("POST /fail/2"), "{newest}: {screen}");

    // The whole request with its cause, as the tool for that writes it.
    terminal.press(&["Enter"]);
    let screen = terminal.wait_for("its trace", |screen| screen.contains("FAILING GROUP"));
    assert!(screen.contains(&format!("XID {newest}: POST /fail/2?token=secret")), "{screen}");
    terminal.press(&["End"]);
    let trace = tool(&workdir, &["trace", newest]);
    let end: Vec<&str> =
        trace.lines().rev().filter(|line| !line.trim().is_empty()).take(8).collect();
    terminal.wait_for("the end of the trace", |screen| {
        end.iter().all(|line| screen.lines().any(|shown| shown.trim_end() == line.trim_end()))
    });
    terminal.press(&["Escape"]);
    terminal.wait_for("the list", |screen| screen.contains("IN FLIGHT 0"));

    // Something that hangs is seen while it hangs.
    let mut hanging = Client::connect(daemon.address());
    hanging.send("GET /hang/1 HTTP/1.1\r\nHost: a\r\n\r\n");
    terminal.wait_for("what is in flight", |screen| {
        screen.contains("IN FLIGHT 1")
            && screen.lines().any(|line| {
                line.contains("first_byte") && line.contains("b0") && line.contains("/hang/1")
            })
    });

    // Another worker is another log: sums go on, and it is said.
    signal_process(daemon.worker_pid(), Signal::KILL);
    daemon.wait_for_line("serves in its place");
    assert_eq!(ask(daemon.address(), "GET /good/again"), 200);
    terminal.press(&["1"]);
    let screen = terminal.wait_for("the request of the new worker", |screen| {
        total(screen, "requests") >= Some(13) && screen.contains("the worker is another one")
            || screen.contains("the worker started")
    });
    assert!(!screen.contains("The log is gone"), "{screen}");
    assert_eq!(counter(&workdir, "MAIN.client_req"), 1);
    terminal.press(&["q"]);
    terminal.wait_for_its_end();
    drop(hanging);
}

#[test]
fn a_backend_on_which_failures_concentrate_is_named() {
    let good = Origin::start(|_| vec![Step::ReadBody, ok("answer")]);
    let bad = Origin::start(|_| vec![Step::ReadBody, Step::Close]);
    let root = tempfile::tempdir().unwrap();
    let workdir = root.path().join("w");
    let pools = "[[pool]]\nname = \"good\"\nbackends = [\"b0\"]\n[[pool]]\nname = \"bad\"\nbackends = [\"b1\"]\n";
    let routes =
        "[[route]]\npath = \"/\"\npool = \"good\"\n[[route]]\npath = \"/bad/\"\npool = \"bad\"\n";
    let b1 = format!("[[backend]]\nname = \"b1\"\naddress = \"{}\"\n", bad.address());
    let config = Daemon::config(good.address(), &format!("{b1}{pools}{routes}"));
    let daemon = Daemon::start(&workdir, &config);
    for number in 0..60 {
        let is_bad = number % 4 == 0;
        let path = if is_bad { "/bad/x" } else { "/good/x" };
        assert_eq!(ask(daemon.address(), &format!("POST {path}")) >= 500, is_bad);
    }
    let Some(terminal) = dashboard(&workdir, 140, 40) else { return };
    let screen =
        terminal.wait_for("the red line", |screen| screen.contains("FAILURES CONCENTRATE"));
    let line =
        screen.lines().find(|line| line.contains("FAILURES CONCENTRATE")).unwrap_or_default();
    assert!(line.contains("backend=b1: 100 % of its requests fail, 0 % of all others"), "{screen}");
    assert!(line.contains("100 % of 15 failures"), "{screen}");
    // The tool that compares the same says the same.
    let why = tool(&workdir, &["why", "-d"]);
    assert!(why.contains("backend=b1"), "{why}");
}
