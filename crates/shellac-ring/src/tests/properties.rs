//! For any input: a cursor ends, what was published is read again, every kind of reader finds the same.

use proptest::collection::vec;
use proptest::prelude::*;
use shellac_format::layout::{END_MARK, WRAP_MARK};
use shellac_format::{Layout, Records};
use shellac_sys::{ArrayLog, Words};

use super::plain::{batch, harvest, rig};
use crate::{Cursor, Hole, Next, Start};

fn layout() -> impl Strategy<Value = Layout> {
    prop_oneof![Just(Layout::Words2), Just(Layout::Words3)]
}

/// Words that look like something more often than random ones.
fn word() -> impl Strategy<Value = u32> {
    prop_oneof![
        any::<u32>(),
        Just(0),
        Just(END_MARK),
        Just(WRAP_MARK),
        (0u32..64).prop_map(|len| 72 << 24 | len),
        (0u32..16).prop_map(|len| 0xff00_0000 | len),
        (0u32..16).prop_map(|words| words * 4),
    ]
}

/// How varnishd's tools without batches, and its raw dispatcher, get from header to header.
fn walk_by_headers(log: &ArrayLog, layout: Layout, from: usize) -> (Vec<usize>, usize) {
    let mut records = Vec::new();
    let mut at = from;
    loop {
        let word = log.get(at).unwrap();
        match word {
            END_MARK | WRAP_MARK => return (records, at),
            0 => panic!("zero word at {at}"),
            _ if word >> 24 == 255 => {}
            _ => records.push(at),
        }
        at += layout.head_words() + (word as usize & 0xffff).div_ceil(4);
        assert!(at < log.len_words(), "a header leads out of the ring");
    }
}

