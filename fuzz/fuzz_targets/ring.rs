//! Any words and any head: a cursor over them ends, and what it hands out are whole records.
#![no_main]

use libfuzzer_sys::fuzz_target;
use shellac_format::{Layout, Records};
use shellac_ring::{Cursor, Hole, Next, Start};
use shellac_sys::ArrayLog;

/// Bytes before the words: what the head says.
const HEAD_BYTES: usize = 2 + 1 + 8;

fuzz_target!(|data: &[u8]| {
    let Some((head, words)) = data.split_first_chunk::<HEAD_BYTES>() else { return };
    let words: Vec<u32> =
        words.as_chunks().0.iter().map(|word| u32::from_ne_bytes(*word)).collect();
    let layout = if head[0] & 1 == 0 { Layout::Words2 } else { Layout::Words3 };
    let start = if head[0] & 2 == 0 { Start::Head } else { Start::Tail };
    // Mostly what the words allow, sometimes more than that.
    let segment_words =
        (words.len() / 8).wrapping_add_signed(isize::from(head[1].cast_signed() / 100));
    let segment_words = u32::try_from(segment_words).unwrap_or(u32::MAX);
    let segment_n = u32::from(head[2]).wrapping_sub(8);
    let offsets = std::array::from_fn(|index| match head[3 + index] {
        0 => i64::from(segment_words) * index as i64,
        1 => -1,
        2 => i64::MIN,
        other => i64::from(segment_words) * index as i64 + i64::from(other) - 3,
    });
    let bound = words.len() * 4 + 64;
    let log = ArrayLog::from_parts(words, segment_words, segment_n, offsets);
    let Ok(mut cursor) = Cursor::open(log, layout, start) else { return };
    let mut out = Vec::new();
    // The words stand still, so a lap is all there can be, and every hole leads forward.
    for _ in 0..bound {
        match cursor.next(&mut out) {
            Ok(Next::Batch) => assert!(Records::new(layout, &out).all(|record| record.is_ok())),
            Ok(Next::Overrun(_)) => {}
            Ok(Next::Nothing) | Err(_) => match cursor.skip_hole() {
                Ok(Hole::Skipped(_)) => {}
                Ok(Hole::Last { .. }) | Err(_) => return,
            },
        }
    }
    panic!("the cursor does not end");
});
