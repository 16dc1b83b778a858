//! The screen of all counters, as varnishstat has it, and what an operator does with it besides: finding counters, keeping
//! some on top, looking back, and counting from a mark.
//!
//! `state` is what keys change, `cells` how numbers are written, `view` how all of it is drawn, `text` how it leaves.

mod cells;
mod state;
mod text;
mod view;

use ratatui::Frame;
use ratatui::layout::Rect;
use serde_json::Value;
use shellac_log::Compat;

use super::screen::{HelpLine, Look, Reaction, Scene, Screen};
use super::snapshot::Snapshot;
use crate::terminal::Key;
use state::State;

/// The screen.
#[derive(Debug)]
pub(crate) struct Counters {
    state: State,
}

impl Counters {
    /// The screen as it is at first. `filtered`: options say which counters there are, so all of these are shown.
    pub(crate) fn new(compat: Compat, filtered: bool, raw: bool, look: Look) -> Counters {
        Counters { state: State::new(compat, filtered, raw, look) }
    }
}

/// Its keys beside those that all screens have.
pub(super) const HELP: &[HelpLine] = &[
    ("<UP> or <k>, <DOWN> or <j>", "One line up, one line down."),
    ("<PAGEUP> or <b> or <CTRL-B>", "One page up."),
    ("<PAGEDOWN> or <SPACE> or <CTRL-F>", "One page down."),
    ("<HOME> or <g>, <END> or <G>", "To the first counter, to the last."),
    ("<d>", "Show or hide what was zero for as long as this program runs. It is hidden at first."),
    ("<r>", "Show gauges that are below zero as they are, or as zero."),
    ("<e>", "Numbers with units, or as they are."),
    ("<v> and <V>", "More and fewer counters: informational, diagnostic, for debugging."),
    (
        "<0>",
        "Begin changes and averages anew. Not under the names of versions that do not have it.",
    ),
    (
        "</>",
        "Type a part of names, or a pattern with * and ?; what matches is shown at once. <ENTER> keeps it, <ESC> ends it.",
    ),
    ("<*>", "Keep the counter on top whatever else is shown, or no more."),
    ("<m> and <M>", "Mark this moment, and forget it: a column counts from there."),
];

impl Screen for Counters {
    fn name(&self) -> &'static str {
        "counters"
    }

    fn begin(&mut self, first: &Snapshot) {
        self.state.begin(&first.counters);
    }

    fn draw(&self, scene: &Scene<'_>, frame: &mut Frame<'_>, area: Rect, look: Look) {
        view::draw(&self.state, scene, frame, area, look);
    }

    fn key(&mut self, key: Key, scene: &Scene<'_>, area: Rect) -> Reaction {
        let page = view::parts(area, self.state.is_stock()).page;
        self.state.key(key, scene.now, page)
    }

    fn text(&self, scene: &Scene<'_>, width: u16) -> String {
        text::text(&self.state, scene, width)
    }

    fn json(&self, scene: &Scene<'_>) -> Value {
        text::json(&self.state, scene)
    }

    fn help(&self) -> &'static [HelpLine] {
        HELP
    }

    fn hint(&self) -> &'static str {
        "/ filter  * pin  m mark  d v V more"
    }
}

#[cfg(test)]
mod tests;
