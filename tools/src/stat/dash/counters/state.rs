//! What is shown of the counters, and what keys make of it.

use std::collections::HashMap;
use std::ffi::CString;

use shellac_counters::vsc::Level;
use shellac_log::Compat;
use shellac_sys::glob_matches;

use crate::stat::dash::sample::{Point, Reading, Sample};
use crate::stat::dash::screen::{Look, Reaction};
use crate::stat::dash::snapshot::{Moment, Snapshot};
use crate::terminal::Key;

/// Longest filter that can be typed, in characters.
const FILTER_MOST: usize = 100;
/// Most counters that are kept on top.
const PINS_MOST: usize = 100;

/// What only some names show, typed after `/`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Find {
    pub(super) text: String,
    pub(super) is_typed: bool,
}

impl Find {
    /// Whether a counter of this name is to be seen: the text is a part of it, or a pattern for it.
    fn matches(&self, name: &str) -> bool {
        if self.text.is_empty() {
            return true;
        }
        let (name, text) = (name.to_ascii_lowercase(), self.text.to_ascii_lowercase());
        if !text.contains(['*', '?']) {
            return name.contains(&text);
        }
        match (CString::new(format!("*{text}*")), CString::new(name)) {
            (Ok(pattern), Ok(name)) => glob_matches(&pattern, &name),
            _ => false,
        }
    }
}

/// The values of a moment, to count from.
#[derive(Clone, Debug)]
pub(super) struct Mark {
    pub(super) at: Moment,
    values: HashMap<String, u64>,
}

impl Mark {
    fn of(snapshot: &Snapshot) -> Mark {
        let values = snapshot.counters.iter();
        let values = values.map(|(point, reading)| (point.name.clone(), reading.value)).collect();
        Mark { at: snapshot.at, values }
    }

    /// What was added since then. A counter that was begun anew meanwhile counts from there.
    pub(super) fn since(&self, point: &Point, value: u64) -> i64 {
        use shellac_counters::vsc::Semantics;
        let before = self.values.get(&point.name).copied().unwrap_or_default();
        if point.semantics == Semantics::Counter && value < before {
            return value.cast_signed();
        }
        value.wrapping_sub(before).cast_signed()
    }
}

/// Which line is the current one.
#[derive(Clone, Debug, Default)]
struct Cursor {
    /// The counter's name; it stays on that when others come and go.
    name: Option<String>,
    /// Where it was among those that are shown.
    index: usize,
    /// Lines of the page above it.
    row: usize,
}

/// Where the page is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// The first that is shown.
    pub(super) top: usize,
    /// The current one.
    pub(super) current: usize,
}

/// What is shown.
#[derive(Debug)]
pub(super) struct State {
    cursor: Cursor,
    /// `None`: as high as it takes to show every counter.
    level: Option<Level>,
    pub(super) unseen: bool,
    pub(super) raw: bool,
    pub(super) scaled: bool,
    pub(super) find: Find,
    pins: Vec<String>,
    pub(super) mark: Option<Mark>,
    has_reset: bool,
    stock: bool,
    /// Options say which counters there are.
    pub(super) filtered: bool,
}

impl State {
    pub(super) fn new(compat: Compat, filtered: bool, raw: bool, look: Look) -> State {
        State {
            cursor: Cursor::default(),
            level: (!filtered).then_some(Level::Info),
            unseen: false,
            raw,
            scaled: true,
            find: Find::default(),
            pins: Vec::new(),
            mark: None,
            has_reset: !look.stock || compat == Compat::V9,
            stock: look.stock,
            filtered,
        }
    }

    /// Sees the first values. What is the first line then stays the current one in varnishstat, whatever comes above it.
    pub(super) fn begin(&mut self, first: &Sample) {
        let line = self.rows(first).first().and_then(|&at| first.get(at));
        if let Some((point, _)) = line.filter(|_| self.stock) {
            self.cursor.name = Some(point.name.clone());
        }
    }

    pub(super) fn is_stock(&self) -> bool {
        self.stock
    }

    /// The highest level that is shown.
    pub(super) fn level(&self, sample: &Sample) -> Level {
        self.level.unwrap_or_else(|| {
            let asked = sample.iter().filter(|(point, _)| point.asked);
            asked.map(|(point, _)| point.level).max().unwrap_or(Level::Info)
        })
    }

    pub(super) fn is_pinned(&self, point: &Point) -> bool {
        self.pins.contains(&point.name)
    }

    /// Places of the counters that are shown, in the order in which they are.
    pub(super) fn rows(&self, sample: &Sample) -> Vec<usize> {
        let level = self.level(sample);
        let pinned = self.pins.iter().filter_map(|name| sample.position(name));
        let mut rows: Vec<usize> = pinned.collect();
        let wanted = |(point, reading): &(&Point, &Reading)| {
            point.asked
                && (self.unseen || reading.seen)
                && point.level <= level
                && self.find.matches(&point.name)
                && !self.is_pinned(point)
        };
        rows.extend(sample.iter().enumerate().filter(|(_, it)| wanted(it)).map(|(at, _)| at));
        rows
    }

