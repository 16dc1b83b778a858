//! What the payload of each tag is made of: one table, from which come the members of a record.

use shellac_format::{Tag, TagKind};

/// What a payload becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// One text.
    Text,
    /// All of its bytes.
    Bytes,
    /// Hexadecimal digits.
    Hexadecimal,
    /// One number.
    Number,
    /// `Name: value`.
    Header,
    /// `Label: moment since_start since_last`.
    Timestamp,
    /// Words with one blank between them.
    Fields(&'static Fields),
    /// As [`Shape::Fields`]; which ones the first word says.
    Ttl,
}

/// Words and what they are called.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fields {
    pub(super) names: &'static [Field],
    /// Those behind so many may be absent.
    pub(super) required: usize,
}

/// One word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Field {
    /// What it is called.
    #[cfg(test)]
    pub(super) name: &'static str,
    /// `,"name":`, and for texts the opening quote, filled up to a size that is copied at once.
    pub(super) key: [u8; KEY_BYTES],
    /// Bytes of it that count.
    pub(super) key_bytes: usize,
    pub(super) kind: FieldKind,
}

/// Room for the longest key.
pub(super) const KEY_BYTES: usize = 32;

/// What a word is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FieldKind {
    Word,
    Number,
    /// All that is left, blanks included.
    Rest,
}

impl Field {
    const fn new(name: &'static str, kind: FieldKind) -> Field {
        let mut key = [b' '; KEY_BYTES];
        let bytes = name.as_bytes();
        assert!(bytes.len() + 5 <= KEY_BYTES, "the name of a field is too long");
        (key[0], key[1]) = (b',', b'"');
        let mut at = 0;
        while at < bytes.len() {
            key[at + 2] = bytes[at];
            at += 1;
        }
        let end = at + 2;
        (key[end], key[end + 1], key[end + 2]) = (b'"', b':', b'"');
        let key_bytes = if matches!(kind, FieldKind::Number) { end + 2 } else { end + 3 };
        Field {
            #[cfg(test)]
            name,
            key,
            key_bytes,
            kind,
        }
    }

    /// What stands before its value.
    pub(super) fn key(&self) -> &[u8] {
        &self.key[..self.key_bytes]
    }
}

const fn word(name: &'static str) -> Field {
    Field::new(name, FieldKind::Word)
}

const fn number(name: &'static str) -> Field {
    Field::new(name, FieldKind::Number)
}

const fn rest(name: &'static str) -> Field {
    Field::new(name, FieldKind::Rest)
}

/// `Begin` and `Link`.
static RELATION: Fields = Fields {
    names: &[word("type"), number("other"), word("reason"), number("level")],
    required: 3,
};
static SESS_OPEN: Fields = Fields {
    names: &[
        word("remote_address"),
        number("remote_port"),
        word("listener"),
        word("local_address"),
        number("local_port"),
        number("time"),
        number("fd"),
    ],
    required: 7,
};
static SESS_CLOSE: Fields = Fields { names: &[word("reason"), number("duration")], required: 2 };
static REQ_START: Fields = Fields {
    names: &[word("remote_address"), number("remote_port"), word("listener"), word("transport")],
    required: 2,
};
static BACKEND_OPEN: Fields = Fields {
    names: &[
        number("fd"),
        word("backend"),
        word("remote_address"),
        number("remote_port"),
        word("local_address"),
        number("local_port"),
        word("connection"),
        number("age"),
        number("uses"),
    ],
    required: 6,
};
static BACKEND_CLOSE: Fields =
    Fields { names: &[number("fd"), word("backend"), word("how"), rest("reason")], required: 2 };
static HIT: Fields = Fields {
    names: &[
        number("object"),
        number("ttl"),
        number("grace"),
        number("keep"),
        number("fetched"),
        number("length"),
    ],
    required: 4,
};
static HIT_FOR: Fields = Fields { names: &[number("object"), number("ttl")], required: 2 };
/// `ReqAcct` and `BereqAcct`: of the latter the request is what is sent.
static ACCT: Fields = Fields {
    names: &[
        number("request_header"),
        number("request_body"),
        number("request_total"),
        number("response_header"),
        number("response_body"),
        number("response_total"),
    ],
    required: 6,
};
static PIPE_ACCT: Fields = Fields {
    names: &[
        number("client_request"),
        number("backend_request"),
        number("from_client"),
        number("to_client"),
    ],
    required: 4,
};
static FILTER_ACCT: Fields =
    Fields { names: &[word("filter"), number("calls"), number("bytes")], required: 3 };
