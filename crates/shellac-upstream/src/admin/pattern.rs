//! Which backends are meant.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::glob;
use crate::spelling::distance;

/// A backend as patterns see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subject<'a> {
    /// The configuration that it belongs to.
    pub config: &'a str,
    /// Its name there.
    pub name: &'a str,
    /// Where it listens now.
    pub addresses: &'a [SocketAddr],
    /// Whether new requests go to this configuration.
    pub active: bool,
}

/// Where a pattern without a dot looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// In the active configuration, as `backend.list` and `backend.set_health` do.
    Active,
    /// In every configuration, as `drain` does.
    Every,
}

/// What is wrong with a pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("pattern `{pattern}` {reason}")]
pub struct PatternError {
    /// The pattern as it was given.
    pub pattern: String,
    /// What is wrong.
    pub reason: String,
}

/// A pattern for backends.
///
/// * `NAME`: a glob for the name; [`Scope`] says in which configurations;
/// * `CONFIG.NAME`: a glob for both with the dot between them, in every configuration;
/// * `@IP`, `@IP:PORT`, `@NETWORK/BITS`: by address, in every configuration.
///
/// Globs know `*`, `?`, `[a-z]`, `\x` and `{a,b}`. A leading `!` is for [`Selection`], which takes such backends out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Pattern {
    text: String,
    kind: Kind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Glob { dotted: bool, globs: Vec<String> },
    Endpoint(SocketAddr),
    Network { address: IpAddr, bits: u8 },
}

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    ///
    /// Empty, too long, a brace without its end, an address that is none.
    ///
    /// # Examples
    ///
    /// ```
    /// use shellac_upstream::admin::{Pattern, Scope, Subject};
    ///
    /// let pattern: Pattern = "*.api[12]".parse().unwrap();
    /// let address = ([10, 0, 0, 1], 80).into();
    /// let subject = Subject { config: "boot", name: "api1", addresses: &[address], active: false };
    /// assert!(pattern.matches(&subject, Scope::Active));
    /// ```
    pub fn parse(text: &str) -> Result<Pattern, PatternError> {
        let wrong = |reason: String| PatternError { pattern: text.to_owned(), reason };
        let kind = if text.is_empty() {
            return Err(wrong("is empty".to_owned()));
        } else if let Some(address) = text.strip_prefix('@') {
            parse_address(address).map_err(wrong)?
        } else {
            let globs = glob::alternatives(text).map_err(wrong)?;
            Kind::Glob { dotted: text.contains('.'), globs }
        };
        Ok(Pattern { text: text.to_owned(), kind })
    }

    /// The pattern for one backend of one configuration and nothing else.
    #[must_use]
    pub fn exactly(config: &str, name: &str) -> Pattern {
        let mut text = String::new();
        for c in config.chars().chain(['.']).chain(name.chars()) {
            if "*?[]{},\\!@".contains(c) {
                text.push('\\');
            }
            text.push(c);
        }
        Pattern { kind: Kind::Glob { dotted: true, globs: vec![text.clone()] }, text }
    }

    /// The pattern as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether this backend is meant.
    #[must_use]
    pub fn matches(&self, subject: &Subject<'_>, scope: Scope) -> bool {
        match &self.kind {
            Kind::Glob { dotted: true, globs } => {
                let name = format!("{}.{}", subject.config, subject.name);
                globs.iter().any(|glob| glob::fits(glob.as_bytes(), name.as_bytes()))
            }
            Kind::Glob { dotted: false, globs } => {
                (scope == Scope::Every || subject.active)
                    && globs.iter().any(|glob| glob::fits(glob.as_bytes(), subject.name.as_bytes()))
            }
            Kind::Endpoint(address) => subject.addresses.contains(address),
            Kind::Network { address, bits } => {
                subject.addresses.iter().any(|one| is_in(one.ip(), *address, *bits))
            }
        }
    }

    /// Up to three of `names` that look like what was meant, the nearest first.
    ///
    /// Names are those of backends, or `CONFIG.NAME`; for a pattern without a dot the part behind the dot is compared.
    #[must_use]
    pub fn nearest<'n>(&self, names: impl IntoIterator<Item = &'n str>) -> Vec<&'n str> {
        let dotted = matches!(self.kind, Kind::Glob { dotted: true, .. });
        let bare: String =
            self.text.chars().filter(|c| !"*?[]{}\\!@".contains(*c)).take(64).collect();
        if bare.is_empty() || matches!(self.kind, Kind::Endpoint(_) | Kind::Network { .. }) {
            return Vec::new();
        }
        let allowed = (bare.chars().count() / 3).clamp(1, 4);
        let mut found: Vec<(usize, &str)> = names
            .into_iter()
            .map(|name| {
                let part = match name.split_once('.') {
                    Some((_, part)) if !dotted => part,
                    _ => name,
                };
                let bare = bare.trim_start_matches('.');
                // A pattern may leave the configuration to a `*`.
                let end = name.split_once('.').map_or(name, |(_, end)| end);
                (distance(bare, part).min(distance(bare, end)), name)
            })
            .filter(|&(distance, _)| distance <= allowed)
            .collect();
        found.sort_unstable();
        found.dedup_by_key(|&mut (_, name)| name);
        found.into_iter().take(3).map(|(_, name)| name).collect()
    }
}

