//! Records as bytes, numbers as text, transactions that are cut, stall or overflow.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use shellac_format::record::Stamp;
use shellac_format::{Dialect, Layout, Records, Side, Tag, TagSet, Vxid};

use super::buffer::Buffer;
use super::text::{Face, ROOM_BYTES, Text, Times, put};
use super::*;
use crate::clock::{Clock, Micros};
use shellac_http1::{Decimal, ResponseHead, Version};

#[derive(Clone, Default)]
struct Batches(Arc<Mutex<Vec<Vec<u8>>>>);

impl LogSink for Batches {
    fn publish(&mut self, batch: &[u8]) {
        self.0.lock().unwrap().push(batch.to_vec());
    }

    fn sweep(&mut self) {}
}

impl Batches {
    /// Tag name and text of every record of every batch.
    fn texts(&self, dialect: Dialect) -> Vec<Vec<(Tag, String)>> {
        let batches = self.0.lock().unwrap();
        let record = |record: Result<shellac_format::Record<'_>, _>| {
            let record = record.unwrap();
            let text = String::from_utf8_lossy(record.text()).into_owned();
            (record.tag(dialect).unwrap(), text)
        };
        batches
            .iter()
            .map(|batch| Records::new(dialect.layout(), batch).map(record).collect())
            .collect()
    }
}

fn log(dialect: Dialect, reclen: usize, stall: Duration) -> (Rc<Log>, Batches) {
    let batches = Batches::default();
    let xids = Xids::new(dialect.layout(), 1000, 0, 1);
    let grammar = Grammar::new(dialect, reclen);
    let sink = Box::new(batches.clone());
    (Rc::new(Log::new(grammar, Clock::start(), stall, xids, sink)), batches)
}

fn begin(log: &Rc<Log>) -> Txn {
    let now = log.now();
    Txn::begin(log, TxnKind::Request, Vxid(7), Vxid(6), now, now)
}

#[test]
fn numbers_and_seconds_are_written_in_full() {
    let text = |fill: &dyn Fn(&mut Text<'_>)| {
        let mut out = vec![b'?'; 64 + ROOM_BYTES];
        let mut text = Text::new(&mut out, 64);
        fill(&mut text);
        let len = text.finish();
        assert_eq!(out[len..len + 4], [0; 4]);
        String::from_utf8(out[..len].to_vec()).unwrap()
    };
    assert_eq!(Decimal::new(0).as_bytes(), b"0");
    assert_eq!(Decimal::new(u64::MAX).as_bytes(), b"18446744073709551615");
    assert_eq!(text(&|t| _ = t.seconds(0)), "0.000000");
    assert_eq!(text(&|t| _ = t.seconds(1_795_304_777_000_042)), "1795304777.000042");
    assert_eq!(text(&|t| _ = t.seconds(9_999_999)), "9.999999");
    assert_eq!(text(&|t| _ = t.seconds(10_000_000)), "10.000000");
    assert_eq!(text(&|t| _ = t.seconds(999_999_999_999_999)), "999999999.999999");
    assert_eq!(text(&|t| _ = t.seconds(1_000_000_000_000_000)), "1000000000.000000");
    assert_eq!(text(&|t| _ = t.seconds(9_876_543_210_123_456)), "9876543210.123456");
    assert_eq!(text(&|t| _ = t.seconds(10_000_000_000_000_000)), "10000000000.000000");
    assert_eq!(
        text(&|t| _ = t.bytes(&[b'x'; 70]).seconds(1)),
        "x".repeat(64),
        "what does not fit is cut off"
    );
    assert_eq!(text(&|t| _ = t.seconds(10)), "0.000010");
    assert_eq!(
        text(&|t| _ = t.number(u64::MAX).field(0).field(99_999_999)),
        format!("{} 0 99999999", u64::MAX)
    );
    assert_eq!(text(&|t| _ = t.number(100_000_000).field(12_345_678_901)), "100000000 12345678901");
    assert_eq!(
        text(&|t| _ = t.bytes(&[b'x'; 60]).number(1_234_567)),
        format!("{}1234", "x".repeat(60)),
        "what does not fit of a number is cut off"
    );
    assert_eq!(text(&|t| _ = t.bytes(b"a").word(b"b").field(7)), "a b 7");
}

