//! Any stream of records, with whatever `Begin`, `Link` and `End` say, in every grouping and under every limit: the
//! grouper ends, holds no more than it may, and every record comes out once, in order, or is accounted for.
#![no_main]

use std::collections::HashSet;
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use shellac_format::record::encode_text;
use shellac_format::{Dialect, Side, Tag, Vxid};
use shellac_log::{Compat, GivenUp, Group, Grouper, Grouping, Limits, Sides};

/// Bytes of input, one decision each; behind the end all of them are 0.
struct Decisions<'a>(&'a [u8]);

impl Decisions<'_> {
    fn is_over(&self) -> bool {
        self.0.is_empty()
    }

    fn byte(&mut self) -> u8 {
        let Some((&byte, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        byte
    }

    fn below(&mut self, end: u8) -> usize {
        usize::from(self.byte() % end)
    }

    fn one_of<T: Copy>(&mut self, items: &[T]) -> T {
        items[usize::from(self.byte()) % items.len()]
    }
}

/// Records in the making. Each has a number of its own at the end of its payload, which readers do not look at.
struct Writer {
    dialect: Dialect,
    serial: u64,
    bytes_written: u64,
}

const KINDS: [&str; 6] = ["sess", "req", "bereq", "req", "bereq", "nonsense"];
const REASONS: [&str; 9] =
    ["rxreq", "esi", "restart", "pass", "fetch", "bgfetch", "retry", "HTTP/1", "synth"];

impl Writer {
    fn record(&mut self, vxid: u64, decisions: &mut Decisions<'_>, out: &mut Vec<u8>) {
        let tag = decisions.one_of(&[
            Tag::Begin,
            Tag::Link,
            Tag::End,
            Tag::ReqUrl,
            Tag::Begin,
            Tag::Link,
            Tag::End,
            Tag::Timestamp,
        ]);
        let said = match tag {
            Tag::Begin | Tag::Link => match decisions.below(16) {
                0 => "req".to_owned(),
                1 => format!("req 99999999999999999999 {}", "x".repeat(decisions.below(40))),
                choice => {
                    let (kind, reason) = (decisions.one_of(&KINDS), decisions.one_of(&REASONS));
                    let level = if choice == 2 { " 1" } else { "" };
                    format!("{kind} {} {reason}{level}", decisions.below(10))
                }
            },
            _ => "x".repeat(decisions.below(30)),
        };
        let side = decisions.one_of(&[Side::Client, Side::Backend, Side::None]);
        let text = format!("{said} #{}", self.serial);
        self.serial += 1;
        let number = tag.number(self.dialect).expect("every dialect has these");
        let (layout, start) = (self.dialect.layout(), out.len());
        encode_text(out, layout, number, Vxid(vxid), side, text.as_bytes(), 255);
        self.bytes_written += (out.len() - start) as u64;
    }
}

/// What came out so far.
#[derive(Default)]
struct Seen {
    serials: HashSet<u64>,
    bytes: u64,
}

impl Seen {
    /// Looks at a group. What the grouper made up has no number, or is a `VSL`, which is never read here.
    fn group(&mut self, group: &Group) {
        assert!(!group.transactions.is_empty());
        for transaction in &group.transactions {
            let mut last = None;
            for (record, bytes) in transaction.records().with_bytes() {
                let text =
                    std::str::from_utf8(record.text()).expect("all that was written is text");
                let Some((_, serial)) =
                    text.rsplit_once('#').filter(|_| record.tag != Some(Tag::Vsl))
                else {
                    continue;
                };
                let serial = serial.parse().expect("a number ends it");
                assert!(self.serials.insert(serial), "{serial} comes out twice");
                assert!(last < Some(serial), "{serial} comes out behind {last:?}");
                last = Some(serial);
                self.bytes += bytes.len() as u64;
            }
        }
    }

    fn drain(&mut self, grouper: &mut Grouper, recycles: bool) {
        while let Some(group) = grouper.pop() {
            self.group(&group);
            if recycles {
                grouper.recycle(group);
            }
        }
    }
}

fuzz_target!(|data: &[u8]| {
    let mut decisions = Decisions(data);
    let grouping = decisions.one_of(&Grouping::WORDS).1;
    let dialect = decisions.one_of(&Dialect::ALL);
    let limits = Limits {
        timeout: decisions.one_of(&[Duration::MAX, Duration::from_secs(3), Duration::ZERO]),
        open_max: decisions.one_of(&[usize::MAX, 1, 2, 5]),
        open_max_bytes: decisions.one_of(&[usize::MAX, 1, 1000, 3000]),
    };
    let sides = match decisions.below(6) {
        0 => Sides { client: true, backend: false, includes: false },
        1 => Sides { client: false, backend: true, includes: false },
        2 => Sides { client: true, backend: true, includes: true },
        _ => Sides::default(),
    };
    let flags = decisions.byte();
    let mut grouper = Grouper::new(grouping, dialect, limits)
        .with_compat(if flags & 1 == 0 { Compat::V7 } else { Compat::V9 })
        .with_orphans(flags & 2 == 0)
        .with_sides(sides);
    let recycles = flags & 4 == 0;
    let mut writer = Writer { dialect, serial: 0, bytes_written: 0 };
    let mut seen = Seen::default();
    let mut now = Duration::ZERO;
    let mut records = Vec::new();
    while !decisions.is_over() {
        records.clear();
        let action = decisions.byte();
        let count = 1 + usize::from(action >> 5);
        match action % 16 {
            0 => now += Duration::from_secs(u64::from(decisions.byte() % 4)),
            1 => grouper.give_up_all(decisions.one_of(&[GivenUp::Flush, GivenUp::Gap])),
            // A batch is of one transaction, or should be.
            2..=7 => {
                let vxid = decisions.below(8) as u64;
                for _ in 0..count {
                    let stray = decisions.below(32) == 1;
                    writer.record(vxid + u64::from(stray), &mut decisions, &mut records);
                }
                grouper.unit(&records, now);
            }
            _ => {
                for _ in 0..count {
                    let vxid = decisions.below(8) as u64;
                    writer.record(vxid, &mut decisions, &mut records);
                }
                assert_eq!(grouper.row(&records, now), records.len());
            }
        }
        seen.drain(&mut grouper, recycles);
        assert!(grouper.open() <= limits.open_max, "{} are open", grouper.open());
        assert!(grouper.open_bytes() <= limits.open_max_bytes, "{} bytes", grouper.open_bytes());
    }
    grouper.flush();
    seen.drain(&mut grouper, recycles);
    assert_eq!((grouper.open(), grouper.open_bytes()), (0, 0), "everything was given up");
    let account = grouper.account();
    let left_out = account.outside_bytes + account.unopened_bytes + account.orphan_bytes;
    assert_eq!(seen.bytes + left_out, writer.bytes_written, "{account:?}");
});
