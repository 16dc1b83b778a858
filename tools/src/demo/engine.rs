//! The proxy of the demo: this same program, started once more with a configuration of its own.

use std::fs::{self, File};
use std::io::{self, Read, Seek};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
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
/// A port that was free can be taken a moment later.
const PORTS_TRIED: usize = 4;

/// A running proxy; dropping it ends it and removes what it left.
#[derive(Debug)]
pub(super) struct Engine {
    child: Child,
    workdir: PathBuf,
    address: SocketAddr,
    stderr: File,
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
        let mut failure = None;
        for _ in 0..PORTS_TRIED {
            match Engine::attempt(origins, &workdir, stop) {
                Ok(engine) => return Ok(engine),
                Err(error) if error.to_string().contains("in use") => failure = Some(error),
                Err(error) => return Err(error),
            }
        }
        Err(failure.unwrap_or_else(|| anyhow::anyhow!("the proxy did not start")))
    }

    fn attempt(
        origins: &[(Manner, SocketAddr)],
        workdir: &Path,
        stop: &dyn Fn() -> bool,
    ) -> anyhow::Result<Engine> {
        let scratch = TempDir::with_prefix("shellac-demo-").context("cannot make a directory")?;
        let address = free_address()?;
        let file = scratch.path().join("demo.toml");
        fs::write(&file, configuration(address, origins))
            .context("cannot write the configuration")?;
        let stderr = File::options()
            .create_new(true)
            .read(true)
            .append(true)
            .open(scratch.path().join("messages"))?;
        let program = std::env::current_exe().context("where is this program?")?;
        let child = Command::new(program)
            .arg("daemon")
            .arg("--small-log")
            .arg("-f")
            .arg(&file)
            .arg("-n")
            .arg(workdir)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(stderr.try_clone()?)
            // Ctrl-C is for the demo, which then ends the proxy in order.
            .process_group(0)
            .spawn()
            .context("cannot start the proxy")?;
        let workdir = workdir.to_owned();
        let mut engine = Engine { child, workdir, address, stderr, _scratch: scratch };
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
            if has_log && TcpStream::connect_timeout(&self.address, PAUSE).is_ok() {
                return Ok(());
            }
            if start.elapsed() > PATIENCE || stop() {
                bail!("the proxy does not serve: {}", self.messages());
            }
            thread::sleep(PAUSE);
        }
    }

    /// Fails when the proxy has ended.
    pub(super) fn check(&mut self) -> anyhow::Result<()> {
        match self.child.try_wait().context("cannot look after the proxy")? {
            Some(status) => bail!("the proxy has ended ({status}): {}", self.messages()),
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

    /// What it said on standard error, the last of it.
    fn messages(&mut self) -> String {
        let mut text = String::new();
        let read = self.stderr.rewind().and_then(|()| self.stderr.read_to_string(&mut text));
        let last: Vec<&str> = text.lines().rev().take(5).collect();
        match read {
            Ok(_) if !last.is_empty() => last.into_iter().rev().collect::<Vec<_>>().join("; "),
            _ => "it said nothing".to_owned(),
        }
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

fn free_address() -> io::Result<SocketAddr> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()
}

/// One pool and one route per origin. The route to the flaky one retries what the demo is about.
fn configuration(address: SocketAddr, origins: &[(Manner, SocketAddr)]) -> String {
    let mut text = format!(
        "instance = \"demo\"\nthreads = 1\n\
         [log]\nsize = \"8M\"\ndialect = \"6.0-7.2\"\n\
         [[listen]]\nname = \"main\"\naddress = \"{address}\"\n"
    );
    for (manner, origin) in origins {
        let name = manner.name();
        text += &format!(
            "[[backend]]\nname = \"{name}\"\naddress = \"{origin}\"\nfirst_byte_timeout = \"0.7s\"\n\
             [[pool]]\nname = \"{name}\"\nbackends = [\"{name}\"]\n"
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
mod tests {
    use super::*;

    #[test]
    fn the_configuration_is_one() {
        let address: SocketAddr = "127.0.0.1:8080".parse().unwrap();
        let origins = Manner::ALL.map(|manner| (manner, address));
        let text = configuration(address, &origins);
        let options = shellac_config::ParseOptions { allow_small: true };
        let config = shellac_config::Config::parse_with(&text, "demo", options).unwrap();
        assert_eq!((config.routes.len(), config.log.size_bytes), (4, 8 << 20));
        let orders = config.routes.iter().find(|route| route.path == "/orders").unwrap();
        assert!(orders.retry.methods.iter().any(|method| method == "POST"));
    }
}
