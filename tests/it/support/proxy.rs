//! The proxy as a child process, and its log read by another one.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::client::Client;
use super::deadline::Deadline;

/// A running `shellacd --single`; dropping it ends the process.
pub(crate) struct Proxy {
    child: Child,
    directory: TempDir,
    address: SocketAddr,
    /// What it says on standard error after the line with its port.
    complaints: Receiver<String>,
    /// A test has seen it end.
    ended: bool,
}

impl Proxy {
    /// Starts a proxy in front of `backends` (b0, b1 ...), all in one pool. `tables` is appended to the
    /// configuration: `[[route]]`, `[timeouts]` and the like.
    pub(crate) fn start(backends: &[SocketAddr], tables: &str) -> Proxy {
        Proxy::start_with("", backends, tables)
    }

    /// [`start`](Proxy::start) with keys in front of all tables, such as `threads = 1`.
    pub(crate) fn start_with(keys: &str, backends: &[SocketAddr], tables: &str) -> Proxy {
        let directory = TempDir::new().expect("a temporary directory");
        let mut config = format!(
            "instance = \"test\"\nworkdir = {:?}\n{keys}\n",
            directory.path().join("workdir")
        );
        config.push_str("[[listen]]\nname = \"main\"\naddress = \"127.0.0.1:0\"\n");
        for (number, address) in backends.iter().enumerate() {
            config
                .push_str(&format!("[[backend]]\nname = \"b{number}\"\naddress = \"{address}\"\n"));
        }
        if !tables.contains("[log]") {
            config.push_str("[log]\nsize = \"16M\"\ndialect = \"6.0-7.2\"\n");
        }
        config.push_str(tables);
        let file = directory.path().join("shellac.toml");
        fs::write(&file, &config).expect("the configuration is written");
        let mut child = Command::new(env!("CARGO_BIN_EXE_shellacd"))
            .arg("--single")
            .arg("-f")
            .arg(&file)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("shellacd starts");
        let lines = BufReader::new(child.stderr.take().expect("standard error is piped")).lines();
        let (sender, complaints) = mpsc::channel();
        thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        let deadline = Deadline::generous();
        let mut said = String::new();
        let address = loop {
            let Ok(line) = complaints.recv_timeout(deadline.left().unwrap_or_default()) else {
                let _ = child.kill();
                panic!("shellacd does not listen\n{config}\nit says: {said}");
            };
            if line.contains("listening on") && line.contains("main") {
                let address = line.split_whitespace().find_map(|word| word.parse().ok());
                break address.unwrap_or_else(|| panic!("no address in {line:?}"));
            }
            said.push_str(&line);
            said.push('\n');
        };
        Proxy { child, directory, address, complaints, ended: false }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn workdir(&self) -> PathBuf {
        self.directory.path().join("workdir")
    }

    pub(crate) fn client(&self) -> Client {
        Client::connect(self.address)
    }

    /// Asks it to stop.
    pub(crate) fn terminate(&self) {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, Signal::TERM).expect("the proxy runs");
    }

    /// Whether it has not ended.
    pub(crate) fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Waits until it has ended.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        let child = &mut self.child;
        let status = Deadline::generous()
            .wait_for("the proxy to end", || child.try_wait().expect("it is our child"));
        self.ended = true;
        status
    }

    /// What `shellac log` prints of everything that the log holds, grouped so.
    pub(crate) fn log(&self, grouping: &str) -> String {
        self.try_log(grouping).unwrap_or_else(|error| panic!("{error}"))
    }

    fn try_log(&self, grouping: &str) -> Result<String, String> {
        let output = Command::new(env!("CARGO_BIN_EXE_shellac"))
            .args(["log", "-d", "-g", grouping, "-n"])
            .arg(self.workdir())
            .stdin(Stdio::null())
            .output()
            .map_err(|error| format!("shellac log: {error}"))?;
        let complaints = String::from_utf8_lossy(&output.stderr);
        if output.status.success() {
            String::from_utf8(output.stdout)
                .map_err(|error| format!("the log of these tests is text: {error}"))
        } else {
            Err(format!("shellac log: {}: {complaints}", output.status))
        }
    }

    /// The group of the request `xid`, all attempts included, once it is complete.
    pub(crate) fn request_log(&self, xid: u64) -> String {
        let head = format!("*   << Request  >> {xid}");
        Deadline::generous().wait_for(&format!("the log of request {xid}"), || {
            let log = self.log("request");
            let group = log.split("\n\n").find(|group| {
                group.trim_start().lines().next().is_some_and(|line| line.trim_end() == head)
            })?;
            let open = group
                .lines()
                .any(|line| line.trim_start_matches('-').trim_start().starts_with("VSL "));
            (!open).then(|| group.to_owned())
        })
    }

    /// Waits until the log, grouped by `grouping`, has all of these texts.
    pub(crate) fn wait_for_log(&self, grouping: &str, texts: &[&str]) -> String {
        Deadline::generous().wait_for(&format!("{texts:?} in the log"), || {
            let log = self.log(grouping);
            texts.iter().all(|text| log.contains(text)).then_some(log)
        })
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // Of a test that fails, whatever may help; a second panic would hide the first.
        let log = if thread::panicking() {
            self.try_log("session").unwrap_or_else(|error| error)
        } else {
            String::new()
        };
        let said: Vec<String> = self.complaints.try_iter().collect();
        let ended = self.child.try_wait().ok().flatten();
        // It may have ended by itself; then there is nothing to kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            eprintln!("the proxy said: {said:#?}\nits log:\n{log}");
        } else {
            assert!(
                !said.iter().any(|line| line.contains("panicked")),
                "the proxy panicked: {said:#?}"
            );
            assert!(self.ended || ended.is_none(), "the proxy ended by itself: {ended:?}");
        }
    }
}
