//! Keys that only root may read, for a proxy that is not root.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use rustix::process::Signal;

use super::certificates::{Authority, Issued};
use super::peers::Client;
use super::{config, listen};
use crate::support::daemon::{Daemon, signal_process};
use crate::support::deadline::Deadline;
use crate::support::origin::{Origin, ok};
use crate::support::skip::skipped;

fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

/// Puts `new` in the place of `old`, with a key for root alone.
fn renew(old: &Issued, new: &Issued) {
    new.replace(old);
    set_mode(&old.key, 0o600);
    set_mode(&old.cert, 0o644);
}

#[test]
fn keys_for_root_alone_are_read_at_start_by_reloads_new_workers_and_new_programs() {
    if !rustix::process::geteuid().is_root() {
        return skipped("only root can become another user");
    }
    let authority = Authority::new();
    let [shown, second, third] =
        ["shown", "second", "third"].map(|file| authority.issue(file, &["a.example"]));
    set_mode(shown.key.parent().unwrap(), 0o755);
    set_mode(&shown.key, 0o600);
    set_mode(&shown.cert, 0o644);
    let origin = Origin::start(|asked| vec![ok(&asked.target)]);
    let root = tempfile::tempdir().unwrap();
    set_mode(root.path(), 0o755);
    // Where that other user may come, too.
    let program = root.path().join("shellacd");
    let own = env!("CARGO_BIN_EXE_shellacd");
    if std::fs::hard_link(own, &program).is_err() {
        std::fs::copy(own, &program).expect("the program is copied");
    }
    let workdir = root.path().join("w");
    let text = format!("user = \"nobody\"\n{}", config(&listen(&[&shown]), origin.address(), ""));
    let mut daemon = Daemon::start_by(Command::new(&program), &workdir, &text, &[]);
    for process in [daemon.pid(), daemon.worker_pid()] {
        let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
        let uids = status.lines().find(|line| line.starts_with("Uid:")).unwrap();
        assert!(uids.split_whitespace().skip(1).all(|id| id != "0"), "{uids}");
    }
    let mut believing = authority.client(&["http/1.1"]);
    believing.resumption = rustls::client::Resumption::disabled();
    let believing = Arc::new(believing);
    let address = daemon.address();
    let is_shown = |wanted: &[u8], what: &str| {
        Deadline::generous().wait_for(what, || {
            let mut client = Client::connect(address, &believing, "a.example").ok()?;
            assert_eq!(client.get("/").1, "/");
            (client.shown() == wanted).then_some(())
        });
    };
    is_shown(&shown.der, "the first certificate");

    renew(&shown, &second);
    daemon.signal(Signal::HUP);
    daemon.wait_for_line("is active");
    is_shown(&second.der, "the second one");
    signal_process(daemon.worker_pid(), Signal::KILL);
    daemon.wait_for_line("serves in its place");
    is_shown(&second.der, "the second one of another worker");

    daemon.signal(Signal::USR2);
    daemon.wait_for_line("took over from version");
    daemon.wait_for_line("serves in its place");
    is_shown(&second.der, "the second one of another program");
    renew(&shown, &third);
    let file = workdir.with_extension("toml");
    daemon.tool("adm", &["vcl.load", "third", file.to_str().unwrap()]);
    daemon.tool("adm", &["vcl.use", "third"]);
    is_shown(&third.der, "the third one");

    // What is no key stays root's, and where others can put something nothing is read.
    std::fs::write(&shown.key, "root:secret").unwrap();
    daemon.signal(Signal::HUP);
    let said = daemon.wait_for_line("the configuration stays as it is");
    assert!(said.contains("no private key") && !said.contains("secret"), "{said}");
    renew(&shown, &second);
    set_mode(shown.key.parent().unwrap(), 0o777);
    daemon.signal(Signal::HUP);
    let said = daemon.wait_for_line("the configuration stays as it is");
    assert!(said.contains("others can change"), "{said}");
    is_shown(&third.der, "the third one");
    // What was said to the worker is in the log, but for the keys.
    let log = Deadline::generous().wait_for("the commands in the log", || {
        let log = daemon.tool("log", &["-d", "-g", "raw"]);
        log.contains("vcl.use").then_some(log)
    });
    assert!(!log.contains("PRIVATE KEY"), "{log}");
    daemon.signal(Signal::TERM);
    assert!(daemon.wait().success());
}
