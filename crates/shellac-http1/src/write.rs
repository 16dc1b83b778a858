//! Heads onto the wire.

use crate::decimal::{Decimal, tiny};
use crate::head::{RequestHead, ResponseHead};
use crate::headers::Headers;

/// Tells a client to go on and send its body.
pub const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// Appends a request head. The version on the wire is ours, HTTP/1.1, whatever the client spoke.
///
/// Framing and connection headers have to be in `head.headers` already. Returns the bytes appended.
pub fn request(out: &mut Vec<u8>, head: &RequestHead) -> usize {
    let before = out.len();
    out.extend_from_slice(head.method.as_bytes());
    out.push(b' ');
    out.extend_from_slice(head.target.as_bytes());
    out.extend_from_slice(b" HTTP/1.1\r\n");
    headers(out, &head.headers);
    out.len() - before
}

/// Appends a response head. The version on the wire is ours, HTTP/1.1, whatever the backend spoke.
///
/// Framing and connection headers have to be in `head.headers` already. Returns the bytes appended.
pub fn response(out: &mut Vec<u8>, head: &ResponseHead) -> usize {
    let before = out.len();
    let mut start = *b"HTTP/1.1 000 ";
    if (100..1000).contains(&head.status) {
        let (digits, _) = tiny(u32::from(head.status));
        start[9..12].copy_from_slice(&digits[..3]);
        out.extend_from_slice(&start);
    } else {
        // No parser lets it come to this.
        out.extend_from_slice(&start[..9]);
        out.extend_from_slice(Decimal::new(u64::from(head.status)).as_bytes());
        out.push(b' ');
    }
    out.extend_from_slice(head.reason.as_bytes());
    out.extend_from_slice(b"\r\n");
    headers(out, &head.headers);
    out.len() - before
}

fn headers(out: &mut Vec<u8>, headers: &Headers) {
    headers.runs(|lines| out.extend_from_slice(lines));
    out.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests;
