//! How what a log says is written, so that a line stays a line and a quoted field ends where it seems to.

use std::ops::Range;

use super::wide::{all_plain, odd};
use crate::lines::Text;

/// A way of writing bytes of a log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Quoting {
    /// As the stock tool: `\"`, `\\`, `\n`, `\r`, `\t`, and `\xNN` for what is not printable ASCII.
    #[default]
    Plain,
    /// As the stock tool with `-j`: for strings of JSON, if they are UTF-8.
    Json,
    /// For strings of JSON, whatever they are: a byte that is not part of UTF-8 becomes `\u00NN`.
    StrictJson,
    /// For LTSV, where a tab ends a field: as `Plain`, but a quotation mark stays as it is.
    Ltsv,
}

/// Whether the older generation's `\v` is written for a vertical tab.
pub(super) type WithV = bool;

/// Parts up to so many bytes are looked through and copied at once.
const WINDOW_BYTES: usize = size_of::<u128>();
const HEX: &[u8; 16] = b"0123456789abcdef";

/// What is done with each byte.
#[derive(Clone, Debug)]
pub(super) struct Quote {
    special: [bool; 256],
    quoting: Quoting,
    with_v: WithV,
}

impl Quote {
    pub(super) fn new(quoting: Quoting, with_v: WithV) -> Quote {
        let mut special = [false; 256];
        for (byte, special) in (0..=u8::MAX).zip(special.iter_mut()) {
            *special = match byte {
                b'"' => quoting != Quoting::Ltsv,
                b'\\' | 0..=0x1f => true,
                0x20..=0x7e => false,
                0x7f.. => quoting != Quoting::Json,
            };
        }
        Quote { special, quoting, with_v }
    }

    /// Appends a part of `bytes`.
    #[inline]
    pub(super) fn write_part(&self, bytes: &[u8], part: Range<usize>, out: &mut Text) {
        const HALF: usize = size_of::<u64>();
        let len = part.len();
        // A short one costs the same whatever it is, if something is there behind it.
        if len <= WINDOW_BYTES
            && let Some(window) =
                bytes.get(part.start..).and_then(<[u8]>::first_chunk::<WINDOW_BYTES>)
        {
            let halves = u128::from_le_bytes(*window);
            let [low, high] = [halves, halves >> u64::BITS].map(|half| odd(truncated(half)));
            let first_odd = match (low, high) {
                (0, 0) => 2 * HALF,
                (0, high) => HALF + first_top(high),
                (low, _) => first_top(low),
            };
            if first_odd >= len {
                return out.push_piece(window, len);
            }
        }
        self.write(&bytes[part], out);
    }

    /// Appends `bytes`.
    #[inline]
    pub(super) fn write(&self, bytes: &[u8], out: &mut Text) {
        // What is plain in JSON is so in all of these.
        if all_plain(bytes) { out.push(bytes) } else { self.write_odd(bytes, out) }
    }

    #[cold]
    fn write_odd(&self, bytes: &[u8], out: &mut Text) {
        match bytes.iter().position(|&byte| self.special[usize::from(byte)]) {
            None => out.push(bytes),
            Some(at) => self.write_special(bytes, at, out),
        }
    }

    fn write_special(&self, bytes: &[u8], first: usize, out: &mut Text) {
        if self.quoting == Quoting::StrictJson {
            out.push(&bytes[..first]);
            for chunk in bytes[first..].utf8_chunks() {
                for character in chunk.valid().chars() {
                    self.character(character, out);
                }
                chunk.invalid().iter().for_each(|&byte| unicode(byte, out));
            }
            return;
        }
        out.push(&bytes[..first]);
        for &byte in &bytes[first..] {
            if self.special[usize::from(byte)] { self.byte(byte, out) } else { out.push(&[byte]) }
        }
    }

    fn character(&self, character: char, out: &mut Text) {
        match u8::try_from(character) {
            Ok(byte @ 0..=0x7e) if self.special[usize::from(byte)] => self.byte(byte, out),
            Ok(0x7f) => unicode(0x7f, out),
            _ => out.push(character.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }

    fn byte(&self, byte: u8, out: &mut Text) {
        let short = match byte {
            b'"' => b"\\\"",
            b'\\' => b"\\\\",
            b'\n' => b"\\n",
            b'\r' => b"\\r",
            b'\t' => b"\\t",
            0x0b if self.with_v => b"\\v",
            _ if matches!(self.quoting, Quoting::Json | Quoting::StrictJson) => {
                return unicode(byte, out);
            }
            _ => {
                let [high, low] = hex(byte);
                return out.push(&[b'\\', b'x', high, low]);
            }
        };
        out.push(short);
    }
}

/// The lower half.
#[allow(clippy::cast_possible_truncation, reason = "the other half is left out")]
const fn truncated(halves: u128) -> u64 {
    halves as u64
}

/// The place of the first byte whose top bit is set.
const fn first_top(tops: u64) -> usize {
    (tops.trailing_zeros() / u8::BITS) as usize
}

fn unicode(byte: u8, out: &mut Text) {
    let [high, low] = hex(byte);
    out.push(&[b'\\', b'u', b'0', b'0', high, low]);
}

const fn hex(byte: u8) -> [u8; 2] {
    [HEX[(byte >> 4) as usize], HEX[(byte & 15) as usize]]
}

#[cfg(test)]
mod tests;
