//! One walk over the records of a transaction: where that lies which a format asks for.

mod headers;
mod walk;

use std::ops::Range;

use shellac_format::{ByteSet, Dialect, Heads, Tag, TagKind};
use shellac_log::{Compat, Filter, Kind, Transaction};

use super::moment::Moment;
use super::parse::{Own, Part, Rule};
use super::write::{Item, items_of};
use super::{ALWAYS, Format};
use headers::{Header, Headers};
use walk::Walk;

/// Where a value stands in a [`Collected`].
pub(super) type Slot = usize;

/// The values that have a place of their own.
pub(super) mod slot {
    use super::Slot;

    pub(in super::super) const ADDRESS: Slot = 0;
    pub(in super::super) const METHOD: Slot = 1;
    pub(in super::super) const URL: Slot = 2;
    pub(in super::super) const PROTOCOL: Slot = 3;
    pub(in super::super) const STATUS: Slot = 4;
    pub(in super::super) const RECEIVED: Slot = 5;
    pub(in super::super) const BODY: Slot = 6;
    pub(in super::super) const SENT: Slot = 7;
    pub(in super::super) const START: Slot = 8;
    pub(in super::super) const END: Slot = 9;
    pub(in super::super) const FIRST_BYTE: Slot = 10;
    pub(in super::super) const HOST: Slot = 11;
    pub(in super::super) const USER: Slot = 12;
    pub(in super::super) const SCHEME: Slot = 13;
    /// The first of those that the format names.
    pub(in super::super) const NAMED: Slot = 14;
}

/// How a request came to its response, in the words of the stock tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Handled {
    pub(super) hitmiss: &'static str,
    pub(super) handling: &'static str,
}

const UNHANDLED: Handled = Handled { hitmiss: "-", handling: "-" };

/// What was found.
#[derive(Clone, Debug)]
pub(super) struct Collected {
    /// Ranges of the transaction's bytes.
    values: Vec<Value>,
    /// Which transaction it is about, so that nothing need be wiped.
    turn: u32,
    pub(super) handled: Handled,
}

#[derive(Clone, Copy, Debug, Default)]
struct Value {
    turn: u32,
    start: usize,
    end: usize,
    /// It was taken away.
    is_missing: bool,
}

impl Collected {
    pub(super) fn new(slots: usize) -> Collected {
        Collected { values: vec![Value::default(); slots], turn: 0, handled: UNHANDLED }
    }

    fn begin(&mut self) {
        if self.turn == u32::MAX {
            self.values.fill(Value::default());
            self.turn = 0;
        }
        self.turn += 1;
        self.handled = UNHANDLED;
    }

    /// The value there, as a part of the transaction's bytes.
    #[inline]
    pub(super) fn get(&self, slot: Slot) -> Option<Range<usize>> {
        let value = &self.values[slot];
        (value.turn == self.turn && !value.is_missing).then_some(value.start..value.end)
    }

    #[inline]
    fn set(&mut self, slot: Slot, keep: Keep, range: Option<Range<usize>>) {
        let value = &mut self.values[slot];
        if keep == Keep::First && value.turn == self.turn {
            return;
        }
        let (start, end, is_missing) = match range {
            Some(range) => (range.start, range.end, false),
            None => (0, 0, true),
        };
        *value = Value { turn: self.turn, start, end, is_missing };
    }
}

/// Which of several records counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Keep {
    First,
    Last,
}

/// Whether a transaction has a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Line {
    None,
    Some,
}

/// What records with one number are shown as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Records {
    None,
    /// Without the NUL behind it.
    Text,
    /// As it is: in records that may hold anything a NUL is content.
    Bytes,
}

/// What is looked for, by tag number.
#[derive(Clone, Debug)]
pub(super) struct Collector {
    dialect: Dialect,
    compat: Compat,
    /// `-j`: records that may hold anything count too.
    takes_all: bool,
    roles: Box<[Role; 256]>,
    /// What records are shown as, by their number.
    records_of: Box<[Records; 256]>,
    request_headers: Headers,
    response_headers: Headers,
    stamps: Vec<Stamp>,
    /// Numbers of bytes: what is counted of requests and attempts, and of pipes.
    bytes: Vec<Word>,
    pipe_bytes: Vec<Word>,
    /// Which of the values with a place of their own are shown.
    shown: [bool; slot::NAMED],
    keys: Vec<Key>,
    records: Vec<RecordWatch>,
    slots: usize,
}

