//! Reading an index as it grows.

use std::fmt;

use super::{Entry, Header, fields};

/// Longest line in bytes; a longer one is skipped, so that an index cannot make a reader keep arbitrary amounts.
pub const LINE_BYTES_MOST: usize = 8192;

/// Longest name of a file that a file system knows, in bytes.
const FILE_NAME_MOST: usize = 255;

/// One line that was understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    /// Who writes.
    Header(Header),
    /// A segment is there.
    Add(Entry),
    /// A segment is gone.
    Remove(Entry),
}

/// A line that was skipped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadLine {
    /// Number of the line, from 1.
    pub line_no: u64,
    /// The line, or its beginning; what is not UTF-8 is replaced.
    pub text: String,
    /// What is wrong with it.
    pub reason: &'static str,
}

impl fmt::Display for BadLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}: `{}`", self.line_no, self.reason, self.text.escape_debug())
    }
}

/// Takes an index in pieces of any size; a line counts when its end has come.
///
/// # Examples
///
/// ```
/// use shellac_vsm::index::{IndexParser, Line};
///
/// let mut parser = IndexParser::default();
/// assert!(parser.push(b"# 28240 17953").is_empty());
/// let lines = parser.push(b"05618\n");
/// assert!(matches!(&lines[..], [Ok(Line::Header(header))] if header.pid == 28240));
/// ```
#[derive(Debug, Default)]
pub struct IndexParser {
    /// Beginning of a line whose end has not come.
    partial: Vec<u8>,
    /// The rest of the current line is too long and skipped.
    skipping: bool,
    /// Lines ended so far.
    lines: u64,
}

impl IndexParser {
    /// What the lines that end within `bytes` say, in their order.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<Result<Line, BadLine>> {
        let mut found = Vec::new();
        for piece in bytes.split_inclusive(|&byte| byte == b'\n' || byte == b'\r') {
            let (content, end) = match piece.split_last() {
                Some((&end @ (b'\n' | b'\r'), content)) => (content, Some(end)),
                _ => (piece, None),
            };
            let room = LINE_BYTES_MOST - self.partial.len();
            if content.len() > room {
                self.skipping = true;
            }
            self.partial.extend_from_slice(&content[..content.len().min(room)]);
            let Some(end) = end else { continue };
            let line = std::mem::take(&mut self.partial);
            let too_long = std::mem::take(&mut self.skipping);
            // A carriage return ends a line too, and the newline behind it ends an empty one that does not count.
            self.lines += u64::from(end == b'\n' || !line.is_empty());
            if !line.is_empty() {
                let result =
                    if too_long { Err("longer than 8192 bytes") } else { understand(&line) };
                found.push(result.map_err(|reason| BadLine {
                    line_no: self.lines,
                    text: excerpt(&line),
                    reason,
                }));
            }
        }
        found
    }
}

/// The beginning of a line, short enough for a message.
fn excerpt(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line);
    match text.char_indices().nth(100) {
        Some((at, _)) => format!("{}...", &text[..at]),
        None => text.into_owned(),
    }
}

fn understand(line: &[u8]) -> Result<Line, &'static str> {
    let text = std::str::from_utf8(line).map_err(|_| "not UTF-8")?;
    let mut chars = text.chars();
    match chars.next() {
        Some('#') => header(chars.as_str()).map(Line::Header),
        Some('+') => entry(chars.as_str()).map(Line::Add),
        Some('-') => entry(chars.as_str()).map(Line::Remove),
        _ => Err("does not begin with `#`, `+` or `-`"),
    }
}

fn header(text: &str) -> Result<Header, &'static str> {
    let fields = fields::split(text)?;
    let [pid, started] = fields.as_slice() else { return Err("a header needs a pid and a time") };
    let pid = pid
        .parse()
        .ok()
        .filter(|&pid| pid > 0 && i32::try_from(pid).is_ok())
        .ok_or("the pid is not a pid")?;
    let started_unix = decimal(started).ok_or("the time is not a number of seconds")?;
    Ok(Header { pid, started_unix })
}

fn entry(text: &str) -> Result<Entry, &'static str> {
    let fields = fields::split(text)?;
    let (file, offset, len, class, ident) = match fields.as_slice() {
        [file, offset, len] => (file, offset, len, "", ""),
        [_, _, _, class, ..] if class.is_empty() => return Err("the class is empty"),
        [file, offset, len, class] => (file, offset, len, class.as_str(), ""),
        [file, offset, len, class, ident] => (file, offset, len, class.as_str(), ident.as_str()),
        _ => return Err("an entry has 3 to 5 fields"),
    };
    if !is_file_name(file) {
        return Err("the file is not a name inside this directory");
    }
    let offset = decimal(offset).ok_or("the offset is not a number")?;
    let len_bytes = decimal(len).ok_or("the length is not a number")?;
    // Files end below 2^63; with that, sums of the two cannot overflow.
    if offset.checked_add(len_bytes).is_none_or(|end| i64::try_from(end).is_err()) {
        return Err("offset and length are beyond any file");
    }
    if class.is_empty() && offset != 0 {
        return Err("a cluster does not begin at offset 0");
    }
    Ok(Entry {
        file: file.clone(),
        offset,
        len_bytes,
        class: class.to_owned(),
        ident: ident.to_owned(),
    })
}

/// Whether `name` stays in the directory: no path, no `.` or `..`, and printable, so that messages can show it.
fn is_file_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= FILE_NAME_MOST
        && name != "."
        && name != ".."
        && name
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'/' && byte != b'"' && byte != b'\\')
}

/// Digits only: `u64::from_str` would also take a sign.
fn decimal(text: &str) -> Option<u64> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None }
}
