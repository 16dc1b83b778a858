//! Text in the making: short pieces appended to a buffer without a call for each.
//!
//! A copy whose length is known when it is compiled is one or two instructions; one of any length is a call.
//! So pieces are copied in chunks, which may be longer than the piece: what is behind its end is overwritten
//! by the next one, or stays behind the end of the text, where nobody looks.

/// Room for what stands before a payload, a chunk of it and the end of the line.
pub(super) const WINDOW_BYTES: usize = 256;
/// There is room for so many bytes at least when lines are begun.
const ROOM_BYTES: usize = 4096;

/// Where a line is written.
pub(super) type Window = [u8; WINDOW_BYTES];

/// A short prepared text, which is copied without asking how long it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece {
    bytes: [u8; Piece::MAX_BYTES],
    len: usize,
}

impl Piece {
    pub(super) const MAX_BYTES: usize = 48;
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

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
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

/// Lines that are collected before they are written.
///
/// A vector that grew would be filled with zeros behind its end each time; this keeps what was there.
#[derive(Clone, Debug, Default)]
pub struct Text {
    /// The text, and behind it leftovers of whatever was there.
    bytes: Vec<u8>,
    len: usize,
}

impl Text {
    /// An empty text with room for so many bytes.
    pub fn with_capacity(len_bytes: usize) -> Text {
        Text { bytes: vec![0; len_bytes], len: 0 }
    }

    /// What is in it.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    /// Bytes that are in it.
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether nothing is in it.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Forgets what is in it and keeps the room.
    pub const fn clear(&mut self) {
        self.len = 0;
    }

    /// Forgets what is behind the first `len` bytes.
    pub const fn truncate(&mut self, len: usize) {
        if len < self.len {
            self.len = len;
        }
    }

    /// Appends any bytes.
    #[inline]
    pub fn push(&mut self, bytes: &[u8]) {
        self.make_room(bytes.len());
        self.bytes[self.len..self.len + bytes.len()].copy_from_slice(bytes);
        self.len += bytes.len();
    }

    /// Appends the first `len_bytes` of a piece, which is copied without a call.
    #[inline(always)]
    pub(crate) fn push_piece<const PIECE_BYTES: usize>(
        &mut self,
        piece: &[u8; PIECE_BYTES],
        len_bytes: usize,
    ) {
        self.make_room(PIECE_BYTES);
        self.bytes[self.len..self.len + PIECE_BYTES].copy_from_slice(piece);
        self.len += len_bytes.min(PIECE_BYTES);
    }

    /// Room behind the end, enough for many lines. What is written there counts when [`Text::advance`] says so.
    pub(crate) fn room(&mut self) -> &mut [u8] {
        self.make_room(ROOM_BYTES);
        &mut self.bytes[self.len..]
    }

    /// So many bytes of the room are written.
    pub(crate) const fn advance(&mut self, len_bytes: usize) {
        self.len += len_bytes;
    }

    #[inline]
    fn make_room(&mut self, len_bytes: usize) {
        if self.bytes.len() - self.len < len_bytes {
            self.grow(len_bytes);
        }
    }

    #[cold]
    #[inline(never)]
    fn grow(&mut self, len_bytes: usize) {
        self.bytes.resize((self.len + len_bytes).max(2 * self.bytes.len()), 0);
    }
}
