//! What is counted of every group: one walk over the heads of its records, and a look at few of them.

use std::time::Duration;

use shellac_format::{Dialect, Heads, Tag, Vxid};
use shellac_log::{Kind, Reason, Transaction};
use shellac_render::trace::Micros;

/// The tags that are looked at.
const WANTED: [Tag; 9] = [
    Tag::Timestamp,
    Tag::RespStatus,
    Tag::BerespStatus,
    Tag::ReqUrl,
    Tag::ReqStart,
    Tag::BackendOpen,
    Tag::FetchError,
    Tag::Error,
    Tag::Notice,
];

/// What each number of a tag means in one dialect.
#[derive(Debug)]
pub(crate) struct Glancer {
    dialect: Dialect,
    wanted: Box<[Option<Tag>; 256]>,
}

/// A client's request.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Request<'a> {
    pub(crate) url: &'a [u8],
    /// The address of the client.
    pub(crate) client: &'a [u8],
    pub(crate) status: Option<u16>,
    /// From its start to the end of the answer, in microseconds.
    pub(crate) wait: Option<u64>,
}

/// An attempt at a backend.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Attempt<'a> {
    pub(crate) vxid: Vxid,
    pub(crate) is_retry: bool,
    /// The payload of its last `BackendOpen`; empty without one.
    pub(crate) open: &'a [u8],
    /// Microseconds that the connection took.
    pub(crate) connect: Option<u64>,
    /// Microseconds from the request to the head of the answer.
    pub(crate) answer: Option<u64>,
    pub(crate) status: Option<u16>,
    /// The text of its last `FetchError` or `Error`.
    pub(crate) error: Option<&'a [u8]>,
    /// A connection was taken up after that: what failed did no harm.
    pub(crate) went_on: bool,
}

/// A group at a glance.
#[derive(Debug, Default)]
pub(crate) struct Glance<'a> {
    pub(crate) requests: Vec<Request<'a>>,
    pub(crate) attempts: Vec<Attempt<'a>>,
    pub(crate) notices: Vec<&'a [u8]>,
    /// Something speaks of a failure.
    pub(crate) may_have_failed: bool,
    /// The latest moment in it, since 1970.
    pub(crate) at: Option<Duration>,
}

/// Notices that are taken of one group.
const MAX_NOTICES: usize = 4;

impl Glancer {
    pub(crate) fn new(dialect: Dialect) -> Glancer {
        let mut wanted = Box::new([None; 256]);
        for (number, wanted) in (0..=u8::MAX).zip(wanted.iter_mut()) {
            *wanted = Tag::from_number(dialect, number).filter(|tag| WANTED.contains(tag));
        }
        Glancer { dialect, wanted }
    }

