//! The screen: what was counted so far, drawn again and again.

use std::io::{IsTerminal, stdout};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::bail;
use ratatui::layout::Rect;
use shellac_render::visible;

use super::measured::Measured;
use super::report::Sort;
use super::settings::{Settings, What};
use super::{Tally, keys::Keys, list, order, report};
use crate::reading::behind::{Behind, Started};
use crate::reading::identity::Whose;
use crate::reading::settings::{From, Manner};
use crate::terminal::{self, Key, Owner, Signals, Taken, last_said};

/// Time between two pictures.
const PERIOD: Duration = Duration::from_secs(1);
/// A file is read as far as it goes in this time before there is a picture of it.
const FIRST: Duration = Duration::from_millis(250);
/// Counts come nearer to this.
const REST: f64 = 1.0 / 3.0;
/// Keys beyond so many screens are forgotten.
const SCREENS: usize = 10;
/// And those that are so many times less frequent than the last line.
const TIMES_LESS: f64 = 10.0;
/// Columns of tags: the longest name.
const TAG_WIDTH: usize = 14;
/// Lines above the list.
const HEAD_LINES: usize = 2;

/// What is drawn, and how.
#[derive(Debug)]
struct View {
    stock: bool,
    sort: Sort,
    identity: String,
    /// Redraws over which counts decay; `None`: they do not.
    period: Option<f64>,
    redraws: f64,
    is_paused: bool,
}

/// Shows the screen until told to end.
pub(super) fn run(settings: Settings) -> anyhow::Result<ExitCode> {
    let Settings { reading, what, period, .. } = settings;
    // A file has no time that would pass while it is read.
    let is_file = matches!(&reading.from, From::File(path) if path.is_file());
    let mut view = View {
        stock: reading.manner == Manner::Stock,
        sort: if let What::Kinds { sort, .. } = &what { *sort } else { Sort::default() },
        identity: String::new(),
        period: (!is_file).then_some(period),
        redraws: 0.0,
        is_paused: false,
    };
    let whose = Whose::of(&reading);
    let behind = match Behind::start(reading, move |dialect| Tally::new(&what, dialect))? {
        Started::Reading(behind) => behind,
        Started::Over(code) => return Ok(code),
    };
    view.identity = whose.identity();
    // What is wrong with the log was told first.
    if !stdout().is_terminal() {
        bail!("standard output is no terminal, which the screen needs; -1 writes the list once");
    }
    let signals = Signals::register()?;
    let mut terminal = Owner::take()?;
    let first = if is_file { FIRST } else { Duration::ZERO };
    let mut screen = Screen { behind: &behind, view };
    let shown = terminal::show(&mut screen, &signals, &mut terminal, first);
    drop(terminal);
    let ended = behind.end();
    shown?;
    ended
}

/// Somebody who reads, and what is drawn of that.
struct Screen<'a> {
    behind: &'a Behind<Tally>,
    view: View,
}

impl terminal::Picture for Screen<'_> {
    fn is_over(&self) -> bool {
        self.behind.is_over()
    }

    fn lines(&mut self, over: bool, area: Rect) -> Vec<String> {
        let lines = self.behind.look(|tally| self.view.lines(tally, over, area));
        lines.unwrap_or_else(|| self.view.waiting(over, area))
    }

    fn period(&self) -> Duration {
        PERIOD
    }

    fn is_paused(&self) -> bool {
        self.view.is_paused
    }

    /// The stock tool looks no more than once a second, whatever is pressed.
    fn is_steady(&self) -> bool {
        self.view.stock
    }

    fn key(&mut self, key: Key) -> Taken {
        match self.view.key(key) {
            Effect::Nothing => return Taken::Nothing,
            Effect::Reset => drop(self.behind.look(Tally::reset)),
            Effect::Show => {}
        }
        Taken::Something
    }
}

/// What a key asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Effect {
    Reset,
    Show,
    Nothing,
}

impl View {
    fn key(&mut self, key: Key) -> Effect {
        match key {
            Key::Char(' ' | 'p') if !self.stock => {
                self.is_paused = !self.is_paused;
                Effect::Show
            }
            Key::Char('r') if !self.stock => Effect::Reset,
            Key::Char('s') if !self.stock => {
                self.sort = self.sort.next();
                Effect::Show
            }
            _ => Effect::Nothing,
        }
    }

