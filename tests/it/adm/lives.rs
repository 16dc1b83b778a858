//! What outlives what: configurations, parameters and what was wanted of backends over workers, some of it over managers; and
//! commands whose worker is slow or gone.

use std::net::{SocketAddr, TcpStream};
use std::path::Path;

use rustix::process::Signal;

use super::raw::{Raw, place};
use super::{ask, done, refused};
use crate::support::client::Client;
use crate::support::daemon::{Daemon, signal_process};
use crate::support::deadline::Deadline;
use crate::support::origin::{Origin, Step, ok};

const NOBODY: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 9);

fn status(address: SocketAddr) -> u16 {
    let mut client = Client::connect(address);
    client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    client.answer("GET").status
}

/// The names of the configurations, the active one with a star.
fn configurations(workdir: &Path) -> Vec<String> {
    done(workdir, &["vcl.list"])
        .lines()
        .filter(|line| !line.starts_with("discarded"))
        .map(|line| {
            let name = line.split_ascii_whitespace().last().unwrap();
            if line.starts_with("active") { format!("*{name}") } else { name.to_owned() }
        })
        .collect()
}

#[test]
fn a_reload_switches_and_a_bad_file_changes_nothing() {
    let origin = Origin::start(|_| vec![ok("x")]);
    let root = tempfile::tempdir().unwrap();
    let workdir = root.path().join("w");
    let mut daemon = Daemon::start(&workdir, &Daemon::config(NOBODY, ""));
    assert_eq!(status(daemon.address()), 503);
    let file = workdir.with_extension("toml");

    // By signal.
    std::fs::write(&file, "[[listen]\n").unwrap();
    daemon.signal(Signal::HUP);
    let said = daemon.wait_for_line("the configuration stays as it is");
    assert!(said.contains("w.toml:1: not TOML"), "{said}");
    assert_eq!(configurations(&workdir), ["*boot"]);
    std::fs::write(&file, Daemon::config(origin.address(), "")).unwrap();
    daemon.signal(Signal::HUP);
    let said = daemon.wait_for_line("is active");
    let first = said.split('`').nth(1).unwrap().to_owned();
    assert!(
        first.starts_with("reload_2") && first.len() == "reload_20261122_094210".len(),
        "{said}"
    );
    assert_eq!(configurations(&workdir), ["boot".to_owned(), format!("*{first}")]);
    Deadline::generous()
        .wait_for("the new backend", || (status(daemon.address()) == 200).then_some(()));

    // By command.
    std::fs::write(&file, Daemon::config(NOBODY, "nonsense = 1\n")).unwrap();
    let (code, text) = refused(&workdir, &["reload"]);
    assert!(code == 106 && text.contains("log.nonsense: is not a key"), "{text}");
    assert_eq!(status(daemon.address()), 200);
    std::fs::write(&file, Daemon::config(NOBODY, "reclen = 2048\n")).unwrap();
    let text = done(&workdir, &["reload"]);
    assert!(
        text.ends_with("is active.\nWhat it says about log needs a restart of shellacd.\n"),
        "{text}"
    );
    Deadline::generous()
        .wait_for("the old backend", || (status(daemon.address()) == 503).then_some(()));

    // Step by step, under the documented names and the others.
    std::fs::write(&file, Daemon::config(origin.address(), "")).unwrap();
    let path = file.to_str().unwrap();
    done(&workdir, &["vcl.load", "new", path, "cold"]);
    let (code, _) = refused(&workdir, &["vcl.use", "new"]);
    assert_eq!(code, 300);
    done(&workdir, &["config.state", "new", "auto"]);
    done(&workdir, &["config.use", "new"]);
    assert!(done(&workdir, &["config.show", "new"]).contains("instance = \"test\""));
    let (code, _) = refused(&workdir, &["vcl.load", "new", path]);
    assert_eq!(code, 106);
    done(&workdir, &["config.discard", "reload_*"]);
    assert_eq!(configurations(&workdir), ["boot", "*new"]);
    Deadline::generous()
        .wait_for("the new backend", || (status(daemon.address()) == 200).then_some(()));
    for _ in 0..5 {
        done(&workdir, &["reload"]);
    }
    assert_eq!(configurations(&workdir).len(), 6, "boot, new, and four of the five reloads");
}

