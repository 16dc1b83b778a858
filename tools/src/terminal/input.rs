//! From the bytes that a terminal sends to keys.

use super::key::Key;

/// Longest sequence that is waited for; what is longer is none.
const SEQUENCE_MOST: usize = 32;
const ESC: u8 = 0x1b;

/// Takes bytes and gives keys. What it does not know is left out.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    pending: Vec<u8>,
}

/// What stands at the beginning of the bytes.
enum Found {
    /// So many bytes that mean this, or nothing.
    Whole(usize, Option<Key>),
    /// The beginning of something.
    Part,
}

impl Keys {
    /// Takes what has come.
    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        self.pending.extend_from_slice(bytes);
    }

    /// The next key. What may be the beginning of one stays.
    pub(crate) fn next_key(&mut self) -> Option<Key> {
        while !self.pending.is_empty() {
            let (len, key) = match found(&self.pending) {
                Found::Whole(len, key) => (len, key),
                Found::Part if self.pending.len() < SEQUENCE_MOST => return None,
                Found::Part => (self.pending.len(), None),
            };
            self.pending.drain(..len);
            if key.is_some() {
                return key;
            }
        }
        None
    }

    /// A key has begun and not ended: more bytes are under way, or it is the Esc key.
    pub(crate) fn is_in_between(&self) -> bool {
        !self.pending.is_empty()
    }

    /// Nothing more is under way.
    pub(crate) fn give_up(&mut self) -> Option<Key> {
        let is_esc = self.pending.first() == Some(&ESC);
        self.pending.clear();
        is_esc.then_some(Key::Esc)
    }
}

fn found(bytes: &[u8]) -> Found {
    match bytes {
        [ESC] => Found::Part,
        [ESC, b'[', rest @ ..] => control(rest),
        // Some terminals send these for the same keys.
        [ESC, b'O'] => Found::Part,
        [ESC, b'O', letter, ..] => Found::Whole(3, lettered(*letter)),
        // Esc, and then something else: also what terminals send for Alt.
        [ESC, ..] => Found::Whole(1, Some(Key::Esc)),
        [first, ..] if *first < 0x80 => Found::Whole(1, single(*first)),
        _ => letter(bytes),
    }
}

/// A byte that is a key.
fn single(byte: u8) -> Option<Key> {
    Some(match byte {
        b'\r' | b'\n' => Key::Enter,
        b'\t' => Key::Tab,
        0x7f | 0x08 => Key::Backspace,
        1..=26 => Key::Ctrl(char::from(byte + b'a' - 1)),
        b' '..=b'~' => Key::Char(char::from(byte)),
        _ => return None,
    })
}

/// A letter beyond ASCII, in UTF-8.
fn letter(bytes: &[u8]) -> Found {
    let some = &bytes[..bytes.len().min(4)];
    let valid = match std::str::from_utf8(some) {
        Ok(text) => text,
        Err(error) if error.valid_up_to() > 0 => {
            std::str::from_utf8(&some[..error.valid_up_to()]).unwrap_or_default()
        }
        Err(error) if error.error_len().is_none() => return Found::Part,
        Err(_) => return Found::Whole(1, None),
    };
    match valid.chars().next() {
        Some(letter) => {
            Found::Whole(letter.len_utf8(), (!letter.is_control()).then_some(Key::Char(letter)))
        }
        None => Found::Whole(1, None),
    }
}

/// What follows `ESC [`: parameters, and a byte that ends it.
fn control(rest: &[u8]) -> Found {
    // The console of Linux has its own form of the first five function keys.
    if let [b'[', rest @ ..] = rest {
        return match rest {
            [] => Found::Part,
            [letter @ b'A'..=b'E', ..] => Found::Whole(4, Some(Key::F(letter - b'A' + 1))),
            _ => Found::Whole(4, None),
        };
    }
    let Some(end) = rest.iter().position(|byte| !(0x20..0x40).contains(byte)) else {
        return Found::Part;
    };
    let len = 2 + end + 1;
    let number = rest[..end].split(|&byte| byte == b';').next().unwrap_or_default();
    let number = std::str::from_utf8(number).ok().and_then(|number| number.parse::<u8>().ok());
    let key = match (rest[end], number) {
        (b'~', Some(number)) => numbered(number),
        (b'~', None) => None,
        (letter, _) => lettered(letter),
    };
    Found::Whole(len, key)
}

fn lettered(letter: u8) -> Option<Key> {
    Some(match letter {
        b'A' => Key::Up,
        b'B' => Key::Down,
        b'C' => Key::Right,
        b'D' => Key::Left,
        b'H' => Key::Home,
        b'F' => Key::End,
        b'Z' => Key::BackTab,
        b'P'..=b'S' => Key::F(letter - b'P' + 1),
        _ => return None,
    })
}

fn numbered(number: u8) -> Option<Key> {
    Some(match number {
        1 | 7 => Key::Home,
        4 | 8 => Key::End,
        5 => Key::PageUp,
        6 => Key::PageDown,
        11..=15 => Key::F(number - 10),
        17..=21 => Key::F(number - 11),
        23 | 24 => Key::F(number - 12),
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
