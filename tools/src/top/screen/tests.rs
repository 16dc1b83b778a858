use ratatui::layout::Rect;
use shellac_format::record::encode_text;
use shellac_format::{Dialect, Side, Tag, Vxid};
use shellac_log::Filter;

use super::{Effect, View};
use crate::reading::pass::Sink;
use crate::terminal::Key;
use crate::top::Tally;
use crate::top::keys::Keys;
use crate::top::limits::Limits;
use crate::top::measured::tests::request;
use crate::top::measured::{By, Measured};
use crate::top::report::Sort;

const DIALECT: Dialect = Dialect::V6_0;
const AREA: Rect = Rect { x: 0, y: 0, width: 60, height: 7 };

fn view(stock: bool, period: Option<f64>) -> View {
    let identity = "edge-1".to_owned();
    View { stock, sort: Sort::Count, identity, period, redraws: 0.0, is_paused: false }
}

/// URLs that came so many times.
fn tally(keys: usize, urls: &[(&str, usize)]) -> Tally {
    let limits = Limits::of_keys(keys);
    let mut keys = Keys::new(&Filter::new(), false, limits, DIALECT);
    for (url, times) in urls {
        let mut row = Vec::new();
        let number = Tag::ReqUrl.number(DIALECT).unwrap();
        let (layout, side) = (DIALECT.layout(), Side::Client);
        encode_text(&mut row, layout, number, Vxid(9), side, url.as_bytes(), 1024);
        for _ in 0..*times {
            let _ = keys.row(DIALECT, &row).unwrap();
        }
    }
    Tally::Keys(Box::new(keys))
}

const URLS: [(&str, usize); 6] =
    [("/a", 100), ("/b", 20), ("/c", 11), ("/d", 6), ("/e", 2), ("/\u{1b}", 1)];

#[test]
fn the_list_stands_below_its_length_and_who_is_read() {
    let mut view = view(true, None);
    let lines = view.lines(&mut tally(10, &URLS), true, AREA);
    let head = format!("{:<47}{:>12}", "list length 6", "edge-1 (EOF)");
    assert_eq!(
        lines,
        [
            &*head,
            "",
            "   100.00 ReqURL         /a",
            "    20.00 ReqURL         /b",
            "    11.00 ReqURL         /c",
            "     6.00 ReqURL         /d",
        ]
    );
    // What does not fit beside is left out.
    let narrow = Rect { width: 24, ..AREA };
    assert_eq!(view.lines(&mut tally(10, &URLS), true, narrow)[0], "list length 6");
    for height in 0..5 {
        let lines = view.lines(&mut tally(10, &URLS), true, Rect { height, ..AREA });
        assert_eq!(lines.len(), 2 + usize::from(height.saturating_sub(3)));
    }
}

/// Counts as they are after a picture.
fn counts(tally: &Tally) -> Vec<f64> {
    let Tally::Keys(keys) = tally else { panic!("keys are counted") };
    keys.counts.iter().map(|it| it.count).collect()
}

fn assert_close(found: &[f64], expected: &[f64]) {
    let close = found.iter().zip(expected).all(|(one, other)| (one - other).abs() < 1e-9);
    assert!(close && found.len() == expected.len(), "{found:?}, expected {expected:?}");
}

#[test]
fn counts_decay_with_each_picture_and_rare_keys_are_forgotten() {
    let mut first = view(true, Some(60.0));
    let mut all = tally(10, &URLS);
    let lines = first.lines(&mut all, false, AREA);
    // They are shown before they decay. With the first picture they come to rest, and of what is on the screen only a
    // count that is not ten times as much stays.
    assert_eq!(lines[2], "   100.00 ReqURL         /a");
    assert_close(&counts(&all), &[]);

    let mut later = View { redraws: 9.0, ..view(true, Some(60.0)) };
    let mut all = tally(10, &URLS);
    later.lines(&mut all, false, AREA);
    // The tenth picture: a tenth of the way to a third. The last line had 6; what comes to less than 0.6 is gone.
    let third = 1.0 / 3.0;
    let expected = [100.0, 20.0, 11.0, 6.0, 2.0, 1.0].map(|it| it + (third - it) / 10.0);
    assert_close(&counts(&all), &expected);
    later.lines(&mut all, true, AREA);
    assert_close(&counts(&all), &expected);

    let mut at_most = View { redraws: 3.0, ..view(true, Some(2.0)) };
    let mut all = tally(10, &[("/a", 4)]);
    at_most.lines(&mut all, false, AREA);
    assert_close(&counts(&all), &[(4.0 + third) / 2.0]);
}

#[test]
fn ours_says_bounds_and_keys_and_what_it_is_told() {
    let mut view = view(false, None);
    let urls: Vec<String> = (0..50).map(|number| format!("/{number}")).collect();
    let urls: Vec<(&str, usize)> = urls.iter().map(|url| (&**url, 2)).collect();
    let lines = view.lines(&mut tally(4, &urls), false, AREA);
    assert_eq!(lines.len(), 7);
    assert!(lines[2].contains("<="), "{lines:?}");
    assert!(lines[6].starts_with("q quit  space pause  r anew  more keys than"), "{lines:?}");
    assert_eq!(view.key(Key::Char(' ')), Effect::Show);
    assert!(view.lines(&mut tally(4, &[]), false, AREA)[6].starts_with("PAUSED  q quit"));
}

#[test]
fn kinds_are_a_table_whose_order_a_key_changes() {
    let mut measured = Measured::new(By::Status, Dialect::V7_3, 10);
    for (status, seconds) in [("200", "0.1"), ("200", "0.1"), ("503", "0.9")] {
        measured.group(&request("10.0.0.1 1 a", "/", status, seconds)).unwrap();
    }
    let mut tally = Tally::Kinds(Box::new(measured));
    let mut view = view(false, Some(60.0));
    let area = Rect { width: 100, ..AREA };
    let lines = view.lines(&mut tally, false, area);
    assert!(lines[0].starts_with("3 requests, 1 with errors, by status  "), "{lines:?}");
    assert!(lines[2].ends_with(" 200") && lines[6].contains("s sort (count)"), "{lines:?}");
    assert_eq!(view.key(Key::Char('s')), Effect::Show);
    let lines = view.lines(&mut tally, false, area);
    assert!(lines[2].ends_with(" 503") && lines[6].contains("s sort (errors)"), "{lines:?}");
    tally.reset();
    assert!(view.lines(&mut tally, false, area)[0].starts_with("0 requests"));
}

#[test]
fn keys_of_ours_are_none_under_the_stock_name() {
    let (mut ours, mut theirs) = (view(false, None), view(true, None));
    for (key, effect) in [(Key::Char('x'), Effect::Nothing), (Key::Up, Effect::Nothing)] {
        assert_eq!((ours.key(key), theirs.key(key)), (effect, effect), "{key:?}");
    }
    assert_eq!(
        (ours.key(Key::Char('r')), theirs.key(Key::Char('r'))),
        (Effect::Reset, Effect::Nothing)
    );
}
