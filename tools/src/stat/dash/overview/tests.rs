//! The screen at fixed states.

use std::sync::Arc;

use ratatui::layout::Rect;
use serde_json::Value;

use super::Overview;
use crate::health::Judgement;
use crate::stat::dash::app::App;
use crate::stat::dash::scenes::{self, Scenery};
use crate::stat::dash::screen::{Look, Scene, Screen};
use crate::stat::dash::testing::{assert_golden, picture, second};
use crate::terminal::Key;

const LOOK: Look = Look { color: true, unicode: true, stock: false, offset: 0 };

fn app(scenery: Scenery) -> App {
    let mut app = App::new(vec![Box::new(Overview::default())], LOOK);
    scenery.snapshots.into_iter().for_each(|snapshot| app.arrived(snapshot));
    app
}

fn scene_of<T>(scenery: Scenery, look_at: impl FnOnce(&Scene<'_>) -> T) -> T {
    let mut history = crate::stat::dash::history::History::default();
    scenery.snapshots.into_iter().for_each(|it| history.push(std::sync::Arc::new(it)));
    look_at(&Scene::at(&history, u64::MAX).expect("a moment"))
}

#[test]
fn it_looks_like_this() {
    for (width, height) in [(80, 24), (140, 40)] {
        assert_golden("overview-empty", &app(scenes::empty()), width, height);
        assert_golden("overview-even", &app(scenes::even()), width, height);
        assert_golden("overview-troubled", &app(scenes::troubled()), width, height);
        assert_golden("overview-hostile", &app(scenes::hostile()), width, height);
        assert_golden("overview-restarted", &app(scenes::restarted()), width, height);
    }
    assert_golden("overview-recorded", &app(scenes::recorded()), 80, 24);
}

#[test]
fn every_size_is_drawn() {
    let app = app(scenes::hostile());
    for width in 1..100 {
        for height in [1, 2, 3, 4, 10, 30] {
            picture(&app, width, height);
        }
    }
}

#[test]
fn the_red_line_is_there_when_failures_concentrate_and_only_then() {
    let text = |scenery| scene_of(scenery, |scene| Overview::default().text(scene, 200));
    let troubled = text(scenes::troubled());
    assert!(troubled.starts_with(" FAILURES CONCENTRATE: backend=api2: "), "{troubled}");
    let even = text(scenes::even());
    assert!(
        !even.contains("CONCENTRATE") && even.contains("do not concentrate on anything"),
        "{even}"
    );
}

#[test]
fn what_the_worker_says_comes_first() {
    let verdict = |dimension: &str, value: &str| {
        format!(
            "dimension={dimension}\nsince=1767268740\ncount=1\nattempts=200\nfailures=90\nrest_attempts=1600\nrest_failures=8\nvalue={value}\n"
        )
    };
    let text = |mut scenery: Scenery, fault, verdict: &str| {
        let health = [("share_percent", 92), ("failures", 98)];
        let judgement = Judgement::of(&health, &[("fault", fault)], verdict);
        for snapshot in &mut scenery.snapshots {
            snapshot.judgement = Some(Arc::new(judgement.clone()));
        }
        scene_of(scenery, |scene| {
            let said = Overview::default().json(scene)["told_by_worker"].clone();
            (Overview::default().text(scene, 2000), said)
        })
    };
    let told = "since 11:59:00: 92 % of 98 of the last minute; when that was found 45.0 % of its attempts failed, 0.5 % of all others.";
    let (node, json) = text(scenes::even(), 0, &verdict("node", "n\u{1b}1"));
    let wanted = format!(" FAILURES CONCENTRATE: node n\\x1b1, {told}\n");
    assert!(node.starts_with(&wanted), "{node}");
    assert_eq!(json["concentration"]["dimension"], "node");
    // The log says something else as well.
    let (node, _) = text(scenes::troubled(), 0, &verdict("node", "n1"));
    assert!(node.contains(" of all others. In the log: backend=api2: "), "{node}");
    // It says the same.
    let (backend, _) = text(scenes::troubled(), 0, &verdict("backend", "api2"));
    assert!(!backend.contains("In the log"), "{backend}");
    let (fault, json) = text(scenes::even(), 1, "");
    assert!(fault.starts_with(" NODE FAULT: packets do not leave this node: "), "{fault}");
    assert_eq!((&json["node_fault"], &json["concentration"]), (&true.into(), &Value::Null));
}

#[test]
fn older_events_can_be_looked_at() {
    let mut app = app(scenes::troubled());
    let area = Rect::new(0, 0, 80, 24);
    let page = picture(&app, 80, 24);
    assert!(page.contains("api2 ejected") && !page.contains("later ones above"), "{page}");
    for _ in 0..10 {
        app.key(Key::Down, area, second(61));
    }
    let page = picture(&app, 80, 24);
    assert!(page.contains("EVENTS (3 later ones above)"), "{page}");
    app.key(Key::Home, area, second(61));
    assert!(!picture(&app, 80, 24).contains("later ones above"));
}

#[test]
fn programs_get_the_same_numbers() {
    scene_of(scenes::troubled(), |scene| {
        let json = Overview::default().json(scene);
        let total = scene.now.traffic.total;
        assert_eq!(json["total"]["requests"], total.requests);
        assert_eq!(json["total"]["answers"]["5xx"], total.errors);
        assert_eq!(json["minute"]["sums"]["failures"], scene.now.traffic.minute.sums.failures);
        assert_eq!(json["concentration"]["values"][0], "backend=api2");
        assert_eq!(json["in_flight"], 3);
        assert_eq!(json["reader"]["lag_percent"], 14);
        assert_eq!(json["events"].as_array().map(Vec::len), Some(4));
    });
}
