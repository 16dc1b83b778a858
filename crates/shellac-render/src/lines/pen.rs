//! Appending short pieces to a vector without a call for each.
//!
//! A copy whose length is known when it is compiled is one or two instructions; one of any length is a call.
//! So pieces are copied in chunks, which may be longer than the piece: what is behind its end is overwritten
//! by the next one, or cut off in the end.

/// Bytes that are copied at once from payloads.
const CHUNK_BYTES: usize = 64;
/// Room for what stands before a payload, a chunk of it and the end of the line.
const WINDOW_BYTES: usize = 256;
/// The vector grows by at least this; it is filled with zeros each time, so not by much more than is written.
const STEP_BYTES: usize = 512;

/// Where a line is written.
pub(super) type Window = [u8; WINDOW_BYTES];

/// A short prepared text, which is copied without asking how long it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece {
    bytes: [u8; Piece::MAX_BYTES],
    len: usize,
}

impl Piece {
    const MAX_BYTES: usize = 48;
    /// Nearly all are shorter than this.
    const USUAL_BYTES: usize = 16;

    /// The piece that says `text`, as far as it fits.
    pub(super) fn new(text: &[u8]) -> Piece {
        let mut piece = Piece { bytes: [0; Piece::MAX_BYTES], len: 0 };
        piece.push(text);
        piece
    }

    /// Says `text` too, as far as it fits.
    pub(super) fn push(&mut self, text: &[u8]) {
        let room = &mut self.bytes[self.len..];
        let len = text.len().min(room.len());
        room[..len].copy_from_slice(&text[..len]);
        self.len += len;
    }

    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// Puts it at the start of `window`, with any bytes behind it.
    #[inline]
    pub(super) fn copy_to(&self, window: &mut Window) {
        window[..Self::USUAL_BYTES].copy_from_slice(&self.bytes[..Self::USUAL_BYTES]);
        if self.len > Self::USUAL_BYTES {
            window[..Self::MAX_BYTES].copy_from_slice(&self.bytes);
        }
    }
}

/// Writes behind the end of a vector.
pub(super) struct Pen<'a> {
    out: &'a mut Vec<u8>,
    /// The end of what was written. Behind it are leftovers of chunks and zeros.
    at: usize,
}

impl<'a> Pen<'a> {
    pub(super) const fn new(out: &'a mut Vec<u8>) -> Pen<'a> {
        let at = out.len();
        Pen { out, at }
    }

    /// Cuts off what is not written.
    pub(super) fn finish(self) {
        self.out.truncate(self.at);
    }

    /// Room to write something: bytes count when [`Pen::advance`] says so.
    #[inline]
    pub(super) fn window(&mut self) -> &mut Window {
        self.room(WINDOW_BYTES);
        self.out[self.at..].first_chunk_mut().expect("there is room for it")
    }

    /// So many bytes of the window are written.
    #[inline]
    pub(super) fn advance(&mut self, len_bytes: usize) {
        self.at += len_bytes;
    }

    #[inline]
    fn room(&mut self, len_bytes: usize) {
        if self.out.len() - self.at < len_bytes {
            self.grow(len_bytes);
        }
    }

    #[cold]
    #[inline(never)]
    fn grow(&mut self, len_bytes: usize) {
        self.out.resize(self.at + len_bytes + STEP_BYTES, 0);
    }

    /// Writes any bytes.
    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.room(bytes.len());
        self.out[self.at..self.at + bytes.len()].copy_from_slice(bytes);
        self.at += bytes.len();
    }

    /// Writes a payload up to its first NUL, and the end of the line.
    #[inline(never)]
    pub(super) fn any_text(&mut self, payload: &[u8]) {
        let len_bytes = memchr::memchr(0, payload).unwrap_or(payload.len());
        self.bytes(&payload[..len_bytes]);
        self.bytes(b"\n");
    }
}

/// Writes the payload of `len_bytes` at `start` in `row` into the window, and the end of the line behind it, where
/// this can be done in one go: it is short, has one NUL at its end, and the row does not end soon. Says where
/// the line ends in the window.
#[inline(always)]
pub(super) fn usual_text(
    window: &mut Window,
    at: usize,
    row: &[u8],
    start: usize,
    len_bytes: usize,
) -> Option<usize> {
    let text_bytes = len_bytes.wrapping_sub(1);
    let chunk = row.get(start..)?.first_chunk::<CHUNK_BYTES>()?;
    if text_bytes >= CHUNK_BYTES || chunk[text_bytes] != 0 || has_nul(chunk, text_bytes) {
        return None;
    }
    let place = window.get_mut(at..at + CHUNK_BYTES + 1)?;
    place[..CHUNK_BYTES].copy_from_slice(chunk);
    place[text_bytes] = b'\n';
    Some(at + text_bytes + 1)
}

/// Whether there is a NUL among the first `len_bytes` of the chunk. All bytes are looked at, those behind with
/// a mask that hides them: the compiler makes a few wide instructions of that, and no branch.
#[inline]
fn has_nul(chunk: &[u8; CHUNK_BYTES], len_bytes: usize) -> bool {
    static MASKS: [u8; 2 * CHUNK_BYTES] = {
        let mut masks = [0; 2 * CHUNK_BYTES];
        let mut at = CHUNK_BYTES;
        while at < masks.len() {
            masks[at] = 0xff;
            at += 1;
        }
        masks
    };
    let masks = MASKS[CHUNK_BYTES - len_bytes.min(CHUNK_BYTES)..].iter();
    chunk.iter().zip(masks).fold(false, |found, (&byte, &mask)| found | (byte | mask == 0))
}
