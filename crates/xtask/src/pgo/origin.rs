//! The server behind the proxy that is trained.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;

/// What the server has: a path, and the bytes of the answer's body.
pub(super) const ANSWERS: [(&str, usize); 3] =
    [("/1k", 1 << 10), ("/16k", 16 << 10), ("/256k", 256 << 10)];

/// Starts it; it ends with this program.
pub(super) fn start() -> io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // Whether the proxy has closed a connection is seen where its requests are counted.
            thread::spawn(move || serve(stream));
        }
    });
    Ok(address)
}

fn serve(mut stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut held = Vec::new();
    while let Some(head) = read_head(&mut stream, &mut held)? {
        let length: usize =
            field(&head, "content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
        while held.len() < length {
            if read_more(&mut stream, &mut held)? == 0 {
                return Ok(());
            }
        }
        held.drain(..length);
        stream.write_all(&answer(&head))?;
    }
    Ok(())
}

/// The next head, its last empty line included; nothing at the end of the connection.
pub(super) fn read_head(stream: &mut TcpStream, held: &mut Vec<u8>) -> io::Result<Option<String>> {
    loop {
        if let Some(end) = held.windows(4).position(|four| four == b"\r\n\r\n") {
            let rest = held.split_off(end + 4);
            let head = std::mem::replace(held, rest);
            return Ok(Some(String::from_utf8_lossy(&head).into_owned()));
        }
        if read_more(stream, held)? == 0 {
            return Ok(None);
        }
    }
}

pub(super) fn read_more(stream: &mut TcpStream, held: &mut Vec<u8>) -> io::Result<usize> {
    let mut room = [0; 1 << 14];
    let read = stream.read(&mut room)?;
    held.extend_from_slice(&room[..read]);
    Ok(read)
}

/// The value of the first field of this name, which is in lower case.
pub(super) fn field<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let named = |line: &'a str| {
        let (found, value) = line.split_once(':')?;
        found.eq_ignore_ascii_case(name).then(|| value.trim())
    };
    head.lines().skip(1).find_map(named)
}

fn answer(head: &str) -> Vec<u8> {
    let path = head.split(' ').nth(1).unwrap_or_default();
    let known = ANSWERS.iter().find(|(known, _)| *known == path);
    let (status, length) = known.map_or(("404 Not Found", 120), |(_, length)| ("200 OK", *length));
    let mut answer = format!(
        "HTTP/1.1 {status}\r\nServer: origin\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\nContent-Type: text/plain\r\n\
         Last-Modified: Thu, 01 Jan 2026 00:00:00 GMT\r\nETag: \"68b5c2f0-400\"\r\nCache-Control: max-age=60\r\n\
         Content-Length: {length}\r\nAccept-Ranges: bytes\r\n\r\n"
    )
    .into_bytes();
    answer.resize(answer.len() + length, b'x');
    answer
}
