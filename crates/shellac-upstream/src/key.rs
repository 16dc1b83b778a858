//! The key of a request, by which a consistent hash chooses.
//!
//! The bytes that are hashed are those that nginx would hash for the same variables, so that keys stay where they are when one takes the place of the
//! other.

mod parse;

use std::borrow::Cow;
use std::fmt::Write;
use std::net::IpAddr;

use crc32fast::Hasher;

/// A piece of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// This text.
    Text(String),
    /// `$host`: the host without its port, in lower case.
    Host,
    /// `$uri`: the path, decoded and normalized, without the query.
    Uri,
    /// `$request_uri`: path and query as they came.
    RequestUri,
    /// `$args`: the query, without its `?`.
    Args,
    /// `$arg_NAME`: the first parameter of the query with this name, whatever its case; not decoded.
    Arg(String),
    /// `$http_NAME`: the first header whose name is this in lower case with `_` for `-`.
    Header(String),
    /// `$cookie_NAME`: the first cookie with this name.
    Cookie(String),
    /// `$remote_addr`: the client's address without its port.
    RemoteAddr,
    /// `$request_method`: the method.
    Method,
}

/// What a key can be made of.
pub trait Request {
    /// The method.
    fn method(&self) -> &str;
    /// Path and query.
    fn target(&self) -> &[u8];
    /// The host, perhaps with a port; empty where there is none.
    fn host(&self) -> &[u8];
    /// The first header whose name `wanted` accepts.
    fn header(&self, wanted: &dyn Fn(&str) -> bool) -> Option<&[u8]>;
    /// The client's address.
    fn client(&self) -> IpAddr;
}

/// How keys are made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    parts: Vec<Part>,
}

impl Template {
    /// Keys of these parts, one behind the other.
    #[must_use]
    pub fn new(parts: Vec<Part>) -> Template {
        Template { parts }
    }

    /// The hash of a request's key; `None` when the key is empty.
    ///
    /// # Examples
    ///
    /// ```
    /// use shellac_upstream::key::{Request, Template};
    /// # struct Example;
    /// # impl Request for Example {
    /// #     fn method(&self) -> &str { "GET" }
    /// #     fn target(&self) -> &[u8] { b"/0000?x" }
    /// #     fn host(&self) -> &[u8] { b"127.0.0.1:8080" }
    /// #     fn header(&self, _: &dyn Fn(&str) -> bool) -> Option<&[u8]> { None }
    /// #     fn client(&self) -> std::net::IpAddr { [127, 0, 0, 1].into() }
    /// # }
    /// // GET /0000?x for 127.0.0.1:8080
    /// let template = Template::parse("$host$uri").unwrap();
    /// assert_eq!(template.hash(&Example), Some(crc32fast::hash(b"127.0.0.1/0000")));
    /// ```
    #[must_use]
    pub fn hash(&self, request: &dyn Request) -> Option<u32> {
        let mut key = Key { hasher: Hasher::new(), is_empty: true };
        for part in &self.parts {
            key.add(part, request);
        }
        (!key.is_empty).then(|| key.hasher.finalize())
    }
}

struct Key {
    hasher: Hasher,
    is_empty: bool,
}

impl Key {
    fn push(&mut self, bytes: &[u8]) {
        self.is_empty &= bytes.is_empty();
        self.hasher.update(bytes);
    }

    fn add(&mut self, part: &Part, request: &dyn Request) {
        let target = request.target();
        let (path, query) = split(target);
        match part {
            Part::Text(text) => self.push(text.as_bytes()),
            Part::Host => self.push(&host(request.host())),
            Part::Uri => self.push(&normalized(path)),
            Part::RequestUri => self.push(target),
            Part::Args => self.push(query),
            Part::Arg(name) => self.push(argument(query, name)),
            Part::Header(name) => {
                let wanted = |header: &str| {
                    let same = |(a, b): (u8, u8)| {
                        a == b || a.to_ascii_lowercase() == b || (a == b'-' && b == b'_')
                    };
                    header.len() == name.len() && header.bytes().zip(name.bytes()).all(same)
                };
                self.push(request.header(&wanted).unwrap_or_default());
            }
            Part::Cookie(name) => {
                let wanted = |header: &str| header.eq_ignore_ascii_case("cookie");
                self.push(cookie(request.header(&wanted).unwrap_or_default(), name));
            }
            Part::RemoteAddr => {
                // Fits: no address is longer.
                let _ = write!(Text(self), "{}", request.client());
            }
            Part::Method => self.push(request.method().as_bytes()),
        }
    }
}

