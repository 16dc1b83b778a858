//! What differs between the dialects: tag numbers and a few words.

use shellac_format::{Dialect, Layout, TAGS, Tag};

/// How this worker writes its records.
#[derive(Clone, Debug)]
pub(crate) struct Grammar {
    /// The dialect.
    pub(crate) dialect: Dialect,
    /// Its record layout.
    pub(crate) layout: Layout,
    /// Longest payload in bytes, with the NUL.
    pub(crate) reclen: usize,
    numbers: [u8; 256],
}

impl Grammar {
    /// The grammar of `dialect` with payloads of at most `reclen` bytes.
    pub(crate) fn new(dialect: Dialect, reclen: usize) -> Grammar {
        let mut numbers = [0; 256];
        for row in TAGS {
            numbers[row.tag as usize] = row.tag.number(dialect).unwrap_or(0);
        }
        let reclen = reclen.clamp(16, shellac_format::layout::MAX_PAYLOAD_BYTES);
        Grammar { dialect, layout: dialect.layout(), reclen, numbers }
    }

    /// The number of `tag`, 0 where the dialect has no such tag.
    pub(crate) fn number(&self, tag: Tag) -> u8 {
        self.numbers[tag as usize]
    }

    /// Bytes of the longest text, without its NUL.
    pub(crate) fn longest_text(&self) -> usize {
        self.reclen - 1
    }

    /// Whether this is the oldest family: sentences instead of symbols, times before the head they belong to.
    pub(crate) fn is_classic(&self) -> bool {
        self.dialect == Dialect::V6_0
    }

    /// Whether a reused connection is logged with its age and the number of its uses.
    pub(crate) fn has_reuse_age(&self) -> bool {
        self.dialect == Dialect::Vs9_0
    }

    /// The text for a connection that ended before or inside a response head.
    pub(crate) fn eof_text(&self) -> &'static [u8] {
        if self.is_classic() { b"HTC eof (-1)" } else { b"HTC eof (Unexpected end of input)" }
    }

    /// The word or sentence for the reason of a `BackendClose`.
    pub(crate) fn close_text(&self, reason: CloseReason) -> &'static [u8] {
        let (sentence, symbol) = reason.texts();
        if self.is_classic() { sentence.as_bytes() } else { symbol.as_bytes() }
    }
}

/// Why a connection to a backend is given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CloseReason {
    /// The response head was missing or unusable.
    RxBad,
    /// A response did not come in time.
    RxTimeout,
    /// What came cannot be HTTP.
    RxJunk,
    /// The response head is too large.
    RxOverflow,
    /// The response body broke off.
    RxBody,
    /// The response is HTTP/1.0 and does not ask for its connection to be kept.
    Http10,
    /// The response, or we, asked for it.
    RespClose,
    /// The connection was a tunnel.
    TxPipe,
    /// Sending the request failed.
    TxError,
    /// The peer closed.
    RemClose,
}

impl CloseReason {
    /// Sentence of the oldest dialect, symbol of the others.
    const fn texts(self) -> (&'static str, &'static str) {
        match self {
            CloseReason::RxBad => ("Received bad req/resp", "RX_BAD"),
            CloseReason::RxTimeout => ("Receive timeout", "RX_TIMEOUT"),
            CloseReason::RxJunk => ("Received junk data", "RX_JUNK"),
            CloseReason::RxOverflow => ("Received buffer overflow", "RX_OVERFLOW"),
            CloseReason::RxBody => ("Failure receiving req.body", "RX_BODY"),
            CloseReason::Http10 => ("Proto < HTTP/1.1", "REQ_HTTP10"),
            CloseReason::RespClose => ("Backend/VCL requested close", "RESP_CLOSE"),
            CloseReason::TxPipe => ("Piped transaction", "TX_PIPE"),
            CloseReason::TxError => ("Error transaction", "TX_ERROR"),
            CloseReason::RemClose => ("Client closed", "REM_CLOSE"),
        }
    }

    /// The sentence, whatever the dialect: part of some error texts.
    pub(crate) const fn sentence(self) -> &'static str {
        self.texts().0
    }
}
