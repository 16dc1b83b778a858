//! The state of the dashboard: which screen, which moment, what is asked and said. Keys and snapshots go in, effects come out;
//! nothing here reads an instance, draws, or knows the time.

use std::sync::Arc;
use std::time::Duration;

use ratatui::layout::Rect;

use super::columns::scrolled;
use super::frame;
use super::history::History;
use super::screen::{Look, Reaction, Scene, Screen};
use super::snapshot::{Moment, Snapshot, micros};
use crate::terminal::Key;

/// Tenths of a second between two looks at first, and at least.
const INTERVAL: u32 = 10;
/// Steps back in time for `[` and `]`.
const FAR: u64 = 10;
/// What is said is shown for so long.
const NOTICE: Duration = Duration::from_millis(1250);
/// An event is shown for so long.
const EVENT_NOTICE: Duration = Duration::from_secs(5);
/// Longest name of a file that can be typed, in characters.
const PATH_MOST: usize = 200;

/// What the dashboard wants to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Nothing but drawing.
    None,
    /// To end.
    Quit,
    /// To stop until it is called back.
    Suspend,
    /// To look at the instance now.
    Sample,
    /// To begin changes and means anew.
    ResetMeans,
    /// To draw everything, whatever the terminal has.
    Redraw,
    /// To hand text to the clipboard.
    Copy(String),
    /// To write text to a file that does not exist yet.
    Save {
        /// Its name.
        path: String,
        /// What is to be in it.
        text: String,
    },
}

/// Something that is said for a moment.
#[derive(Clone, Debug)]
struct Notice {
    text: String,
    /// In microseconds of `CLOCK_MONOTONIC`.
    until: u64,
}

/// The dashboard.
pub(crate) struct App {
    screens: Vec<Box<dyn Screen>>,
    current: usize,
    history: History,
    /// The moment that is shown while time stands still.
    paused: Option<u64>,
    /// Tenths of a second.
    interval: u32,
    pub(crate) look: Look,
    notice: Option<Notice>,
    /// Lines of the help above the first that is shown, while it is open.
    help: Option<usize>,
    /// The name of a file that is being typed.
    asked: Option<String>,
    last_event: Option<Moment>,
}

impl App {
    /// A dashboard of these screens, the first of which is shown.
    pub(crate) fn new(screens: Vec<Box<dyn Screen>>, look: Look) -> App {
        App {
            screens,
            current: 0,
            history: History::default(),
            paused: None,
            interval: INTERVAL,
            look,
            notice: None,
            help: None,
            asked: None,
            last_event: None,
        }
    }

    /// Time between two looks.
    pub(crate) fn interval(&self) -> Duration {
        Duration::from_millis(u64::from(self.interval) * 100)
    }

    /// Takes the latest snapshot.
    pub(crate) fn arrived(&mut self, snapshot: Snapshot) {
        let now = snapshot.at;
        if let Some(event) = snapshot.events.last()
            && Some(event.at) != self.last_event
        {
            self.last_event = Some(event.at);
            // What happened before this program looked is on record, and no news.
            if now.mono.saturating_sub(event.at.mono) < micros(EVENT_NOTICE) {
                self.say(event.text.clone(), event.at, EVENT_NOTICE);
            }
        }
        if self.history.latest().is_none() {
            self.screens.iter_mut().for_each(|screen| screen.begin(&snapshot));
        }
        self.history.push(Arc::new(snapshot));
        if let Some(paused) = self.paused {
            // The oldest go; what is shown then is the oldest that is left.
            self.paused = self.history.nearest(paused).map(|(number, _)| number);
        }
    }

    /// Says something for a moment.
    pub(crate) fn told(&mut self, text: String, now: Moment) {
        self.say(text, now, NOTICE);
    }

    fn say(&mut self, text: String, now: Moment, long: Duration) {
        self.notice = Some(Notice { text, until: now.mono.saturating_add(micros(long)) });
    }

    /// What is said now; forgets what was said long enough.
    pub(crate) fn notice(&mut self, now: Moment) -> Option<&str> {
        if self.notice.as_ref().is_some_and(|notice| notice.until <= now.mono) {
            self.notice = None;
        }
        self.said()
    }

    /// When what is said is over, in microseconds of `CLOCK_MONOTONIC`.
    pub(crate) fn notice_ends(&self) -> Option<u64> {
        self.notice.as_ref().map(|notice| notice.until)
    }

    pub(super) fn said(&self) -> Option<&str> {
        self.notice.as_ref().map(|notice| notice.text.as_str())
    }

