//! Probes of varnishd and of the proxy, side by side: the same backends, the same records, read by the same varnishlog.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

use crate::support::deadline::Deadline;
use crate::support::proxy::Proxy;
use crate::support::varnish::{self, Varnishd};

/// What a backend does with a request that it has read.
type Script = fn(TcpStream);

/// Names of backends, and what they do.
const BACKENDS: &[(&str, Script)] = &[
    ("well", |stream| say(stream, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")),
    ("sick", |stream| say(stream, "HTTP/1.1 500 Oh no\r\nContent-Length: 0\r\n\r\n")),
    ("wordless", |stream| say(stream, "HTTP/1.1 204\r\n\r\n")),
    ("empty", drop),
    ("reset", |stream| {
        let socket = socket2::SockRef::from(&stream);
        socket.set_linger(Some(Duration::ZERO)).expect("a socket");
    }),
    ("mute", |stream| {
        // Until the other side has had enough.
        let _ = (&stream).read(&mut [0]);
    }),
];

/// Settings with which each sequence has an end after a few probes.
const WINDOW: u32 = 4;

fn say(mut stream: TcpStream, answer: &str) {
    // Whoever does not listen any more has its reason.
    let _ = stream.write_all(answer.as_bytes());
}

/// Starts them all, and one address where nobody listens.
fn start() -> Vec<(&'static str, SocketAddr)> {
    let mut addresses = Vec::new();
    for &(name, script) in BACKENDS {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        addresses.push((name, listener.local_addr().expect("it listens")));
        thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                thread::spawn(move || {
                    let mut head = Vec::new();
                    let mut room = [0; 1024];
                    while !head.ends_with(b"\r\n\r\n") {
                        match stream.read(&mut room) {
                            Ok(len @ 1..) => head.extend_from_slice(&room[..len]),
                            _ => return,
                        }
                    }
                    script(stream);
                });
            }
        });
    }
    let nobody = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr();
    addresses.push(("nobody", nobody.expect("it listens")));
    addresses
}

/// What varnishlog says of one backend's probes: no times, and nothing twice in a row. `None` before it has come to an end.
fn sequence(log: &str, name: &str) -> Option<Vec<String>> {
    let begin = format!("{name} ");
    let records = log.lines().filter_map(|line| line.split_once("Backend_health - "));
    let mut sequence: Vec<String> = Vec::new();
    for (_, record) in records.filter(|(_, record)| record.starts_with(&begin)) {
        let words: Vec<&str> = record.splitn(9, ' ').collect();
        let (_, text) = words.get(8)?.split_once(' ')?;
        let told = [&words[..7], &[text]].concat().join(" ");
        if sequence.last() != Some(&told) {
            sequence.push(told);
        }
        // All that count are the same.
        if sequence.len() > 1
            && [0, WINDOW].map(|good| good.to_string()).contains(&words[4].to_owned())
        {
            return Some(sequence);
        }
    }
    None
}

fn sequences(workdir: &Path, names: &[&str]) -> Option<Vec<Vec<String>>> {
    let output = Command::new("varnishlog")
        .args(["-d", "-g", "raw", "-i", "Backend_health", "-n"])
        .arg(workdir)
        .stdin(Stdio::null())
        .output()
        .expect("varnishlog runs");
    let log = String::from_utf8_lossy(&output.stdout);
    names.iter().map(|name| sequence(&log, name)).collect()
}

#[test]
fn probes_are_logged_as_varnishd_logs_them() {
    if !varnish::is_here() {
        return;
    }
    let backends = start();
    let names: Vec<&str> = backends.iter().map(|(name, _)| *name).collect();

    let scratch = TempDir::new().expect("a temporary directory");
    let mut vcl = format!(
        "vcl 4.1;\nprobe p {{ .url = \"/\"; .interval = 0.3s; .timeout = 0.3s; .window = {WINDOW}; .threshold = 2; .initial = 2; }}\n"
    );
    for (name, address) in &backends {
        let port = address.port();
        vcl.push_str(&format!(
            "backend {name} {{ .host = \"127.0.0.1\"; .port = \"{port}\"; .probe = p; }}\n"
        ));
    }
    vcl.push_str("sub vcl_recv {\n");
    for name in &names {
        vcl.push_str(&format!(
            "if (req.url == \"/{name}\") {{ set req.backend_hint = {name}; }}\n"
        ));
    }
    vcl.push_str("}\n");
    let file = scratch.path().join("probes.vcl");
    fs::write(&file, vcl).expect("a file");
    let workdir = scratch.path().join("v");
    let file = file.to_str().expect("a path of ours");
    let _varnishd = Varnishd::start_with(&workdir, &["-f", file]);

    let mut tables = format!(
        "[[probe]]\nname = \"p\"\ninterval = \"300ms\"\ntimeout = \"300ms\"\nwindow = {WINDOW}\nthreshold = 2\ninitial = 2\n"
    );
    for (name, address) in &backends {
        tables.push_str(&format!(
            "[[backend]]\nname = \"{name}\"\naddress = \"{address}\"\nprobe = \"p\"\n"
        ));
    }
    let proxy = Proxy::start(&[], &tables);

    let deadline = Deadline::generous();
    let theirs = deadline.wait_for("varnishd's records", || sequences(&workdir, &names));
    let ours = deadline.wait_for("the proxy's records", || sequences(&proxy.workdir(), &names));
    for ((name, theirs), ours) in names.iter().zip(theirs).zip(ours) {
        assert_eq!(ours, theirs, "records of {name}, left ours");
        assert!(ours.len() > 2, "{ours:?}");
    }
}
