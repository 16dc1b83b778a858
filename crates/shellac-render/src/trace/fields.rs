//! The fields of single records, in the shapes that versions 4 to 9 write.
//!
//! Everything here takes text that somebody else wrote and answers `None` where it does not fit.

use crate::visible;

/// Microseconds: a moment since the epoch, or a duration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Micros(pub i64);

impl Micros {
    /// Parses seconds with up to six decimals, `1504590151.903285`; more decimals are cut.
    pub fn parse(text: &[u8]) -> Option<Micros> {
        let text = std::str::from_utf8(text).ok()?;
        let (negative, text) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
        let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !all_digits(whole) || !all_digits(decimals) {
            return None;
        }
        let mut micros = whole.parse::<i64>().ok()?.checked_mul(1_000_000)?;
        let mut weight = 100_000;
        for digit in decimals.bytes().take(6) {
            micros = micros.checked_add(i64::from(digit - b'0') * weight)?;
            weight /= 10;
        }
        Some(Micros(if negative { -micros } else { micros }))
    }

    /// The moment of a `Timestamp` record, without a look at the rest of it.
    pub fn of_timestamp(text: &[u8]) -> Option<Micros> {
        let mut fields = fields(text);
        fields.next()?.strip_suffix(b":")?;
        Micros::parse(fields.next()?)
    }

    /// From `earlier` to this moment.
    pub const fn since(self, earlier: Micros) -> Micros {
        Micros(self.0.saturating_sub(earlier.0))
    }
}

/// One `Timestamp` record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// `Start`, `Bereq`, ... without the colon.
    pub label: String,
    /// When.
    pub at: Micros,
    /// Since the first `Start` of the task.
    pub since_start: Micros,
    /// Since the record before.
    pub took: Micros,
}

impl Stamp {
    /// Parses `LABEL: at since_start since_previous`.
    pub fn parse(text: &[u8]) -> Option<Stamp> {
        let mut fields = fields(text);
        let label = fields.next()?.strip_suffix(b":")?;
        let mut next = || Micros::parse(fields.next()?);
        Some(Stamp { label: visible(label), at: next()?, since_start: next()?, took: next()? })
    }
}

/// A `BackendOpen` record: a connection taken up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Open {
    /// The backend's name, without the name of the configuration before it.
    pub name: String,
    /// Address and port of the backend; `None` for a UNIX socket.
    pub remote: Option<String>,
    /// Our own address and port; `None` for a UNIX socket.
    pub local: Option<String>,
    /// Whether it came from the pool. `None` where the version does not say.
    pub reused: Option<bool>,
    /// How long the connection had existed.
    pub age: Option<Micros>,
    /// How many exchanges it had seen before.
    pub uses: Option<u64>,
}

impl Open {
    /// Parses `fd name raddr rport laddr lport`, then from 6.0 on `connect` or `reuse`, then from 9.0 on age
    /// and count of a reuse.
    pub fn parse(text: &[u8]) -> Option<Open> {
        let mut fields = fields(text).skip(1);
        let name = fields.next()?;
        let mut end_point = || {
            let (address, port) = (fields.next()?, fields.next()?);
            Some((visible(address), visible(port)))
        };
        let (remote, local) = (end_point()?, end_point()?);
        let reused = match fields.next() {
            Some(b"connect") => Some(false),
            Some(b"reuse") => Some(true),
            _ => None,
        };
        let age = fields.next().and_then(Micros::parse);
        let uses = fields.next().and_then(number);
        let unix = remote.1 == "0";
        Some(Open {
            name: short_name(name),
            remote: (!unix).then(|| join(&remote)),
            local: (!unix).then(|| join(&local)),
            reused,
            age,
            uses,
        })
    }
}

/// A `BackendClose` record: a connection given up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Close {
    /// Put back into the pool.
    Recycled,
    /// Closed; the text says why where the version does.
    Closed(Option<String>),
}

impl Close {
    /// Parses `fd name [recycle | close [TEXT]]`; the two-field form of 4.x is a close without a reason.
    pub fn parse(text: &[u8]) -> Option<Close> {
        let mut rest = text;
        for _ in 0..2 {
            rest = skip_field(rest)?;
        }
        let (word, reason) = match rest.iter().position(|&byte| byte == b' ') {
            Some(at) => (&rest[..at], Some(&rest[at + 1..])),
            None => (rest, None),
        };
        Some(match word {
            b"recycle" => Close::Recycled,
            _ => Close::Closed(reason.map(visible).filter(|reason| !reason.is_empty())),
        })
    }
}

