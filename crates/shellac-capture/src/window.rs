//! A stretch of the log around one or more triggers, on its way to a file.
//!
//! The group that fired goes first and whole, so that it is safe at once; what came around it follows as it was
//! written. A transaction is never in the file twice: what the stream brings of one that is there already is
//! left out, and of one that is there in part only the rest is added.

use std::collections::HashMap;
use std::time::Duration;

use shellac_format::{Dialect, Heads, Tag};
use shellac_log::{GivenUp, Group, Grouper, Grouping, Kind, Limits, Transaction};

use crate::history::{History, Place};

/// What of the stream belongs to a window.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Everything.
    All,
    /// The requests of this client connection.
    Session(u64),
    /// The requests for which this backend was asked.
    Backend(String),
    /// The request that this transaction belongs to.
    Xid(u64),
}

/// What is in the file of a transaction.
#[derive(Clone, Copy, Debug)]
struct Written {
    bytes: usize,
    /// Where its first record is, counted from the first byte of the window.
    offset: u64,
    /// All of it is there, so what else comes is left out.
    whole: bool,
}

/// Which part of the stream was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// There may be more right now.
    Some,
    /// There is no more at the moment.
    Waiting,
}

/// The stream from a place in the log on, and what was taken from it.
#[derive(Debug)]
pub struct Window {
    scope: Scope,
    dialect: Dialect,
    history: Option<History>,
    /// Where it ends, when that is known.
    end: Option<Place>,
    written: HashMap<u64, Written>,
    /// Puts the stream together where whole requests are asked about.
    grouper: Option<Grouper>,
    /// Bytes that were handed out.
    len_bytes: u64,
    /// Tags that tell which backend was asked.
    backend_tags: [Option<u8>; 3],
}

/// What a window has read of a ring and not written is bounded by what a grouper holds.
const OPEN_MAX: usize = 5000;

impl Window {
    /// A window that reads `history`; without one it holds only what is handed to it.
    pub fn new(scope: Scope, dialect: Dialect, history: Option<History>) -> Window {
        let grouper = (scope != Scope::All && history.is_some()).then(|| {
            let limits = Limits { open_max: OPEN_MAX, ..Limits::default() };
            Grouper::new(Grouping::Request, dialect, limits).with_orphans(true)
        });
        let backend_tags =
            [Tag::BackendOpen, Tag::BackendClose, Tag::FetchError].map(|tag| tag.number(dialect));
        Window {
            scope,
            dialect,
            history,
            end: None,
            written: HashMap::new(),
            grouper,
            len_bytes: 0,
            backend_tags,
        }
    }

    /// What belongs to it.
    pub const fn scope(&self) -> &Scope {
        &self.scope
    }

    /// Bytes that came out of it so far.
    pub const fn len_bytes(&self) -> u64 {
        self.len_bytes
    }

    /// Whether it reads a stream at all.
    pub const fn has_history(&self) -> bool {
        self.history.is_some()
    }

    /// Adds what is missing of a group to `out`. The answer is where its first record is, counted from the first byte
    /// of the window.
    pub fn add(&mut self, group: &Group, out: &mut Vec<u8>) -> u64 {
        let mut first = u64::MAX;
        for transaction in &group.transactions {
            first = first.min(self.add_transaction(transaction, out));
        }
        if first == u64::MAX { self.len_bytes } else { first }
    }

    fn add_transaction(&mut self, transaction: &Transaction, out: &mut Vec<u8>) -> u64 {
        let bytes = transaction.bytes();
        let vxid = transaction.vxid.0;
        let before = self.written.get(&vxid).copied();
        let (offset, from) = match before {
            Some(before) if before.whole || before.bytes >= bytes.len() => {
                (before.offset, bytes.len())
            }
            Some(before) if is_boundary(self.dialect, bytes, before.bytes) => {
                (before.offset, before.bytes)
            }
            _ => (self.len_bytes, 0),
        };
        self.write(&bytes[from..], out);
        self.written.insert(vxid, Written { bytes: bytes.len(), offset, whole: true });
        offset
    }

    fn write(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        out.extend_from_slice(bytes);
        self.len_bytes += bytes.len() as u64;
    }

    /// What lies behind this place in the log does not belong to it; `None`: the end is not known yet.
    pub fn end_at(&mut self, place: Option<Place>) {
        self.end = place;
    }

    /// Reads on, up to `limit` or the end of the window, and adds to `out`, until about `enough` bytes were read.
    pub fn read(
        &mut self,
        limit: Option<&Place>,
        enough: usize,
        now: Duration,
        out: &mut Vec<u8>,
    ) -> Progress {
        let Some(mut history) = self.history.take() else { return Progress::Waiting };
        let (mut read_bytes, before) = (0, out.len());
        let progress = loop {
            if read_bytes > 0 && read_bytes.max(out.len() - before) >= enough {
                break Progress::Some;
            }
            let Some(records) = history.next(self.end.as_ref().or(limit)) else {
                break Progress::Waiting;
            };
            read_bytes += records.len();
            self.stream(records, now, out);
        };
        self.history = Some(history);
        progress
    }

