//! TLS towards clients: which certificate each of them is shown.

use std::collections::HashMap;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use shellac_config::{ConfigError, ListenTls};

use super::{ALPN, Tickets, files, provider, versions};

/// What a listener's clients are shown.
pub(super) fn server(tls: &ListenTls, tickets: &Tickets) -> Result<ServerConfig, Vec<ConfigError>> {
    let mut errors = Vec::new();
    let mut chooser = Chooser::default();
    for files in &tls.certificates {
        let added = files::certified(files).and_then(|certified| {
            chooser.add(certified).map_err(|why| format!("{}: {why}", files.cert.display()))
        });
        if let Err(reason) = added {
            let key = "listen.tls.certificates".to_owned();
            errors.push(ConfigError { line: files.line, key, reason });
        }
    }
    let builder = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(versions(tls.min_version));
    let builder = match builder {
        Ok(builder) if errors.is_empty() => builder,
        Ok(_) => return Err(errors),
        Err(error) => {
            let line = tls.certificates.first().map_or(0, |files| files.line);
            let key = "listen.tls.min_version".to_owned();
            errors.push(ConfigError { line, key, reason: error.to_string() });
            return Err(errors);
        }
    };
    let mut server = builder.with_no_client_auth().with_cert_resolver(Arc::new(chooser));
    server.alpn_protocols = vec![ALPN.to_vec()];
    if let Some(ticketer) = &tickets.0 {
        server.ticketer = Arc::clone(ticketer);
    }
    Ok(server)
}

/// Certificates by the names that they are for.
#[derive(Debug, Default)]
pub(super) struct Chooser {
    exact: HashMap<String, Arc<CertifiedKey>>,
    /// By what stands behind the star, with its dot.
    wildcard: HashMap<String, Arc<CertifiedKey>>,
    first: Option<Arc<CertifiedKey>>,
}

impl Chooser {
    /// Adds one. Of several for the same name the one that came first is shown.
    pub(super) fn add(&mut self, certified: Arc<CertifiedKey>) -> Result<(), String> {
        let names = {
            let der = certified.end_entity_cert().map_err(|error| error.to_string())?;
            let parsed = webpki::EndEntityCert::try_from(der)
                .map_err(|error| format!("not a certificate that can be used: {error}"))?;
            parsed.valid_dns_names().map(str::to_ascii_lowercase).collect::<Vec<_>>()
        };
        for name in names {
            let (names, name) = match name.strip_prefix('*') {
                Some(rest) => (&mut self.wildcard, rest.to_owned()),
                None => (&mut self.exact, name),
            };
            names.entry(name).or_insert_with(|| Arc::clone(&certified));
        }
        self.first.get_or_insert(certified);
        Ok(())
    }

    /// The one for a client that has asked for `name`.
    pub(super) fn choose(&self, name: Option<&str>) -> Option<&Arc<CertifiedKey>> {
        let by_name = name.and_then(|name| {
            let name = name.to_ascii_lowercase();
            let behind = || self.wildcard.get(&name[name.find('.')?..]);
            self.exact.get(&name).or_else(behind)
        });
        by_name.or(self.first.as_ref())
    }
}

impl ResolvesServerCert for Chooser {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.choose(hello.server_name()).cloned()
    }
}
