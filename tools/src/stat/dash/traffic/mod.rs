//! The screen of requests: the latest groups in which something failed, what is asked for most, and what is in flight.
//! A failing group can be opened: then its trace is shown, with its cause.

mod ansi;
mod lists;
mod opened;
#[cfg(test)]
mod tests;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::Paragraph;
use serde_json::{Value, json};
use shellac_render::redact::Redaction;

use super::columns::{Current, as_text, scrolled};
use super::screen::{HelpLine, Look, Reaction, Scene, Screen};
use crate::terminal::Key;
use crate::watch::Kept;
use opened::Opened;

/// The screen.
#[derive(Debug)]
pub(crate) struct Traffic {
    kept: Kept,
    redaction: Redaction,
    current: Current<u64>,
    /// The part that has all of the screen.
    alone: Option<Part>,
    /// Lines of that part above the first that is shown.
    scroll: usize,
    opened: Option<Opened>,
}

/// A part of the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Failing,
    Asked,
    InFlight,
}

/// Lines of each part, their titles included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Heights {
    failing: usize,
    asked: usize,
    in_flight: usize,
}

const HELP: &[HelpLine] = &[
    ("<UP> or <k>, <DOWN> or <j>, <PAGEUP>, <PAGEDOWN>, <HOME>, <END>", "Another failing group."),
    (
        "<ENTER>",
        "Open it: the whole request with its attempts, where it failed, why, and what to do. <ESC> closes it.",
    ),
    ("<n> and <N>", "In an open group: the one before it, the one after it."),
    (
        "<f>, <u>, <i>",
        "Give the whole screen to failing groups, to what is asked for most, to what is in flight; again to share it.",
    ),
];

impl Traffic {
    /// The screen; `kept` has the records of the groups that a watch lists.
    pub(crate) fn new(kept: Kept, redaction: Redaction) -> Traffic {
        Traffic {
            kept,
            redaction,
            current: Current::default(),
            alone: None,
            scroll: 0,
            opened: None,
        }
    }

    fn heights(&self, height: usize) -> Heights {
        let nothing = Heights { failing: 0, asked: 0, in_flight: 0 };
        match self.alone {
            Some(Part::Failing) => Heights { failing: height, ..nothing },
            Some(Part::Asked) => Heights { asked: height, ..nothing },
            Some(Part::InFlight) => Heights { in_flight: height, ..nothing },
            None => {
                let failing = height * 9 / 20;
                let asked = height * 3 / 10;
                Heights { failing, asked, in_flight: height - failing - asked }
            }
        }
    }

    fn alone_key(&mut self, part: Part) -> Reaction {
        self.alone = if self.alone == Some(part) { None } else { Some(part) };
        self.scroll = 0;
        Reaction::Taken
    }

    fn open(&mut self, scene: &Scene<'_>) -> Reaction {
        let failing = &scene.now.traffic.failing;
        let number = self.current.key(&numbers(scene));
        let Some(failing) = failing.iter().find(|it| Some(it.number) == number) else {
            return Reaction::Said("Nothing has failed.".to_owned());
        };
        self.opened = Some(Opened::new(failing, &self.kept, &self.redaction));
        Reaction::Taken
    }

    /// Opens the one so many places further down, from the one that is open.
    fn open_next(&mut self, key: Key, scene: &Scene<'_>) -> Reaction {
        let numbers = numbers(scene);
        let step = if key == Key::Char('n') { Key::Down } else { Key::Up };
        let before = self.current.key(&numbers);
        self.current.moved(step, &numbers, 1);
        if self.current.key(&numbers) == before {
            return Reaction::Said("There is no other one.".to_owned());
        }
        self.open(scene)
    }
}

/// Numbers of the failing groups in the order in which they are shown.
fn numbers(scene: &Scene<'_>) -> Vec<u64> {
    scene.now.traffic.failing.iter().map(|failing| failing.number).collect()
}

