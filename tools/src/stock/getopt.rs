//! Arguments as getopt reads them: letters may be bundled, an argument may stick to its letter, options
//! may follow other words, `--` ends them.

use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

/// One option as it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Given {
    pub(crate) letter: char,
    /// Empty for an option that has no argument.
    pub(crate) value: OsString,
}

/// What is wrong with an option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mistake {
    /// There is no such option. A byte, for it may be no letter.
    Unknown(u8),
    /// Its argument is missing.
    NoValue(char),
}

impl Mistake {
    /// The line that the C library writes, without its newline.
    pub(crate) fn text(self, program: &OsStr) -> Vec<u8> {
        let (what, byte) = match self {
            Mistake::Unknown(byte) => ("invalid option", byte),
            // Letters of options are ASCII.
            Mistake::NoValue(letter) => {
                ("option requires an argument", u8::try_from(letter).unwrap_or(b'?'))
            }
        };
        let mut text = program.as_bytes().to_vec();
        text.extend_from_slice(format!(": {what} -- '").as_bytes());
        text.push(byte);
        text.push(b'\'');
        text
    }
}

/// Walks the options of a command line.
pub(crate) struct Getopt<'a> {
    /// Whether a letter is an option, and whether that has an argument.
    has_value: &'a dyn Fn(char) -> Option<bool>,
    rest: VecDeque<OsString>,
    /// What is left of a bundle.
    bundle: VecDeque<u8>,
    words: usize,
    /// The first word ends the options.
    stops: bool,
}

impl<'a> Getopt<'a> {
    /// `arguments` without the name of the program.
    pub(crate) fn new(
        arguments: impl IntoIterator<Item = OsString>,
        has_value: &'a dyn Fn(char) -> Option<bool>,
    ) -> Getopt<'a> {
        let rest = arguments.into_iter().collect();
        Getopt { has_value, rest, bundle: VecDeque::new(), words: 0, stops: false }
    }

    /// The same up to the first word, which may be a command with options of its own.
    pub(crate) fn until_a_word(
        arguments: impl IntoIterator<Item = OsString>,
        has_value: &'a dyn Fn(char) -> Option<bool>,
    ) -> Getopt<'a> {
        Getopt { stops: true, ..Getopt::new(arguments, has_value) }
    }

    /// What has not been looked at: the words behind the options, when the walk that ends at the first of them is over.
    pub(crate) fn rest(self) -> impl Iterator<Item = OsString> {
        self.rest.into_iter()
    }

    /// Words that are no options; known when the walk is over.
    pub(crate) const fn words(&self) -> usize {
        self.words
    }
}

impl Iterator for Getopt<'_> {
    type Item = Result<Given, Mistake>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.bundle.is_empty() {
            let argument = self.rest.pop_front()?;
            match argument.as_bytes() {
                b"--" if self.stops => {
                    return None;
                }
                b"--" => {
                    self.words += self.rest.len();
                    self.rest.clear();
                }
                [b'-', letters @ ..] if !letters.is_empty() => self.bundle.extend(letters),
                _ if self.stops => {
                    self.rest.push_front(argument);
                    return None;
                }
                _ => self.words += 1,
            }
        }
        let byte = self.bundle.pop_front()?;
        let letter = char::from(byte);
        match (self.has_value)(letter) {
            None => Some(Err(Mistake::Unknown(byte))),
            Some(false) => Some(Ok(Given { letter, value: OsString::new() })),
            Some(true) => {
                let value = if self.bundle.is_empty() {
                    self.rest.pop_front()
                } else {
                    Some(OsString::from_vec(self.bundle.drain(..).collect()))
                };
                Some(value.map(|value| Given { letter, value }).ok_or(Mistake::NoValue(letter)))
            }
        }
    }
}

#[cfg(test)]
mod tests;
