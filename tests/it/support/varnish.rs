//! Debian's varnish: whether it is here, and a varnishd for one test.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use super::deadline::Deadline;
use super::skip::skipped;

/// Whether the stock tools can be compared with.
///
/// A test that gets `false` ends there, and has said so; where comparing is required that is a failure.
pub(crate) fn is_here() -> bool {
    let runs = |name| {
        Command::new(name).arg("-V").stderr(Stdio::null()).stdout(Stdio::null()).status().is_ok()
    };
    let here = runs("varnishd") && runs("varnishlog");
    if !here {
        skipped("varnish is not installed");
    }
    here
}

/// A varnishd; dropping it ends it.
pub(crate) struct Varnishd {
    child: Child,
    workdir: PathBuf,
}

impl Varnishd {
    /// Starts one without backends in `workdir` and waits until its worker runs.
    pub(crate) fn start(workdir: &Path) -> Varnishd {
        Varnishd::start_with(workdir, &["-b", "none"])
    }

    /// The same with these arguments, which say where backends come from.
    pub(crate) fn start_with(workdir: &Path, backends: &[&str]) -> Varnishd {
        let child = Command::new("varnishd")
            .args(["-F", "-j", "none", "-a", "127.0.0.1:0", "-T", "127.0.0.1:0", "-i", "vtest"])
            .args(["-p", "vsl_space=1m", "-s", "malloc,1m", "-n"])
            .arg(workdir)
            .args(backends)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("varnishd starts");
        let mut varnishd = Varnishd { child, workdir: workdir.to_owned() };
        Deadline::generous().wait_for("varnishd", || {
            assert_eq!(
                varnishd.child.try_wait().expect("it is our child"),
                None,
                "varnishd ended by itself"
            );
            varnishd.admin("status").ok().filter(|text| text.contains("running"))
        });
        varnishd
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        let text = self.admin("debug.listen_address").expect("varnishd answers");
        let mut words = text.split_ascii_whitespace().skip(1);
        let mut word = || words.next().expect("NAME ADDRESS PORT");
        format!("{}:{}", word(), word()).parse().expect("an address")
    }

    /// The manager.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends a command; the answer, or what the tool says went wrong.
    pub(crate) fn admin(&self, command: &str) -> Result<String, String> {
        let output: Output = Command::new("varnishadm")
            .arg("-n")
            .arg(&self.workdir)
            .args(command.split(' '))
            .stdin(Stdio::null())
            .output()
            .expect("varnishadm starts");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
    }

    /// Kills the manager, which leaves its directory as it is.
    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it is our child");
    }
}

impl Drop for Varnishd {
    fn drop(&mut self) {
        // The worker ends when its manager does; it may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
