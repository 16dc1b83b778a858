use std::sync::Arc;

use shellac_format::{Dialect, Layout, Records, Side, Tag, Vxid, record};
use shellac_sys::ArrayLog;

use super::*;
use crate::tests::plain::{Rig, batch, harvest, rig};
use crate::{Cursor, Start};

const DIALECT: Dialect = Dialect::V7_3;
const LAYOUT: Layout = Layout::Words3;
/// Words per segment: a ring of 1 MB.
const SEGMENT_WORDS: u32 = 32_760;
/// A ring of 32 MB, in which a full queue does not lap a reader.
const LARGE_SEGMENT_WORDS: u32 = 1 << 20;

type TestPublisher = Publisher<Arc<ArrayLog>>;

fn text(out: &mut Vec<u8>, tag: Tag, vxid: u64, text: &[u8]) {
    let number = tag.number(DIALECT).unwrap();
    let side = if vxid == 0 { Side::None } else { Side::Client };
    record::encode_text(out, LAYOUT, number, Vxid(vxid), side, text, 65_000);
}

/// Tags and texts of what was read, cut after 40 bytes.
fn shown(batch: &[u8]) -> Vec<(Tag, u64, String)> {
    Records::new(LAYOUT, batch)
        .map(|found| {
            let found = found.unwrap();
            let text = &found.text()[..found.text().len().min(40)];
            (found.tag(DIALECT).unwrap(), found.vxid.0, String::from_utf8_lossy(text).into_owned())
        })
        .collect()
}

/// Runs `work` while another producer is held up and the ring is full.
fn while_stalled(rig: &mut Rig, work: impl FnOnce(&mut TestPublisher)) -> TestPublisher {
    let mut slow = rig.producers.remove(0);
    let mut publisher = Publisher::new(rig.producers.remove(0), DIALECT);
    let mut work = Some(work);
    let filling = batch(LAYOUT, 0, 60_000);
    slow.publish_stalling(&batch(LAYOUT, 0, 4), || {
        while publisher.stats().queued_batches == 0 {
            publisher.publish(&filling);
        }
        if let Some(work) = work.take() {
            work(&mut publisher);
        }
    })
    .unwrap();
    publisher
}

/// Everything that was published, and then what was waiting.
fn drain(publisher: &mut TestPublisher, cursor: &mut Cursor<Arc<ArrayLog>>) -> Vec<Vec<u8>> {
    let mut read = harvest(cursor);
    publisher.sweep();
    assert_eq!(publisher.pending_bytes(), 0);
    let more = harvest(cursor);
    assert_eq!((&read.losses[..], &more.losses[..]), (&[][..], &[][..]));
    read.batches.extend(more.batches);
    read.batches
}

#[test]
fn without_trouble_nothing_waits() {
    let mut rig = rig(LAYOUT, SEGMENT_WORDS, 1);
    let mut cursor = rig.cursor(Start::Head);
    let mut publisher = Publisher::new(rig.producers.remove(0), DIALECT);
    publisher.publish(&batch(LAYOUT, 1, 10));
    assert_eq!(harvest(&mut cursor).batches, [batch(LAYOUT, 1, 10)]);
    assert_eq!(publisher.stats(), PendingStats::default());
}

#[test]
fn refused_batches_come_later_in_order() {
    let mut rig = rig(LAYOUT, SEGMENT_WORDS, 2);
    let mut cursor = rig.cursor(Start::Tail);
    let mut publisher = while_stalled(&mut rig, |publisher| {
        for vxid in 1..100 {
            publisher.publish(&batch(LAYOUT, vxid, 100));
        }
        assert_eq!(publisher.stats().queued_batches, 100);
        assert!(publisher.pending_bytes() > 99 * 100);
        publisher.sweep();
        assert_eq!(publisher.stats().waiting_batches, 100, "still refused");
    });
    publisher.publish(&batch(LAYOUT, 100, 100));
    assert_eq!(publisher.stats().waiting_batches, 0);
    let read = harvest(&mut cursor).batches;
    let small: Vec<&Vec<u8>> = read.iter().filter(|batch| batch.len() == 112).collect();
    assert_eq!(
        small,
        (1..=100)
            .map(|vxid| batch(LAYOUT, vxid, 100))
            .collect::<Vec<_>>()
            .iter()
            .collect::<Vec<_>>()
    );
    assert_eq!(publisher.stats().dropped_records, 0);
    assert_eq!(shown(read.last().unwrap())[0].1, 100, "waiting alone is not worth a notice");
}

