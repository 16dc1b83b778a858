//! What may be pasted: secrets in headers, in junk and, when asked for, in queries of URLs are replaced.

use std::borrow::Cow;

use shellac_format::Tag;

use crate::visible;

/// Names of headers whose value is a secret, lower case.
pub const SECRET_HEADERS: [&str; 4] =
    ["authorization", "proxy-authorization", "cookie", "set-cookie"];

/// Names of query parameters whose value is a secret, lower case.
pub const SECRET_PARAMETERS: [&str; 20] = [
    "access_key",
    "access_token",
    "api_key",
    "api-key",
    "apikey",
    "auth",
    "client_secret",
    "code",
    "id_token",
    "key",
    "pass",
    "passwd",
    "password",
    "pwd",
    "refresh_token",
    "secret",
    "session",
    "sig",
    "signature",
    "token",
];

/// Names shorter than this are no evidence that a line of junk holds a secret.
const SHORTEST_IN_JUNK: usize = 4;

/// Which values are replaced in what is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redaction {
    on: bool,
    /// More names of headers and of query parameters, lower case.
    names: Vec<String>,
    /// Whether [`SECRET_PARAMETERS`] are replaced too.
    parameters: bool,
}

impl Default for Redaction {
    /// [`SECRET_HEADERS`] are replaced.
    fn default() -> Redaction {
        Redaction { on: true, names: Vec::new(), parameters: false }
    }
}

impl Redaction {
    /// Everything is shown.
    pub const fn none() -> Redaction {
        Redaction { on: false, names: Vec::new(), parameters: false }
    }

    /// Replaces these headers and query parameters as well.
    pub fn with_names<'a>(mut self, names: impl IntoIterator<Item = &'a str>) -> Redaction {
        self.names.extend(names.into_iter().map(str::to_ascii_lowercase));
        self
    }

    /// Replaces [`SECRET_PARAMETERS`] in URLs and wherever something looks like one as well.
    pub const fn with_parameters(mut self, parameters: bool) -> Redaction {
        self.parameters = parameters;
        self
    }

    /// Whether anything is replaced.
    pub const fn is_on(&self) -> bool {
        self.on
    }

    /// Whether the header called `name` is replaced.
    pub fn hides_header(&self, name: &[u8]) -> bool {
        let same = |secret: &str| name.eq_ignore_ascii_case(secret.as_bytes());
        self.on && (SECRET_HEADERS.into_iter().any(same) || self.names.iter().any(|it| same(it)))
    }

    /// A header's value as it is shown: as it is, or how long it was.
    pub fn header_value(&self, name: &[u8], value: &[u8]) -> String {
        if self.hides_header(name) {
            return replaced(value.len());
        }
        let shown = visible(value);
        match self.parameters_in(&shown) {
            Cow::Owned(shown) => shown,
            Cow::Borrowed(_) => shown,
        }
    }

    /// Text that is visible already, with the values of secret query parameters replaced.
    ///
    /// What counts is `NAME=VALUE` behind `?`, `&` or `;`, up to the next of `&;#"'` or a blank.
    pub fn parameters_in<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if !self.on || (!self.parameters && self.names.is_empty()) {
            return Cow::Borrowed(text);
        }
        let mut shown = String::new();
        let mut left = text;
        while let Some(at) = left.find(['?', '&', ';']) {
            let (before, after) = left.split_at(at + 1);
            shown.push_str(before);
            left = after;
            let name_end = after.find(is_delimiter).unwrap_or(after.len());
            if !after[name_end..].starts_with('=') || !self.hides_parameter(&after[..name_end]) {
                continue;
            }
            let (name, value) = after.split_at(name_end + 1);
            let ends = |c: char| matches!(c, '&' | ';' | '#' | '"' | '\'' | ' ');
            let end = value.find(ends).unwrap_or(value.len());
            shown.push_str(name);
            shown.push_str("(redacted)");
            left = &value[end..];
        }
        if shown.is_empty() {
            return Cow::Borrowed(text);
        }
        shown.push_str(left);
        Cow::Owned(shown)
    }

    /// What could not be parsed, made visible; all of it is replaced when the name of a secret is in it.
    pub fn junk(&self, shown: &str) -> String {
        let lower = shown.to_ascii_lowercase();
        let names = self.names.iter().map(String::as_str).chain(SECRET_HEADERS);
        let mut named = names.filter(|name| name.len() >= SHORTEST_IN_JUNK);
        if self.on && named.any(|name| lower.contains(name)) {
            return replaced(shown.len());
        }
        self.parameters_in(shown).into_owned()
    }

    /// The text of a record as it may be shown.
    pub fn record(&self, tag: Option<Tag>, text: &[u8]) -> String {
        match tag {
            Some(
                Tag::ReqHeader
                | Tag::ReqUnset
                | Tag::RespHeader
                | Tag::RespUnset
                | Tag::BereqHeader
                | Tag::BereqUnset
                | Tag::BerespHeader
                | Tag::BerespUnset
                | Tag::ObjHeader
                | Tag::ObjUnset
                | Tag::LostHeader,
            ) => {
                let Some(colon) = text.iter().position(|&byte| byte == b':') else {
                    return self.junk(&visible(text));
                };
                let (name, value) = (&text[..colon], text[colon + 1..].trim_ascii());
                format!("{}: {}", visible(name), self.header_value(name, value))
            }
            Some(
                Tag::HttpGarbage | Tag::BogoHeader | Tag::Debug | Tag::H2RxHdr | Tag::H2RxBody,
            ) => self.junk(&visible(text)),
            _ => self.parameters_in(&visible(text)).into_owned(),
        }
    }

    fn hides_parameter(&self, name: &str) -> bool {
        let same = |secret: &str| name.eq_ignore_ascii_case(secret);
        (self.parameters && SECRET_PARAMETERS.into_iter().any(same))
            || self.names.iter().any(|it| same(it))
    }
}

/// Whether a name of a parameter ends here.
fn is_delimiter(c: char) -> bool {
    matches!(c, '=' | '&' | ';' | '?' | '#' | '"' | '\'' | ' ')
}

fn replaced(len_bytes: usize) -> String {
    format!("(redacted, {len_bytes} bytes)")
}

#[cfg(test)]
mod tests;
