//! The dashboard: screens over one instance, live, in a terminal.
//!
//! `source` looks at the instance (`sampler` at its counters) and makes a `snapshot`; `app` is the state, which takes snapshots
//! and keys and keeps a `history`; `frame` and each `screen` draw it. Nothing that draws can read an instance and nothing
//! that reads can draw. The terminal and its signals are shared with other tools (`crate::terminal`), and this file is the loop between all of them.

mod app;
mod backends;
mod clipboard;
mod columns;
mod counters;
mod frame;
mod history;
mod overview;
mod sample;
mod sampler;
#[cfg(test)]
mod scenes;
mod screen;
mod snapshot;
mod source;
mod spark;
#[cfg(test)]
mod testing;
mod traffic;

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use shellac_log::Compat;
use shellac_vsm::Attachment;

use crate::attach::Patience;
use crate::stat::filter::Filters;
use crate::terminal::{Owner, Signals, Woken};
use crate::watch;
use app::{App, Effect};
use backends::Backends;
use counters::Counters;
use overview::Overview;
use screen::{Look, Screen};
use snapshot::{Moment, micros};
use source::Source;
use traffic::Traffic;

pub(crate) use frame::bindings;

/// Time between two looks of those who watch the log.
const WATCH_PERIOD: Duration = Duration::from_millis(500);

/// What is looked at.
#[derive(Debug)]
pub(crate) enum Place {
    /// The instance that `-n` names, and how long to wait for it with the screen open.
    Named(Option<String>, Patience),
    /// One that was found already.
    Attached(Box<Attachment>),
    /// Files of records.
    Files(Vec<PathBuf>),
}

/// What is to be shown, and how.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) place: Place,
    pub(crate) filters: Filters,
    /// Gauges below zero are shown as they are.
    pub(crate) raw: bool,
    pub(crate) compat: Compat,
    /// As varnishstat looks: one screen, line by line.
    pub(crate) stock: bool,
    pub(crate) color: bool,
}

/// Shows the dashboard until told to end.
///
/// # Errors
///
/// When several instances run and none is named, when there was none for as long as was to be waited, and when the terminal cannot
/// be used.
pub(crate) fn run(options: Options) -> anyhow::Result<ExitCode> {
    let mut look = Look {
        color: options.color && !options.stock,
        unicode: is_utf8(),
        stock: options.stock,
        offset: 0,
    };
    let filtered = !options.filters.is_empty();
    let counters = Counters::new(options.compat, filtered, options.raw, look);
    let watch =
        watch::Options { from_head: true, period: WATCH_PERIOD, ..watch::Options::default() };
    let screens: Vec<Box<dyn Screen>> = if options.stock {
        vec![Box::new(counters)]
    } else {
        vec![
            Box::new(Overview::default()),
            Box::new(Backends::default()),
            Box::new(Traffic::new(watch.kept.clone(), watch.redaction.clone())),
            Box::new(counters),
        ]
    };
    let mut app = App::new(screens, look);
    let (mut source, patience) = match options.place {
        Place::Named(instance, patience) => {
            (Source::new(instance, options.filters, watch), patience)
        }
        Place::Attached(found) => (Source::attached(*found, options.filters), Patience::ForEver),
        Place::Files(files) => (Source::files(files, watch), Patience::ForEver),
    };
    if let Err(refusal) = source.find()
        && !refusal.may_pass()
    {
        return Err(refusal.into_error());
    }
    let signals = Signals::register()?;
    let mut terminal = Owner::take()?;
    let begun = now().mono;
    let mut due = begun;
    while !signals.stop() {
        if signals.continued() {
            terminal.without(|| {})?;
        }
        if signals.resized() {
            terminal.redraw()?;
        }
        let at = now();
        if at.mono >= due {
            if let (Err(refusal), Patience::For(most)) = (source.find(), patience)
                && u128::from(at.mono - begun) >= most.as_micros()
            {
                return Err(refusal.into_error());
            }
            look.offset = chrono::Local::now().offset().local_minus_utc();
            app.look = look;
            app.arrived(source.look(at));
            due = at.mono.saturating_add(micros(app.interval()));
        }
        app.notice(at);
        terminal.draw(|frame| frame::draw(&app, frame))?;
        let until = due.min(app.notice_ends().unwrap_or(u64::MAX));
        let most = Duration::from_micros(until.saturating_sub(now().mono));
        match terminal.wait(&signals, most)? {
            Woken::Time => continue,
            Woken::Gone => break,
            Woken::Keys => {}
        }
        for key in terminal.keys()? {
            let area = terminal.area();
            match app.key(key, area, at) {
                Effect::None => {}
                Effect::Quit => return Ok(ExitCode::SUCCESS),
                Effect::Suspend => terminal.without(|| signals.suspend())?,
                Effect::Sample => due = 0,
                Effect::ResetMeans => {
                    source.reset_means();
                    due = 0;
                }
                Effect::Redraw => terminal.redraw()?,
                Effect::Copy(text) => app.told(copy(&terminal, &text)?, now()),
                Effect::Save { path, text } => app.told(save(&path, &text), now()),
            }
        }
        due = due.min(at.mono.saturating_add(micros(app.interval())));
    }
    Ok(ExitCode::SUCCESS)
}

/// Hands text to the terminal's clipboard; what to say about it.
fn copy(terminal: &Owner, text: &str) -> anyhow::Result<String> {
    let copied = clipboard::copy(text, std::env::var_os("TMUX").is_some_and(|it| !it.is_empty()));
    terminal.send(&copied.bytes)?;
    Ok(match copied.cut {
        0 => format!("Copied {} lines, if the terminal allows it (OSC 52).", copied.lines),
        cut => format!(
            "Copied {} lines; {cut} more do not fit into a clipboard: w writes all.",
            copied.lines
        ),
    })
}

/// Writes a new file; what to say about it.
fn save(path: &str, text: &str) -> String {
    let file = OpenOptions::new().write(true).create_new(true).open(path);
    match file.and_then(|mut file| file.write_all(text.as_bytes())) {
        Ok(()) => format!("Wrote {} lines to {path}", text.lines().count()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            format!("{path} exists already; nothing was written")
        }
        Err(error) => format!("cannot write {path}: {error}"),
    }
}

/// Whether the terminal is spoken to in UTF-8.
fn is_utf8() -> bool {
    let set = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter();
    let mut set = set.filter_map(|name| std::env::var(name).ok().filter(|it| !it.is_empty()));
    set.next().is_some_and(|it| {
        let it = it.to_ascii_lowercase();
        it.contains("utf-8") || it.contains("utf8")
    })
}

#[allow(clippy::disallowed_methods, reason = "a tool is where the time comes from")]
fn now() -> Moment {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Moment { unix: micros(since), mono: shellac_sys::monotonic_micros() }
}
