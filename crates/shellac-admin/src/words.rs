//! A request's line as words, and words as a line.

/// Why a line is not a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SyntaxError {
    /// A quotation does not end.
    #[error("Missing '\"'")]
    MissingQuote,
    /// A quotation begins within a word.
    #[error("Invalid '\"'")]
    StrayQuote,
    /// A backslash with something behind it that is no escape.
    #[error("Invalid backslash sequence")]
    BadEscape,
    /// The words are not UTF-8.
    #[error("Not UTF-8")]
    NotUtf8,
}

/// Splits a line at blanks and tabs; a word may be in double quotes, with the escapes of C in it.
///
/// # Errors
///
/// [`SyntaxError`].
pub fn words(line: &[u8]) -> Result<Vec<String>, SyntaxError> {
    Ok(marked(line)?.into_iter().map(|(word, _)| word).collect())
}

/// The words, and whether each stood in quotes.
pub(crate) fn marked(line: &[u8]) -> Result<Vec<(String, bool)>, SyntaxError> {
    let mut words = Vec::new();
    let mut rest = line;
    loop {
        while let [b' ' | b'\t' | b'\r' | b'\n', more @ ..] = rest {
            rest = more;
        }
        let is_quoted = rest.first() == Some(&b'"');
        let (word, more) = match rest {
            [] => return Ok(words),
            [b'"', quoted @ ..] => unquote(quoted)?,
            plain => {
                let end = plain
                    .iter()
                    .position(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'))
                    .unwrap_or(plain.len());
                let (word, more) = plain.split_at(end);
                if word.contains(&b'"') {
                    return Err(SyntaxError::StrayQuote);
                }
                (word.to_vec(), more)
            }
        };
        let word = String::from_utf8(word).map_err(|_| SyntaxError::NotUtf8)?;
        words.push((word, is_quoted));
        rest = more;
    }
}

/// The word in quotes whose opening quote is behind us, and what follows its closing one.
fn unquote(mut rest: &[u8]) -> Result<(Vec<u8>, &[u8]), SyntaxError> {
    let mut word = Vec::new();
    loop {
        rest = match rest {
            [] => return Err(SyntaxError::MissingQuote),
            [b'"', more @ ..] => return Ok((word, more)),
            [b'\\', escape @ ..] => {
                let (byte, more) = escaped(escape)?;
                word.push(byte);
                more
            }
            [byte, more @ ..] => {
                word.push(*byte);
                more
            }
        };
    }
}

/// The byte that an escape means, whose backslash is behind us.
fn escaped(escape: &[u8]) -> Result<(u8, &[u8]), SyntaxError> {
    let digit = |byte: u8, base| char::from(byte).to_digit(base);
    let number = |digits: &[u8], base: u32| {
        let value = digits
            .iter()
            .try_fold(0_u32, |value, &byte| Some(value * base + digit(byte, base)?))
            .ok_or(SyntaxError::BadEscape)?;
        u8::try_from(value).map_err(|_| SyntaxError::BadEscape)
    };
    Ok(match escape {
        [b'n', more @ ..] => (b'\n', more),
        [b'r', more @ ..] => (b'\r', more),
        [b't', more @ ..] => (b'\t', more),
        [b'"', more @ ..] => (b'"', more),
        [b'\\', more @ ..] => (b'\\', more),
        [b'x', a, b, more @ ..] => (number(&[*a, *b], 16)?, more),
        [a @ b'0'..=b'3', b, c, more @ ..] => (number(&[*a, *b, *c], 8)?, more),
        [] => return Err(SyntaxError::MissingQuote),
        _ => return Err(SyntaxError::BadEscape),
    })
}

/// A word such that [`words()`] reads it as one, whatever is in it; plain words stay as they are.
#[must_use]
pub fn quote(word: &str) -> String {
    let plain = !word.is_empty()
        && word.bytes().all(|byte| byte > b' ' && byte != b'"' && byte != 0x7f)
        // It would begin a here document.
        && word != "<<";
    if plain {
        return word.to_owned();
    }
    let mut text = String::with_capacity(word.len() + 2);
    text.push('"');
    for c in word.chars() {
        match c {
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            c if u32::from(c) < 0x20 || c == '\x7f' => {
                text.push_str(&format!("\\{:03o}", u32::from(c)));
            }
            c => text.push(c),
        }
    }
    text.push('"');
    text
}

#[cfg(test)]
mod tests;
