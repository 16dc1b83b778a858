//! Classes of values that are too many to be compared one by one: times, sizes, URLs, addresses.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use crate::trace::Micros;

/// Segments of a path that are kept.
const MAX_SEGMENTS: usize = 6;
/// A longer segment is no name that somebody chose.
const MAX_SEGMENT: usize = 40;
/// So many hexadecimal digits are a number.
const HEX_DIGITS: usize = 8;

/// The class of a time.
pub(super) fn time(time: Micros) -> String {
    const LIMITS: [(i64, &str); 7] = [
        (100_000, "less than 0.1 s"),
        (1_000_000, "0.1 to 1 s"),
        (5_000_000, "1 to 5 s"),
        (15_000_000, "5 to 15 s"),
        (60_000_000, "15 to 60 s"),
        (300_000_000, "1 to 5 min"),
        (i64::MAX, "5 min or more"),
    ];
    let class = LIMITS.iter().find(|(limit, _)| time.0 < *limit);
    class.map_or("5 min or more", |(_, name)| name).to_owned()
}

/// The class of a number of bytes.
pub(super) fn bytes(bytes: u64) -> String {
    const LIMITS: [(u64, &str); 6] = [
        (100, "up to 100 bytes"),
        (1 << 10, "up to 1 KB"),
        (10 << 10, "up to 10 KB"),
        (100 << 10, "up to 100 KB"),
        (1 << 20, "up to 1 MB"),
        (10 << 20, "up to 10 MB"),
    ];
    let class = LIMITS.iter().find(|(limit, _)| bytes <= *limit);
    class.map_or("more than 10 MB", |(_, name)| name).to_owned()
}

/// The first segment of a path: `/api`.
pub(super) fn first_segment(url: &str) -> String {
    let path = path(url);
    let end = path.get(1..).and_then(|rest| rest.find('/')).map_or(path.len(), |at| at + 1);
    pattern(&path[..end])
}

/// A URL with everything collapsed that is likely to differ from request to request: `/user/#/image-#.png?*`.
pub fn pattern(url: &str) -> String {
    let path = path(url);
    let mut text = String::with_capacity(path.len());
    for (number, segment) in path.split('/').enumerate() {
        if number > 0 {
            text.push('/');
        }
        if number > MAX_SEGMENTS {
            text += "...";
            break;
        }
        push_segment(&mut text, segment);
    }
    if path.len() < url.len() && url[path.len()..].starts_with('?') {
        text += "?*";
    }
    text
}

fn path(url: &str) -> &str {
    &url[..url.find(['?', '#']).unwrap_or(url.len())]
}

fn push_segment(text: &mut String, segment: &str) {
    let (stem, ending) = match segment.rsplit_once('.') {
        Some((stem, ending)) if !stem.is_empty() && ending.len() <= 5 => (stem, Some(ending)),
        _ => (segment, None),
    };
    let hex = |byte: u8| byte.is_ascii_hexdigit() || byte == b'-';
    let digits = stem.bytes().filter(u8::is_ascii_digit).count();
    let hex_digits = stem.bytes().filter(u8::is_ascii_hexdigit).count();
    if stem.len() > MAX_SEGMENT || (stem.bytes().all(hex) && digits > 0 && hex_digits >= HEX_DIGITS)
    {
        text.push('#');
    } else if is_version(stem) {
        text.push_str(stem);
    } else {
        let mut in_digits = false;
        for letter in stem.chars() {
            let is_digit = letter.is_ascii_digit();
            match (is_digit, in_digits) {
                (true, true) => {}
                (true, false) => text.push('#'),
                (false, _) => text.push(letter),
            }
            in_digits = is_digit;
        }
    }
    if let Some(ending) = ending {
        text.push('.');
        text.push_str(ending);
    }
}

/// `v2`, as in the paths of interfaces.
fn is_version(segment: &str) -> bool {
    segment.strip_prefix('v').is_some_and(|number| {
        (1..=2).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// The net of an address and port: 24 bits of version 4, 64 of version 6.
pub(super) fn net(client: &str) -> Option<String> {
    let address = client.parse::<SocketAddr>().map(|it| it.ip());
    let address = address.or_else(|_| client.parse::<IpAddr>()).ok()?;
    Some(match address.to_canonical() {
        IpAddr::V4(address) => {
            let [a, b, c, _] = address.octets();
            format!("{a}.{b}.{c}.0/24")
        }
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{}/64", Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    })
}
