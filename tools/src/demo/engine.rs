//! The proxy of the demo: this same program, started once more with a configuration of its own.

use std::fs::{self, File};
use std::io::{self, Read, Seek};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use rustix::process::{Pid, Signal, kill_process};
use shellac_vsm::{AttachOptions, Attachment};
use tempfile::TempDir;

use super::origins::Manner;

/// How long the proxy may take until it serves, and until it has ended.
const PATIENCE: Duration = Duration::from_secs(15);
/// Pause between two looks.
const PAUSE: Duration = Duration::from_millis(20);

/// A running proxy; dropping it ends it and removes what it left.
#[derive(Debug)]
pub(super) struct Engine {
    child: Child,
    workdir: PathBuf,
    address: SocketAddr,
    messages: File,
    /// Removed when the demo is over; holds configuration and messages.
    _scratch: TempDir,
}

impl Engine {
    /// Starts the proxy in front of `origins`, with its log in `workdir`, and waits until it serves.
    pub(super) fn start(
        origins: &[(Manner, SocketAddr)],
        workdir: Option<&Path>,
        stop: &dyn Fn() -> bool,
    ) -> anyhow::Result<Engine> {
        let workdir = match workdir {
            Some(workdir) => std::path::absolute(workdir)?,
            None => default_workdir()?,
        };
        let scratch = TempDir::with_prefix("shellac-demo-").context("cannot make a directory")?;
        let file = scratch.path().join("demo.toml");
        fs::write(&file, configuration(origins)).context("cannot write the configuration")?;
        let messages = File::options()
            .create_new(true)
            .read(true)
            .append(true)
            .open(scratch.path().join("messages"))
            .context("cannot make a file")?;
        let program = std::env::current_exe().context("where is this program?")?;
        let child = Command::new(program)
            .arg("daemon")
            .args(["--small-log", "--with-parent"])
            .arg("-f")
            .arg(&file)
            .arg("-n")
            .arg(&workdir)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(messages.try_clone()?)
            // Ctrl-C is for the demo, which then ends the proxy in order.
            .process_group(0)
            .spawn()
            .context("cannot start the proxy")?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let mut engine = Engine { child, workdir, address, messages, _scratch: scratch };
        engine.wait_until_it_serves(stop)?;
        Ok(engine)
    }

    #[allow(clippy::disallowed_methods, reason = "a tool is where the time comes from")]
    fn wait_until_it_serves(&mut self, stop: &dyn Fn() -> bool) -> anyhow::Result<()> {
        let start = Instant::now();
        loop {
            self.check()?;
            let attached = Attachment::open(&self.workdir, AttachOptions::default());
            let has_log = attached.is_ok_and(|attachment| attachment.find("Log", "Log").is_some());
            if has_log
                && let Some(address) = listening_on(&self.said())
                && TcpStream::connect_timeout(&address, PAUSE).is_ok()
            {
                self.address = address;
                return Ok(());
            }
            if start.elapsed() > PATIENCE || stop() {
                bail!("the proxy does not serve: {}", self.last_words());
            }
            thread::sleep(PAUSE);
        }
    }

    /// Fails when the proxy has ended.
    pub(super) fn check(&mut self) -> anyhow::Result<()> {
        match self.child.try_wait().context("cannot look after the proxy")? {
            Some(status) => bail!("the proxy has ended ({status}): {}", self.last_words()),
            None => Ok(()),
        }
    }

    /// Where it serves.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where its log is.
    pub(super) fn workdir(&self) -> &Path {
        &self.workdir
    }

    /// Its process.
    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it said on standard error so far.
    fn said(&mut self) -> String {
        let mut text = String::new();
        // What cannot be read was not said: it only goes into a message.
        let _ = self.messages.rewind().and_then(|()| self.messages.read_to_string(&mut text));
        text
    }

