//! Debian's varnishstat in every form.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use rustix::process::Signal;
use serde_json::Value;

use super::{ask, published, wait_for};
use crate::support::daemon::{Daemon, signal_process};
use crate::support::deadline::Deadline;
use crate::support::origin::{Origin, ok};
use crate::support::text::assert_same;
use crate::support::varnish;

fn run(command: &mut Command, workdir: &Path, form: &str) -> Output {
    let output = command.arg("-n").arg(workdir).arg(form).stdin(Stdio::null()).output();
    output.unwrap_or_else(|error| panic!("{command:?}: {error}"))
}

fn theirs(workdir: &Path, form: &str) -> Output {
    run(&mut Command::new("varnishstat"), workdir, form)
}

/// The counters as varnishstat sees them.
fn seen(workdir: &Path) -> Value {
    let output = theirs(workdir, "-j");
    assert!(output.status.success(), "{output:?}");
    let mut all: Value = serde_json::from_slice(&output.stdout).expect("it writes JSON");
    all["counters"].take()
}

#[test]
fn varnishstat_reads_what_really_happened() {
    if !varnish::is_here() {
        return;
    }
    const TIMES: u16 = 25;
    const COUNT: u64 = TIMES as u64;
    let origin = Origin::start(|_| vec![ok("answer")]);
    let root = tempfile::tempdir().unwrap();
    let workdir = root.path().join("w");
    let daemon = Daemon::start(&workdir, &Daemon::config(origin.address(), ""));
    ask(daemon.address(), usize::from(TIMES));
    wait_for(&workdir, &[("MAIN.client_req", COUNT), ("MAIN.sess_closed", 1)]);
    let counters = seen(&workdir);
    let value = |name: &str| counters[name]["value"].as_u64().unwrap_or_else(|| panic!("{name}"));
    assert_eq!(value("MAIN.client_req"), COUNT);
    assert_eq!(
        value("MAIN.s_req_hdrbytes"),
        COUNT * "GET /x HTTP/1.1\r\nHost: a\r\n\r\n".len() as u64
    );
    assert_eq!(value("MAIN.s_resp_bodybytes"), COUNT * 6);
    assert_eq!(value("MAIN.backend_conn") + value("MAIN.backend_reuse"), COUNT);
    assert_eq!(value("VBE.boot.b0.req"), COUNT);
    assert_eq!(value("VBE.boot.b0.beresp_bodybytes"), COUNT * 6);
    assert_eq!((value("VBE.boot.b0.conn"), value("MGT.child_start")), (0, 1));
    assert_eq!(counters["VBE.boot.b0.happy"]["flag"], "b");
    assert_eq!(counters["MAIN.s_resp_bodybytes"]["format"], "B");
    assert_eq!(counters["MAIN.uptime"]["format"], "d");
    assert_eq!(counters.as_object().unwrap().len(), published(&workdir).len());

    // What ours prints is what theirs prints, in every form.
    for form in ["-1", "-j", "-x", "-l"] {
        let (expected, found) = Deadline::generous().wait_for("a quiet moment", || {
            let before = theirs(&workdir, form);
            let found =
                run(Command::new(env!("CARGO_BIN_EXE_shellac")).arg("stat"), &workdir, form);
            let after = theirs(&workdir, form);
            (before.status.success() && before.stdout == after.stdout).then_some((before, found))
        });
        assert_same(form, &found.stdout, &expected.stdout);
        assert!(found.status.success(), "{found:?}");
    }
}

#[test]
fn a_worker_that_is_killed_takes_its_counters_with_it() {
    if !varnish::is_here() {
        return;
    }
    let origin = Origin::start(|_| vec![ok("answer")]);
    let root = tempfile::tempdir().unwrap();
    let workdir = root.path().join("w");
    let mut daemon = Daemon::start(&workdir, &Daemon::config(origin.address(), ""));
    ask(daemon.address(), 3);
    wait_for(&workdir, &[("MAIN.client_req", 3)]);
    signal_process(daemon.worker_pid(), Signal::KILL);
    daemon.wait_for_line("serves in its place");
    wait_for(&workdir, &[("MGT.child_died", 1), ("MGT.child_start", 2), ("MAIN.client_req", 0)]);
    let counters = seen(&workdir);
    assert_eq!(counters["MAIN.client_req"]["value"], 0, "the new one begins anew");
    assert_eq!(counters["MGT.child_died"]["value"], 1);
    ask(daemon.address(), 2);
    wait_for(&workdir, &[("MAIN.client_req", 2), ("VBE.boot.b0.req", 2)]);
    daemon.signal(Signal::TERM);
    assert!(daemon.wait().success());
    assert!(!workdir.join("_.vsm_child").exists() && !workdir.join("_.vsm_mgt").exists());
}