impl FromStr for Pattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Pattern, PatternError> {
        Pattern::parse(text)
    }
}

impl TryFrom<String> for Pattern {
    type Error = PatternError;

    fn try_from(text: String) -> Result<Pattern, PatternError> {
        Pattern::parse(&text)
    }
}

impl From<Pattern> for String {
    fn from(pattern: Pattern) -> String {
        pattern.text
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Several patterns: what any of them means, without what those with a `!` mean.
///
/// With nothing but such, everything else is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    wanted: Vec<Pattern>,
    unwanted: Vec<Pattern>,
}

impl Selection {
    /// Reads patterns.
    ///
    /// # Errors
    ///
    /// As [`Pattern::parse`], for the first one that is wrong.
    pub fn parse<S: AsRef<str>>(texts: &[S]) -> Result<Selection, PatternError> {
        let mut selection = Selection { wanted: Vec::new(), unwanted: Vec::new() };
        for text in texts {
            match text.as_ref().strip_prefix('!') {
                Some(text) => selection.unwanted.push(Pattern::parse(text)?),
                None => selection.wanted.push(Pattern::parse(text.as_ref())?),
            }
        }
        Ok(selection)
    }

    /// The patterns without a `!`.
    #[must_use]
    pub fn wanted(&self) -> &[Pattern] {
        &self.wanted
    }

    /// Whether this backend is meant.
    #[must_use]
    pub fn matches(&self, subject: &Subject<'_>, scope: Scope) -> bool {
        let any = |patterns: &[Pattern]| patterns.iter().any(|one| one.matches(subject, scope));
        (self.wanted.is_empty() || any(&self.wanted)) && !any(&self.unwanted)
    }
}

fn parse_address(text: &str) -> Result<Kind, String> {
    let none = || "is no address: @IP, @IP:PORT or @NETWORK/BITS".to_owned();
    if let Ok(address) = text.parse::<SocketAddr>() {
        return Ok(Kind::Endpoint(address));
    }
    let (address, bits) = match text.split_once('/') {
        Some((address, bits)) => (address, Some(bits)),
        None => (text, None),
    };
    let address: IpAddr = address.trim_matches(['[', ']']).parse().map_err(|_| none())?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    let bits = match bits {
        None => most,
        Some(bits) => bits.parse().ok().filter(|bits| *bits <= most).ok_or_else(none)?,
    };
    Ok(Kind::Network { address, bits })
}

/// Whether the first `bits` bits agree.
fn is_in(address: IpAddr, network: IpAddr, bits: u8) -> bool {
    let word = |ip: IpAddr| match ip {
        IpAddr::V4(ip) => u128::from(u32::from(ip)) << 96,
        IpAddr::V6(ip) => u128::from(ip),
    };
    let mask = u128::MAX.checked_shl(128 - u32::from(bits)).unwrap_or(0);
    address.is_ipv4() == network.is_ipv4() && (word(address) ^ word(network)) & mask == 0
}