#[test]
fn above_the_first_limit_a_batch_keeps_what_matters() {
    let mut rig = rig(LAYOUT, LARGE_SEGMENT_WORDS, 2);
    let mut cursor = rig.cursor(Start::Tail);
    let mut publisher = while_stalled(&mut rig, |publisher| {
        while publisher.pending_bytes() < 4 << 20 {
            publisher.publish(&batch(LAYOUT, 0, 60_000));
        }
        let mut body = Vec::new();
        text(&mut body, Tag::Begin, 7, b"req 1 rxreq");
        text(&mut body, Tag::ReqUrl, 7, b"/");
        text(&mut body, Tag::Link, 7, b"bereq 8 pass");
        text(&mut body, Tag::FetchError, 7, b"eof");
        text(&mut body, Tag::RespStatus, 7, b"503");
        text(&mut body, Tag::End, 7, b"");
        publisher.publish(&body);
        let mut unimportant = Vec::new();
        text(&mut unimportant, Tag::ReqUrl, 9, b"/nothing/else");
        publisher.publish(&unimportant);
        let stats = publisher.stats();
        assert_eq!((stats.reduced_batches, stats.dropped_records), (2, 3));
    });
    let read = drain(&mut publisher, &mut cursor);
    let own = |text: &str| text.to_owned();
    let last: Vec<_> = read[read.len() - 2..].iter().map(|batch| shown(batch)).collect();
    assert_eq!(
        last[0],
        [
            (Tag::Begin, 7, own("req 1 rxreq")),
            (Tag::Link, 7, own("bereq 8 pass")),
            (Tag::FetchError, 7, own("eof")),
            (Tag::VclLog, 7, own("shellac: 2 records dropped")),
            (Tag::End, 7, own("")),
        ]
    );
    assert_eq!(last[1][0].0, Tag::Notice);
    let notice = Records::new(LAYOUT, read.last().unwrap()).next().unwrap().unwrap();
    let notice = String::from_utf8_lossy(notice.text()).into_owned();
    assert!(notice.starts_with("shellac: the log was full: "), "{notice}");
    assert!(
        notice.ends_with(" 3 records were dropped, among them 0 whole transactions"),
        "{notice}"
    );
}

#[test]
fn above_the_second_limit_transactions_go_as_a_whole() {
    let mut rig = rig(LAYOUT, LARGE_SEGMENT_WORDS, 2);
    let mut cursor = rig.cursor(Start::Tail);
    let begin = |vxid| {
        let mut body = Vec::new();
        text(&mut body, Tag::Begin, vxid, b"req 1 rxreq");
        text(&mut body, Tag::ReqUrl, vxid, b"/");
        body
    };
    let end = |vxid| {
        let mut body = Vec::new();
        text(&mut body, Tag::FetchError, vxid, b"eof");
        text(&mut body, Tag::End, vxid, b"");
        body
    };
    let mut publisher = while_stalled(&mut rig, |publisher| {
        publisher.publish(&begin(5));
        // Only important records pass the first limit.
        let mut errors = Vec::new();
        for _ in 0..10 {
            text(&mut errors, Tag::Error, 0, &[b'x'; 10_000]);
        }
        while publisher.pending_bytes() < 8 << 20 {
            publisher.publish(&errors);
        }
        let before = publisher.stats();
        publisher.publish(&begin(6));
        publisher.publish(&errors);
        publisher.publish(&end(5));
        publisher.publish(&end(6));
        let after = publisher.stats();
        assert_eq!(after.dropped_transactions, before.dropped_transactions + 1);
        assert_eq!(after.dropped_records, before.dropped_records + 2 + 10 + 1 + 2);
        assert!(publisher.pending_bytes() < 9 << 20);
    });
    let read = drain(&mut publisher, &mut cursor);
    let seen: Vec<_> =
        read.iter().flat_map(|batch| shown(batch)).filter(|(_, vxid, _)| *vxid != 0).collect();
    let own = |text: &str| text.to_owned();
    assert_eq!(
        seen,
        [
            (Tag::Begin, 5, own("req 1 rxreq")),
            (Tag::ReqUrl, 5, own("/")),
            (Tag::VclLog, 5, own("shellac: 1 records dropped")),
            (Tag::End, 5, own("")),
        ]
    );
    // A later transaction with the number of a dropped one is whole again.
    publisher.publish(&begin(6));
    assert_eq!(harvest(&mut cursor).batches, [begin(6)]);
}

#[test]
fn a_body_larger_than_a_batch_is_divided_between_records() {
    let mut rig = rig(LAYOUT, 100, 1);
    let mut cursor = rig.cursor(Start::Head);
    let mut publisher = Publisher::new(rig.producers.remove(0), DIALECT);
    let max_bytes = publisher.max_body_bytes();
    let mut body = Vec::new();
    for _ in 0..7 {
        body.extend(batch(LAYOUT, 3, 100));
    }
    body.extend(batch(LAYOUT, 3, max_bytes));
    body.extend(batch(LAYOUT, 3, 4));
    publisher.publish(&body);
    let read = harvest(&mut cursor).batches;
    assert!(read.iter().all(|batch| batch.len() <= max_bytes));
    let joined: Vec<u8> = read.concat();
    let mut wanted = body[..7 * batch(LAYOUT, 3, 100).len()].to_vec();
    wanted.extend(batch(LAYOUT, 3, 4));
    assert_eq!(joined, wanted);
    assert_eq!(publisher.stats().oversized_records, 1);
}