    /// Looks at the transactions of a group.
    pub(crate) fn look<'a>(&self, transactions: &'a [Transaction]) -> Glance<'a> {
        let mut glance = Glance::default();
        for one in transactions {
            match one.kind {
                Kind::Request => self.request(one, transactions, &mut glance),
                Kind::Backend => self.attempt(one, &mut glance),
                // What a group begins with when the rest of it was lost.
                Kind::Session | Kind::Unknown | Kind::Raw => {}
            }
        }
        glance
    }

    /// Hands over the records that matter.
    fn walk<'a>(&self, one: &'a Transaction, mut take: impl FnMut(Tag, &'a [u8])) {
        let bytes = one.bytes();
        let mut heads = Heads::new(self.dialect.layout(), bytes);
        while let Some(place) =
            heads.next_wanted(|number| self.wanted[usize::from(number)].is_some())
        {
            if let Some(tag) = self.wanted[usize::from(place.number)] {
                let payload = place.record(bytes).payload;
                take(tag, payload.strip_suffix(b"\0").unwrap_or(payload));
            }
        }
    }

    fn request<'a>(&self, one: &'a Transaction, all: &[Transaction], glance: &mut Glance<'a>) {
        let mut request = Request::default();
        let (mut last, mut failed) = (None, false);
        self.walk(one, |tag, text| match tag {
            Tag::Timestamp => {
                if text.starts_with(b"Resp:") || text.starts_with(b"PipeSess:") {
                    request.wait = field(text, 2).and_then(micros);
                }
                last = Some(text);
            }
            Tag::RespStatus => request.status = status(text),
            // What VCL makes of it comes later.
            Tag::ReqUrl if request.url.is_empty() => request.url = text,
            Tag::ReqStart => request.client = field(text, 0).unwrap_or_default(),
            Tag::FetchError | Tag::Error => failed = true,
            Tag::Notice if glance.notices.len() < MAX_NOTICES => glance.notices.push(text),
            _ => {}
        });
        let is_error = request.status.is_some_and(|status| status >= 500);
        glance.may_have_failed |= failed || is_error;
        glance.reached(last);
        // An include is a part of its request, and a restart the end of it.
        let goes_on =
            |other: &Transaction| other.reason == Reason::Restart && other.parent == one.vxid;
        let is_part = one.reason == Reason::Esi || all.iter().any(goes_on);
        if !is_part {
            glance.requests.push(request);
        }
    }

    fn attempt<'a>(&self, one: &'a Transaction, glance: &mut Glance<'a>) {
        let mut attempt =
            Attempt { vxid: one.vxid, is_retry: one.reason == Reason::Retry, ..Attempt::default() };
        let mut last = None;
        self.walk(one, |tag, text| {
            // What is made up in place of an answer is none.
            let is_broken = attempt.error.is_some() && !attempt.went_on;
            match tag {
                Tag::Timestamp => {
                    if text.starts_with(b"Beresp:") && !is_broken {
                        attempt.answer = field(text, 3).and_then(micros);
                    } else if text.starts_with(b"Connected:") {
                        attempt.connect = field(text, 3).and_then(micros);
                    }
                    last = Some(text);
                }
                Tag::BackendOpen => {
                    attempt.open = text;
                    attempt.went_on = attempt.error.is_some();
                }
                Tag::BerespStatus if attempt.status.is_none() && !is_broken => {
                    attempt.status = status(text);
                }
                Tag::FetchError | Tag::Error => {
                    attempt.error = Some(text);
                    attempt.went_on = false;
                }
                Tag::Notice if glance.notices.len() < MAX_NOTICES => glance.notices.push(text),
                _ => {}
            }
        });
        let is_error = attempt.status.is_some_and(|status| status >= 500);
        glance.may_have_failed |= attempt.error.is_some() || is_error;
        glance.reached(last);
        glance.attempts.push(attempt);
    }
}

impl Glance<'_> {
    /// The moment of a `Timestamp`.
    fn reached(&mut self, stamp: Option<&[u8]>) {
        let at = stamp.and_then(|text| field(text, 1)).and_then(micros).map(Duration::from_micros);
        self.at = self.at.max(at);
    }
}

impl<'a> Attempt<'a> {
    /// The backend's name as the log has it, without that of a configuration before it.
    pub(crate) fn backend(&self) -> &'a [u8] {
        if let Some(name) = field(self.open, 1) {
            return short_name(name);
        }
        // `backend NAME: what is wrong`
        let named = self.error.and_then(|text| text.strip_prefix(b"backend "));
        let named = named.filter(|rest| !rest.starts_with(b"write error"));
        let end = named.and_then(|rest| rest.windows(2).position(|two| two == b": "));
        named.zip(end).map_or(b"", |(rest, end)| short_name(&rest[..end]))
    }

    /// Its address and port, as they are in the log.
    pub(crate) fn address(&self) -> Option<(&'a [u8], &'a [u8])> {
        let port = field(self.open, 3)?;
        (port != b"0").then(|| field(self.open, 2).map(|address| (address, port)))?
    }

    /// Whether its connection was a new one.
    pub(crate) fn is_new(&self) -> bool {
        field(self.open, 6) == Some(b"connect")
    }
}

/// What stands behind the last dot, unless there is nothing before or behind it.
pub(crate) fn short_name(name: &[u8]) -> &[u8] {
    match memchr::memrchr(b'.', name) {
        Some(dot) if dot > 0 && dot + 1 < name.len() => &name[dot + 1..],
        _ => name,
    }
}

/// The field with this number, from 0.
fn field(text: &[u8], number: usize) -> Option<&[u8]> {
    text.split(|byte| *byte == b' ').nth(number).filter(|field| !field.is_empty())
}

fn micros(field: &[u8]) -> Option<u64> {
    u64::try_from(Micros::parse(field)?.0).ok()
}

fn status(text: &[u8]) -> Option<u16> {
    std::str::from_utf8(text).ok()?.trim().parse().ok()
}
