//! The two record layouts, the special words and the magics: the picture of the bytes.
//!
//! A *word* is 32 bits in the machine's own byte order.
//!
//! ```text
//! segment:  marker (8 bytes) | segsize i64 | segment_n u32 | pad u32 | offset[8] i64 | log words ...
//!
//! record, two header words (`VSLHEAD1`, file magic "VSL\0"):
//!   word 0   tag << 24 | length                   length: payload bytes, with the NUL of a text
//!   word 1   backend << 31 | client << 30 | vxid  30 bits of transaction number
//!   payload  padded to a word
//!
//! record, three header words (`VSLHEAD2`, file magic "VSL2"):
//!   word 0   tag << 24 | version << 16 | length   version 1; 0 in a batch
//!   word 1   low 32 bits of the transaction number
//!   word 2   backend << 31 | client << 30 | high 19 bits of it
//!   payload  padded to a word
//!
//! batch:     word 0 = 0xff << 24 (bits 18..23 free for the writer's nonce and lap code, low 16 bits 0),
//!            word 1 = payload bytes that follow, word 2 (where there is one) unread, then whole records
//! filler:    a batch whose payload is one or more inner records of tag 255 that tile it exactly
//! ```

/// Bytes of a word.
pub const WORD: usize = 4;
/// Bytes before the log words of a segment (64-bit writers; spec: ring.md section 1).
pub const SEGMENT_HEAD_BYTES: usize = 88;
/// Log segments that a ring is divided into.
pub const SEGMENTS: u32 = 8;
/// "Nothing published here yet."
pub const END_MARK: u32 = 0xfe45_4545;
/// "Go on at word 0."
pub const WRAP_MARK: u32 = 0xfe57_5757;
/// Tag of end and wrap marks.
pub const MARK_TAG: u8 = 254;
/// Tag of a batch and of the inner records of a filler.
pub const BATCH_TAG: u8 = 255;
/// Word 0 of a batch without nonce and lap code.
pub const BATCH_WORD: u32 = 0xff00_0000;
/// Longest payload a record can have, in bytes, with the NUL of a text.
pub const MAX_PAYLOAD_BYTES: usize = 0xffff;

/// How many header words a record has, and what is in them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Layout {
    /// Two header words and 30-bit transaction numbers.
    Words2,
    /// Three header words and 51-bit transaction numbers.
    Words3,
}

impl Layout {
    /// Header words of a record or a batch.
    pub const fn head_words(self) -> usize {
        match self {
            Layout::Words2 => 2,
            Layout::Words3 => 3,
        }
    }

    /// Header bytes of a record or a batch.
    pub const fn head_bytes(self) -> usize {
        self.head_words() * WORD
    }

    /// The marker at byte 0 of a log segment; written last.
    pub const fn segment_marker(self) -> [u8; 8] {
        match self {
            Layout::Words2 => *b"VSLHEAD1",
            Layout::Words3 => *b"VSLHEAD2",
        }
    }

    /// The layout that a segment's marker announces.
    pub const fn from_segment_marker(marker: [u8; 8]) -> Option<Layout> {
        match &marker {
            b"VSLHEAD1" => Some(Layout::Words2),
            b"VSLHEAD2" => Some(Layout::Words3),
            _ => None,
        }
    }

    /// The first four bytes of a file of records.
    pub const fn file_magic(self) -> [u8; 4] {
        match self {
            Layout::Words2 => *b"VSL\0",
            Layout::Words3 => *b"VSL2",
        }
    }

    /// The layout that a file's first four bytes announce.
    pub const fn from_file_magic(magic: [u8; 4]) -> Option<Layout> {
        match &magic {
            b"VSL\0" => Some(Layout::Words2),
            b"VSL2" => Some(Layout::Words3),
            _ => None,
        }
    }

    /// The largest transaction number a record can carry.
    pub const fn max_vxid(self) -> u64 {
        match self {
            Layout::Words2 => (1 << 30) - 1,
            Layout::Words3 => (1 << 51) - 1,
        }
    }
}
