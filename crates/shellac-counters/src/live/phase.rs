//! Where a request is.

/// Who has to move next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Party {
    /// The client.
    Client,
    /// The backend.
    Backend,
    /// The proxy itself.
    Proxy,
    /// The client or the backend, whoever comes first.
    Either,
}

impl Party {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Party::Client => "client",
            Party::Backend => "backend",
            Party::Proxy => "proxy",
            Party::Either => "either",
        }
    }
}

/// Makes the enum and everything that is said about each phase out of one table.
macro_rules! phases {
    ($($number:literal $variant:ident $name:literal $party:ident $text:literal,)*) => {
        /// Where a request is, as what it waits for.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Phase {
            $(#[doc = $text] $variant = $number,)*
        }

        impl Phase {
            /// All of them, in the order in which a request goes through them.
            pub const ALL: &'static [Phase] = &[$(Phase::$variant),*];

            /// Its name: that of `fetch.phase` in the log where there is one.
            pub fn name(self) -> &'static str {
                match self { $(Phase::$variant => $name,)* }
            }

            /// What is waited for, in words.
            pub fn text(self) -> &'static str {
                match self { $(Phase::$variant => $text,)* }
            }

            /// Who has to move next.
            pub fn waits_for(self) -> Party {
                match self { $(Phase::$variant => Party::$party,)* }
            }

            /// The phase with this number on a board; `None` for a free slot and for what this version does not know.
            pub fn of_number(number: u8) -> Option<Phase> {
                match number { $($number => Some(Phase::$variant),)* _ => None }
            }
        }
    };
}

phases! {
    1 ReadHead "read_head" Client "the rest of the request's head",
    2 Pick "pick" Proxy "a backend to be chosen",
    3 Connect "connect" Backend "the backend to accept the connection",
    4 Send "send" Backend "the backend to take the request",
    5 ReadBody "read_body" Client "the rest of the request's body",
    6 FirstByte "first_byte" Backend "the first byte of the answer",
    7 Head "head" Backend "the rest of the answer's head",
    8 Body "body" Backend "more of the answer's body",
    9 Deliver "deliver" Client "the client to take the answer",
    10 Discard "discard" Backend "the rest of an answer that is not passed on",
    11 Backoff "backoff" Proxy "the pause before the next attempt to be over",
    12 Pipe "pipe" Either "more bytes through the tunnel, of either side",
}

impl Phase {
    /// Its number on a board.
    pub fn number(self) -> u8 {
        self as u8
    }
}
