//! Which line of a refused head it was refused for: what somebody has to see who is to mend it.

use crate::error::HeadError;
use crate::head::Limits;

/// The header line, without its end, that the head at the start of `input` was refused for.
///
/// `None` where it was the first line, or nothing that is written in one line. Meant for the log: it reads the head once more.
pub fn culprit<'i>(input: &'i [u8], error: HeadError, limits: &Limits) -> Option<&'i [u8]> {
    let window = &input[..input.len().min(limits.head_bytes)];
    let mut lines = window
        .split_inclusive(|&byte| byte == b'\n')
        .skip_while(|line| *line == b"\r\n")
        .skip(1)
        .map(Line::of)
        .take_while(|line| !line.text.is_empty());
    let named = |name: &'static str| move |line: &Line<'_>| line.is_field(name);
    let found = match error {
        HeadError::BareLf => lines.find(|line| line.end == End::Lf),
        HeadError::BareCr => lines.find(|line| line.text.contains(&b'\r')),
        HeadError::Nul => lines.find(|line| line.text.contains(&0)),
        HeadError::ObsFold => lines.find(|line| matches!(line.text, [b' ' | b'\t', ..])),
        HeadError::HeaderLine => lines.find(|line| line.end == End::CrLf && !line.is_good()),
        HeadError::TooManyHeaders => lines.nth(limits.headers),
        HeadError::SeveralHosts | HeadError::BadHost => lines.filter(named("host")).last(),
        HeadError::BadContentLength | HeadError::ContentLengthTooLarge => {
            lines.filter(named("content-length")).last()
        }
        HeadError::TwoFramings
        | HeadError::TransferEncodingIn10
        | HeadError::BadTransferEncoding
        | HeadError::UnknownTransferEncoding => lines.filter(named("transfer-encoding")).last(),
        HeadError::RequestLine
        | HeadError::Target
        | HeadError::Version
        | HeadError::NotHttp
        | HeadError::StatusLine
        | HeadError::TooLarge
        | HeadError::TargetTooLong
        | HeadError::MissingHost => None,
    };
    found.map(|line| line.text)
}

/// How a line ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    CrLf,
    Lf,
    /// It does not: no more has come.
    None,
}

/// A line without its end.
#[derive(Clone, Copy, Debug)]
struct Line<'i> {
    text: &'i [u8],
    end: End,
}

impl<'i> Line<'i> {
    fn of(line: &'i [u8]) -> Line<'i> {
        match line {
            [text @ .., b'\r', b'\n'] => Line { text, end: End::CrLf },
            [text @ .., b'\n'] => Line { text, end: End::Lf },
            text => Line { text, end: End::None },
        }
    }

    fn is_field(&self, name: &str) -> bool {
        let colon = memchr::memchr(b':', self.text);
        colon.is_some_and(|at| self.text[..at].eq_ignore_ascii_case(name.as_bytes()))
    }

    /// Whether the parser takes it for a header line when it is the only one.
    fn is_good(&self) -> bool {
        let alone = [self.text, b"\r\n\r\n"].concat();
        httparse::parse_headers(&alone, &mut [httparse::EMPTY_HEADER]).is_ok()
    }
}

#[cfg(test)]
mod tests;
