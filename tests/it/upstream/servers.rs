//! nginx for a test, and requests that are sent many at a time.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::support::deadline::Deadline;
use crate::support::skip::skipped;
use crate::support::wire::{Fields, Framing, Wire};

/// A running nginx; dropping it ends it.
pub(super) struct Nginx {
    child: Child,
    directory: TempDir,
    pub(super) address: SocketAddr,
}

impl Nginx {
    /// Starts one with these blocks in `http { }`, in which `LISTEN` stands for its address. `None` where there is no nginx, which
    /// has then been said.
    pub(super) fn start(blocks: &str) -> Option<Nginx> {
        if Command::new("nginx").arg("-v").stderr(Stdio::null()).status().is_err() {
            skipped("nginx is not installed");
            return None;
        }
        // It cannot be told to take any port, so one that is free is tried, a few times.
        let mut said = String::new();
        for _ in 0..5 {
            let free = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr();
            let address = free.expect("an address");
            match Nginx::at(address, blocks) {
                Ok(nginx) => return Some(nginx),
                Err(text) => said = text,
            }
        }
        panic!("nginx does not start: {said}");
    }

    fn at(address: SocketAddr, blocks: &str) -> Result<Nginx, String> {
        let directory = TempDir::new().expect("a temporary directory");
        let path = directory.path().display();
        let mut text = format!(
            "daemon off;\nmaster_process off;\npid {path}/pid;\nerror_log {path}/error.log;\n\
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

impl Drop for Nginx {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends a `GET` for each of `targets` to `host` over one connection, and gives the heads and bodies of the answers.
pub(super) fn ask(
    address: SocketAddr,
    host: &str,
    more: &str,
    targets: &[String],
    mut answer: impl FnMut(usize, &Fields, &[u8]),
) {
    let deadline = Deadline::after(std::time::Duration::from_secs(60));
    let mut wire = Wire::new(TcpStream::connect(address).expect("it listens"));
    for (batch, targets) in targets.chunks(100).enumerate() {
        let mut text = String::new();
        for target in targets {
            write!(text, "GET {target} HTTP/1.1\r\nHost: {host}\r\n{more}\r\n")
                .expect("text grows");
        }
        wire.stream.write_all(text.as_bytes()).expect("it takes requests");
        for at in 0..targets.len() {
            let (first, fields) = wire.head(deadline).expect("a head").expect("a response");
            let status = first.split(' ').nth(1).and_then(|status| status.parse().ok());
            let framing = Framing::of_response(&fields, status.expect("a status"), "GET");
            let mut body = Vec::new();
            wire.body(framing, u64::MAX, deadline, |data| body.extend_from_slice(data))
                .expect("a body");
            answer(batch * 100 + at, &fields, &body);
        }
    }
}
