//! The screen at fixed states.

use std::sync::Arc;

use ratatui::layout::Rect;
use shellac_render::redact::Redaction;

use super::Traffic;
use crate::stat::dash::app::{App, Effect};
use crate::stat::dash::scenes::{self, Scenery};
use crate::stat::dash::screen::Look;
use crate::stat::dash::testing::{assert_golden, picture, second};
use crate::terminal::Key;

const LOOK: Look = Look { color: true, unicode: true, stock: false, offset: 0 };
const AREA: Rect = Rect { x: 0, y: 0, width: 80, height: 24 };

fn app(scenery: Scenery) -> App {
    let screen = Traffic::new(scenery.kept, Redaction::default());
    let mut app = App::new(vec![Box::new(screen)], LOOK);
    scenery.snapshots.into_iter().for_each(|snapshot| app.arrived(snapshot));
    app
}

fn keys(app: &mut App, keys: &[Key]) {
    for key in keys {
        assert_eq!(app.key(*key, AREA, second(60)), Effect::None);
    }
}

#[test]
fn it_looks_like_this() {
    for (width, height) in [(80, 24), (140, 40)] {
        assert_golden("traffic-empty", &app(scenes::empty()), width, height);
        assert_golden("traffic-troubled", &app(scenes::troubled()), width, height);
        assert_golden("traffic-hostile", &app(scenes::hostile()), width, height);
        assert_golden("traffic-restarted", &app(scenes::restarted()), width, height);
        let mut opened = app(scenes::hostile());
        keys(&mut opened, &[Key::Down, Key::Down, Key::Enter]);
        assert_golden("traffic-opened", &opened, width, height);
    }
}

#[test]
fn every_size_is_drawn() {
    let mut app = app(scenes::hostile());
    for width in 1..120 {
        for height in [1, 2, 3, 9, 30] {
            picture(&app, width, height);
        }
    }
    keys(&mut app, &[Key::Enter]);
    for width in 1..120 {
        picture(&app, width, 10);
    }
}

#[test]
fn the_end_of_a_list_is_its_last_row() {
    let mut scenery = scenes::troubled();
    let last = scenery.snapshots.last_mut().expect("a scene");
    let traffic = Arc::make_mut(&mut last.traffic);
    let busy = Arc::clone(&traffic.backends[0]);
    let mut idle = (*busy).clone();
    idle.minute_attempts = 0;
    let idle = Arc::new(idle);
    traffic.backends = vec![idle; 50];
    traffic.backends.push(busy.clone());
    traffic.urls = Arc::from([]);
    assert!(busy.minute_attempts > 0, "one row");
    let mut app = app(scenery);
    keys(&mut app, &[Key::Char('u'), Key::End]);
    assert!(picture(&app, 80, 24).contains(&busy.name));
}

#[test]
fn more_backends_than_urls_fit_in_every_size() {
    let mut scenery = scenes::troubled();
    for snapshot in &mut scenery.snapshots {
        let traffic = Arc::make_mut(&mut snapshot.traffic);
        traffic.urls = Arc::from([]);
    }
    let last = scenery.snapshots.last().expect("a scene");
    assert!(last.traffic.backends.iter().any(|it| it.minute_attempts > 0), "a row with no URL");
    let app = app(scenery);
    for width in 1..60 {
        picture(&app, width, 24);
    }
}

#[test]
fn a_failing_group_is_opened_scrolled_and_closed() {
    let mut app = app(scenes::troubled());
    let list = picture(&app, 80, 24);
    let row = list.lines().find(|line| line.starts_with('>')).expect("a current one");
    let xid = row.split_ascii_whitespace().nth(1).expect("its number").to_owned();
    keys(&mut app, &[Key::Enter]);
    let page = picture(&app, 80, 24);
    assert!(page.contains(&format!("FAILING GROUP {xid}")), "{page}");
    assert!(page.contains(&format!("XID {xid}: ")), "{page}");
    keys(&mut app, &[Key::End]);
    let end = picture(&app, 80, 24);
    assert!(!end.contains("lines 1-") && end.contains(&format!("FAILING GROUP {xid}")), "{end}");
    assert!(
        end.contains("on = [\"eof_before_byte\"]") || end.contains("Retry it"),
        "what to do: {end}"
    );
    // The next one is another one, which begins at its begin.
    keys(&mut app, &[Key::Char('n')]);
    let next = picture(&app, 80, 24);
    assert!(next.contains("FAILING GROUP") && !next.contains(&format!("GROUP {xid} ")), "{next}");
    assert!(next.contains("lines 1-"), "{next}");
    keys(&mut app, &[Key::Char('N'), Key::Esc]);
    assert_eq!(picture(&app, 80, 24), list);
    // Closed, the key is for others: nothing is done here.
    keys(&mut app, &[Key::Esc]);
    assert_eq!(app.key(Key::Char('q'), AREA, second(60)), Effect::Quit);
}

#[test]
fn a_part_has_the_screen_for_itself_and_gives_it_back() {
    let mut app = app(scenes::troubled());
    let shared = picture(&app, 80, 24);
    let heads = |page: &str| ["FAILING", "REQ/s", "IN FLIGHT"].map(|head| page.contains(head));
    assert_eq!(heads(&shared), [true; 3]);
    for (key, expected) in
        [('f', [true, false, false]), ('u', [false, true, false]), ('i', [false, false, true])]
    {
        keys(&mut app, &[Key::Char(key), Key::Down, Key::Up]);
        let page = picture(&app, 80, 24);
        assert_eq!(heads(&page), expected, "{page}");
    }
    keys(&mut app, &[Key::Char('i')]);
    assert_eq!(picture(&app, 80, 24), shared);
}

#[test]
fn what_is_copied_is_as_wide_as_it_has_to_be() {
    let mut app = app(scenes::even());
    match app.key(Key::Char('y'), AREA, second(60)) {
        Effect::Copy(text) => {
            assert!(text.lines().all(|line| line.len() < 120), "{text}");
            assert!(text.contains("URL") && text.contains("api1"), "{text}");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_copied_of_an_open_group_is_its_whole_trace() {
    let mut app = app(scenes::troubled());
    keys(&mut app, &[Key::Enter]);
    match app.key(Key::Char('y'), AREA, second(60)) {
        Effect::Copy(text) => {
            assert!(text.starts_with("XID ") && text.contains("attempt 1"), "{text}");
        }
        other => panic!("{other:?}"),
    }
}
