//! How names of backends are looked up, and what such a name may be.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use toml::de::DeValue;

use crate::section::{At, Problems, Section, duration, integer, list, text};

/// Most name servers.
const SERVERS: usize = 8;

/// How names of backends are looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResolverConfig {
    /// The name servers, the first one first; `None`: those of `/etc/resolv.conf`.
    pub servers: Option<Vec<SocketAddr>>,
    /// The file that is looked into before a server is asked.
    pub hosts: PathBuf,
    /// How long an answer may take.
    pub timeout: Duration,
    /// How often each server is asked.
    pub attempts: u32,
    /// For how long addresses hold at least.
    pub ttl_min: Duration,
    /// For how long addresses hold at most.
    pub ttl_max: Duration,
}

impl Default for ResolverConfig {
    fn default() -> Self {
        Self {
            servers: None,
            hosts: PathBuf::from("/etc/hosts"),
            timeout: Duration::from_secs(2),
            attempts: 2,
            ttl_min: Duration::from_secs(1),
            ttl_max: Duration::from_secs(300),
        }
    }
}

/// Reads the section.
pub(crate) fn read(mut section: Section<'_, '_>, problems: &mut Problems) -> ResolverConfig {
    let default = ResolverConfig::default();
    let servers = section.take(problems, "servers", |value| match list(value, server)? {
        servers if servers.is_empty() => {
            Err("is empty; without it, /etc/resolv.conf counts".to_owned())
        }
        servers if servers.len() > SERVERS => Err(format!("has more than {SERVERS} servers")),
        servers => Ok(servers),
    });
    let hosts = section.or(problems, "hosts", default.hosts, |value| match text(value)? {
        path if path.starts_with('/') => Ok(PathBuf::from(path)),
        path => Err(format!("`{path}` is not a path that begins with `/`")),
    });
    let timeout = section.or(problems, "timeout", default.timeout, duration);
    let attempts = section.or(problems, "attempts", default.attempts, |value| {
        integer(value, 1..=10).map(|found| u32::try_from(found).unwrap_or(1))
    });
    let ttl_min = section.or(problems, "ttl_min", default.ttl_min, duration);
    let ttl_max = section.take(problems, "ttl_max", duration);
    if let Some(At { value, at }) = &ttl_max
        && *value < ttl_min
    {
        problems.add(*at, section.key("ttl_max"), "is less than `ttl_min`");
    }
    let longest = default.ttl_max.max(ttl_min);
    section.absent(problems, "ttl_max", &longest);
    section.finish(problems);
    let servers = servers.map(|found| found.value);
    let ttl_max = ttl_max.map_or(longest, |found| found.value);
    ResolverConfig { servers, hosts, timeout, attempts, ttl_min, ttl_max }
}

fn server(value: &DeValue<'_>) -> Result<SocketAddr, String> {
    let server = text(value)?;
    let found =
        server.parse::<SocketAddr>().or_else(|_| server.parse().map(|ip: IpAddr| (ip, 53).into()));
    match found {
        Ok(address) if address.port() == 0 => Err("port 0 cannot be asked".to_owned()),
        Ok(address) => Ok(address),
        Err(_) => Err(format!("`{server}` is neither IP nor IP:PORT, such as \"127.0.0.53\"")),
    }
}

/// Reads `IP:PORT`, `NAME:PORT` or a path.
pub(crate) fn backend_address(spelled: &str) -> Result<crate::types::BackendAddress, String> {
    use crate::types::BackendAddress;
    if spelled.starts_with('/') {
        return crate::read::listen::socket_path(spelled).map(BackendAddress::Path);
    }
    let wrong = || {
        format!(
            "`{spelled}` is neither IP:PORT, such as \"127.0.0.1:8080\" or \"[::1]:8080\", nor NAME:PORT, nor the /PATH of a socket"
        )
    };
    let address = match spelled.parse::<SocketAddr>() {
        Ok(address) => BackendAddress::Ip(address),
        Err(_) => {
            let (host, port) = spelled.rsplit_once(':').ok_or_else(wrong)?;
            if !is_name(host) {
                return Err(wrong());
            }
            let port = port.parse().map_err(|_| wrong())?;
            BackendAddress::Name { host: host.to_ascii_lowercase(), port }
        }
    };
    let port = match &address {
        BackendAddress::Ip(address) => address.port(),
        BackendAddress::Name { port, .. } => *port,
        // Told apart above.
        BackendAddress::Path(_) => return Ok(address),
    };
    if port == 0 { Err("port 0 cannot be connected to".to_owned()) } else { Ok(address) }
}

/// Whether it can be the name of a host. What ends in a number is an address that is spelled wrong.
fn is_name(host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host);
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    let is_number = |label: &str| label.bytes().all(|b| b.is_ascii_digit());
    host.len() <= 253
        && host.split('.').all(is_label)
        && !host.rsplit('.').next().is_some_and(is_number)
}
