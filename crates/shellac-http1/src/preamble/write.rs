//! Writing a preamble.

use std::net::{IpAddr, SocketAddr};

use super::read::SIGNATURE;
use super::{Ends, PreambleVersion};

/// The preamble of `version` that says `ends`. Ends of two families are said as IPv6, in version 1 and in version 2.
pub fn preamble(version: PreambleVersion, ends: Ends) -> Vec<u8> {
    let ends = match ends {
        Ends::Known { client, server } => {
            let (client, server) = same_family(client, server);
            Ends::Known { client, server }
        }
        other => other,
    };
    match version {
        PreambleVersion::V1 => text(ends).into_bytes(),
        PreambleVersion::V2 => binary(ends),
    }
}

fn text(ends: Ends) -> String {
    match ends {
        Ends::Known { client, server } => {
            let family = if client.is_ipv4() { "TCP4" } else { "TCP6" };
            let (from, to) = (client.ip(), server.ip());
            format!("PROXY {family} {from} {to} {} {}\r\n", client.port(), server.port())
        }
        Ends::Local | Ends::Unknown => "PROXY UNKNOWN\r\n".to_owned(),
    }
}

fn binary(ends: Ends) -> Vec<u8> {
    let mut out = SIGNATURE.to_vec();
    let (command, family) = match ends {
        Ends::Known { client, .. } if client.is_ipv4() => (0x21, 0x11),
        Ends::Known { .. } => (0x21, 0x21),
        Ends::Unknown => (0x21, 0x00),
        Ends::Local => (0x20, 0x00),
    };
    let mut addresses = Vec::new();
    if let Ends::Known { client, server } = ends {
        for ip in [client.ip(), server.ip()] {
            match ip {
                IpAddr::V4(ip) => addresses.extend_from_slice(&ip.octets()),
                IpAddr::V6(ip) => addresses.extend_from_slice(&ip.octets()),
            }
        }
        for port in [client.port(), server.port()] {
            addresses.extend_from_slice(&port.to_be_bytes());
        }
    }
    out.extend_from_slice(&[command, family]);
    // At most 36.
    out.extend_from_slice(&u16::try_from(addresses.len()).unwrap_or(0).to_be_bytes());
    out.extend_from_slice(&addresses);
    out
}

fn same_family(client: SocketAddr, server: SocketAddr) -> (SocketAddr, SocketAddr) {
    if client.is_ipv4() == server.is_ipv4() {
        return (client, server);
    }
    let six = |address: SocketAddr| match address.ip() {
        IpAddr::V4(ip) => SocketAddr::new(ip.to_ipv6_mapped().into(), address.port()),
        IpAddr::V6(_) => address,
    };
    (six(client), six(server))
}
