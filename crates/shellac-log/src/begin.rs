//! The payload of `Begin` and `Link`: what, whose number, why.

use shellac_format::Vxid;

use crate::transaction::{Kind, Reason};

/// Longest word that the two word fields can hold, in bytes.
const MAX_WORD_BYTES: usize = 15;

/// A parsed `Begin` (naming the parent) or `Link` (naming the child).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Relation {
    /// What the transaction is.
    pub kind: Kind,
    /// The parent of a `Begin`, the child of a `Link`; 0 for none.
    pub vxid: Vxid,
    /// Why it was started.
    pub reason: Reason,
    /// Depth of an include, where the writer says it; 0 otherwise.
    pub esi_level: u32,
}

impl Relation {
    /// Parses the payload of a record.
    ///
    /// Returns `None` when its text is none, see [`Relation::parse`].
    pub fn of_payload(payload: &[u8]) -> Option<Relation> {
        Relation::usual(payload).or_else(|| {
            let end = memchr::memchr(0, payload).unwrap_or(payload.len());
            Relation::parse(&payload[..end])
        })
    }

    /// Three words with one blank between them and a NUL behind, the outer ones known, as nearly all are.
    fn usual(payload: &[u8]) -> Option<Relation> {
        let (kind, rest) = match payload {
            [b'r', b'e', b'q', b' ', rest @ ..] => (Kind::Request, rest),
            [b'b', b'e', b'r', b'e', b'q', b' ', rest @ ..] => (Kind::Backend, rest),
            [b's', b'e', b's', b's', b' ', rest @ ..] => (Kind::Session, rest),
            _ => return None,
        };
        let mut vxid = 0u64;
        let mut at = 0;
        while let Some(digit) = rest.get(at).map(|byte| byte.wrapping_sub(b'0'))
            && digit < 10
        {
            vxid = vxid.wrapping_mul(10).wrapping_add(u64::from(digit));
            at += 1;
        }
        // So many digits fit.
        if at == 0 || at > 19 {
            return None;
        }
        let [b' ', word @ .., 0] = &rest[at..] else { return None };
        let reason = Reason::from_word(word);
        (reason != Reason::Unknown).then_some(Relation {
            kind,
            vxid: Vxid(vxid),
            reason,
            esi_level: 0,
        })
    }

    /// Parses `TYPE NUMBER REASON [LEVEL]`.
    ///
    /// Returns `None` when there are fewer than three fields, or a number is none. More fields than four
    /// are ignored; words are cut as the original readers cut them, so that a long one is merely unknown.
    pub fn parse(text: &[u8]) -> Option<Relation> {
        let (kind, rest) = word(text)?;
        let (vxid, rest) = number(rest)?;
        let (reason, rest) = word(rest)?;
        let esi_level =
            number(rest).map_or(0, |(level, _)| u32::try_from(level).unwrap_or(u32::MAX));
        Some(Relation {
            kind: Kind::from_word(kind),
            vxid: Vxid(vxid),
            reason: Reason::from_word(reason),
            esi_level,
        })
    }
}

fn skip_blanks(text: &[u8]) -> &[u8] {
    let blanks = text.iter().take_while(|byte| is_blank(**byte)).count();
    &text[blanks..]
}

const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

/// A word of at most [`MAX_WORD_BYTES`]; what is behind that belongs to the next field.
fn word(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let text = skip_blanks(text);
    let len = text.iter().take(MAX_WORD_BYTES).take_while(|byte| !is_blank(**byte)).count();
    (len > 0).then(|| text.split_at(len))
}

fn number(text: &[u8]) -> Option<(u64, &[u8])> {
    let text = skip_blanks(text);
    let len = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, rest) = text.split_at(len);
    if digits.is_empty() {
        return None;
    }
    let value = digits.iter().fold(0u64, |value, digit| {
        value.saturating_mul(10).saturating_add(u64::from(digit - b'0'))
    });
    Some((value, rest))
}

#[cfg(test)]
mod tests;
