//! Trailer fields: which of them go on, how they are announced, and who asks for them.

use crate::head::{RequestHead, Version};
use crate::headers::{Header, Headers, is_token};
use crate::names::Known;
use crate::policy::{is_hop_by_hop, is_one_of, nominated};

/// Fields that say how a message is framed or routed, who sends it, what it means or how long it holds: whoever reads them
/// does so before the body, so behind it they would say something else to each reader.
const HEAD_ONLY: [&str; 38] = [
    "age",
    "authorization",
    "cache-control",
    "content-encoding",
    "content-length",
    "content-range",
    "content-type",
    "cookie",
    "date",
    "expect",
    "expires",
    "forwarded",
    "host",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "location",
    "max-forwards",
    "pragma",
    "proxy-authentication-info",
    "range",
    "retry-after",
    "set-cookie",
    "vary",
    "via",
    "warning",
    "www-authenticate",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-forwarded-proto",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
    "x-real-ip",
    "x-varnish",
];

/// What the head of a message says about its trailer section.
///
/// Taken before [`strip_hop_by_hop`](crate::policy::strip_hop_by_hop), which removes what it is made of.
///
/// ```
/// use shellac_http1::{Headers, Trailing};
///
/// let mut headers: Headers = [("Trailer", "X-Sum, Content-Length")].into_iter().collect();
/// let trailing = Trailing::of(&headers);
/// shellac_http1::policy::strip_hop_by_hop(&mut headers);
/// trailing.announce(&mut headers);
/// assert_eq!(headers.get("Trailer"), Some(&b"X-Sum"[..]));
///
/// let came: Headers = [("X-Sum", "1"), ("Host", "b")].into_iter().collect();
/// let passed: Vec<_> = trailing.pass(&came).map(|field| field.line).collect();
/// assert_eq!(passed, [b"X-Sum: 1"]);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trailing {
    /// Boxed, as hardly a message says anything.
    said: Option<Box<Said>>,
}

/// What a head says about its trailers.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Said {
    /// The value for `Trailer`; empty if nothing is left of it.
    announced: Vec<u8>,
    /// What `Connection` takes away.
    nominated: Vec<Vec<u8>>,
}

impl Trailing {
    /// What `headers` say.
    pub fn of(headers: &Headers) -> Trailing {
        let nominated = nominated(headers);
        let mut announced = Vec::new();
        for name in headers.tokens(Known::Trailer).filter(|name| passes(name, &nominated)) {
            if !announced.is_empty() {
                announced.extend_from_slice(b", ");
            }
            announced.extend_from_slice(name);
        }
        let says_nothing = announced.is_empty() && nominated.is_empty();
        Trailing { said: (!says_nothing).then(|| Box::new(Said { announced, nominated })) }
    }

    /// Adds `Trailer` to a head whose body goes on in chunks.
    pub fn announce(&self, headers: &mut Headers) {
        if let Some(said) = &self.said
            && !said.announced.is_empty()
        {
            headers.set(Known::Trailer, &said.announced);
        }
    }

    /// The fields that go on, announced or not.
    pub fn pass<'t>(&'t self, trailers: &'t Headers) -> impl Iterator<Item = Header<'t>> {
        let nominated = self.said.as_ref().map_or(&[][..], |said| &said.nominated);
        trailers.iter().filter(|field| passes(field.name, nominated))
    }
}

/// Whether a trailer field goes on.
fn passes(name: &[u8], nominated: &[Vec<u8>]) -> bool {
    is_token(name)
        && !is_hop_by_hop(name)
        && !is_one_of(name, &HEAD_ONLY)
        && !nominated.iter().any(|other| name.eq_ignore_ascii_case(other))
}

/// Whether a client asks for trailers: `TE: trailers`, named by `Connection` as that field has to be.
#[inline]
pub fn wants_trailers(head: &RequestHead) -> bool {
    head.version == Version::Http11
        && head.headers.has_token(Known::Te, "trailers")
        && head.headers.has_token(Known::Connection, "te")
}

/// Asks the next server for trailers, in a head that went through
/// [`strip_hop_by_hop`](crate::policy::strip_hop_by_hop).
pub fn ask_for_trailers(headers: &mut Headers) {
    headers.set(Known::Te, "trailers");
    headers.set(Known::Connection, "TE");
}

#[cfg(test)]
mod tests;
