//! The report so far, once a second on a terminal.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use super::compare::Verdict;
use super::report;
use crate::color::page_columns;

/// Between two pictures.
const PERIOD: Duration = Duration::from_secs(1);
/// To another screen and back, and to its first line.
const ENTER: &str = "\x1b[?1049h";
const LEAVE: &str = "\x1b[?1049l";
const CLEAR: &str = "\x1b[H\x1b[J";
/// Lines of a terminal that does not say how many it has.
const LINES: usize = 24;

/// A screen of its own, which is given back when the value goes away.
#[derive(Debug)]
pub(super) struct Screen {
    shown: Option<Instant>,
    open: bool,
}

impl Screen {
    /// Takes the terminal.
    pub(super) fn open() -> io::Result<Screen> {
        let mut screen = Screen { shown: None, open: true };
        if let Err(error) = write(ENTER) {
            screen.open = false;
            return Err(error);
        }
        Ok(screen)
    }

    /// Shows the verdict, if it is time for that.
    #[allow(clippy::disallowed_methods, reason = "a tool is where the time comes from")]
    pub(super) fn show(&mut self, verdict: impl FnOnce() -> Verdict) -> io::Result<()> {
        let now = Instant::now();
        if self.shown.is_some_and(|shown| now.duration_since(shown) < PERIOD) {
            return Ok(());
        }
        let text = report::text(&verdict(), page_columns());
        let lines = match rustix::termios::tcgetwinsize(io::stdout()) {
            Ok(size) if size.ws_row > 1 => usize::from(size.ws_row),
            _ => LINES,
        };
        let text = fit(&text, lines);
        // Comparing takes time, too.
        self.shown = Some(Instant::now());
        write(&format!("{CLEAR}{text}"))
    }

    /// Gives the terminal back.
    pub(super) fn close(&mut self) {
        if std::mem::take(&mut self.open) {
            // There is nobody to tell.
            let _ = write(LEAVE);
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.close();
    }
}

/// The first lines of `text`, and in the last one what ends it all.
fn fit(text: &str, lines: usize) -> String {
    let most = lines.saturating_sub(2);
    let all = text.lines().count();
    let mut fitting: String = text.lines().take(most).map(|line| format!("{line}\r\n")).collect();
    let more = if all > most { "more follows at the end; " } else { "" };
    fitting += &format!("\r\n({more}^C ends)");
    fitting
}

fn write(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

#[cfg(test)]
mod tests;
