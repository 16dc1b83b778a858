//! Listening addresses that come and go with a reload, while everything is served.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use rustix::process::Signal;

use crate::support::client::{Answer, Client};
use crate::support::daemon::{Daemon, signal_process};
use crate::support::deadline::Deadline;
use crate::support::origin::{Origin, ok};
use crate::support::skip::skipped;

/// A configuration with further listeners, or without the first one.
fn config(origin: &Origin, main: bool, more: &str) -> String {
    let text = Daemon::config(origin.address(), more);
    if main {
        return text;
    }
    text.replace("[[listen]]\nname = \"main\"\naddress = \"127.0.0.1:0\"\n", "")
}

fn listen(name: &str, more: &str) -> String {
    format!("[[listen]]\nname = \"{name}\"\naddress = \"127.0.0.1:0\"\n{more}\n")
}

fn reload(daemon: &mut Daemon, workdir: &Path, text: &str) {
    std::fs::write(workdir.with_extension("toml"), text).unwrap();
    daemon.signal(Signal::HUP);
}

/// The address in the next line that says that a listener is there.
fn opened(daemon: &mut Daemon, name: &str) -> SocketAddr {
    let line = daemon.wait_for_line(&format!("listening on {name} "));
    line.rsplit(' ').next().and_then(|address| address.parse().ok()).expect("an address")
}

