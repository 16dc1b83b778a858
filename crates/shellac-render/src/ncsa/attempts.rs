//! The attempts behind a request, as nginx lists them: with commas between those of one round, and colons between rounds,
//! which restarts begin.

use std::ops::Range;

use shellac_format::{Dialect, Heads, Tag};
use shellac_log::{Group, Kind, Reason, Transaction};

use super::field::{after, decimal, trimmed, word};
use super::parse::Upstream;
use super::write::push_millis;
use crate::error_text::{Class, Reading};
use crate::lines::Text;

/// Finds and describes attempts; what it is made of is used again for each group.
#[derive(Clone, Debug)]
pub(super) struct Attempts {
    numbers: Numbers,
    /// Numbers of transactions of the group, sorted, with their places in it.
    by_number: Vec<(u64, usize)>,
    /// Attempts by the number of what started them, sorted, with their places in the group.
    by_parent: Vec<(u64, usize)>,
    /// Requests from the last round to the first.
    rounds: Vec<usize>,
    /// Those of the transaction at `of`.
    found: Vec<Attempt>,
    of: Option<usize>,
}

/// Numbers of tags in the dialect; 0 is none.
#[derive(Clone, Copy, Debug)]
struct Numbers {
    opened: u8,
    log: u8,
    timestamp: u8,
    status: u8,
    error: u8,
}

/// One attempt.
#[derive(Clone, Debug, Default)]
struct Attempt {
    /// Its place in the group.
    at: usize,
    /// Another round began with it.
    begins_round: bool,
    /// Address and port as words of its records.
    address: Option<(Range<usize>, Range<usize>)>,
    /// Where the address is one text.
    address_text: Option<Range<usize>>,
    status: Option<Range<usize>>,
    /// There was no response.
    failed: bool,
    timed_out: bool,
    /// Seconds since the transaction began.
    fetch: f64,
    connected: Option<f64>,
    head: Option<f64>,
    end: Option<f64>,
}

/// What nginx answers for a backend that did not, and for one that took too long.
const BAD_GATEWAY: &[u8] = b"502";
const GATEWAY_TIMEOUT: &[u8] = b"504";

impl Attempts {
    pub(super) fn new(dialect: Dialect) -> Attempts {
        let number = |tag: Tag| tag.number(dialect).unwrap_or(0);
        Attempts {
            numbers: Numbers {
                opened: number(Tag::BackendOpen),
                log: number(Tag::VclLog),
                timestamp: number(Tag::Timestamp),
                status: number(Tag::BerespStatus),
                error: number(Tag::FetchError),
            },
            by_number: Vec::new(),
            by_parent: Vec::new(),
            rounds: Vec::new(),
            found: Vec::new(),
            of: None,
        }
    }

    /// Learns who started whom in a group.
    pub(super) fn learn(&mut self, group: &Group) {
        self.of = None;
        self.by_number.clear();
        self.by_parent.clear();
        for (at, transaction) in group.transactions.iter().enumerate() {
            self.by_number.push((transaction.vxid.0, at));
            // Nobody waits for a background fetch.
            if transaction.kind == Kind::Backend && transaction.reason != Reason::Bgfetch {
                self.by_parent.push((transaction.parent.0, at));
            }
        }
        self.by_number.sort_unstable();
        self.by_parent.sort_unstable();
    }

    /// Appends a column of the attempts of the transaction at `of`. False: there are none.
    pub(super) fn write(
        &mut self,
        group: &Group,
        of: usize,
        column: Upstream,
        out: &mut Text,
    ) -> bool {
        if self.of != Some(of) {
            self.find(group, of);
        }
        for (at, attempt) in self.found.iter().enumerate() {
            match (at, attempt.begins_round) {
                (0, _) => {}
                (_, true) => out.push(b" : "),
                (_, false) => out.push(b", "),
            }
            attempt.write(&group.transactions[attempt.at], column, out);
        }
        !self.found.is_empty()
    }

    fn find(&mut self, group: &Group, of: usize) {
        self.of = Some(of);
        self.found.clear();
        self.rounds.clear();
        if group.transactions[of].kind == Kind::Backend {
            self.found.push(Attempt::of(&group.transactions[of], of, self.numbers));
            return;
        }
        let mut round = of;
        loop {
            self.rounds.push(round);
            let transaction = &group.transactions[round];
            let parent = self.by_number.partition_point(|it| it.0 < transaction.parent.0);
            match self.by_number.get(parent) {
                // Rounds come one after the other, so that a log that says something else does not lead in circles.
                Some(&(number, at))
                    if transaction.reason == Reason::Restart
                        && number == transaction.parent.0
                        && at < round =>
                {
                    round = at;
                }
                _ => break,
            }
        }
        while let Some(round) = self.rounds.pop() {
            let mut begins_round = true;
            let mut after = 0;
            let mut parent = group.transactions[round].vxid.0;
            while let Some(at) = self.child(parent, after) {
                let attempt = Attempt::of(&group.transactions[at], at, self.numbers);
                self.found.push(Attempt { begins_round, ..attempt });
                begins_round = false;
                // A retry is started by the attempt before it.
                after = at + 1;
                parent = group.transactions[at].vxid.0;
                if self.child(parent, after).is_none() {
                    parent = group.transactions[round].vxid.0;
                }
            }
        }
    }