/// The six numbers of `ReqAcct` and `BereqAcct`: head, body and sum of one direction, then of the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Acct {
    /// `ReqAcct`: bytes of the request body received. `BereqAcct`: bytes of it sent.
    pub request_body_bytes: u64,
    /// `BereqAcct`: bytes of the answer's head received. `ReqAcct`: bytes of it sent.
    pub response_head_bytes: u64,
    /// `BereqAcct`: bytes of the answer's body received. `ReqAcct`: bytes of it sent.
    pub response_body_bytes: u64,
}

impl Acct {
    /// Parses six numbers.
    pub fn parse(text: &[u8]) -> Option<Acct> {
        let numbers: Vec<u64> = fields(text).map_while(number).take(7).collect();
        match numbers[..] {
            [_, request_body_bytes, _, response_head_bytes, response_body_bytes, _] => {
                Some(Acct { request_body_bytes, response_head_bytes, response_body_bytes })
            }
            _ => None,
        }
    }
}

/// One header line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The name as it was written.
    pub name: Vec<u8>,
    /// The value without blanks around it.
    pub value: Vec<u8>,
    /// What is shown instead of the value, when that is not to be seen.
    pub shown: Option<String>,
}

impl Header {
    /// The name, safe on a terminal.
    pub fn shown_name(&self) -> String {
        visible(&self.name)
    }

    /// The value as it may be shown, safe on a terminal.
    pub fn shown_value(&self) -> String {
        self.shown.clone().unwrap_or_else(|| visible(&self.value))
    }

    /// Parses `Name: value`.
    pub fn parse(text: &[u8]) -> Option<Header> {
        let colon = text.iter().position(|&byte| byte == b':')?;
        let value = text[colon + 1..].trim_ascii();
        Some(Header { name: text[..colon].to_vec(), value: value.to_vec(), shown: None })
    }
}

/// Headers in order, after sets and unsets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers(pub Vec<Header>);

impl Headers {
    /// Adds a `*Header` record.
    pub fn set(&mut self, text: &[u8]) {
        self.0.extend(Header::parse(text));
    }

    /// Takes a `*Unset` record back.
    pub fn unset(&mut self, text: &[u8]) {
        if let Some(gone) = Header::parse(text)
            && let Some(at) = self.0.iter().position(|header| *header == gone)
        {
            self.0.remove(at);
        }
    }

    /// The value of the first header called `name`, in any case.
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        let found = self.0.iter().find(|header| header.name.eq_ignore_ascii_case(name.as_bytes()));
        found.map(|header| header.value.as_slice())
    }

    /// The value of the first header called `name` as it may be shown.
    pub fn get_shown(&self, name: &str) -> Option<String> {
        let found = self.0.iter().find(|header| header.name.eq_ignore_ascii_case(name.as_bytes()));
        found.map(Header::shown_value)
    }

    /// `Content-Length`, where it is one number.
    pub fn content_length(&self) -> Option<u64> {
        number(self.get("content-length")?)
    }
}

/// The fields of a record, at single blanks.
pub(super) fn fields(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|&byte| byte == b' ').filter(|field| !field.is_empty())
}

/// A decimal number of digits only.
pub(crate) fn number(text: &[u8]) -> Option<u64> {
    if text.is_empty() || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// Address and port; an IPv6 address in brackets.
pub(crate) fn join((address, port): &(String, String)) -> String {
    if address.contains(':') { format!("[{address}]:{port}") } else { format!("{address}:{port}") }
}

fn skip_field(text: &[u8]) -> Option<&[u8]> {
    if text.is_empty() {
        return None;
    }
    let end = text.iter().position(|&byte| byte == b' ').unwrap_or(text.len());
    Some(text.get(end + 1..).unwrap_or_default())
}

/// The part of a backend's name behind the configuration's, which may itself contain dots and colons:
/// `reload_2017-09-05T12:00:00.name`. A name that starts with a dot or ends in one stays as it is.
fn short_name(name: &[u8]) -> String {
    let short = match name.iter().rposition(|&byte| byte == b'.') {
        Some(dot) if dot > 0 && dot + 1 < name.len() => &name[dot + 1..],
        _ => name,
    };
    visible(short)
}

#[cfg(test)]
mod tests;
