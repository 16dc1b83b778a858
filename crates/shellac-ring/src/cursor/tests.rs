use shellac_format::layout::{BATCH_WORD, END_MARK, WRAP_MARK};
use shellac_format::{Layout, RecordError, Side, Vxid, record};
use shellac_sys::{ArrayLog, LogHead, LogHeadMut, WordsMut};

use super::*;
use crate::tests::plain::{batch, harvest, rig};

const LAYOUT: Layout = Layout::Words2;

/// A log as another writer may have left it: segments of 20 words, all reached.
fn other(words: &[(usize, Vec<u8>)], segment_n: u32, offsets: [i64; 8]) -> ArrayLog {
    let log = ArrayLog::new(8, 20);
    for (at, bytes) in words {
        log.copy_in(*at, bytes).unwrap();
    }
    for (index, offset) in (0..).zip(offsets) {
        log.set_offset(index, offset);
    }
    log.set_segment_n(segment_n);
    log
}

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_ne_bytes()).collect()
}

fn text(vxid: u64, text: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    record::encode_text(&mut out, LAYOUT, 72, Vxid(vxid), Side::Client, text, 255);
    out
}

/// What the first read of a log with `start` at its start says.
fn first_error(start: &[u32]) -> ReadError {
    let log = other(&[(0, words(start))], 0, [0, -1, -1, -1, -1, -1, -1, -1]);
    let mut cursor = Cursor::open(log, LAYOUT, Start::Head).unwrap();
    let error = cursor.next(&mut vec![1]).unwrap_err();
    assert_eq!(cursor.next(&mut Vec::new()), Err(error), "the cursor stays");
    error
}

#[test]
fn the_tail_is_behind_everything() {
    let mut rig = rig(LAYOUT, 40, 1);
    for vxid in 0..200 {
        rig.producers[0].publish(&batch(LAYOUT, vxid, 10)).unwrap();
        let mut cursor = rig.cursor(Start::Tail);
        assert_eq!(harvest(&mut cursor), crate::tests::plain::Harvest::default());
        rig.producers[0].publish(&batch(LAYOUT, 1, 4)).unwrap();
        assert_eq!(harvest(&mut cursor).batches, [batch(LAYOUT, 1, 4)]);
    }
}

#[test]
fn the_head_is_five_segments_back_or_the_beginning() {
    let mut rig = rig(LAYOUT, 40, 1);
    let mut published = Vec::new();
    for vxid in 0..100 {
        let body = batch(LAYOUT, vxid, 10);
        rig.producers[0].publish(&body).unwrap();
        published.push(body);
        let read = harvest(&mut rig.cursor(Start::Head)).batches;
        let reached = rig.log.segment_n().wrapping_add(8);
        if reached <= 5 {
            assert_eq!(read, published, "segment {reached}");
        } else {
            assert_eq!(read, published[published.len() - read.len()..]);
            // Five full segments of 40 words, with batches of 7 words.
            assert!(read.len() >= 5 * 5, "{}", read.len());
        }
    }
}

#[test]
fn a_lapped_reader_reports_overrun_and_goes_on_five_segments_back() {
    let mut rig = rig(LAYOUT, 40, 1);
    let mut cursor = rig.cursor(Start::Head);
    let body = batch(LAYOUT, 1, 10);
    // Six segments ahead is still fine.
    while rig.log.segment_n() != u32::MAX - 7 + 6 {
        rig.producers[0].publish(&body).unwrap();
    }
    assert_eq!(cursor.lag(), Lag { segments: 6, lost_at: 7 });
    assert!(cursor.lag().is_warning() && cursor.lag().percent() == 85);
    assert_eq!(cursor.next(&mut Vec::new()), Ok(Next::Batch));
    while rig.log.segment_n() != u32::MAX - 7 + 7 {
        rig.producers[0].publish(&body).unwrap();
    }
    let mut out = vec![1, 2, 3];
    let Ok(Next::Overrun(loss)) = cursor.next(&mut out) else { panic!("no overrun") };
    assert_eq!(out, []);
    // From behind the first batch to the start of the third segment.
    assert_eq!(loss, Loss { bytes: (2 * 40 - 7) * 4, exact: true });
    assert_eq!(cursor.position(), Position { segment: u32::MAX - 7 + 2, at_word: 80 });
    assert_eq!(cursor.lag().segments, 5);
    assert!(!harvest(&mut cursor).batches.is_empty());
}

