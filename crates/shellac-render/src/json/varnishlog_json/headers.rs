//! The headers of one head: a set of lines while records come, an object when it is written.

use super::super::string::{push_content, push_string};
use crate::lines::Text;

/// Header lines in the order in which they came, each once.
#[derive(Clone, Debug, Default)]
pub(super) struct Lines<'a>(Vec<&'a [u8]>);

/// A name, lower case, with its values in order.
struct Header<'a> {
    name: Vec<u8>,
    values: Vec<&'a [u8]>,
}

impl<'a> Lines<'a> {
    pub(super) fn set(&mut self, line: &'a [u8]) {
        if !self.0.contains(&line) {
            self.0.push(line);
        }
    }

    pub(super) fn unset(&mut self, line: &[u8]) {
        self.0.retain(|it| !it.eq_ignore_ascii_case(line));
    }

    fn headers(&self) -> Vec<Header<'a>> {
        let mut headers: Vec<Header<'a>> = Vec::new();
        for line in &self.0 {
            // The names of pseudo headers start with a colon.
            let skipped = usize::from(line.first() == Some(&b':'));
            let Some(colon) = memchr::memchr(b':', &line[skipped..]) else { continue };
            let name = line[skipped..skipped + colon].to_ascii_lowercase();
            let value = line[skipped + colon + 1..].trim_ascii();
            match headers.iter_mut().find(|it| it.name == name) {
                Some(header) => header.values.push(value),
                None => headers.push(Header { name, values: vec![value] }),
            }
        }
        headers
    }

    /// Appends the object; of an answer without what sets cookies, which is appended as a list of its own behind it.
    pub(super) fn write(&self, is_answer: bool, out: &mut Text) {
        let headers = self.headers();
        let is_apart = |header: &Header<'_>| is_answer && header.name == b"set-cookie";
        out.push(b"\"headers\":{");
        let mut is_first = true;
        for header in headers.iter().filter(|it| !is_apart(it)) {
            if !std::mem::take(&mut is_first) {
                out.push(b",");
            }
            push_string(&header.name, out);
            out.push(b":\"");
            let between: &[u8] = if header.name == b"cookie" { b";" } else { b"," };
            for (at, value) in header.values.iter().enumerate() {
                if at > 0 {
                    out.push(between);
                }
                push_content(value, out);
            }
            out.push(b"\"");
        }
        out.push(b"}");
        if let Some(cookies) = headers.iter().find(|it| is_apart(it)) {
            out.push(b",\"set-cookie\":[");
            for (at, value) in cookies.values.iter().enumerate() {
                if at > 0 {
                    out.push(b",");
                }
                push_string(value, out);
            }
            out.push(b"]");
        }
    }
}
