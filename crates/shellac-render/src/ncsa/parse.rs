//! The text of a format, taken apart.

use shellac_format::{Tag, TagKind, TagSet};
use shellac_log::Compat;

use super::{Extensions, FormatError};

/// One part of a format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Plain(Vec<u8>),
    /// A letter by itself: `b D h H I l m O q r s t T u U`.
    Letter(u8),
    /// `%{NAME}i` or `o`.
    Header {
        response: bool,
        name: Vec<u8>,
        rule: Option<Rule>,
    },
    /// `%{FORMAT}t`
    Time(Vec<u8>),
    /// `%{UNIT}T`, in units per second.
    Took(u32),
    HitMiss,
    Handling,
    Side,
    Vxid,
    FirstByte,
    VclLog(Vec<u8>),
    Record {
        tag: Tag,
        prefix: Vec<u8>,
        word: usize,
    },
    /// One of ours.
    Own(Own),
}

/// Which of several headers is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rule {
    First,
    Last,
}

/// What the stock tool does not have: `%{NAME}x`, by nginx's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Own {
    /// `request_time`: seconds with three decimals.
    RequestTime,
    /// `time_iso8601`
    TimeIso,
    /// `request_uri`: path and query as they came.
    Uri,
    /// Of all attempts: `upstream_addr` and the like.
    Upstream(Upstream),
}

/// A column of the attempts of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Upstream {
    Address,
    Status,
    ResponseTime,
    ConnectTime,
    HeaderTime,
}

/// Our own names.
const OWN: &[(&str, Own)] = &[
    ("request_time", Own::RequestTime),
    ("time_iso8601", Own::TimeIso),
    ("request_uri", Own::Uri),
    ("upstream_addr", Own::Upstream(Upstream::Address)),
    ("upstream_status", Own::Upstream(Upstream::Status)),
    ("upstream_response_time", Own::Upstream(Upstream::ResponseTime)),
    ("upstream_connect_time", Own::Upstream(Upstream::ConnectTime)),
    ("upstream_header_time", Own::Upstream(Upstream::HeaderTime)),
];

/// What a newer format may insert.
pub(super) const DEFAULT: &str = "%h %l %u %t \"%r\" %s %b \"%{Referer}i\" \"%{User-agent}i\"";

/// Whose formats are read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reading {
    pub(super) json: bool,
    pub(super) compat: Compat,
    pub(super) extensions: Extensions,
}

impl Reading {
    fn is_new(self) -> bool {
        self.compat == Compat::V9 || self.extensions == Extensions::Own
    }
}

/// Takes `format` apart.
pub(super) fn parse(format: &[u8], reading: Reading) -> Result<Vec<Part>, FormatError> {
    let mut parts = Vec::new();
    let mut plain = Vec::new();
    let mut at = 0;
    while let Some(&byte) = format.get(at) {
        match (byte, format.get(at + 1)) {
            (b'\\', Some(&next)) => {
                plain.push(match next {
                    b't' => b'\t',
                    b'n' => b'\n',
                    other => other,
                });
                at += 2;
                continue;
            }
            (b'%', _) => {}
            _ => {
                plain.push(byte);
                at += 1;
                continue;
            }
        }
        if !plain.is_empty() {
            parts.push(Part::Plain(std::mem::take(&mut plain)));
        }
        let rest = &format[at..];
        let unknown = || FormatError::Specifier(lossy(rest));
        match rest.get(1) {
            Some(b'{') => {
                let len = bracket(&rest[2..]).ok_or_else(|| FormatError::Bracket(lossy(rest)))?;
                let content = &rest[2..2 + len];
                let letter = *rest.get(3 + len).ok_or_else(unknown)?;
                match letter {
                    b'i' | b'o' => parts.push(header(content, letter == b'o', reading)?),
                    b't' => parts.push(Part::Time(content.to_vec())),
                    b'T' => parts.push(Part::Took(unit(content)?)),
                    b'x' => extension(content, reading, &mut parts)?,
                    _ => return Err(unknown()),
                }
                at += 4 + len;
            }
            Some(&letter) if b"bDhHIlmOqrstTuU".contains(&letter) => {
                parts.push(Part::Letter(letter));
                at += 2;
            }
            _ => return Err(unknown()),
        }
    }
    if !plain.is_empty() {
        parts.push(Part::Plain(plain));
    }
    Ok(parts)
}

fn lossy(text: &[u8]) -> String {
    String::from_utf8_lossy(text).into_owned()
}

/// Bytes up to the bracket that closes.
fn bracket(text: &[u8]) -> Option<usize> {
    let mut depth = 1;
    text.iter().position(|byte| {
        match byte {
            b'{' => depth += 1,
            b'}' => depth -= 1,
            _ => {}
        }
        depth == 0
    })
}

