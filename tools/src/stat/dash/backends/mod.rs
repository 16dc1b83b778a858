//! The screen of backends: how each of them is, what it gets, how it answers, and why it gets nothing.

mod rows;
#[cfg(test)]
mod tests;
mod view;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::widgets::Paragraph;
use serde_json::{Value, json};

use super::columns::{Current, as_text};
use super::screen::{HelpLine, Look, Reaction, Scene, Screen};
use crate::terminal::Key;
use rows::{Order, Row, rows};

/// The screen.
#[derive(Debug, Default)]
pub(crate) struct Backends {
    current: Current<String>,
    order: Order,
}

const HELP: &[HelpLine] = &[
    ("<UP> or <k>, <DOWN> or <j>", "Another backend; what is known of it stands below the list."),
    ("<PAGEUP>, <PAGEDOWN>, <HOME>, <END>", "The same by pages."),
    ("<s>", "Sort by name, by trouble, or by requests."),
];

/// Lines below the list: what is told of a backend is not longer, in 80 columns.
const DETAIL: u16 = 9;

impl Backends {
    /// Lines of the list that fit.
    fn page(area: Rect) -> usize {
        usize::from(area.height.saturating_sub(DETAIL + 1)).max(1)
    }
}

impl Screen for Backends {
    fn name(&self) -> &'static str {
        "backends"
    }

    fn draw(&self, scene: &Scene<'_>, frame: &mut Frame<'_>, area: Rect, look: Look) {
        let rows = rows(scene.now, self.order);
        let keys: Vec<String> = rows.iter().map(Row::key).collect();
        let (page, width) = (Backends::page(area), usize::from(area.width));
        let place = self.current.place(&keys, page);
        let mut lines = vec![view::title(&rows, self.order, width, look)];
        for (at, row) in rows.iter().enumerate().skip(place.top).take(page) {
            lines.push(view::line(row, scene.now, width, at == place.current, look));
        }
        lines.resize(page + 1, ratatui::text::Line::default());
        match rows.get(place.current) {
            Some(row) => lines.extend(view::detail(row, scene.now, width, look)),
            None => lines.push(view::nothing(scene.now, look)),
        }
        frame.render_widget(Paragraph::new(lines), area);
    }

    fn key(&mut self, key: Key, scene: &Scene<'_>, area: Rect) -> Reaction {
        if key == Key::Char('s') {
            self.order = self.order.next();
            return Reaction::Said(format!("Sorted by {}.", self.order.word()));
        }
        let keys: Vec<String> = rows(scene.now, self.order).iter().map(Row::key).collect();
        match self.current.moved(key, &keys, Backends::page(area)) {
            true => Reaction::Taken,
            false => Reaction::Ignored,
        }
    }

    fn text(&self, scene: &Scene<'_>, width: u16) -> String {
        let (width, look) = (usize::from(width), Look::default());
        let rows = rows(scene.now, self.order);
        let mut lines = vec![view::title(&rows, self.order, width, look)];
        lines.extend(rows.iter().map(|row| view::line(row, scene.now, width, false, look)));
        let troubled = rows.iter().filter(|row| row.state.is_trouble());
        for row in troubled {
            lines.push(ratatui::text::Line::default());
            lines.extend(view::detail(row, scene.now, width, look));
        }
        as_text(&lines)
    }

    fn json(&self, scene: &Scene<'_>) -> Value {
        let rows: Vec<Value> = rows(scene.now, self.order).iter().map(rows::json).collect();
        json!({
            "screen": "backends",
            "instance": scene.now.instance.name,
            "at": scene.now.at.unix,
            "backends": rows,
        })
    }

    fn help(&self) -> &'static [HelpLine] {
        HELP
    }

    fn hint(&self) -> &'static str {
        "arrows: another one  s sort"
    }
}
