//! Version 1: a line of text.

use std::net::{IpAddr, SocketAddr};

use super::{Ends, Preamble, PreambleError, PreambleProgress, PreambleVersion};

/// How it begins.
pub(super) const START: &[u8] = b"PROXY ";
/// Longest line with its end.
const LONGEST: usize = 107;
/// `PROXY UNKNOWN` with its end.
const SHORTEST: usize = 15;

/// Reads the line from the front of `buf`, which begins like one as far as it goes.
pub(super) fn parse(buf: &[u8]) -> Result<PreambleProgress, PreambleError> {
    let window = &buf[..buf.len().min(LONGEST)];
    let Some(end) = window.iter().position(|&byte| byte == b'\n') else {
        let cr = window.iter().position(|&byte| byte == b'\r');
        let cr_inside = cr.is_some_and(|at| at + 1 < window.len());
        if cr_inside || window.iter().any(|byte| !byte.is_ascii_graphic() && !b" \r".contains(byte))
        {
            return Err(PreambleError::Bytes);
        }
        if window.len() == LONGEST {
            return Err(PreambleError::Endless);
        }
        // A line that has its CR lacks one byte, any other one lacks two.
        let missing = (2 - usize::from(cr.is_some())).max(SHORTEST.saturating_sub(window.len()));
        return Ok(PreambleProgress::Partial { missing });
    };
    let Some(line) = buf[..end].strip_suffix(b"\r") else { return Err(PreambleError::Bytes) };
    let text = match std::str::from_utf8(line) {
        Ok(text) if text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ') => text,
        _ => return Err(PreambleError::Bytes),
    };
    let ends = ends(text)?;
    let preamble = Preamble { version: PreambleVersion::V1, ends };
    Ok(PreambleProgress::Complete { preamble, len_bytes: end + 1 })
}

fn ends(line: &str) -> Result<Ends, PreambleError> {
    let mut words = line.split(' ').skip(1);
    let protocol = words.next().ok_or(PreambleError::Fields)?;
    let is_v4 = match protocol {
        "TCP4" => true,
        "TCP6" => false,
        // What follows is to be ignored.
        "UNKNOWN" => return Ok(Ends::Unknown),
        _ => return Err(PreambleError::Protocol),
    };
    let (Some(client), Some(server), Some(client_port), Some(server_port), None) =
        (words.next(), words.next(), words.next(), words.next(), words.next())
    else {
        return Err(PreambleError::Fields);
    };
    let address = |ip: &str, port: &str| {
        let ip: IpAddr = ip.parse().map_err(|_| PreambleError::Address)?;
        if ip.is_ipv4() != is_v4 {
            return Err(PreambleError::Address);
        }
        Ok(SocketAddr::new(ip, self::port(port).ok_or(PreambleError::Port)?))
    };
    Ok(Ends::Known { client: address(client, client_port)?, server: address(server, server_port)? })
}

/// Digits alone, without zeros in front.
fn port(text: &str) -> Option<u16> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit());
    let zeros = text.len() > 1 && text.starts_with('0');
    if plain && !zeros { text.parse().ok() } else { None }
}
