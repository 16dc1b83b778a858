//! What systemd is told.

use std::os::unix::net::UnixDatagram;
use std::process::Command;

use rustix::process::Signal;

use crate::support::daemon::{Daemon, signal_process};
use crate::support::deadline::Deadline;

struct Manager(UnixDatagram);

impl Manager {
    /// The next message that has this line; those before it are told when there is none.
    fn wait_for(&self, line: &str) -> String {
        let deadline = Deadline::generous();
        let mut before = Vec::new();
        loop {
            let left = deadline.left();
            assert!(left.is_some(), "no {line}; before it: {before:#?}");
            self.0.set_read_timeout(left).unwrap();
            let mut buffer = [0; 4096];
            let Ok(len) = self.0.recv(&mut buffer) else { continue };
            let message = String::from_utf8(buffer[..len].to_vec()).unwrap();
            if message.lines().any(|one| one == line) {
                return message;
            }
            before.push(message);
        }
    }
}

#[test]
fn systemd_is_told_how_it_goes() {
    let root = tempfile::tempdir().unwrap();
    let workdir = root.path().join("w");
    let path = root.path().join("notify");
    let manager = Manager(UnixDatagram::bind(&path).unwrap());
    // The watchdog's time is meant for one process, which has to know that it is the one.
    let mut command = Command::new("sh");
    command.args(["-c", "export WATCHDOG_PID=$$; exec \"$0\" \"$@\""]);
    command.arg(env!("CARGO_BIN_EXE_shellacd"));
    command.env("NOTIFY_SOCKET", &path).env("WATCHDOG_USEC", "400000");
    let backend = "127.0.0.1:9".parse().unwrap();
    let mut daemon = Daemon::start_by(command, &workdir, &Daemon::config(backend, ""), &[]);
    let ready = manager.wait_for("READY=1");
    assert!(ready.contains("STATUS=running; configuration boot"), "{ready}");
    manager.wait_for("WATCHDOG=1");
    manager.wait_for("WATCHDOG=1");

    daemon.signal(Signal::HUP);
    let reloading = manager.wait_for("RELOADING=1");
    let micros = reloading.lines().find_map(|line| line.strip_prefix("MONOTONIC_USEC="));
    assert!(micros.is_some_and(|micros| micros.parse::<u64>().is_ok()), "{reloading}");
    let ready = manager.wait_for("READY=1");
    assert!(ready.contains("STATUS=running; configuration reload_"), "{ready}");

    let file = workdir.with_extension("toml");
    std::fs::write(&file, "no configuration").unwrap();
    daemon.signal(Signal::HUP);
    manager.wait_for("RELOADING=1");
    daemon.wait_for_line("the configuration stays as it is");
    manager.wait_for("READY=1");

    daemon.signal(Signal::USR2);
    manager.wait_for("RELOADING=1");
    daemon.wait_for_line("took over");
    manager.wait_for("READY=1");
    manager.wait_for("WATCHDOG=1");

    let worker = daemon.worker_pid();
    signal_process(worker, Signal::KILL);
    daemon.wait_for_line(&format!("worker {worker} ended"));
    manager.wait_for("READY=1");
    daemon.signal(Signal::TERM);
    manager.wait_for("STOPPING=1");
    assert!(daemon.wait().success());
}
