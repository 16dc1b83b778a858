//! One walk over the records of a transaction: where that lies which a format asks for.

use std::ops::Range;

use shellac_format::{Dialect, Heads, Tag, TagKind, TagSet};
use shellac_log::{Compat, Kind, Transaction};

use super::field::{after, trimmed, word};
use super::moment::Moment;
use super::parse::{Own, Part, Rule};
use super::write::{Item, items_of};
use super::{ALWAYS, Format};

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
    request_headers: Vec<Header>,
    response_headers: Vec<Header>,
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

#[derive(Clone, Debug)]
struct Header {
    /// With its colon.
    name: Vec<u8>,
    rule: Option<Rule>,
    slot: Slot,
}

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
    /// The tags whose records a format looks at.
    pub(super) fn tags(format: &Format) -> TagSet {
        let compat = format.options.compat;
        let mut tags = TagSet::EMPTY;
        for (tag, role) in ROLES {
            if format.parts.iter().any(|part| role.is_needed(part, compat)) {
                tags.insert(*tag);
            }
        }
        ALWAYS.into_iter().for_each(|tag| tags.insert(tag));
        for part in &format.parts {
            if let Part::Record { tag, .. } = part {
                tags.insert(*tag);
            }
        }
        if format.has_attempts() {
            tags.insert(Tag::FetchError);
        }
        tags
    }

    /// Prepares to look for what a format asks for, and says what its lines are made of.
    pub(super) fn new(format: &Format, dialect: Dialect) -> (Collector, Vec<Item>, Vec<Moment>) {
        let compat = format.options.compat;
        let mut collector = Collector {
            dialect,
            compat,
            takes_all: format.options.json,
            roles: Box::new([Role::Nothing; 256]),
            records_of: Box::new([Records::None; 256]),
            request_headers: Vec::new(),
            response_headers: Vec::new(),
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
        let needs = |letter| format.parts.contains(&Part::Letter(letter));
        if needs(b'r') {
            collector.request_headers.push(Header {
                name: b"Host:".to_vec(),
                rule: None,
                slot: slot::HOST,
            });
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
        let header = Header { name: [name, b":"].concat(), rule, slot };
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
        let mut walk = Walk {
            of: self,
            bytes,
            is_backend: transaction.kind == Kind::Backend,
            is_frozen: false,
            is_hitmiss: false,
            is_hitpass: false,
            found,
        };
        while let Some(place) =
            heads.next_wanted(|number| self.roles[usize::from(number)] != Role::Nothing)
        {
            let start = place.payload;
            let payload = &bytes[start..start + place.len_bytes];
            let end = payload.iter().rposition(|&byte| byte != 0).map_or(0, |at| at + 1);
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

/// A walk under way.
struct Walk<'a> {
    of: &'a Collector,
    bytes: &'a [u8],
    is_backend: bool,
    /// Newer ones take what came before some calls only.
    is_frozen: bool,
    is_hitmiss: bool,
    is_hitpass: bool,
    found: &'a mut Collected,
}

impl Walk<'_> {
    fn is_new(&self) -> bool {
        self.of.compat == Compat::V9
    }

    /// Which of several counts among those of the request, if this one does at all.
    fn of_request(&self) -> Option<Keep> {
        match (self.is_new(), self.is_backend) {
            (false, _) => Some(Keep::First),
            (true, _) if self.is_frozen => None,
            (true, false) => Some(Keep::First),
            (true, true) => Some(Keep::Last),
        }
    }

    /// The same for status and headers of the response.
    fn of_response(&self) -> Option<Keep> {
        match (self.is_new(), self.is_backend) {
            (false, _) | (true, false) => Some(Keep::Last),
            (true, true) if self.is_frozen => None,
            (true, true) => Some(Keep::First),
        }
    }

    fn line(&mut self, slot: Slot, keep: Keep, range: Range<usize>) {
        let range = trimmed(self.bytes, range);
        self.found.set(slot, keep, Some(range));
    }

    fn word(&mut self, slot: Slot, keep: Keep, range: &Range<usize>, number: usize) {
        if let Some(range) = word(self.bytes, range.clone(), number) {
            self.found.set(slot, keep, Some(range));
        }
    }

    fn request_line(&mut self, slot: Slot, range: Range<usize>) {
        if let Some(keep) = self.of_request() {
            self.line(slot, keep, range);
        }
    }

    fn record(&mut self, role: Role, range: Range<usize>) -> Line {
        match role {
            Role::Nothing | Role::Shown => {}
            Role::Garbage if self.of.takes_all => return Line::None,
            Role::Garbage => {}
            Role::PipeBytes => {
                self.word(slot::RECEIVED, Keep::First, &range, 3);
                self.word(slot::SENT, Keep::First, &range, 4);
            }
            Role::Bytes => {
                self.word(slot::RECEIVED, Keep::First, &range, 3);
                self.word(slot::BODY, Keep::First, &range, 5);
                self.word(slot::SENT, Keep::First, &range, 6);
            }
            Role::BackendAddress => {
                let keep = if self.is_new() { Keep::First } else { Keep::Last };
                self.word(slot::ADDRESS, keep, &range, 3);
            }
            Role::ClientAddress => {
                self.word(slot::ADDRESS, Keep::First, &range, 1);
                self.word(slot::SCHEME, Keep::First, &range, 4);
            }
            Role::Method => self.request_line(slot::METHOD, range),
            Role::Protocol => self.request_line(slot::PROTOCOL, range),
            Role::Url => {
                // Its parts are trimmed when they are known.
                if let Some(keep) = self.of_request() {
                    self.found.set(slot::URL, keep, Some(range));
                }
            }
            Role::Status => {
                if let Some(keep) = self.of_response() {
                    self.line(slot::STATUS, keep, range);
                }
            }
            Role::Timestamp => self.timestamp(&range),
            Role::RequestHeader => self.request_header(&range),
            Role::ResponseHeader => {
                let keep = self.of_response();
                self.headers(&self.of.response_headers, keep, &range, false);
            }
            Role::RequestUnset => {
                let keep = self.of_request();
                self.headers(&self.of.request_headers, keep, &range, true);
            }
            Role::ResponseUnset => {
                let keep = self.of_response();
                self.headers(&self.of.response_headers, keep, &range, true);
            }
            Role::Call => self.call(range),
            Role::Return => return self.returned(range),
            Role::Log => {
                for key in &self.of.keys {
                    if self.bytes[range.clone()].starts_with(&key.key[..]) {
                        self.line(key.slot, Keep::First, range.start + key.key.len()..range.end);
                    }
                }
            }
            Role::HitMiss => {
                self.is_hitmiss = true;
                self.found.handled = Handled { hitmiss: "miss", handling: "hitmiss" };
            }
            Role::HitPass => {
                self.is_hitpass = true;
                self.found.handled = Handled { hitmiss: "miss", handling: "hitpass" };
            }
        }
        Line::Some
    }

    fn timestamp(&mut self, range: &Range<usize>) {
        const LABELS: [(&[u8], Slot, usize); 7] = [
            (b"Start:", slot::START, 1),
            (b"Resp:", slot::END, 1),
            (b"PipeSess:", slot::END, 1),
            (b"BerespBody:", slot::END, 1),
            (b"Process:", slot::FIRST_BYTE, 2),
            (b"Pipe:", slot::FIRST_BYTE, 2),
            (b"Beresp:", slot::FIRST_BYTE, 2),
        ];
        for (label, slot, number) in LABELS {
            if let Some(rest) = after(self.bytes, range.clone(), label) {
                self.word(slot, Keep::First, &rest, number);
                return;
            }
        }
    }

    fn request_header(&mut self, range: &Range<usize>) {
        let keep = if self.is_new() { self.of_request() } else { Some(Keep::Last) };
        self.headers(&self.of.request_headers, keep, range, false);
        if let Some(rest) = after(self.bytes, range.clone(), b"Authorization:")
            && let Some(rest) = after(self.bytes, rest, b"basic ")
        {
            self.request_line(slot::USER, rest);
        }
    }

    fn headers(
        &mut self,
        watched: &[Header],
        keep: Option<Keep>,
        range: &Range<usize>,
        is_unset: bool,
    ) {
        for header in watched {
            let keep = match header.rule {
                Some(Rule::First) => Some(Keep::First),
                Some(Rule::Last) => Some(Keep::Last),
                None if header.slot == slot::HOST => self.of_request().filter(|_| !is_unset),
                None => keep,
            };
            if let Some(keep) = keep
                && let Some(rest) = after(self.bytes, range.clone(), &header.name)
            {
                let value = (!is_unset).then(|| trimmed(self.bytes, rest));
                self.found.set(header.slot, keep, value);
            }
        }
    }

    fn call(&mut self, range: Range<usize>) {
        let handled = |hitmiss, handling| Handled { hitmiss, handling };
        match &self.bytes[range] {
            call if is_word(call, b"RECV") => {
                self.found.handled = UNHANDLED;
                (self.is_hitmiss, self.is_hitpass) = (false, false);
                self.is_frozen |= !self.is_backend;
            }
            call if is_word(call, b"HIT") => self.found.handled = handled("hit", "hit"),
            call if is_word(call, b"MISS") && !self.is_hitmiss => {
                self.found.handled = handled("miss", "miss");
            }
            call if is_word(call, b"PASS") && !self.is_hitpass => {
                self.found.handled = handled("miss", "pass");
            }
            call if is_word(call, b"SYNTH") => self.found.handled = handled("miss", "synth"),
            call if is_word(call, b"BACKEND_RESPONSE") => self.is_frozen |= self.is_backend,
            _ => {}
        }
    }

    fn returned(&mut self, range: Range<usize>) -> Line {
        match &self.bytes[range] {
            word if is_word(word, b"restart") => return Line::None,
            word if is_word(word, b"pipe") => {
                self.found.handled = Handled { hitmiss: "miss", handling: "pipe" };
            }
            _ => {}
        }
        Line::Some
    }

    fn shown(&mut self, number: u8, range: Range<usize>) {
        for watch in self.of.records.iter().filter(|it| it.number == number) {
            let rest = match &watch.prefix[..] {
                [] => range.clone(),
                prefix => match after(self.bytes, range.clone(), prefix) {
                    Some(rest) => rest,
                    None => continue,
                },
            };
            match watch.word {
                0 => self.line(watch.slot, Keep::First, rest),
                number => self.word(watch.slot, Keep::First, &rest, number),
            }
        }
    }
}

/// Whether a text of C is this word.
fn is_word(text: &[u8], word: &[u8]) -> bool {
    let text = text.split(|&byte| byte == 0).next().unwrap_or_default();
    text.eq_ignore_ascii_case(word)
}
