//! The screen at fixed states.

use std::sync::Arc;

use ratatui::layout::Rect;

use super::Backends;
use super::rows::{Order, State, rows};
use crate::stat::dash::app::App;
use crate::stat::dash::scenes::{self, Scenery};
use crate::stat::dash::screen::{Look, Scene, Screen};
use crate::stat::dash::testing::{assert_golden, picture, second};
use crate::terminal::Key;

const LOOK: Look = Look { color: true, unicode: true, stock: false, offset: 0 };
const AREA: Rect = Rect { x: 0, y: 0, width: 80, height: 24 };

fn app(scenery: Scenery) -> App {
    let mut app = App::new(vec![Box::new(Backends::default())], LOOK);
    scenery.snapshots.into_iter().for_each(|snapshot| app.arrived(snapshot));
    app
}

#[test]
fn it_looks_like_this() {
    for (width, height) in [(80, 24), (140, 40)] {
        assert_golden("backends-empty", &app(scenes::empty()), width, height);
        assert_golden("backends-even", &app(scenes::even()), width, height);
        assert_golden("backends-hostile", &app(scenes::hostile()), width, height);
        assert_golden("backends-restarted", &app(scenes::restarted()), width, height);
        let mut troubled = app(scenes::troubled());
        for _ in 0..2 {
            troubled.key(Key::Char('s'), AREA, second(60));
        }
        troubled.key(Key::Down, AREA, second(60));
        troubled.notice(second(70));
        assert_golden("backends-troubled", &troubled, width, height);
    }
}

#[test]
fn every_size_is_drawn() {
    let app = app(scenes::hostile());
    for width in 1..160 {
        for height in [1, 2, 3, 9, 30] {
            picture(&app, width, height);
        }
    }
}

#[test]
fn each_state_has_its_reason() {
    let scenery = scenes::troubled();
    let now = scenery.snapshots.last().expect("a moment");
    let found = rows(now, Order::Name);
    let told: Vec<(String, State, Option<&str>)> = found
        .iter()
        .map(|row| (row.key(), row.state, row.why.as_ref().map(|(_, text)| &text[..])))
        .collect();
    let sick = "api3 Went sick 4---X-r- 2 3 8 0.000000 0.000100 \"Open timeout(2.000s)\"";
    assert_eq!(
        told,
        [
            ("boot.api1".to_owned(), State::Sick, None),
            ("reload_1.api1".to_owned(), State::Sick, None),
            (
                "reload_1.api2".to_owned(),
                State::Ejected,
                Some("shellac: api2 ejected: 10 of 20 attempts failed, for 10 s")
            ),
            ("reload_1.api3".to_owned(), State::Sick, Some(sick)),
            (
                "reload_1.api4".to_owned(),
                State::Drained,
                Some("backend.set_health reload_1.api4 drain")
            ),
            ("reload_1.spare".to_owned(), State::Unprobed, None),
        ]
    );
    // The log knows no configurations: what it says is that of the one that is used.
    assert!(found[0].traffic.is_none() && found[1].traffic.is_some());
}

#[test]
fn backends_of_files_are_those_of_the_log() {
    let mut history = crate::stat::dash::history::History::default();
    scenes::recorded().snapshots.into_iter().for_each(|it| history.push(Arc::new(it)));
    let scene = Scene::at(&history, u64::MAX).expect("a moment");
    let json = Backends::default().json(&scene);
    let names: Vec<&str> = json["backends"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|row| row["name"].as_str())
        .collect();
    assert_eq!(names, ["api1", "api2", "api3", "api4"]);
    let traffic = &scene.now.traffic;
    assert_eq!(json["backends"][2]["log"]["failures"], traffic.total.failures);
    assert_eq!(json["backends"][2]["state"], "-");
    let text = Backends::default().text(&scene, 80);
    assert_eq!(text.lines().count(), 5, "{text}");
}

#[test]
fn what_an_administrator_of_varnishd_ordered_is_known_from_the_log() {
    let mut simulation = crate::watch::simulated::Simulation::new(16);
    let now = |simulation: &mut crate::watch::simulated::Simulation| {
        let counters = ["boot.api1", "boot.api2"].map(|name| {
            let point = crate::stat::dash::testing::point(&format!("VBE.{name}.happy"));
            (point, crate::stat::dash::testing::reading(!0 - 2))
        });
        let before = crate::stat::dash::sample::Sample::default();
        let mut snapshot = crate::stat::dash::testing::snapshot(1, &counters, &before);
        snapshot.traffic = Arc::new(simulation.traffic(1));
        let states: Vec<State> = rows(&snapshot, Order::Name).iter().map(|it| it.state).collect();
        states
    };
    assert_eq!(now(&mut simulation), [State::Healthy, State::Healthy]);
    for (command, expected) in [
        ("Rd backend.set_health *.api1 sick", [State::Drained, State::Healthy]),
        ("Rd backend.set_health api2 sick", [State::Drained, State::Drained]),
        ("Rd backend.set_health boot.* auto", [State::Healthy, State::Healthy]),
    ] {
        simulation.says(1, &[(shellac_format::Tag::Cli, command)]);
        assert_eq!(now(&mut simulation), expected, "{command}");
    }
}

#[test]
fn what_the_log_says_is_that_of_the_configuration_that_new_requests_get() {
    use crate::stat::dash::sample::{Reading, Sample};
    use crate::stat::dash::testing::{point, reading, snapshot};
    let mut simulation = crate::watch::simulated::Simulation::new(17);
    simulation.run(0..1, 20, |_| 0.0);
    let moving = |change| Reading { change: Some(change), ..reading(9) };
    // Requests that began with the old one are not over yet.
    let counters = [
        (point("VBE.new.api1.req"), moving(1.0)),
        (point("VBE.new.api1.active"), reading(1)),
        (point("VBE.old.api1.req"), moving(50.0)),
        (point("VBE.old.api1.active"), reading(0)),
    ];
    let mut now = snapshot(1, &counters, &Sample::default());
    now.traffic = Arc::new(simulation.traffic(1));
    let found = rows(&now, Order::Name);
    let of = |key: &str| found.iter().find(|row| row.key() == key).expect(key);
    assert!(of("new.api1").traffic.is_some() && of("old.api1").traffic.is_none());
    let mut history = crate::stat::dash::history::History::default();
    history.push(Arc::new(now.clone()));
    let scene = Scene::at(&history, u64::MAX).expect("a moment");
    let text = Backends::default().text(&scene, 80);
    let unused = text.lines().filter(|line| line.contains("api1 (unused)"));
    assert_eq!(unused.count(), 1, "which of the two is used is said: {text}");
}

#[test]
fn failed_connects_are_those_of_all_reasons_whoever_adds_them_up() {
    use crate::stat::dash::testing::{point, reading, snapshot};
    let fail = |all, refused, other| {
        let counters = [("fail", all), ("fail_econnrefused", refused), ("fail_other", other)]
            .map(|(own, value)| (point(&format!("VBE.boot.b.{own}")), reading(value)));
        let now = snapshot(1, &counters, &crate::stat::dash::sample::Sample::default());
        rows(&now, Order::Name)[0].fail
    };
    assert_eq!((fail(0, 41, 1), fail(42, 41, 1)), (Some(42), Some(42)));
}
