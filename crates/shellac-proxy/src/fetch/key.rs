//! A request as keys of consistent hashes see it.

use std::net::IpAddr;

use shellac_http1::{Known, RequestHead};
use shellac_upstream::key::Request;

/// A request and who made it.
pub(super) struct Keyed<'r> {
    pub(super) head: &'r RequestHead,
    pub(super) client: IpAddr,
}

impl Keyed<'_> {
    /// Scheme and authority of a target that has them, and what comes behind.
    fn absolute(&self) -> Option<(&[u8], &[u8])> {
        let target = self.head.target.as_bytes();
        if target.starts_with(b"/") {
            return None;
        }
        let start = self.head.target.find("://")? + 3;
        let rest = &target[start..];
        let end = rest.iter().position(|byte| b"/?#".contains(byte)).unwrap_or(rest.len());
        Some(rest.split_at(end))
    }
}

impl Request for Keyed<'_> {
    fn method(&self) -> &str {
        &self.head.method
    }

    fn target(&self) -> &[u8] {
        match self.absolute() {
            None => self.head.target.as_bytes(),
            Some((_, [])) => b"/",
            Some((_, target)) => target,
        }
    }

    fn host(&self) -> &[u8] {
        match self.absolute() {
            Some((authority, _)) => authority,
            None => self.head.headers.get(Known::Host).unwrap_or_default(),
        }
    }

    fn header(&self, wanted: &dyn Fn(&str) -> bool) -> Option<&[u8]> {
        let found = self.head.headers.iter().find(|header| {
            // Names are checked to be tokens when a head is parsed.
            std::str::from_utf8(header.name).is_ok_and(wanted)
        });
        found.map(|header| header.value)
    }

    fn client(&self) -> IpAddr {
        self.client
    }
}

#[cfg(test)]
mod tests;
