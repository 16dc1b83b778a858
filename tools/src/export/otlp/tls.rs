//! Whom to believe where the endpoint is https.

use std::path::Path;
use std::sync::Arc;

use ureq::tls::{Certificate, RootCerts, TlsConfig};

/// Prepares for collectors with a certificate from those in `ca`, or from those whom the system believes.
///
/// # Errors
///
/// Which file cannot be used, and why.
pub(super) fn config(ca: Option<&Path>) -> anyhow::Result<TlsConfig> {
    let trusted = shellac_proxy::trusted_certificates(ca);
    let trusted = trusted.map_err(|why| anyhow::anyhow!("--ca: {why}"))?;
    let trusted: Vec<_> = trusted.iter().map(|it| Certificate::from_der(it).to_owned()).collect();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    Ok(TlsConfig::builder()
        .root_certs(RootCerts::new_with_certs(&trusted))
        .unversioned_rustls_crypto_provider(provider)
        .build())
}
