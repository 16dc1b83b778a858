//! Certificates and keys in files.

use std::fs::OpenOptions;
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use shellac_config::CertificateFiles;

/// Longest file.
const FILE_BYTES: u64 = 4 << 20;

/// A certificate with those that lead to its root, and its key. The error says which file, and why.
pub(super) fn certified(files: &CertificateFiles) -> Result<Arc<CertifiedKey>, String> {
    let chain = certificates(&files.cert)?;
    let text = match &files.key_text {
        Some(text) => text.as_bytes().to_vec(),
        None => read(&files.key)?,
    };
    let key = PrivateKeyDer::from_pem_slice(&text).map_err(|error| match error {
        pem::Error::NoItemsFound => {
            let encrypted = contains(&text, b"ENCRYPTED");
            let hint = if encrypted { "; keys with a password cannot be used" } else { "" };
            format!("{}: has no private key (PEM){hint}", files.key.display())
        }
        error => format!("{}: {error}", files.key.display()),
    })?;
    let provider = super::provider();
    let key = provider
        .key_provider
        .load_private_key(key)
        .map_err(|error| format!("{}: not a key that can be used: {error}", files.key.display()))?;
    let certified = CertifiedKey::new(chain, key);
    match certified.keys_match() {
        // Some keys cannot tell.
        Ok(()) | Err(rustls::Error::InconsistentKeys(rustls::InconsistentKeys::Unknown)) => {}
        Err(rustls::Error::InconsistentKeys(_)) => {
            let (key, cert) = (files.key.display(), files.cert.display());
            return Err(format!("{key}: is not the key of the certificate in {cert}"));
        }
        Err(error) => return Err(format!("{}: {error}", files.cert.display())),
    }
    Ok(Arc::new(certified))
}

/// All certificates of a file, at least one.
pub(super) fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let text = read(path)?;
    let found = CertificateDer::pem_slice_iter(&text)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| format!("{}: {error}", path.display()))?;
    if found.is_empty() {
        return Err(format!("{}: has no certificate (PEM)", path.display()));
    }
    Ok(found)
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    let failed = |what: &dyn std::fmt::Display| format!("{}: {what}", path.display());
    // A pipe would hold up everything until somebody writes to it.
    let flags = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(flags)
        .open(path)
        .map_err(|error| failed(&error))?;
    if !file.metadata().is_ok_and(|metadata| metadata.is_file()) {
        return Err(failed(&"is not a regular file"));
    }
    let mut text = Vec::new();
    file.take(FILE_BYTES + 1).read_to_end(&mut text).map_err(|error| failed(&error))?;
    if text.len() as u64 > FILE_BYTES {
        return Err(failed(&"is larger than 4 MB"));
    }
    Ok(text)
}

fn contains(text: &[u8], word: &[u8]) -> bool {
    text.windows(word.len()).any(|window| window == word)
}
