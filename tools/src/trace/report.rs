//! Writes what a search found.

mod forms;
mod list;
mod summary;

use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;

use shellac_render::redact::Redaction;
use shellac_render::trace::{Options, Zone, duration, epoch, local_time, render};

use super::Args;
use super::find::Place;
use super::search::Found;
use super::select::Matches;
use crate::color::{page_columns, terminal_columns};

/// Other matches that are listed behind the newest.
const LISTED: usize = 10;
/// The status that says that an index knows it and its records are not there.
const ONLY_SUMMARY: u8 = 3;

/// What there is to write.
pub(super) struct Report<'a> {
    pub(super) args: &'a Args,
    pub(super) places: &'a [Place],
    /// What fits, when something other than a number was asked for.
    pub(super) matches: Option<&'a Matches>,
    pub(super) found: &'a Found,
    pub(super) redaction: &'a Redaction,
}

impl Report<'_> {
    /// Writes the answer to standard output and everything else to standard error.
    pub(super) fn write(&self) -> anyhow::Result<ExitCode> {
        let args = self.args;
        let (text, refused) = match args.list {
            Some(most) => (self.list(most), None),
            None if args.json => (self.json()?, None),
            None if args.html => (self.html(), None),
            None if args.curl => self.curl(),
            None => (self.text(), None),
        };
        match io::stdout().write_all(text.as_bytes()) {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => return Err(error.into()),
            _ => {}
        }
        let Found { traces, summaries, notes, error, span, .. } = self.found;
        for note in notes {
            eprintln!("shellac: {note}");
        }
        if let Some(error) = error {
            eprintln!("shellac: {error:#}");
        }
        if let Some(why) = refused {
            eprintln!("shellac: {why}");
            return Ok(ExitCode::FAILURE);
        }
        let listed =
            self.args.list.is_some() && self.matches.is_some_and(|matches| matches.total > 0);
        // Where nothing could be read, nothing can be said about what is there.
        let read = error.is_none() || span.transactions > 0;
        if traces.is_empty() && summaries.is_empty() && !listed && read {
            eprintln!("{}", self.not_found());
        }
        Ok(if error.is_some() || (traces.is_empty() && summaries.is_empty() && !listed) {
            ExitCode::FAILURE
        } else if traces.is_empty() && !listed {
            ExitCode::from(ONLY_SUMMARY)
        } else {
            ExitCode::SUCCESS
        })
    }

    fn zone(&self) -> Zone {
        self.args.zone.zone()
    }

    fn text(&self) -> String {
        let options = Options {
            width: page_columns(),
            color: self.args.color.decide(),
            zone: self.zone(),
            bar_width: terminal_columns(),
        };
        let mut text = String::new();
        let count = self.found.traces.len();
        if let (Some(xid), true) = (self.args.xid, count > 1) {
            text += &format!("{count} transactions have the number {xid}; newest first.\n\n");
        }
        for (at, trace) in self.found.traces.iter().enumerate() {
            if at > 0 {
                text += &format!("\n{}\n\n", "=".repeat(options.width));
            }
            if count > 1 {
                text += &format!("{} of {count}\n", at + 1);
            }
            text += &render(trace, &options);
        }
        for summary in &self.found.summaries {
            if !text.is_empty() {
                text.push('\n');
            }
            text += &self.summary(summary);
        }
        if let Some(matches) = self.matches.filter(|matches| matches.total > 1) {
            text += &format!("\n{} groups fit; this is the newest. Before it:\n", matches.total);
            text += &self.rows(matches.newest_first.iter().skip(1).take(LISTED));
            if matches.total > 1 + LISTED as u64 {
                text += "More with --list.\n";
            }
        }
        text
    }

    /// What was searched, and what can be done next.
    fn not_found(&self) -> String {
        let part = if self.found.error.is_some() { "what could be read of " } else { "" };
        let places: Vec<String> = self.places.iter().map(Place::name).collect();
        let places = places.join(", ");
        let mut text = match (self.args.xid, self.matches) {
            (Some(xid), _) => format!("XID {xid} is not in {part}{places}.\n{}", self.span()),
            (None, Some(matches)) => match matches.groups {
                0 => format!("Nothing fits: there are no groups in {part}{places}."),
                1 => format!("The only group in {part}{places} does not fit."),
                n => format!("None of the {n} groups in {part}{places} fits."),
            },
            (None, None) => String::new(),
        };
        if !self.found.named_by.is_empty() {
            let numbers: Vec<String> =
                self.found.named_by.iter().map(ToString::to_string).collect();
            text +=
                &format!("\nA transaction that is there names it: trace {}", numbers.join(", "));
        }
        if self.places.iter().any(Place::is_live) {
            text += match self.args.xid {
                Some(_) => {
                    "\nOlder records are overwritten; --wait waits for a number that is still to come, and -r DIR \
                     searches what `shellac record` has kept."
                }
                None => {
                    "\nOlder records are overwritten; -r DIR searches what `shellac record` has kept."
                }
            };
        }
        text
    }

    /// How far back the logs reach.
    fn span(&self) -> String {
        let span = &self.found.span;
        let (it, reaches, holds) = if self.places.len() > 1 {
            ("They", "reach", "hold")
        } else {
            ("It", "reaches", "holds")
        };
        match (span.oldest, span.newest) {
            (Some(oldest), Some(newest)) => format!(
                "{it} {reaches} back {} and {holds} {}:\n  from {}  epoch {}\n  to   {}  epoch {}",
                duration(newest.since(oldest)),
                match span.transactions {
                    1 => "1 transaction".to_owned(),
                    n => format!("{n} transactions"),
                },
                local_time(oldest, self.zone()),
                epoch(oldest),
                local_time(newest, self.zone()),
                epoch(newest),
            ),
            _ if span.transactions == 0 => format!("{it} {holds} no transactions."),
            _ => format!("{it} {holds} no timestamps, so how far back cannot be told."),
        }
    }
}
