//! Ports by name, as `/etc/services` lists them.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};

/// Where systems list them.
const SERVICES: &str = "/etc/services";
/// More than this of the file, in bytes, is not looked at.
const SERVICES_BYTES_MOST: u64 = 4 << 20;

/// The port that a number or the name of a service means.
pub(super) fn port(text: &str) -> Option<u16> {
    if let Ok(port) = text.parse() {
        return Some(port);
    }
    listed(BufReader::new(File::open(SERVICES).ok()?.take(SERVICES_BYTES_MOST)), text)
}

/// The port of a service over TCP: `NAME PORT/tcp OTHER-NAME...` in each line.
fn listed(services: impl BufRead, wanted: &str) -> Option<u16> {
    // What comes behind a line that cannot be read is not looked for.
    services.split(b'\n').map_while(Result::ok).find_map(|line| {
        let line = String::from_utf8_lossy(&line);
        let mut words = line.split('#').next()?.split_ascii_whitespace();
        let name = words.next()?;
        let port = words.next()?.strip_suffix("/tcp")?;
        let is_meant = name == wanted || words.any(|other| other == wanted);
        if is_meant { port.parse().ok() } else { None }
    })
}

#[cfg(test)]
mod tests;