/// What a record with this number is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Nothing,
    /// Only that it is there, and what is shown of it by its tag.
    Shown,
    Garbage,
    PipeBytes,
    Bytes,
    BackendAddress,
    ClientAddress,
    Method,
    Protocol,
    Status,
    Url,
    Timestamp,
    RequestHeader,
    ResponseHeader,
    RequestUnset,
    ResponseUnset,
    Call,
    Return,
    Log,
    HitMiss,
    HitPass,
}

/// A `Timestamp` that is looked for, and the word behind its label that is shown.
#[derive(Clone, Copy, Debug)]
struct Stamp {
    /// With its colon.
    label: &'static [u8],
    word: Word,
}

/// A word of a record.
#[derive(Clone, Copy, Debug)]
struct Word {
    slot: Slot,
    /// From 1.
    number: usize,
}

const STAMPS: [(&[u8], Slot, usize); 7] = [
    (b"Start:", slot::START, 1),
    (b"Resp:", slot::END, 1),
    (b"PipeSess:", slot::END, 1),
    (b"BerespBody:", slot::END, 1),
    (b"Process:", slot::FIRST_BYTE, 2),
    (b"Pipe:", slot::FIRST_BYTE, 2),
    (b"Beresp:", slot::FIRST_BYTE, 2),
];

/// Words of `ReqAcct` and `BereqAcct`, and of `PipeAcct`.
const BYTES: [(Slot, usize); 3] = [(slot::RECEIVED, 3), (slot::BODY, 5), (slot::SENT, 6)];
const PIPE_BYTES: [(Slot, usize); 2] = [(slot::RECEIVED, 3), (slot::SENT, 4)];

/// `%{VCL_Log:KEY}x`
#[derive(Clone, Debug)]
struct Key {
    /// With its colon.
    key: Vec<u8>,
    slot: Slot,
}

/// `%{VSL:TAG:PREFIX[WORD]}x`
#[derive(Clone, Debug)]
struct RecordWatch {
    number: u8,
    prefix: Vec<u8>,
    word: usize,
    slot: Slot,
}

/// Tags with a role, as far as a format needs it.
const ROLES: &[(Tag, Role)] = &[
    (Tag::HttpGarbage, Role::Garbage),
    (Tag::PipeAcct, Role::PipeBytes),
    (Tag::ReqAcct, Role::Bytes),
    (Tag::BereqAcct, Role::Bytes),
    (Tag::BackendOpen, Role::BackendAddress),
    (Tag::ReqStart, Role::ClientAddress),
    (Tag::ReqMethod, Role::Method),
    (Tag::BereqMethod, Role::Method),
    (Tag::ReqProtocol, Role::Protocol),
    (Tag::BereqProtocol, Role::Protocol),
    (Tag::RespStatus, Role::Status),
    (Tag::BerespStatus, Role::Status),
    (Tag::ReqUrl, Role::Url),
    (Tag::BereqUrl, Role::Url),
    (Tag::Timestamp, Role::Timestamp),
    (Tag::ReqHeader, Role::RequestHeader),
    (Tag::BereqHeader, Role::RequestHeader),
    (Tag::RespHeader, Role::ResponseHeader),
    (Tag::BerespHeader, Role::ResponseHeader),
    (Tag::ReqUnset, Role::RequestUnset),
    (Tag::BereqUnset, Role::RequestUnset),
    (Tag::RespUnset, Role::ResponseUnset),
    (Tag::BerespUnset, Role::ResponseUnset),
    (Tag::VclCall, Role::Call),
    (Tag::VclReturn, Role::Return),
    (Tag::VclLog, Role::Log),
    (Tag::HitMiss, Role::HitMiss),
    (Tag::HitPass, Role::HitPass),
];