fn unit(content: &[u8]) -> Result<u32, FormatError> {
    match content {
        b"s" => Ok(1),
        b"ms" => Ok(1000),
        b"us" => Ok(1_000_000),
        _ => Err(FormatError::Unit(lossy(content))),
    }
}

fn header(content: &[u8], response: bool, reading: Reading) -> Result<Part, FormatError> {
    let (name, rule) = match content.iter().position(|&byte| byte == b':') {
        Some(colon) if reading.is_new() => {
            let rule = match &content[colon + 1..] {
                b"first" => Rule::First,
                b"last" => Rule::Last,
                _ => return Err(FormatError::Rule(lossy(&content[colon..]))),
            };
            (&content[..colon], Some(rule))
        }
        _ => (content, None),
    };
    Ok(Part::Header { response, name: name.to_vec(), rule })
}

fn extension(content: &[u8], reading: Reading, parts: &mut Vec<Part>) -> Result<(), FormatError> {
    let part = match content {
        b"Varnish:time_firstbyte" => Part::FirstByte,
        b"Varnish:hitmiss" => Part::HitMiss,
        b"Varnish:handling" => Part::Handling,
        b"Varnish:side" => Part::Side,
        b"Varnish:vxid" => Part::Vxid,
        b"Varnish:default_format" if reading.is_new() => {
            parts.extend(parse(DEFAULT.as_bytes(), reading)?);
            return Ok(());
        }
        _ => match (content.strip_prefix(b"VCL_Log:"), content.strip_prefix(b"VSL:")) {
            (Some(key), _) => Part::VclLog(key.to_vec()),
            (_, Some(record)) => record_part(record, reading)?,
            _ => own(content, reading)?,
        },
    };
    parts.push(part);
    Ok(())
}

fn own(content: &[u8], reading: Reading) -> Result<Part, FormatError> {
    let found = OWN.iter().find(|(name, _)| name.as_bytes() == content);
    match found {
        Some((_, own)) if reading.extensions == Extensions::Own => Ok(Part::Own(*own)),
        _ => Err(FormatError::Extension(lossy(content))),
    }
}

/// The largest number of a word.
const MAX_WORD: i64 = 255;

/// `TAG[:PREFIX][WORD]`
fn record_part(content: &[u8], reading: Reading) -> Result<Part, FormatError> {
    if content.is_empty() {
        return Err(FormatError::NoTag);
    }
    let (text, word) = match content.strip_suffix(b"]") {
        Some(inner) => {
            let syntax = || FormatError::Syntax(lossy(content));
            let open = inner.iter().rposition(|&byte| byte == b'[').ok_or_else(syntax)?;
            let number = std::str::from_utf8(&inner[open + 1..]).map_err(|_| syntax())?;
            let number = number.trim_start_matches([' ', '\t', '\n', '\x0b', '\x0c', '\r']);
            let digits = number.strip_prefix(['+', '-']).unwrap_or(number);
            if open == 0 || digits.is_empty() || !digits.bytes().all(|it| it.is_ascii_digit()) {
                return Err(syntax());
            }
            match number.parse().unwrap_or(i64::MAX) {
                word @ 1..=MAX_WORD => (&inner[..open], usize::try_from(word).unwrap_or(1)),
                _ => return Err(FormatError::Word(lossy(content))),
            }
        }
        None => (content, 0),
    };
    let (name, prefix) = match text.iter().position(|&byte| byte == b':') {
        // The key ends with a colon, as in the records.
        Some(colon) => (&text[..colon], [&text[colon + 1..], b":"].concat()),
        None => (text, Vec::new()),
    };
    let tag = tag(name, text, reading.compat.tags())?;
    if tag.kind() != TagKind::Text && !reading.json {
        return Err(FormatError::Control(tag.name()));
    }
    Ok(Part::Record { tag, prefix, word })
}

/// A tag by its name or by the start of it that no other has.
fn tag(name: &[u8], said: &[u8], known: TagSet) -> Result<Tag, FormatError> {
    let starts = |tag: &Tag| {
        let start = tag.name().as_bytes().get(..name.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(name))
    };
    let mut found = known.iter().filter(starts);
    let exact = known.iter().filter(starts).find(|tag| tag.name().len() == name.len());
    match (exact, found.next(), found.next()) {
        (Some(tag), ..) | (None, Some(tag), None) => Ok(tag),
        (None, Some(_), Some(_)) => Err(FormatError::Ambiguous(lossy(said))),
        (None, None, _) => Err(FormatError::Tag(lossy(said))),
    }
}
