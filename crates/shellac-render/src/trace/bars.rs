//! The waterfall of a trace as text: one bar per transaction, a letter per phase.

use std::collections::BTreeSet;

use super::fields::Micros;
use super::model::Node;
use super::page::{NO_BREAK, Page, Span, Style, columns};
use super::waterfall::{Bar, Piece, Waterfall};
use super::words::{counted, duration};
use super::{Trace, phases::Phase};

/// Columns for what a bar is of.
const NAME_COLUMNS: usize = 24;
/// Columns that a bar has at least.
const NARROWEST: usize = 30;
/// Bars of one page; of a trace with more the rest is counted.
const MOST_BARS: usize = 40;

/// What marks the end of a phase that failed.
const FAILED: char = '!';
/// What stands for a phase of which only the latest possible end is known.
const OPEN_END: char = '~';

/// The section, when anything took time.
pub(super) fn section(page: &mut Page, trace: &Trace, width: usize) {
    let Some(waterfall) = trace.waterfall() else { return };
    let room = width.saturating_sub(NAME_COLUMNS + 2).max(NARROWEST);
    page.gap();
    let title = format!("When, over {}", duration(waterfall.length));
    page.line(&[(Style::Bold, &title)]);
    page.line(&[(Style::Dim, &format!("{:NAME_COLUMNS$}  {}", "", scale(&waterfall, room)))]);
    let mut drawn = BTreeSet::new();
    for bar in waterfall.bars.iter().take(MOST_BARS) {
        let name = format!("{:<NAME_COLUMNS$}  ", name(bar));
        let cells = cells(bar, waterfall.length, room);
        let text: String = cells.iter().map(|cell| cell.0).collect();
        drawn.extend(text.chars());
        let mut spans: Vec<Span<'_>> = vec![(Style::Plain, &name)];
        // Runs of one style, so that colours cost a code per run and not per column.
        let (mut start, mut at) = (0, 0);
        while at < cells.len() {
            at += 1;
            if at == cells.len() || cells[at].1 != cells[start].1 {
                // A cell is one byte: letters and marks are ASCII.
                spans.push((cells[start].1, &text[start..at]));
                start = at;
            }
        }
        page.line(&spans);
    }
    if let Some(left_out) = waterfall.bars.len().checked_sub(MOST_BARS).filter(|&n| n > 0) {
        let text = format!("{} not drawn", counted(left_out as u64, "more transaction"));
        page.line(&[(Style::Dim, &text)]);
    }
    page.wrapped("", "", Style::Dim, &legend(&waterfall, &drawn));
}

/// What a bar is of, in at most `NAME_COLUMNS`: a part of a number would be another number.
fn name(bar: &Bar<'_>) -> String {
    let indent = " ".repeat(2 * bar.depth.min(4));
    let whole = format!("{indent}{}", bar.node.title());
    if columns(&whole) <= NAME_COLUMNS {
        return whole;
    }
    format!("{indent}{}", bar.node.role())
}

impl Node {
    /// `request`, `attempt 2`, `include`: the title without the number of the transaction.
    fn role(&self) -> String {
        let title = self.title();
        title.rsplit_once(' ').map(|(role, _)| role.to_owned()).unwrap_or(title)
    }

    /// `request 12`, `attempt 2`, `include 13`: what it is called where there is little room.
    pub fn title(&self) -> String {
        use shellac_log::{Kind, Reason};
        match (self.kind, self.reason, self.attempt) {
            (Kind::Backend, _, Some(number)) => format!("attempt {number} {}", self.vxid),
            (Kind::Backend, _, None) => format!("attempt {}", self.vxid),
            (Kind::Session, ..) => format!("session {}", self.vxid),
            (_, Reason::Esi, _) => format!("include {}", self.vxid),
            (_, Reason::Restart, _) => format!("restart {}", self.vxid),
            _ => format!("request {}", self.vxid),
        }
    }
}