/// Whether a part of a format shows the value in a slot of its own.
fn shows(part: &Part, slot: Slot, compat: Compat) -> bool {
    let letter = |letters: &[u8]| matches!(part, Part::Letter(it) if letters.contains(it));
    let own = |own: Own| *part == Part::Own(own);
    let took = || letter(b"TD") || matches!(part, Part::Took(_)) || own(Own::RequestTime);
    match slot {
        slot::ADDRESS => letter(b"h"),
        slot::METHOD => letter(b"mr"),
        slot::URL => letter(b"Uqr") || own(Own::Uri),
        slot::PROTOCOL => letter(b"Hr"),
        slot::STATUS => letter(b"s"),
        slot::RECEIVED => letter(b"I"),
        slot::BODY => letter(b"b"),
        slot::SENT => letter(b"O"),
        slot::START => took() || letter(b"t") || matches!(part, Part::Time(_)) || own(Own::TimeIso),
        slot::END => took(),
        slot::FIRST_BYTE => *part == Part::FirstByte,
        slot::HOST => letter(b"r"),
        slot::USER => letter(b"u"),
        slot::SCHEME => compat == Compat::V9 && letter(b"r"),
        _ => false,
    }
}

impl Role {
    /// Whether a format with these parts needs it.
    fn is_needed(self, part: &Part, compat: Compat) -> bool {
        let letter = |letters: &[u8]| matches!(part, Part::Letter(it) if letters.contains(it));
        let header = |of_response: bool| matches!(part, Part::Header { response, .. } if *response == of_response);
        let own = |own: Own| *part == Part::Own(own);
        let is_new = compat == Compat::V9;
        match self {
            Role::Nothing | Role::Shown => false,
            Role::Garbage | Role::Return => true,
            Role::PipeBytes | Role::Bytes => letter(b"bIO"),
            Role::BackendAddress => letter(b"h") || matches!(part, Part::Own(Own::Upstream(_))),
            Role::ClientAddress => letter(b"h") || (is_new && letter(b"r")),
            Role::Method => letter(b"mr"),
            Role::Protocol => letter(b"Hr"),
            Role::Status => letter(b"s") || matches!(part, Part::Own(Own::Upstream(_))),
            Role::Url => letter(b"Uqr") || own(Own::Uri),
            Role::Timestamp => {
                letter(b"tTD")
                    || own(Own::RequestTime)
                    || own(Own::TimeIso)
                    || matches!(
                        part,
                        Part::Time(_)
                            | Part::Took(_)
                            | Part::FirstByte
                            | Part::Own(Own::Upstream(_))
                    )
            }
            Role::RequestHeader => letter(b"ru") || header(false),
            Role::ResponseHeader => header(true),
            Role::RequestUnset => is_new && header(false),
            Role::ResponseUnset => is_new && header(true),
            // Newer ones freeze headers at some calls.
            Role::Call => {
                is_new
                    || matches!(part, Part::HitMiss | Part::Handling)
                    || matches!(part, Part::Own(Own::Upstream(_)))
            }
            Role::Log => matches!(part, Part::VclLog(_) | Part::Own(Own::Upstream(_))),
            Role::HitMiss | Role::HitPass => is_new && *part == Part::Handling,
        }
    }
}

impl Collector {
    /// Adds the records that a format looks at to what `kept` keeps.
    pub(super) fn keep(format: &Format, kept: &mut Filter) {
        let compat = format.options.compat;
        // Attempts are read by somebody else, who looks at all of these.
        let has_attempts = format.has_attempts();
        let (collector, ..) = Collector::new(format, Dialect::Vs9_0);
        for (tag, role) in ROLES {
            if ALWAYS.contains(tag) || format.parts.iter().any(|part| role.is_needed(part, compat))
            {
                let first = if has_attempts { ByteSet::ALL } else { collector.first_bytes(*role) };
                kept.include_starting(*tag, first);
            }
        }
        for part in &format.parts {
            if let Part::Record { tag, prefix, .. } = part {
                let first =
                    prefix.first().map_or(ByteSet::ALL, |&byte| ByteSet::of_letters([byte]));
                kept.include_starting(*tag, first);
            }
        }
        if has_attempts {
            kept.include_starting(Tag::FetchError, ByteSet::ALL);
        }
    }

    /// What a record begins with that means anything in this role.
    fn first_bytes(&self, role: Role) -> ByteSet {
        match role {
            Role::RequestHeader | Role::RequestUnset => self.request_headers.first_bytes(),
            Role::ResponseHeader | Role::ResponseUnset => self.response_headers.first_bytes(),
            Role::Timestamp => {
                ByteSet::of_letters(self.stamps.iter().filter_map(|it| it.label.first().copied()))
            }
            Role::Log => ByteSet::of(self.keys.iter().filter_map(|it| it.key.first().copied())),
            Role::Return => ByteSet::of_letters(walk::RETURNS.map(|word| word[0])),
            _ => ByteSet::ALL,
        }
    }

