//! The field names that a proxy acts on, each recognised once: when its field comes.

/// A field name that a proxy acts on.
///
/// Looking for one of these compares numbers, and heads that lack it are known to without a look at their fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "each is called what its field is called")]
pub enum Known {
    Connection,
    ContentLength,
    Expect,
    Host,
    Http2Settings,
    KeepAlive,
    ProxyAuthenticate,
    ProxyAuthorization,
    ProxyConnection,
    Te,
    Trailer,
    TransferEncoding,
    Upgrade,
    Via,
    XForwardedFor,
    XVarnish,
}

impl Known {
    /// The name as it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Known::Connection => "Connection",
            Known::ContentLength => "Content-Length",
            Known::Expect => "Expect",
            Known::Host => "Host",
            Known::Http2Settings => "HTTP2-Settings",
            Known::KeepAlive => "Keep-Alive",
            Known::ProxyAuthenticate => "Proxy-Authenticate",
            Known::ProxyAuthorization => "Proxy-Authorization",
            Known::ProxyConnection => "Proxy-Connection",
            Known::Te => "TE",
            Known::Trailer => "Trailer",
            Known::TransferEncoding => "Transfer-Encoding",
            Known::Upgrade => "Upgrade",
            Known::Via => "Via",
            Known::XForwardedFor => "X-Forwarded-For",
            Known::XVarnish => "X-Varnish",
        }
    }

    /// The one that `name` is, without regard to case.
    #[inline]
    pub(crate) fn of(name: &[u8]) -> Option<Known> {
        // The length and the first letter leave one of them.
        let first = name.first()?.to_ascii_lowercase();
        let known = match (name.len(), first) {
            (2, b't') => Known::Te,
            (3, b'v') => Known::Via,
            (4, b'h') => Known::Host,
            (6, b'e') => Known::Expect,
            (7, b't') => Known::Trailer,
            (7, b'u') => Known::Upgrade,
            (9, b'x') => Known::XVarnish,
            (10, b'c') => Known::Connection,
            (10, b'k') => Known::KeepAlive,
            (14, b'c') => Known::ContentLength,
            (14, b'h') => Known::Http2Settings,
            (15, b'x') => Known::XForwardedFor,
            (16, b'p') => Known::ProxyConnection,
            (17, b't') => Known::TransferEncoding,
            (18, b'p') => Known::ProxyAuthenticate,
            (19, b'p') => Known::ProxyAuthorization,
            _ => return None,
        };
        name.eq_ignore_ascii_case(known.as_str().as_bytes()).then_some(known)
    }
}

/// A set of names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Names(u16);

impl Names {
    /// These names.
    pub(crate) const fn of(names: &[Known]) -> Names {
        let mut set = Names(0);
        let mut at = 0;
        while at < names.len() {
            set = set.with(names[at]);
            at += 1;
        }
        set
    }

    /// One more.
    pub(crate) const fn with(self, name: Known) -> Names {
        Names(self.0 | 1 << name as u8)
    }

    /// One less.
    pub(crate) const fn without(self, name: Known) -> Names {
        Names(self.0 & !(1 << name as u8))
    }

    /// Whether the name is one of them.
    pub(crate) const fn has(self, name: Known) -> bool {
        self.0 & 1 << name as u8 != 0
    }

    /// Whether they have one in common.
    pub(crate) const fn meets(self, other: Names) -> bool {
        self.0 & other.0 != 0
    }
}

/// What fields are looked for by: a [`Known`] name, or any text. A text is compared with every field, without regard to case.
pub trait Wanted: Copy {
    /// The name, as it is written in a field of that name.
    fn text(&self) -> &str;

    /// Its number, if it has one.
    fn known(&self) -> Option<Known>;
}

impl Wanted for Known {
    #[inline]
    fn text(&self) -> &str {
        self.as_str()
    }

    #[inline]
    fn known(&self) -> Option<Known> {
        Some(*self)
    }
}

impl Wanted for &str {
    fn text(&self) -> &str {
        self
    }

    fn known(&self) -> Option<Known> {
        Known::of(self.as_bytes())
    }
}

#[cfg(test)]
mod tests;
