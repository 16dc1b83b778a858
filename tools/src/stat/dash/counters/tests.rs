//! The screen at fixed states, and what keys make of it.

use std::sync::Arc;

use ratatui::layout::Rect;
use shellac_counters::vsc::{Format, Level, Semantics};
use shellac_log::Compat;

use super::Counters;
use crate::stat::dash::app::{App, Effect};
use crate::stat::dash::sample::{HitRate, Point, Reading, Sample};
use crate::stat::dash::screen::Look;
use crate::stat::dash::snapshot::{Event, Instance, Snapshot, State};
use crate::stat::dash::testing::{assert_golden, picture, point, reading, second, snapshot};
use crate::terminal::Key;

const PLAIN: Look = Look { color: false, unicode: true, stock: false, offset: 0 };
const COLOR: Look = Look { color: true, ..PLAIN };
const STOCK: Look = Look { stock: true, unicode: false, ..PLAIN };
const AREA: Rect = Rect { x: 0, y: 0, width: 80, height: 24 };

/// One of each kind.
fn counters(at: u64) -> Vec<(Point, Reading)> {
    let with =
        |name: &str, semantics, format, level| Point { semantics, format, level, ..point(name) };
    let (count, gauge) = (Semantics::Counter, Semantics::Gauge);
    let info = Level::Info;
    let moving = |value, change: f64| Reading {
        change: Some(change),
        means: [change, change / 2.0, change / 4.0],
        ..reading(value)
    };
    let unseen = Reading::default();
    #[allow(clippy::cast_precision_loss, reason = "small numbers")]
    let busy = (at % 7) as f64 * 10.0;
    vec![
        (with("MGT.uptime", count, Format::Duration, info), moving(90_061 + at, 1.0)),
        (with("MAIN.uptime", count, Format::Duration, info), moving(3600 + at, 1.0)),
        (with("MAIN.client_req", count, Format::Integer, info), moving(40_000 + at, busy)),
        (with("MAIN.backend_fail", count, Format::Integer, info), unseen),
        (with("MAIN.threads", gauge, Format::Integer, info), moving(200 - at % 3, 0.0)),
        (with("MAIN.sess_readahead", count, Format::Integer, Level::Diag), moving(12, 0.25)),
        (with("MAIN.s_resp_bodybytes", count, Format::Bytes, info), moving(5 << 30, 123_456.7)),
        (with("SMA.s0.g_bytes", gauge, Format::Bytes, info), moving(u64::MAX - 9, -10.0)),
        (
            with(
                "VBE.reload_20260101_120000.api-primary.happy",
                Semantics::Bitmap,
                Format::Bitmap,
                info,
            ),
            reading(0xffff_ffff_ff00_f00f),
        ),
        (
            with("VBE.reload_20260101_120000.api-primary.conn", gauge, Format::Integer, info),
            moving(3, 0.0),
        ),
        // Two columns each, and an escape sequence.
        (
            with("VBE.boot.\u{65e5}\u{672c}\u{1b}[2J.req", count, Format::Integer, info),
            moving(9, 0.5),
        ),
        (with("LCK.sma.locks", count, Format::Integer, Level::Debug), moving(77, 2.0)),
    ]
}

fn app_of(look: Look, compat: Compat, screen: Counters, moments: u64) -> App {
    let _ = compat;
    let mut app = App::new(vec![Box::new(screen)], look);
    let mut before = Sample::default();
    for at in 0..moments {
        let mut next = snapshot(at, &counters(at), &before);
        next.counters.manager_uptime = 90_061 + at;
        next.counters.worker_uptime = 3600 + at;
        next.counters.hit_rate = HitRate { moments: [10, 21, 21], means: [0.5, 0.25, 0.125] };
        before = next.counters.clone();
        app.arrived(next);
    }
    app
}

fn app(look: Look) -> App {
    app_of(look, Compat::V7, Counters::new(Compat::V7, false, false, look), 21)
}

fn keys(app: &mut App, keys: &[Key]) {
    for &key in keys {
        app.key(key, AREA, second(21));
    }
}

fn typed(app: &mut App, text: &str) {
    keys(app, &text.chars().map(Key::Char).collect::<Vec<_>>());
}

