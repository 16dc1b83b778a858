use shellac_counters::vsc::{Format, Semantics};
use shellac_log::Compat;

use super::{Column, Line, State};
use crate::stat::dash::sample::{Point, Reading};
use crate::stat::dash::screen::Look;
use crate::stat::dash::snapshot::Snapshot;
use crate::stat::dash::testing::{point, reading};
use crate::terminal::Key;

/// The text of a column as varnishstat has it, without what makes it 14 wide.
fn cell(format: Format, semantics: Semantics, value: u64, column: usize, scaled: bool) -> String {
    let mut state = State::new(Compat::V7, false, false, Look::default());
    if !scaled {
        state.key(Key::Char('e'), &Snapshot::default(), 10);
    }
    let point = Point { format, semantics, ..point("MAIN.x") };
    let reading = Reading { change: Some(1536.0), means: [2.5, 0.0, 1e7], ..reading(value) };
    let line = Line { point: &point, reading: &reading, uptime: 8, state: &state };
    let columns = Column::all(false);
    line.cell(columns[column], column)
}

#[test]
fn numbers_are_written_as_varnishstat_does() {
    let whole = |value, column| cell(Format::Integer, Semantics::Counter, value, column, true);
    assert_eq!(whole(42, 0), "           42");
    assert_eq!(whole(999_999_999_999, 0), " 999999999999");
    assert_eq!(whole(1_000_000_000_000, 0), "   1000000...");
    assert_eq!(whole(42, 1), "      1536.00");
    assert_eq!(whole(42, 2), "         5.25");
    assert_eq!(whole(0, 2), "          .  ");
    assert_eq!(whole(42, 3), "         2.50");
    assert_eq!(cell(Format::Integer, Semantics::Gauge, 42, 2, true), "          .  ");

    let bytes =
        |value, column, scaled| cell(Format::Bytes, Semantics::Counter, value, column, scaled);
    assert_eq!(bytes(1024, 0, true), "         1024");
    assert_eq!(bytes(1025, 0, true), "         1.00K");
    assert_eq!(bytes(1 << 20, 0, true), "         1.00M");
    assert_eq!(bytes(u64::MAX, 0, true), "        16.00E");
    assert_eq!(bytes(1 << 20, 0, false), "      1048576");
    assert_eq!(bytes(1 << 20, 1, true), "         1.50K");
    assert_eq!(bytes(1 << 20, 1, false), "      1536.00 ");

    let time = |value, scaled| cell(Format::Duration, Semantics::Counter, value, 0, scaled);
    assert_eq!(time(90_061, true), "   1+01:01:01");
    assert_eq!(time(90_061, false), "        90061");
    assert_eq!(cell(Format::Duration, Semantics::Counter, 9, 1, true), "");
}

#[test]
fn a_history_takes_two_columns() {
    let value = 0xabcd_ef01_2300_0000 | 0b1011;
    let bitmap = |column| cell(Format::Bitmap, Semantics::Bitmap, value, column, true);
    assert_eq!(bitmap(0), format!("   {:010x}", value >> 24));
    let both = bitmap(1) + &bitmap(2);
    assert_eq!(both.len(), 28);
    assert!(both.starts_with("    ") && both.ends_with("V_VV"), "{both}");
    assert_eq!(bitmap(3), "");
}
