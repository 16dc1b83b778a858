use super::{Item, Run, Runs, Step, Steps};
use crate::heads::tests::row;
use crate::layout::Layout;
use crate::record::{Record, encode};
use crate::{ByteSet, Heads, Side, Vxid};

const LAYOUTS: [Layout; 2] = [Layout::Words2, Layout::Words3];

fn items(layout: Layout, row: &[u8], steps: &Steps) -> (Vec<Item>, usize) {
    let mut runs = Runs::new(layout, row);
    let items = std::iter::from_fn(|| runs.next(steps)).collect();
    (items, runs.position())
}

#[test]
fn runs_hold_the_same_records_as_heads_wherever_the_row_ends() {
    for layout in LAYOUTS {
        let mut whole = row(layout);
        for n in 0..40u64 {
            let number = [16, 17, 200][usize::try_from(n % 3).unwrap()];
            let side = if n % 11 == 10 { Side::Backend } else { Side::Client };
            let payload = vec![b'x'; usize::try_from(n * 5 % 17).unwrap()];
            encode(&mut whole, layout, number, Vxid(n / 7), side, &payload);
        }
        let steps = Steps::new(|number| match number {
            17 => Step::Skip,
            200 | 76 => Step::Stop,
            _ => Step::Join,
        });
        for end in 0..=whole.len() {
            let row = &whole[..end];
            let (items, position) = items(layout, row, &steps);
            let mut got: Vec<Record<'_>> = Vec::new();
            for item in items {
                match item {
                    Item::Record(place) => got.push(place.record(row)),
                    Item::Run(Run { vxid, start, end }) => {
                        let run = &row[start..end];
                        for place in Heads::new(layout, run) {
                            assert_eq!(place.vxid, vxid);
                            got.push(place.record(run));
                        }
                    }
                }
            }
            let mut heads = Heads::new(layout, row);
            let expected: Vec<_> = heads
                .by_ref()
                .map(|place| place.record(row))
                .filter(|record| record.number != 17)
                .collect();
            assert_eq!(got, expected, "{layout:?}, {end} bytes");
            assert_eq!(position, heads.position(), "{layout:?}, {end} bytes");
        }
    }
}

#[test]
fn a_run_ends_with_its_transaction_and_where_something_else_lies_between() {
    for layout in LAYOUTS {
        let mut row = Vec::new();
        let mut ends = Vec::new();
        for (number, vxid) in [(16, 2), (18, 2), (16, 3), (17, 3), (16, 3), (200, 3), (16, 3)] {
            encode(&mut row, layout, number, Vxid(vxid), Side::None, b"/a\0");
            ends.push(row.len());
        }
        let steps = Steps::new(|number| match number {
            17 => Step::Skip,
            200 => Step::Stop,
            _ => Step::Join,
        });
        let (items, _) = items(layout, &row, &steps);
        let run = |vxid, start, end| Item::Run(Run { vxid: Vxid(vxid), start, end });
        assert_eq!(items.len(), 5);
        assert_eq!(items[0], run(2, 0, ends[1]));
        assert_eq!(items[1], run(3, ends[1], ends[2]));
        assert_eq!(items[2], run(3, ends[3], ends[4]));
        assert!(matches!(items[3], Item::Record(place) if place.end == ends[5]));
        assert_eq!(items[4], run(3, ends[5], ends[6]));
    }
}

#[test]
fn records_that_begin_otherwise_are_stepped_over() {
    for layout in LAYOUTS {
        let mut row = Vec::new();
        let mut ends = vec![0];
        let payloads: [&[u8]; 6] = [b"a1", b"B2", b"c3", b"", b"b4", b"x"];
        for payload in payloads {
            encode(&mut row, layout, 16, Vxid(1), Side::None, payload);
            ends.push(row.len());
        }
        // Another number, of which all are wanted.
        encode(&mut row, layout, 17, Vxid(1), Side::None, b"x");
        ends.push(row.len());
        let steps = Steps::new(|number| match number {
            16 => Step::JoinStarting(ByteSet::of_letters(*b"ab")),
            _ => Step::JoinStarting(ByteSet::ALL),
        });
        let (items, position) = items(layout, &row, &steps);
        let run = |from: usize, to: usize| {
            Item::Run(Run { vxid: Vxid(1), start: ends[from], end: ends[to] })
        };
        assert_eq!(items, [run(0, 2), run(3, 5), run(6, 7)], "{layout:?}");
        assert_eq!(position, row.len());
    }
}

#[test]
fn the_rest_of_a_transaction_is_stepped_over_up_to_what_comes_out_by_itself() {
    for layout in LAYOUTS {
        let mut row = Vec::new();
        let mut starts = Vec::new();
        for (number, vxid) in [(16, 2), (17, 2), (16, 2), (200, 2), (17, 2), (16, 3), (16, 3)] {
            starts.push(row.len());
            encode(&mut row, layout, number, Vxid(vxid), Side::None, b"/a\0");
        }
        starts.push(row.len());
        let steps = Steps::new(|number| match number {
            17 => Step::Skip,
            200 => Step::Stop,
            _ => Step::Join,
        });
        let mut runs = Runs::new(layout, &row);
        let first = runs.next(&steps).unwrap();
        assert_eq!(first, Item::Run(Run { vxid: Vxid(2), start: 0, end: starts[1] }));
        assert_eq!(runs.skip_owner(&steps, 0), starts[3] - starts[1]);
        assert!(matches!(runs.next(&steps), Some(Item::Record(place)) if place.number == 200));
        assert_eq!(runs.skip_owner(&steps, starts[3]), starts[5] - starts[4]);
        let last = runs.next(&steps).unwrap();
        let end = starts[7];
        assert_eq!(last, Item::Run(Run { vxid: Vxid(3), start: starts[5], end }));
        assert_eq!(runs.skip_owner(&steps, starts[5]), 0);
        assert_eq!(runs.position(), end);
        // What is not all there is not stepped over.
        let cut = &row[..end - 1];
        let mut runs = Runs::new(layout, cut);
        assert_eq!(runs.skip_owner(&steps, 0), starts[3]);
        let mut runs = Runs { at: starts[5], ..Runs::new(layout, cut) };
        assert_eq!(runs.skip_owner(&steps, starts[5]), starts[6] - starts[5]);
    }
}