#[test]
fn it_looks_like_this() {
    for (width, height) in [(80, 24), (140, 40)] {
        assert_golden("counters", &app(COLOR), width, height);
        assert_golden("counters-stock", &app(STOCK), width, height);

        let mut many = app(PLAIN);
        typed(&mut many, "dvvrjj*jm");
        assert_golden("counters-all-marked", &many, width, height);

        let mut filtered = app(PLAIN);
        typed(&mut filtered, "/Vbe*Q");
        assert_golden("counters-typing", &filtered, width, height);

        let mut paused = app(COLOR);
        keys(&mut paused, &[Key::Char('['), Key::Left]);
        assert_golden("counters-paused", &paused, width, height);

        let mut help = app(PLAIN);
        typed(&mut help, "h");
        assert_golden("counters-help", &help, width, height);
    }
    // As small as can be, without a panic.
    for (width, height) in [(1, 1), (10, 2), (24, 5), (30, 8), (300, 100)] {
        picture(&app(COLOR), width, height);
        picture(&app(STOCK), width, height);
    }
    assert_golden("counters", &app(COLOR), 50, 12);
}

#[test]
fn an_instance_that_is_not_there_is_shown_as_such() {
    let mut app = App::new(vec![Box::new(Counters::new(Compat::V7, false, false, COLOR))], COLOR);
    assert_eq!(picture(&app, 80, 24).lines().next(), Some(""), "nothing was looked at yet");
    let missing = Instance {
        state: State::Missing("there is no such directory; waiting".to_owned()),
        ..Instance::default()
    };
    app.arrived(Snapshot { at: second(0), instance: missing, ..Snapshot::default() });
    assert_golden("counters-missing", &app, 80, 24);

    // It comes, and its worker goes.
    let mut next = snapshot(1, &counters(1), &Sample::default());
    app.arrived(next.clone());
    assert!(picture(&app, 80, 24).contains("MAIN.client_req"));
    next.instance.state = State::NoWorker;
    next.at = second(2);
    let ended = Event { at: second(2), text: "the worker ended: process 101".to_owned() };
    next.events = Arc::from([ended]);
    app.arrived(next);
    let shown = picture(&app, 80, 24);
    assert!(
        shown.contains("no worker") && shown.contains("Uptime child:   Not Running"),
        "{shown}"
    );
    assert!(shown.contains("the worker ended: process 101"), "{shown}");
    app.notice(second(30));
    assert!(!picture(&app, 80, 24).contains("the worker ended"));
}

#[test]
fn a_wide_name_shifts_no_column() {
    let app = app(PLAIN);
    let shown = picture(&app, 140, 40);
    let lines: Vec<&str> = shown.lines().collect();
    let wide = lines.iter().find(|line| line.contains("xac")).unwrap();
    let plain = lines.iter().find(|line| line.starts_with("MAIN.client_req")).unwrap();
    assert!(wide.contains("\\x1b[2J.req") && !wide.contains('\u{1b}'), "{wide}");
    // CURRENT ends in the same column.
    let end =
        |line: &str, number: &str| line.find(&format!(" {number} ")).map(|at| at + number.len());
    assert_eq!(end(wide, "9"), end(plain, "40020"), "{shown}");
}

#[test]
fn the_cursor_stays_on_its_counter_when_others_come() {
    let mut app = app(PLAIN);
    typed(&mut app, "jj");
    let current = |app: &App| {
        let shown = picture(app, 80, 24);
        shown.lines().rev().find_map(|line| line.strip_prefix("Short text of ").map(str::to_owned))
    };
    assert_eq!(current(&app).as_deref(), Some("MAIN.client_req:"));
    let mut more = counters(30);
    more.insert(0, (point("A.first"), reading(1)));
    more.insert(2, (point("A.third"), reading(1)));
    app.arrived(snapshot(30, &more, &Sample::default()));
    assert_eq!(current(&app).as_deref(), Some("MAIN.client_req:"));
    // The counter goes: the next one in its place.
    let less: Vec<_> =
        counters(31).into_iter().filter(|(it, _)| it.name != "MAIN.client_req").collect();
    app.arrived(snapshot(31, &less, &Sample::default()));
    assert_eq!(current(&app).as_deref(), Some("MAIN.threads:"));
}

#[test]
fn a_mark_counts_from_there_and_a_reset_counter_from_zero() {
    let mut app = app(PLAIN);
    typed(&mut app, "m");
    let mut later = counters(20);
    for (point, reading) in &mut later {
        match point.name.as_str() {
            "MAIN.client_req" => reading.value += 1000,
            "MAIN.sess_readahead" => reading.value = 5,
            "MAIN.threads" => reading.value -= 100,
            _ => {}
        }
    }
    app.arrived(snapshot(80, &later, &Sample::default()));
    typed(&mut app, "v");
    let shown = picture(&app, 140, 40);
    let line = |name: &str| shown.lines().find(|line| line.starts_with(name)).unwrap();
    assert!(shown.contains("SINCE_MARK") && shown.contains("Mark 12:00:20, 60 s ago"), "{shown}");
    assert!(line("MAIN.client_req").contains(" 1000.00 "));
    assert!(line("MAIN.sess_readahead").contains(" 5.00 "));
    assert!(line("MAIN.threads").contains(" -100.00 "));
    typed(&mut app, "M");
    assert!(!picture(&app, 140, 40).contains("SINCE_MARK"));
}

