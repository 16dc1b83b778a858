//! Where clients connect to, from its tables.

use std::net::SocketAddr;

use toml::de::DeValue;

use super::name;
use crate::section::{At, Problems, Section, boolean, text};
use crate::types::{ListenAddress, ListenConfig, SocketRights};

/// Longest path of a socket, in bytes: what the system's structure has room for, without the NUL.
const PATH_MOST: usize = 107;

pub(super) fn read_listen(
    sections: Vec<Section<'_, '_>>,
    problems: &mut Problems,
) -> Vec<ListenConfig> {
    let mut listen: Vec<ListenConfig> = Vec::new();
    for (index, mut section) in sections.into_iter().enumerate() {
        let name = section.take(problems, "name", name);
        let address = section.required(problems, "address", address);
        let proxy_protocol = section.or(problems, "proxy_protocol", false, boolean);
        let rights = SocketRights {
            mode: section.take(problems, "mode", mode).map(|found| found.value),
            user: section.take(problems, "user", text).map(|found| found.value),
            group: section.take(problems, "group", text).map(|found| found.value),
        };
        let tls = crate::tls::read_listen(&mut section, problems);
        if matches!(&address, Some(At { value: ListenAddress::Ip(_), .. })) {
            for key in ["mode", "user", "group"].into_iter().filter(|key| section.has(key)) {
                let reason = "has no effect: the address is no path of a socket";
                problems.add(section.place(key), section.key(key), reason);
            }
        }
        if let Some(At { value, at }) = &name
            && listen.iter().any(|other| other.name == *value)
        {
            problems.add(
                *at,
                section.key("name"),
                format!("`{value}` is taken by another [[listen]]"),
            );
        }
        if let Some(At { value, at }) = address {
            let is_free = value.ip().is_some_and(|address| address.port() == 0);
            if !is_free && listen.iter().any(|other| other.address == value) {
                problems.add(at, section.key("address"), format!("{value} is listened on already"));
            }
            let position = format!("a{index}");
            section.absent(problems, "name", &position);
            let name = name.map_or(position, |found| found.value);
            listen.push(ListenConfig { name, address: value, proxy_protocol, rights, tls });
        }
        section.finish(problems);
    }
    listen
}

fn address(value: &DeValue<'_>) -> Result<ListenAddress, String> {
    let address = text(value)?;
    if address.starts_with('/') {
        return socket_path(&address).map(ListenAddress::Unix);
    }
    let parsed: Result<SocketAddr, _> = address.parse();
    parsed.map(ListenAddress::Ip).map_err(|_| {
        format!(
            "`{address}` is neither IP:PORT, such as \"127.0.0.1:8080\" or \"[::1]:8080\", nor the /PATH of a socket"
        )
    })
}

/// The path of a socket.
pub(crate) fn socket_path(path: &str) -> Result<std::path::PathBuf, String> {
    if path.len() > PATH_MOST {
        return Err(format!(
            "is longer than {PATH_MOST} bytes, the most that a socket's path can have"
        ));
    }
    if path.ends_with('/') {
        return Err(format!("`{path}` is a directory, not a socket"));
    }
    Ok(path.into())
}

/// `"660"` or `0o660`; 660 without either is a mistake that nobody should pay for.
fn mode(value: &DeValue<'_>) -> Result<u32, String> {
    let wrong = || "is not a mode such as \"660\" or 0o660".to_owned();
    let digits = match value {
        DeValue::String(digits) => digits.as_ref(),
        DeValue::Integer(number) if number.radix() == 8 => number.as_str(),
        _ => return Err(wrong()),
    };
    match u32::from_str_radix(digits, 8) {
        Ok(mode) if mode <= 0o777 && !digits.starts_with('+') => Ok(mode),
        _ => Err(wrong()),
    }
}
