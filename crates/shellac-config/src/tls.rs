//! What the file says about TLS, towards clients and towards backends. The files that it names are read by whoever uses them.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use toml::de::DeValue;

use crate::Config;
use crate::section::{Problems, Section, boolean, text};

/// TLS on a listening address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListenTls {
    /// At least one. The first is for clients that name no host, or one that no certificate is for.
    pub certificates: Vec<CertificateFiles>,
    /// The oldest version that is spoken.
    pub min_version: TlsVersion,
}

/// A certificate with its key. Where they are named makes no difference between two.
#[derive(Debug, Clone)]
pub struct CertificateFiles {
    /// The certificate and those that lead to a root, as PEM.
    pub cert: PathBuf,
    /// Its key, as PEM.
    pub key: PathBuf,
    /// What is in that file, where only somebody else can read it; see [`Config::give_keys`].
    pub key_text: Option<KeyText>,
    /// The line in the configuration that names them, from 1.
    pub line: usize,
}

/// A private key as it stands in its file. It is not shown.
#[derive(Clone)]
pub struct KeyText(Arc<[u8]>);

impl KeyText {
    /// The text.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl From<&[u8]> for KeyText {
    fn from(text: &[u8]) -> KeyText {
        KeyText(text.into())
    }
}

impl fmt::Debug for KeyText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyText(..)")
    }
}

impl Config {
    /// The files of all private keys, each once.
    #[must_use]
    pub fn key_files(&self) -> Vec<&Path> {
        let of_listeners =
            self.listen.iter().flat_map(|one| &one.tls).flat_map(|tls| &tls.certificates);
        let of_backends = self.backends.iter().flat_map(|one| &one.tls).flat_map(|tls| &tls.client);
        let mut files: Vec<&Path> =
            of_listeners.chain(of_backends).map(|files| files.key.as_path()).collect();
        files.sort_unstable();
        files.dedup();
        files
    }

    /// Says what is in the files of private keys that whoever uses this cannot read.
    pub fn give_keys(&mut self, keys: &[(PathBuf, KeyText)]) {
        let of_listeners = self
            .listen
            .iter_mut()
            .flat_map(|one| &mut one.tls)
            .flat_map(|tls| &mut tls.certificates);
        let of_backends =
            self.backends.iter_mut().flat_map(|one| &mut one.tls).flat_map(|tls| &mut tls.client);
        for files in of_listeners.chain(of_backends) {
            let given = keys.iter().find(|(path, _)| *path == files.key);
            files.key_text = given.map(|(_, text)| text.clone());
        }
    }
}

/// A version of TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TlsVersion {
    /// 1.2.
    #[default]
    V1_2,
    /// 1.3.
    V1_3,
}

impl PartialEq for CertificateFiles {
    fn eq(&self, other: &CertificateFiles) -> bool {
        self.cert == other.cert && self.key == other.key
    }
}

impl Eq for CertificateFiles {}

/// TLS towards a backend. Where it is described makes no difference between two.
#[derive(Debug, Clone, Eq)]
pub struct BackendTls {
    /// The name that the certificate has to be for, and that is sent so that the backend can choose one.
    pub server_name: ServerNameFrom,
    /// Certificates of those who are believed, as PEM; default: the system's.
    pub ca: Option<PathBuf>,
    /// Whether the certificate is looked at.
    pub verify: bool,
    /// The certificate that is shown to the backend.
    pub client: Option<CertificateFiles>,
    /// The line in the configuration where this begins, from 1.
    pub line: usize,
}

impl PartialEq for BackendTls {
    fn eq(&self, other: &BackendTls) -> bool {
        self.server_name == other.server_name && self.has_same_files(other)
    }
}

impl BackendTls {
    /// Whether the same is believed and shown, whatever the name.
    #[must_use]
    pub fn has_same_files(&self, other: &BackendTls) -> bool {
        self.ca == other.ca && self.verify == other.verify && self.client == other.client
    }
}

/// Where the name of a backend's certificate comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerNameFrom {
    /// The host of the backend's address.
    Address,
    /// The `Host` of the request; connections are used again for the same one only.
    RequestHost,
    /// The file says it.
    Fixed(String),
}