#[test]
fn points_in_time_are_written_in_full() {
    let at = 1_795_304_777_000_042;
    let seconds = |micros: u64| format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000);
    // The second that was written before, the one before that and the one behind it, and times that have no ten digits.
    let walls = [
        at,
        at + 999_957,
        at + 999_958,
        at - 43,
        0,
        7,
        999_999_999_999_999,
        10_000_000_000_000_000,
    ];
    let stamp = Stamp::new(Layout::Words2, Vxid(7), Side::Client);
    let pieces = [
        (0, 0),
        (1, 0),
        (9_999_999, 1_234_567),
        (9_999_999, 9_999_999),
        (10_000_000, 3),
        (4, 72_000_000_000),
    ];
    // One that has shown others before, and those that show their first.
    let mut used = Face::at(at);
    for (wall, (whole, part)) in
        walls.into_iter().flat_map(|wall| pieces.map(|piece| (wall, piece)))
    {
        let times = Times { wall, whole, part };
        for face in [&mut used, &mut Face::at(at), &mut Face::at(wall)] {
            for longest in [16, 41, 42, 43, 254] {
                let mut buffer = Buffer::new(longest);
                if !face.show(&times) || !buffer.stamped(&stamp, 80, "Start", &times, face) {
                    buffer.text(&stamp, 80, |text| _ = text.bytes(b"Start").times(times));
                }
                let expected =
                    format!("Start: {} {} {}", seconds(wall), seconds(whole), seconds(part));
                let record = Records::new(Layout::Words2, buffer.records()).next();
                let record = record.unwrap().unwrap();
                let expected = &expected.as_bytes()[..expected.len().min(longest)];
                assert_eq!(record.text(), expected);
                assert_eq!(record.payload.len(), expected.len() + 1);
            }
        }
    }
    let (usual, mut face) = (Times { wall: at + 1, whole: 1, part: 0 }, Face::at(at));
    let mut buffer = Buffer::new(254);
    assert!(face.show(&usual) && buffer.stamped(&stamp, 80, "Start", &usual, &face), "short way");
}

#[test]
fn rows_of_numbers_are_written_in_full_or_cut() {
    let text = |longest: usize, numbers: [u64; 4]| {
        let mut out = vec![b'?'; longest + ROOM_BYTES];
        let mut text = Text::new(&mut out, longest);
        text.numbers(numbers);
        let len = text.finish();
        String::from_utf8(out[..len].to_vec()).unwrap()
    };
    for numbers in [[0; 4], [99_999_999, 1, 10, 12_345_678], [100_000_000, 0, u64::MAX, 5]] {
        let expected = numbers.map(|number| number.to_string()).join(" ");
        for longest in 0..100 {
            assert_eq!(text(longest, numbers), expected[..expected.len().min(longest)]);
        }
    }
}

#[test]
fn pieces_of_every_length_are_copied_whole_and_alone() {
    let piece: Vec<u8> = (1..=200).collect();
    for len in 0..=piece.len() {
        for room in [len, len + 1, len + 70] {
            let mut out = vec![0; room];
            put(&mut out, &piece[..len]);
            assert_eq!(out[..len], piece[..len]);
            assert!(out[len..].iter().all(|&byte| byte == 0), "{len} bytes");
        }
    }
}

