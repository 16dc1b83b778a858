//! What a screen is: something that shows a snapshot and takes keys. Which part of it is shown, what is marked and the like is
//! its own; what there is to show is handed to it, so that every screen can show the past.

use chrono::{DateTime, FixedOffset, Offset, Utc};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};
use serde_json::Value;

use super::history::History;
use super::snapshot::Snapshot;
use crate::terminal::Key;

/// What is shown: a moment and those before it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scene<'a> {
    pub(crate) now: &'a Snapshot,
    /// What is said for a moment, for a screen that has all of the terminal and so a line for it.
    pub(crate) said: Option<&'a str>,
    history: &'a History,
    number: u64,
}

impl<'a> Scene<'a> {
    /// The moment with that number, or the nearest that is still there; `None` when there is none at all.
    pub(crate) fn at(history: &'a History, number: u64) -> Option<Scene<'a>> {
        let (number, now) = history.nearest(number)?;
        Some(Scene { now, said: None, history, number })
    }

    /// The same, with something to say.
    pub(crate) fn saying(self, said: Option<&'a str>) -> Scene<'a> {
        Scene { said, ..self }
    }

    /// This moment and those before it, the latest first.
    pub(crate) fn back(&self) -> impl Iterator<Item = &'a Snapshot> + use<'a> {
        self.history.back_from(self.number)
    }
}

/// How things look here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Look {
    /// Colours may be used. What they say is said in words as well.
    pub(crate) color: bool,
    /// More than ASCII may be used.
    pub(crate) unicode: bool,
    /// Line by line as varnishstat shows it.
    pub(crate) stock: bool,
    /// Seconds by which local time is ahead of UTC.
    pub(crate) offset: i32,
}

impl Look {
    /// A time, in microseconds since 1970, as `HH:MM:SS` here; 0 is one before watching began, which nobody knows.
    pub(crate) fn time(self, unix: u64) -> String {
        if unix == 0 {
            return "earlier ".to_owned();
        }
        self.local(unix).format("%H:%M:%S").to_string()
    }

    /// The same with the day before it.
    pub(crate) fn day_time(self, unix: u64) -> String {
        self.local(unix).format("%Y-%m-%d %H:%M:%S").to_string()
    }

    /// The same for the name of a file.
    pub(crate) fn file_time(self, unix: u64) -> String {
        self.local(unix).format("%Y%m%d-%H%M%S").to_string()
    }

    fn local(self, unix: u64) -> DateTime<FixedOffset> {
        let zone = FixedOffset::east_opt(self.offset).unwrap_or(Utc.fix());
        let micros = i64::try_from(unix).unwrap_or_default();
        DateTime::from_timestamp_micros(micros).unwrap_or_default().with_timezone(&zone)
    }

    /// A colour where there are any, else what a terminal without them can do.
    pub(crate) fn accent(self, color: Color, otherwise: Modifier) -> Style {
        if self.color { Style::new().fg(color) } else { Style::new().add_modifier(otherwise) }
    }

    /// Something is wrong.
    pub(crate) fn bad(self) -> Style {
        self.accent(Color::Red, Modifier::empty()).add_modifier(Modifier::BOLD)
    }

    /// Something deserves a look.
    pub(crate) fn warn(self) -> Style {
        self.accent(Color::Yellow, Modifier::BOLD)
    }

    /// Less important than what is beside it.
    pub(crate) fn quiet(self) -> Style {
        self.accent(Color::DarkGray, Modifier::DIM)
    }
}

/// What a screen did with a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reaction {
    /// Nothing: it may mean something elsewhere.
    Ignored,
    /// It was for this screen.
    Taken,
    /// The same, and there is something to say about it for a moment.
    Said(String),
    /// Changes and means are to begin anew.
    ResetMeans,
}

/// A key and what it does, for the help.
pub(crate) type HelpLine = (&'static str, &'static str);

/// One of the screens.
pub(crate) trait Screen {
    /// One word, for the row of names.
    fn name(&self) -> &'static str;

    /// Sees the first snapshot that there is.
    fn begin(&mut self, _first: &Snapshot) {}

    /// Shows the scene in `area`. Whatever came from outside is made visible first.
    fn draw(&self, scene: &Scene<'_>, frame: &mut Frame<'_>, area: Rect, look: Look);

    /// Takes a key; `area` is what it would draw into.
    fn key(&mut self, key: Key, scene: &Scene<'_>, area: Rect) -> Reaction;

    /// What is shown as text, whole, in lines of `width` columns where that is possible; redacted.
    fn text(&self, scene: &Scene<'_>, width: u16) -> String;

    /// The same for programs; redacted.
    fn json(&self, scene: &Scene<'_>) -> Value;

    /// Its keys beside those that all screens have.
    fn help(&self) -> &'static [HelpLine];

    /// What the last line says of its keys.
    fn hint(&self) -> &'static str;
}
