use super::{Heads, ordinary_bytes};
use crate::layout::{BATCH_TAG, END_MARK, Layout};
use crate::record::{Records, encode, encode_batch_head};
use crate::{Side, Vxid};

const LAYOUTS: [Layout; 2] = [Layout::Words2, Layout::Words3];

/// Three records, the last two in a batch that has a filler's record between them.
pub(crate) fn row(layout: Layout) -> Vec<u8> {
    let mut row = Vec::new();
    encode(&mut row, layout, 1, Vxid(0), Side::None, b"a\0");
    encode_batch_head(&mut row, layout, 99);
    encode(&mut row, layout, 253, Vxid(layout.max_vxid()), Side::Client, b"");
    encode(&mut row, layout, BATCH_TAG, Vxid(0), Side::None, b"filler");
    encode(&mut row, layout, 76, Vxid(7), Side::Backend, &[0; 70]);
    row
}

#[test]
fn heads_and_records_say_the_same_wherever_the_row_ends() {
    for layout in LAYOUTS {
        let whole = row(layout);
        for end in 0..=whole.len() {
            let row = &whole[..end];
            let heads: Vec<_> = Heads::new(layout, row).map(|place| place.record(row)).collect();
            let records: Vec<_> = Records::new(layout, row).map_while(Result::ok).collect();
            assert_eq!(heads, records, "{layout:?}, {end} bytes");
        }
        assert_eq!(Heads::new(layout, &whole).count(), 3);
    }
}

#[test]
fn what_is_no_record_ends_the_walk() {
    for layout in LAYOUTS {
        for word in [0, END_MARK] {
            let mut bytes = row(layout);
            let good = bytes.len();
            bytes.extend_from_slice(&u32::to_ne_bytes(word));
            bytes.extend_from_slice(&[0; 16]);
            let mut heads = Heads::new(layout, &bytes);
            assert_eq!(heads.by_ref().count(), 3);
            assert_eq!(heads.position(), good);
        }
    }
}

#[test]
fn places_tile_a_row() {
    for layout in LAYOUTS {
        let row = row(layout);
        let places: Vec<_> = Heads::new(layout, &row).collect();
        assert_eq!(places[0].start, 0);
        assert_eq!(places[1].start, places[0].end + layout.head_bytes());
        assert_eq!(places[2].end, row.len());
        assert_eq!(places[2].payload + 70 + 2, row.len());
    }
}

#[test]
fn ordinary_bytes_end_before_a_batch_or_a_cut_and_behind_enough() {
    for layout in LAYOUTS {
        let row = row(layout);
        let first = layout.head_bytes() + 4;
        assert_eq!(ordinary_bytes(layout, &row, usize::MAX), first);
        assert_eq!(ordinary_bytes(layout, &row, 1), first);
        assert_eq!(ordinary_bytes(layout, &row, 0), 0);
        assert_eq!(ordinary_bytes(layout, &row[..first - 1], usize::MAX), 0);
        assert_eq!(ordinary_bytes(layout, &[], usize::MAX), 0);
    }
}

#[test]
fn only_wanted_records_are_looked_at() {
    for layout in LAYOUTS {
        let row = row(layout);
        let mut heads = Heads::new(layout, &row);
        let wanted = heads.next_wanted(|number| number == 76);
        assert_eq!(wanted.map(|place| place.vxid), Some(Vxid(7)));
        assert_eq!(heads.next_wanted(|_| true), None);
    }
}
