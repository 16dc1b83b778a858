use shellac_format::Layout;
use shellac_format::layout::{BATCH_WORD, END_MARK, WRAP_MARK};
use shellac_sys::{LogHead, Words};

use crate::ring::unpack;
use crate::sync::Ordering;
use crate::tests::plain::{batch, harvest, rig};
use crate::{PublishError, Ring, RingError, Start};

#[test]
fn a_new_ring_is_what_stock_readers_expect() {
    let rig = rig(Layout::Words3, 40, 1);
    assert_eq!(rig.log.segment_n(), u32::MAX - 7);
    let offsets: Vec<i64> = (0..8).map(|index| rig.log.offset(index)).collect();
    assert_eq!(offsets, [0, -1, -1, -1, -1, -1, -1, -1]);
    assert_eq!(rig.log.get(0), Some(END_MARK));
    assert_eq!(rig.log.get(8 * 40 - 1), Some(WRAP_MARK));
}

#[test]
fn the_words_of_a_batch_are_those_of_the_format() {
    let mut rig = rig(Layout::Words3, 40, 1);
    let body = batch(Layout::Words3, 7, 5);
    rig.producers[0].publish(&body).unwrap();
    rig.producers[0].publish(&body).unwrap();
    let words: Vec<u32> = (0..17).map(|index| rig.log.get(index).unwrap()).collect();
    let body: Vec<u32> = body.as_chunks().0.iter().map(|word| u32::from_ne_bytes(*word)).collect();
    // First a batch at the start of lap 2^29 - 1, with its lap code, then one without.
    assert_eq!(words[0], BATCH_WORD | 0x3f << 18);
    assert_eq!(words[1..3], [20, 0]);
    assert_eq!(words[3..8], body);
    assert_eq!(words[8..11], [BATCH_WORD, 20, 0]);
    assert_eq!(words[11..16], body);
    assert_eq!(words[16], END_MARK);
}

#[test]
fn looking_ahead_asks_for_the_rest_of_a_segment_once_and_changes_nothing() {
    let mut rig = rig(Layout::Words3, 2000, 2);
    let mut cursor = rig.cursor(Start::Head);
    let body = batch(Layout::Words3, 7, 400);
    rig.producers[0].look_ahead();
    let first = rig.log.segment_n();
    assert_eq!(rig.producers[0].asked, (first, 1024));
    for batches in 1..60 {
        // The other one moves the tail too.
        rig.producers[batches as usize % 2].publish(&body).unwrap();
        rig.producers[0].look_ahead();
        let (segment, to) = rig.producers[0].asked;
        let (in_segment, offset) = unpack(rig.ring.shared().tail.load(Ordering::Relaxed));
        assert_eq!(segment, in_segment);
        let usable = if segment % 8 == 7 { 1999 } else { 2000 };
        assert_eq!(to, (offset + 1024).min(usable), "{batches} batches");
        assert_eq!(harvest(&mut cursor).batches, std::slice::from_ref(&body));
    }
    assert!(rig.log.segment_n().wrapping_sub(first) >= 3);
}

#[test]
fn bad_batches_are_refused_and_leave_nothing() {
    let mut rig = rig(Layout::Words2, 40, 1);
    let max_bytes = rig.producers[0].max_body_bytes();
    assert_eq!(max_bytes, (40 - 1 - 4 - 2) * 4);
    let mut publish = |len: usize| rig.producers[0].publish(&vec![72; len]);
    assert_eq!(publish(max_bytes + 4), Err(PublishError::TooBig { max_bytes }));
    assert_eq!(publish(7), Err(PublishError::Ragged { len_bytes: 7 }));
    assert_eq!(publish(0), Ok(()));
    assert_eq!(rig.ring.written_bytes(), 0);
    assert_eq!(rig.ring.oldest_reservation_lag(), None);
}

#[test]
fn the_largest_batch_always_fits() {
    for layout in [Layout::Words2, Layout::Words3] {
        let mut rig = rig(layout, 40, 1);
        let len = rig.producers[0].max_body_bytes() - layout.head_bytes();
        let mut cursor = rig.cursor(Start::Head);
        for vxid in 0..50 {
            rig.producers[0].publish(&batch(layout, vxid, len)).unwrap();
            assert_eq!(harvest(&mut cursor).batches, [batch(layout, vxid, len)]);
        }
        // Behind every batch but the last.
        assert_eq!(rig.ring.stats().fillers, 49);
    }
}