#[test]
fn records_of_every_length_follow_each_other_without_a_gap() {
    for (dialect, reclen) in [(Dialect::V6_0, 16), (Dialect::V7_3, 64), (Dialect::Vs9_0, 255)] {
        let (log, batches) = log(dialect, reclen, Duration::from_secs(1));
        let txn = begin(&log);
        let value: Vec<u8> = (0..300_u32).map(|at| b'a' + (at % 26) as u8).collect();
        for len in 0..=value.len() {
            txn.http_garbage(&value[..len]);
            txn.unset(HeadTags::REQ, "N", &value[..len]);
        }
        txn.end();
        let records: Vec<(Tag, String)> = batches.texts(dialect).into_iter().flatten().collect();
        assert_eq!(records.len(), 2 * value.len() + 4);
        for (len, pair) in records[1..records.len() - 1].chunks(2).enumerate() {
            let value = std::str::from_utf8(&value[..len]).unwrap();
            let cut = |text: &str| text[..text.len().min(reclen - 1)].to_owned();
            assert_eq!(pair[0], (Tag::HttpGarbage, cut(value)));
            assert_eq!(pair[1], (Tag::ReqUnset, cut(&format!("N: {value}"))));
        }
    }
}

#[test]
fn a_head_is_a_record_for_each_of_its_lines() {
    for (dialect, reclen) in [(Dialect::V6_0, 16), (Dialect::V7_3, 64), (Dialect::Vs9_0, 1024)] {
        let (log, batches) = log(dialect, reclen, Duration::from_secs(1));
        let txn = begin(&log);
        // Short and long ones in turn, and more than a buffer takes.
        let lines: Vec<String> = (0..500_usize).map(|at| "v".repeat(at * 37 % 300 + 1)).collect();
        let headers = lines.iter().map(|value| ("N", value)).collect();
        let (status, reason, version) = (200, "OK".to_owned(), Version::Http11);
        let mut head = ResponseHead { version, status, reason, headers };
        for (status, reason) in [(200, "OK"), (200, "Fine"), (206, "OK")] {
            (head.status, head.reason) = (status, reason.to_owned());
            txn.response_head(HeadTags::BERESP, &head, "HTTP/1.1");
            txn.response_head(HeadTags::RESP, &head, "HTTP/1.0");
        }
        txn.end();
        let records: Vec<(Tag, String)> = batches.texts(dialect).into_iter().flatten().collect();
        let mut records = records[1..records.len() - 1].iter();
        let mut next = |tag: Tag, text: &str| {
            let cut = text[..text.len().min(reclen - 1)].to_owned();
            assert_eq!(records.next(), Some(&(tag, cut)));
        };
        for (status, reason) in [("200", "OK"), ("200", "Fine"), ("206", "OK")] {
            for (tags, protocol) in [(HeadTags::BERESP, "HTTP/1.1"), (HeadTags::RESP, "HTTP/1.0")] {
                next(tags.protocol, protocol);
                next(tags.status, status);
                next(tags.reason, reason);
                lines.iter().for_each(|value| next(tags.header, &format!("N: {value}")));
            }
        }
        assert_eq!(records.next(), None);
    }
}

#[test]
fn rows_of_records_are_masked_and_go_out_with_what_is_around_them() {
    let (log, batches) = log(Dialect::V7_3, 255, Duration::from_secs(1));
    log.set_masked(TagSet::parse("VCL_call,Storage").unwrap());
    let txn = begin(&log);
    txn.row(Row::Pass);
    txn.kept(BodyKind::Chunked);
    log.set_masked(TagSet::EMPTY);
    txn.row(Row::Deliver);
    txn.end();
    let batches = batches.texts(Dialect::V7_3);
    let texts: Vec<(Tag, &str)> = batches[0].iter().map(|(tag, text)| (*tag, &**text)).collect();
    let expected = [
        (Tag::Begin, "req 6 rxreq"),
        (Tag::VclReturn, "pass"),
        (Tag::VclReturn, "lookup"),
        (Tag::VclReturn, "fetch"),
        (Tag::Filters, ""),
        (Tag::FetchBody, "2 chunked stream"),
        (Tag::VclCall, "DELIVER"),
        (Tag::VclReturn, "deliver"),
        (Tag::End, ""),
    ];
    assert_eq!(texts, expected);
    assert_eq!(log.written().records, expected.len() as u64);
}