    /// How many match what was typed although they are not shown.
    pub(super) fn hidden_matches(&self, sample: &Sample) -> usize {
        let level = self.level(sample);
        let hidden = |(point, reading): &(&Point, &Reading)| {
            point.asked
                && !((self.unseen || reading.seen) && point.level <= level)
                && self.find.matches(&point.name)
                && !self.is_pinned(point)
        };
        sample.iter().filter(hidden).count()
    }

    /// Where the page is among `rows`, of which `page` fit.
    pub(super) fn place(&self, sample: &Sample, rows: &[usize], page: usize) -> Place {
        let named = self.cursor.name.as_ref().and_then(|name| {
            rows.iter().position(|&at| sample.get(at).is_some_and(|(point, _)| point.name == *name))
        });
        let last = rows.len().saturating_sub(1);
        let current = named.unwrap_or(self.cursor.index).min(last);
        let top = current - self.cursor.row.min(page.saturating_sub(1)).min(current);
        // As the first counters come varnishstat leaves the end of its page empty.
        let top = if self.stock { top } else { top.min(rows.len().saturating_sub(page)) };
        Place { top, current }
    }

    /// Takes a key, with `page` lines for counters.
    pub(super) fn key(&mut self, key: Key, now: &Snapshot, page: usize) -> Reaction {
        if self.find.is_typed {
            return self.type_key(key);
        }
        let sample = &now.counters;
        let rows = self.rows(sample);
        let place = self.place(sample, &rows, page);
        let mut moved = place;
        match key {
            Key::Up | Key::Char('k') => moved.current = place.current.saturating_sub(1),
            Key::Down | Key::Char('j') => moved.current = place.current + 1,
            Key::PageUp | Key::Char('b') | Key::Ctrl('b') => {
                moved.current = place.current.saturating_sub(page);
                moved.top = place.top.saturating_sub(page);
            }
            Key::PageDown | Key::Char(' ') | Key::Ctrl('f') => {
                moved.current = place.current + page;
                moved.top = place.top + page;
            }
            Key::Home | Key::Char('g') => moved = Place { top: 0, current: 0 },
            Key::End | Key::Char('G') => moved.current = rows.len(),
            _ => {
                // What is current stays so, whatever else is shown now.
                self.move_to(place, sample, &rows, page);
                return self.other_key(key, now, &rows, place);
            }
        }
        self.move_to(moved, sample, &rows, page);
        Reaction::Taken
    }

    fn move_to(&mut self, to: Place, sample: &Sample, rows: &[usize], page: usize) {
        let current = to.current.min(rows.len().saturating_sub(1));
        let top = to.top.min(rows.len().saturating_sub(page)).min(current);
        let top = top.max((current + 1).saturating_sub(page));
        let name = rows.get(current).and_then(|&at| sample.get(at));
        let name = name.map(|(point, _)| point.name.clone());
        self.cursor = Cursor { name, index: current, row: current - top };
        // Who is at the top stays there when counters come above the first one; varnishstat has it otherwise.
        if current == 0 && !self.stock {
            self.cursor.name = None;
        }
    }

    fn other_key(&mut self, key: Key, now: &Snapshot, rows: &[usize], place: Place) -> Reaction {
        let sample = &now.counters;
        match key {
            Key::Char('d') => self.unseen = !self.unseen,
            Key::Char('r') => self.raw = !self.raw,
            Key::Char('e') => self.scaled = !self.scaled,
            Key::Char('v') => self.level = Some(next(self.level(sample))),
            Key::Char('V') => self.level = Some(previous(self.level(sample))),
            Key::Char('0') if self.has_reset => return Reaction::ResetMeans,
            Key::Char('/') => self.find.is_typed = true,
            Key::Esc if !self.find.text.is_empty() => self.find = Find::default(),
            Key::Char('*') => {
                if let Some((point, _)) = rows.get(place.current).and_then(|&at| sample.get(at)) {
                    return self.pin(&point.name);
                }
            }
            Key::Char('m') => {
                self.mark = Some(Mark::of(now));
                return Reaction::Said("Marked: one column counts from here. M forgets it.".into());
            }
            Key::Char('M') => self.mark = None,
            _ => return Reaction::Ignored,
        }
        Reaction::Taken
    }

    fn pin(&mut self, name: &str) -> Reaction {
        if let Some(at) = self.pins.iter().position(|pinned| pinned == name) {
            self.pins.remove(at);
        } else if self.pins.len() < PINS_MOST {
            self.pins.push(name.to_owned());
        } else {
            return Reaction::Said(format!("{PINS_MOST} counters are on top already."));
        }
        Reaction::Taken
    }

    fn type_key(&mut self, key: Key) -> Reaction {
        match key {
            Key::Esc => self.find = Find::default(),
            Key::Enter => self.find.is_typed = false,
            Key::Backspace if self.find.text.is_empty() => self.find.is_typed = false,
            Key::Backspace => {
                self.find.text.pop();
            }
            Key::Ctrl('u') => self.find.text.clear(),
            Key::Char(letter) if self.find.text.chars().count() < FILTER_MOST => {
                self.find.text.push(letter);
            }
            _ => {}
        }
        Reaction::Taken
    }
}

fn next(level: Level) -> Level {
    match level {
        Level::Info => Level::Diag,
        Level::Diag | Level::Debug => Level::Debug,
    }
}

fn previous(level: Level) -> Level {
    match level {
        Level::Debug => Level::Diag,
        Level::Diag | Level::Info => Level::Info,
    }
}
