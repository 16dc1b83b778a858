//! The part of a record's text that is tested.

/// The text behind `prefix` and a colon, or `None` when the record does not start so.
pub(crate) fn behind_prefix<'a>(text: &'a [u8], prefix: &[u8]) -> Option<&'a [u8]> {
    let (start, rest) = text.split_at_checked(prefix.len())?;
    let [b':', rest @ ..] = rest else { return None };
    start.eq_ignore_ascii_case(prefix).then(|| skip_space(rest))
}

/// The `number`-th word of a text, and everything from the start of it to the end of the text.
///
/// A word that starts with a quote runs to the next one. The next word is only behind white space.
pub(crate) fn field(text: &[u8], number: usize) -> Option<(&[u8], &[u8])> {
    let mut rest = text;
    for left in (0..number).rev() {
        rest = skip_space(rest);
        let (word, from, after) = match rest {
            [] => return None,
            [b'"', inside @ ..] => {
                let end = memchr::memchr(b'"', inside)?;
                let after = &inside[end + 1..];
                (&inside[..end], inside, after)
            }
            _ => {
                let end = rest.iter().position(|&byte| is_space(byte)).unwrap_or(rest.len());
                (&rest[..end], rest, &rest[end..])
            }
        };
        if left == 0 {
            return Some((word, from));
        }
        if after.first().is_some_and(|&byte| !is_space(byte)) {
            return None;
        }
        rest = after;
    }
    None
}

fn skip_space(text: &[u8]) -> &[u8] {
    let start = text.iter().position(|&byte| !is_space(byte)).unwrap_or(text.len());
    &text[start..]
}

/// White space as C has it.
pub(crate) const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}