#[test]
fn rows_of_records_fill_buffers_like_others() {
    let (log, batches) = log(Dialect::V6_0, 255, Duration::from_secs(1));
    let txn = begin(&log);
    (0..500).for_each(|_| txn.row(Row::Pass));
    txn.end();
    let batches = batches.texts(Dialect::V6_0);
    assert!(batches.len() > 1);
    let records: Vec<(Tag, String)> = batches.into_iter().flatten().collect();
    assert_eq!(records.len(), 2 + 500 * 6);
    for row in records[1..records.len() - 1].chunks(6) {
        let texts: Vec<&str> = row.iter().map(|(_, text)| &**text).collect();
        assert_eq!(texts, ["RECV", "pass", "HASH", "lookup", "PASS", "fetch"]);
    }
}

#[test]
fn a_batch_is_what_the_records_are_one_by_one() {
    for dialect in [Dialect::V6_0, Dialect::V7_3] {
        let (log, batches) = log(dialect, 255, Duration::from_secs(1));
        let txn = begin(&log);
        txn.call("RECV");
        txn.header(HeadTags::REQ, "Host", b"shop.example");
        txn.end();
        let mut expected = Vec::new();
        let mut add = |tag: Tag, text: &[u8]| {
            let number = tag.number(dialect).unwrap();
            let (layout, side) = (dialect.layout(), Side::Client);
            shellac_format::record::encode_text(
                &mut expected,
                layout,
                number,
                Vxid(7),
                side,
                text,
                255,
            );
        };
        add(Tag::Begin, b"req 6 rxreq");
        add(Tag::VclCall, b"RECV");
        add(Tag::ReqHeader, b"Host: shop.example");
        add(Tag::End, b"");
        assert_eq!(batches.0.lock().unwrap()[0], expected);
    }
}

#[test]
fn a_transaction_is_one_batch_of_records_with_its_number_and_side() {
    for dialect in [Dialect::V6_0, Dialect::V7_3, Dialect::Vs9_0] {
        let (log, batches) = log(dialect, 255, Duration::from_secs(1));
        let mut txn = begin(&log);
        txn.timestamp("Start", txn.first);
        txn.call("RECV");
        txn.end();
        let published = batches.0.lock().unwrap().clone();
        assert_eq!(published.len(), 1);
        for record in Records::new(dialect.layout(), &published[0]) {
            let record = record.unwrap();
            assert_eq!((record.vxid, record.side), (Vxid(7), Side::Client));
            assert_eq!(record.payload.last(), Some(&0), "texts end in NUL");
        }
        let texts = &batches.texts(dialect)[0];
        assert_eq!(texts[0], (Tag::Begin, "req 6 rxreq".to_owned()));
        assert_eq!(texts[3], (Tag::End, String::new()));
        assert!(texts[1].1.starts_with("Start: ") && texts[1].1.ends_with(" 0.000000 0.000000"));
    }
}

#[test]
fn long_records_are_cut_and_stay_texts() {
    let (log, batches) = log(Dialect::V7_3, 32, Duration::from_secs(1));
    let txn = begin(&log);
    txn.header(HeadTags::REQ, "Cookie", &[b'x'; 100]);
    txn.end();
    let published = batches.0.lock().unwrap().clone();
    let record = Records::new(Layout::Words3, &published[0]).nth(1).unwrap().unwrap();
    assert_eq!(record.payload.len(), 32);
    assert_eq!(record.text(), format!("Cookie: {}", "x".repeat(23)).as_bytes());
}

#[test]
fn a_transaction_that_is_dropped_says_so_and_ends() {
    let (log, batches) = log(Dialect::V6_0, 255, Duration::from_secs(1));
    drop(begin(&log));
    let texts = &batches.texts(Dialect::V6_0)[0];
    let tags: Vec<Tag> = texts.iter().map(|(tag, _)| *tag).collect();
    assert_eq!(tags, [Tag::Begin, Tag::Error, Tag::End]);
}