static FETCH_BODY: Fields =
    Fields { names: &[number("number"), word("kind"), word("stream")], required: 3 };
static STORAGE: Fields = Fields { names: &[word("type"), word("name")], required: 2 };
static HEALTH: Fields = Fields {
    names: &[
        word("backend"),
        word("change"),
        word("state"),
        word("steps"),
        number("good"),
        number("threshold"),
        number("window"),
        number("last"),
        number("average"),
        rest("response"),
    ],
    required: 9,
};
/// `TTL` of a response.
pub(super) static TTL_RFC: Fields = Fields {
    names: &[
        word("source"),
        number("ttl"),
        number("grace"),
        number("keep"),
        number("now"),
        number("origin"),
        number("date"),
        number("expires"),
        number("max_age"),
        word("cacheable"),
    ],
    required: 9,
};
/// `TTL` that was set by VCL.
pub(super) static TTL_SET: Fields = Fields {
    names: &[
        word("source"),
        number("ttl"),
        number("grace"),
        number("keep"),
        number("origin"),
        word("cacheable"),
    ],
    required: 5,
};

/// Every list of fields, for whoever wants to know all names.
#[cfg(test)]
pub(super) static ALL_FIELDS: [&Fields; 16] = [
    &RELATION,
    &SESS_OPEN,
    &SESS_CLOSE,
    &REQ_START,
    &BACKEND_OPEN,
    &BACKEND_CLOSE,
    &HIT,
    &HIT_FOR,
    &ACCT,
    &PIPE_ACCT,
    &FILTER_ACCT,
    &FETCH_BODY,
    &STORAGE,
    &HEALTH,
    &TTL_RFC,
    &TTL_SET,
];

impl Shape {
    /// What payloads of a tag become; `None` is a number without a name.
    pub(super) const fn of(tag: Option<Tag>) -> Shape {
        let Some(tag) = tag else { return Shape::Bytes };
        match tag {
            Tag::ReqHeader
            | Tag::ReqUnset
            | Tag::RespHeader
            | Tag::RespUnset
            | Tag::BereqHeader
            | Tag::BereqUnset
            | Tag::BerespHeader
            | Tag::BerespUnset
            | Tag::ObjHeader
            | Tag::ObjUnset => Shape::Header,
            Tag::ReqStatus
            | Tag::RespStatus
            | Tag::BereqStatus
            | Tag::BerespStatus
            | Tag::ObjStatus
            | Tag::Length => Shape::Number,
            Tag::Timestamp => Shape::Timestamp,
            Tag::Begin | Tag::Link => Shape::Fields(&RELATION),
            Tag::SessOpen => Shape::Fields(&SESS_OPEN),
            Tag::SessClose => Shape::Fields(&SESS_CLOSE),
            Tag::ReqStart => Shape::Fields(&REQ_START),
            Tag::BackendOpen => Shape::Fields(&BACKEND_OPEN),
            Tag::BackendClose => Shape::Fields(&BACKEND_CLOSE),
            Tag::Hit => Shape::Fields(&HIT),
            Tag::HitMiss | Tag::HitPass => Shape::Fields(&HIT_FOR),
            Tag::ReqAcct | Tag::BereqAcct => Shape::Fields(&ACCT),
            Tag::PipeAcct => Shape::Fields(&PIPE_ACCT),
            Tag::VfpAcct | Tag::VdpAcct => Shape::Fields(&FILTER_ACCT),
            Tag::FetchBody => Shape::Fields(&FETCH_BODY),
            Tag::Storage => Shape::Fields(&STORAGE),
            Tag::BackendHealth => Shape::Fields(&HEALTH),
            Tag::Ttl => Shape::Ttl,
            _ => match tag.kind() {
                TagKind::Text | TagKind::Unused => Shape::Text,
                TagKind::Unsafe => Shape::Bytes,
                TagKind::Binary => Shape::Hexadecimal,
            },
        }
    }
}
