//! The listener, and an instance that comes, loses its worker, and goes.

use std::io::Write;
use std::net::TcpStream;

use rustix::process::Signal;

use super::{Serving, check, is_here, metrics, once, samples, text};
use crate::support::client::Client;
use crate::support::daemon::{Daemon, signal_process};
use crate::support::deadline::Deadline;
use crate::support::origin::{Origin, ok, raw};

#[test]
fn an_instance_comes_loses_its_worker_and_goes() {
    let has_promtool = is_here("promtool");
    let origin = Origin::start(|asked| {
        if asked.target == "/junk" { vec![raw("what\r\n\r\n")] } else { vec![ok("x")] }
    });
    let root = tempfile::tempdir().unwrap();
    let workdir = root.path().join("d");
    let serving = Serving::start(&[], &workdir);
    let up = |page: &str| samples(page)["shellac_up"] > 0.0;
    assert!(!up(&serving.page()), "nothing runs yet");
    assert!(!once(&workdir, &[]).status.success(), "and that is a status");

    let mut daemon = Daemon::start(&workdir, &Daemon::config(origin.address(), ""));
    let deadline = Deadline::generous();
    deadline.wait_for("the worker to be seen", || up(&serving.page()).then_some(()));
    deadline.wait_for("the log to be read", || {
        (samples(&serving.page()).get("shellac_reader_up") == Some(&1.0)).then_some(())
    });
    let mut client = Client::connect(daemon.address());
    for (target, status) in [("/", 200), ("/junk", 503)] {
        client.send(format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n"));
        assert_eq!(client.answer("GET").status, status);
    }
    let page = deadline.wait_for("the attempts to be seen in the log", || {
        let page = serving.page();
        let failures = samples(&page).get("shellac_log_failures_total").copied();
        (failures == Some(1.0)).then_some(page)
    });
    let found = samples(&page);
    assert_eq!(found["shellac_log_attempts_total"], 2.0);
    let bucket = "shellac_backend_answer_seconds_bucket{backend=\"b0\",le=\"+Inf\"}";
    assert!(found[bucket] >= 1.0, "{page}");
    assert_eq!(found[bucket], found["shellac_backend_answer_seconds_count{backend=\"b0\"}"]);
    assert_eq!(found["shellac_backend_responses_total{backend=\"b0\",status=\"2xx\"}"], 1.0);
    assert_eq!(found["shellac_reader_lost_bytes_total"], 0.0);
    assert!(page.contains("shellac_instance_info{dialect=\"7.3-8.0\",instance=\"test\""), "{page}");
    if has_promtool {
        check(&page);
        check(&text(&once(&workdir, &[])));
        let node = metrics().args(["--once", "--node"]).output().expect("it starts");
        check(&text(&node));
    }
    let open = serving.get("/metrics", "Accept: application/openmetrics-text\r\n");
    assert!(open.text().ends_with("# EOF\n"), "{}", open.text());
    assert!(open.text().contains("# UNIT shellac_backend_answer_seconds seconds\n"));

    // A worker that is killed leaves a page without it, never an error, and its successor is found.
    let before = daemon.worker_pid();
    signal_process(before, Signal::KILL);
    deadline.wait_for("the next worker to be read", || {
        let found = samples(&serving.page());
        (found.get("shellac_reader_restarts_total") == Some(&1.0) && found["shellac_up"] > 0.0)
            .then_some(())
    });
    daemon.signal(Signal::TERM);
    assert!(daemon.wait().success());
    deadline.wait_for("the end to be seen", || (!up(&serving.page())).then_some(()));
}

#[test]
fn the_listener_is_small_and_cannot_be_filled() {
    let root = tempfile::tempdir().unwrap();
    let mut serving = Serving::start(&["--no-log"], &root.path().join("none"));
    assert_eq!(serving.get("/-/healthy", "").text(), "healthy\n");
    assert_eq!(serving.get("/other", "").status, 404);
    let mut client = Client::connect(serving.address);
    client.send("HEAD /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_eq!((client.answer("HEAD").status, client.until_closed()), (200, vec![]));
    let mut client = Client::connect(serving.address);
    client.send("DELETE /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_eq!(client.answer("DELETE").status, 405);

    // More than there may be, all of which say half of something and then nothing.
    let mut idle: Vec<TcpStream> = Vec::new();
    for _ in 0..32 {
        let mut stream = TcpStream::connect(serving.address).unwrap();
        stream.write_all(b"GET /metr").unwrap();
        idle.push(stream);
    }
    let deadline = Deadline::generous();
    deadline.wait_for("one to be refused", || {
        (serving.get("/metrics", "").status == 503).then_some(())
    });
    drop(idle);
    deadline.wait_for("room again", || (serving.get("/metrics", "").status == 200).then_some(()));

    signal_process(serving.child.id(), Signal::TERM);
    let status = serving.child.wait().unwrap();
    assert!(status.success(), "{status}: {}", serving.said.all());
}

#[test]
fn a_file_is_replaced_as_a_whole() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("shellac.prom");
    let write = |arguments: &[&str]| {
        metrics().arg("--textfile").arg(&path).args(arguments).output().expect("it starts")
    };
    let output = write(&["--node"]);
    assert!(output.status.success() && output.stdout.is_empty(), "{output:?}");
    let page = std::fs::read_to_string(&path).unwrap();
    assert!(samples(&page)["shellac_node_local_ports"] > 0.0, "{page}");
    let files = std::fs::read_dir(root.path()).unwrap().count();
    assert_eq!(files, 1, "nothing is left beside it");

    // Counts of a recorder are among it; what is no recorder's is said and left.
    let captures = root.path().join("c");
    std::fs::create_dir(&captures).unwrap();
    let rules = r#"{"rules": {"a \"b\"": {"fired": 9, "captured": 4, "suppressed": 5}}}"#;
    std::fs::write(captures.join("counters.json"), rules).unwrap();
    let captures = captures.to_str().unwrap().to_owned();
    let output = write(&["--node", "--captures", &captures]);
    assert!(output.status.success(), "{output:?}");
    let found = samples(&std::fs::read_to_string(&path).unwrap());
    assert_eq!(found[r#"shellac_capture_suppressed_total{rule="a \"b\""}"#], 5.0);
    std::fs::write(root.path().join("c/counters.json"), "[").unwrap();
    let output = write(&["--node", "--captures", &captures]);
    assert!(output.status.success(), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("counters.json"), "{output:?}");

    // A directory that is not there: the old file stays.
    let before = std::fs::read(&path).unwrap();
    let none = root.path().join("none/x.prom");
    let output = metrics().args(["--node", "--textfile"]).arg(&none).output().unwrap();
    assert!(!output.status.success() && String::from_utf8_lossy(&output.stderr).contains("none"));
    assert_eq!(std::fs::read(&path).unwrap(), before);
}