#[test]
fn a_second_cursor_starts_where_the_first_was_while_that_is_safe() {
    let mut rig = rig(LAYOUT, 40, 1);
    let mut cursor = rig.cursor(Start::Head);
    let mut number = 0;
    let mut publish = |rig: &mut crate::tests::plain::Rig| {
        number += 1;
        rig.producers[0].publish(&batch(LAYOUT, number, 10)).unwrap();
    };
    (0..3).for_each(|_| publish(&mut rig));
    assert_eq!(harvest(&mut cursor).batches.len(), 3);
    let place = cursor.position();
    let mut expected = Vec::new();
    loop {
        let at = Cursor::open_at(rig.log.clone(), LAYOUT, place).unwrap();
        let (mut second, loss) = at;
        assert!(second.has_reached(place));
        let segments = rig.log.segment_n().wrapping_sub(place.segment);
        if segments > 5 {
            // From behind the third batch to the start of the second segment.
            assert_eq!(loss, Some(Loss { bytes: (40 - 3 * 7) * 4, exact: true }));
            assert_eq!(second.position().segment, place.segment.wrapping_add(1));
            break;
        }
        assert_eq!(loss, None);
        assert_eq!(second.position(), place);
        assert_eq!(harvest(&mut second).batches, expected, "{segments} segments on");
        assert!(second.has_reached(place) && expected.is_empty() == (second.position() == place));
        publish(&mut rig);
        expected.extend(harvest(&mut cursor).batches);
    }
    assert!(expected.len() > 5 * 4);
}

#[test]
fn a_place_that_is_none_in_the_ring_is_not_started_at() {
    let rig = rig(LAYOUT, 40, 1);
    for (segment, at_word) in [(0, 320), (0, usize::MAX), (1, 3), (0, 40)] {
        let error = Cursor::open_at(rig.log.clone(), LAYOUT, Position { segment, at_word });
        assert_eq!(error.unwrap_err(), OpenError::Read(ReadError::OutOfLog { at: at_word }));
    }
    // Far ahead of the writer.
    let ahead = Position { segment: 1 << 20, at_word: 0 };
    let error = Cursor::open_at(rig.log.clone(), LAYOUT, ahead).unwrap_err();
    assert!(matches!(error, OpenError::Read(ReadError::AheadOfWriter { .. })), "{error:?}");
}

#[test]
fn a_hole_is_skipped_to_the_next_segment() {
    let mut rig = rig(LAYOUT, 40, 2);
    let (mut dying, mut other) = (rig.producers.remove(0), rig.producers.remove(0));
    let mut cursor = rig.cursor(Start::Head);
    other.publish(&batch(LAYOUT, 1, 10)).unwrap();
    let mut first = cursor.position();
    dying
        .publish_stalling(&batch(LAYOUT, 2, 10), || {
            assert_eq!(harvest(&mut cursor).batches.len(), 1);
            let last = Hole::Last { at_most_bytes: (40 - 7) * 4 };
            assert_eq!(cursor.skip_hole(), Ok(last), "there is no later segment yet");
            (0..20).for_each(|vxid| other.publish(&batch(LAYOUT, 10 + vxid, 10)).unwrap());
            assert_eq!(cursor.next(&mut Vec::new()), Ok(Next::Nothing));
            let loss = Loss { bytes: (40 - 7) * 4, exact: true };
            assert_eq!(cursor.skip_hole(), Ok(Hole::Skipped(loss)));
            first = cursor.position();
        })
        .unwrap();
    assert_eq!(first.at_word, 40);
    // Three batches with 7 words each and a filler were behind the hole.
    assert_eq!(harvest(&mut cursor).batches.len(), 20 - 3);
}

#[test]
fn a_segment_that_was_announced_and_never_entered_is_not_an_exact_loss() {
    let mut rig = rig(LAYOUT, 40, 1);
    let mut cursor = rig.cursor(Start::Head);
    rig.producers[0].publish(&batch(LAYOUT, 1, 10)).unwrap();
    harvest(&mut cursor);
    // As a producer leaves it that dies between raising the number and its reservation.
    rig.log.set_offset(1, 40);
    rig.log.set_segment_n(u32::MAX - 6);
    let loss = Loss { bytes: (40 - 7) * 4, exact: false };
    assert_eq!(cursor.skip_hole(), Ok(Hole::Skipped(loss)));
}

#[test]
fn rings_of_varnishd_have_single_records_and_no_fixed_segments() {
    let single = text(1, b"single");
    let long = text(2, &[b'x'; 60]);
    let mut body = text(3, b"in a batch");
    body.extend(text(3, b"twice"));
    let mut in_batch = Vec::new();
    record::encode_batch_head(&mut in_batch, LAYOUT, u32::try_from(body.len()).unwrap());
    in_batch.extend(&body);
    // A record of 2 + 16 words from word 4 crosses into segment 1, at word 22.
    let at_batch = 4 + long.len() / 4;
    let at_wrap = at_batch + in_batch.len() / 4;
    let log = other(
        &[
            (0, single.clone()),
            (4, long.clone()),
            (at_batch, in_batch),
            (at_wrap, words(&[WRAP_MARK])),
        ],
        1,
        [0, 22, -1, -1, -1, -1, -1, -1],
    );
    assert_eq!((single.len() / 4, at_batch, at_wrap), (4, 22, 33));
    let mut cursor = Cursor::open(log, LAYOUT, Start::Head).unwrap();
    let mut out = Vec::new();
    let mut read = || {
        let next = cursor.next(&mut out).unwrap();
        (next, out.clone(), cursor.position().segment)
    };
    assert_eq!(read(), (Next::Batch, single, 0));
    assert_eq!(read(), (Next::Batch, long, 1), "behind it the next segment begins");
    assert_eq!(read(), (Next::Batch, body, 1));
    // Behind the wrap mark the first record again, which the writer has not reached in this lap.
    let (next, _, segment) = read();
    assert_eq!((next, segment), (Next::Batch, 8));
}

