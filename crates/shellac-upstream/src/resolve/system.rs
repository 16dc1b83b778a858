//! What the files of the system say about names: `/etc/hosts` and `/etc/resolv.conf`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Where name servers listen.
const PORT: u16 = 53;
/// Servers that are asked, as the C library has it.
const SERVERS: usize = 3;

/// The name servers of a `resolv.conf`, at most three; without any it is this machine.
#[must_use]
pub fn servers(text: &str) -> Vec<SocketAddr> {
    let mut servers: Vec<SocketAddr> = Vec::new();
    for line in text.lines() {
        let mut words = line.split_whitespace();
        if words.next() == Some("nameserver")
            && servers.len() < SERVERS
            && let Some(server) = words.next().and_then(|word| word.parse::<IpAddr>().ok())
        {
            servers.push((server, PORT).into());
        }
    }
    if servers.is_empty() {
        servers.push((Ipv4Addr::LOCALHOST, PORT).into());
    }
    servers
}

/// The lines of a hosts file.
#[derive(Debug, Clone, Copy, Default)]
pub struct Hosts<'t> {
    text: &'t str,
}

impl<'t> Hosts<'t> {
    /// The file with this text.
    #[must_use]
    pub fn new(text: &'t str) -> Hosts<'t> {
        Hosts { text }
    }

    /// The addresses of a name, if it stands there. `localhost`, and what ends in it, is this machine in any case.
    #[must_use]
    pub fn find(&self, host: &str) -> Vec<IpAddr> {
        let host = host.strip_suffix('.').unwrap_or(host);
        let mut found: Vec<IpAddr> = Vec::new();
        for line in self.text.lines() {
            let line = line.split('#').next().unwrap_or_default();
            let mut words = line.split_whitespace();
            let Some(address) = words.next().and_then(|word| word.parse().ok()) else { continue };
            if words.any(|word| word.eq_ignore_ascii_case(host)) && !found.contains(&address) {
                found.push(address);
            }
        }
        let last = host.rsplit('.').next().unwrap_or_default();
        if found.is_empty() && last.eq_ignore_ascii_case("localhost") {
            found = vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
        }
        found
    }
}
