//! A log that never was, for tests of what is made of one.

use std::time::Duration;

use shellac_format::{Dialect, Side, Tag, Vxid, record};
use shellac_log::{Group, Grouper, Grouping, Limits, Transaction};
use shellac_measure::Dice;
use shellac_render::redact::Redaction;

use super::failing::Kept;
use super::state::State;
use super::traffic::Traffic;

const DIALECT: Dialect = Dialect::V7_3;
/// When the simulated logs begin, in seconds since 1970.
pub(crate) const BEGIN: u64 = 1_767_268_800;

fn transaction(vxid: u64, side: Side, records: &[(Tag, String)]) -> Transaction {
    let mut bytes = Vec::new();
    for (tag, text) in records {
        let number = tag.number(DIALECT).expect("a tag of this dialect");
        let layout = DIALECT.layout();
        record::encode_text(&mut bytes, layout, number, Vxid(vxid), side, text.as_bytes(), 1024);
    }
    Transaction::from_records(DIALECT, 1, bytes).expect("whole records")
}

/// One request of a simulated log.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) backend: &'a str,
    pub(crate) method: &'a str,
    pub(crate) url: &'a str,
    pub(crate) fails: bool,
}

fn stamp(label: &str, at: f64, since: f64, took: f64) -> (Tag, String) {
    (Tag::Timestamp, format!("{label}: {at:.6} {since:.6} {took:.6}"))
}

/// A request with its attempt, answered with 200 or, when the attempt fails, with 503.
fn group(number: u64, at: Duration, asked: Asked<'_>) -> Group {
    let (xid, at) = (number * 10 + 1, at.as_secs_f64());
    let Asked { backend, method, url, fails } = asked;
    let mut attempt = vec![
        (Tag::Begin, format!("bereq {xid} pass")),
        stamp("Start", at, 0.0, 0.0),
        (Tag::BereqMethod, method.to_owned()),
        (Tag::BereqUrl, url.to_owned()),
        (Tag::BackendOpen, format!("20 {backend} 127.0.0.1 8080 127.0.0.1 9000 connect")),
        stamp("Connected", at + 0.001, 0.001, 0.001),
        stamp("Bereq", at + 0.001, 0.001, 0.0),
    ];
    if fails {
        attempt.push((Tag::FetchError, "HTC eof (-1)".to_owned()));
        attempt.push(stamp("Beresp", at + 0.002, 0.002, 0.001));
        attempt.push((Tag::BerespStatus, "503".to_owned()));
        attempt.push(stamp("Error", at + 0.002, 0.002, 0.0));
    } else {
        attempt.push(stamp("Beresp", at + 0.021, 0.021, 0.020));
        attempt.push((Tag::BerespStatus, "200".to_owned()));
        attempt.push(stamp("BerespBody", at + 0.022, 0.022, 0.001));
    }
    attempt.push((Tag::End, String::new()));
    let took = if fails { 0.003 } else { 0.030 };
    let request = [
        (Tag::Begin, "req 1 rxreq".to_owned()),
        stamp("Start", at, 0.0, 0.0),
        (Tag::ReqStart, "127.0.0.1 5000 a0".to_owned()),
        (Tag::ReqMethod, method.to_owned()),
        (Tag::ReqUrl, url.to_owned()),
        (Tag::RespStatus, if fails { "503" } else { "200" }.to_owned()),
        (Tag::Link, format!("bereq {} pass", xid + 1)),
        stamp("Resp", at + took, took, 0.0),
        (Tag::End, String::new()),
    ];
    Group {
        transactions: vec![
            transaction(xid, Side::Client, &request),
            transaction(xid + 1, Side::Backend, &attempt),
        ],
    }
}

/// A watch without a thread, and what it is shown.
pub(crate) struct Simulation {
    pub(super) state: State,
    pub(crate) kept: Kept,
    grouper: Grouper,
    dice: Dice,
    pub(super) number: u64,
}

impl Simulation {
    pub(crate) fn new(seed: u64) -> Simulation {
        println!("seed {seed}");
        let kept = Kept::default();
        let mut state = State::new(Redaction::default(), kept.clone(), seed);
        state.opened(DIALECT);
        let grouper = Grouper::new(Grouping::Request, DIALECT, Limits::default());
        Simulation { state, kept, grouper, dice: Dice::new(seed), number: 0 }
    }

    /// So many requests a second, from one second after the begin to another.
    pub(crate) fn run(
        &mut self,
        seconds: std::ops::Range<u64>,
        by_second: u64,
        bad: impl Fn(&str) -> f64,
    ) {
        const BACKENDS: [&str; 4] = ["api1", "api2", "api3", "api4"];
        for second in seconds {
            for part in 0..by_second {
                self.number += 1;
                let at = Duration::from_secs(BEGIN + second)
                    + Duration::from_millis(part * 900 / by_second);
                let backend = BACKENDS[self.dice.below(BACKENDS.len())];
                let method = if self.dice.below(5) == 0 { "POST" } else { "GET" };
                let url = format!("/item/{}?q=secret", self.dice.below(1000));
                let fails = self.dice.share() < bad(backend);
                let asked = Asked { backend, method, url: &url, fails };
                self.one(at, asked);
            }
        }
    }

    /// One request.
    pub(crate) fn one(&mut self, at: Duration, asked: Asked<'_>) {
        self.state.group(group(self.number, at, asked), &mut self.grouper, None);
    }

    /// What is to be seen so many seconds after the begin.
    pub(crate) fn traffic(&mut self, second: u64) -> Traffic {
        let now = Duration::from_secs(BEGIN + second);
        let mut about = Traffic::nothing_yet("test".to_owned());
        about.since = now;
        self.state.traffic(now, about)
    }

    /// Records without a transaction, at so many seconds after the begin.
    pub(crate) fn says(&mut self, second: u64, says: &[(Tag, &str)]) {
        let records = outside(says);
        assert!(self.state.is_outside(&records));
        self.state.outside(&records, Duration::from_secs(BEGIN + second));
    }
}

/// Records without a transaction.
fn outside(says: &[(Tag, &str)]) -> Vec<u8> {
    let mut records = Vec::new();
    for (tag, text) in says {
        let number = tag.number(DIALECT).expect("a tag");
        let (layout, side) = (DIALECT.layout(), Side::None);
        record::encode_text(&mut records, layout, number, Vxid(0), side, text.as_bytes(), 1024);
    }
    records
}