#[test]
fn a_full_buffer_goes_out_in_whole_records() {
    let (log, batches) = log(Dialect::V7_3, 1024, Duration::from_secs(1));
    let txn = begin(&log);
    for _ in 0..100 {
        txn.header(HeadTags::REQ, "X", &[b'x'; 900]);
    }
    txn.end();
    let texts = batches.texts(Dialect::V7_3);
    assert!(texts.len() > 5, "{} batches", texts.len());
    assert_eq!(texts.iter().map(Vec::len).sum::<usize>(), 102);
    assert!(batches.0.lock().unwrap().iter().all(|batch| batch.len() < 16 << 10));
}

#[test]
fn what_stalls_goes_out_with_the_sweep() {
    let (log, batches) = log(Dialect::V7_3, 255, Duration::ZERO);
    let txn = begin(&log);
    assert_eq!(batches.texts(Dialect::V7_3).len(), 0);
    log.sweep();
    assert_eq!(batches.texts(Dialect::V7_3).len(), 1);
    log.sweep();
    assert_eq!(batches.texts(Dialect::V7_3).len(), 1, "nothing new, nothing published");
    txn.end();
}

#[test]
fn buffers_are_used_again() {
    let (log, batches) = log(Dialect::V7_3, 255, Duration::from_secs(1));
    let (one, two) = (begin(&log), begin(&log));
    one.end();
    let three = begin(&log);
    three.call("RECV");
    two.end();
    three.end();
    let lens: Vec<usize> = batches.texts(Dialect::V7_3).iter().map(Vec::len).collect();
    assert_eq!(lens, [2, 2, 3]);
}

#[test]
fn a_panic_publishes_what_is_open() {
    let batches = std::thread::spawn(|| {
        let (log, batches) = log(Dialect::V7_3, 255, Duration::from_secs(1));
        publish_on_panic(&log);
        let seen = RefCell::new(0);
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let _txn = begin(&log);
            *seen.borrow_mut() += 1;
            panic!("on purpose, in a test");
        }));
        assert!(result.is_err());
        assert_eq!(seen.into_inner(), 1);
        batches
    })
    .join()
    .unwrap();
    let texts = batches.texts(Dialect::V7_3);
    // The open transaction, the place, and the transaction's end when it was dropped.
    assert_eq!(texts[0][0].0, Tag::Begin);
    assert_eq!(texts[1][0].0, Tag::Error);
    assert!(texts[1][0].1.contains("on purpose, in a test"), "{texts:?}");
    assert_eq!(texts[2].iter().map(|(tag, _)| *tag).collect::<Vec<_>>(), [Tag::Error, Tag::End]);
}

#[test]
fn threads_never_share_a_number_and_none_is_zero() {
    let base = Layout::Words2.max_vxid() - 5_000;
    let mut all = Vec::new();
    for index in 0..3 {
        let mut xids = Xids::new(Layout::Words2, base, index, 3);
        all.extend((0..5_000).map(|_| xids.next().0));
    }
    assert!(all.iter().all(|&xid| xid != 0 && xid <= Layout::Words2.max_vxid()));
    let count = all.len();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), count);
}

#[test]
fn times_of_a_task_are_counted_from_its_first_start() {
    let (log, batches) = log(Dialect::V6_0, 255, Duration::from_secs(1));
    let (first, at) = (Micros(1_000), Micros(5_500));
    let mut txn = Txn::begin(&log, TxnKind::Retry, Vxid(9), Vxid(8), first, at);
    txn.timestamp("Start", at);
    txn.timestamp("Fetch", Micros(6_000));
    txn.end();
    let texts = &batches.texts(Dialect::V6_0)[0];
    assert!(texts[1].1.ends_with(" 0.004500 0.000000"), "{texts:?}");
    assert!(texts[2].1.ends_with(" 0.005000 0.000500"), "{texts:?}");
}

