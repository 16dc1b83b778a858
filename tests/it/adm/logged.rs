//! Commands in the log: beside those of a varnishd, and those that only shellacd has.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use rustix::process::Signal;

use super::client::timeless;
use super::commands::stock;
use super::layout::undated;
use super::{ask, done, refused, run};
use crate::support::client::Client;
use crate::support::daemon::Daemon;
use crate::support::deadline::Deadline;
use crate::support::origin::{Origin, Step};
use crate::support::said::Said;
use crate::support::tmux::Terminal;
use crate::support::varnish::{self, Varnishd};

/// What a log tool says of commands so far.
fn records(tool: &mut Command, workdir: &Path) -> String {
    let output = run(tool.args(["-d", "-g", "raw", "-i", "CLI", "-n"]).arg(workdir), &[]);
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn shellac_log() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_shellac"));
    command.arg("log");
    command
}

/// The requests among records.
fn requests(records: &str) -> Vec<&str> {
    records
        .lines()
        .filter_map(|line| line.split_once(" CLI            - Rd "))
        .map(|it| it.1)
        .collect()
}

#[test]
fn commands_are_logged_as_a_varnishd_logs_them() {
    if !varnish::is_here() {
        return;
    }
    let root = tempfile::tempdir().unwrap();
    let file = root.path().join("vcl");
    std::fs::write(&file, "vcl 4.1; backend b0 { .host = \"127.0.0.1\"; .port = \"9\"; }").unwrap();
    let (theirs, ours) = (root.path().join("v"), root.path().join("w"));
    let _varnishd = Varnishd::start_with(&theirs, &["-f", file.to_str().unwrap()]);
    let _daemon = Daemon::start(
        &ours,
        &Daemon::config("127.0.0.1:9".parse().unwrap(), "dialect = \"6.0-7.2\"\n"),
    );
    let commands: [(&[&str], i32); 11] = [
        (&["backend.list"], 0),
        (&["backend.list", "-p", "boot.*"], 0),
        (&["ping"], 0),
        (&["backend.set_health", "b0", "sick"], 0),
        (&["status"], 0),
        (&["backend.list", "-j"], 0),
        (&["backend.set_health", "nosuch", "sick"], 1),
        (&["backend.set_health", "b0", "bogus"], 1),
        (&["backend.list", "-x"], 1),
        (&["pid", "-j"], 0),
        (&["backend.set_health", "*.b0", "auto"], 0),
    ];
    let logged = |workdir: &Path| {
        for (words, code) in commands {
            let (found, text) = stock(workdir, words);
            assert_eq!(found, code, "{words:?}: {text}");
        }
        Deadline::generous().wait_for("the last command in the log", || {
            let text = records(&mut Command::new("varnishlog"), workdir);
            // A varnishd's manager tells its worker what to begin with.
            let text = &text[text.find("Rd backend.list")?..];
            let (_, end) = text.split_once("Rd backend.set_health *.b0 auto")?;
            if !end.contains(" - Wr ") {
                return None;
            }
            // A varnishd's manager asks every few seconds whether its worker is alive.
            let is_ping =
                |line: &&str| line.ends_with("- Rd ping") || line.contains("200 19 PONG ");
            let lines: Vec<&str> = text.lines().filter(|line| !is_ping(line)).collect();
            Some(timeless(undated(&lines.join("\n")).as_bytes()))
        })
    };
    let (theirs, ours) = (logged(&theirs), logged(&ours));
    assert_eq!(ours, theirs);
    assert_eq!(ours.matches("Rd ").count(), 8, "{ours}");
}

/// A text as one word of a request.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\\\"").replace('\n', "\\n"))
}

/// Follows the commands in a log; dropping it ends the process.
struct Follower {
    child: Child,
    said: Said,
}

