//! What is measured: a number in a record of each transaction. The predefined profiles, and those that `-P` describes.

use anyhow::bail;
use shellac_format::{Tag, TagKind, TagSet};

use crate::stock::number;

/// Whose transactions are measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// Client requests.
    Client,
    /// What was asked of backends.
    Backend,
    /// Client requests, as `-E` chooses them.
    Includes,
}

/// A number that transactions have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Profile {
    /// Its name; that of a description is the description.
    pub(super) name: String,
    pub(super) side: Side,
    pub(super) tag: Tag,
    /// What the text starts with.
    pub(super) prefix: String,
    /// Which field of the text it is, from 1.
    pub(super) field: usize,
    /// The powers of ten at the left and at the right end.
    pub(super) low: i32,
    pub(super) high: i32,
}

/// A row of the predefined ones.
struct Predefined {
    name: &'static str,
    side: Side,
    tag: Tag,
    prefix: &'static str,
    field: usize,
    low: i32,
    high: i32,
}

const fn timed(name: &'static str, side: Side, prefix: &'static str) -> Predefined {
    Predefined { name, side, tag: Tag::Timestamp, prefix, field: 3, low: -6, high: 3 }
}

const fn sized(name: &'static str, side: Side, tag: Tag) -> Predefined {
    Predefined { name, side, tag, prefix: "", field: 5, low: 1, high: 8 }
}

/// Every predefined profile, in the order of the usage text.
const PREDEFINED: &[Predefined] = &[
    timed("responsetime", Side::Client, "Process:"),
    timed("reqbodytime", Side::Client, "ReqBody:"),
    sized("size", Side::Client, Tag::ReqAcct),
    timed("Bereqtime", Side::Backend, "Bereq:"),
    timed("Beresptime", Side::Backend, "Beresp:"),
    timed("BerespBodytime", Side::Backend, "BerespBody:"),
    sized("Besize", Side::Backend, Tag::BereqAcct),
];

/// The ends of a description that names none.
const DEFAULT_RANGE: (i32, i32) = (-6, 3);
/// Powers of ten that a histogram may cover; numbers of the machine have hardly more.
const MOST_DECADES: i32 = 600;
/// Fields beyond this are not looked for.
const MOST_FIELDS: usize = 1024;

impl Default for Profile {
    fn default() -> Profile {
        Profile::predefined(&PREDEFINED[0])
    }
}

impl Profile {
    fn predefined(row: &Predefined) -> Profile {
        let &Predefined { name, side, tag, prefix, field, low, high } = row;
        Profile { name: name.to_owned(), side, tag, prefix: prefix.to_owned(), field, low, high }
    }

    /// The argument of `-P`: a name, or `[c:|b:|E:]TAG:[PREFIX]:FIELD[:LOW:HIGH]`.
    ///
    /// # Errors
    ///
    /// The words of the stock tool, which shows a description up to where it was cut into parts.
    pub(super) fn parse(text: &str) -> anyhow::Result<Profile> {
        if !text.contains(':') {
            return match PREDEFINED.iter().find(|row| row.name == text) {
                Some(row) => Ok(Profile::predefined(row)),
                None => bail!("-P: No such profile '{text}'"),
            };
        }
        let (side, rest) = match text.as_bytes() {
            [b'c', b':', ..] => (Side::Client, &text[2..]),
            [b'b', b':', ..] => (Side::Backend, &text[2..]),
            [b'E', b':', ..] => (Side::Includes, &text[2..]),
            _ => (Side::Client, text),
        };
        let Some((tag, rest)) = rest.split_once(':') else {
            bail!("-P: '{text}' is not a valid profile name or definition");
        };
        let Some(tag) = tag_of(tag) else { bail!("-P: '{text}' is not a valid tag name") };
        if tag.kind() != TagKind::Text {
            bail!("-P: '{text}' is an unsafe or binary record");
        }
        let Some((prefix, rest)) = rest.split_once(':') else {
            bail!("-P: '{text}' is not a valid profile name or definition");
        };
        let shown = &text[..text.len() - rest.len() - 1];
        let Some((field, low, high)) = numbers(rest) else {
            bail!("-P: '{shown}' is not a valid profile name or definition");
        };
        Ok(Profile {
            name: text.to_owned(),
            side,
            tag,
            prefix: prefix.to_owned(),
            field,
            low,
            high,
        })
    }

    /// Powers of ten between both ends.
    pub(super) fn decades(&self) -> usize {
        usize::try_from(self.high - self.low).unwrap_or(0)
    }

    /// The number in the text of a record with the tag.
    pub(super) fn value(&self, text: &[u8]) -> Option<f64> {
        let rest = text.starts_with(self.prefix.as_bytes()).then_some(text)?;
        let is_space = |byte: &u8| matches!(byte, b' ' | b'\t'..=b'\r');
        let mut fields = rest.split(is_space).filter(|field| !field.is_empty());
        number::decimal_start(fields.nth(self.field - 1)?)
    }
}

/// One tag by its name, or by the beginning of it if no other begins so.
fn tag_of(name: &str) -> Option<Tag> {
    if name.is_empty() || name.contains(['*', ',']) {
        return None;
    }
    let mut tags = TagSet::parse(name).ok()?.iter();
    tags.next().filter(|_| tags.next().is_none())
}

/// `FIELD[:LOW:HIGH]`; what follows is not looked at.
fn numbers(text: &str) -> Option<(usize, i32, i32)> {
    let number = |text| match number::strtol(text, 10) {
        (_, rest) if rest.len() == text.len() => None,
        (number, rest) => Some((i32::try_from(number).ok()?, rest)),
    };
    let (field, rest) = number(text)?;
    let (low, high) = match rest.strip_prefix(':') {
        None => DEFAULT_RANGE,
        Some(rest) => {
            let (low, rest) = number(rest)?;
            let (high, _) = number(rest.strip_prefix(':')?)?;
            (low, high)
        }
    };
    let field = usize::try_from(field).ok().filter(|field| (1..=MOST_FIELDS).contains(field))?;
    let decades = high.checked_sub(low)?;
    ((1..=MOST_DECADES).contains(&decades) && low.abs() <= MOST_DECADES)
        .then_some((field, low, high))
}

#[cfg(test)]
mod tests;