/// `0         10 ms         20 ms`: as many marks as fit, at round numbers.
fn scale(waterfall: &Waterfall<'_>, room: usize) -> String {
    let mut text = "0".to_owned();
    let step = step(waterfall.length);
    for n in 1.. {
        let at = Micros(step.saturating_mul(n));
        let column = column(at, waterfall.length, room);
        if at.0 >= waterfall.length.0 {
            break;
        }
        let mark = format!("|{}", duration(at));
        if column + columns(&mark) > room {
            break;
        }
        if column > columns(&text) {
            text = format!("{text:<column$}{mark}");
        }
    }
    text
}

/// A round number of microseconds of which three to seven fit into `length`.
fn step(length: Micros) -> i64 {
    let mut step = 1_i64;
    for factor in [2, 5, 10].into_iter().cycle() {
        let decade = 10_i64.saturating_pow(step.ilog10());
        if length.0 / step <= 6 {
            break;
        }
        step = decade.saturating_mul(factor);
    }
    step
}

/// The column that a moment falls into.
fn column(at: Micros, length: Micros, room: usize) -> usize {
    let at = i128::from(at.0.max(0)) * room as i128 / i128::from(length.0.max(1));
    usize::try_from(at).unwrap_or(room).min(room)
}

/// One cell per column: what took most of that time, and how it looks.
fn cells(bar: &Bar<'_>, length: Micros, room: usize) -> Vec<(char, Style)> {
    let mut cells = vec![(' ', Style::Plain); room];
    let mut shares = vec![0_i128; room];
    // In units of `1 / room` of a microsecond, so that columns have whole borders.
    let scaled = |at: Micros| i128::from(at.0) * room as i128;
    let width = i128::from(length.0);
    for piece in &bar.pieces {
        let (from, to) = (scaled(piece.from), scaled(piece.to));
        let first = column(piece.from, length, room).min(room - 1);
        let last = column(Micros(piece.to.0 - 1), length, room).clamp(first, room - 1);
        for at in first..=last {
            let (left, right) = (at as i128 * width, (at as i128 + 1) * width);
            let share = to.min(right) - from.max(left);
            if share > shares[at] || cells[at].0 == ' ' {
                shares[at] = share;
                let letter = if piece.at_most { OPEN_END } else { piece.phase.letter };
                cells[at] = (letter, style(piece));
            }
        }
    }
    // A failure is never hidden by what took longer.
    for piece in bar.pieces.iter().filter(|piece| piece.failed) {
        let first = column(piece.from, length, room).min(room - 1);
        let at = column(Micros(piece.to.0 - 1), length, room).clamp(first, room - 1);
        cells[at] = (FAILED, Style::Bad);
    }
    cells
}

fn style(piece: &Piece) -> Style {
    match piece.phase.letter {
        _ if piece.at_most => Style::Dim,
        'b' | 'q' => Style::Dim,
        'w' => Style::Wait,
        'c' => Style::Connect,
        's' | 'u' | 'h' => Style::Send,
        'r' | 'a' | 'i' => Style::Good,
        _ => Style::Plain,
    }
}

/// The letters that were drawn, with their words.
fn legend(waterfall: &Waterfall<'_>, drawn: &BTreeSet<char>) -> String {
    let mut phases: Vec<Phase> = Vec::new();
    for piece in waterfall.bars.iter().flat_map(|bar| &bar.pieces) {
        let letter = piece.phase.letter;
        if drawn.contains(&letter) && phases.iter().all(|phase| phase.letter != letter) {
            phases.push(piece.phase);
        }
    }
    let mut parts: Vec<String> =
        phases.iter().map(|phase| format!("{} {}", phase.letter, phase.word)).collect();
    if drawn.contains(&OPEN_END) {
        parts.push(format!("{OPEN_END} at most so long, the end is not recorded"));
    }
    if drawn.contains(&FAILED) {
        parts.push(format!("{FAILED} failed"));
    }
    let parts: Vec<String> = parts.into_iter().map(|part| part.replace(' ', NO_BREAK)).collect();
    parts.join("   ")
}

#[cfg(test)]
mod tests;
