//! The user in `Authorization: Basic`, which is base64.

/// Bytes that a user with a password may have; the stock tool takes no more.
const MAX_BYTES: usize = 127;
/// Where it is decoded.
pub(super) type Room = [u8; MAX_BYTES + 3];
pub(super) const EMPTY: Room = [0; MAX_BYTES + 3];

/// Decodes `text` into `room` and says what of it is the user: what stands before the first colon, or all of it.
/// `None` for what is no base64 or too long.
pub(super) fn user<'a>(text: &[u8], room: &'a mut Room) -> Option<&'a [u8]> {
    let mut len = 0;
    for chunk in text.chunks(4) {
        // What is left over at the end is not moved up, so it ends the text at best: so the stock tool has it.
        let mut bits = 0;
        for &byte in chunk {
            bits = bits << 6 | value(byte)?;
        }
        let [_, decoded @ ..] = u32::to_be_bytes(bits);
        if len + decoded.len() > MAX_BYTES {
            return None;
        }
        room[len..len + 3].copy_from_slice(&decoded);
        len += 3;
    }
    let end = room[..len].iter().position(|&byte| byte == 0 || byte == b':').unwrap_or(len);
    Some(&room[..end])
}

/// The six bits of a character; padding has none set.
fn value(byte: u8) -> Option<u32> {
    Some(match byte {
        b'A'..=b'Z' => u32::from(byte - b'A'),
        b'a'..=b'z' => u32::from(byte - b'a') + 26,
        b'0'..=b'9' => u32::from(byte - b'0') + 52,
        b'+' => 62,
        b'/' => 63,
        b'=' => 0,
        _ => return None,
    })
}
