//! Reading a response head.

use crate::error::HeadError;
use crate::head::{Limits, Parse, ResponseHead, Version};
use crate::plain;
use crate::request::{copy_headers, header_slots};
use crate::scan;

/// Reads a response head from the front of `buf`; interim (1xx) heads are heads like any other.
///
/// Whether the body that follows can be read is a separate question: see
/// [`response_framing`](crate::response_framing).
///
/// # Errors
///
/// [`HeadError::NotHttp`] as soon as the bytes cannot become a response, otherwise the [`HeadError`]s of
/// the lines and sizes.
pub fn parse_response(buf: &[u8], limits: &Limits) -> Result<Parse<ResponseHead>, HeadError> {
    let mut head = ResponseHead::default();
    Ok(match parse_response_into(&mut head, buf, limits)? {
        Some(len_bytes) => Parse::Complete { head, len_bytes },
        None => Parse::Partial,
    })
}

/// [`parse_response`] into a head that is used again: its memory is kept. `Some` holds the bytes taken.
///
/// # Errors
///
/// As [`parse_response`]; `head` then holds whatever was read before the fault.
pub fn parse_response_into(
    head: &mut ResponseHead,
    buf: &[u8],
    limits: &Limits,
) -> Result<Option<usize>, HeadError> {
    const START: &[u8] = b"HTTP/";
    if !buf.starts_with(START) && !START.starts_with(buf) {
        return Err(HeadError::NotHttp);
    }
    match plain::response(head, buf, limits) {
        Some(len_bytes) => Ok(Some(len_bytes)),
        None => parse_scanned(head, buf, limits),
    }
}

/// Reads any head: first the scan, then the parser.
pub(crate) fn parse_scanned(
    head: &mut ResponseHead,
    buf: &[u8],
    limits: &Limits,
) -> Result<Option<usize>, HeadError> {
    let len_bytes = match scan::find_end(buf, limits.head_bytes, false) {
        Ok(Parse::Partial) => return Ok(None),
        Ok(Parse::Complete { len_bytes, .. }) => len_bytes,
        Err(HeadError::TargetTooLong) => return Err(HeadError::TooLarge),
        Err(error) => return Err(error),
    };
    let mut stack = [httparse::EMPTY_HEADER; _];
    let mut heap = Vec::new();
    let slots = header_slots(&mut stack, &mut heap, limits.headers);
    let mut parsed = httparse::Response::new(slots);
    match parsed.parse(&buf[..len_bytes]) {
        Ok(httparse::Status::Complete(_)) => {}
        Ok(httparse::Status::Partial) => return Err(HeadError::StatusLine),
        Err(httparse::Error::TooManyHeaders) => return Err(HeadError::TooManyHeaders),
        Err(httparse::Error::HeaderName | httparse::Error::HeaderValue) => {
            return Err(HeadError::HeaderLine);
        }
        Err(httparse::Error::Version) => return Err(HeadError::Version),
        Err(_) => return Err(HeadError::StatusLine),
    }
    let (Some(version), Some(status)) = (parsed.version.and_then(Version::from_minor), parsed.code)
    else {
        return Err(HeadError::StatusLine);
    };
    if status < 100 {
        return Err(HeadError::StatusLine);
    }
    head.version = version;
    head.status = status;
    head.reason.clear();
    head.reason.push_str(parsed.reason.unwrap_or_default());
    copy_headers(&mut head.headers, parsed.headers);
    Ok(Some(len_bytes))
}