/// The word for [`ServerNameFrom::RequestHost`].
const REQUEST_HOST: &str = "$host";

/// `[listen.tls]`, if it is there.
pub(crate) fn read_listen(
    listen: &mut Section<'_, '_>,
    problems: &mut Problems,
) -> Option<ListenTls> {
    if !listen.has("tls") {
        // Known all the same, and an empty table would be another thing.
        let _ = listen.take(problems, "tls", |_| Ok(()));
        return None;
    }
    let mut section = listen.table(problems, "tls");
    let mut certificates = Vec::new();
    let missing = !section.has("certificates");
    for mut one in section.tables(problems, "certificates") {
        let line = problems.line(one.at);
        let cert = one.required(problems, "cert", path).map(|found| found.value);
        let key = one.required(problems, "key", path).map(|found| found.value);
        one.finish(problems);
        if let (Some(cert), Some(key)) = (cert, key) {
            certificates.push(CertificateFiles { cert, key, key_text: None, line });
        }
    }
    if missing || certificates.is_empty() {
        let reason =
            "needs a certificate: certificates = [{ cert = \"/FILE.pem\", key = \"/FILE.key\" }]";
        problems.add(section.place("certificates"), section.key("certificates"), reason);
    }
    let min_version = section.choice(problems, "min_version", TlsVersion::default(), VERSIONS);
    section.finish(problems);
    Some(ListenTls { certificates, min_version })
}

/// `[backend.tls]`, if it is there.
pub(crate) fn read_backend(
    backend: &mut Section<'_, '_>,
    problems: &mut Problems,
) -> Option<BackendTls> {
    if !backend.has("tls") {
        // Known all the same, and an empty table would be another thing.
        let _ = backend.take(problems, "tls", |_| Ok(()));
        return None;
    }
    let mut section = backend.table(problems, "tls");
    let line = problems.line(section.at);
    let server_name = section.take(problems, "server_name", server_name);
    let server_name = server_name.map_or(ServerNameFrom::Address, |found| found.value);
    let ca = section.take(problems, "ca", path);
    let verify = section.or(problems, "verify", true, boolean);
    let cert = section.take(problems, "cert", path);
    let key = section.take(problems, "key", path);
    if let (Some(ca), false) = (&ca, verify) {
        problems.add(ca.at, section.key("ca"), "has no effect with `verify = false`");
    }
    let client = match (cert, key) {
        (Some(cert), Some(key)) => {
            let line = problems.line(cert.at);
            Some(CertificateFiles { cert: cert.value, key: key.value, key_text: None, line })
        }
        (None, None) => None,
        (Some(one), None) => {
            problems.add(one.at, section.key("cert"), "needs its `key`");
            None
        }
        (None, Some(one)) => {
            problems.add(one.at, section.key("key"), "needs its `cert`");
            None
        }
    };
    section.finish(problems);
    Some(BackendTls { server_name, ca: ca.map(|found| found.value), verify, client, line })
}

const VERSIONS: &[(&str, TlsVersion)] = &[("1.2", TlsVersion::V1_2), ("1.3", TlsVersion::V1_3)];

/// A file: from the root, so that it means the same for whoever reads it.
fn path(value: &DeValue<'_>) -> Result<PathBuf, String> {
    let path = PathBuf::from(text(value)?);
    if path.is_absolute() {
        Ok(path)
    } else {
        Err(format!("`{}` does not start with `/`", path.display()))
    }
}

fn server_name(value: &DeValue<'_>) -> Result<ServerNameFrom, String> {
    let name = text(value)?;
    if name == REQUEST_HOST {
        return Ok(ServerNameFrom::RequestHost);
    }
    let possible = |c: char| c.is_ascii_alphanumeric() || ".-_:".contains(c);
    if name.len() > 253 || !name.chars().all(possible) {
        return Err(format!("`{name}` is neither a name, an address nor \"{REQUEST_HOST}\""));
    }
    Ok(ServerNameFrom::Fixed(name.to_ascii_lowercase()))
}

#[cfg(test)]
mod tests;
