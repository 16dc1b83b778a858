//! The counters as they are copied and written: all that can be scrolled to, not only the page.

use std::fmt::Write;

use serde_json::{Map, Value, json};
use shellac_render::visible;

use super::cells::{Column, Line, WIDTH};
use super::state::State;
use crate::stat::dash::screen::Scene;

/// Columns of a name at least.
const NAME_LEAST: usize = 24;

/// A table with as many columns as fit.
pub(super) fn text(state: &State, scene: &Scene<'_>, width: u16) -> String {
    let sample = &scene.now.counters;
    let rows = state.rows(sample);
    let lines = rows.iter().filter_map(|&at| sample.get(at));
    let name = |name: &str| visible(name.as_bytes());
    let longest = lines.clone().map(|(point, _)| name(&point.name).len() + 1).max();
    let wide = longest.unwrap_or(0).max(NAME_LEAST);
    let room = usize::from(width).saturating_sub(wide) / WIDTH;
    let columns = Column::all(state.mark.is_some());
    let columns: Vec<Column> = columns.into_iter().take(room.max(1)).collect();
    let mut page = format!("{:<wide$}", "NAME");
    for column in &columns {
        // Writing to a string cannot fail.
        let _ = write!(page, " {:>12} ", column.title());
    }
    page.truncate(page.trim_end().len());
    page.push('\n');
    for (point, reading) in lines {
        let cells = Line { point, reading, uptime: sample.worker_uptime, state };
        let mut line = format!("{:<wide$}", name(&point.name));
        for (number, column) in columns.iter().enumerate() {
            let _ = write!(line, "{:<WIDTH$}", cells.cell(*column, number));
        }
        page.push_str(line.trim_end());
        page.push('\n');
    }
    page
}

/// Everything that is known of each of them.
pub(super) fn json(state: &State, scene: &Scene<'_>) -> Value {
    let sample = &scene.now.counters;
    let mut counters = Map::new();
    for (point, reading) in state.rows(sample).into_iter().filter_map(|at| sample.get(at)) {
        let cells = Line { point, reading, uptime: sample.worker_uptime, state };
        let mut counter = json!({
            "description": &*point.short,
            "flag": point.semantics.letter().to_string(),
            "format": point.format.letter().to_string(),
            "value": reading.shown(point.semantics, state.raw),
            "change": reading.change,
            "average": cells.number(Column::Average),
            "avg_10": reading.means[0],
            "avg_100": reading.means[1],
            "avg_1000": reading.means[2],
        });
        if state.mark.is_some() {
            counter["since_mark"] = json!(cells.number(Column::Since));
        }
        counters.insert(visible(point.name.as_bytes()), counter);
    }
    json!({
        "screen": "counters",
        "instance": scene.now.instance.name,
        "at": scene.now.at.unix,
        "counters": counters,
    })
}