#[test]
fn session_times_have_three_decimals() {
    let (log, batches) = log(Dialect::V6_0, 255, Duration::from_secs(1));
    for micros in [0, 499, 500, 1_003_000, 59_999_600] {
        let txn = begin(&log);
        txn.sess_close(SessionEnd::RemClose, micros);
        txn.end();
    }
    let found: Vec<String> =
        batches.texts(Dialect::V6_0).into_iter().map(|batch| batch[1].1.clone()).collect();
    assert_eq!(
        found,
        [
            "REM_CLOSE 0.000",
            "REM_CLOSE 0.000",
            "REM_CLOSE 0.001",
            "REM_CLOSE 1.003",
            "REM_CLOSE 60.000"
        ]
    );
}

/// Publishes, and checks that each pair of records of its batches is the same one twice.
fn all_twice(txn: &Txn, batches: &Batches, layout: Layout) {
    txn.flush();
    for batch in batches.0.lock().unwrap().drain(..) {
        let mut ends = vec![0];
        let mut records = Records::new(layout, &batch);
        while let Some(record) = records.next() {
            record.unwrap();
            ends.push(records.position());
        }
        assert_eq!((ends.last(), ends.len() % 2), (Some(&batch.len()), 1));
        for pair in ends.windows(3).step_by(2) {
            let [start, middle, end] = pair.try_into().unwrap();
            let (first, second) = (&batch[start..middle], &batch[middle..end]);
            assert_eq!(first, second, "{:?}", String::from_utf8_lossy(second));
        }
    }
}

#[test]
fn records_in_parts_are_those_of_their_whole_text() {
    for (dialect, reclen) in
        [(Dialect::Vs9_0, 1024), (Dialect::V6_0, 1024), (Dialect::Vs9_0, 60), (Dialect::V6_0, 16)]
    {
        let (log, batches) = log(dialect, reclen, Duration::from_secs(1));
        let mut txn = begin(&log);
        txn.flush();
        batches.0.lock().unwrap().clear();
        let long = "abcdefghij".repeat(9);
        for first in 0..70 {
            for second in [0, 1, 2, 3, 7, 8, 9, 20, 33, 50, 61, 62, 63, 64, 65, 90] {
                let (key, value) = (&long[..first], &long[..second]);
                txn.note(key, value);
                txn.plain(Tag::VclLog, format!("{key}:{value}").as_bytes());
                txn.unset(HeadTags::REQ, key, value.as_bytes());
                txn.plain(Tag::ReqUnset, format!("{key}: {value}").as_bytes());
            }
            all_twice(&txn, &batches, dialect.layout());
        }
        for fd in [0, 9, 10, 1000, i32::MAX] {
            txn.backend_close(fd, "origin", None);
            txn.plain(Tag::BackendClose, format!("{fd} origin recycle").as_bytes());
            let (remote, local) = ("[2001:db8::1]:80", "192.0.2.1:40000");
            let ends = EndsText::new(fd, "origin", remote.parse().unwrap(), local.parse().unwrap());
            txn.backend_open(&ends, None);
            let open = format!("{fd} origin 2001:db8::1 80 192.0.2.1 40000 connect");
            txn.plain(Tag::BackendOpen, open.as_bytes());
        }
        for figure in (0..20).flat_map(|power| [10_u64.pow(power) - 1, 10_u64.pow(power)]) {
            txn.link(TxnKind::Request, Vxid(figure));
            txn.plain(Tag::Link, format!("req {figure} rxreq").as_bytes());
            txn.link(TxnKind::Retry, Vxid(figure));
            txn.plain(Tag::Link, format!("bereq {figure} retry").as_bytes());
            txn.length(figure);
            txn.plain(Tag::Length, figure.to_string().as_bytes());
            txn.note_number("key", figure);
            txn.plain(Tag::VclLog, format!("key:{figure}").as_bytes());
            txn.note_seconds("key", figure);
            let seconds = format!("key:{}.{:06}", figure / 1_000_000, figure % 1_000_000);
            txn.plain(Tag::VclLog, seconds.as_bytes());
        }
        all_twice(&txn, &batches, dialect.layout());
        txn.finish();
    }
}
