//! The manager: workers that die, managers that end, and what stays.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

use rustix::process::Signal;
use shellac_vsm::{AttachOptions, Attachment, SetKind, publish::is_alive};

use super::support::client::Client;
use super::support::daemon::{Daemon, signal_process};
use super::support::deadline::Deadline;

/// A backend that nobody listens on: every request ends in an error page, which is an answer.
const NOBODY: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 9);

fn entries(dir: &Path) -> Vec<String> {
    let names = std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.collect()
}

#[test]
fn a_killed_worker_is_replaced_and_no_connection_refused() {
    let root = tempfile::tempdir().unwrap();
    let workdir = root.path().join("w");
    let mut daemon = Daemon::start(&workdir, &Daemon::config(NOBODY, ""));
    let mut attachment = Attachment::open(&workdir, AttachOptions::default()).unwrap();
    let log = attachment.find("Log", "Log").unwrap().id;
    let address = daemon.address();
    let ask = || {
        // Panics when the connection is refused.
        let mut client = Client::connect(address);
        client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        client.answer("GET")
    };
    let before = ask();
    assert_eq!(before.status, 503);

    for _ in 0..2 {
        let worker = daemon.worker_pid();
        let name = std::fs::read_to_string(format!("/proc/{worker}/comm")).unwrap();
        assert_eq!(name, "shellacd\n", "what `top` calls it");
        signal_process(worker, Signal::KILL);
        Deadline::generous()
            .wait_for("the end of the worker", || (!is_alive(worker)).then_some(()));
        // More of them than the manager's sockets have threads, and all before anybody accepts again or while that happens.
        let answers: Vec<_> = thread::scope(|scope| {
            let asking: Vec<_> = (0..16).map(|_| scope.spawn(ask)).collect();
            asking
                .into_iter()
                .map(|one| one.join().expect("no connection is refused or dropped"))
                .collect()
        });
        for answer in &answers {
            assert_eq!(answer.status, 503);
            assert!(answer.xid() > before.xid(), "numbers of the dead worker are not used again");
        }
        let ended = daemon.wait_for_line(&format!("worker {worker} ended"));
        assert!(ended.contains("SIGKILL") && ended.contains("another one starts in"), "{ended}");
        daemon.wait_for_line("serves in its place");
        assert_ne!(daemon.worker_pid(), worker);
    }
    let status = attachment.refresh();
    assert!(status.worker_running && status.worker_restarted && !status.mgt_restarted);
    assert!(!attachment.is_valid(log) && attachment.find("Log", "Log").is_some());
}

#[test]
fn sigterm_lets_requests_finish_and_leaves_nothing() {
    let origin = TcpListener::bind("127.0.0.1:0").unwrap();
    let root = tempfile::tempdir().unwrap();
    let workdir = root.path().join("w");
    let mut daemon = Daemon::start(&workdir, &Daemon::config(origin.local_addr().unwrap(), ""));
    let worker = daemon.worker_pid();
    assert!(workdir.join("_.vsm_mgt/_.index").exists() && workdir.join("_.pid").exists());

    let mut client = Client::connect(daemon.address());
    client.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
    let (backend, _) = origin.accept().unwrap();
    let mut backend = BufReader::new(backend);
    let mut line = String::new();
    while line != "\r\n" {
        line.clear();
        assert_ne!(backend.read_line(&mut line).unwrap(), 0);
    }
    daemon.signal(Signal::TERM);
    daemon.wait_for_line("stopping");
    Deadline::generous().wait_for("refused connections", || {
        TcpStream::connect(daemon.address()).is_err().then_some(())
    });
    backend.get_mut().write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlate").unwrap();
    let answer = client.answer("GET");
    assert_eq!((answer.status, answer.text().as_str()), (200, "late"));

    assert!(daemon.wait().success());
    assert!(!is_alive(worker));
    assert_eq!(entries(&workdir), Vec::<String>::new());
}

#[test]
fn the_second_on_one_directory_is_told_who_is_first() {
    let root = tempfile::tempdir().unwrap();
    let workdir = root.path().join("w");
    let daemon = Daemon::start(&workdir, &Daemon::config(NOBODY, ""));
    let second = Command::new(env!("CARGO_BIN_EXE_shellacd"))
        .args([
            "-f".as_ref(),
            workdir.with_extension("toml").as_os_str(),
            "-n".as_ref(),
            workdir.as_os_str(),
        ])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(second.status.code(), Some(1));
    let text = String::from_utf8_lossy(&second.stderr);
    assert!(text.contains(&format!("process {} is running here", daemon.pid())), "{text}");
    assert!(text.contains("another -n"), "{text}");
    let attachment = Attachment::open(&workdir, AttachOptions::default()).unwrap();
    assert_eq!(attachment.header(SetKind::Mgt).unwrap().pid, daemon.pid());
    assert!(attachment.status().worker_running);
}

