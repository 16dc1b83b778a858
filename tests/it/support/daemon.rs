//! shellacd with its manager, as a child process.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use super::deadline::Deadline;
use super::said::Said;

/// A running `shellacd`; dropping it ends the manager and, by that, its worker.
pub(crate) struct Daemon {
    child: Child,
    workdir: PathBuf,
    address: SocketAddr,
    said: Said,
}

impl Daemon {
    /// A configuration with one listener, `main`, on a port of the kernel's choice and one backend.
    pub(crate) fn config(backend: SocketAddr, more: &str) -> String {
        format!(
            "instance = \"test\"\nthreads = 2\n[[listen]]\nname = \"main\"\naddress = \"127.0.0.1:0\"\n[[backend]]\nname = \"b0\"\naddress = \"{backend}\"\n[log]\nsize = \"16M\"\n{more}"
        )
    }

    /// Starts it in `workdir` with this configuration, and waits until its worker serves.
    pub(crate) fn start(workdir: &Path, config: &str) -> Daemon {
        Daemon::start_with(workdir, config, &[])
    }

    /// [`start`](Daemon::start) with more arguments.
    pub(crate) fn start_with(workdir: &Path, config: &str, arguments: &[&str]) -> Daemon {
        let command = Command::new(env!("CARGO_BIN_EXE_shellacd"));
        Daemon::start_by(command, workdir, config, arguments)
    }

    /// [`start_with`](Daemon::start_with) for a program that is or becomes shellacd.
    pub(crate) fn start_by(
        mut command: Command,
        workdir: &Path,
        config: &str,
        arguments: &[&str],
    ) -> Daemon {
        let file = workdir.with_extension("toml");
        std::fs::write(&file, config).expect("the configuration is written");
        let mut child = command
            .args(arguments)
            .arg("-f")
            .arg(&file)
            .arg("-n")
            .arg(workdir)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("shellacd starts");
        let said = Said::by("shellacd", child.stderr.take().expect("standard error is piped"));
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut daemon = Daemon { child, workdir: workdir.to_owned(), address, said };
        let listening = daemon.wait_for_line("listening on main ");
        let address = listening.rsplit(' ').next().and_then(|address| address.parse().ok());
        daemon.address = address.unwrap_or_else(|| panic!("no address in {listening:?}"));
        let single = arguments.contains(&"--single");
        daemon.wait_for_line(if single { "serving in this process" } else { " serves" });
        daemon
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The process that serves, as its index says.
    pub(crate) fn worker_pid(&self) -> u32 {
        let index = std::fs::read_to_string(self.workdir.join("_.vsm_child/_.index"))
            .expect("a worker publishes");
        index.split(' ').nth(1).and_then(|pid| pid.parse().ok()).expect("a header names it")
    }

    /// The next line of standard error that contains `part`; those before it are kept for messages.
    pub(crate) fn wait_for_line(&mut self, part: &str) -> String {
        self.said.wait_for_line(part)
    }

    /// Lines of standard error that contain each of `parts`, in any order.
    pub(crate) fn wait_for_lines(&mut self, parts: &[&str]) -> Vec<String> {
        self.said.wait_for_lines(parts)
    }

    /// What it has said so far.
    pub(crate) fn said(&mut self) -> String {
        self.said.all()
    }

    /// What `shellac TOOL -n WORKDIR ...` prints, which has to go well.
    pub(crate) fn tool(&self, tool: &str, arguments: &[&str]) -> String {
        let output = Command::new(env!("CARGO_BIN_EXE_shellac"))
            .arg(tool)
            .arg("-n")
            .arg(&self.workdir)
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .expect("shellac starts");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{tool} {arguments:?}: {}: {said}", output.status);
        String::from_utf8(output.stdout).expect("it prints text")
    }

    pub(crate) fn signal(&self, signal: Signal) {
        signal_process(self.pid(), signal);
    }

    /// Waits until the manager has ended.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        Deadline::generous()
            .wait_for("the end of shellacd", || self.child.try_wait().expect("it is our child"))
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends a signal to a process that a test knows to be its own.
pub(crate) fn signal_process(pid: u32, signal: Signal) {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw).expect("a process number");
    kill_process(pid, signal).expect("the process is there");
}