impl Screen for Traffic {
    fn name(&self) -> &'static str {
        "traffic"
    }

    fn draw(&self, scene: &Scene<'_>, frame: &mut Frame<'_>, area: Rect, look: Look) {
        let (width, height) = (usize::from(area.width), usize::from(area.height));
        if let Some(opened) = &self.opened {
            let lines = opened.page(width, height, look);
            frame.render_widget(Paragraph::new(lines), area);
            return;
        }
        let heights = self.heights(height);
        let mut lines: Vec<Line<'static>> = Vec::new();
        let place = self.current.place(&numbers(scene), heights.failing.saturating_sub(1));
        lines.extend(lists::failing(scene, width, heights.failing, Some(place), look));
        let scroll = self.scroll;
        lines.extend(lists::asked(scene, width, heights.asked, scroll, look));
        lines.extend(lists::in_flight(
            scene,
            width,
            heights.in_flight,
            scroll,
            &self.redaction,
            look,
        ));
        frame.render_widget(Paragraph::new(lines), area);
    }

    fn key(&mut self, key: Key, scene: &Scene<'_>, area: Rect) -> Reaction {
        let (width, height) = (usize::from(area.width), usize::from(area.height));
        if let Some(opened) = &mut self.opened {
            match key {
                Key::Esc | Key::Backspace | Key::Enter => self.opened = None,
                Key::Char('n' | 'N') => return self.open_next(key, scene),
                _ => return opened.key(key, width, height),
            }
            return Reaction::Taken;
        }
        match key {
            Key::Char('f') => return self.alone_key(Part::Failing),
            Key::Char('u') => return self.alone_key(Part::Asked),
            Key::Char('i') => return self.alone_key(Part::InFlight),
            Key::Esc if self.alone.is_some() => {
                self.alone = None;
                return Reaction::Taken;
            }
            Key::Enter => return self.open(scene),
            _ => {}
        }
        if matches!(self.alone, Some(Part::Asked | Part::InFlight)) {
            let most = match self.alone {
                Some(Part::InFlight) => scene.now.live.as_ref().map_or(0, |it| it.requests.len()),
                _ => lists::asked_rows(&scene.now.traffic),
            };
            let most = most.saturating_sub(1);
            let page = height.saturating_sub(1).max(1);
            let Some(scroll) = scrolled(key, self.scroll, page, most) else {
                return Reaction::Ignored;
            };
            self.scroll = scroll;
            return Reaction::Taken;
        }
        let page = self.heights(height).failing.saturating_sub(1);
        match self.current.moved(key, &numbers(scene), page) {
            true => Reaction::Taken,
            false => Reaction::Ignored,
        }
    }

    fn text(&self, scene: &Scene<'_>, width: u16) -> String {
        let (width, look, all) = (usize::from(width), Look::default(), usize::MAX);
        if let Some(opened) = &self.opened {
            return as_text(&opened.lines(width, look));
        }
        let mut lines = Vec::new();
        let wants = |part| self.alone.is_none_or(|alone| alone == part);
        if wants(Part::Failing) {
            lines.extend(lists::failing(scene, width, all, None, look));
        }
        if wants(Part::Asked) {
            lines.extend(lists::asked(scene, width, all, 0, look));
        }
        if wants(Part::InFlight) {
            lines.extend(lists::in_flight(scene, width, all, 0, &self.redaction, look));
        }
        as_text(&lines)
    }

    fn json(&self, scene: &Scene<'_>) -> Value {
        if let Some(opened) = &self.opened {
            return opened.json();
        }
        json!({
            "screen": "traffic",
            "instance": scene.now.instance.name,
            "at": scene.now.at.unix,
            "failing": lists::failing_json(scene),
            "urls": lists::urls_json(scene),
            "in_flight": lists::in_flight_json(scene, &self.redaction),
        })
    }

    fn help(&self) -> &'static [HelpLine] {
        HELP
    }

    fn hint(&self) -> &'static str {
        match self.opened {
            Some(_) => "esc back  n N others  arrows",
            None => "enter open  f u i alone",
        }
    }
}
