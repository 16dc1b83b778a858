//! A log in memory, and its transactions as one line each.

use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use shellac_format::{Dialect, Records, Tag, Vxid};

use crate::log::LogSink;

/// How long anything in these tests may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

/// Batches in the order in which they were published, by all threads.
#[derive(Clone, Debug, Default)]
pub(super) struct Journal {
    shared: Arc<(Mutex<Vec<u8>>, Condvar)>,
}

impl LogSink for Journal {
    fn publish(&mut self, batch: &[u8]) {
        let (bytes, news) = &*self.shared;
        bytes.lock().unwrap().extend_from_slice(batch);
        news.notify_all();
    }

    fn sweep(&mut self) {}
}

/// One record.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) tag: Tag,
    pub(super) vxid: Vxid,
    pub(super) text: String,
}

/// One transaction.
#[derive(Clone, Debug)]
pub(super) struct Transaction {
    pub(super) lines: Vec<Line>,
}

impl Journal {
    /// Everything so far.
    pub(super) fn lines(&self, dialect: Dialect) -> Vec<Line> {
        decode(&self.shared.0.lock().unwrap(), dialect)
    }

    /// The transactions so far, in the order in which they began.
    pub(super) fn transactions(&self, dialect: Dialect) -> Vec<Transaction> {
        group(self.lines(dialect))
    }

    /// Waits until the transactions are as `enough` wants them.
    ///
    /// Panics with all of them when that takes too long.
    pub(super) fn wait(
        &self,
        dialect: Dialect,
        mut enough: impl FnMut(&[Transaction]) -> bool,
    ) -> Vec<Transaction> {
        let (bytes, news) = &*self.shared;
        let mut found = Vec::new();
        let (guard, late) = news
            .wait_timeout_while(bytes.lock().unwrap(), PATIENCE, |bytes| {
                found = group(decode(bytes, dialect));
                !enough(&found)
            })
            .unwrap();
        drop(guard);
        assert!(!late.timed_out(), "not in the log in time; what there is: {found:#?}");
        found
    }

    /// Waits for a record that belongs to no transaction.
    pub(super) fn wait_loose(&self, dialect: Dialect, wanted: impl Fn(&Line) -> bool) {
        self.wait_loose_times(dialect, 1, wanted);
    }

    /// Waits for several of them.
    pub(super) fn wait_loose_times(
        &self,
        dialect: Dialect,
        times: usize,
        wanted: impl Fn(&Line) -> bool,
    ) {
        let (bytes, news) = &*self.shared;
        let is_one = |line: &Line| line.vxid.0 == 0 && wanted(line);
        let enough = |bytes: &[u8]| {
            decode(bytes, dialect).iter().filter(|line| is_one(line)).count() >= times
        };
        let (guard, late) = news
            .wait_timeout_while(bytes.lock().unwrap(), PATIENCE, |bytes| !enough(bytes))
            .unwrap();
        if late.timed_out() {
            let loose = decode(&guard, dialect).into_iter().filter(|line| line.vxid.0 == 0);
            panic!("not in the log in time; what there is: {:#?}", loose.collect::<Vec<_>>());
        }
    }

    /// Waits until `count` sessions have ended; returns all transactions.
    pub(super) fn wait_sessions(&self, dialect: Dialect, count: usize) -> Vec<Transaction> {
        self.wait(dialect, |all| {
            all.iter().filter(|one| one.kind() == "sess" && one.has_ended()).count() >= count
        })
    }
}

pub(super) fn decode(bytes: &[u8], dialect: Dialect) -> Vec<Line> {
    Records::new(dialect.layout(), bytes)
        .map(|record| record.expect("the proxy writes whole records"))
        .map(|record| Line {
            tag: record.tag(dialect).expect("a tag of this dialect"),
            vxid: record.vxid,
            text: String::from_utf8_lossy(record.text()).into_owned(),
        })
        .collect()
}

