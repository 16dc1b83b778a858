//! Regular expressions as the tools take them: PCRE2, over bytes.

use std::fmt::Write as _;

/// A compiled expression.
#[derive(Clone, Debug)]
pub struct Regex(pcre2::bytes::Regex);

/// Why an expression cannot be compiled.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text} at byte {offset}")]
pub struct RegexError {
    /// Where PCRE2 gave up, in bytes from the start of the expression.
    pub offset: usize,
    /// What PCRE2 says, such as `missing closing parenthesis`.
    pub text: String,
}

impl Regex {
    /// Compiles an expression; `caseless` makes upper and lower case the same.
    ///
    /// # Errors
    ///
    /// [`RegexError`] with PCRE2's own text and offset.
    pub fn new(pattern: &[u8], caseless: bool) -> Result<Regex, RegexError> {
        pcre2::bytes::RegexBuilder::new()
            .caseless(caseless)
            .jit_if_available(true)
            .build(&as_text(pattern))
            .map(Regex)
            .map_err(|error| {
                let full = error.to_string();
                // "PCRE2: error compiling pattern at offset N: TEXT"
                let text = full.rsplit_once(": ").map_or(full.as_str(), |(_, text)| text);
                RegexError { offset: error.offset().unwrap_or(0), text: text.to_owned() }
            })
    }

    /// Whether it matches anywhere. An expression that runs into a limit of PCRE2 does not match.
    pub fn is_match(&self, text: &[u8]) -> bool {
        self.0.is_match(text).unwrap_or(false)
    }
}

/// PCRE2's wrapper wants text: bytes that are none are written as escapes, which match the same bytes.
fn as_text(pattern: &[u8]) -> String {
    let mut text = String::with_capacity(pattern.len());
    for chunk in pattern.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            let _ = write!(text, "\\x{byte:02x}");
        }
    }
    text
}

#[cfg(test)]
mod tests;
