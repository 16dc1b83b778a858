//! Where an instance takes commands, and the file with what has to be known for it.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use shellac_vsm::Attachment;

use super::Settings;
use crate::attach::Patience;
use crate::{attach, stock};

/// How long an instance is waited for when `-t` does not say.
const PATIENCE: Patience = Patience::For(Duration::from_secs(5));

/// Addresses in the order in which they are tried.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) addresses: Vec<Address>,
    pub(super) secret: Option<PathBuf>,
}

/// One address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Address {
    /// As messages name it.
    pub(super) text: String,
    pub(super) place: Place,
}

/// What to connect to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    Tcp { host: String, port: String },
    Unix(PathBuf),
}

/// Finds them: what the command line says, or else what the instance publishes.
pub(super) fn find(settings: &Settings) -> anyhow::Result<Found> {
    if let Some(text) = &settings.address {
        let address = Address { text: text.clone(), place: place(text) };
        return Ok(Found { addresses: vec![address], secret: settings.secret.clone() });
    }
    published_in(&attach(settings)?)
}

/// What an instance publishes.
pub(super) fn published_in(attachment: &Attachment) -> anyhow::Result<Found> {
    let text =
        |ident| attachment.read_text("Arg", ident).map_err(|error| anyhow!(error.full_text()));
    let Some(lines) = text("-T")? else { bail!("No -T in shared memory") };
    let addresses: Vec<Address> = lines.lines().filter_map(published).collect();
    if addresses.is_empty() {
        bail!("No -T in shared memory");
    }
    let secret = text("-S")?.filter(|path| !path.is_empty()).map(PathBuf::from);
    Ok(Found { addresses, secret })
}

/// The instance that the command line means.
pub(super) fn attach(settings: &Settings) -> anyhow::Result<Attachment> {
    let patience = settings.timeout.as_deref().map(stock::attach::patience).transpose()?;
    let patience = patience.unwrap_or(PATIENCE);
    let name = settings.name.as_deref();
    match settings.stock {
        Some(compat) => stock::attach::attach(name, Some(compat), patience, &|| false),
        None => {
            let attached = attach::attach(name, patience, &|| false)?;
            Ok(attached.context("interrupted")?.attachment)
        }
    }
}

/// `ADDRESS PORT`, as instances publish it; a socket has no port.
fn published(line: &str) -> Option<Address> {
    let (host, port) = line.rsplit_once(' ')?;
    if host.starts_with('/') {
        return Some(Address { text: host.to_owned(), place: Place::Unix(PathBuf::from(host)) });
    }
    let place = Place::Tcp { host: host.to_owned(), port: port.to_owned() };
    Some(Address { text: line.to_owned(), place })
}

/// `ADDRESS:PORT`, `[ADDRESS]:PORT`, `:PORT`, `ADDRESS`, or the path of a socket.
fn place(text: &str) -> Place {
    /// Where a daemon of old listened.
    const PORT: &str = "6082";
    if text.starts_with('/') {
        return Place::Unix(PathBuf::from(text));
    }
    let (host, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, "")) => (host, PORT),
        Some((host, port)) => (host, port.trim_start_matches(':')),
        // An address of version 6 without brackets has no port.
        None if text.matches(':').count() > 1 => (text, PORT),
        None => match text.rsplit_once([':', ' ']) {
            Some((host, port)) => (host, port),
            None => (text, PORT),
        },
    };
    let host = if host.is_empty() { "localhost" } else { host };
    Place::Tcp { host: host.to_owned(), port: port.to_owned() }
}

#[cfg(test)]
mod tests;