fn group(lines: Vec<Line>) -> Vec<Transaction> {
    let mut transactions: Vec<Transaction> = Vec::new();
    for line in lines.into_iter().filter(|line| line.vxid.0 != 0) {
        match transactions.iter_mut().find(|one| one.lines[0].vxid == line.vxid) {
            Some(transaction) => transaction.lines.push(line),
            None => {
                assert_eq!(line.tag, Tag::Begin, "{line:?} before the beginning");
                transactions.push(Transaction { lines: vec![line] });
            }
        }
    }
    transactions
}

impl Transaction {
    /// `sess`, `req` or `bereq`.
    pub(super) fn kind(&self) -> &str {
        self.lines[0].text.split(' ').next().unwrap_or_default()
    }

    /// Its number.
    pub(super) fn xid(&self) -> u64 {
        self.lines[0].vxid.0
    }

    /// The parent that its first record names.
    pub(super) fn parent(&self) -> u64 {
        self.lines[0].text.split(' ').nth(1).unwrap().parse().unwrap()
    }

    /// Whether its last record is there.
    pub(super) fn has_ended(&self) -> bool {
        self.lines.last().is_some_and(|line| line.tag == Tag::End)
    }

    /// The texts of all records of `tag`.
    pub(super) fn texts(&self, tag: Tag) -> Vec<&str> {
        self.lines.iter().filter(|line| line.tag == tag).map(|line| line.text.as_str()).collect()
    }

    /// The value of a `VCL_Log` record `key:value`.
    pub(super) fn note(&self, key: &str) -> Option<&str> {
        self.lines
            .iter()
            .filter(|line| line.tag == Tag::VclLog)
            .filter_map(|line| line.text.split_once(':'))
            .find(|(found, _)| *found == key)
            .map(|(_, value)| value)
    }

    /// One line for the whole transaction: heads as groups, and of each other record what does not change from run to run.
    pub(super) fn sequence(&self) -> String {
        let mut parts: Vec<String> = Vec::new();
        for line in &self.lines {
            let part = part(line);
            // A head is one part, with its status once that has come.
            if let (Some(group), Some(last)) = (part.strip_suffix('}'), parts.last_mut())
                && let Some(open) = last.strip_suffix('}')
            {
                let name = group.split(' ').next();
                if open.split(' ').next() == name {
                    if group.contains(' ') {
                        *last = part;
                    }
                    continue;
                }
            }
            parts.push(part);
        }
        parts.join(" > ")
    }
}

/// What a record contributes to its transaction's line.
fn part(line: &Line) -> String {
    let words: Vec<&str> = line.text.split(' ').collect();
    let word = |at: usize| words.get(at).copied().unwrap_or_default();
    let name = line.tag.name();
    let head = ["Bereq", "Beresp", "Req", "Resp"].into_iter().find(|head| {
        name.strip_prefix(head).is_some_and(|rest| {
            ["Method", "URL", "Protocol", "Status", "Reason", "Header", "Unset"].contains(&rest)
        })
    });
    if let Some(head) = head {
        return if name.ends_with("Status") {
            format!("{{{head} {}}}", line.text)
        } else {
            format!("{{{head}}}")
        };
    }
    match line.tag {
        Tag::Begin | Tag::Link => format!("{name} {} {}", word(0), word(2)),
        Tag::Timestamp => format!("ts {}", word(0).trim_end_matches(':')),
        Tag::VclCall => format!("call {}", line.text),
        Tag::VclReturn => format!("ret {}", line.text),
        Tag::BackendOpen => {
            format!("{name} {}{}", word(6), if words.len() > 7 { " AGE N" } else { "" })
        }
        Tag::BackendClose => format!("{name} {}", words[2..].join(" ")),
        Tag::FetchError | Tag::VclError | Tag::Error => format!("{name} \"{}\"", line.text),
        Tag::SessClose => format!("{name} {}", word(0)),
        Tag::FetchBody | Tag::Storage => format!("{name} {}", line.text),
        Tag::VclLog => match line.text.split_once(':') {
            Some((
                key @ ("fetch.age" | "fetch.idle" | "fetch.addr" | "fetch.acked" | "fetch.taken"
                | "fetch.waited"),
                _,
            )) => {
                format!("log {key}")
            }
            _ => format!("log {}", line.text),
        },
        _ => name.to_owned(),
    }
}