#[test]
fn a_new_worker_has_what_the_old_one_had() {
    let origin = Origin::start(|_| vec![ok("x")]);
    let root = tempfile::tempdir().unwrap();
    let workdir = root.path().join("w");
    let mut daemon = Daemon::start(&workdir, &Daemon::config(NOBODY, ""));
    let second = root.path().join("second.toml");
    std::fs::write(&second, Daemon::config(origin.address(), "")).unwrap();
    done(&workdir, &["vcl.load", "second", second.to_str().unwrap()]);
    done(&workdir, &["vcl.use", "second"]);
    done(&workdir, &["backend.set_health", "boot.b0", "sick"]);
    done(&workdir, &["param.set", "vsl_mask", "-ReqHeader"]);
    let lists = || {
        let without_dates = |text: String| {
            let lines = text.lines().map(|line| line[..line.len().min(50)].to_owned());
            // A new worker loads the active configuration first.
            let mut lines: Vec<String> = lines.collect();
            lines.sort();
            lines
        };
        [
            without_dates(done(&workdir, &["backend.list", "*.*"])),
            configurations(&workdir),
            vec![done(&workdir, &["param.show", "changed"])],
        ]
    };
    let before = lists();
    assert!(before[0].iter().any(|line| line.starts_with("boot.b0") && line.contains("sick")));

    signal_process(daemon.worker_pid(), Signal::KILL);
    daemon.wait_for_line("serves in its place");
    assert_eq!(lists(), before);
    assert_eq!(status(daemon.address()), 200, "the active one is active from the first request on");
    // It was killed and did not panic.
    assert_eq!(refused(&workdir, &["panic.show"]).0, 300);

    // Stopped by a command, it refuses connections and is known to be gone.
    done(&workdir, &["stop"]);
    let deadline = Deadline::generous();
    deadline
        .wait_for("the end", || (done(&workdir, &["status"]).ends_with("stopped")).then_some(()));
    assert!(TcpStream::connect(daemon.address()).is_err());
    let (code, text) = refused(&workdir, &["backend.list"]);
    assert!(code == 101 && text.contains("child not running"), "{text}");
    assert_eq!(configurations(&workdir), before[1]);
    assert!(done(&workdir, &["vcl.list"]).lines().all(|line| line.contains(" - ")));
    assert_eq!(refused(&workdir, &["stop"]), (300, "Child in state stopped".to_owned()));
    done(&workdir, &["vcl.use", "boot"]);
    done(&workdir, &["vcl.use", "second"]);
    done(&workdir, &["start"]);
    assert_eq!(status(daemon.address()), 200);
    assert_eq!(lists(), before);
}

#[test]
fn what_was_wanted_of_backends_outlives_the_manager() {
    let root = tempfile::tempdir().unwrap();
    let workdir = root.path().join("w");
    let config = Daemon::config(NOBODY, "");
    let admin = |workdir: &Path| {
        let list = done(workdir, &["backend.list", "-j"]);
        let list: serde_json::Value = serde_json::from_str(&list).unwrap();
        list[3]["boot.b0"]["admin_health"].as_str().unwrap().to_owned()
    };
    for killed in [false, true] {
        let mut daemon = Daemon::start(&workdir, &config);
        done(&workdir, &["backend.set_health", "b0", "sick"]);
        daemon.signal(if killed { Signal::KILL } else { Signal::TERM });
        daemon.wait();
        // A worker whose manager was killed ends by itself.
        let arguments: &[&str] = if killed { &[] } else { &["--single"] };
        let mut daemon = Daemon::start_with(&workdir, &config, arguments);
        assert_eq!(admin(&workdir), "sick");
        done(&workdir, &["backend.set_health", "b0", "auto"]);
        assert_eq!(admin(&workdir), "healthy");
        daemon.signal(Signal::TERM);
        assert!(daemon.wait().success());
        assert_eq!(std::fs::read_dir(&workdir).unwrap().count(), 0, "nothing is left to be kept");
    }
}

