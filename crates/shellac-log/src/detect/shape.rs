//! What the payload of a tag looks like.

use shellac_format::{Record, Tag, TagKind};

use crate::begin::Relation;
use crate::transaction::Kind;

/// For a number that stands for nothing.
pub(super) const NO_SUCH_TAG: i64 = -4;
/// For a tag that exists and is never written.
const NEVER_WRITTEN: i64 = -4;
/// For a text without its end.
const NO_NUL: i64 = -2;

/// Points for a payload that has the shape of its tag, less than none for one that has not; 0 where any text
/// will do. The more a shape says, the more points.
pub(super) fn points(tag: Tag, record: &Record<'_>) -> i64 {
    match tag.kind() {
        TagKind::Binary | TagKind::Unsafe => return 0,
        // What is lost is written after all.
        TagKind::Unused if !tag.name().ends_with("Lost") => return NEVER_WRITTEN,
        TagKind::Unused | TagKind::Text => {}
    }
    if record.payload.last() != Some(&0) {
        return NO_NUL;
    }
    let text = record.text();
    let (fits, worth) = match tag {
        Tag::Begin => (relation(text).is_some(), 8),
        Tag::Link => (relation(text).is_some_and(|kind| kind != Kind::Session), 8),
        Tag::End => (text.is_empty() || text == b"synth", 4),
        Tag::Timestamp => (is_timestamp(text), 8),
        Tag::ReqMethod | Tag::BereqMethod => (is_method(text), 3),
        Tag::ReqUrl | Tag::BereqUrl | Tag::ReqTarget => (is_url(text), 4),
        Tag::ReqProtocol
        | Tag::RespProtocol
        | Tag::BereqProtocol
        | Tag::BerespProtocol
        | Tag::ObjProtocol => (text.starts_with(b"HTTP/"), 4),
        Tag::RespStatus | Tag::BerespStatus | Tag::ObjStatus => {
            (text.len() == 3 && text.iter().all(u8::is_ascii_digit), 4)
        }
        Tag::ReqHeader
        | Tag::ReqUnset
        | Tag::RespHeader
        | Tag::RespUnset
        | Tag::BereqHeader
        | Tag::BereqUnset
        | Tag::BerespHeader
        | Tag::BerespUnset
        | Tag::ObjHeader
        | Tag::ObjUnset => (is_header(text), 2),
        Tag::ReqAcct | Tag::BereqAcct => (are_numbers(text, 6..=6), 6),
        Tag::PipeAcct => (are_numbers(text, 4..=4), 6),
        Tag::Hit => (are_numbers(text, 4..=6), 4),
        Tag::HitMiss | Tag::HitPass => (are_numbers(text, 2..=2), 4),
        Tag::Length => (are_numbers(text, 1..=1), 3),
        Tag::VclCall => (is_made_of(text, |byte| byte.is_ascii_uppercase() || byte == b'_'), 3),
        Tag::VclReturn => (is_made_of(text, |byte| byte.is_ascii_lowercase() || byte == b'_'), 3),
        Tag::ReqStart => (is_number_at(text, 1) && (3..=4).contains(&fields(text).count()), 4),
        Tag::Ttl => (starts_with_one_of(text, &[b"RFC ", b"VCL ", b"HFP "]), 5),
        Tag::FetchBody => (is_number_at(text, 0) && fields(text).count() == 3, 4),
        Tag::BackendHealth => {
            (fields(text).nth(1).is_some_and(|it| it == b"Went" || it == b"Still"), 5)
        }
        Tag::VfpAcct | Tag::VdpAcct => (is_number_at(text, 1) && fields(text).count() == 3, 4),
        Tag::VclAcl => {
            let words: [&[u8]; 4] = [b"MATCH ", b"NEG_MATCH ", b"NO_MATCH ", b"NO_FAM "];
            (starts_with_one_of(text, &words), 4)
        }
        Tag::Storage => (fields(text).count() == 2, 1),
        // A text in words; addresses and the like are other tags.
        Tag::FetchError => (!text.is_empty() && !text.starts_with(b"/"), 1),
        _ => return 0,
    };
    if fits { worth } else { -worth }
}

fn relation(text: &[u8]) -> Option<Kind> {
    Relation::parse(text).map(|it| it.kind).filter(|kind| *kind != Kind::Unknown)
}

fn fields(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|byte| *byte == b' ').filter(|field| !field.is_empty())
}

/// Digits, with one point and one sign at most.
fn is_number(field: &[u8]) -> bool {
    let field = field.strip_prefix(b"-").unwrap_or(field);
    let points = field.iter().filter(|byte| **byte == b'.').count();
    points <= 1
        && field.first().is_some_and(u8::is_ascii_digit)
        && field.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.')
}

fn is_number_at(text: &[u8], index: usize) -> bool {
    fields(text).nth(index).is_some_and(is_number)
}

fn are_numbers(text: &[u8], count: std::ops::RangeInclusive<usize>) -> bool {
    count.contains(&fields(text).count()) && fields(text).all(is_number)
}

/// `Label: N.NNNNNN N.NNNNNN N.NNNNNN`; a label is any text that somebody gave.
fn is_timestamp(text: &[u8]) -> bool {
    let Some(colon) = text.iter().rposition(|byte| *byte == b':') else { return false };
    let times = &text[colon + 1..];
    are_numbers(times, 3..=3) && fields(times).all(|time| time.contains(&b'.'))
}

fn is_method(text: &[u8]) -> bool {
    is_made_of(text, |byte| byte.is_ascii_uppercase() || byte == b'-' || byte == b'_')
}

fn is_url(text: &[u8]) -> bool {
    text.starts_with(b"/") || text == b"*" || text.windows(3).any(|window| window == b"://")
}

fn is_header(text: &[u8]) -> bool {
    let name = text.iter().position(|byte| *byte == b':').map(|colon| &text[..colon]);
    name.is_some_and(|name| is_made_of(name, |byte| byte.is_ascii_graphic()))
}

fn is_made_of(text: &[u8], allowed: impl Fn(u8) -> bool) -> bool {
    !text.is_empty() && text.iter().all(|byte| allowed(*byte))
}

fn starts_with_one_of(text: &[u8], words: &[&[u8]]) -> bool {
    words.iter().any(|word| text.starts_with(word))
}
