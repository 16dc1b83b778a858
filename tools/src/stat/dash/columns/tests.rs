//! Cutting, moving and scrolling.

use ratatui::style::Style;

use super::{Columns, Current, Place, as_text, cut, scrolled};
use crate::terminal::Key;

#[test]
fn what_does_not_fit_is_cut_and_says_so() {
    assert_eq!(cut("backend", 7), "backend");
    assert_eq!(cut("backends", 7), "backe..");
    assert_eq!(
        (cut("abc", 2), cut("abc", 1), cut("abc", 0)),
        ("..".into(), ".".into(), String::new())
    );
    let mut line = Columns::default();
    line.left("ab", 4, Style::new()).right("12", 4, Style::new()).rest(
        "and more",
        14,
        Style::new(),
    );
    assert_eq!(as_text(&[line.plain()]), "ab     12 an..\n");
}

#[test]
fn the_current_one_stays_the_same_when_others_come_and_go() {
    let mut current = Current::default();
    assert_eq!(current.place(&[] as &[u8], 3), Place { top: 0, current: 0 });
    assert!(current.moved(Key::Down, &[1, 2, 3, 4], 2));
    assert!(current.moved(Key::Down, &[1, 2, 3, 4], 2));
    assert_eq!(current.place(&[1, 2, 3, 4], 2), Place { top: 1, current: 2 });
    assert_eq!(current.place(&[9, 1, 2, 3, 4], 2), Place { top: 2, current: 3 });
    assert_eq!(current.key(&[9, 1, 2, 3]), Some(3));
    // It is gone: what stands in its place is the current one.
    assert_eq!(current.key(&[9, 1, 2, 4]), Some(2));
    assert!(current.moved(Key::End, &[1, 2, 3, 4], 2));
    assert_eq!(current.place(&[1, 2, 3, 4], 2), Place { top: 2, current: 3 });
    assert!(current.moved(Key::PageUp, &[1, 2, 3, 4], 2));
    assert_eq!(current.place(&[1, 2, 3, 4], 2), Place { top: 0, current: 1 });
    assert!(!current.moved(Key::Enter, &[1], 2));
}

#[test]
fn scrolling_ends_where_the_lines_do() {
    let keys = [Key::Up, Key::Down, Key::PageUp, Key::PageDown, Key::Home, Key::End];
    assert_eq!(keys.map(|key| scrolled(key, 5, 4, 7)), [4, 6, 1, 7, 0, 7].map(Some));
    // There are fewer lines than before.
    assert_eq!(scrolled(Key::Up, 50, 4, 7), Some(6));
    assert_eq!(keys.map(|key| scrolled(key, 5, 4, 0)), [Some(0); 6]);
    assert_eq!(scrolled(Key::Enter, 5, 4, 7), None);
}