    /// The first attempt from this place on that `parent` started.
    fn child(&self, parent: u64, from: usize) -> Option<usize> {
        let at = self.by_parent.partition_point(|it| *it < (parent, from));
        self.by_parent.get(at).filter(|it| it.0 == parent).map(|it| it.1)
    }
}

impl Attempt {
    fn of(transaction: &Transaction, at: usize, numbers: Numbers) -> Attempt {
        let mut attempt = Attempt { at, ..Attempt::default() };
        let bytes = transaction.bytes();
        let Numbers { opened, log, timestamp, status, error } = numbers;
        let wanted = [opened, log, timestamp, status, error];
        let mut heads = Heads::new(transaction.dialect().layout(), bytes);
        while let Some(place) = heads.next_wanted(|number| wanted.contains(&number)) {
            let start = place.payload;
            let payload = &bytes[start..start + place.len_bytes];
            let end = start + memchr::memchr(0, payload).unwrap_or(payload.len());
            let text = start..end;
            match place.number {
                number if number == opened => {
                    let words = (word(bytes, text.clone(), 3), word(bytes, text, 4));
                    if let (Some(address), Some(port)) = words {
                        attempt.address = Some((address, port));
                    }
                }
                number if number == timestamp => attempt.timestamp(bytes, &text),
                number if number == status => {
                    if !attempt.failed && attempt.status.is_none() {
                        attempt.status = Some(trimmed(bytes, text));
                    }
                }
                number if number == error => attempt.error(&bytes[text]),
                _ => attempt.note(bytes, &text),
            }
        }
        attempt
    }

    fn timestamp(&mut self, bytes: &[u8], text: &Range<usize>) {
        let since = |label: &[u8]| {
            let rest = after(bytes, text.clone(), label)?;
            decimal(&bytes[word(bytes, rest, 2)?])
        };
        if let Some(time) = since(b"Fetch:") {
            self.fetch = time;
        } else if let Some(time) = since(b"Connected:") {
            self.connected = Some(time);
        } else if let Some(time) = since(b"Beresp:") {
            if !self.failed {
                self.head = Some(time);
            }
            self.end = Some(time);
        } else if let Some(time) = since(b"BerespBody:").or_else(|| since(b"Error:")) {
            self.end = Some(time);
        }
    }

    fn error(&mut self, text: &[u8]) {
        // Behind a head the response has the status that it came with.
        self.failed |= self.status.is_none();
        let text = std::str::from_utf8(text).ok();
        let reading = text.and_then(|text| Reading::of([text]));
        self.timed_out |= reading.is_some_and(|it| it.classes.single() == Some(Class::Timeout));
    }

    /// What only our proxy says.
    fn note(&mut self, bytes: &[u8], text: &Range<usize>) {
        if let Some(class) = after(bytes, text.clone(), b"fetch.class:") {
            self.timed_out |= &bytes[trimmed(bytes, class)] == b"timeout";
        } else if let Some(address) = after(bytes, text.clone(), b"fetch.addr:") {
            self.address_text = Some(trimmed(bytes, address));
        }
    }

    fn write(&self, transaction: &Transaction, column: Upstream, out: &mut Text) {
        let bytes = transaction.bytes();
        match column {
            Upstream::Address => match (&self.address, &self.address_text) {
                (Some((address, port)), _) => {
                    write_address(&bytes[address.clone()], &bytes[port.clone()], out);
                }
                (None, Some(text)) => write_word(&bytes[text.clone()], out),
                (None, None) => out.push(b"-"),
            },
            Upstream::Status => match &self.status {
                Some(status) => write_word(&bytes[status.clone()], out),
                None if self.failed && self.timed_out => out.push(GATEWAY_TIMEOUT),
                None if self.failed => out.push(BAD_GATEWAY),
                None => out.push(b"-"),
            },
            Upstream::ResponseTime => self.write_time(self.end, out),
            Upstream::ConnectTime => self.write_time(self.connected, out),
            Upstream::HeaderTime => self.write_time(self.head, out),
        }
    }

    /// Seconds with three decimals since the attempt began to look for a connection.
    fn write_time(&self, time: Option<f64>, out: &mut Text) {
        #[allow(
            clippy::cast_possible_truncation,
            reason = "what does not fit is the nearest that does"
        )]
        let millis = |time: f64| ((time - self.fetch).max(0.0) * 1e6).round() as i64 / 1000;
        match time {
            Some(time) => push_millis(millis(time), out),
            None => out.push(b"-"),
        }
    }
}

fn write_address(address: &[u8], port: &[u8], out: &mut Text) {
    let is_port = port.iter().all(u8::is_ascii_digit) && port != b"0";
    match (address.contains(&b':'), address.first()) {
        (_, Some(b'/')) => {
            out.push(b"unix:");
            write_word(address, out);
        }
        (true, _) if is_port => {
            out.push(b"[");
            write_word(address, out);
            out.push(b"]");
        }
        _ => write_word(address, out),
    }
    if is_port {
        out.push(b":");
        out.push(port);
    }
}

/// A word of a log, with a question mark for whatever could end a field.
fn write_word(text: &[u8], out: &mut Text) {
    for &byte in text {
        out.push(if byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\') {
            std::slice::from_ref(&byte)
        } else {
            b"?"
        });
    }
}