#[test]
fn a_worker_that_does_not_answer_holds_nobody_up() {
    let root = tempfile::tempdir().unwrap();
    let workdir = root.path().join("w");
    let mut daemon = Daemon::start(&workdir, &Daemon::config(NOBODY, ""));
    let worker = daemon.worker_pid();
    signal_process(worker, Signal::STOP);
    let (address, secret) = place(&workdir);
    let mut waiting = Raw::open(address);
    assert_eq!(waiting.login(&secret), Some(200));
    waiting.send(b"backend.list\n");
    // The manager answers what it knows, and notices signals, meanwhile.
    assert_eq!(done(&workdir, &["status"]), "Child in state running");
    std::fs::write(workdir.with_extension("toml"), "nonsense").unwrap();
    daemon.signal(Signal::HUP);
    daemon.wait_for_line("the configuration stays as it is");
    done(&workdir, &["param.set", "cli_timeout", "0.2"]);
    let output = ask(&workdir, &["backend.list"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.starts_with("The worker has not answered for 0.2 s"), "{text}");
    assert_eq!(output.stderr, b"Command failed with error code 400\n");
    done(&workdir, &["param.set", "cli_timeout", "30"]);

    // The other one is told when the worker is gone.
    signal_process(worker, Signal::KILL);
    let answer = waiting.answer().unwrap();
    assert_eq!(
        (answer.status.code(), answer.text().as_str()),
        (400, "The worker ended before it answered (signal: 9 (SIGKILL)).\n")
    );
    daemon.wait_for_line("serves in its place");
    assert!(done(&workdir, &["backend.list"]).contains("boot.b0"));
}

#[test]
fn long_answers_are_cut_at_the_limit() {
    let root = tempfile::tempdir().unwrap();
    let workdir = root.path().join("w");
    let _daemon = Daemon::start(&workdir, &Daemon::config(NOBODY, ""));
    let whole = done(&workdir, &["help"]);
    done(&workdir, &["param.set", "cli_limit", "130b"]);
    let output = ask(&workdir, &["help"]);
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(text, format!("{}\n[response was truncated]\n", &whole[..130]));
}

#[test]
fn a_start_behind_a_stop_waits_for_its_turn() {
    let origin = Origin::start(|_| vec![Step::Hang]);
    let root = tempfile::tempdir().unwrap();
    let workdir = root.path().join("w");
    let mut daemon = Daemon::start(&workdir, &Daemon::config(origin.address(), ""));
    let before = daemon.worker_pid();
    let (address, secret) = place(&workdir);
    let asking = |line: &[u8]| {
        let mut raw = Raw::open(address);
        assert_eq!(raw.login(&secret), Some(200));
        raw.send(line);
        raw
    };
    // The worker ends when this request has.
    let mut client = Client::connect(daemon.address());
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    Deadline::generous().wait_for("the request", || (!origin.received().is_empty()).then_some(()));
    done(&workdir, &["stop"]);
    assert_eq!(done(&workdir, &["status"]), "Child in state stopping");
    assert_eq!(refused(&workdir, &["stop"]), (300, "Child in state stopping".to_owned()));

    // Another stop is the last word; then another start is. Each client has sent its line before the next one comes.
    let mut taken_back = asking(b"start\n");
    Deadline::generous()
        .wait_for("the start to wait", || ask(&workdir, &["stop"]).status.success().then_some(()));
    let answer = taken_back.answer().unwrap();
    assert_eq!(
        (answer.status.code(), answer.text().as_str()),
        (400, "The worker is stopping, and is to stay stopped.\n")
    );
    let mut start = asking(b"start\n");
    assert_eq!(done(&workdir, &["status"]), "Child in state stopping");
    drop(origin);
    assert_eq!(start.code(), Some(200));
    assert_eq!(done(&workdir, &["status"]), "Child in state running");
    assert_ne!(daemon.worker_pid(), before);
    daemon.wait_for_line(&format!("worker {before} is stopped"));
    // Nobody is left to start it again.
    done(&workdir, &["stop"]);
    daemon.wait_for_line(" is stopped");
    assert_eq!(done(&workdir, &["status"]), "Child in state stopped");
}
