//! Certificates and what is agreed on with their help: from the files that a configuration names to what connections are made with.

mod backend;
mod fault;
mod files;
mod listener;

use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::server::ProducesTickets;
use rustls::{ClientConfig, ServerConfig, SupportedProtocolVersion};
use shellac_config::{BackendAddress, BackendConfig, Config, ConfigError, TlsVersion};

pub(crate) use backend::Upstream;
pub use backend::trusted_certificates;
pub(crate) use fault::{Fault, fault};

/// The only protocol that is spoken inside.
const ALPN: &[u8] = b"http/1.1";

/// What a listener needs for TLS.
#[derive(Clone, Debug)]
pub(crate) enum Listening {
    /// Its clients do not speak TLS.
    Plain,
    /// What they are shown.
    Tls(Arc<ServerConfig>),
    /// They speak TLS, and there is nothing to show them: they are sent away.
    Broken,
}

/// How a backend is spoken to.
#[derive(Clone, Debug)]
pub(crate) enum Speaking {
    /// As it is.
    Plain,
    /// With TLS.
    Tls(Upstream),
    /// With TLS, for which something is missing: not at all, then.
    Broken,
}

/// What a configuration says about TLS, with all files read.
#[derive(Debug, Default)]
pub(crate) struct Secrets {
    /// By the name of the listener.
    listeners: Vec<(String, Listening)>,
    /// By the position of the backend.
    backends: Vec<Speaking>,
    /// What could not be used, and why.
    pub(crate) errors: Vec<ConfigError>,
}

/// Keys of session tickets: all threads and all configurations of a worker have the same.
#[derive(Clone, Debug)]
pub(crate) struct Tickets(Option<Arc<dyn ProducesTickets>>);

impl Tickets {
    /// New keys; without any, sessions are not taken up again.
    pub(crate) fn new() -> Tickets {
        Tickets(rustls::crypto::ring::Ticketer::new().ok())
    }
}

impl Secrets {
    /// Reads all files that `config` names. What cannot be used is in `errors`.
    pub(crate) fn read(config: &Config, tickets: &Tickets) -> Secrets {
        let mut secrets = Secrets::default();
        for listen in &config.listen {
            let listening = match &listen.tls {
                None => Listening::Plain,
                Some(tls) => match listener::server(tls, tickets) {
                    Ok(server) => Listening::Tls(Arc::new(server)),
                    Err(errors) => {
                        secrets.errors.extend(errors);
                        Listening::Broken
                    }
                },
            };
            secrets.listeners.push((listen.name.clone(), listening));
        }
        // Backends that say the same share what is made of it, above all the roots of a system.
        let mut made: Vec<(&shellac_config::BackendTls, Option<Arc<ClientConfig>>)> = Vec::new();
        for backend in &config.backends {
            let Some(tls) = &backend.tls else {
                secrets.backends.push(Speaking::Plain);
                continue;
            };
            let known = made.iter().find(|(other, _)| other.has_same_files(tls));
            let client = match known {
                Some((_, client)) => client.clone(),
                None => {
                    let client = match backend::client(tls) {
                        Ok(client) => Some(Arc::new(client)),
                        Err(error) => {
                            secrets.errors.push(error);
                            None
                        }
                    };
                    made.push((tls, client.clone()));
                    client
                }
            };
            let upstream = client.and_then(|client| {
                let upstream = Upstream::new(client, tls, host(backend));
                upstream.map_err(|error| secrets.errors.push(error)).ok()
            });
            secrets.backends.push(upstream.map_or(Speaking::Broken, Speaking::Tls));
        }
        secrets
    }

    /// What the listener of this name needs, if there is one.
    pub(crate) fn listener(&self, name: &str) -> Option<&Listening> {
        let found = self.listeners.iter().find(|(known, _)| known == name);
        found.map(|(_, listening)| listening)
    }

    /// How the backend at `index` is spoken to.
    pub(crate) fn backend(&self, index: usize) -> &Speaking {
        self.backends.get(index).unwrap_or(&Speaking::Plain)
    }
}

/// Whether everything that a configuration says about TLS can be used.
///
/// # Errors
///
/// What cannot be used, with its line and the reason. `file_name` only appears in messages.
pub fn check_certificates(
    config: &Config,
    file_name: &str,
) -> Result<(), shellac_config::ConfigErrors> {
    let mut errors = Secrets::read(config, &Tickets(None)).errors;
    if errors.is_empty() {
        return Ok(());
    }
    errors.sort_by_key(|error| error.line);
    Err(shellac_config::ConfigErrors { file_name: file_name.to_owned(), errors })
}

/// The host of a backend's address; what is at a path is on this machine.
pub(crate) fn host(backend: &BackendConfig) -> String {
    match &backend.address {
        BackendAddress::Ip(address) => address.ip().to_string(),
        BackendAddress::Name { host, .. } => host.clone(),
        BackendAddress::Path(_) => "localhost".to_owned(),
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

fn versions(least: TlsVersion) -> &'static [&'static SupportedProtocolVersion] {
    static BOTH: [&SupportedProtocolVersion; 2] =
        [&rustls::version::TLS13, &rustls::version::TLS12];
    match least {
        TlsVersion::V1_2 => &BOTH,
        TlsVersion::V1_3 => &BOTH[..1],
    }
}

#[cfg(test)]
mod tests;
