//! Round trips, and what hostile bytes do.

use super::*;
use proptest::prelude::*;

const LAYOUTS: [Layout; 2] = [Layout::Words2, Layout::Words3];

proptest! {
    #[test]
    fn what_is_encoded_is_decoded(
        three in any::<bool>(), number in 1u8..254, vxid in any::<u64>(), side in 0..3,
        payload in proptest::collection::vec(any::<u8>(), 0..300),
    ) {
        let layout = LAYOUTS[usize::from(three)];
        let side = [Side::None, Side::Client, Side::Backend][usize::try_from(side).unwrap()];
        let vxid = Vxid(vxid & layout.max_vxid());
        let mut bytes = Vec::new();
        encode(&mut bytes, layout, number, vxid, side, &payload);
        prop_assert_eq!(bytes.len() % WORD, 0);
        let records: Vec<_> = Records::new(layout, &bytes).collect();
        prop_assert_eq!(records, vec![Ok(Record { number, vxid, side, payload: &payload })]);
    }

    #[test]
    fn any_bytes_end_without_a_panic(three in any::<bool>(), bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let layout = LAYOUTS[usize::from(three)];
        let mut walker = Records::new(layout, &bytes);
        let mut steps = 0;
        while let Some(record) = walker.next() {
            steps += 1;
            prop_assert!(steps <= bytes.len());
            if record.is_err() {
                prop_assert!(walker.next().is_none());
            }
        }
    }
}

#[test]
fn a_text_is_cut_with_its_nul_inside_the_limit() {
    for layout in LAYOUTS {
        let mut bytes = Vec::new();
        encode_text(&mut bytes, layout, 16, Vxid(7), Side::Client, b"/abcdefgh", 8);
        encode_text(&mut bytes, layout, 16, Vxid(7), Side::Client, b"/abc", 255);
        let payloads: Vec<_> = Records::new(layout, &bytes).map(|r| r.unwrap().payload).collect();
        assert_eq!(payloads, [&b"/abcdef\0"[..], &b"/abc\0"[..]]);
    }
}

#[test]
fn batches_and_fillers_are_stepped_over() {
    for layout in LAYOUTS {
        let mut inner = Vec::new();
        encode_text(&mut inner, layout, 76, Vxid(7), Side::Client, b"req 6 rxreq", 255);
        let mut bytes = Vec::new();
        encode_batch_head(&mut bytes, layout, u32::try_from(inner.len()).unwrap());
        bytes.extend_from_slice(&inner);
        // A filler: an outer head and one inner record with its length in word 0.
        encode_batch_head(&mut bytes, layout, u32::try_from(layout.head_bytes()).unwrap() + 8);
        bytes.extend_from_slice(&(BATCH_WORD | 8).to_ne_bytes());
        bytes.extend_from_slice(&[0; 8][..layout.head_bytes() - WORD]);
        bytes.extend_from_slice(&[0xaa; 8]);
        bytes.extend_from_slice(&inner);
        let texts: Vec<_> = Records::new(layout, &bytes).map(|r| r.unwrap().text()).collect();
        assert_eq!(texts, [&b"req 6 rxreq"[..]; 2]);
    }
}

#[test]
fn broken_rows_say_where() {
    let mut bytes = Vec::new();
    encode_text(&mut bytes, Layout::Words2, 76, Vxid(7), Side::Client, b"abc", 255);
    let whole = bytes.len();
    bytes.extend_from_slice(&[0; 8]);
    let error = Records::new(Layout::Words2, &bytes).nth(1).unwrap().unwrap_err();
    assert_eq!(error, RecordError::NotARecord { at: whole, number: 0 });
    let error = Records::new(Layout::Words2, &bytes[..whole - 4]).next().unwrap().unwrap_err();
    assert_eq!(error, RecordError::ShortPayload { at: 0, need: whole, have: whole - 4 });
    let error = Records::new(Layout::Words2, &bytes[..3]).next().unwrap().unwrap_err();
    assert_eq!(error, RecordError::ShortHead { at: 0, have: 3 });
}
