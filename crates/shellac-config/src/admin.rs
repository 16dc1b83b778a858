//! The section `[admin]`: where commands are taken, and who may give them.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use toml::de::DeValue;

use crate::section::{At, Problems, Section, duration, list, text};

/// Where commands are taken, and who may give them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdminConfig {
    /// Where to listen; nowhere turns the command line off.
    pub listen: Vec<AdminAddress>,
    /// What a client has to know.
    pub secret: AdminSecret,
    /// A connection that asks nothing for this long is closed.
    pub idle_timeout: Duration,
}

impl Default for AdminConfig {
    fn default() -> Self {
        Self {
            listen: vec![AdminAddress::Tcp(SocketAddr::from(([127, 0, 0, 1], 0)))],
            secret: AdminSecret::Made,
            idle_timeout: Duration::from_secs(3600),
        }
    }
}

/// An address of the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AdminAddress {
    /// An address and port; port 0 lets the kernel choose.
    Tcp(SocketAddr),
    /// The path of a socket.
    Unix(PathBuf),
}

impl std::fmt::Display for AdminAddress {
    /// As the file has it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            AdminAddress::Tcp(address) => address.fmt(f),
            AdminAddress::Unix(path) => path.display().fmt(f),
        }
    }
}

/// What a client has to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AdminSecret {
    /// A file that is made at start, beside the log, for its owner only.
    Made,
    /// The content of this file.
    File(PathBuf),
    /// Nothing; only on addresses that no other machine reaches.
    Nothing,
}

/// Reads the section.
pub(crate) fn read(mut section: Section<'_, '_>, problems: &mut Problems) -> AdminConfig {
    let default = AdminConfig::default();
    let listen = section.take(problems, "listen", |value| list(value, address));
    let secret = section.take(problems, "secret", secret);
    let idle_timeout = section.or(problems, "idle_timeout", default.idle_timeout, duration);
    if let (Some(At { value: AdminSecret::Nothing, at }), Some(listen)) = (&secret, &listen) {
        let open = listen.value.iter().find_map(|address| match address {
            AdminAddress::Tcp(address) if !address.ip().is_loopback() => Some(address),
            _ => None,
        });
        if let Some(open) = open {
            problems.add(
                *at,
                section.key("secret"),
                format!("\"none\" would let everybody who reaches {open} give commands"),
            );
        }
    }
    let shown: Vec<String> = default.listen.iter().map(AdminAddress::to_string).collect();
    section.absent(problems, "listen", &shown);
    section.finish(problems);
    AdminConfig {
        listen: listen.map_or(default.listen, |found| found.value),
        secret: secret.map_or(default.secret, |found| found.value),
        idle_timeout,
    }
}

fn address(value: &DeValue<'_>) -> Result<AdminAddress, String> {
    let address = text(value)?;
    if address.starts_with('/') {
        return match address.len() {
            ..108 => Ok(AdminAddress::Unix(PathBuf::from(address))),
            _ => Err(format!("`{address}` is too long for a socket; at most 107 bytes")),
        };
    }
    address.parse().map(AdminAddress::Tcp).map_err(|_| {
        format!("`{address}` is neither IP:PORT, such as \"127.0.0.1:6082\", nor a path that begins with `/`")
    })
}

fn secret(value: &DeValue<'_>) -> Result<AdminSecret, String> {
    let secret = text(value)?;
    match secret.as_str() {
        "none" => Ok(AdminSecret::Nothing),
        path if path.starts_with('/') => Ok(AdminSecret::File(PathBuf::from(path))),
        _ => Err(format!("`{secret}` is neither a path that begins with `/` nor \"none\"")),
    }
}
