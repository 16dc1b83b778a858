//! As much of HTTP as a scrape needs: a head of bounded length in bounded time, one answer, and the end.

use std::io::{self, ErrorKind, Read, Write};
use std::time::Duration;

use super::text::Form;

/// Bytes of a request head at most.
const HEAD_BYTES: usize = 8192;
const HEADERS: usize = 64;

/// What was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// The page, in this form; without its body for HEAD.
    Metrics { form: Form, with_body: bool },
    /// Whether this process is well.
    Healthy { with_body: bool },
    /// What is here.
    Index { with_body: bool },
    /// Something else: status and reason.
    Refused { status: u16, reason: &'static str, with_body: bool },
}

/// How long there is left.
pub(super) trait Left {
    /// `None` when the time is over.
    fn left(&self) -> Option<Duration>;
}

/// A connection whose reads can be limited in time.
pub(super) trait Limited: Read + Write {
    fn limit(&self, time: Duration) -> io::Result<()>;
}

impl Limited for std::net::TcpStream {
    fn limit(&self, time: Duration) -> io::Result<()> {
        self.set_read_timeout(Some(time))?;
        self.set_write_timeout(Some(time))
    }
}

/// Reads a request head. `Ok(None)`: nobody asked anything.
///
/// # Errors
///
/// The connection failed, or the head did not come in time.
pub(super) fn read(from: &mut impl Limited, time: &impl Left) -> io::Result<Option<Asked>> {
    let mut head = Vec::new();
    let mut block = [0; 1024];
    loop {
        let left = time.left().ok_or(ErrorKind::TimedOut)?;
        from.limit(left)?;
        let len = match from.read(&mut block) {
            Ok(0) if head.is_empty() => return Ok(None),
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(len) => len,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        head.extend_from_slice(&block[..len]);
        if let Some(asked) = parse(&head) {
            return Ok(Some(asked));
        }
        if head.len() > HEAD_BYTES {
            let reason = "Request Header Fields Too Large";
            return Ok(Some(Asked::Refused { status: 431, reason, with_body: true }));
        }
    }
}

/// What a head asks for; `None` while it is not complete.
pub(super) fn parse(head: &[u8]) -> Option<Asked> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    let refused = |status, reason| Some(Asked::Refused { status, reason, with_body: true });
    match request.parse(head) {
        Ok(httparse::Status::Partial) => return None,
        Ok(httparse::Status::Complete(_)) => {}
        Err(_) => return refused(400, "Bad Request"),
    }
    let with_body = match request.method {
        Some("GET") => true,
        Some("HEAD") => false,
        _ => return refused(405, "Method Not Allowed"),
    };
    let target = request.path.unwrap_or_default();
    Some(match target.split('?').next().unwrap_or_default() {
        "/metrics" => Asked::Metrics { form: form(request.headers), with_body },
        "/-/healthy" => Asked::Healthy { with_body },
        "/" => Asked::Index { with_body },
        _ => Asked::Refused { status: 404, reason: "Not Found", with_body },
    })
}

/// OpenMetrics if it is wanted at least as much as the older form.
fn form(headers: &[httparse::Header<'_>]) -> Form {
    let accept = headers.iter().filter(|header| header.name.eq_ignore_ascii_case("accept"));
    let (mut open, mut classic) = (0.0, 0.0);
    for header in accept {
        let Ok(text) = std::str::from_utf8(header.value) else { continue };
        for range in text.split(',') {
            let mut parts = range.split(';').map(str::trim);
            let media = parts.next().unwrap_or_default();
            let weight = parts.find_map(|part| part.strip_prefix("q=")?.parse().ok());
            let weight: f64 = weight.unwrap_or(1.0);
            let best = if media.eq_ignore_ascii_case("application/openmetrics-text") {
                &mut open
            } else if ["text/plain", "text/*", "*/*"]
                .iter()
                .any(|it| media.eq_ignore_ascii_case(it))
            {
                &mut classic
            } else {
                continue;
            };
            *best = weight.max(*best);
        }
    }
    if open > 0.0 && open >= classic { Form::OpenMetrics } else { Form::Classic }
}

/// Sends an answer.
///
/// # Errors
///
/// The connection failed, or nobody read for too long.
pub(super) fn answer(
    to: &mut impl Limited,
    time: &impl Left,
    (status, reason): (u16, &str),
    content_type: &str,
    body: &str,
    with_body: bool,
) -> io::Result<()> {
    let allow = if status == 405 { "Allow: GET, HEAD\r\n" } else { "" };
    let head = format!(
        "HTTP/1.1 {status} {reason}\r\nContent-Type: {content_type}\r\nContent-Length: {}\r\n{allow}Connection: close\r\n\r\n",
        body.len()
    );
    let body = if with_body { body.as_bytes() } else { &[] };
    for mut rest in [head.as_bytes(), body] {
        while !rest.is_empty() {
            to.limit(time.left().ok_or(ErrorKind::TimedOut)?)?;
            match to.write(rest) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(len) => rest = &rest[len..],
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
    to.flush()
}