/// Formats into the key.
struct Text<'a>(&'a mut Key);

impl Write for Text<'_> {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        self.0.push(text.as_bytes());
        Ok(())
    }
}

/// Path and query.
fn split(target: &[u8]) -> (&[u8], &[u8]) {
    let end = target.iter().position(|&byte| byte == b'#').unwrap_or(target.len());
    let target = &target[..end];
    match target.iter().position(|&byte| byte == b'?') {
        Some(at) => (&target[..at], &target[at + 1..]),
        None => (target, &[]),
    }
}

fn host(host: &[u8]) -> Cow<'_, [u8]> {
    let end = if host.starts_with(b"[") {
        host.iter().position(|&byte| byte == b']').map_or(host.len(), |at| at + 1)
    } else {
        host.iter().position(|&byte| byte == b':').unwrap_or(host.len())
    };
    let host = &host[..end];
    let host = host.strip_suffix(b".").unwrap_or(host);
    if host.iter().any(u8::is_ascii_uppercase) {
        Cow::Owned(host.to_ascii_lowercase())
    } else {
        Cow::Borrowed(host)
    }
}

/// The path as it is meant: `%41` is `A`, `//` is `/`, and `/x/../` is `/`.
fn normalized(path: &[u8]) -> Cow<'_, [u8]> {
    let mut last = 0;
    let simple = path.iter().all(|&byte| {
        let pair = (std::mem::replace(&mut last, byte), byte);
        byte != b'%' && !matches!(pair, (b'/', b'/' | b'.'))
    });
    if simple {
        return Cow::Borrowed(path);
    }
    let path = decoded(path);
    let mut clean: Vec<u8> = Vec::with_capacity(path.len());
    let mut segments = path.split(|&byte| byte == b'/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        let is_last = segments.peek().is_none();
        match segment {
            b"" | b"." => {}
            b".." => clean.truncate(clean.iter().rposition(|&byte| byte == b'/').unwrap_or(0)),
            name => {
                clean.push(b'/');
                clean.extend_from_slice(name);
                continue;
            }
        }
        if is_last {
            clean.push(b'/');
        }
    }
    if clean.is_empty() {
        clean.push(b'/');
    }
    Cow::Owned(clean)
}

fn decoded(path: &[u8]) -> Vec<u8> {
    let digit = |at: usize| {
        let digit = char::from(*path.get(at)?).to_digit(16)?;
        u8::try_from(digit).ok()
    };
    let mut plain = Vec::with_capacity(path.len());
    let mut at = 0;
    while at < path.len() {
        match (path[at], digit(at + 1), digit(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                plain.push(high << 4 | low);
                at += 3;
            }
            (byte, ..) => {
                plain.push(byte);
                at += 1;
            }
        }
    }
    plain
}

/// The value of a parameter; empty where there is none.
fn argument<'q>(query: &'q [u8], name: &str) -> &'q [u8] {
    let mut pairs = query.split(|&byte| byte == b'&');
    pairs
        .find_map(|pair| value(pair, |found| found.eq_ignore_ascii_case(name.as_bytes())))
        .unwrap_or_default()
}

/// The value of a cookie; empty where there is none.
fn cookie<'h>(header: &'h [u8], name: &str) -> &'h [u8] {
    let mut pairs = header.split(|&byte| byte == b';').map(<[u8]>::trim_ascii);
    pairs.find_map(|pair| value(pair, |found| found == name.as_bytes())).unwrap_or_default()
}

/// What stands behind the `=`, if `wanted` accepts what stands before it.
fn value(pair: &[u8], wanted: impl Fn(&[u8]) -> bool) -> Option<&[u8]> {
    let at = pair.iter().position(|&byte| byte == b'=')?;
    wanted(&pair[..at]).then_some(&pair[at + 1..])
}

#[cfg(test)]
mod tests;
