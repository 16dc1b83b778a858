//! Finds groups by what they are about instead of by a number: URL, backend, failure.

use std::collections::VecDeque;
use std::time::Duration;

use memchr::memmem;
use shellac_format::{Dialect, Tag, Vxid};
use shellac_log::{Group, Grouper, Grouping, Kind, Limits, Transaction};
use shellac_render::failures::Failures;
use shellac_render::trace::{Micros, Open};
use shellac_render::visible;

/// Matches that are remembered; of more the newest.
pub(super) const REMEMBERED: usize = 1000;
/// Bytes of a URL or an error text that are remembered.
const TEXT_BYTES: usize = 300;

/// Transactions that may be open, and bytes of them; of more the oldest are looked at as they are.
const OPEN: usize = 100_000;
const OPEN_BYTES: usize = 64 << 20;

/// Text that may have `*` in it, each for any bytes. Without one it is looked for anywhere.
#[derive(Clone, Debug)]
pub(super) struct Pattern(Vec<Vec<u8>>);

impl Pattern {
    /// Takes what the user wrote.
    pub(super) fn new(text: &str) -> Pattern {
        Pattern(text.as_bytes().split(|&byte| byte == b'*').map(<[u8]>::to_vec).collect())
    }

    /// Whether `text` fits: all of it when there is a `*`, else a part.
    pub(super) fn fits(&self, text: &[u8]) -> bool {
        match self.0.as_slice() {
            [] => true,
            [part] => memmem::find(text, part).is_some(),
            [first, middle @ .., last] => {
                let Some(mut left) = text.strip_prefix(first.as_slice()) else { return false };
                for part in middle {
                    let Some(at) = memmem::find(left, part) else { return false };
                    left = &left[at + part.len()..];
                }
                left.ends_with(last)
            }
        }
    }

    /// Whether `name` is it, or fits where there is a `*`.
    pub(super) fn is(&self, name: &[u8]) -> bool {
        if let [whole] = self.0.as_slice() { whole == name } else { self.fits(name) }
    }
}

/// What is looked for. Everything that is given has to hold of a group.
#[derive(Clone, Debug, Default)]
pub(super) struct Selection {
    pub(super) url: Option<Pattern>,
    pub(super) backend: Option<Pattern>,
    pub(super) failed: bool,
}

/// One group that fits, in short. Texts are safe on a terminal.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Match {
    /// The client's request, or an attempt without one.
    pub(super) xid: Vxid,
    pub(super) time: Option<Micros>,
    pub(super) method: String,
    pub(super) url: String,
    pub(super) status: Option<u16>,
    pub(super) backend: Option<String>,
    /// The first error text.
    pub(super) error: Option<String>,
}

impl Selection {
    /// The group in short, when it fits.
    fn take(&self, group: &Group) -> Option<Match> {
        let transactions = &group.transactions;
        let fits = |pattern: &Option<Pattern>, test: fn(&Pattern, &Transaction) -> bool| {
            let Some(pattern) = pattern else { return true };
            transactions.iter().any(|transaction| test(pattern, transaction))
        };
        if !fits(&self.url, has_url) || !fits(&self.backend, has_backend) {
            return None;
        }
        let failures = Failures::read(transactions);
        if self.failed && failures.is_none() {
            return None;
        }
        let top =
            transactions.iter().find(|it| it.kind == Kind::Request).or(transactions.first())?;
        let text = |tags: [Tag; 2]| {
            let found = tags.into_iter().find_map(|tag| top.first(tag));
            found.map(|record| shown(record.text())).unwrap_or_default()
        };
        let last = |tags: [Tag; 2]| {
            let of = |tag| top.records().filter(move |record| record.tag == Some(tag)).last();
            tags.into_iter().find_map(of)
        };
        let status = last([Tag::RespStatus, Tag::BerespStatus])
            .and_then(|record| std::str::from_utf8(record.text()).ok()?.parse().ok());
        let backend = || {
            let opened = |it: &Transaction| Open::parse(it.first(Tag::BackendOpen)?.text());
            transactions.iter().rev().find_map(opened).map(|open| open.name)
        };
        let error = failures.as_ref().and_then(|failures| failures.attempts.first());
        Some(Match {
            xid: top.vxid,
            time: top.first(Tag::Timestamp).and_then(|it| Micros::of_timestamp(it.text())),
            method: text([Tag::ReqMethod, Tag::BereqMethod]),
            url: text([Tag::ReqUrl, Tag::BereqUrl]),
            status,
            backend: failures.as_ref().and_then(|it| it.backend.clone()).or_else(backend),
            error: error.map(|attempt| shown(attempt.error.as_bytes())),
        })
    }
}

