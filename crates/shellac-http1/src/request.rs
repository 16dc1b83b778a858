//! Reading a request head.

use crate::error::HeadError;
use crate::framing;
use crate::head::{Limits, Parse, RequestHead, Version};
use crate::headers::Headers;
use crate::plain;
use crate::scan;
use crate::target;

/// Header lines that are parsed without asking for memory.
const STACK_HEADERS: usize = 128;

/// Reads a request head from the front of `buf`.
///
/// The answer depends on the bytes alone, not on how often it was asked before: call it again with more
/// bytes after [`Parse::Partial`]. Empty lines in front are skipped and counted in `len_bytes`.
///
/// # Errors
///
/// Any [`HeadError`] but those of responses; the connection is to be closed after the answer.
///
/// # Examples
///
/// ```
/// use shellac_http1::{Limits, Parse, parse_request};
///
/// let wire = b"GET /a HTTP/1.1\r\nHost: example.org\r\n\r\nGET /b";
/// let Parse::Complete { head, len_bytes } = parse_request(wire, &Limits::default()).unwrap() else {
///     panic!("the empty line is there");
/// };
/// assert_eq!((head.method.as_str(), head.target.as_str()), ("GET", "/a"));
/// assert_eq!(&wire[len_bytes..], b"GET /b");
/// ```
pub fn parse_request(buf: &[u8], limits: &Limits) -> Result<Parse<RequestHead>, HeadError> {
    let mut head = RequestHead::default();
    Ok(match parse_request_into(&mut head, buf, limits)? {
        Some(len_bytes) => Parse::Complete { head, len_bytes },
        None => Parse::Partial,
    })
}

/// [`parse_request`] into a head that is used again: its memory is kept. `Some` holds the bytes taken.
///
/// # Errors
///
/// As [`parse_request`]; `head` then holds whatever was read before the fault.
pub fn parse_request_into(
    head: &mut RequestHead,
    buf: &[u8],
    limits: &Limits,
) -> Result<Option<usize>, HeadError> {
    match plain::request(head, buf, limits) {
        Some(len_bytes) => finish(head, len_bytes),
        None => parse_scanned(head, buf, limits),
    }
}

/// Reads any head: first the scan, then the parser.
pub(crate) fn parse_scanned(
    head: &mut RequestHead,
    buf: &[u8],
    limits: &Limits,
) -> Result<Option<usize>, HeadError> {
    let len_bytes = match scan::find_end(buf, limits.head_bytes, true)? {
        Parse::Partial => return Ok(None),
        Parse::Complete { len_bytes, .. } => len_bytes,
    };
    let mut stack = [httparse::EMPTY_HEADER; STACK_HEADERS];
    let mut heap = Vec::new();
    let slots = header_slots(&mut stack, &mut heap, limits.headers);
    let mut parsed = httparse::Request::new(slots);
    match parsed.parse(&buf[..len_bytes]) {
        Ok(httparse::Status::Complete(_)) => {}
        // The scan saw the empty line, so this is text that the parser reads differently.
        Ok(httparse::Status::Partial) => return Err(HeadError::RequestLine),
        Err(error) => return Err(head_error(error, &buf[..len_bytes])),
    }
    let (Some(method), Some(path), Some(version)) =
        (parsed.method, parsed.path, parsed.version.and_then(Version::from_minor))
    else {
        return Err(HeadError::RequestLine);
    };
    head.method.clear();
    head.method.push_str(method);
    head.target.clear();
    head.target.push_str(path);
    head.version = version;
    copy_headers(&mut head.headers, parsed.headers);
    finish(head, len_bytes)
}

/// What is to be checked in every head, whatever it looked like.
fn finish(head: &mut RequestHead, len_bytes: usize) -> Result<Option<usize>, HeadError> {
    target::check(head)?;
    framing::check_request(head)?;
    Ok(Some(len_bytes))
}

/// Room for `wanted` header lines, on the stack if they fit.
pub(crate) fn header_slots<'s, 'b>(
    stack: &'s mut [httparse::Header<'b>; STACK_HEADERS],
    heap: &'s mut Vec<httparse::Header<'b>>,
    wanted: usize,
) -> &'s mut [httparse::Header<'b>] {
    if wanted <= STACK_HEADERS {
        &mut stack[..wanted]
    } else {
        heap.resize(wanted, httparse::EMPTY_HEADER);
        heap
    }
}

pub(crate) fn copy_headers(headers: &mut Headers, parsed: &[httparse::Header<'_>]) {
    headers.clear();
    for header in parsed {
        headers.push_checked(header.name.as_bytes(), header.value);
    }
}

fn head_error(error: httparse::Error, head: &[u8]) -> HeadError {
    match error {
        httparse::Error::TooManyHeaders => HeadError::TooManyHeaders,
        httparse::Error::HeaderName | httparse::Error::HeaderValue => HeadError::HeaderLine,
        httparse::Error::Version if names_another_version(head) => HeadError::Version,
        _ => HeadError::RequestLine,
    }
}

/// Whether the first line is well-formed but for the version, such as `GET / HTTP/2.0`.
fn names_another_version(head: &[u8]) -> bool {
    let line = head.trim_ascii_start().split(|byte| *byte == b'\r').next().unwrap_or_default();
    let mut words = line.split(|byte| *byte == b' ').skip(2);
    let (Some(version), None) = (words.next(), words.next()) else { return false };
    match version.strip_prefix(b"HTTP/") {
        Some([b'1', b'.', b'0' | b'1']) => false,
        Some([major, b'.', minor]) => major.is_ascii_digit() && minor.is_ascii_digit(),
        Some([major]) => major.is_ascii_digit(),
        _ => false,
    }
}
