//! What an instrumented program does so that its counts are those of a proxy at work and of who reads its log.

use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};

use super::{load, origin};

/// The proxy must serve, and end, within this.
const PATIENCE: Duration = Duration::from_secs(60);
/// Of [`load::run`]: some 50,000 requests.
const TURNS: usize = 40;
const PAUSE: Duration = Duration::from_millis(50);

/// Everything that reads a log to its end, with what is asked for most.
const READERS: [&[&str]; 8] = [
    &["log", "-d", "-g", "request"],
    &["log", "-d"],
    &["log", "-d", "-g", "raw"],
    &["log", "-d", "-g", "request", "-q", "RespStatus >= 400"],
    &["log", "-d", "-g", "request", "-q", "ReqURL ~ \"^/16\""],
    &["ncsa", "-d"],
    &["json", "-d"],
    &["top", "-d", "-1"],
];

/// A proxy that runs, with its folder; both end with this.
pub(super) struct Trained {
    directory: tempfile::TempDir,
    child: Child,
    address: SocketAddr,
}

impl Trained {
    /// Starts `program` in front of a server of ours.
    pub(super) fn start(program: &Path) -> anyhow::Result<Self> {
        let directory = tempfile::tempdir().context("cannot make a folder for the proxy")?;
        let origin = origin::start().context("cannot start a server")?;
        let address = free()?;
        let file = directory.path().join("shellac.toml");
        let text = format!(
            "workdir = {:?}\nthreads = 1\n[[listen]]\nname = \"main\"\naddress = \"{address}\"\n[[backend]]\nname = \"origin\"\n\
             address = \"{origin}\"\n",
            directory.path().join("workdir")
        );
        fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
        let mut command = Command::new(program.with_file_name("shellacd"));
        command.arg("-f").arg(&file).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().with_context(|| format!("cannot start {command:?}"))?;
        let mut started = Self { directory, child, address };
        started.wait_for("it to serve", |started| {
            if let Some(status) = started.child.try_wait()? {
                bail!("{command:?} ended: {status}");
            }
            Ok(TcpStream::connect(started.address).is_ok())
        })?;
        Ok(started)
    }

    fn workdir(&self) -> PathBuf {
        self.directory.path().join("workdir")
    }

    /// Ends it as an operator does: only then it writes what it has counted.
    fn stop(mut self) -> anyhow::Result<()> {
        let mut kill = Command::new("kill");
        crate::finish_quietly(kill.arg(self.child.id().to_string()))?;
        self.wait_for("it to end", |stopping| Ok(stopping.child.try_wait()?.is_some()))
    }

    fn wait_for(
        &mut self,
        what: &str,
        mut is_so: impl FnMut(&mut Self) -> anyhow::Result<bool>,
    ) -> anyhow::Result<()> {
        let start = now();
        while !is_so(self)? {
            ensure!(
                start.elapsed() < PATIENCE,
                "shellacd: waited {} s for {what}",
                PATIENCE.as_secs()
            );
            thread::sleep(PAUSE);
        }
        Ok(())
    }
}

impl Drop for Trained {
    fn drop(&mut self) {
        // Already gone, or in the way of an error that is told.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Serves requests, has the log read, and says how many requests there were.
pub(super) fn run(program: &Path) -> anyhow::Result<u64> {
    let proxy = Trained::start(program)?;
    let sent = load::run(proxy.address, TURNS)?;
    for reader in READERS {
        let mut command = Command::new(program);
        command.args(reader).arg("-n").arg(proxy.workdir()).stdout(Stdio::null());
        crate::finish_quietly(&mut command)?;
    }
    proxy.stop()?;
    Ok(sent)
}

fn free() -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").context("no free port")?;
    Ok(listener.local_addr()?)
}

#[allow(clippy::disallowed_methods, reason = "a program: nobody hands it the time")]
fn now() -> Instant {
    Instant::now()
}
