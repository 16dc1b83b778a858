//! TLS towards backends: whom to believe, and what name to ask for.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::sign::SingleCertAndKey;
use rustls::{
    ClientConfig, ClientConnection, Connection, DigitallySignedStruct, Error, RootCertStore,
    SignatureScheme,
};
use shellac_config::{BackendTls, ConfigError, ServerNameFrom, TlsVersion};

use super::{ALPN, files, provider, versions};

/// Where systems keep the certificates of those whom everybody believes, in the order of looking.
const SYSTEM: &[&str] = &[
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];
/// The variable that names another file.
const SYSTEM_VARIABLE: &str = "SSL_CERT_FILE";

/// How to speak TLS with one backend.
#[derive(Clone, Debug)]
pub(crate) struct Upstream {
    client: Arc<ClientConfig>,
    /// What is asked for; `None` where every request says that.
    name: Option<ServerName<'static>>,
}

impl Upstream {
    /// `host` is that of the backend's address.
    pub(super) fn new(
        client: Arc<ClientConfig>,
        tls: &BackendTls,
        host: String,
    ) -> Result<Upstream, ConfigError> {
        let name = match &tls.server_name {
            ServerNameFrom::RequestHost => None,
            ServerNameFrom::Address => Some(host),
            ServerNameFrom::Fixed(name) => Some(name.clone()),
        };
        let name = name.map(|name| {
            ServerName::try_from(name.clone()).map_err(|_| ConfigError {
                line: tls.line,
                key: "backend.tls.server_name".to_owned(),
                reason: format!("`{name}` cannot be the name of a certificate; set another one"),
            })
        });
        Ok(Upstream { client, name: name.transpose()? })
    }

    /// Whether the name comes from each request.
    pub(crate) fn asks_for_host(&self) -> bool {
        self.name.is_none()
    }

    /// Our side of a connection; `host` is what the request asks for, without its port.
    ///
    /// # Errors
    ///
    /// The request names no host that a certificate could be for.
    pub(crate) fn connection(&self, host: Option<&str>) -> Result<Connection, Error> {
        let name = match (&self.name, host) {
            (Some(name), _) => name.clone(),
            (None, Some(host)) => {
                let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
                ServerName::try_from(host).map_err(|_| Error::UnsupportedNameType)?
            }
            (None, None) => return Err(Error::UnsupportedNameType),
        };
        ClientConnection::new(Arc::clone(&self.client), name).map(Connection::Client)
    }
}

/// Whom to believe, and what to show.
pub(super) fn client(tls: &BackendTls) -> Result<ClientConfig, ConfigError> {
    let error = |line: usize, key: &str, reason: String| ConfigError {
        line,
        key: format!("backend.tls.{key}"),
        reason,
    };
    let builder = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(versions(TlsVersion::V1_2))
        .map_err(|why| error(tls.line, "verify", why.to_string()))?;
    let builder = if tls.verify {
        let roots = roots(tls.ca.as_deref()).map_err(|why| error(tls.line, "ca", why))?;
        builder.with_root_certificates(roots)
    } else {
        let algorithms = provider().signature_verification_algorithms;
        builder.dangerous().with_custom_certificate_verifier(Arc::new(Anybody(algorithms)))
    };
    let mut client = match &tls.client {
        None => builder.with_no_client_auth(),
        Some(files) => {
            let certified =
                files::certified(files).map_err(|why| error(files.line, "cert", why))?;
            builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(certified)))
        }
    };
    client.alpn_protocols = vec![ALPN.to_vec()];
    Ok(client)
}

/// Those who are believed.
fn roots(ca: Option<&Path>) -> Result<RootCertStore, String> {
    let mut store = RootCertStore::empty();
    if let Some(path) = ca {
        for certificate in files::certificates(path)? {
            store.add(certificate).map_err(|error| format!("{}: {error}", path.display()))?;
        }
        return Ok(store);
    }
    let path = system_authorities()?;
    // Some of a system's are too old to be read; nobody needs these.
    let (added, _) = store.add_parsable_certificates(files::certificates(&path)?);
    if added == 0 {
        return Err(format!("{}: has no certificate that can be used", path.display()));
    }
    Ok(store)
}

/// The file in which this system keeps the certificates of those whom everybody believes.
fn system_authorities() -> Result<PathBuf, String> {
    let variable = std::env::var_os(SYSTEM_VARIABLE);
    let places = variable.iter().map(Path::new).chain(SYSTEM.iter().map(Path::new));
    let found = places.into_iter().find(|path| path.is_file());
    found.map(Path::to_owned).ok_or_else(|| {
        format!(
            "this system has no certificates of those who are believed (there is no {}): install its package \
             `ca-certificates`, or name a file with `ca`",
            SYSTEM[0]
        )
    })
}

/// The certificates of those who are believed: the ones in `ca`, or the system's.
///
/// # Errors
///
/// Which file cannot be used, and why.
pub fn trusted_certificates(ca: Option<&Path>) -> Result<Vec<CertificateDer<'static>>, String> {
    match ca {
        Some(path) => files::certificates(path),
        None => files::certificates(&system_authorities()?),
    }
}

/// Believes every certificate, as `verify = false` asks for. That the peer has its key is looked at all the same.
#[derive(Debug)]
struct Anybody(WebPkiSupportedAlgorithms);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.0)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.0)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_schemes()
    }
}
