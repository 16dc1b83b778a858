//! The demo's lines on standard output, at most 80 columns each.

use std::io::{self, Write};

use shellac_render::trace::{Zone, duration, local_time};

use super::watch::{Seen, Try};

/// Where the lines go.
#[derive(Debug)]
pub(super) struct Screen {
    color: bool,
}

/// Sums since the last line that showed them.
#[derive(Debug, Default)]
pub(super) struct Sums {
    requests: u64,
    retried: u64,
    failed: u64,
}

impl Sums {
    /// Counts one request.
    pub(super) fn add(&mut self, seen: &Seen) {
        self.requests += 1;
        if !seen.was_answered() {
            self.failed += 1;
        } else if seen.is_notable() {
            self.retried += 1;
        }
    }
}

impl Screen {
    /// Lines with or without colour.
    pub(super) fn new(color: bool) -> Screen {
        Screen { color }
    }

    /// Whether lines have colours.
    pub(super) fn color(&self) -> bool {
        self.color
    }

    /// Text as it is, with a line end.
    pub(super) fn say(&self, text: &str) -> io::Result<()> {
        let mut out = io::stdout().lock();
        out.write_all(text.as_bytes())?;
        out.write_all(b"\n")?;
        out.flush()
    }

    /// A title.
    pub(super) fn title(&self, text: &str) -> io::Result<()> {
        self.say(&self.paint("1", text))
    }

    /// A request that did not go smoothly: what it was, and each of its attempts.
    pub(super) fn request(&self, seen: &Seen) -> io::Result<()> {
        let status = match seen.status {
            Some(status) => format!("{status:>4}"),
            None => "none".to_owned(),
        };
        let status = self.paint(if seen.was_answered() { "32" } else { "1;31" }, &status);
        let took = seen.took.map(duration).unwrap_or_default();
        let what = cut(&format!("{} {}", seen.method, seen.url), 28);
        self.say(&format!(
            "{}  XID {:<10} {what:<28} {status} {took:>9}",
            clock(seen),
            seen.xid.0
        ))?;
        for (at, one) in seen.tries.iter().enumerate() {
            self.say(&format!("              {}", self.attempt(at + 1, one)))?;
        }
        Ok(())
    }

    fn attempt(&self, number: usize, one: &Try) -> String {
        let connection = match one.reused {
            Some(true) => "reused connection",
            Some(false) => "new connection",
            None => "no connection",
        };
        let result = match one.failure {
            Some(words) => self.paint("31", &cut(words, 45)),
            None => self.paint("32", "answered"),
        };
        format!("{number} {connection}: {result}")
    }

    /// What happened in the last second, in one line.
    pub(super) fn sums(&self, sums: &Sums) -> io::Result<()> {
        let text = format!(
            "              {} requests: {} answered, {} of them after a retry; {} failed",
            sums.requests,
            sums.requests - sums.failed,
            sums.retried,
            sums.failed
        );
        self.say(&self.paint("2", &text))
    }

    fn paint(&self, code: &str, text: &str) -> String {
        if self.color { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

/// Local time of day with milliseconds.
fn clock(seen: &Seen) -> String {
    let Some(at) = seen.at else { return " ".repeat(12) };
    let whole = local_time(at, Zone::Local);
    whole.get(11..23).unwrap_or("            ").to_owned()
}

fn cut(text: &str, columns: usize) -> String {
    if text.len() <= columns {
        return text.to_owned();
    }
    let kept: String = text.chars().take(columns - 3).collect();
    format!("{kept}...")
}
