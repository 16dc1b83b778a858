//! Phases and classes of failures, and sets of them.

use std::fmt;

/// How far an attempt had come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Phase {
    /// Choosing a backend.
    Choose,
    /// Getting a connection.
    Connect,
    /// Agreeing on TLS.
    Tls,
    /// Sending the request.
    Send,
    /// Waiting for the first byte of an answer.
    FirstByte,
    /// Reading the head of the answer.
    Head,
    /// Reading its body.
    Body,
}

/// How it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Class {
    /// The backend closed the connection.
    Eof,
    /// The backend reset the connection.
    Reset,
    /// A time-out ran off.
    Timeout,
    /// Nobody listens at the backend's port.
    Refused,
    /// The network has no way to the backend.
    Unreachable,
    /// What came is not HTTP.
    Junk,
    /// The head of the answer is larger than allowed.
    Overflow,
    /// This machine or this proxy could not, for a reason that has no class of its own.
    Local,
    /// The body is shorter than announced.
    Truncated,
    /// The client went away before it had sent everything.
    Client,
    /// No backend is healthy.
    Sick,
    /// The backend's connection limit is reached.
    Busy,
    /// Not tried, because it failed a moment before.
    HeldDown,
    /// No backend is configured for it.
    Unset,
    /// The backend's name has no address.
    Name,
    /// No local port is free.
    NoPort,
    /// No file descriptor is free.
    NoFile,
    /// The system does not allow the connection.
    Denied,
    /// The two sides do not agree on TLS, for a reason that has no class of its own.
    Tls,
    /// The backend's certificate is not valid at this time.
    TlsDate,
    /// The backend's certificate is for another name.
    TlsName,
    /// The backend's certificate is from somebody who is not believed.
    TlsIssuer,
    /// The two sides have no version or cipher of TLS in common.
    TlsVersion,
    /// What the backend speaks is not TLS.
    TlsPlain,
    /// The backend does not accept the certificate that it was shown.
    TlsOurs,
    /// The head of the answer contradicts itself about its body.
    Framing,
    /// A kind of answer that was not asked for.
    Unasked,
    /// The chunks of a body are not framed as they should be.
    Chunks,
    /// A compressed body cannot be unpacked.
    Coding,
    /// The client went away before it had its answer.
    ClientLeft,
    /// The client took too long.
    ClientSlow,
    /// The client's request breaks the rules.
    ClientBad,
    /// TLS with the client broke while it sent its request.
    ClientTls,
    /// The client's body is larger than accepted.
    TooLarge,
    /// The time for the whole request was over, whatever was waited for.
    Cut,
    /// What was kept of the request's body cannot be read again.
    BodyFile,
    /// The process that served it ended.
    Died,
    /// No room for the answer.
    Storage,
    /// A buffer of fixed size is too small.
    Workspace,
    /// No thread is free.
    Threads,
    /// A filter for bodies cannot be set up.
    Filter,
    /// The request's body is gone, so it cannot be sent once more.
    NoReplay,
    /// The answer's Vary header is unusable.
    Vary,
    /// Includes cannot be put together.
    Includes,
    /// The configuration's own program says so or fails.
    Policy,
    /// The request was tried as often as is allowed.
    TooOften,
    /// The kernel refuses an option of a socket.
    Kernel,
    /// Only a remark: nothing failed.
    Harmless,
}

impl Class {
    /// All of them.
    pub const ALL: &[Class] = &[
        Class::Eof,
        Class::Reset,
        Class::Timeout,
        Class::Refused,
        Class::Unreachable,
        Class::Junk,
        Class::Overflow,
        Class::Local,
        Class::Truncated,
        Class::Client,
        Class::Sick,
        Class::Busy,
        Class::HeldDown,
        Class::Unset,
        Class::Name,
        Class::NoPort,
        Class::NoFile,
        Class::Denied,
        Class::Tls,
        Class::TlsDate,
        Class::TlsName,
        Class::TlsIssuer,
        Class::TlsVersion,
        Class::TlsPlain,
        Class::TlsOurs,
        Class::Framing,
        Class::Unasked,
        Class::Chunks,
        Class::Coding,
        Class::ClientLeft,
        Class::ClientSlow,
        Class::ClientBad,
        Class::ClientTls,
        Class::TooLarge,
        Class::Cut,
        Class::BodyFile,
        Class::Died,
        Class::Storage,
        Class::Workspace,
        Class::Threads,
        Class::Filter,
        Class::NoReplay,
        Class::Vary,
        Class::Includes,
        Class::Policy,
        Class::TooOften,
        Class::Kernel,
        Class::Harmless,
    ];
}