#[test]
fn time_stands_still_and_goes_on() {
    let mut app = app(PLAIN);
    let requests = |app: &App| {
        let shown = picture(app, 80, 24);
        let line = shown.lines().find(|line| line.starts_with("MAIN.client_req")).unwrap();
        line.split_ascii_whitespace().nth(1).unwrap().to_owned()
    };
    assert_eq!(requests(&app), "40020");
    // There is nothing after the latest.
    keys(&mut app, &[Key::Right]);
    assert!(!app.is_paused());
    keys(&mut app, &[Key::Left, Key::Left]);
    assert_eq!(requests(&app), "40018");
    app.arrived(snapshot(21, &counters(21), &Sample::default()));
    assert_eq!(requests(&app), "40018");
    assert!(picture(&app, 80, 24).contains("PAUSED -3s"));
    keys(&mut app, &[Key::Char('['), Key::Char('['), Key::Char('[')]);
    assert_eq!(requests(&app), "40000", "the oldest");
    keys(&mut app, &[Key::Char(']'), Key::Right]);
    assert_eq!(requests(&app), "40011");
    keys(&mut app, &[Key::Char('p')]);
    assert_eq!(requests(&app), "40021");
}

#[test]
fn what_is_shown_is_copied_and_written() {
    let mut app = app(PLAIN);
    typed(&mut app, "/client_");
    keys(&mut app, &[Key::Enter]);
    let Effect::Copy(text) = app.key(Key::Char('y'), AREA, second(21)) else { panic!("no copy") };
    let lines: Vec<Vec<&str>> =
        text.lines().map(|line| line.split_ascii_whitespace().collect()).collect();
    assert_eq!(lines.len(), 2, "{text}");
    assert_eq!(lines[0][..3], ["NAME", "CURRENT", "CHANGE"]);
    assert_eq!(lines[1][..3], ["MAIN.client_req", "40020", "60.00"]);

    keys(&mut app, &[Key::Char('w')]);
    let shown = picture(&app, 80, 24);
    assert!(shown.contains("Write to: shellac-counters-20260101-120020.txt"), "{shown}");
    keys(&mut app, &[Key::Ctrl('u')]);
    // Keys are letters now.
    typed(&mut app, "q/pw.json");
    let Effect::Save { path, text } = app.key(Key::Enter, AREA, second(21)) else {
        panic!("nothing is written")
    };
    assert_eq!(path, "q/pw.json");
    let written: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(written["instance"], "edge-1");
    assert_eq!(written["counters"]["MAIN.client_req"]["value"], 40020);
    assert_eq!(written["counters"].as_object().unwrap().len(), 1);
    assert_eq!(app.key(Key::Char('q'), AREA, second(21)), Effect::Quit);
}

#[test]
fn filters_raise_the_level_so_that_all_they_want_is_shown() {
    let raised = Counters::new(Compat::V7, true, false, PLAIN);
    let mut app = app_of(PLAIN, Compat::V7, raised, 3);
    let shown = picture(&app, 80, 24);
    assert!(shown.contains("LCK.sma.locks") && shown.contains("DEBUG  1-11/11"), "{shown}");
    typed(&mut app, "V");
    assert!(picture(&app, 80, 24).contains("DIAG  1-10/10"));
}

#[test]
fn only_later_generations_reset_under_stock_names() {
    for (compat, look, expected) in [
        (Compat::V7, STOCK, Effect::None),
        (Compat::V9, STOCK, Effect::ResetMeans),
        (Compat::V7, PLAIN, Effect::ResetMeans),
    ] {
        let mut app = app_of(look, compat, Counters::new(compat, false, false, look), 2);
        assert_eq!(app.key(Key::Char('0'), AREA, second(3)), expected, "{compat:?}");
    }
}

#[test]
fn what_comes_above_the_first_line_is_above_the_page_under_stock_names() {
    for (look, top) in [(STOCK, "MAIN.client_req"), (PLAIN, "MGT.uptime")] {
        let mut app = App::new(vec![Box::new(Counters::new(Compat::V7, false, false, look))], look);
        let mut values = counters(0);
        let later = std::mem::take(&mut values[0].1);
        values[1].1 = Reading::default();
        let first = snapshot(0, &values, &Sample::default());
        let before = first.counters.clone();
        app.arrived(first);
        values[0].1 = later;
        app.arrived(snapshot(1, &values, &before));
        let shown = picture(&app, 80, 24);
        let list = shown.lines().skip_while(|line| !line.contains("NAME")).nth(1).unwrap_or("");
        assert!(list.contains(top), "{look:?}: {shown}");
    }
}
