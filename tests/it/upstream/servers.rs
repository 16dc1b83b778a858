//! Requests that are sent to nginx many at a time.

use std::fmt::Write as _;
use std::io::Write as _;
use std::net::{SocketAddr, TcpStream};

use crate::support::deadline::Deadline;
use crate::support::wire::{Fields, Framing, Wire};

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
