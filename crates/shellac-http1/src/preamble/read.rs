//! Reading a preamble.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use super::text;
use super::{Ends, PREAMBLE_BYTES, Preamble, PreambleError, PreambleProgress, PreambleVersion};

/// How version 2 begins.
pub(super) const SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";
/// The signature, version and command, family and transport, length of the rest.
pub(super) const HEAD: usize = 16;

/// Reads a preamble from the front of `buf`. The answer depends on the bytes alone: call it again with more of them after
/// [`PreambleProgress::Partial`].
///
/// # Errors
///
/// [`PreambleError`]; it is told as soon as the bytes cannot become a preamble.
///
/// # Examples
///
/// ```
/// use shellac_http1::{Ends, PreambleProgress, parse_preamble};
///
/// let wire = b"PROXY TCP4 192.0.2.7 192.0.2.1 51000 80\r\nGET / HTTP/1.1\r\n";
/// let PreambleProgress::Complete { preamble, len_bytes } = parse_preamble(wire).unwrap() else {
///     panic!("the line has its end");
/// };
/// assert!(matches!(preamble.ends, Ends::Known { client, .. } if client.to_string() == "192.0.2.7:51000"));
/// assert_eq!(&wire[len_bytes..], b"GET / HTTP/1.1\r\n");
/// ```
pub fn parse_preamble(buf: &[u8]) -> Result<PreambleProgress, PreambleError> {
    let begins = |start: &[u8]| {
        let len = start.len().min(buf.len());
        buf[..len] == start[..len]
    };
    if begins(text::START) {
        // An empty buffer begins like both; both are longer than what is asked for then.
        return text::parse(buf);
    }
    if begins(&SIGNATURE) { parse_binary(buf) } else { Err(PreambleError::None) }
}

fn parse_binary(buf: &[u8]) -> Result<PreambleProgress, PreambleError> {
    let Some(head) = buf.get(..HEAD) else {
        return Ok(PreambleProgress::Partial { missing: HEAD - buf.len() });
    };
    if head[12] >> 4 != 2 {
        return Err(PreambleError::Version);
    }
    let is_local = match head[12] & 0xf {
        0 => true,
        1 => false,
        _ => return Err(PreambleError::Command),
    };
    let (family, transport) = (head[13] >> 4, head[13] & 0xf);
    if family > 3 || transport > 2 {
        return Err(PreambleError::Family);
    }
    let addresses_len = [0, 12, 36, 216][usize::from(family)];
    let rest_len = usize::from(u16::from_be_bytes([head[14], head[15]]));
    let len_bytes = HEAD + rest_len;
    if rest_len < addresses_len {
        return Err(PreambleError::Short);
    }
    if len_bytes > PREAMBLE_BYTES {
        return Err(PreambleError::Long);
    }
    let Some(rest) = buf.get(HEAD..len_bytes) else {
        return Ok(PreambleProgress::Partial { missing: len_bytes - buf.len() });
    };
    let (addresses, remarks) = rest.split_at(addresses_len);
    // What a proxy says of itself may be of any form.
    if !is_local && !are_remarks(remarks) {
        return Err(PreambleError::Extension);
    }
    let ends = match (is_local, addresses) {
        (true, _) => Ends::Local,
        _ if transport == 0 => Ends::Unknown,
        (_, addresses) if family == 1 => known::<4>(addresses, |ip| Ipv4Addr::from(ip).into()),
        (_, addresses) if family == 2 => known::<16>(addresses, |ip| Ipv6Addr::from(ip).into()),
        // Unix sockets have names that mean nothing on this machine.
        _ => Ends::Unknown,
    };
    let preamble = Preamble { version: PreambleVersion::V2, ends };
    Ok(PreambleProgress::Complete { preamble, len_bytes })
}

/// Two addresses, then two ports.
fn known<const LEN: usize>(bytes: &[u8], ip: fn([u8; LEN]) -> std::net::IpAddr) -> Ends {
    let address = |at: usize| {
        let mut octets = [0; LEN];
        octets.copy_from_slice(&bytes[at * LEN..(at + 1) * LEN]);
        let port = &bytes[2 * LEN + 2 * at..];
        SocketAddr::new(ip(octets), u16::from_be_bytes([port[0], port[1]]))
    };
    Ends::Known { client: address(0), server: address(1) }
}

/// Whether these are remarks one after the other, each a kind, a length of two bytes and as many bytes.
fn are_remarks(mut rest: &[u8]) -> bool {
    while !rest.is_empty() {
        let [_, high, low, behind @ ..] = rest else { return false };
        match behind.get(usize::from(u16::from_be_bytes([*high, *low]))..) {
            Some(next) => rest = next,
            None => return false,
        }
    }
    true
}
