//! A tunnel holds its backend up until it ends, and can be ended.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

use serde_json::Value;

use super::{adm, command, config, said};
use crate::support::daemon::Daemon;
use crate::support::deadline::Deadline;

/// A server that says hello, then sends back whatever comes.
fn echo() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("an address");
    let address = listener.local_addr().expect("it has an address");
    thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            thread::spawn(move || {
                let mut came = Vec::new();
                let mut block = [0; 512];
                while !came.ends_with(b"\r\n\r\n") {
                    match stream.read(&mut block) {
                        Ok(count @ 1..) => came.extend_from_slice(&block[..count]),
                        _ => return,
                    }
                }
                let _ = stream.write_all(b"hello");
                while let Ok(count @ 1..) = stream.read(&mut block) {
                    let _ = stream.write_all(&block[..count]);
                }
            });
        }
    });
    address
}

/// A tunnel through which five bytes have come.
fn open(daemon: &Daemon) -> TcpStream {
    let mut stream = TcpStream::connect(daemon.address()).expect("it listens");
    stream.set_read_timeout(Deadline::generous().left()).expect("an option");
    stream.write_all(b"GET /tunnel HTTP/1.1\r\nHost: a\r\n\r\n").expect("it takes a request");
    assert_eq!(some(&mut stream, 5), "hello");
    stream
}

fn some(stream: &mut TcpStream, count: usize) -> String {
    let mut bytes = vec![0; count];
    stream.read_exact(&mut bytes).expect("so many bytes");
    String::from_utf8(bytes).expect("text")
}

/// The one tunnel as `shellac ps` shows it, once it has passed so many bytes on to the client.
fn shown(workdir: &Path, to_client: u64) -> Value {
    Deadline::generous().wait_for("the tunnel on the board", || {
        let mut ps = Command::new(env!("CARGO_BIN_EXE_shellac"));
        let output = ps.args(["ps", "--json", "-n"]).arg(workdir).stdin(Stdio::null()).output();
        let value: Value = serde_json::from_slice(&output.expect("it starts").stdout).ok()?;
        let tunnels = value["requests"].as_array()?.iter();
        let mut tunnels = tunnels.filter(|one| one["phase"] == "pipe");
        tunnels.find(|one| one["bytes_to_client"] == to_client).cloned()
    })
}

#[test]
fn a_tunnel_is_in_flight_until_it_ends() {
    let root = tempfile::tempdir().expect("a temporary directory");
    let workdir = root.path().join("w");
    let text = config(&[echo(), echo()]) + "[[route]]\naction = \"pipe\"\n";
    let daemon = Daemon::start(&workdir, &text);

    let mut tunnel = open(&daemon);
    tunnel.write_all(b"12345678").expect("it takes bytes");
    assert_eq!(some(&mut tunnel, 8), "12345678");
    let seen = shown(&workdir, 13);
    assert_eq!(seen["waits_for"], "either");
    let backend = seen["backend"].as_str().expect("a name").to_owned();
    let (status, text) = adm(&workdir, &["drain", &backend, "--wait", "--timeout", "50ms"]);
    assert!(status == Some(1) && text.contains("GET /tunnel"), "{text}");
    let mut waiting = command(&workdir, &["drain", &backend, "--wait", "--quiet", "20ms"]);
    let waiting = waiting.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    // It goes on as if nothing were, and so may whoever waits.
    tunnel.write_all(b"more").expect("it takes bytes");
    assert_eq!(some(&mut tunnel, 4), "more");
    drop(tunnel);
    let (status, text) = said(&waiting.wait_with_output().expect("it is ours"));
    assert_eq!(status, Some(0), "{text}");

    // The next one goes to the other backend, and somebody ends it.
    let mut tunnel = open(&daemon);
    let seen = shown(&workdir, 5);
    assert_ne!(seen["backend"].as_str(), Some(&*backend));
    let xid = seen["xid"].as_u64().expect("a number").to_string();
    let (status, text) = adm(&workdir, &["kill", &xid]);
    assert_eq!(status, Some(0), "{text}");
    assert_eq!(tunnel.read(&mut [0]).expect("an end"), 0);
    let log = Deadline::generous().wait_for("the end in the log", || {
        let mut log = Command::new(env!("CARGO_BIN_EXE_shellac"));
        log.args(["log", "-d", "-g", "request", "-q", "PipeAcct", "-n"]).arg(&workdir);
        let output = log.stdin(Stdio::null()).output().expect("it starts");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.contains("pipe.end:admin").then_some(text)
    });
    assert!(log.contains("pipe.end:client"), "{log}");
    assert_eq!(log.matches(" close TX_PIPE").count(), 2, "{log}");
}