#[test]
fn a_producer_that_is_held_up_makes_others_refuse_and_nothing_worse() {
    let mut rig = rig(Layout::Words2, 40, 2);
    let mut cursor = rig.cursor(Start::Head);
    let mut slow = rig.producers.remove(0);
    let mut fast = rig.producers.remove(0);
    let body = batch(Layout::Words2, 1, 40);
    fast.publish(&body).unwrap();
    let mut published = 0;
    let ring = rig.ring.clone();
    slow.publish_stalling(&batch(Layout::Words2, 2, 40), || {
        while fast.publish(&body).is_ok() {
            published += 1;
            assert!(published < 1000, "nobody refuses");
        }
        assert_eq!(fast.publish(&body), Err(PublishError::Stalled));
        // The others may be four segments on, not five.
        assert_eq!(ring.oldest_reservation_lag(), Some(4));
        assert_eq!(harvest(&mut cursor).batches.len(), 1, "readers wait at the hole");
        // However often it is looked at, it is the same one; the other producer is in the middle of nothing.
        let under_way: Vec<Option<u64>> = ring.under_way().collect();
        assert!(matches!(under_way[..], [Some(_), None]), "{under_way:?}");
        assert_eq!(ring.under_way().collect::<Vec<_>>(), under_way);
    })
    .unwrap();
    assert_eq!(rig.ring.oldest_reservation_lag(), None);
    assert!(rig.ring.under_way().all(|publication| publication.is_none()));
    assert_eq!(rig.ring.stats().refused, 2);
    fast.publish(&body).unwrap();
    let read = harvest(&mut cursor);
    assert_eq!((read.batches.len(), read.losses.len()), (published + 2, 0));
    assert_eq!(read.batches[0], batch(Layout::Words2, 2, 40));
}

#[test]
fn a_producer_that_is_gone_holds_nobody_up() {
    let mut rig = rig(Layout::Words2, 40, 2);
    let mut dying = rig.producers.remove(0);
    let mut other = rig.producers.remove(0);
    let body = batch(Layout::Words2, 1, 40);
    let died = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        dying.publish_stalling(&body, || std::panic::resume_unwind(Box::new("dies")))
    }));
    assert!(died.is_err());
    assert_eq!(rig.ring.oldest_reservation_lag(), Some(0));
    drop(dying);
    (0..100).for_each(|_| other.publish(&body).unwrap());
}

#[test]
fn segment_numbers_wrap_at_32_bits() {
    let mut rig = rig(Layout::Words2, 40, 1);
    let mut cursor = rig.cursor(Start::Tail);
    for vxid in 0..400 {
        let body = batch(Layout::Words2, vxid, 40);
        rig.producers[0].publish(&body).unwrap();
        assert_eq!(harvest(&mut cursor).batches, [body]);
    }
    assert!(rig.log.segment_n() > 64 && rig.log.segment_n() < 1000);
}

#[test]
fn a_log_that_is_too_small_is_refused() {
    let error = Ring::create(shellac_sys::ArrayLog::new(8, 9), Layout::Words2, 1).unwrap_err();
    assert_eq!(error, RingError::Unusable { len_words: 72, segments: 8, segment_words: 9 });
}

#[test]
fn large_fillers_have_several_inner_records() {
    // 134 to 195 KB are left at the end of the segment.
    for layout in [Layout::Words2, Layout::Words3] {
        for small in [5_000, 30_000, 65_528, 65_532] {
            let mut rig = rig(layout, 50_000, 1);
            let mut cursor = rig.cursor(Start::Head);
            let mut big = batch(layout, 1, 65_000);
            big.extend(batch(layout, 1, 65_000));
            big.extend(batch(layout, 1, 65_000));
            rig.producers[0].publish(&batch(layout, 2, small)).unwrap();
            rig.producers[0].publish(&big).unwrap();
            assert_eq!(rig.ring.stats().fillers, 1);
            assert_eq!(harvest(&mut cursor).batches, [batch(layout, 2, small), big]);
        }
    }
}
