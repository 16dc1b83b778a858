//! Handing text to the clipboard of whoever sits at the terminal, over ssh as well: OSC 52.

use std::io::Write;

/// Most bytes that are handed over: in letters they are just below the 74,994 that terminals take.
const BYTES_MOST: usize = 56_000;
const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// What to send to the terminal, and how much of the text is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Copied {
    pub(crate) bytes: Vec<u8>,
    pub(crate) lines: usize,
    /// Lines that there was no room for.
    pub(crate) cut: usize,
}

/// Copies whole lines, as many as terminals take. `in_tmux`: tmux is between us and the terminal.
///
/// tmux takes the sequence itself where `set-clipboard` is `on`, and hands on what is wrapped where `allow-passthrough` is; which of
/// them is so cannot be asked, so it gets both, and at worst sets the same text twice.
pub(crate) fn copy(text: &str, in_tmux: bool) -> Copied {
    let mut taken = 0;
    let mut lines = 0;
    for line in text.split_inclusive('\n') {
        if taken + line.len() > BYTES_MOST {
            break;
        }
        taken += line.len();
        lines += 1;
    }
    let cut = text[taken..].lines().count();
    let letters = base64(&text.as_bytes()[..taken]);
    let mut bytes = Vec::with_capacity(letters.len() * 2 + 64);
    // Writing to memory cannot fail.
    let _ = write!(bytes, "\x1b]52;c;{letters}\x07");
    if in_tmux {
        let _ = write!(bytes, "\x1bPtmux;\x1b\x1b]52;c;{letters}\x07\x1b\\");
    }
    Copied { bytes, lines, cut }
}

fn base64(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let byte = |at: usize| u32::from(group.get(at).copied().unwrap_or_default());
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for at in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * at) & 63) as usize];
            text.push(if at <= group.len() { char::from(letter) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests;
