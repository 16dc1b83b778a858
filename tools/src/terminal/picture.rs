//! A screen that is one picture, drawn again and again until a key ends it.

use std::time::Duration;

use ratatui::layout::Rect;
use ratatui::text::{Line, Text};

use super::{Key, Owner, Signals, Woken};

/// The end of what is shown is noticed after this time.
const LONGEST_WAIT: Duration = Duration::from_millis(100);

/// What is drawn, and what keys do with it. Those that every screen has (end, suspend, draw anew) never come to it.
pub(crate) trait Picture {
    /// Whether nothing more will come.
    fn is_over(&self) -> bool;

    /// The lines for a screen of this size.
    fn lines(&mut self, over: bool, area: Rect) -> Vec<String>;

    /// The time from one picture to the next.
    fn period(&self) -> Duration;

    /// Whether the picture stays as it is until a key changes that.
    fn is_paused(&self) -> bool {
        false
    }

    /// Whether what a key changes is seen with the next picture only, and not at once.
    fn is_steady(&self) -> bool {
        false
    }

    /// Takes a key.
    fn key(&mut self, key: Key) -> Taken;
}

/// What a key has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// What is shown.
    Something,
    /// It means nothing: the terminal beeps.
    Nothing,
}

/// Shows it until a key, a signal or the end of the terminal, the first time after `first`.
pub(crate) fn show(
    picture: &mut impl Picture,
    signals: &Signals,
    terminal: &mut Owner,
    first: Duration,
) -> anyhow::Result<()> {
    let mut due = now() + first;
    let mut over_is_shown = false;
    // What is paused is drawn once more when something happens to it or to the terminal.
    let mut changed = true;
    while !signals.stop() {
        if signals.continued() {
            terminal.without(|| {})?;
            (due, changed) = (now(), true);
        }
        if signals.resized() {
            terminal.redraw()?;
            (due, changed) = (now(), true);
        }
        let over = picture.is_over();
        let waits = picture.is_paused() && !changed;
        if now() >= due && !waits || over && !over_is_shown {
            let area = terminal.area();
            let lines = picture.lines(over, area);
            terminal.draw(|frame| {
                let text = Text::from(lines.into_iter().map(Line::raw).collect::<Vec<_>>());
                frame.render_widget(text, area);
            })?;
            due = now() + picture.period();
            (over_is_shown, changed) = (over, false);
        }
        let left =
            if picture.is_paused() && !changed { LONGEST_WAIT } else { due.saturating_sub(now()) };
        match terminal.wait(signals, left.min(LONGEST_WAIT))? {
            Woken::Time => continue,
            Woken::Gone => break,
            Woken::Keys => {}
        }
        for key in terminal.keys()? {
            let taken = match key {
                Key::Char('q' | 'Q') | Key::Ctrl('q' | 'c') => return Ok(()),
                Key::Ctrl('z') => {
                    terminal.without(|| signals.suspend())?;
                    Taken::Something
                }
                Key::Ctrl('l' | 't') => {
                    terminal.redraw()?;
                    Taken::Something
                }
                key => picture.key(key),
            };
            match taken {
                Taken::Something => {
                    changed = true;
                    if !picture.is_steady() {
                        due = now();
                    }
                }
                Taken::Nothing => terminal.send(b"\x07")?,
            }
        }
    }
    Ok(())
}

fn now() -> Duration {
    Duration::from_micros(shellac_sys::monotonic_micros())
}
