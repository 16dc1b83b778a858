//! The forms of a request target, and the Host that goes with them.

use crate::error::HeadError;
use crate::head::{RequestHead, Version};
use crate::names::Known;

/// Checks target and Host of `head`, and turns an absolute target into path and Host.
pub(crate) fn check(head: &mut RequestHead) -> Result<(), HeadError> {
    if head.target.contains('#') {
        return Err(HeadError::Target);
    }
    check_host(head)?;
    if head.method == "CONNECT" {
        let (host, port) = head.target.rsplit_once(':').ok_or(HeadError::Target)?;
        let fits = !host.is_empty() && !port.is_empty() && is_authority(head.target.as_bytes());
        return if fits { Ok(()) } else { Err(HeadError::Target) };
    }
    if head.target == "*" {
        return if head.method == "OPTIONS" { Ok(()) } else { Err(HeadError::Target) };
    }
    if head.target.starts_with('/') {
        return Ok(());
    }
    take_apart(head)
}

fn check_host(head: &RequestHead) -> Result<(), HeadError> {
    let mut hosts = head.headers.values(Known::Host);
    let first = hosts.next();
    if hosts.next().is_some() {
        return Err(HeadError::SeveralHosts);
    }
    match first {
        Some(host) if !is_authority(host) => Err(HeadError::BadHost),
        None if head.version == Version::Http11 => Err(HeadError::MissingHost),
        _ => Ok(()),
    }
}

/// `http://authority/path` becomes `/path`, and the authority replaces the Host header: that is what every
/// other server would act on, so nobody behind us may see another name.
fn take_apart(head: &mut RequestHead) -> Result<(), HeadError> {
    let (scheme, rest) = head.target.split_once("://").ok_or(HeadError::Target)?;
    if !scheme.eq_ignore_ascii_case("http") && !scheme.eq_ignore_ascii_case("https") {
        return Err(HeadError::Target);
    }
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    if authority.is_empty() || !is_authority(authority.as_bytes()) {
        return Err(HeadError::BadHost);
    }
    let origin_form = match path.as_bytes().first() {
        Some(b'/') => path.to_owned(),
        Some(_) => format!("/{path}"),
        None if head.method == "OPTIONS" => "*".to_owned(),
        None => "/".to_owned(),
    };
    let authority = authority.to_owned();
    head.headers.set(Known::Host, authority);
    head.target = origin_form;
    Ok(())
}

/// `host`, `host:port` or `[address]:port`; empty is allowed. User information is not.
fn is_authority(text: &[u8]) -> bool {
    let rest = match text.strip_prefix(b"[") {
        Some(address) => {
            let is_address = |byte: &&u8| byte.is_ascii_alphanumeric() || b":.".contains(byte);
            let len = address.iter().take_while(is_address).count();
            match &address[len..] {
                [b']', rest @ ..] if len > 0 => rest,
                _ => return false,
            }
        }
        None => &text[text.iter().take_while(|byte| IS_HOST[usize::from(**byte)]).count()..],
    };
    match rest {
        [] => true,
        [b':', port @ ..] => is_port(port),
        _ => false,
    }
}

/// None, or one that there is.
fn is_port(digits: &[u8]) -> bool {
    let highest = b"65535";
    digits.iter().all(u8::is_ascii_digit)
        && (digits.len() < highest.len() || (digits.len() == highest.len() && digits <= highest))
}

/// Which bytes a name of a host is made of.
static IS_HOST: [bool; 256] = {
    let mut is_host = [false; 256];
    let mut byte = 0;
    while byte < u8::MAX {
        is_host[byte as usize] = byte.is_ascii_alphanumeric();
        byte += 1;
    }
    let mut others = b"-._~%!$&'()*+;=".as_slice();
    while let [first, rest @ ..] = others {
        is_host[*first as usize] = true;
        others = rest;
    }
    is_host
};