fn has_url(pattern: &Pattern, transaction: &Transaction) -> bool {
    let is_url = |tag| matches!(tag, Some(Tag::ReqUrl | Tag::BereqUrl));
    transaction.records().any(|record| is_url(record.tag) && pattern.fits(record.text()))
}

fn has_backend(pattern: &Pattern, transaction: &Transaction) -> bool {
    transaction.records().any(|record| match record.tag {
        Some(Tag::BackendOpen) => {
            Open::parse(record.text()).is_some_and(|open| pattern.is(open.name.as_bytes()))
        }
        // What never got a connection names its backend in the error only.
        Some(Tag::FetchError) => {
            let name = record.text().strip_prefix(b"backend ").and_then(|rest| {
                let end = memmem::find(rest, b": ")?;
                Some(&rest[..end])
            });
            name.is_some_and(|name| pattern.is(name))
        }
        _ => false,
    })
}

fn shown(text: &[u8]) -> String {
    visible(&text[..text.len().min(TEXT_BYTES)])
}

/// Collects matches while records come by.
#[derive(Debug)]
pub(super) struct Finder<'a> {
    selection: &'a Selection,
    grouper: Option<(Dialect, Grouper)>,
    matches: VecDeque<Match>,
    /// The group of the newest match, for a log that cannot be read twice.
    newest: Option<(Option<Micros>, Group)>,
    total: u64,
    groups: u64,
}

impl<'a> Finder<'a> {
    /// Nothing was read so far.
    pub(super) fn new(selection: &'a Selection) -> Finder<'a> {
        let matches = VecDeque::new();
        Finder { selection, grouper: None, matches, newest: None, total: 0, groups: 0 }
    }

    /// Takes whole records in.
    pub(super) fn input(&mut self, dialect: Dialect, bytes: &[u8]) {
        if self.grouper.as_ref().is_some_and(|(before, _)| *before != dialect) {
            self.flush();
            self.grouper = None;
        }
        let (_, grouper) = self.grouper.get_or_insert_with(|| {
            let limits =
                Limits { timeout: Duration::MAX, open_max: OPEN, open_max_bytes: OPEN_BYTES };
            (dialect, Grouper::new(Grouping::Request, dialect, limits).with_orphans(true))
        });
        // A file's time is not ours: nothing gets old.
        grouper.row(bytes, Duration::ZERO);
        self.drain();
    }

    /// Nothing more comes: what is open is looked at as it is.
    pub(super) fn flush(&mut self) {
        if let Some((_, grouper)) = &mut self.grouper {
            grouper.flush();
        }
        self.drain();
    }

    fn drain(&mut self) {
        let Some((_, grouper)) = &mut self.grouper else { return };
        while let Some(group) = grouper.pop() {
            self.groups += 1;
            let Some(found) = self.selection.take(&group) else {
                grouper.recycle(group);
                continue;
            };
            self.total += 1;
            if self.matches.len() == REMEMBERED {
                self.matches.pop_front();
            }
            if self.newest.as_ref().is_none_or(|(time, _)| found.time >= *time) {
                self.newest = Some((found.time, group));
            } else {
                grouper.recycle(group);
            }
            self.matches.push_back(found);
        }
    }

    /// What was found, newest first, and how many fit in all and were looked at.
    pub(super) fn finish(mut self) -> Matches {
        self.flush();
        let mut newest_first: Vec<Match> = self.matches.into_iter().rev().collect();
        // Groups end in another order than they begin; those without a time stay where they are.
        newest_first.sort_by_key(|found| std::cmp::Reverse(found.time));
        let newest = self.newest.map(|(_, group)| group);
        Matches { newest_first, newest, total: self.total, groups: self.groups }
    }
}

/// The groups that fit.
#[derive(Clone, Debug, Default)]
pub(super) struct Matches {
    /// At most 1000.
    pub(super) newest_first: Vec<Match>,
    /// The group of the newest, where it was read just now.
    pub(super) newest: Option<Group>,
    /// How many fit.
    pub(super) total: u64,
    /// How many were looked at.
    pub(super) groups: u64,
}

#[cfg(test)]
mod tests;
