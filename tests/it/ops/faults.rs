//! Processes that die, signals that end, and descriptors that run out: what clients get, and what is said.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::process::Signal;
use shellac_vsm::publish::is_alive;

use crate::support::client::Client;
use crate::support::daemon::{Daemon, signal_process};
use crate::support::deadline::Deadline;
use crate::support::origin::{Origin, Step, ok, raw};

fn get(daemon: &Daemon, target: &str) -> Client {
    let mut client = Client::connect(daemon.address());
    client.send(format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n"));
    client
}

/// Waits until a request is at the origin and the log says so.
fn wait_for_request(daemon: &Daemon, target: &str) {
    Deadline::generous().wait_for(&format!("{target} among the requests in flight"), || {
        daemon.tool("ps", &[]).contains(target).then_some(())
    });
}

fn origin() -> Origin {
    Origin::start(|asked| match asked.target.as_str() {
        "/half" => vec![raw("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"), Step::Hang],
        "/hang" => vec![Step::Hang],
        "/once" => {
            vec![
                raw("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"),
                Step::Close,
            ]
        }
        _ => vec![ok("yes")],
    })
}

#[test]
fn a_killed_worker_cuts_its_requests_visibly() {
    let origin = origin();
    let root = tempfile::tempdir().unwrap();
    let mut daemon = Daemon::start(&root.path().join("w"), &Daemon::config(origin.address(), ""));
    let mut none = get(&daemon, "/hang");
    wait_for_request(&daemon, "/hang");
    let mut half = TcpStream::connect(daemon.address()).unwrap();
    half.set_read_timeout(Deadline::generous().left()).unwrap();
    half.write_all(b"GET /half HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    // Its beginning is out: the rest cannot come any more.
    let mut answer = vec![0; 12];
    half.read_exact(&mut answer).unwrap();
    signal_process(daemon.worker_pid(), Signal::KILL);
    assert!(none.try_answer("GET").is_err(), "no answer, and the connection is closed");
    // An end or a reset; in any case less than what its head promises.
    let _ = half.read_to_end(&mut answer);
    let text = String::from_utf8(answer).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    assert!(head.starts_with("HTTP/1.1 200") && body.len() < 100, "{text}");
    daemon.wait_for_line("serves in its place");
    let mut client = get(&daemon, "/");
    assert_eq!(client.answer("GET").text(), "yes");
}

#[test]
fn a_worker_finishes_its_requests_when_its_manager_is_killed() {
    let has_arrived = Arc::new(AtomicBool::new(false));
    let arrived = Arc::clone(&has_arrived);
    let origin = Origin::start(move |_| {
        arrived.store(true, Ordering::Relaxed);
        vec![Step::Delay(Duration::from_secs(1)), ok("yes")]
    });
    let root = tempfile::tempdir().unwrap();
    let mut daemon = Daemon::start(&root.path().join("w"), &Daemon::config(origin.address(), ""));
    let worker = daemon.worker_pid();
    let mut client = get(&daemon, "/slow");
    Deadline::generous().wait_for("the request at the origin", || {
        has_arrived.load(Ordering::Relaxed).then_some(())
    });
    daemon.signal(Signal::KILL);
    daemon.wait();
    let answer = client.answer("GET");
    assert_eq!((answer.status, answer.text().as_str()), (200, "yes"));
    Deadline::generous().wait_for("the end of the worker", || (!is_alive(worker)).then_some(()));
    Deadline::generous().wait_for("refused connections", || {
        TcpStream::connect(daemon.address()).is_err().then_some(())
    });
}

#[test]
fn a_second_signal_ends_at_once_what_the_first_one_waits_for() {
    let origin = origin();
    let root = tempfile::tempdir().unwrap();
    let mut daemon = Daemon::start(&root.path().join("w"), &Daemon::config(origin.address(), ""));
    let worker = daemon.worker_pid();
    let mut client = get(&daemon, "/hang");
    wait_for_request(&daemon, "/hang");
    daemon.signal(Signal::TERM);
    daemon.wait_for_line("another signal stops at once");
    assert!(is_alive(worker));
    daemon.signal(Signal::TERM);
    daemon.wait_for_line("was killed with requests open");
    assert_eq!(daemon.wait().code(), Some(1), "not everything was finished");
    assert!(client.try_answer("GET").is_err());
    assert!(!is_alive(worker));
}

#[test]
fn without_descriptors_it_waits_says_so_once_and_goes_on() {
    let origin = origin();
    let root = tempfile::tempdir().unwrap();
    let config = Daemon::config(origin.address(), "[timeouts]\nclient_idle = \"60s\"\n")
        .replace("threads = 2", "threads = 1");
    let mut command = Command::new("prlimit");
    command.args(["--nofile=64:64", env!("CARGO_BIN_EXE_shellacd")]);
    let daemon = Daemon::start_by(command, &root.path().join("w"), &config, &[]);
    let worker = daemon.worker_pid();
    let mut first = Client::connect(daemon.address());
    // The system accepts them all; the proxy cannot.
    let others: Vec<TcpStream> =
        (0..100).map(|_| TcpStream::connect(daemon.address()).expect("it listens")).collect();
    let failures = |daemon: &Daemon| {
        let log = daemon.tool("log", &["-d", "-g", "raw", "-i", "Error,Notice"]);
        let count = |text: &str| log.lines().filter(|line| line.contains(text)).count();
        (count("accept on main failed: errno 24"), count("accept on main goes on"))
    };
    Deadline::generous().wait_for("a word about it", || (failures(&daemon).0 > 0).then_some(()));
    // One that has its connection is told that there is none to a backend: it is this machine's fault, and says so. Between two
    // attempts to accept a descriptor may be free that something else has just given back, so it asks until it meets none.
    let xid = Deadline::generous().wait_for("an answer without a backend", || {
        first.send("GET /once HTTP/1.1\r\nHost: a\r\n\r\n");
        let answer = first.answer("GET");
        assert!([200, 503].contains(&answer.status), "{}", answer.status);
        (answer.status == 503).then(|| answer.xid().to_string())
    });
    Deadline::generous().wait_for("the reason in the log", || {
        let log = daemon.tool("log", &["-d", "-g", "raw", "-i", "FetchError,VCL_Log"]);
        (log.contains("fetch.class:local") && log.contains("fetch.errno:24")).then_some(())
    });
    // Its own end is in the log a moment after its answer. Lines are broken where they are too long.
    let tells = [
        "fail errno 24 (Too many open files)",
        "no free file descriptor for a connection",
        "failed: this proxy had no free file descriptor",
        "Raise LimitNOFILE of the service.",
    ];
    Deadline::generous().wait_for("the cause, and what to do, in the trace", || {
        let mut trace = Command::new(env!("CARGO_BIN_EXE_shellac"));
        trace.args(["trace", &xid, "-n"]).arg(root.path().join("w")).stdin(Stdio::null());
        let output = trace.output().expect("it starts");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let words: Vec<&str> = text.split_ascii_whitespace().filter(|it| *it != "│").collect();
        let words = words.join(" ");
        tells.iter().all(|part| words.contains(part)).then_some(())
    });
    drop(others);
    let mut client = get(&daemon, "/");
    assert_eq!(client.answer("GET").text(), "yes");
    let said = Deadline::generous()
        .wait_for("the end of it in the log", || Some(failures(&daemon)).filter(|it| it.1 > 0));
    assert_eq!(said.0, said.1, "each time is said once, and its end too");
    assert!(said.0 < 20, "not for every attempt: {said:?}");
    assert_eq!(daemon.worker_pid(), worker, "it went on");
}