#[test]
fn a_worker_whose_manager_is_gone_ends_and_the_directory_can_be_used_again() {
    let root = tempfile::tempdir().unwrap();
    let workdir = root.path().join("w");
    let mut first = Daemon::start(&workdir, &Daemon::config(NOBODY, ""));
    let worker = first.worker_pid();
    first.signal(Signal::KILL);
    first.wait();
    Deadline::generous().wait_for("the end of the worker", || (!is_alive(worker)).then_some(()));
    assert!(workdir.join("_.vsm_mgt").exists(), "nobody was there to remove it");

    let second = Daemon::start(&workdir, &Daemon::config(NOBODY, ""));
    let attachment = Attachment::open(&workdir, AttachOptions::default()).unwrap();
    assert_eq!(attachment.header(SetKind::Mgt).unwrap().pid, second.pid());
    let mut client = Client::connect(second.address());
    client.send("GET / HTTP/1.0\r\n\r\n");
    assert_eq!(client.answer("GET").status, 503);
}

#[test]
fn a_worker_asked_to_end_finishes_and_is_replaced() {
    let root = tempfile::tempdir().unwrap();
    let workdir = root.path().join("w");
    let mut daemon = Daemon::start(&workdir, &Daemon::config(NOBODY, ""));
    let worker = daemon.worker_pid();
    // Ctrl-C reaches the worker too, and is not meant for it.
    signal_process(worker, Signal::INT);
    signal_process(worker, Signal::TERM);
    let ended = daemon.wait_for_line(&format!("worker {worker} ended"));
    assert!(ended.contains("exit status: 0"), "{ended}");
    daemon.wait_for_line("serves in its place");
}

#[test]
fn a_first_worker_that_cannot_start_ends_the_manager() {
    let root = tempfile::tempdir().unwrap();
    let workdir = root.path().join("w");
    let file = root.path().join("w.toml");
    std::fs::write(&file, Daemon::config(NOBODY, "")).unwrap();
    // Files may have a megabyte each: the log does not fit.
    let mut child = Command::new("prlimit")
        .args(["--fsize=1048576", env!("CARGO_BIN_EXE_shellacd"), "-f"])
        .args([file.as_os_str(), "-n".as_ref(), workdir.as_os_str()])
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("prlimit starts");
    let status = Deadline::generous()
        .wait_for("the end of shellacd", || child.try_wait().expect("it is our child"));
    let mut text = String::new();
    child.stderr.take().unwrap().read_to_string(&mut text).unwrap();
    assert_eq!(status.code(), Some(1), "{text}");
    assert!(text.contains("the worker did not start"), "{text}");
    assert_eq!(entries(&workdir), Vec::<String>::new());
}

#[test]
fn one_process_can_do_both() {
    let root = tempfile::tempdir().unwrap();
    let workdir = root.path().join("w");
    let pid_file = root.path().join("extra.pid");
    let arguments = ["--single", "-p", pid_file.to_str().unwrap()];
    let mut daemon = Daemon::start_with(&workdir, &Daemon::config(NOBODY, ""), &arguments);
    assert_eq!(daemon.worker_pid(), daemon.pid());
    assert_eq!(std::fs::read_to_string(&pid_file).unwrap(), daemon.pid().to_string());
    let attachment = Attachment::open(&workdir, AttachOptions::default()).unwrap();
    assert!(attachment.status().worker_running && attachment.find("Log", "Log").is_some());
    let about = attachment.read_text("Arg", "-shellac").unwrap().unwrap();
    assert!(
        about.starts_with("dialect=7.3-8.0 version=") && about.ends_with(" instance=test"),
        "{about}"
    );
    daemon.signal(Signal::INT);
    assert!(daemon.wait().success());
    assert_eq!(entries(&workdir), Vec::<String>::new());
    assert!(!pid_file.exists());
}

#[test]
fn the_workers_argument_is_not_for_people() {
    let output = Command::new(env!("CARGO_BIN_EXE_shellac"))
        .arg("__worker")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("start shellacd"));
}