    /// Prepares to look for what a format asks for, and says what its lines are made of.
    pub(super) fn new(format: &Format, dialect: Dialect) -> (Collector, Vec<Item>, Vec<Moment>) {
        let compat = format.options.compat;
        let shown: [bool; slot::NAMED] =
            std::array::from_fn(|slot| format.parts.iter().any(|part| shows(part, slot, compat)));
        let word = |(slot, number): (Slot, usize)| shown[slot].then_some(Word { slot, number });
        let stamp = |(label, slot, number)| Some(Stamp { label, word: word((slot, number))? });
        let mut collector = Collector {
            dialect,
            compat,
            takes_all: format.options.json,
            roles: Box::new([Role::Nothing; 256]),
            records_of: Box::new([Records::None; 256]),
            request_headers: Headers::default(),
            response_headers: Headers::default(),
            stamps: STAMPS.into_iter().filter_map(stamp).collect(),
            bytes: BYTES.into_iter().filter_map(word).collect(),
            pipe_bytes: PIPE_BYTES.into_iter().filter_map(word).collect(),
            shown,
            keys: Vec::new(),
            records: Vec::new(),
            slots: slot::NAMED,
        };
        for (tag, role) in ROLES {
            if let Some(number) = tag.number(dialect)
                && (tag.kind() == TagKind::Text || format.options.json)
                && format.parts.iter().any(|part| role.is_needed(part, compat))
            {
                collector.roles[usize::from(number)] = *role;
            }
        }
        for (slot, name) in [(slot::HOST, &b"Host"[..]), (slot::USER, b"Authorization")] {
            if shown[slot] {
                collector.request_headers.push(Header::new(name, None, slot));
            }
        }
        let mut moments = Vec::new();
        let items = items_of(format, &mut collector, &mut moments);
        (collector, items, moments)
    }

    /// How many values there may be.
    pub(super) const fn slots(&self) -> usize {
        self.slots
    }

    fn next_slot(&mut self) -> Slot {
        self.slots += 1;
        self.slots - 1
    }

    /// Looks for a header.
    pub(super) fn header(&mut self, response: bool, name: &[u8], rule: Option<Rule>) -> Slot {
        let slot = self.next_slot();
        let header = Header::new(name, rule, slot);
        let list = if response { &mut self.response_headers } else { &mut self.request_headers };
        list.push(header);
        slot
    }

    /// Looks for what was logged with a key.
    pub(super) fn key(&mut self, key: &[u8]) -> Slot {
        let slot = self.next_slot();
        self.keys.push(Key { key: [key, b":"].concat(), slot });
        slot
    }

    /// Looks for a record, or a word of it.
    pub(super) fn record(&mut self, tag: Tag, prefix: &[u8], word: usize) -> Slot {
        let slot = self.next_slot();
        // What the dialect does not have is never there.
        if let Some(number) = tag.number(self.dialect) {
            let at = usize::from(number);
            self.records_of[at] =
                if tag.kind() == TagKind::Text { Records::Text } else { Records::Bytes };
            if self.roles[at] == Role::Nothing {
                self.roles[at] = Role::Shown;
            }
            self.records.push(RecordWatch { number, prefix: prefix.to_vec(), word, slot });
        }
        slot
    }

    /// Walks a transaction.
    pub(super) fn collect(&self, transaction: &Transaction, found: &mut Collected) -> Line {
        found.begin();
        let bytes = transaction.bytes();
        let mut heads = Heads::new(self.dialect.layout(), bytes);
        let mut walk = Walk::new(self, bytes, transaction.kind == Kind::Backend, found);
        while let Some(place) =
            heads.next_wanted(|number| self.roles[usize::from(number)] != Role::Nothing)
        {
            let start = place.payload;
            let payload = &bytes[start..start + place.len_bytes];
            let end = match payload {
                // Nearly always.
                [text @ .., last, 0] if *last != 0 => text.len() + 1,
                _ => payload.iter().rposition(|&byte| byte != 0).map_or(0, |at| at + 1),
            };
            let text = start..start + end;
            if walk.record(self.roles[usize::from(place.number)], text.clone()) == Line::None {
                return Line::None;
            }
            match self.records_of[usize::from(place.number)] {
                Records::None => {}
                Records::Text => walk.shown(place.number, text),
                Records::Bytes => walk.shown(place.number, start..start + payload.len()),
            }
        }
        Line::Some
    }
}
