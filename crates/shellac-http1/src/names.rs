//! The field names that a proxy acts on, each recognised once: when its field comes.

/// A field name that a proxy acts on.
///
/// Looking for one of these compares numbers, and heads that lack it are known to without a look at their fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "each is called what its field is called")]
pub enum Known {
    Connection,
    ContentLength,
    Date,
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
            Known::Date => "Date",
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
        let first = usize::from(name.first()? & LETTER);
        let known = (*PLACES.get(name.len())?)[first]?;
        let written = known.as_str().as_bytes();
        // Nearly everybody writes it in the same way.
        (name == written || name.eq_ignore_ascii_case(written)).then_some(known)
    }
}

/// All of them, in the order of their numbers.
const ALL: [Known; 17] = [
    Known::Connection,
    Known::ContentLength,
    Known::Date,
    Known::Expect,
    Known::Host,
    Known::Http2Settings,
    Known::KeepAlive,
    Known::ProxyAuthenticate,
    Known::ProxyAuthorization,
    Known::ProxyConnection,
    Known::Te,
    Known::Trailer,
    Known::TransferEncoding,
    Known::Upgrade,
    Known::Via,
    Known::XForwardedFor,
    Known::XVarnish,
];

/// What all forms of a letter have in common.
const LETTER: u8 = 31;
/// One more than the length of the longest name.
const LENGTHS: usize = 20;

/// Which name it may be, by its length and its first letter.
static PLACES: [[Option<Known>; LETTER as usize + 1]; LENGTHS] = {
    let mut places = [[None; LETTER as usize + 1]; LENGTHS];
    let mut at = 0;
    while at < ALL.len() {
        let name = ALL[at].as_str().as_bytes();
        let place = &mut places[name.len()][(name[0] & LETTER) as usize];
        assert!(place.is_none(), "two names of one length begin with the same letter");
        *place = Some(ALL[at]);
        at += 1;
    }
    places
};

/// A set of names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Names(u32);

impl Names {
    /// These names.
    pub(crate) const fn of(names: &[Known]) -> Names {
        let mut set = Names(0);
        let mut at = 0;
        while at < names.len() {
            set = set.and(Names(1 << names[at] as u8));
            at += 1;
        }
        set
    }

    /// These and others.
    pub(crate) const fn and(self, others: Names) -> Names {
        Names(self.0 | others.0)
    }

    /// These without others.
    pub(crate) const fn less(self, others: Names) -> Names {
        Names(self.0 & !others.0)
    }

    /// Those that are in both.
    pub(crate) const fn both(self, others: Names) -> Names {
        Names(self.0 & others.0)
    }

    /// Whether the name is one of them.
    pub(crate) const fn has(self, name: Known) -> bool {
        self.0 & 1 << name as u8 != 0
    }

    /// Whether they have one in common.
    pub(crate) const fn meets(self, other: Names) -> bool {
        self.both(other).0 != 0
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
