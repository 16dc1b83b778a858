//! Who listens on a port, as far as `/proc` tells this user.

use std::fmt::Write as _;
use std::fs::File;
use std::io::Read;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;

/// The state of a socket that listens.
const LISTENS: &str = "0A";
/// Longest table of sockets that is read in bytes.
const TABLE_BYTES_MOST: u64 = 16 << 20;

/// A process, or at least a user, that listens where `address` would; for people.
pub(super) fn of(address: SocketAddr) -> Option<String> {
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"].map(|path| text(Path::new(path)));
    let rows = tables.iter().flatten().flat_map(|table| table.lines().filter_map(Row::read));
    let row = rows.into_iter().find(|row| collide(row.address, address))?;
    Some(match process(row.inode) {
        Some((pid, name)) => format!("process {pid} ({name}) listens there"),
        None => format!("a process of user {} listens there", row.uid),
    })
}

/// A socket that listens.
#[derive(Debug, PartialEq, Eq)]
struct Row {
    address: SocketAddr,
    uid: u32,
    inode: u64,
}

impl Row {
    fn read(line: &str) -> Option<Row> {
        let fields: Vec<&str> = line.split_ascii_whitespace().take(10).collect();
        let [_, local, _, LISTENS, _, _, _, uid, _, inode] = fields[..] else { return None };
        let (address, port) = local.split_once(':')?;
        let port = u16::from_str_radix(port, 16).ok()?;
        let address = SocketAddr::new(ip(address)?, port);
        Some(Row { address, uid: uid.parse().ok()?, inode: inode.parse().ok()? })
    }
}

/// Words in the order of this machine's bytes.
fn ip(hex: &str) -> Option<IpAddr> {
    let word = |at: usize| {
        let word = hex.get(at * 8..at * 8 + 8)?;
        u32::from_str_radix(word, 16).ok().map(u32::to_ne_bytes)
    };
    match hex.len() {
        8 => Some(Ipv4Addr::from(word(0)?).into()),
        32 => {
            let mut bytes = [0; 16];
            for at in 0..4 {
                bytes[at * 4..at * 4 + 4].copy_from_slice(&word(at)?);
            }
            Some(Ipv6Addr::from(bytes).into())
        }
        _ => None,
    }
}

/// Whether one who listens there is in the way.
fn collide(there: SocketAddr, wanted: SocketAddr) -> bool {
    let (one, other) = (there.ip().to_canonical(), wanted.ip().to_canonical());
    there.port() == wanted.port()
        && (one == other
            || (there.is_ipv6() == wanted.is_ipv6() && wanted.ip().is_unspecified())
            || (there.is_ipv6() == wanted.is_ipv6() && there.ip().is_unspecified())
            // One for both families.
            || (wanted.is_ipv4() && there.ip() == IpAddr::V6(Ipv6Addr::UNSPECIFIED)))
}

/// The first process that has the socket open: its number and its name.
fn process(inode: u64) -> Option<(u32, String)> {
    let mut pids: Vec<u32> = std::fs::read_dir("/proc")
        .ok()?
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect();
    pids.sort_unstable();
    let mut wanted = String::new();
    let _ = write!(wanted, "socket:[{inode}]");
    let has_it = |pid: &u32| {
        // Those of others cannot be looked at by everybody.
        let Ok(open) = std::fs::read_dir(format!("/proc/{pid}/fd")) else { return false };
        open.flatten().any(|entry| {
            std::fs::read_link(entry.path()).is_ok_and(|target| target.as_os_str() == &*wanted)
        })
    };
    let pid = pids.into_iter().find(has_it)?;
    let name = text(Path::new(&format!("/proc/{pid}/comm"))).unwrap_or_default();
    let name = name.trim_end().chars().map(|c| if c.is_ascii_graphic() { c } else { '?' });
    Some((pid, name.collect()))
}

fn text(path: &Path) -> Option<String> {
    let mut text = Vec::new();
    File::open(path).ok()?.take(TABLE_BYTES_MOST).read_to_end(&mut text).ok()?;
    Some(String::from_utf8_lossy(&text).into_owned())
}

#[cfg(test)]
mod tests;
