//! nginx for a test.

use std::fmt::Write as _;
use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process_group};
use tempfile::TempDir;

use super::deadline::Deadline;
use super::skip::skipped;

/// Whether there is one; that there is none has been said.
pub(crate) fn is_here() -> bool {
    let is_here = Command::new("nginx").arg("-v").stderr(Stdio::null()).status().is_ok();
    if !is_here {
        skipped("nginx is not installed");
    }
    is_here
}

/// A running nginx; dropping it ends it.
pub(crate) struct Nginx {
    child: Child,
    directory: TempDir,
    pub(crate) address: SocketAddr,
}

impl Nginx {
    /// Starts one with these blocks in `http { }`, in which `LISTEN` stands for its address. `None` where there is no nginx, which
    /// has then been said.
    pub(crate) fn start(blocks: &str) -> Option<Nginx> {
        if !is_here() {
            return None;
        }
        // It cannot be told to take any port, so one that is free is tried, a few times.
        let mut said = String::new();
        for _ in 0..5 {
            let free = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr();
            let address = free.expect("an address");
            match Nginx::at(address, "master_process off;", blocks) {
                Ok(nginx) => return Some(nginx),
                Err(text) => said = text,
            }
        }
        panic!("nginx does not start: {said}");
    }

    /// Starts one that listens on `address`, with `main` outside of all blocks, in a process group of its own. What it says when it
    /// does not start.
    pub(crate) fn at(address: SocketAddr, main: &str, blocks: &str) -> Result<Nginx, String> {
        let directory = TempDir::new().expect("a temporary directory");
        let path = directory.path().display();
        let mut text = format!(
            "daemon off;\n{main}\npid {path}/pid;\nerror_log {path}/error.log;\n\
             events {{ worker_connections 256; }}\nhttp {{\naccess_log off;\n\
             keepalive_requests 1000000;\nmerge_slashes on;\n"
        );
        for kind in ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"] {
            writeln!(text, "{kind}_temp_path {path}/{kind};").expect("text grows");
        }
        text += &blocks.replace("LISTEN", &address.to_string());
        text += "}\n";
        let file = directory.path().join("nginx.conf");
        fs::write(&file, text).expect("the configuration is written");
        let log = fs::File::create(directory.path().join("said")).expect("a file");
        let child = Command::new("nginx")
            .args(["-p", &path.to_string(), "-c", &file.display().to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .process_group(0)
            .spawn()
            .expect("nginx starts");
        let mut nginx = Nginx { child, directory, address };
        let up = Deadline::generous().wait_for("nginx", || {
            if nginx.child.try_wait().expect("it is our child").is_some() {
                return Some(false);
            }
            TcpStream::connect(address).is_ok().then_some(true)
        });
        let said = || fs::read_to_string(nginx.directory.path().join("said")).unwrap_or_default();
        if up { Ok(nginx) } else { Err(said()) }
    }
}

impl Nginx {
    /// Kills all its processes at once.
    pub(crate) fn kill(&mut self) {
        // Its number stays taken until it is waited for; the group may have ended by itself.
        let _ = kill_process_group(Pid::from_child(&self.child), Signal::KILL);
        let _ = self.child.wait();
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            self.kill();
        }
    }
}
