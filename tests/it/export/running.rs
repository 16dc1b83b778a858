//! A `shellac export` that follows the log of a proxy.

use std::process::{Child, ExitStatus, Stdio};

use rustix::process::Signal;

use super::command;
use crate::support::daemon::signal_process;
use crate::support::deadline::Deadline;
use crate::support::proxy::Proxy;
use crate::support::said::Said;

/// An export that follows a log; dropping it ends it.
pub(super) struct Running {
    child: Child,
    pub(super) said: Said,
}

impl Running {
    /// `shellac export FORMAT -n WORKDIR ...`.
    pub(super) fn start(format: &str, proxy: &Proxy, more: &[&str]) -> Running {
        let workdir = proxy.workdir();
        let mut child = command(&[format, "-n", workdir.to_str().expect("it is text")])
            .args(more)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("export starts");
        let said = Said::by("export", child.stderr.take().expect("standard error is piped"));
        Running { child, said }
    }

    pub(super) fn signal(&self, signal: Signal) {
        signal_process(self.child.id(), signal);
    }

    /// Asks it to finish, and waits for that.
    pub(super) fn finish(&mut self) -> ExitStatus {
        self.signal(Signal::TERM);
        Deadline::generous()
            .wait_for("the end of export", || self.child.try_wait().expect("it is our child"))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