    /// The lines of the screen; counts decay with it.
    fn lines(&mut self, tally: &mut Tally, over: bool, area: Rect) -> Vec<String> {
        let rows = usize::from(area.height);
        // The last line is left free, or has ours.
        let most = rows.saturating_sub(HEAD_LINES + 1);
        let note = tally.note();
        let mut lines = match tally {
            Tally::Keys(keys) => {
                let head = format!("list length {}", keys.counts.len());
                let mut lines = vec![self.head(&head, over, area), String::new()];
                lines.extend(self.keys(keys, over, most, rows));
                lines
            }
            Tally::Kinds(measured) => self.kinds(measured, over, most, area),
        };
        if !self.stock {
            lines.resize(rows.saturating_sub(1), String::new());
            lines.push(self.foot(tally, note));
        }
        lines
    }

    /// The lines of the screen as long as there is nothing to read; ours says why.
    fn waiting(&self, over: bool, area: Rect) -> Vec<String> {
        let mut lines = vec![self.head("no log so far", over, area)];
        if !self.stock
            && let Some(said) = last_said()
        {
            lines.resize(usize::from(area.height).saturating_sub(1).max(1), String::new());
            lines.push(format!("q quit  {}", visible(said.as_bytes())));
        }
        lines
    }

    /// The first line: this, and who is read.
    fn head(&self, left: &str, over: bool, area: Rect) -> String {
        let identity = visible(self.identity.as_bytes());
        let right = if over { format!("{identity} (EOF)") } else { identity };
        let width = usize::from(area.width).saturating_sub(1);
        let room = width.saturating_sub(left.len());
        if right.len() >= room { left.to_owned() } else { format!("{left}{right:>room$}") }
    }

    /// The list of keys, which decay.
    fn keys(&mut self, keys: &mut Keys, over: bool, most: usize, rows: usize) -> Vec<String> {
        let listed = order::first(&keys.counts, keys.dialect, SCREENS * rows);
        let lines = listed
            .iter()
            .take(most)
            .map(|one| {
                let counted = &one.counted;
                let count = if self.stock {
                    list::decimal(counted.count)
                } else {
                    list::bound(counted.count, counted.over)
                };
                format!("{count} {:TAG_WIDTH$} {}", one.name(), visible(counted.text))
            })
            .collect();
        if let Some(period) = self.period.filter(|_| !over) {
            self.redraws = (self.redraws + 1.0).min(period);
            let parts = self.redraws;
            let last = listed.last().map(order::Place::of);
            let shown =
                most.min(listed.len()).checked_sub(1).map(|at| order::Place::of(&listed[at]));
            drop(listed);
            if let (Some(last), Some(shown)) = (last, shown) {
                keys.counts.retain(|one| {
                    // What is on the screen is measured by itself, the others by its last line.
                    let measure = one.count.max(shown.count());
                    let after = one.count + (REST - one.count) / parts;
                    after * TIMES_LESS >= measure && last.is_not_before(&one, keys.dialect)
                });
            }
            keys.counts.decay(REST, parts);
        }
        lines
    }

    /// The table of kinds.
    fn kinds(&self, measured: &Measured, over: bool, most: usize, area: Rect) -> Vec<String> {
        let all = measured.all();
        let what =
            if measured.by == super::measured::By::Backend { "attempts" } else { "requests" };
        let head =
            format!("{} {what}, {} with errors, by {}", all.count, all.errors, measured.by.word());
        let mut lines = vec![self.head(&head, over, area), report::head(measured)];
        let rows = report::rows(measured, self.sort);
        lines.extend(rows.iter().take(most).map(report::Row::line));
        lines
    }

    /// The last line: what there is to say, or keys.
    fn foot(&self, tally: &Tally, note: Option<String>) -> String {
        let keys = match tally {
            Tally::Keys(_) => "q quit  space pause  r anew".to_owned(),
            Tally::Kinds(_) => {
                format!("q quit  space pause  r anew  s sort ({})", self.sort.word())
            }
        };
        let paused = if self.is_paused { "PAUSED  " } else { "" };
        match last_said().or(note) {
            Some(said) => format!("{paused}{keys}  {}", visible(said.as_bytes())),
            None => format!("{paused}{keys}"),
        }
    }
}

#[cfg(test)]
mod tests;
