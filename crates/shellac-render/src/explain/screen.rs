//! An explanation as lines of text.

use super::{Explained, Known};
use crate::causes::{Cause, Missing, all};
use crate::error_text::{self, Text};
use crate::trace::page::{Page, Style};
use crate::visible;

/// Writes what can be said about `text`, `width` columns wide.
pub fn screen(text: &str, explained: &Explained, width: usize, color: bool) -> String {
    let mut page = Page::new(width, color);
    let shown = visible(text.trim().as_bytes());
    match explained {
        Explained::Known(known) => write_known(&mut page, known),
        Explained::Xid(xid) => {
            page.wrapped("", "  ", Style::Bold, &format!("{xid} is a transaction number"));
            let advice = format!(
                "`shellac trace {xid}` shows that request, its attempts and why they failed."
            );
            page.wrapped("  ", "  ", Style::Plain, &advice);
        }
        Explained::Unknown(nearest) => {
            page.wrapped("", "  ", Style::Bold, &format!("Not a known text: {shown}"));
            if !nearest.is_empty() {
                page.wrapped("  ", "  ", Style::Plain, "Known texts that look most like it:");
            }
            for row in nearest {
                let line = format!("{} ({})", row.pattern.shown(), row.source.words());
                page.wrapped("  - ", "    ", Style::Plain, &line);
            }
            page.wrapped(
                "  ",
                "  ",
                Style::Plain,
                "`shellac explain --list` has all causes and their texts.",
            );
        }
    }
    page.finish()
}

fn write_known(page: &mut Page, known: &Known) {
    let Known { text, row, reading, diagnosis } = known;
    page.wrapped("", "  ", Style::Bold, &visible(text.as_bytes()));
    let words = reading.words();
    let what =
        if words == "failed" { "the text alone leaves almost everything open" } else { words };
    page.wrapped("  ", "  ", Style::Plain, &format!("{}: {what}.", row.source.words()));
    let several = diagnosis.candidates.len() > 1;
    if several {
        page.gap();
        let count = diagnosis.candidates.len();
        let head = format!("{count} candidate causes; the text alone does not say which");
        page.wrapped("", "  ", Style::Bold, &head);
    }
    for (letter, cause) in ('A'..='Z').zip(&diagnosis.candidates) {
        page.gap();
        let label = if several { format!("{letter}  ") } else { String::new() };
        let title = format!("{} ({})", cause.title, cause.id);
        page.wrapped(&label, if several { "   " } else { "  " }, Style::Bold, &title);
        let indent = if several { "   " } else { "  " };
        page.wrapped(indent, indent, Style::Plain, cause.means);
        for step in cause.todo {
            page.wrapped(&format!("{indent}- "), &format!("{indent}  "), Style::Plain, step);
        }
        page.wrapped(
            &format!("{indent}Proof: "),
            &format!("{indent}  "),
            Style::Plain,
            cause.proof,
        );
    }
    if several {
        page.gap();
        page.wrapped("", "  ", Style::Bold, "How to tell them apart");
        for missing in &diagnosis.missing {
            page.wrapped("- ", "  ", Style::Plain, missing.would_decide());
        }
        for (letter, cause) in ('A'..='Z').zip(&diagnosis.candidates) {
            page.wrapped("- ", "  ", Style::Plain, &format!("{letter}: {}", cause.sign));
        }
    }
}

/// The texts that leave `cause` possible.
pub fn texts_of(cause: &Cause) -> impl Iterator<Item = &'static Text> {
    error_text::all().filter(move |row| {
        let reading = row.reading();
        let turned = reading.turned();
        cause.fits(reading) || (turned != reading && row.source.is_ours() && cause.fits(turned))
    })
}

/// Writes the whole catalogue.
pub fn catalogue(width: usize, color: bool) -> String {
    let mut page = Page::new(width, color);
    for (at, cause) in all().enumerate() {
        if at > 0 {
            page.gap();
        }
        page.wrapped("", "  ", Style::Bold, &format!("{}: {}", cause.id, cause.title));
        page.wrapped("  ", "  ", Style::Plain, cause.means);
        for step in cause.todo {
            page.wrapped("  - ", "    ", Style::Plain, step);
        }
        let needs: Vec<&str> = cause.needs().into_iter().map(Missing::word).collect();
        page.wrapped("  certain with  ", "    ", Style::Plain, &needs.join(", "));
        page.wrapped("  proved by     ", "    ", Style::Plain, cause.proof);
        page.wrapped("  seen in       ", "    ", Style::Plain, cause.sign);
        let texts: Vec<String> = texts_of(cause)
            .map(|row| format!("\"{}\" ({})", row.pattern.shown(), row.source.words()))
            .collect();
        page.wrapped("  texts         ", "    ", Style::Plain, &texts.join(", "));
    }
    page.finish()
}