#[test]
fn a_loss_in_a_ring_without_fixed_segments_is_not_exact() {
    let offsets = [0, 22, 41, 60, 81, 100, 122, 140];
    let log = other(&[(41, words(&[END_MARK]))], 15, offsets);
    let mut cursor = Cursor::at(log, LAYOUT, 1, 22);
    let Ok(Next::Overrun(loss)) = cursor.next(&mut Vec::new()) else { panic!("no overrun") };
    assert_eq!(cursor.position(), Position { segment: 10, at_word: 41 });
    assert_eq!(loss, Loss { bytes: (160 + 41 - 22) * 4, exact: false });
}

#[test]
fn nonsense_is_an_error_with_its_place() {
    assert_eq!(first_error(&[0]), ReadError::ZeroWord { at: 0 });
    assert_eq!(first_error(&[WRAP_MARK]), ReadError::BadWrap { at: 0 });
    assert_eq!(first_error(&[3]), ReadError::NotARecord { at: 0, word: 3 });
    let mark = END_MARK + 1;
    assert_eq!(first_error(&[mark]), ReadError::NotARecord { at: 0, word: mark });
    assert_eq!(
        first_error(&[0x4800_ffff]),
        ReadError::TooLong { at: 0, need_words: 2 + 16_384, left_words: 160 }
    );
    let need_words = 2 + (1 << 30);
    assert_eq!(
        first_error(&[BATCH_WORD, u32::MAX]),
        ReadError::TooLong { at: 0, need_words, left_words: 160 }
    );
    assert_eq!(
        first_error(&[BATCH_WORD, (160 - 2) * 4]),
        ReadError::TooLong { at: 0, need_words: 160, left_words: 160 }
    );
    assert_eq!(first_error(&[BATCH_WORD, 7]), ReadError::RaggedBatch { at: 0, len_bytes: 7 });
    assert_eq!(
        first_error(&[BATCH_WORD, 8, 0x4800_0004, 1, 2]),
        ReadError::BadRecords {
            at: 2,
            source: RecordError::ShortPayload { at: 0, need: 12, have: 8 }
        }
    );
}

#[test]
fn batches_in_a_circle_are_an_error() {
    // Eight batches of 20 words, the last one shorter, then a wrap mark: for ever.
    let mut all = Vec::new();
    for index in 0..8 {
        let len = if index == 7 { 17 } else { 18 };
        let mut content = words(&[0x4800_0000 | ((len - 2) * 4), 1]);
        content.resize(len as usize * 4, 0);
        all.extend(words(&[BATCH_WORD, len * 4]));
        all.extend(content);
    }
    all.extend(words(&[WRAP_MARK]));
    let log = other(&[(0, all)], 5, [0, 20, 40, 60, 80, 100, 120, 140]);
    let mut cursor = Cursor::open(log, LAYOUT, Start::Head).unwrap();
    let mut out = Vec::new();
    let mut batches = 0;
    let error = loop {
        match cursor.next(&mut out) {
            Ok(Next::Batch) => batches += 1,
            Ok(other) => panic!("{other:?}"),
            Err(error) => break error,
        }
        assert!(batches < 100);
    };
    assert_eq!(error, ReadError::AheadOfWriter { segment: 14, segment_n: 5 });
}

#[test]
fn a_log_without_the_words_that_it_promises_is_not_opened() {
    let log = ArrayLog::from_parts([END_MARK; 80], 11, 0, [0; 8]);
    let error = Cursor::open(log, LAYOUT, Start::Head).unwrap_err();
    assert_eq!(error, OpenError::Short { segments: 8, segment_words: 11, len_words: 80 });
    let log = ArrayLog::from_parts([END_MARK; 80], 0, 0, [0; 8]);
    assert!(matches!(Cursor::open(log, LAYOUT, Start::Tail), Err(OpenError::Short { .. })));
}

#[test]
fn impossible_offsets_are_an_error() {
    for offset in [-2, 160, 39, i64::MIN, i64::MAX] {
        let log = other(&[], 2, [-1, -1, offset, -1, -1, -1, -1, -1]);
        let error = Cursor::open(log, LAYOUT, Start::Tail).unwrap_err();
        assert_eq!(error, OpenError::Read(ReadError::BadOffset { segment: 2, offset }));
    }
    let log = other(&[], 2, [-1; 8]);
    let error = Cursor::open(log, LAYOUT, Start::Head).unwrap_err();
    assert_eq!(error, OpenError::Read(ReadError::BadOffset { segment: 2, offset: -1 }));
}
