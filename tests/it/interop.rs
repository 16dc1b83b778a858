//! Debian's varnish tools beside ours, on our ring and on theirs.

mod access;
mod live;
mod load;
mod our_ring;
mod overrun;
mod their_ring;

use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::client::Client;
use crate::support::origin::{Asked, Origin, Step, ok, raw};
use crate::support::text::assert_same;

const GROUPINGS: [&str; 4] = ["raw", "vxid", "request", "session"];

/// What a stock tool prints; it must end with success.
fn stock(tool: &str, args: &[&str]) -> Vec<u8> {
    let output = Command::new(tool).args(args).stdin(Stdio::null()).output().expect("it starts");
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{tool} {args:?}: {complaint}");
    assert!(!complaint.contains("Assert"), "{tool} {args:?}: {complaint}");
    output.stdout
}

/// What `shellac log` prints; it must end with success.
fn ours(args: &[&str]) -> Vec<u8> {
    let output = Command::new(env!("CARGO_BIN_EXE_shellac"))
        .arg("log")
        .args(args)
        .stdin(Stdio::null())
        .output()
        .expect("it starts");
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// Compares both log tools on a directory, with these options behind `-d`.
///
/// Somebody may write into the log at any time (the manager asks its worker whether it lives), so our output
/// is taken between two of theirs, and counts when those are the same.
fn compare_dump(workdir: &Path, options: &[&str]) -> Vec<u8> {
    let args = [&["-n", workdir.to_str().expect("a path of text"), "-d"], options].concat();
    for _ in 0..50 {
        let before = stock("varnishlog", &args);
        let got = ours(&args);
        if stock("varnishlog", &args) == before {
            assert_same(&format!("{options:?}"), &got, &before);
            return got;
        }
    }
    panic!("the log never rests");
}

/// An origin with something of everything, by the path that is asked for.
fn origin() -> Origin {
    Origin::start(|asked: &Asked| match asked.target.as_str() {
        "/eof" => vec![Step::CloseCleanly],
        "/reset" => vec![Step::Reset],
        "/junk" => vec![raw("what?\r\n\r\n"), Step::Close],
        "/page" => vec![ok("<p><esi:include src=\"/part1\"/><esi:include src=\"/part2\"/>")],
        "/flaky" if asked.number.is_multiple_of(2) => {
            vec![raw("HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n")]
        }
        "/chunked" => {
            vec![raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")]
        }
        "/binary" => vec![raw(b"HTTP/1.1 200 OK\r\nX: \xe9\t\x80\r\nContent-Length: 0\r\n\r\n")],
        _ => vec![Step::ReadBody, ok("hello")],
    })
}

const TARGETS: [&str; 10] = [
    "/ok", "/eof", "/reset", "/junk", "/page", "/flaky", "/chunked", "/binary", "/synth", "/again",
];

/// One connection with a few requests for each target, and some that are none.
fn traffic(address: std::net::SocketAddr, rounds: usize) {
    for round in 0..rounds {
        for target in TARGETS {
            let mut client = Client::connect(address);
            let host = format!("Host: round{round}\r\n");
            client.send(format!("GET {target} HTTP/1.1\r\n{host}\r\n"));
            client.answer("GET");
            client.send(format!("POST {target} HTTP/1.1\r\n{host}Content-Length: 5\r\n\r\n12345"));
            client.answer("POST");
        }
        let mut client = Client::connect(address);
        client.send("nonsense\r\n\r\n");
        client.until_closed();
    }
}
