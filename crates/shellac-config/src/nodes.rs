//! Which machine an address belongs to: networks with the names of nodes.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;

use toml::de::DeValue;

use crate::section::{At, Problems, Section, list, text};

/// Networks and the names of the nodes in them; of several that hold an address the smallest one counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NodeMap {
    /// By the length of their prefix, counted as for IPv6: an address is looked up once for each length that there is.
    lengths: BTreeMap<u8, HashMap<u128, String>>,
}

impl NodeMap {
    /// Adds what one `CIDR=NAME` says, such as `10.0.1.0/24=rack1`; an address without a length is one machine.
    ///
    /// # Errors
    ///
    /// It says something else, or the network is there already.
    pub fn add(&mut self, row: &str) -> Result<(), String> {
        let parts = row.split_once('=').map(|(network, name)| (network.trim(), name.trim()));
        let Some((network, name)) = parts.filter(|(_, name)| !name.is_empty()) else {
            return Err(format!("`{row}` is not CIDR=NAME, such as 10.0.1.0/24=rack1"));
        };
        if name.chars().any(char::is_control) {
            return Err(format!("the name of {network} contains a control character"));
        }
        self.insert(network, name)
    }

    fn insert(&mut self, network: &str, name: &str) -> Result<(), String> {
        let (length, prefix) = parse(network)?;
        let names = self.lengths.entry(length).or_default();
        match names.insert(prefix, name.to_owned()) {
            Some(before) if before != name => {
                Err(format!("{network} is called `{before}` and `{name}`; one of them"))
            }
            _ => Ok(()),
        }
    }

    /// What `other` says goes first from now on, where both name the same network.
    pub fn prefer(&mut self, other: &NodeMap) {
        for (&length, names) in &other.lengths {
            let ours = self.lengths.entry(length).or_default();
            ours.extend(names.iter().map(|(&prefix, name)| (prefix, name.clone())));
        }
    }

    /// The node that an address belongs to.
    #[must_use]
    pub fn find(&self, address: IpAddr) -> Option<&str> {
        let bits = bits(address);
        let longest = self.lengths.iter().rev();
        longest
            .filter_map(|(&length, names)| names.get(&mask(bits, length)))
            .next()
            .map(String::as_str)
    }

    /// Whether it names nobody.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lengths.is_empty()
    }
}

/// Reads the tables `[[node]]`.
pub(crate) fn read(sections: Vec<Section<'_, '_>>, problems: &mut Problems) -> NodeMap {
    let mut map = NodeMap::default();
    for mut section in sections {
        let name = section.required(problems, "name", text);
        let networks = section.required(problems, "cidr", networks);
        if let (Some(At { value: name, .. }), Some(At { value: networks, at })) = (name, networks) {
            for network in networks {
                if let Err(reason) = map.insert(&network, &name) {
                    problems.add(at, section.key("cidr"), reason);
                }
            }
        }
        section.finish(problems);
    }
    map
}

/// One network or a list of them.
fn networks(value: &DeValue<'_>) -> Result<Vec<String>, String> {
    let network = |value: &DeValue<'_>| {
        let network = text(value)?;
        parse(&network).map(|_| network)
    };
    if value.is_str() { network(value).map(|one| vec![one]) } else { list(value, network) }
}

/// The length and the bits of a network's prefix, as for IPv6.
fn parse(network: &str) -> Result<(u8, u128), String> {
    let none = || format!("`{network}` is not a network, such as 10.0.1.0/24 or 2001:db8::/64");
    let (address, length) = match network.split_once('/') {
        Some((address, length)) => (address, Some(length)),
        None => (network, None),
    };
    let address: IpAddr = address.parse().map_err(|_| none())?;
    let (most, before) = if address.is_ipv4() { (32, 96) } else { (128, 0) };
    let length: u8 = match length {
        None => most,
        Some(length) => length.parse().ok().filter(|length| *length <= most).ok_or_else(none)?,
    };
    let prefix = mask(bits(address), length + before);
    if prefix != bits(address) {
        return Err(format!(
            "`{network}` has bits behind the first {length}: is it a whole network, or one machine (/{most})?"
        ));
    }
    Ok((length + before, prefix))
}

/// An address as a number; those of IPv4 as IPv6 has them.
fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().to_bits(),
        IpAddr::V6(address) => address.to_bits(),
    }
}

fn mask(bits: u128, length: u8) -> u128 {
    bits & u128::MAX.checked_shl(128 - u32::from(length)).unwrap_or(0)
}

#[cfg(test)]
mod tests;
