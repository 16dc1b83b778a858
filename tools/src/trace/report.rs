//! Writes what a search found.

use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;

use shellac_render::trace::{Options, Zone, duration, epoch, local_time, render};

use super::Args;
use super::input::From;
use super::search::Found;
use crate::color::{page_columns, terminal_columns};

/// Writes the traces to standard output and everything else to standard error.
pub(super) fn write(args: &Args, from: &From, found: &Found) -> anyhow::Result<ExitCode> {
    let zone = if args.utc { Zone::Utc } else { Zone::Local };
    let options = Options {
        width: page_columns(),
        color: args.color.decide(),
        zone,
        bar_width: terminal_columns(),
    };
    let mut text = String::new();
    let count = found.traces.len();
    if count > 1 {
        text += &format!("{count} transactions have the number {}; newest first.\n\n", args.xid);
    }
    for (at, trace) in found.traces.iter().enumerate() {
        if at > 0 {
            text += &format!("\n{}\n\n", "=".repeat(options.width));
        }
        if count > 1 {
            text += &format!("{} of {count}\n", at + 1);
        }
        text += &render(trace, &options);
    }
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => return Err(error.into()),
        _ => {}
    }
    for note in &found.notes {
        eprintln!("shellac: {note}");
    }
    if let Some(error) = &found.error {
        eprintln!("shellac: {error:#}");
    }
    // Where nothing could be read, nothing can be said about what is there.
    if count == 0 && (found.error.is_none() || found.span.transactions > 0) {
        eprintln!("{}", not_found(args.xid, from, found, zone));
    }
    let whole = count > 0 && found.error.is_none();
    Ok(if whole { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// How far back the log reaches, for somebody who looks for a number that is not there.
fn not_found(xid: u64, from: &From, found: &Found, zone: Zone) -> String {
    let part = if found.error.is_some() { "what could be read of " } else { "" };
    let mut text = format!("XID {xid} is not in {part}{}.\n", from.name());
    let span = &found.span;
    match (span.oldest, span.newest) {
        (Some(oldest), Some(newest)) => {
            text += &format!(
                "It reaches back {} and holds {}:\n  from {}  epoch {}\n  to   {}  epoch {}",
                duration(newest.since(oldest)),
                match span.transactions {
                    1 => "1 transaction".to_owned(),
                    n => format!("{n} transactions"),
                },
                local_time(oldest, zone),
                epoch(oldest),
                local_time(newest, zone),
                epoch(newest),
            );
        }
        _ if span.transactions == 0 => text += "It holds no transactions.",
        _ => text += "It holds no timestamps, so how far back it reaches cannot be told.",
    }
    if !found.named_by.is_empty() {
        let numbers: Vec<String> = found.named_by.iter().map(ToString::to_string).collect();
        text += &format!("\nA transaction that is there names it: trace {}", numbers.join(", "));
    }
    if matches!(from, From::Live(_)) {
        text += "\nOlder records are overwritten; --wait waits for a number that is still to come.";
    }
    text
}