impl Follower {
    fn start(workdir: &Path) -> Follower {
        let mut child = shellac_log()
            .args(["-g", "raw", "-i", "CLI", "-n"])
            .arg(workdir)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let said = Said::by("log", child.stdout.take().unwrap());
        let mut follower = Follower { child, said };
        // It shows what comes after it has found the log.
        Deadline::generous().wait_for("a command in the log", || {
            done(workdir, &["vcl.list"]);
            follower.said.all().contains("Rd vcl.list").then_some(())
        });
        follower
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn what_the_manager_does_is_logged_without_what_is_secret() {
    let root = tempfile::tempdir().unwrap();
    let workdir = root.path().join("w");
    let config = Daemon::config("127.0.0.1:9".parse().unwrap(), "");
    let mut daemon = Daemon::start(&workdir, &config);
    let mut log = Follower::start(&workdir);
    let mut sees = |texts: &[&str]| {
        for text in texts {
            log.said.wait_for_line(&format!(" CLI            - {text}"));
        }
    };
    // Something that is wrong is shown by its line.
    let good = format!("{config}# hunter2\n");
    let wrong = format!("{config}[hunter2]\nx = 1\n");

    done(&workdir, &["param.set", "cli_timeout", "30"]);
    sees(&["Rd param.set cli_timeout 30", "Wr 200 0 "]);
    done(&workdir, &["param.reset", "vsl_mask"]);
    sees(&["Rd param.set vsl_mask ", "Wr 200 0 ", "Rd param.reset vsl_mask", "Wr 200 0 "]);
    done(&workdir, &["config.inline", "new", &quoted(&good)]);
    let bytes = format!("Rd vcl.inline new ({} bytes)", good.len());
    sees(&["Rd vcl.load new <vcl.inline> (", "Wr 200 ", &bytes, "Wr 200 "]);
    let (code, why) = refused(&workdir, &["vcl.inline", "wrong", &quoted(&wrong)]);
    assert!(code == 106 && why.contains("hunter2"), "{why}");
    sees(&["Rd vcl.inline wrong (", "Wr 106 "]);
    done(&workdir, &["vcl.use", "new"]);
    sees(&["Rd vcl.use new", "Wr 200 0 "]);
    refused(&workdir, &["vcl.use", "nosuch"]);
    sees(&["Rd vcl.use nosuch", "Wr 106 26 No VCL named nosuch known"]);
    done(&workdir, &["vcl.discard", "boo*"]);
    sees(&["Rd vcl.discard boot", "Wr 200 0 "]);
    done(&workdir, &["reload"]);
    sees(&[
        "Rd vcl.load reload_",
        "Wr 200 0 ",
        "Rd vcl.use reload_",
        "Wr 200 0 ",
        "Rd reload",
        "Wr 200 ",
    ]);
    daemon.signal(Signal::HUP);
    sees(&["Rd vcl.load reload_", "Wr 200 0 ", "Rd vcl.use reload_", "Wr 200 0 "]);
    daemon.wait_for_line("is active");
    let text = records(&mut shellac_log(), &workdir);
    assert!(!text.contains("hunter2"), "{text}");
    let secret = std::fs::read_to_string(workdir.join("_.secret")).unwrap();
    assert!(!text.contains(secret.trim()) && !text.contains("auth "), "{text}");

    // The reader sees the last words of this worker and those of the next one.
    done(&workdir, &["stop"]);
    sees(&["Rd stop", "Wr 200 0 ", "EOF on CLI connection, worker stops"]);
    done(&workdir, &["param.set", "cli_timeout", "60"]);
    done(&workdir, &["start"]);
    sees(&["Rd start", "Wr 200 0 "]);
    assert_eq!(requests(&records(&mut shellac_log(), &workdir)), ["start"]);
}

#[test]
fn whoever_waits_does_not_fill_the_log() {
    let origin = Origin::start(|_| vec![Step::Hang]);
    let root = tempfile::tempdir().unwrap();
    let workdir = root.path().join("w");
    let daemon = Daemon::start(&workdir, &Daemon::config(origin.address(), ""));
    let mut client = Client::connect(daemon.address());
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    let status = || -> serde_json::Value {
        serde_json::from_str(&done(&workdir, &["drain.status", "-j", "b0"])).unwrap()
    };
    let xid = Deadline::generous().wait_for("a request at the origin", || {
        status()[3]["busy"][0]["requests"][0]["xid"].as_u64()
    });
    done(&workdir, &["drain", "b0", "--force"]);
    for _ in 0..5 {
        for time in ["0", "0.01"] {
            let found = done(&workdir, &["drain.wait", time, "b0"]);
            assert!(found.contains("\"in_flight\": 1"), "{found}");
        }
        assert_eq!(status()[3]["in_flight"], 1);
    }
    assert!(ask(&workdir, &["kill", &xid.to_string()]).status.success());
    Deadline::generous().wait_for("the end of the request", || {
        let found = done(&workdir, &["drain.wait", "3", "b0"]);
        found.contains("\"in_flight\": 0").then_some(())
    });
    // One that makes sure is not told either.
    done(&workdir, &["drain.wait", "3", "b0"]);
    assert!(ask(&workdir, &["undrain", "b0"]).status.success());
    let text = Deadline::generous().wait_for("the last command in the log", || {
        let text = records(&mut shellac_log(), &workdir);
        text.contains("Rd undrain ").then_some(text)
    });
    let asked = requests(&text);
    let waits = asked.iter().filter(|line| line.starts_with("drain.wait"));
    assert_eq!(waits.collect::<Vec<_>>(), [&"drain.wait 0 b0 "], "{text}");
    // Before the order and behind it.
    let states = asked.iter().filter(|line| **line == "drain.status -j b0 ");
    assert!((1..=3).contains(&states.count()), "{text}");
    let (_, end) = text.split_once("Rd kill").unwrap();
    assert!(end.contains("\"in_flight\": 0"), "{text}");
}

#[test]
fn commands_are_events_on_the_dashboard() {
    let root = tempfile::tempdir().unwrap();
    let workdir = root.path().join("w");
    let _daemon = Daemon::start(&workdir, &Daemon::config("127.0.0.1:9".parse().unwrap(), ""));
    let program = env!("CARGO_BIN_EXE_shellac");
    let command = format!("LC_ALL=C.UTF-8 TZ=UTC {program} stat -n {}", workdir.display());
    let Some(terminal) = Terminal::start(120, 40, &command) else { return };
    terminal.wait_for_texts(&["requests"]);
    done(&workdir, &["backend.list"]);
    done(&workdir, &["backend.set_health", "b0", "sick"]);
    done(&workdir, &["param.set", "cli_timeout", "30"]);
    let screen =
        terminal.wait_for_texts(&["backend.set_health b0 sick", "param.set cli_timeout 30"]);
    assert!(!screen.contains("backend.list"), "{screen}");
}
