//! What can be wrong with a ring that is being read.

use shellac_format::RecordError;

/// Why there is no log to be read at a place. Places are words from the start of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// A zero word stands where a header should: nothing was ever written there.
    #[error("zero word instead of a record header at word {at}")]
    ZeroWord {
        /// The place.
        at: usize,
    },
    /// The word is no header of a record and no mark that belongs there.
    #[error("no record header at word {at}: {word:#010x}")]
    NotARecord {
        /// The place.
        at: usize,
        /// What stands there.
        word: u32,
    },
    /// A wrap mark stands in the first segment, where going on at the start makes no sense.
    #[error("wrap mark at word {at}, in the first segment")]
    BadWrap {
        /// The place.
        at: usize,
    },
    /// A record or batch says that it is longer than what is left of the ring.
    #[error("record at word {at} needs {need_words} words, {left_words} are left in the ring")]
    TooLong {
        /// The place.
        at: usize,
        /// Words it needs, with its header.
        need_words: usize,
        /// Words up to the end of the ring.
        left_words: usize,
    },
    /// A batch is not made of whole words.
    #[error("batch at word {at} has {len_bytes} bytes, which are not whole words")]
    RaggedBatch {
        /// The place.
        at: usize,
        /// What its header says.
        len_bytes: u32,
    },
    /// A batch does not consist of whole records.
    #[error("bad record in the batch with its first record at word {at}")]
    BadRecords {
        /// The place of the first record.
        at: usize,
        /// What is wrong, with its place in the batch.
        source: RecordError,
    },
    /// Reading came past the end of the words.
    #[error("word {at} is past the end of the log")]
    OutOfLog {
        /// The place.
        at: usize,
    },
    /// The batches run further than their writer says it is: they form a circle.
    #[error("segment {segment} was reached, but the writer says it is at {segment_n}")]
    AheadOfWriter {
        /// The reader's segment.
        segment: u32,
        /// The writer's.
        segment_n: u32,
    },
    /// The place where reading may start in a segment is not in that segment.
    #[error("segment {segment} says that its first record is at word {offset}")]
    BadOffset {
        /// The segment.
        segment: u32,
        /// What it says.
        offset: i64,
    },
}

/// Why a log cannot be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The marker is one that nobody knows.
    #[error("not a log: its marker is \"{}\"", .marker.escape_ascii())]
    UnknownMarker {
        /// The eight bytes.
        marker: [u8; 8],
    },
    /// The words that the head promises are not there.
    #[error("the head says {segments} segments of {segment_words} words, the log has {len_words}")]
    Short {
        /// Segments.
        segments: u32,
        /// Words per segment.
        segment_words: u32,
        /// Words that there are.
        len_words: usize,
    },
    /// The writer went through whole segments faster than the end of the log could be found.
    #[error("the log is being written faster than its end can be found")]
    TooFast,
    /// What lies in the log is no log.
    #[error("no place to start reading")]
    Read(#[from] ReadError),
}