fn get(address: SocketAddr, target: &str) -> String {
    let mut client = Client::connect(address);
    client.send(format!("GET {target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
    client.answer("GET").text()
}

/// Whether it says that it is the last one.
fn closes(answer: &Answer) -> bool {
    answer.fields.get("Connection").is_some_and(|value| value == "close")
}

#[test]
fn listeners_come_and_go_and_those_that_stay_refuse_nobody() {
    let origin = Origin::start(|asked| vec![ok(&asked.target)]);
    let root = tempfile::tempdir().unwrap();
    let workdir = root.path().join("w");
    let mut daemon = Daemon::start(&workdir, &config(&origin, true, ""));
    let main = daemon.address();
    let (over, served) = (AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    // A connection each time, and none of them may fail.
                    assert_eq!(get(main, "/load"), "/load");
                    served.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let _over = Over(&over);
        for round in 0..5 {
            reload(&mut daemon, &workdir, &config(&origin, true, &listen("extra", "")));
            let extra = opened(&mut daemon, "extra");
            daemon.wait_for_line("is active");
            assert_eq!(get(extra, "/extra"), "/extra");
            let mut kept = Client::connect(extra);
            kept.send("GET /one HTTP/1.1\r\nHost: a\r\n\r\n");
            let answer = kept.answer("GET");
            assert_eq!((answer.text().as_str(), closes(&answer)), ("/one", false), "{round}");

            reload(&mut daemon, &workdir, &config(&origin, true, ""));
            daemon.wait_for_line("not listening on extra ");
            daemon.wait_for_line("is active");
            assert!(TcpStream::connect(extra).is_err(), "refused as soon as that is said");
            // What was accepted there has one more request, and is told.
            kept.send("GET /two HTTP/1.1\r\nHost: a\r\n\r\n");
            let answer = kept.answer("GET");
            assert_eq!((answer.text().as_str(), closes(&answer)), ("/two", true), "{round}");
        }
        let so_far = served.load(Ordering::Relaxed);
        Deadline::generous().wait_for("more requests", || {
            (served.load(Ordering::Relaxed) > so_far + 2).then_some(())
        });
    });
}

/// Says that it is over, however that comes about.
struct Over<'o>(&'o AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn what_is_open_outlives_its_worker_and_the_program() {
    let origin = Origin::start(|asked| vec![ok(&asked.target)]);
    let root = tempfile::tempdir().unwrap();
    let workdir = root.path().join("w");
    let mut daemon = Daemon::start(&workdir, &config(&origin, true, ""));
    let main = daemon.address();
    reload(&mut daemon, &workdir, &config(&origin, false, &listen("other", "")));
    // The same socket under another name: it asks for the same as the one before.
    daemon.wait_for_line("is active");
    assert_eq!(get(main, "/renamed"), "/renamed");
    reload(
        &mut daemon,
        &workdir,
        &config(&origin, false, &(listen("other", "") + &listen("p", "proxy_protocol = true"))),
    );
    let behind = opened(&mut daemon, "p");
    daemon.wait_for_line("is active");
    let introduced = || {
        let mut client = Client::connect(behind);
        client.send("PROXY TCP4 192.0.2.1 192.0.2.2 3 4\r\nGET /p HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        client.answer("GET").text()
    };
    assert_eq!(introduced(), "/p");
    signal_process(daemon.worker_pid(), Signal::KILL);
    daemon.wait_for_line("serves in its place");
    assert_eq!((introduced(), get(main, "/again")), ("/p".to_owned(), "/again".to_owned()));
    daemon.signal(Signal::USR2);
    daemon.wait_for_line("took over from version");
    daemon.wait_for_line("serves in its place");
    assert_eq!((introduced(), get(main, "/later")), ("/p".to_owned(), "/later".to_owned()));
    // And it may be told otherwise afterwards.
    reload(
        &mut daemon,
        &workdir,
        &config(&origin, false, &(listen("other", "") + &listen("p", ""))),
    );
    daemon.wait_for_line("is active");
    Deadline::generous().wait_for("a listener without the protocol", || {
        (get(behind, "/plain") == "/plain").then_some(())
    });
    // For a moment the worker before accepts as well, and writes to its own log.
    Deadline::generous().wait_for("the names of both in the new log", || {
        assert_eq!(get(main, "/named"), "/named");
        let log = daemon.tool("log", &["-d", "-g", "raw", "-i", "SessOpen"]);
        (log.contains(" other 127.0.0.1 ") && log.contains(" p 127.0.0.1 ")).then_some(())
    });
}

#[test]
fn an_address_that_cannot_be_had_refuses_all_of_a_reload() {
    let origin = Origin::start(|asked| vec![ok(&asked.target)]);
    let root = tempfile::tempdir().unwrap();
    let workdir = root.path().join("w");
    let mut daemon = Daemon::start(&workdir, &config(&origin, true, ""));
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let more = listen("new", "") + &listen("bad", "").replace("127.0.0.1:0", &address.to_string());
    reload(&mut daemon, &workdir, &config(&origin, true, &more));
    let said = daemon.wait_for_line("the configuration stays as it is");
    let who = format!("process {} (", std::process::id());
    assert!(said.contains(&format!("cannot listen on {address} (bad)")), "{said}");
    assert!(said.contains(&who) && said.contains("ss -ltnp"), "{said}");
    // Not loaded, nothing open, and everything else goes on.
    Deadline::generous().wait_for("one configuration", || {
        let list = daemon.tool("adm", &["vcl.list"]);
        (list.contains("boot") && !list.contains("reload_")).then_some(())
    });
    assert_eq!(get(daemon.address(), "/on"), "/on");
    drop(taken);
    reload(&mut daemon, &workdir, &config(&origin, true, &more));
    opened(&mut daemon, "new");
    opened(&mut daemon, "bad");
    daemon.wait_for_line("is active");
    assert_eq!(get(address, "/now"), "/now");
    // A command says the same, and `vcl.use` goes back to where it was.
    let answer = daemon.tool("adm", &["vcl.use", "boot"]);
    assert_eq!(answer.trim(), "");
    daemon.wait_for_line("not listening on bad ");
    assert!(TcpStream::connect(address).is_err());
    let answer = daemon.tool("adm", &["reload"]);
    assert!(
        answer.contains("is active.") && answer.contains(&format!("listening on bad {address}")),
        "{answer}"
    );
}

#[test]
fn rights_that_were_given_up_are_named() {
    if !rustix::process::geteuid().is_root() {
        return skipped("only root can give up rights");
    }
    let low = |file: &str| std::fs::read_to_string(file).is_ok_and(|text| text.trim() == "1024");
    if !low("/proc/sys/net/ipv4/ip_unprivileged_port_start") {
        return skipped("ports below 1024 are for everybody here");
    }
    let origin = Origin::start(|asked| vec![ok(&asked.target)]);
    let root = tempfile::tempdir().unwrap();
    let workdir = root.path().join("w");
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(root.path(), open).unwrap();
    let text = format!("user = \"nobody\"\n{}", config(&origin, true, ""));
    let command = Command::new(env!("CARGO_BIN_EXE_shellacd"));
    let mut daemon = Daemon::start_by(command, &workdir, &text, &[]);
    let more = listen("low", "").replace("127.0.0.1:0", "127.0.0.1:613");
    reload(&mut daemon, &workdir, &(text + &more));
    let said = daemon.wait_for_line("the configuration stays as it is");
    assert!(said.contains("cannot listen on 127.0.0.1:613 (low)"), "{said}");
    assert!(said.contains("user `nobody`") && said.contains("a restart of shellacd"), "{said}");
    assert_eq!(get(daemon.address(), "/on"), "/on");
}

#[test]
fn what_waits_at_a_listener_that_goes_is_served() {
    let origin = Origin::start(|asked| vec![ok(&asked.target)]);
    let root = tempfile::tempdir().unwrap();
    let workdir = root.path().join("w");
    let mut daemon = Daemon::start(&workdir, &config(&origin, true, &listen("gone", "")));
    let list = daemon.said();
    let address = list
        .lines()
        .find_map(|line| line.split("listening on gone ").nth(1))
        .and_then(|address| address.parse::<SocketAddr>().ok())
        .expect("it listens");
    // The worker accepts nothing while it is stopped: connections wait in the queue.
    let worker = daemon.worker_pid();
    signal_process(worker, Signal::STOP);
    let mut waiting: Vec<TcpStream> = (0..8)
        .map(|_| {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.set_read_timeout(Deadline::generous().left()).unwrap();
            let request = "GET /waits HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
            stream.write_all(request.as_bytes()).unwrap();
            stream
        })
        .collect();
    reload(&mut daemon, &workdir, &config(&origin, true, ""));
    signal_process(worker, Signal::CONT);
    daemon.wait_for_line("not listening on gone ");
    for stream in &mut waiting {
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("/waits"), "{answer}");
    }
}

#[test]
fn what_is_opened_while_nobody_serves_is_refused_until_somebody_does() {
    let origin = Origin::start(|asked| vec![ok(&asked.target)]);
    let root = tempfile::tempdir().unwrap();
    let workdir = root.path().join("w");
    let mut daemon = Daemon::start(&workdir, &config(&origin, true, ""));
    daemon.tool("adm", &["stop"]);
    daemon.wait_for_line("is stopped");
    reload(&mut daemon, &workdir, &config(&origin, true, &listen("extra", "")));
    let extra = opened(&mut daemon, "extra");
    daemon.wait_for_line("is active");
    assert!(TcpStream::connect(extra).is_err());
    daemon.tool("adm", &["start"]);
    assert_eq!(get(extra, "/extra"), "/extra");
    assert_eq!(get(daemon.address(), "/main"), "/main");
}
