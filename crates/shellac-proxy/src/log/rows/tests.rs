//! A row is what its records are one by one: in every dialect, with every tag masked, and with texts that are cut.

use shellac_format::{Dialect, TAGS};

use super::*;
use crate::log::Grammar;

#[test]
fn a_row_is_what_its_records_are_one_by_one() {
    let kinds =
        Dialect::ALL.into_iter().flat_map(|dialect| [16, 17, 255].map(|len| (dialect, len)));
    for (dialect, reclen) in kinds {
        let grammar = Grammar::new(dialect, reclen);
        let longest = grammar.longest_text();
        let masks = TAGS.iter().map(|row| Some(row.tag)).chain([None]);
        for masked in masks {
            let number = |tag: Tag| if Some(tag) == masked { 0 } else { grammar.number(tag) };
            let blocks = Blocks::new(grammar.layout, longest, number);
            for row in Row::ALL {
                let stamp = Stamp::new(grammar.layout, Vxid(0x1234_5678), Side::Backend);
                let (mut whole, mut single) = (Buffer::new(longest), Buffer::new(longest));
                // Not at the start, and with something behind it.
                for buffer in [&mut whole, &mut single] {
                    buffer.plain(&stamp, 1, b"before");
                }
                assert!(whole.row(&stamp, blocks.of(row)), "{row:?} has a block");
                let mut records = 0;
                for (tag, text) in row.records() {
                    if number(*tag) != 0 {
                        single.plain(&stamp, number(*tag), text);
                        records += 1;
                    }
                }
                for buffer in [&mut whole, &mut single] {
                    buffer.plain(&stamp, 1, b"behind");
                }
                assert_eq!(whole.records(), single.records(), "{row:?}, {dialect}, {masked:?}");
                assert_eq!(blocks.of(row).records(), records);
            }
        }
    }
}

#[test]
fn a_row_without_a_block_or_without_room_is_not_written() {
    let grammar = Grammar::new(Dialect::V7_3, 255);
    let stamp = Stamp::new(grammar.layout, Vxid(7), Side::Client);
    let blocks = Blocks::new(grammar.layout, 254, |tag| grammar.number(tag));
    let mut buffer = Buffer::new(254);
    assert!(!buffer.row(&stamp, Blocks::NONE.of(Row::Pass)));
    assert!(!Buffer::default().row(&stamp, blocks.of(Row::Pass)), "there is no buffer");
    assert!(buffer.is_empty());
    while buffer.row(&stamp, blocks.of(Row::Pass)) {}
    assert!(buffer.is_full(), "one that is not full has room");
}

#[test]
fn every_row_is_at_its_number() {
    for (number, row) in Row::ALL.into_iter().enumerate() {
        assert_eq!(row as usize, number);
    }
    for kind in [BodyKind::None, BodyKind::Chunked, BodyKind::Length, BodyKind::Eof] {
        assert_eq!(Row::body(kind).records()[2].1, kind.text());
    }
}
