//! Why a head is refused, and what to answer then.

use thiserror::Error;

/// Why a request or response head is refused.
///
/// After one of these the connection cannot be used any more: where the next message would begin is not
/// known. [`status`](HeadError::status) is the answer to a client; to a backend's broken head the client
/// gets the proxy's own error page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum HeadError {
    /// A line ends in LF without CR.
    #[error("line ends without CR")]
    BareLf,
    /// A CR that no LF follows.
    #[error("CR inside a line")]
    BareCr,
    /// A NUL byte.
    #[error("NUL byte")]
    Nul,
    /// A header line begins with white space: a continuation line, obsolete and ambiguous.
    #[error("header line begins with white space")]
    ObsFold,
    /// The first line is not `METHOD TARGET HTTP/1.x`.
    #[error("bad request line")]
    RequestLine,
    /// The target has none of the four forms, or not the one that the method needs.
    #[error("bad request target")]
    Target,
    /// Well-formed, but not HTTP/1.0 or HTTP/1.1.
    #[error("unsupported HTTP version")]
    Version,
    /// The bytes cannot begin a response: they do not start with `HTTP/`.
    #[error("not a response")]
    NotHttp,
    /// The first line is not `HTTP/1.x NNN reason`.
    #[error("bad status line")]
    StatusLine,
    /// A header line is not `name: value`.
    #[error("bad header line")]
    HeaderLine,
    /// More header lines than [`Limits::headers`](crate::Limits::headers).
    #[error("too many headers")]
    TooManyHeaders,
    /// The head is longer than [`Limits::head_bytes`](crate::Limits::head_bytes).
    #[error("head too large")]
    TooLarge,
    /// The first line alone is longer than [`Limits::head_bytes`](crate::Limits::head_bytes).
    #[error("request target too long")]
    TargetTooLong,
    /// HTTP/1.1 without a Host header.
    #[error("missing Host")]
    MissingHost,
    /// More than one Host header.
    #[error("more than one Host")]
    SeveralHosts,
    /// The Host header (or the authority of an absolute target) is not `host[:port]`.
    #[error("bad Host")]
    BadHost,
    /// Content-Length is not a plain number, or there are several that differ.
    #[error("bad Content-Length")]
    BadContentLength,
    /// Content-Length does not fit 64 bits.
    #[error("Content-Length too large")]
    ContentLengthTooLarge,
    /// Both Transfer-Encoding and Content-Length.
    #[error("both Transfer-Encoding and Content-Length")]
    TwoFramings,
    /// Transfer-Encoding in an HTTP/1.0 message.
    #[error("Transfer-Encoding in HTTP/1.0")]
    TransferEncodingIn10,
    /// A Transfer-Encoding in which `chunked` is not the only member.
    #[error("bad Transfer-Encoding")]
    BadTransferEncoding,
    /// A Transfer-Encoding other than `chunked`.
    #[error("unknown Transfer-Encoding")]
    UnknownTransferEncoding,
}

impl HeadError {
    /// The status to answer a client with: 400, 413, 414, 431, 501 or 505.
    pub fn status(self) -> u16 {
        match self {
            HeadError::ContentLengthTooLarge => 413,
            HeadError::TargetTooLong => 414,
            HeadError::TooLarge | HeadError::TooManyHeaders => 431,
            HeadError::UnknownTransferEncoding => 501,
            HeadError::Version => 505,
            _ => 400,
        }
    }

    /// The reason phrase that belongs to [`status`](HeadError::status).
    pub fn reason(self) -> &'static str {
        match self.status() {
            413 => "Content Too Large",
            414 => "URI Too Long",
            431 => "Request Header Fields Too Large",
            501 => "Not Implemented",
            505 => "HTTP Version Not Supported",
            _ => "Bad Request",
        }
    }

    /// Whether the text itself is at fault and goes into the log as `HttpGarbage`. It does not when there
    /// was only too much of it: the connection is then closed as an overflow.
    pub fn is_garbage(self) -> bool {
        !self.is_overflow()
    }

    /// Whether the head was refused for its size alone.
    pub fn is_overflow(self) -> bool {
        matches!(self, HeadError::TooLarge | HeadError::TargetTooLong)
    }
}

/// Why a response with a well-formed head has no usable body: the `Body cannot be fetched` case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum FramingError {
    /// Content-Length is not a plain number of 64 bits, or there are several that differ.
    #[error("bad Content-Length")]
    BadContentLength,
    /// A Transfer-Encoding other than `chunked` alone.
    #[error("unknown Transfer-Encoding")]
    UnknownTransferEncoding,
    /// 101, although no upgrade was asked for.
    #[error("unexpected 101")]
    UnexpectedUpgrade,
}
