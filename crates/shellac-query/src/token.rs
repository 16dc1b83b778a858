//! Words of the language with their places, and a row of them as input of the grammar.

use std::iter::{Copied, Enumerate};
use std::ops::Range;
use std::slice::Iter;

use nom::{Input, Needed};

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `==`
    Equal,
    /// `!=`
    Unequal,
    /// `<=`
    AtMost,
    /// `>=`
    AtLeast,
    /// `<`
    Less,
    /// `>`
    Greater,
    /// `eq`
    Same,
    /// `ne`
    Different,
    /// `~`
    Match,
    /// `!~`
    NoMatch,
    /// `and`
    And,
    /// `or`
    Or,
    /// `not`
    Not,
    /// `vxid`
    Vxid,
    /// `(`
    Open,
    /// `)`
    Close,
    /// `[`
    OpenField,
    /// `]`
    CloseField,
    /// `{`
    OpenLevel,
    /// `}`
    CloseLevel,
    /// `:`
    Colon,
    /// `,`
    Comma,
    /// A string in quotes or a word that is none of the above.
    Value,
    /// The end of a line, or of the text.
    End,
}

/// A token with its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Token<'a> {
    pub(crate) kind: Kind,
    /// As it stands in the text, with quotes. Empty at the end of the text.
    pub(crate) raw: &'a [u8],
    /// Where it starts, in bytes from the start of the text.
    pub(crate) start: usize,
}

impl Token<'_> {
    /// Where it lies in the text, in bytes.
    pub(crate) const fn span(&self) -> Range<usize> {
        self.start..self.start + self.raw.len()
    }

    /// What a value says: without quotes, and without the backslashes that make the next character literal.
    pub(crate) fn value(&self) -> Vec<u8> {
        let [quote @ (b'"' | b'\''), inside @ ..] = self.raw else { return self.raw.to_vec() };
        let mut value = Vec::with_capacity(inside.len());
        let mut bytes = inside.iter();
        while let Some(&byte) = bytes.next() {
            match byte {
                b'\\' => value.extend(bytes.next()),
                _ if byte == *quote => break,
                _ => value.push(byte),
            }
        }
        value
    }
}

/// The tokens that are still to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tokens<'a>(pub(crate) &'a [Token<'a>]);

impl<'a> Tokens<'a> {
    /// The next token. The lexer ends every row with [`Kind::End`], which the grammar takes last.
    pub(crate) fn peek(self) -> Option<Token<'a>> {
        self.0.first().copied()
    }
}

impl<'a> Input for Tokens<'a> {
    type Item = Token<'a>;
    type Iter = Copied<Iter<'a, Token<'a>>>;
    type IterIndices = Enumerate<Self::Iter>;

    fn input_len(&self) -> usize {
        self.0.len()
    }

    fn take(&self, index: usize) -> Self {
        Tokens(&self.0[..index])
    }

    fn take_from(&self, index: usize) -> Self {
        Tokens(&self.0[index..])
    }

    fn take_split(&self, index: usize) -> (Self, Self) {
        (self.take_from(index), self.take(index))
    }

    fn position<P: Fn(Self::Item) -> bool>(&self, predicate: P) -> Option<usize> {
        self.0.iter().position(|&token| predicate(token))
    }

    fn iter_elements(&self) -> Self::Iter {
        self.0.iter().copied()
    }

    fn iter_indices(&self) -> Self::IterIndices {
        self.iter_elements().enumerate()
    }

    fn slice_index(&self, count: usize) -> Result<usize, Needed> {
        if count <= self.0.len() { Ok(count) } else { Err(Needed::new(count - self.0.len())) }
    }
}
