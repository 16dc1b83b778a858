//! How long the body after a head is, and which framing it gets on the other side.

use crate::decimal::{Decimal, is_decimal};
use crate::error::{FramingError, HeadError};
use crate::head::{RequestHead, ResponseHead, Version};
use crate::headers::Headers;
use crate::names::Known;

/// How the end of a body is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyFraming {
    /// There is no body, and nothing says how long one would be.
    None,
    /// This many bytes; may be 0.
    Length(u64),
    /// Chunks, the last one empty.
    Chunked,
    /// Everything until the connection is closed.
    Eof,
}

impl BodyFraming {
    /// Whether not a single byte follows the head.
    pub fn is_empty(self) -> bool {
        matches!(self, BodyFraming::None | BodyFraming::Length(0))
    }

    /// Bytes of the body, where the head says so.
    pub fn len_bytes(self) -> Option<u64> {
        match self {
            BodyFraming::None => Some(0),
            BodyFraming::Length(bytes) => Some(bytes),
            BodyFraming::Chunked | BodyFraming::Eof => None,
        }
    }

    /// The framing with which a body that came with this one goes to a client of `version`.
    ///
    /// HTTP/1.0 knows no chunks: such a client reads until the connection closes.
    pub fn towards_client(self, version: Version) -> BodyFraming {
        match (self, version) {
            (BodyFraming::Chunked | BodyFraming::Eof, Version::Http11) => BodyFraming::Chunked,
            (BodyFraming::Chunked | BodyFraming::Eof, Version::Http10) => BodyFraming::Eof,
            (other, _) => other,
        }
    }

    /// Writes this framing into `headers`, replacing what was there.
    ///
    /// [`None`](BodyFraming::None) and [`Eof`](BodyFraming::Eof) leave neither Content-Length nor
    /// Transfer-Encoding. For an answer without a body see
    /// [`policy::frame_response`](crate::policy::frame_response).
    pub fn set(self, headers: &mut Headers) {
        if let BodyFraming::Length(bytes) = self
            && says_only(headers, bytes)
        {
            return;
        }
        headers.remove(Known::TransferEncoding);
        headers.remove(Known::ContentLength);
        match self {
            BodyFraming::None | BodyFraming::Eof => {}
            BodyFraming::Length(bytes) => {
                headers.push(Known::ContentLength, Decimal::new(bytes).as_bytes());
            }
            BodyFraming::Chunked => headers.push(Known::TransferEncoding, "chunked"),
        }
    }
}

/// Whether one Content-Length and nothing else says so already.
fn says_only(headers: &Headers, bytes: u64) -> bool {
    !headers.contains(Known::TransferEncoding)
        && !headers.may_repeat(Known::ContentLength)
        && headers.get(Known::ContentLength).is_some_and(|length| is_decimal(length, bytes))
}

/// What Content-Length says.
enum Length {
    Absent,
    Bytes(u64),
    Bad,
    TooLarge,
}

/// What Transfer-Encoding says.
#[derive(PartialEq, Eq)]
enum Coding {
    Absent,
    Chunked,
    /// `chunked` is there, but not alone.
    Mixed,
    Unknown,
}

/// The framing of a request's body.
///
/// [`parse_request`](crate::parse_request) has asked this already, so for a head that it returned there is
/// no error.
///
/// # Errors
///
/// The [`HeadError`]s of Content-Length and Transfer-Encoding.
#[inline]
pub fn request_framing(head: &RequestHead) -> Result<BodyFraming, HeadError> {
    match transfer_coding(&head.headers) {
        Coding::Absent => {}
        _ if head.version == Version::Http10 => return Err(HeadError::TransferEncodingIn10),
        _ if head.headers.contains(Known::ContentLength) => return Err(HeadError::TwoFramings),
        Coding::Chunked => return Ok(BodyFraming::Chunked),
        Coding::Mixed => return Err(HeadError::BadTransferEncoding),
        Coding::Unknown => return Err(HeadError::UnknownTransferEncoding),
    }
    match content_length(&head.headers) {
        Length::Absent => Ok(BodyFraming::None),
        Length::Bytes(bytes) => Ok(BodyFraming::Length(bytes)),
        Length::Bad => Err(HeadError::BadContentLength),
        Length::TooLarge => Err(HeadError::ContentLengthTooLarge),
    }
}

/// The framing of a response's body, which also depends on the method that was asked with.
///
/// A response with both Transfer-Encoding and Content-Length is read as chunked; its connection is not
/// used again ([`response_persistent`](crate::policy::response_persistent)).
///
/// # Errors
///
/// [`FramingError`]: the body cannot be fetched, and the connection cannot be used any more. A bad
/// Content-Length is an error even where no body follows, because it would reach the client.
#[inline]
pub fn response_framing(
    head: &ResponseHead,
    request_method: &str,
) -> Result<BodyFraming, FramingError> {
    if head.status == 101 {
        return Err(FramingError::UnexpectedUpgrade);
    }
    let coding = transfer_coding(&head.headers);
    if coding == Coding::Mixed || coding == Coding::Unknown {
        return Err(FramingError::UnknownTransferEncoding);
    }
    let length = match content_length(&head.headers) {
        Length::Bad | Length::TooLarge => return Err(FramingError::BadContentLength),
        Length::Bytes(bytes) => Some(bytes),
        Length::Absent => None,
    };
    let bodiless =
        head.status < 200 || matches!(head.status, 204 | 304) || request_method == "HEAD";
    Ok(match (coding, length) {
        _ if bodiless => BodyFraming::None,
        (Coding::Chunked, _) => BodyFraming::Chunked,
        (_, Some(bytes)) => BodyFraming::Length(bytes),
        (_, None) => BodyFraming::Eof,
    })
}

/// Refuses what [`request_framing`] refuses, and leaves one Content-Length of several equal ones.
pub(crate) fn check_request(head: &mut RequestHead) -> Result<(), HeadError> {
    request_framing(head)?;
    head.headers.keep_first(Known::ContentLength);
    Ok(())
}

#[inline]
fn content_length(headers: &Headers) -> Length {
    let Some(first) = headers.get(Known::ContentLength) else { return Length::Absent };
    let are_the_same = || headers.values(Known::ContentLength).all(|value| value == first);
    if first.is_empty() || (headers.may_repeat(Known::ContentLength) && !are_the_same()) {
        return Length::Bad;
    }
    let mut bytes = Some(0_u64);
    for digit in first {
        let digit = u64::from(digit.wrapping_sub(b'0'));
        if digit > 9 {
            return Length::Bad;
        }
        bytes = bytes.and_then(|bytes| bytes.checked_mul(10)?.checked_add(digit));
    }
    // Others count with a sign.
    let Some(bytes) = bytes.filter(|bytes| *bytes <= i64::MAX.unsigned_abs()) else {
        return Length::TooLarge;
    };
    Length::Bytes(bytes)
}

#[inline]
fn transfer_coding(headers: &Headers) -> Coding {
    if !headers.contains(Known::TransferEncoding) {
        return Coding::Absent;
    }
    let mut values = headers.values(Known::TransferEncoding);
    let Some(first) = values.next() else { return Coding::Absent };
    if first.eq_ignore_ascii_case(b"chunked") && values.next().is_none() {
        Coding::Chunked
    } else if headers.has_token(Known::TransferEncoding, "chunked") {
        Coding::Mixed
    } else {
        Coding::Unknown
    }
}

#[cfg(test)]
mod tests;
