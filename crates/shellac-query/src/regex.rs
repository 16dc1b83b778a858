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

/// PCRE2's own limits, written before every expression: what an expression matches does not depend on how the
/// library was built.
const LIMITS: &str = "(*LIMIT_MATCH=10000000)(*LIMIT_DEPTH=10000000)";

/// A search that ran into a limit of PCRE2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the expression needs too many steps")]
pub struct LimitReached;

impl Regex {
    /// Compiles an expression; `caseless` makes upper and lower case the same.
    ///
    /// # Errors
    ///
    /// [`RegexError`] with PCRE2's own text and offset.
    pub fn new(pattern: &[u8], caseless: bool) -> Result<Regex, RegexError> {
        let (text, places) = as_text(pattern);
        pcre2::bytes::RegexBuilder::new()
            .caseless(caseless)
            .jit_if_available(true)
            .build(&format!("{LIMITS}{text}"))
            .map(Regex)
            .map_err(|error| {
                let full = error.to_string();
                let offset = error.offset().unwrap_or(0);
                let start = format!("PCRE2: error compiling pattern at offset {offset}: ");
                let text = full.strip_prefix(&start).unwrap_or(&full);
                let place = places.get(offset.saturating_sub(LIMITS.len()));
                RegexError { offset: *place.unwrap_or(&pattern.len()), text: text.to_owned() }
            })
    }

    /// Whether it matches anywhere.
    ///
    /// # Errors
    ///
    /// [`LimitReached`] when the search was given up.
    pub fn search(&self, text: &[u8]) -> Result<bool, LimitReached> {
        self.0.is_match(text).map_err(|_| LimitReached)
    }

    /// Whether it matches anywhere. An expression that runs into a limit of PCRE2 does not match.
    pub fn is_match(&self, text: &[u8]) -> bool {
        self.search(text).unwrap_or(false)
    }
}

/// PCRE2's wrapper wants text: bytes that are none are written as escapes, which match the same bytes. With it, for
/// each byte of the text, the place in the pattern that it comes from.
fn as_text(pattern: &[u8]) -> (String, Vec<usize>) {
    let mut text = String::with_capacity(pattern.len());
    let mut places = Vec::with_capacity(pattern.len());
    let mut at = 0;
    for chunk in pattern.utf8_chunks() {
        text.push_str(chunk.valid());
        places.extend(at..at + chunk.valid().len());
        at += chunk.valid().len();
        for byte in chunk.invalid() {
            let _ = write!(text, "\\x{byte:02x}");
            places.extend([at; 4]);
            at += 1;
        }
    }
    (text, places)
}

#[cfg(test)]
mod tests;
