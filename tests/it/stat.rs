//! `shellac stat` against Debian's varnishstat, byte for byte.

mod recorded;
mod stock;
mod until;

use std::io::Read;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use rustix::process::Signal;
use shellac_vsm::{MgtSet, PublishOptions};

use crate::support::client::Client;
use crate::support::daemon::signal_process;
use crate::support::deadline::Deadline;
use crate::support::origin::{Origin, ok};
use crate::support::text::assert_same;
use crate::support::varnish::{self, Varnishd};

fn run(command: &mut Command, workdir: &Path, args: &[&str]) -> Output {
    let output = command.arg("-n").arg(workdir).args(args).stdin(Stdio::null()).output();
    output.unwrap_or_else(|error| panic!("{command:?}: {error}"))
}

fn theirs(workdir: &Path, args: &[&str]) -> Output {
    run(&mut Command::new("varnishstat"), workdir, args)
}

fn ours(workdir: &Path, args: &[&str]) -> Output {
    run(Command::new(env!("CARGO_BIN_EXE_shellac")).arg("stat"), workdir, args)
}

/// What both write, of a moment in which nothing changed: theirs is the same before and after ours.
fn compare(workdir: &Path, args: &[&str]) -> Vec<u8> {
    let (expected, found) =
        Deadline::generous().wait_for(&format!("a quiet moment {args:?}"), || {
            let before = theirs(workdir, args);
            let found = ours(workdir, args);
            let after = theirs(workdir, args);
            assert!(before.status.success(), "{before:?}");
            (before.stdout == after.stdout).then_some((before, found))
        });
    assert_same(&format!("{args:?}"), &found.stdout, &expected.stdout);
    assert!(found.status.success() && found.stderr.is_empty(), "{args:?}: {found:?}");
    expected.stdout
}

#[test]
fn every_form_and_filter_is_as_varnishstat_writes_it() {
    if !varnish::is_here() {
        return;
    }
    let origin = Origin::start(|_| vec![ok("x")]);
    let root = tempfile::tempdir().unwrap();
    let workdir = root.path().join("v");
    let backend = origin.address().to_string();
    let varnishd = Varnishd::start_with(&workdir, &["-b", &backend]);
    let mut client = Client::connect(varnishd.address());
    client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    assert_eq!(client.answer("GET").status, 200);
    for args in [
        &["-1"][..],
        &["-j"],
        &["-x"],
        &["-l"],
        // Of several forms the first of an order counts, wherever it stands.
        &["-l", "-1"],
        &["-1", "-x", "-j"],
        &["-1", "-r"],
        &["-1", "-f", "MAIN.*"],
        &["-1", "-f", "^MAIN.*", "-f", "*"],
        &["-1", "-I", "VBE.*", "-X", "*"],
        &["-1", "-X", "VBE.*.be*", "-I", "VBE.*", "-I", "M?T.*"],
        &["-j", "-I", "*.[a-c]*"],
        &["-x", "-f", "^*[!e]"],
        &["-1", "-I", "SMA.s0.c_[[:alpha:]]*"],
        &["-1", "-I", "[", "-I", "*\\.uptime"],
        &["-1", "-I", "nothing"],
        &["-j", "-I", "nothing"],
        &["-x", "-X", "*"],
        &["-l", "-I", "LCK.*"],
    ] {
        let text = compare(&workdir, args);
        if args == ["-1"] {
            let lines = String::from_utf8(text).unwrap().lines().count();
            assert!(lines > 300, "only {lines} counters");
        }
    }
    // Whose name, and that of nothing else.
    let wrong = ours(&workdir, &["-1", "-Q"]);
    assert_eq!(wrong.status.code(), Some(2), "{wrong:?}");

    // A stopped worker leaves the manager's counters, without rates.
    varnishd.admin("stop").expect("it stops");
    let text = compare(&workdir, &["-1"]);
    let text = String::from_utf8(text).unwrap();
    assert!(text.lines().count() == 7 && text.lines().all(|line| line.starts_with("MGT.")));
}

#[test]
fn an_instance_without_counters_is_said_to_have_none() {
    let root = tempfile::tempdir().unwrap();
    let mut mgt = MgtSet::create(root.path(), &PublishOptions::own(1)).unwrap();
    mgt.add_identity("test", "7.3-8.0", "0").unwrap();
    mgt.publish().unwrap();
    let output = ours(root.path(), &["-1"]);
    assert!(output.status.success() && output.stdout.is_empty(), "{output:?}");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(said.trim_end(), "shellac: this instance publishes no counters");
}

#[test]
fn the_dashboard_can_be_had_in_a_pipe() {
    let root = tempfile::tempdir().unwrap();
    let mut mgt = MgtSet::create(root.path(), &PublishOptions::own(1)).unwrap();
    mgt.add_identity("piped", "7.3-8.0", "0").unwrap();
    mgt.publish().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_shellac"));
    command.args(["stat", "-c", "-n"]).arg(root.path()).stdin(Stdio::null()).stdout(Stdio::piped());
    let mut dashboard = command.spawn().unwrap();
    let mut out = dashboard.stdout.take().unwrap();
    let mut seen = Vec::new();
    // It ends by itself only when something is wrong, and then there is no more to read.
    while !String::from_utf8_lossy(&seen).contains("h help") {
        let mut bytes = [0; 4096];
        let count = out.read(&mut bytes).unwrap();
        assert!(count > 0, "{}", String::from_utf8_lossy(&seen));
        seen.extend_from_slice(&bytes[..count]);
    }
    signal_process(dashboard.id(), Signal::TERM);
    out.read_to_end(&mut seen).unwrap();
    assert!(dashboard.wait().unwrap().success());
    let text = String::from_utf8_lossy(&seen);
    assert!(text.starts_with("\u{1b}[?1049h") && text.ends_with("\u{1b}[?1049l"), "{text:?}");
}
