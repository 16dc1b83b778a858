//! How a text is recognised.

/// One way to recognise a text. Where several fit, the one with most letters of its own decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// The whole text.
    Is(&'static str),
    /// Its start.
    Starts(&'static str),
    /// Starts with the first, has the second behind it: a name lies between.
    Around(&'static str, &'static str),
    /// Both, in this order, anywhere: for lines of other programs, in which much else stands.
    Has(&'static str, &'static str),
    /// A word of its own, or the whole text: for the flags of other programs.
    Flag(&'static str),
}

use Pattern::{Around, Flag, Has, Is, Starts};

impl Pattern {
    /// Whether `text` is recognised by it.
    pub fn matches(self, text: &str) -> bool {
        match self {
            Is(whole) => text == whole,
            Starts(start) => text.starts_with(start),
            Around(start, inner) => {
                text.strip_prefix(start).is_some_and(|rest| rest.contains(inner))
            }
            Has(first, second) => {
                text.split_once(first).is_some_and(|(_, rest)| rest.contains(second))
            }
            Flag(flag) => text == flag,
        }
    }

    /// How much of a text it fixes: letters, and one more for fixing the whole.
    pub(crate) fn weight(self) -> usize {
        match self {
            Is(whole) => 2 * whole.len() + 1,
            Starts(start) => 2 * start.len(),
            Around(start, inner) => 2 * (start.len() + inner.len()),
            Has(first, second) => 2 * (first.len() + second.len()),
            Flag(flag) => 2 * flag.len(),
        }
    }

    /// What it fixes, as somebody would write it down: `...` for what may stand there.
    pub fn shown(self) -> String {
        match self {
            Is(whole) | Flag(whole) => whole.to_owned(),
            Starts(start) => format!("{start}..."),
            Around(start, inner) => {
                format!("{start}NAME{inner}{}", if inner.ends_with(' ') { "..." } else { "" })
            }
            Has(first, "") => first.to_owned(),
            Has(first, second) => format!("{first} ... {second}"),
        }
    }
}
