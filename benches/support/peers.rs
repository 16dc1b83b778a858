//! Proxies to be compared with, as an operator would set them up to pass everything on: one serving thread, connections kept
//! on both sides.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};

/// A program that listens; dropping it ends it and whatever it has started.
pub(crate) struct Peer {
    pub(crate) name: &'static str,
    pub(crate) address: SocketAddr,
    child: Child,
}

impl Peer {
    /// Its first process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Starts a program in a process group of its own and waits until it listens. `None` where it is not installed.
    fn start(name: &'static str, address: SocketAddr, command: &mut Command) -> Option<Peer> {
        let output = || Stdio::null();
        let child = command.stdin(output()).stdout(output()).stderr(output()).process_group(0);
        let child = child.spawn().ok()?;
        let mut peer = Peer { name, address, child };
        for _ in 0..1000 {
            if TcpStream::connect(address).is_ok() {
                return Some(peer);
            }
            if let Ok(Some(status)) = peer.child.try_wait() {
                panic!("{name} ended: {status}");
            }
            thread::sleep(Duration::from_millis(20));
        }
        panic!("{name} does not listen");
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // Its number stays taken until it is waited for; the group may have ended by itself.
        let _ = kill_process_group(Pid::from_child(&self.child), Signal::KILL);
        let _ = self.child.wait();
    }
}

/// A port that nobody has just now.
fn free() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port of this machine");
    listener.local_addr().expect("it listens")
}

fn written(directory: &Path, name: &str, text: &str) -> String {
    let file = directory.join(name);
    fs::write(&file, text).expect("room for a file");
    file.display().to_string()
}

/// A name without anything that configurations would have to quote.
fn plain(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect()
}

fn subdirectory(directory: &Path, name: &str) -> std::path::PathBuf {
    let path = directory.join(plain(name));
    fs::create_dir_all(&path).expect("room for a directory");
    path
}

/// What all configurations of nginx here begin with.
fn nginx(directory: &Path, name: &'static str, log: &str, server: &str) -> Option<Peer> {
    let (address, path) = (free(), subdirectory(directory, name));
    let shown = path.display();
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|kind| format!("{kind}_temp_path {shown}/{kind};\n"))
        .concat();
    let text = format!(
        "daemon off; user root; worker_processes 1; pid {shown}/pid; error_log {shown}/error.log;\n\
         events {{ worker_connections 1024; }}\n\
         http {{ access_log {log}; {temporary} keepalive_requests 1000000000; client_max_body_size 1g; tcp_nodelay on;\n\
         {} }}\n",
        server.replace("LISTEN", &address.to_string())
    );
    let file = written(&path, "conf", &text);
    Peer::start(name, address, Command::new("nginx").args(["-p", &shown.to_string(), "-c", &file]))
}

/// The server behind all of them, with a file for each size.
pub(crate) fn origin(directory: &Path) -> Option<Peer> {
    let root = subdirectory(directory, "files");
    for (name, bytes) in [("1k", 1 << 10), ("16k", 16 << 10), ("1m", 1 << 20)] {
        fs::write(root.join(name), vec![b'x'; bytes]).expect("room for a file");
    }
    let server = format!(
        "sendfile on; open_file_cache max=10; server {{ listen LISTEN backlog=1024; root {}; location /post {{ return 200 taken; }} }}",
        root.display()
    );
    nginx(directory, "origin", "off", &server)
}

/// nginx that passes everything on; `log` is its `access_log`.
pub(crate) fn nginx_proxy(
    directory: &Path,
    name: &'static str,
    log: &str,
    origin: SocketAddr,
) -> Option<Peer> {
    let server = format!(
        "upstream origin {{ server {origin}; keepalive 64; keepalive_requests 1000000000; }}\n\
         server {{ listen LISTEN backlog=1024; location / {{ proxy_pass http://origin; proxy_http_version 1.1; proxy_set_header Connection \"\"; \
         proxy_set_header Host $host; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; }} }}"
    );
    nginx(directory, name, log, &server)
}

/// HAProxy without a log.
pub(crate) fn haproxy(directory: &Path, origin: SocketAddr) -> Option<Peer> {
    let (address, path) = (free(), subdirectory(directory, "haproxy"));
    let text = format!(
        "global\n  nbthread 1\n  maxconn 2000\ndefaults\n  mode http\n  option forwardfor\n  http-reuse always\n  timeout connect 5s\n  \
         timeout client 60s\n  timeout server 60s\nfrontend f\n  bind {address}\n  default_backend b\nbackend b\n  server s {origin} pool-max-conn 128\n"
    );
    let file = written(&path, "conf", &text);
    Peer::start("haproxy", address, Command::new("haproxy").args(["-db", "-f", &file]))
}

/// varnishd that passes everything on.
pub(crate) fn varnishd(directory: &Path, origin: SocketAddr) -> Option<Peer> {
    let (address, path) = (free(), subdirectory(directory, "varnish"));
    let text = format!(
        "vcl 4.1;\nbackend default {{ .host = \"127.0.0.1\"; .port = \"{}\"; }}\nsub vcl_recv {{ return (pass); }}\n",
        origin.port()
    );
    let file = written(&path, "vcl", &text);
    let (listen, workdir) = (address.to_string(), path.join("workdir").display().to_string());
    let mut command = Command::new("varnishd");
    command.args([
        "-F",
        "-a",
        &listen,
        "-f",
        &file,
        "-n",
        &workdir,
        "-s",
        "malloc,64m",
        "-j",
        "none",
    ]);
    Peer::start("varnishd, pass", address, &mut command)
}

/// Our own, with its whole log and so many serving threads.
pub(crate) fn shellacd(
    directory: &Path,
    name: &'static str,
    threads: usize,
    origin: SocketAddr,
) -> Option<Peer> {
    shellacd_from(env!("CARGO_BIN_EXE_shellacd").as_ref(), directory, name, threads, origin)
}

/// The same from another build.
pub(crate) fn shellacd_from(
    program: &Path,
    directory: &Path,
    name: &'static str,
    threads: usize,
    origin: SocketAddr,
) -> Option<Peer> {
    let (address, path) = (free(), subdirectory(directory, name));
    let text = format!(
        "instance = \"bench\"\nworkdir = {:?}\nthreads = {threads}\n[[listen]]\nname = \"main\"\naddress = \"{address}\"\n\
         [[backend]]\nname = \"origin\"\naddress = \"{origin}\"\n[log]\nsize = \"80M\"\n[limits]\nidle_per_backend = 128\n",
        workdir(directory, name)
    );
    let file = written(&path, "toml", &text);
    Peer::start(name, address, Command::new(program).args(["-f", &file]))
}

/// Where our own publishes itself.
pub(crate) fn workdir(directory: &Path, name: &str) -> std::path::PathBuf {
    directory.join(plain(name)).join("workdir")
}