proptest! {
    #[test]
    fn a_cursor_over_any_words_ends(
        words in vec(word(), 8..400),
        layout in layout(),
        segment_n in prop_oneof![any::<u32>(), 0u32..20],
        start in prop_oneof![Just(Start::Head), Just(Start::Tail)],
        offsets in prop::array::uniform8(prop_oneof![
            Just(None), (-2i64..400).prop_map(Some), any::<i64>().prop_map(Some)
        ]),
        segment_words in prop_oneof![4 => Just(None), 1 => any::<u32>().prop_map(Some)],
    ) {
        let segment_words = segment_words.unwrap_or(u32::try_from(words.len() / 8).unwrap());
        let mut at = 0;
        let offsets = offsets.map(|offset| {
            at += i64::from(segment_words);
            offset.unwrap_or(at - i64::from(segment_words))
        });
        let steps = words.len() * 4 + 64;
        let log = ArrayLog::from_parts(words, segment_words, segment_n, offsets);
        let Ok(mut cursor) = Cursor::open(log, layout, start) else { return Ok(()) };
        let mut out = Vec::new();
        for _ in 0..steps {
            match cursor.next(&mut out) {
                Ok(Next::Batch) => {
                    prop_assert!(Records::new(layout, &out).all(|record| record.is_ok()));
                }
                Ok(Next::Overrun(_)) => {}
                Ok(Next::Nothing) | Err(_) => match cursor.skip_hole() {
                    Ok(Hole::Skipped(_)) => {}
                    Ok(Hole::Last { .. }) | Err(_) => return Ok(()),
                },
            }
        }
        prop_assert!(false, "the cursor does not end");
    }

    #[test]
    fn what_is_published_is_read(
        layout in layout(),
        segment_words in 30u32..90,
        lens in vec(0usize..400, 1..300),
    ) {
        let mut rig = rig(layout, segment_words, 1);
        let mut cursor = rig.cursor(Start::Head);
        let max = rig.producers[0].max_body_bytes();
        let mut published = Vec::new();
        let mut read = Vec::new();
        for (vxid, len) in lens.into_iter().enumerate() {
            let body = batch(layout, vxid as u64 + 1, len);
            prop_assert_eq!(rig.producers[0].publish(&body).is_ok(), body.len() <= max);
            if body.len() <= max {
                published.push(body);
            }
            if vxid % 3 == 0 {
                let mut more = harvest(&mut cursor);
                prop_assert_eq!(more.losses.len(), 0);
                read.append(&mut more.batches);
            }
        }
        read.append(&mut harvest(&mut cursor).batches);
        prop_assert_eq!(read, published);
    }

    #[test]
    fn every_kind_of_reader_finds_the_same_records(
        layout in layout(),
        segment_words in 30u32..90,
        lens in vec(0usize..120, 1..40),
    ) {
        let mut rig = rig(layout, segment_words, 1);
        for (vxid, &len) in lens.iter().enumerate() {
            let _ = rig.producers[0].publish(&batch(layout, vxid as u64 + 1, len));
        }
        // From the start of the log, whose first segment may be overwritten: then from the oldest safe place.
        let mut cursor = rig.cursor(Start::Head);
        let from = cursor.position().at_word;
        let all = harvest(&mut cursor).batches.len();
        let (mut found, mut end) = walk_by_headers(&rig.log, layout, from);
        if rig.log.get(end) == Some(WRAP_MARK) {
            let (more, at) = walk_by_headers(&rig.log, layout, 0);
            found.extend(more);
            end = at;
        }
        prop_assert_eq!(found.len(), all);
        prop_assert_eq!(end, cursor.position().at_word);
        let position = usize::try_from(rig.ring.written_bytes() / 4).unwrap();
        prop_assert_eq!(end, position % rig.log.len_words());
    }

    #[test]
    fn the_writer_is_where_its_counts_say(
        layout in layout(),
        segment_words in 30u32..90,
        lens in vec(0usize..150, 1..200),
    ) {
        let mut rig = rig(layout, segment_words, 2);
        for (vxid, &len) in lens.iter().enumerate() {
            let _ = rig.producers[vxid % 2].publish(&batch(layout, vxid as u64 + 1, len));
        }
        let stats = rig.ring.stats();
        let lap_bytes = rig.log.len_words() as u64 * 4;
        let wraps = rig.ring.written_bytes() / lap_bytes;
        prop_assert_eq!(rig.ring.written_bytes(), stats.bytes + stats.filler_bytes + wraps * 4);
        prop_assert_eq!(rig.ring.laps(), wraps);
    }

    #[test]
    fn what_is_not_read_is_reported(
        layout in layout(),
        segment_words in 30u32..60,
        bursts in vec(1usize..60, 1..20),
    ) {
        let mut rig = rig(layout, segment_words, 1);
        let mut cursor = rig.cursor(Start::Head);
        let (mut read, mut lost, mut vxid) = (0, 0, 0);
        let mut seen = Vec::new();
        for burst in bursts {
            for _ in 0..burst {
                vxid += 1;
                let len = usize::try_from(vxid * 37 % 60).unwrap();
                rig.producers[0].publish(&batch(layout, vxid, len)).unwrap();
            }
            let more = harvest(&mut cursor);
            for batch in &more.batches {
                read += (batch.len() + layout.head_bytes()) as u64;
                seen.push(Records::new(layout, batch).next().unwrap().unwrap().vxid.0);
            }
            for loss in &more.losses {
                prop_assert!(loss.exact);
                lost += loss.bytes;
            }
        }
        // Between what was read and what was lost there are only fillers and wrap marks, at most one of each per
        // segment that was read.
        let written = rig.ring.written_bytes();
        prop_assert!(read + lost <= written);
        let stats = rig.ring.stats();
        prop_assert!(written - read - lost <= stats.filler_bytes + 4 * (written / (u64::from(segment_words) * 32) + 1));
        // And what is missing is not more than what was reported.
        let missing: u64 = (1..=vxid)
            .filter(|vxid| seen.binary_search(vxid).is_err())
            .map(|vxid| {
                let len = usize::try_from(vxid * 37 % 60).unwrap();
                (batch(layout, vxid, len).len() + layout.head_bytes()) as u64
            })
            .sum();
        prop_assert!(missing <= lost);
        prop_assert!(lost == 0 || lost - missing <= stats.filler_bytes + 4 * (written / (u64::from(segment_words) * 32) + 1));
        prop_assert_eq!(stats.bytes, read + missing);
    }
}