    /// Copies what is about to be overwritten.
    pub fn save(&mut self, limit: Option<&Place>) {
        if let Some(history) = &mut self.history {
            history.save(self.end.as_ref().or(limit));
        }
    }

    /// Bytes of the log that were overwritten before they were read, since the last call.
    pub fn take_lost(&mut self) -> u64 {
        self.history.as_mut().map_or(0, History::take_lost)
    }

    /// There is no more: what is incomplete goes out as it is.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        if let Some(mut grouper) = self.grouper.take() {
            grouper.give_up_all(GivenUp::Flush);
            self.take_groups(&mut grouper, out);
        }
        self.history = None;
    }

    fn stream(&mut self, records: &[u8], now: Duration, out: &mut Vec<u8>) {
        let session = match self.scope {
            Scope::Session(session) => Some(session),
            _ => None,
        };
        let is_all = self.scope == Scope::All;
        let mut grouper = self.grouper.take();
        let mut run: Option<(u64, usize, usize)> = None;
        // The records of a connection itself are in no request.
        let is_wanted = |vxid: u64| is_all || session == Some(vxid);
        for place in Heads::new(self.dialect.layout(), records) {
            match &mut run {
                Some((vxid, _, end)) if *vxid == place.vxid.0 && *end == place.start => {
                    *end = place.end
                }
                _ => {
                    if let Some((vxid, start, end)) =
                        run.replace((place.vxid.0, place.start, place.end))
                        && is_wanted(vxid)
                    {
                        self.pass(vxid, &records[start..end], out);
                    }
                }
            }
        }
        if let Some((vxid, start, end)) = run
            && is_wanted(vxid)
        {
            self.pass(vxid, &records[start..end], out);
        }
        if let Some(grouper) = &mut grouper {
            grouper.row(records, now);
            self.take_groups(grouper, out);
        }
        self.grouper = grouper;
    }

    /// Lets a part of a transaction through, unless it is in the file already.
    fn pass(&mut self, vxid: u64, bytes: &[u8], out: &mut Vec<u8>) {
        if vxid == 0 {
            return self.write(bytes, out);
        }
        let begin = Tag::Begin.number(self.dialect);
        let is_begin =
            bytes.first_chunk().map(|word| u32::from_ne_bytes(*word).to_be_bytes()[0]) == begin;
        match self.written.get_mut(&vxid) {
            Some(written) if written.whole => return,
            Some(written) => written.bytes += bytes.len(),
            // Of one that began before the window only its end is here: if it fires, it is added whole.
            None if !is_begin => {}
            None => {
                let written = Written { bytes: bytes.len(), offset: self.len_bytes, whole: false };
                self.written.insert(vxid, written);
            }
        }
        self.write(bytes, out);
    }

    fn take_groups(&mut self, grouper: &mut Grouper, out: &mut Vec<u8>) {
        while let Some(group) = grouper.pop() {
            if self.belongs(&group) {
                self.add(&group, out);
            }
            grouper.recycle(group);
        }
    }

    fn belongs(&self, group: &Group) -> bool {
        match &self.scope {
            Scope::All => true,
            Scope::Session(session) => session_of(group) == Some(*session),
            Scope::Backend(backend) => {
                group.transactions.iter().any(|it| self.asks(it, backend.as_bytes()))
            }
            Scope::Xid(xid) => group.transactions.iter().any(|it| it.vxid.0 == *xid),
        }
    }

    /// Whether an attempt asked this backend: `FD NAME ...`, or an error `backend NAME: ...`.
    fn asks(&self, transaction: &Transaction, backend: &[u8]) -> bool {
        let bytes = transaction.bytes();
        let mut heads = Heads::new(self.dialect.layout(), bytes);
        while let Some(place) =
            heads.next_wanted(|number| self.backend_tags.contains(&Some(number)))
        {
            let record = place.record(bytes);
            let name = record.text().split(|&byte| byte == b' ').nth(1);
            if name.is_some_and(|name| name.strip_suffix(b":").unwrap_or(name) == backend) {
                return true;
            }
        }
        false
    }
}

/// The client connection that a group's request came on.
pub fn session_of(group: &Group) -> Option<u64> {
    let top = group.transactions.first()?;
    (top.kind == Kind::Request && top.parent.0 != 0).then_some(top.parent.0)
}

/// Whether a record begins `at` bytes from the start.
fn is_boundary(dialect: Dialect, bytes: &[u8], at: usize) -> bool {
    Heads::new(dialect.layout(), bytes).any(|place| place.end == at)
}

#[cfg(test)]
mod tests;
