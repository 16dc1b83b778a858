//! The JSON form of an answer: one envelope around what a command has to say.

use std::fmt::Write as _;
use std::time::Duration;

/// A JSON string, quotes included. Everything that is no printable ASCII is escaped or left as UTF-8.
#[must_use]
pub fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// `[ FORMAT, [WORDS], TIME, ` in front and `]` behind.
#[derive(Debug)]
pub struct Envelope {
    text: String,
}

impl Envelope {
    /// Begins an answer in this format of the command, to these words, at this time since 1970.
    #[must_use]
    pub fn new(format: u32, words: &[String], now: Duration) -> Envelope {
        let words: Vec<String> = words.iter().map(|word| quoted(word)).collect();
        let text = format!(
            "[ {format}, [{}], {}.{:03}, ",
            words.join(", "),
            now.as_secs(),
            now.subsec_millis()
        );
        Envelope { text }
    }

    /// Data on the line of the head.
    #[must_use]
    pub fn inline(self, data: &str) -> String {
        self.text + data + "\n]\n"
    }

    /// Data on lines of their own, indented already; items are separated by the caller.
    #[must_use]
    pub fn block(mut self, data: &str) -> String {
        // No blank at the end of a line.
        self.text.truncate(self.text.trim_end().len());
        self.text + "\n" + data + "\n]\n"
    }
}

#[cfg(test)]
mod tests;
