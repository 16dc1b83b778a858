//! Text as it may stand in an element or in an attribute between double quotes.

/// `text` with the five characters that mean something to HTML written as entities. What is no printable character
/// is written as `\u{N}`; text from a log has none of those left.
pub(in crate::trace) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c if c.is_control() => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests;