macro_rules! set {
    ($(#[$doc:meta])* $set:ident of $item:ident, all $all:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq)]
        pub struct $set(u64);

        impl $set {
            /// Nothing is known: everything is possible.
            pub const ANY: $set = $set($all);

            /// The set of these.
            pub const fn of(items: &[$item]) -> $set {
                let (mut bits, mut at) = (0_u64, 0);
                while at < items.len() {
                    bits |= 1 << items[at] as u8;
                    at += 1;
                }
                $set(bits)
            }

            /// Whether `item` is possible.
            pub const fn contains(self, item: $item) -> bool {
                self.0 & 1 << item as u8 != 0
            }

            /// Whether everything in here is in `other` too.
            pub const fn within(self, other: $set) -> bool {
                self.0 & !other.0 == 0
            }

            /// What is in both; the first when that would be nothing.
            #[must_use]
            pub const fn narrowed(self, other: $set) -> $set {
                if self.0 & other.0 == 0 { self } else { $set(self.0 & other.0) }
            }

            /// What is in here and not in `other`; itself when that would be nothing.
            #[must_use]
            pub const fn without(self, other: $set) -> $set {
                if self.within(other) { self } else { $set(self.0 & !other.0) }
            }

            /// Whether nothing is in both.
            pub const fn disjoint(self, other: $set) -> bool {
                self.0 & other.0 == 0
            }
        }

        impl fmt::Debug for $set {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({:#b})", stringify!($set), self.0)
            }
        }
    };
}

set!(
    /// Phases that are possible.
    Phases of Phase, all 0b111_1111
);
set!(
    /// Classes that are possible.
    Classes of Class, all (1 << Class::ALL.len()) - 1
);

impl Phases {
    /// The phase, when only one is possible.
    pub fn single(self) -> Option<Phase> {
        let mut possible = Phase::ALL.iter().copied().filter(|phase| self.contains(*phase));
        possible.next().filter(|_| possible.next().is_none())
    }
}

/// All ways in which two sides do not agree on TLS.
pub(crate) const TLS: &[Class] = &[
    Class::Tls,
    Class::TlsDate,
    Class::TlsName,
    Class::TlsIssuer,
    Class::TlsVersion,
    Class::TlsPlain,
    Class::TlsOurs,
];

/// What may have gone wrong when it was the client.
pub(crate) const CLIENT: &[Class] = &[
    Class::Client,
    Class::ClientLeft,
    Class::ClientSlow,
    Class::ClientBad,
    Class::ClientTls,
    Class::TooLarge,
];

/// The words of `fetch.class:` details, and what each of them leaves possible.
const CLASS_WORDS: &[(&str, &[Class])] = &[
    ("eof", &[Class::Eof]),
    ("reset", &[Class::Reset]),
    ("timeout", &[Class::Timeout]),
    ("refused", &[Class::Refused]),
    ("unreachable", &[Class::Unreachable]),
    ("junk", &[Class::Junk, Class::Framing, Class::Unasked, Class::Chunks, Class::Coding]),
    ("overflow", &[Class::Overflow]),
    (
        "local",
        &[
            Class::Local,
            Class::NoPort,
            Class::NoFile,
            Class::Denied,
            Class::Storage,
            Class::Workspace,
            Class::Threads,
            Class::Filter,
        ],
    ),
    ("truncated", &[Class::Truncated]),
    ("client", CLIENT),
    ("sick", &[Class::Sick, Class::Unset]),
    ("busy", &[Class::Busy]),
    ("admin", &[Class::Policy]),
    ("tls", TLS),
    ("cut", &[Class::Cut]),
    ("body_file", &[Class::BodyFile]),
    ("died", &[Class::Died]),
];

impl Classes {
    /// The class, when only one is possible.
    pub fn single(self) -> Option<Class> {
        let mut possible = Class::ALL.iter().copied().filter(|class| self.contains(*class));
        possible.next().filter(|_| possible.next().is_none())
    }

    /// The classes that a `fetch.class:` detail leaves possible.
    pub fn from_word(word: &str) -> Option<Classes> {
        CLASS_WORDS.iter().find(|(known, _)| *known == word).map(|(_, set)| Classes::of(set))
    }

    /// The word that a `fetch.class:` detail has for them; `None` where there is no single one.
    pub fn word(self) -> Option<&'static str> {
        CLASS_WORDS.iter().find(|(_, set)| self.within(Classes::of(set))).map(|(word, _)| *word)
    }

    /// The classes that a `fetch.client:` detail leaves possible.
    pub fn from_client_word(word: &str) -> Option<Classes> {
        Some(Classes::of(match word {
            "closed" | "reset" => &[Class::Client],
            "slow" => &[Class::ClientSlow],
            "malformed" => &[Class::ClientBad],
            "tls" => &[Class::ClientTls],
            "too_large" => &[Class::TooLarge],
            _ => return None,
        }))
    }
}

impl Phase {
    /// All of them, in order.
    pub const ALL: &[Phase] = &[
        Phase::Choose,
        Phase::Connect,
        Phase::Tls,
        Phase::Send,
        Phase::FirstByte,
        Phase::Head,
        Phase::Body,
    ];

    /// The word for it, as a `fetch.phase:` detail has it.
    pub const fn word(self) -> &'static str {
        match self {
            Phase::Choose => "choose",
            Phase::Connect => "connect",
            Phase::Tls => "tls",
            Phase::Send => "send",
            Phase::FirstByte => "first_byte",
            Phase::Head => "head",
            Phase::Body => "body",
        }
    }

    /// The phase that a `fetch.phase:` detail names.
    pub fn from_word(word: &str) -> Option<Phase> {
        Phase::ALL.iter().copied().find(|phase| phase.word() == word)
    }
}
