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
    pub(super) name: &'static str,
    pub(super) kind: FieldKind,
}

/// What a word is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FieldKind {
    Word,
    Number,
    /// All that is left, blanks included.
    Rest,
}

const fn word(name: &'static str) -> Field {
    Field { name, kind: FieldKind::Word }
}

const fn number(name: &'static str) -> Field {
    Field { name, kind: FieldKind::Number }
}

const fn rest(name: &'static str) -> Field {
    Field { name, kind: FieldKind::Rest }
}

/// `Begin` and `Link`.
const RELATION: Fields = Fields {
    names: &[word("type"), number("vxid"), word("reason"), number("level")],
    required: 3,
};
const SESS_OPEN: Fields = Fields {
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
const SESS_CLOSE: Fields = Fields { names: &[word("reason"), number("duration")], required: 2 };
const REQ_START: Fields = Fields {
    names: &[
        word("remote_address"),
        number("remote_port"),
        word("listener"),
        word("transport"),
    ],
    required: 2,
};
const BACKEND_OPEN: Fields = Fields {
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
const BACKEND_CLOSE: Fields = Fields {
    names: &[number("fd"), word("backend"), word("how"), rest("reason")],
    required: 2,
};
const HIT: Fields = Fields {
    names: &[
        number("vxid"),
        number("ttl"),
        number("grace"),
        number("keep"),
        number("fetched"),
        number("length"),
    ],
    required: 4,
};
const HIT_FOR: Fields = Fields { names: &[number("vxid"), number("ttl")], required: 2 };
/// `ReqAcct` and `BereqAcct`: of the latter the request is what is sent.
const ACCT: Fields = Fields {
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
const PIPE_ACCT: Fields = Fields {
    names: &[
        number("client_request"),
        number("backend_request"),
        number("from_client"),
        number("to_client"),
    ],
    required: 4,
};
const FILTER_ACCT: Fields =
    Fields { names: &[word("filter"), number("calls"), number("bytes")], required: 3 };
const FETCH_BODY: Fields =
    Fields { names: &[number("number"), word("kind"), word("stream")], required: 3 };
const STORAGE: Fields = Fields { names: &[word("type"), word("name")], required: 2 };
const HEALTH: Fields = Fields {
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
pub(super) const TTL_RFC: Fields = Fields {
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
pub(super) const TTL_SET: Fields = Fields {
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
pub(super) const ALL_FIELDS: [&Fields; 16] = [
    &RELATION, &SESS_OPEN, &SESS_CLOSE, &REQ_START, &BACKEND_OPEN, &BACKEND_CLOSE, &HIT, &HIT_FOR,
    &ACCT, &PIPE_ACCT, &FILTER_ACCT, &FETCH_BODY, &STORAGE, &HEALTH, &TTL_RFC, &TTL_SET,
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