    /// The last of what it said, on one line.
    fn last_words(&mut self) -> String {
        let text = self.said();
        let mut last: Vec<&str> = text.lines().rev().take(5).collect();
        last.reverse();
        if last.is_empty() { "it said nothing".to_owned() } else { last.join("; ") }
    }

    #[allow(clippy::disallowed_methods, reason = "a tool is where the time comes from")]
    fn end(&mut self) -> io::Result<()> {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        if self.child.try_wait()?.is_none()
            && let Some(pid) = pid
        {
            kill_process(pid, Signal::TERM)?;
        }
        let start = Instant::now();
        while self.child.try_wait()?.is_none() {
            if start.elapsed() > PATIENCE {
                self.child.kill()?;
            }
            thread::sleep(PAUSE);
        }
        Ok(())
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // There is nobody left to tell, and a proxy that cannot be ended has ended.
        let _ = self.end();
        // Only what is empty goes: the proxy has removed what is its own.
        let _ = fs::remove_file(self.workdir.join("_.pid"));
        let _ = fs::remove_dir(&self.workdir);
    }
}

/// A directory of this process where logs usually are, on a tmpfs if there is one.
fn default_workdir() -> anyhow::Result<PathBuf> {
    let name = format!("demo-{}", std::process::id());
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(|dir| Path::new(&dir).join("shellac"));
    let places = [Some(PathBuf::from("/run/shellac")), runtime, Some("/dev/shm/shellac".into())];
    for place in places.into_iter().flatten() {
        let workdir = place.join(&name);
        if fs::create_dir_all(&workdir).is_ok() {
            return Ok(workdir);
        }
    }
    let workdir = std::env::temp_dir().join(name);
    fs::create_dir_all(&workdir).with_context(|| format!("cannot make {}", workdir.display()))?;
    Ok(workdir)
}

/// The address in the proxy's line `listening on NAME ADDRESS`, whatever the order of its words.
fn listening_on(said: &str) -> Option<SocketAddr> {
    let line = said.lines().find(|line| line.contains("listening on"))?;
    line.split(|c: char| c.is_whitespace() || c == ',').find_map(|word| word.parse().ok())
}

/// One pool and one route per origin. The route to the flaky one retries what the demo is about, and has the
/// healthy one in its pool, which by then has connections that are kept: so a retry goes there, on one of them.
fn configuration(origins: &[(Manner, SocketAddr)]) -> String {
    let mut text = String::from(
        "instance = \"demo\"\nthreads = 1\n\
         [log]\nsize = \"8M\"\ndialect = \"6.0-7.2\"\n\
         [[listen]]\nname = \"main\"\naddress = \"127.0.0.1:0\"\n",
    );
    for (manner, origin) in origins {
        let name = manner.name();
        let second = if *manner == Manner::ClosesNew { ", \"healthy\"" } else { "" };
        text += &format!(
            "[[backend]]\nname = \"{name}\"\naddress = \"{origin}\"\nfirst_byte_timeout = \"0.7s\"\n\
             [[pool]]\nname = \"{name}\"\nbackends = [\"{name}\"{second}]\n"
        );
    }
    for (manner, path, retry) in [
        (Manner::Healthy, "/", "methods = [\"GET\", \"PUT\"]"),
        (
            Manner::ClosesNew,
            "/orders",
            "on = [\"connect\", \"eof_before_byte\", \"reused\"]\nmethods = [\"GET\", \"POST\", \"PUT\"]\n\
             connection = \"any\"\nmax = 1",
        ),
        (Manner::ClosesReused, "/cart", "on = [\"connect\", \"reused\"]\nmethods = [\"GET\"]"),
        (Manner::Slow, "/reports", "on = [\"connect\"]\nmethods = [\"GET\"]"),
    ] {
        let pool = manner.name();
        text +=
            &format!("[[route]]\npath = \"{path}\"\npool = \"{pool}\"\n[route.retry]\n{retry}\n");
    }
    text
}

#[cfg(test)]
mod tests;