    /// What is shown; `None` before the first snapshot.
    pub(super) fn scene(&self) -> Option<Scene<'_>> {
        let scene = Scene::at(&self.history, self.paused.or(self.history.latest())?)?;
        Some(scene.saying(self.said()))
    }

    /// Time stands still.
    pub(super) fn is_paused(&self) -> bool {
        self.paused.is_some()
    }

    /// The latest moment.
    pub(super) fn latest(&self) -> Option<Moment> {
        let (_, latest) = self.history.nearest(self.history.latest()?)?;
        Some(latest.at)
    }

    pub(super) fn screen(&self) -> Option<&dyn Screen> {
        self.screens.get(self.current).map(|screen| &**screen)
    }

    /// Names of all screens, and which is shown.
    pub(super) fn names(&self) -> (Vec<&'static str>, usize) {
        (self.screens.iter().map(|screen| screen.name()).collect(), self.current)
    }

    /// Lines of the help above the first that is shown; `None` while it is closed.
    pub(super) fn help(&self) -> Option<usize> {
        self.help
    }

    /// The name of a file that is being typed.
    pub(super) fn asked(&self) -> Option<&str> {
        self.asked.as_deref()
    }

    /// Takes a key, `area` being the whole terminal.
    pub(crate) fn key(&mut self, key: Key, area: Rect, now: Moment) -> Effect {
        match key {
            Key::Ctrl('c') => return Effect::Quit,
            Key::Ctrl('z') => return Effect::Suspend,
            Key::Ctrl('l') => return Effect::Redraw,
            _ => {}
        }
        if self.asked.is_some() {
            return self.answer(key);
        }
        if let Some(scroll) = self.help {
            return self.help_key(key, scroll, area);
        }
        let number = self.paused.or(self.history.latest());
        let scene = number.and_then(|number| Scene::at(&self.history, number));
        let part = frame::parts(area, self.look).screen;
        if let (Some(scene), Some(screen)) = (scene, self.screens.get_mut(self.current)) {
            match screen.key(key, &scene, part) {
                Reaction::Ignored => {}
                Reaction::Taken => return Effect::None,
                Reaction::Said(text) => {
                    self.told(text, now);
                    return Effect::None;
                }
                Reaction::ResetMeans => return Effect::ResetMeans,
            }
        }
        self.own_key(key, now)
    }

    fn own_key(&mut self, key: Key, now: Moment) -> Effect {
        match key {
            Key::Char('q' | 'Q') => return Effect::Quit,
            Key::Ctrl('t') => return Effect::Sample,
            Key::Char('h' | '?') => self.help = Some(0),
            Key::Char('+') => self.set_interval(self.interval.saturating_add(1), now),
            Key::Char('-') => self.set_interval(self.interval.saturating_sub(1), now),
            Key::Char('p') => self.pause(now),
            Key::Left => self.step(1, true),
            Key::Right => self.step(1, false),
            Key::Char('[') => self.step(FAR, true),
            Key::Char(']') => self.step(FAR, false),
            Key::Char('y') => {
                if let (Some(scene), Some(screen)) = (self.scene(), self.screen()) {
                    return Effect::Copy(screen.text(&scene, u16::MAX));
                }
            }
            Key::Char('w') => self.asked = self.suggestion(),
            Key::Tab => self.show((self.current + 1) % self.screens.len().max(1)),
            Key::BackTab => {
                let len = self.screens.len().max(1);
                self.show((self.current + len - 1) % len);
            }
            Key::F(number) => self.show(usize::from(number.saturating_sub(1))),
            Key::Char(digit @ '1'..='9') => self.show(digit as usize - '1' as usize),
            _ => {}
        }
        Effect::None
    }

    fn show(&mut self, screen: usize) {
        if screen < self.screens.len() {
            self.current = screen;
        }
    }

    fn set_interval(&mut self, tenths: u32, now: Moment) {
        self.interval = tenths.clamp(1, 36_000);
        let (whole, tenth) = (self.interval / 10, self.interval % 10);
        self.told(format!("Refresh interval set to {whole}.{tenth} seconds."), now);
    }

    fn pause(&mut self, now: Moment) {
        self.paused = match self.paused {
            Some(_) => None,
            None => self.history.latest(),
        };
        let said = match self.paused {
            Some(_) => "Paused: Left and Right step through time, p goes on.",
            None => "Live again.",
        };
        self.told(said.to_owned(), now);
    }

    /// Shows an earlier or later moment, which makes time stand still.
    fn step(&mut self, by: u64, back: bool) {
        let (Some(latest), was_live) = (self.history.latest(), self.paused.is_none()) else {
            return;
        };
        if was_live && !back {
            return;
        }
        let shown = self.paused.unwrap_or(latest);
        let wanted = if back { shown.saturating_sub(by) } else { shown.saturating_add(by) };
        self.paused = self.history.nearest(wanted).map(|(number, _)| number);
    }

    /// A name for what is to be written.
    fn suggestion(&self) -> Option<String> {
        let (scene, screen) = (self.scene()?, self.screen()?);
        let time = self.look.file_time(scene.now.at.unix);
        Some(format!("shellac-{}-{time}.txt", screen.name()))
    }

    fn answer(&mut self, key: Key) -> Effect {
        let Some(path) = &mut self.asked else { return Effect::None };
        match key {
            Key::Esc => self.asked = None,
            Key::Backspace => {
                path.pop();
            }
            Key::Ctrl('u') => path.clear(),
            Key::Char(letter) if path.chars().count() < PATH_MOST => path.push(letter),
            Key::Enter if path.is_empty() => self.asked = None,
            Key::Enter => {
                let path = self.asked.take().unwrap_or_default();
                if let (Some(scene), Some(screen)) = (self.scene(), self.screen()) {
                    let text = if path.ends_with(".json") {
                        format!("{:#}\n", screen.json(&scene))
                    } else {
                        screen.text(&scene, u16::MAX)
                    };
                    return Effect::Save { path, text };
                }
            }
            _ => {}
        }
        Effect::None
    }

    fn help_key(&mut self, key: Key, scroll: usize, area: Rect) -> Effect {
        let page = usize::from(frame::help_area(area, self.look).height).max(1);
        let most = frame::help_len(self, area).saturating_sub(page);
        match key {
            Key::Char('q' | 'Q') => return Effect::Quit,
            Key::Char('h' | '?') | Key::Esc => self.help = None,
            _ => self.help = Some(scrolled(key, scroll, page, most).unwrap_or(scroll.min(most))),
        }
        Effect::None
    }
}
