//! varnishstat on a terminal, while a worker is killed under it.

use rustix::process::Signal;

use super::{ask, wait_for};
use crate::support::daemon::{Daemon, signal_process};
use crate::support::origin::{Origin, ok};
use crate::support::tmux::Terminal;
use crate::support::varnish;

#[test]
fn varnishstat_shows_a_proxy_and_follows_its_workers() {
    if !varnish::is_here() {
        return;
    }
    let origin = Origin::start(|_| vec![ok("answer")]);
    let root = tempfile::tempdir().unwrap();
    let workdir = root.path().join("w");
    let mut daemon = Daemon::start(&workdir, &Daemon::config(origin.address(), ""));
    ask(daemon.address(), 5);
    wait_for(&workdir, &[("MAIN.client_req", 5), ("VBE.boot.b0.req", 5)]);
    // What this machine's network counts would fill the screen.
    let command = format!("varnishstat -n {} -f MAIN.* -f VBE.*", workdir.display());
    let Some(terminal) = Terminal::start(100, 60, &command) else { return };
    let has = |screen: &str, name: &str, value: &str| {
        screen.lines().any(|line| {
            let mut words = line.split_whitespace();
            words.next() == Some(name) && words.next() == Some(value)
        })
    };
    terminal.wait_for("five requests", |screen| {
        has(screen, "MAIN.client_req", "5") && has(screen, "VBE.boot.b0.req", "5")
    });
    ask(daemon.address(), 4);
    terminal.wait_for("nine requests", |screen| has(screen, "MAIN.client_req", "9"));

    signal_process(daemon.worker_pid(), Signal::KILL);
    daemon.wait_for_line("serves in its place");
    ask(daemon.address(), 2);
    terminal.wait_for("the new worker's two requests", |screen| {
        has(screen, "MAIN.client_req", "2") && has(screen, "VBE.boot.b0.req", "2")
    });
    // Every level, and what was always 0 too.
    terminal.press(&["v", "v", "d"]);
    terminal.press(&["End"]);
    let screen =
        terminal.wait_for("the last counter", |screen| screen.contains("VBE.boot.b0.ejected"));
    assert!(screen.contains("DEBUG"), "{screen}");
    terminal.press(&["q"]);
    terminal.wait_for_its_end();
}
