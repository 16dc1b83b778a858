//! What a `FetchError` says, over all versions: in which phase a fetch failed, and how.
//!
//! A text often leaves something open (`HTC eof (-1)` is written before the first byte and inside the head
//! alike), so the answer is a *set* of phases and a set of classes. Details that the log adds narrow them.

use std::fmt;

/// How far an attempt had come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Phase {
    /// Choosing a backend.
    Choose,
    /// Getting a connection.
    Connect,
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
    /// What came is not HTTP, or not what was announced.
    Junk,
    /// The head of the answer is larger than allowed.
    Overflow,
    /// This machine or this proxy could not.
    Local,
    /// The body is shorter than announced.
    Truncated,
    /// The client went away.
    Client,
    /// No backend is healthy, or none is configured.
    Sick,
    /// The backend's connection limit is reached.
    Busy,
    /// Not tried, because it failed a moment before.
    HeldDown,
}

macro_rules! set {
    ($(#[$doc:meta])* $set:ident of $item:ident, all $all:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq)]
        pub struct $set(u16);

        impl $set {
            /// Nothing is known: everything is possible.
            pub const ANY: $set = $set($all);

            /// The set of these.
            pub const fn of(items: &[$item]) -> $set {
                let (mut bits, mut at) = (0, 0);
                while at < items.len() {
                    bits |= 1 << items[at] as u16;
                    at += 1;
                }
                $set(bits)
            }

            /// Whether `item` is possible.
            pub const fn contains(self, item: $item) -> bool {
                self.0 & 1 << item as u16 != 0
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
    Phases of Phase, all 0b11_1111
);
set!(
    /// Classes that are possible.
    Classes of Class, all 0x1fff
);

/// How a text is recognised.
#[derive(Clone, Copy, Debug)]
enum Pattern {
    Is(&'static str),
    Starts(&'static str),
    /// Starts with the first, has the second behind it: a name lies between.
    Around(&'static str, &'static str),
}

impl Pattern {
    fn matches(self, text: &str) -> bool {
        match self {
            Pattern::Is(whole) => text == whole,
            Pattern::Starts(start) => text.starts_with(start),
            Pattern::Around(start, inner) => {
                text.strip_prefix(start).is_some_and(|rest| rest.contains(inner))
            }
        }
    }
}

struct Row {
    pattern: Pattern,
    phases: &'static [Phase],
    classes: &'static [Class],
}

const fn row(pattern: Pattern, phases: &'static [Phase], classes: &'static [Class]) -> Row {
    Row { pattern, phases, classes }
}

use Class::{
    Busy, Client, Eof, HeldDown, Junk, Local, Overflow, Refused, Reset, Sick, Timeout, Truncated,
    Unreachable,
};
use Pattern::{Around, Is, Starts};
use Phase::{Body, Choose, Connect, FirstByte, Head, Send};

/// The first row that matches decides.
const TEXTS: &[Row] = &[
    // getting a connection
    row(Is("No backend"), &[Choose], &[Sick]),
    row(Around("Director ", "returned no backend"), &[Choose], &[Sick]),
    row(Around("backend ", ": unhealthy"), &[Choose], &[Sick]),
    row(Around("backend ", ": busy"), &[Choose], &[Busy]),
    row(Around("backend ", ": fail errno 111 "), &[Connect], &[Refused]),
    row(Around("backend ", ": fail errno 110 "), &[Connect], &[Timeout]),
    row(Around("backend ", ": fail errno 113 "), &[Connect], &[Unreachable]),
    row(Around("backend ", ": fail errno 101 "), &[Connect], &[Unreachable]),
    row(Around("backend ", ": fail errno 104 "), &[Connect], &[Reset]),
    row(Around("backend ", ": fail errno 0 "), &[Connect], &[HeldDown]),
    row(Around("backend ", ": fail errno "), &[Connect], &[Local]),
    row(Around("backend ", ": proxy write errno "), &[Send], &[Eof, Reset]),
    row(Is("no backend connection"), &[Choose, Connect], &[Sick, Timeout, Refused]),
    // sending
    row(Starts("backend write error: 0 "), &[Send], &[Client]),
    row(Starts("backend write error: 11 "), &[Send], &[Timeout]),
    row(Starts("backend write error: 110 "), &[Send], &[Timeout]),
    row(Starts("backend write error: "), &[Send], &[Eof, Reset]),
    row(Starts("req.body read error: "), &[Send], &[Client]),
    row(Is("Had failed reading req.body before."), &[Send], &[Client]),
    row(Is("Request body too big to cache"), &[Send], &[Local]),
    row(Starts("Failure to "), &[Send], &[Local]),
    // the head of the answer
    row(Is("first byte timeout"), &[FirstByte], &[Timeout]),
    row(Is("first byte timeout (reused connection)"), &[FirstByte], &[Timeout]),
    row(Is("timeout"), &[Head], &[Timeout]),
    row(Is("overflow"), &[Head], &[Overflow]),
    row(Is("Received junk"), &[Head], &[Junk]),
    row(Is("backend closed"), &[FirstByte], &[Eof, Reset]),
    row(Starts("HTC eof"), &[FirstByte, Head], &[Eof, Reset]),
    row(Starts("HTC timeout"), &[FirstByte, Head], &[Timeout]),
    row(Starts("HTC overflow"), &[Head], &[Overflow]),
    row(Starts("HTC junk"), &[Head], &[Junk]),
    row(Starts("HTC "), &[FirstByte, Head], &[Eof, Reset, Timeout, Overflow, Junk]),
    row(Is("http format error"), &[Head], &[Junk]),
    row(Is("http first read error: EOF"), &[FirstByte], &[Eof, Timeout]),
    row(Starts("http first read error: "), &[FirstByte], &[Reset, Timeout]),
    row(Is("http read error: EOF"), &[Head], &[Eof, Timeout]),
    row(Starts("http read error: "), &[Head], &[Reset, Timeout]),
    row(Is("304 response but not conditional fetch"), &[Head], &[Junk]),
    row(Is("Body cannot be fetched"), &[Head], &[Junk]),
    row(Is("Invalid content-length header"), &[Head], &[Junk]),
    // its body
    row(Is("Connection reset by peer"), &[Body], &[Reset]),
    row(Is("Resource temporarily unavailable"), &[Body], &[Timeout]),
    row(Is("Connection timed out"), &[Body], &[Timeout]),
    row(Is("straight insufficient bytes"), &[Body], &[Truncated]),
    row(Is("straight read_error"), &[Body], &[Truncated]),
    row(Is("eof socket fail"), &[Body], &[Truncated]),
    row(Is("chunked insufficient bytes"), &[Body], &[Truncated]),
    row(Is("chunked read err"), &[Body], &[Truncated]),
    row(Starts("chunked "), &[Body], &[Junk]),
    row(Is("bogusly large chunk size"), &[Body], &[Junk]),
    row(Starts("Invalid Gzip data"), &[Body], &[Junk]),
    row(Is("Junk after gzip data"), &[Body], &[Junk]),
    row(Starts("Gunzip error"), &[Body], &[Junk]),
    row(Is("tGunzip failed"), &[Body], &[Junk]),
    // this machine
    row(Starts("Could not "), &[Body], &[Local]),
    row(Starts("Object allocation failed"), &[Body], &[Local]),
    row(Starts("Fetch "), &[Body], &[Local]),
    row(Starts("Filter "), &[Body], &[Local]),
    row(Is("Workspace overflow"), &[Body], &[Local]),
    row(Is("out of workspace"), &[Send, Head, Body], &[Local]),
    row(Is("No thread available for bgfetch"), &[Choose], &[Local]),
];

/// What happened, in words that need no manual: the first row whose sets hold all that is possible.
const WORDS: &[(&[Phase], &[Class], &str)] = &[
    (&[Choose], &[Sick], "no healthy backend to send it to"),
    (&[Choose], &[Busy], "the backend's connection limit was reached"),
    (&[Connect], &[Refused], "connection refused"),
    (&[Connect], &[Timeout], "no connection within the time allowed"),
    (&[Connect], &[Unreachable], "the network has no way to the backend"),
    (&[Connect], &[HeldDown], "not tried: connecting had failed a moment before"),
    (&[Connect], &[Reset], "reset while connecting"),
    (&[Choose, Connect], &[Sick, Timeout, Refused], "no connection to a backend"),
    (&[Send], &[Client], "the client went away while its body was being passed on"),
    (&[Send], &[Timeout], "the backend did not take the request within the time allowed"),
    (&[Send], &[Eof, Reset], "the backend closed while the request was being sent"),
    (&[FirstByte], &[Eof], "EOF before the first byte"),
    (&[FirstByte], &[Reset], "reset before the first byte"),
    (&[FirstByte], &[Eof, Reset], "closed before the first byte"),
    (&[FirstByte], &[Timeout], "no byte of an answer within the time allowed"),
    (&[FirstByte], &[Eof, Reset, Timeout], "closed or timed out before the first byte"),
    (&[Head], &[Eof, Reset], "closed inside the head of the answer"),
    (&[Head], &[Timeout], "the head of the answer stopped half way, time-out"),
    (&[Head], &[Eof, Reset, Timeout], "closed or timed out inside the head of the answer"),
    (&[FirstByte, Head], &[Eof, Reset], "closed before the head of the answer was complete"),
    (&[Head], &[Overflow], "the head of the answer is larger than allowed"),
    (&[Head], &[Junk], "the answer is not acceptable HTTP"),
    (&[FirstByte, Head], &[Timeout], "time-out before the head of the answer was complete"),
    (&[Body], &[Timeout], "the body of the answer stopped, time-out"),
    (&[Body], &[Reset], "reset in the middle of the body of the answer"),
    (&[Body], &[Eof, Reset, Truncated], "the body of the answer ended early"),
    (&[Body], &[Junk], "the body of the answer is not what its head announced"),
    (
        &[Choose, Connect, Send, FirstByte, Head, Body],
        &[Client],
        "the client went away, so the fetch was given up",
    ),
    (&[Choose, Connect, Send, FirstByte, Head, Body], &[Local], "this proxy or machine could not"),
];

/// What a list of error texts says about one exchange with a backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// Phases that are possible.
    pub phases: Phases,
    /// Classes that are possible.
    pub classes: Classes,
}

impl Reading {
    /// Reads the error texts of one exchange, oldest first. `None` when not one is known.
    ///
    /// The last known text decides, with two exceptions: a plain system error text that goes before a
    /// complaint about a short body is the reason for it, and a failed write that has an errno is the
    /// backend's doing even when reading the client's body is blamed first.
    pub fn of<'a>(texts: impl IntoIterator<Item = &'a str>) -> Option<Reading> {
        let mut reading: Option<Reading> = None;
        for text in texts {
            let Some(row) = TEXTS.iter().find(|row| row.pattern.matches(text)) else { continue };
            let phases = Phases::of(row.phases);
            let mut classes = Classes::of(row.classes);
            if let Some(before) = reading
                && classes == Classes::of(&[Truncated])
                && before.phases == phases
            {
                classes = before.classes;
            }
            reading = Some(Reading { phases, classes });
        }
        reading
    }

    /// What happened, in a few words.
    pub fn words(self) -> &'static str {
        let row = WORDS.iter().find(|(phases, classes, _)| {
            self.phases.within(Phases::of(phases)) && self.classes.within(Classes::of(classes))
        });
        row.map_or("failed", |(_, _, words)| words)
    }
}

/// The number behind `errno ` or `error: ` in a text.
pub fn errno_in(text: &str) -> Option<i32> {
    let after = ["errno ", "error: "].iter().find_map(|mark| text.split_once(mark))?.1;
    let digits = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
    after[..digits].parse().ok()
}

impl Phases {
    /// The phase, when only one is possible.
    pub fn single(self) -> Option<Phase> {
        const ALL: [Phase; 6] = [Choose, Connect, Send, FirstByte, Head, Body];
        let mut possible = ALL.into_iter().filter(|phase| self.contains(*phase));
        possible.next().filter(|_| possible.next().is_none())
    }
}

impl Phase {
    /// The word for it, as a `fetch.phase:` detail has it; choosing a backend has none there.
    pub const fn word(self) -> &'static str {
        match self {
            Choose => "choose",
            Connect => "connect",
            Send => "send",
            FirstByte => "first_byte",
            Head => "head",
            Body => "body",
        }
    }

    /// The phase that a `fetch.phase:` detail names.
    pub fn from_word(word: &str) -> Option<Phase> {
        Some(match word {
            "connect" => Connect,
            "send" => Send,
            "first_byte" => FirstByte,
            "head" => Head,
            "body" => Body,
            _ => return None,
        })
    }
}

impl Class {
    /// The class that a `fetch.class:` detail names.
    pub fn from_word(word: &str) -> Option<Class> {
        Some(match word {
            "eof" => Eof,
            "reset" => Reset,
            "timeout" => Timeout,
            "refused" => Refused,
            "unreachable" => Unreachable,
            "junk" => Junk,
            "overflow" => Overflow,
            "local" => Local,
            "truncated" => Truncated,
            "client" => Client,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests;
