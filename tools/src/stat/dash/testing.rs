//! States for the tests of this folder, made by hand.

use std::path::Path;
use std::sync::Arc;

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::style::{Color, Modifier};
use ratatui::text::Span;
use shellac_counters::vsc::{Format, Level, Semantics};

use super::app::App;
use super::frame;
use super::sample::{Point, Reading, Sample};
use super::snapshot::{Instance, Moment, Snapshot, State};

/// A counter of the first level.
pub(crate) fn point(name: &str) -> Point {
    Point {
        name: name.to_owned(),
        set_len: name.rfind('.').unwrap_or_default(),
        semantics: Semantics::Counter,
        format: Format::Integer,
        level: Level::Info,
        asked: true,
        short: format!("Short text of {name}").into(),
        long: vec![format!("Long text of {name}.")].into(),
    }
}

/// It was seen, and stands still.
pub(crate) fn reading(value: u64) -> Reading {
    Reading { value, seen: true, change: Some(0.0), means: [0.0; 3] }
}

/// An instance that runs.
pub(crate) fn running() -> Instance {
    Instance {
        name: "edge-1".to_owned(),
        state: State::Running,
        manager: Some(100),
        worker: Some(101),
    }
}

/// So many seconds after noon of a day in UTC.
pub(crate) fn second(seconds: u64) -> Moment {
    let mono = 1_000_000 * (5000 + seconds);
    Moment { unix: 1_000_000 * (1_767_268_800 + seconds), mono }
}

/// A snapshot with these counters, at a second.
pub(crate) fn snapshot(seconds: u64, counters: &[(Point, Reading)], before: &Sample) -> Snapshot {
    let points: Arc<[Point]> = counters.iter().map(|(point, _)| point.clone()).collect();
    let readings: Vec<Reading> = counters.iter().map(|(_, reading)| *reading).collect();
    let same = before.points()[..] == points[..];
    let points = if same { Arc::clone(before.points()) } else { points };
    let counters = Sample::new(points, &readings, before);
    Snapshot { at: second(seconds), instance: running(), counters, ..Snapshot::default() }
}

/// What a terminal of this size shows, compared with `fixtures/golden/dash/NAME-WIDTHxHEIGHT.txt`, which `SHELLAC_BLESS=1` writes
/// anew: its text, and below where it is not plain.
pub(crate) fn assert_golden(name: &str, app: &App, width: u16, height: u16) {
    let found = picture(app, width, height);
    let file = format!("fixtures/golden/dash/{name}-{width}x{height}.txt");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(&file);
    if std::env::var_os("SHELLAC_BLESS").is_some_and(|value| value == "1") {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &found).unwrap();
        return;
    }
    let expected = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{file}: {error}; SHELLAC_BLESS=1 writes it"));
    assert!(
        found == expected,
        "{file} differs; SHELLAC_BLESS=1 writes it anew\nexpected:\n{expected}\nfound:\n{found}"
    );
}

/// What a terminal of this size shows.
pub(crate) fn picture(app: &App, width: u16, height: u16) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| frame::draw(app, frame)).unwrap();
    let buffer = terminal.backend().buffer();
    let (mut text, mut styles) = (String::new(), String::new());
    for row in 0..height {
        let mut line = String::new();
        let mut runs: Vec<(u16, u16, String)> = Vec::new();
        let mut covered = 0;
        for column in 0..width {
            let cell = &buffer[(column, row)];
            // The second half of what is wide is not written.
            if column >= covered {
                line.push_str(cell.symbol());
                let wide = Span::raw(cell.symbol()).width();
                covered = column + u16::try_from(wide).unwrap().max(1);
            }
            let mut style = format!("{:?}", cell.modifier);
            if cell.fg != Color::Reset {
                style = format!("{style} {}", cell.fg);
            }
            if cell.bg != Color::Reset {
                style = format!("{style} on {}", cell.bg);
            }
            match runs.last_mut() {
                Some((_, end, same)) if *same == style => *end = column + 1,
                _ => runs.push((column, column + 1, style)),
            }
        }
        text.push_str(line.trim_end());
        text.push('\n');
        for (start, end, style) in runs {
            if style != format!("{:?}", Modifier::empty()) {
                styles.push_str(&format!("{row:2} {start:3}-{end:<3} {style}\n"));
            }
        }
    }
    format!("{text}--- rows, columns and how they look\n{styles}")
}
