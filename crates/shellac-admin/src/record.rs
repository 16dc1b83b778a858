//! What a log says of a command, in the words of the reference implementation: `Rd REQUEST`, then `Wr STATUS LENGTH ANSWER`.
//!
//! Texts of configurations are left out: they may hold what only their owner should read.

use crate::{Answer, quote};

/// Longest request, and longest answer, in bytes. A log cuts both at the length of its records.
const TEXT_BYTES: usize = 4 << 10;

/// The request that runs the command `name`, as it may be shown: one line, bounded, without the text of a configuration.
///
/// `words` are the whole request; its first may be another name of the command.
#[must_use]
pub fn shown<W: AsRef<str>>(name: &str, words: &[W]) -> String {
    let mut text = name.to_owned();
    for (at, word) in words.iter().map(AsRef::as_ref).enumerate().skip(1) {
        text.push(' ');
        if is_configuration(name, at, word) {
            text.push_str(&format!("({} bytes)", word.len()));
        } else {
            // Quoting what is cut off anyway would copy it whole.
            text.push_str(&quote(cut(word)));
        }
        if text.len() > TEXT_BYTES {
            break;
        }
    }
    cut(&text).to_owned()
}

/// The record of a request.
#[must_use]
pub fn read_record<W: AsRef<str>>(name: &str, words: &[W]) -> String {
    format!("Rd {}", shown(name, words))
}

/// The record of its answer.
#[must_use]
pub fn written_record(name: &str, answer: &Answer) -> String {
    let (code, len) = (answer.status.code(), answer.body.len());
    // What is wrong with a configuration is said with its lines.
    if !answer.status.is_done() && matches!(name, "reload" | "vcl.inline" | "vcl.load") {
        return format!("Wr {code} {len} (not logged: it may quote the configuration)");
    }
    // A character takes up to four bytes, and cutting one apart makes it another.
    let body = &answer.body[..len.min(TEXT_BYTES + 4)];
    format!("Wr {code} {len} {}", cut(&String::from_utf8_lossy(body)))
}

/// Whether the word at `at` is the text of a configuration: behind its name, or, on the way to a worker, behind that of its file.
fn is_configuration(name: &str, at: usize, word: &str) -> bool {
    let first = match name {
        "vcl.inline" => 2,
        "vcl.load" => 3,
        _ => return false,
    };
    at >= first && !matches!(word, "auto" | "cold" | "warm")
}

fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(TEXT_BYTES)]
}

#[cfg(test)]
mod tests;
