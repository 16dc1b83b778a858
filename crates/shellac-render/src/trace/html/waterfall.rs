//! The bars of a trace as a drawing.

use super::super::fields::Micros;
use super::super::model::Trace;
use super::super::phases::Phase;
use super::super::waterfall::Bar;
use super::super::words::duration;
use super::{escaped, put};

/// The drawing's own units: about a pixel each on a wide screen.
const WIDTH: f64 = 960.0;
/// Room for names at least, and for each character of one.
const NAMES: f64 = 190.0;
const NAME_CHARACTER: f64 = 7.4;
const INDENT: f64 = 12.0;
const ROW: f64 = 26.0;
const TOP: f64 = 26.0;
/// Bars of one drawing.
const MOST: usize = 60;
/// A phase is at least so wide, or nobody sees it.
const NARROWEST: f64 = 1.5;

fn indent(bar: &Bar<'_>) -> f64 {
    INDENT * bar.depth.min(5) as f64
}

/// Where a bar may begin behind its name.
fn name_end(bar: &Bar<'_>) -> f64 {
    indent(bar) + NAME_CHARACTER * (bar.node.title().chars().count() + 1) as f64
}

/// The drawing with its legend, when anything took time.
pub(super) fn drawing(trace: &Trace) -> Option<String> {
    let waterfall = trace.waterfall()?;
    let bars = &waterfall.bars[..waterfall.bars.len().min(MOST)];
    let height = TOP + ROW * bars.len() as f64 + 6.0;
    let length = waterfall.length;
    let names = bars.iter().map(name_end).fold(NAMES, f64::max);
    let x = |at: Micros| names + (WIDTH - names - 10.0) * (at.0 as f64 / length.0 as f64);
    let mut text = format!(
        "<div class=\"scroll\"><svg class=\"drawing\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" \
         aria-label=\"phases over {}\">\n",
        escaped(&duration(length))
    );
    for n in 0..=4 {
        let at = Micros(i64::try_from(i128::from(length.0) * n / 4).unwrap_or(length.0));
        let anchor = match n {
            0 => "start",
            4 => "end",
            _ => "middle",
        };
        put(
            &mut text,
            format_args!(
                "<line class=\"grid\" x1=\"{0:.1}\" x2=\"{0:.1}\" y1=\"{TOP}\" y2=\"{height}\"/>\
                 <text class=\"scale\" x=\"{0:.1}\" y=\"16\" text-anchor=\"{anchor}\">{1}</text>\n",
                x(at),
                escaped(&duration(at))
            ),
        );
    }
    let mut phases: Vec<Phase> = Vec::new();
    let mut bounded = false;
    for (row, bar) in bars.iter().enumerate() {
        let y = TOP + ROW * row as f64;
        let indent = indent(bar);
        put(
            &mut text,
            format_args!(
                "<text class=\"name\" x=\"{indent}\" y=\"{:.1}\">{}</text>\n",
                y + 17.0,
                escaped(&bar.node.title())
            ),
        );
        for piece in &bar.pieces {
            let (from, to) = (x(piece.from), x(piece.to));
            let width = (to - from).max(NARROWEST);
            let most = if piece.at_most { "at most " } else { "" };
            let failed = if piece.failed { ", failed" } else { "" };
            let took = duration(piece.to.since(piece.from));
            let class = if piece.at_most { "bounded".to_owned() } else { class(piece.phase) };
            put(
                &mut text,
                format_args!(
                    "<rect class=\"{class}\" x=\"{from:.2}\" y=\"{:.1}\" width=\"{width:.2}\" height=\"16\">\
                     <title>{} {most}{}{failed}</title></rect>\n",
                    y + 5.0,
                    escaped(piece.phase.word),
                    escaped(&took),
                ),
            );
            if piece.failed {
                put(
                    &mut text,
                    format_args!(
                        "<path class=\"fail\" d=\"M{0:.1} {1:.1}l8 8m0 -8l-8 8\"/>\n",
                        (to - 4.0).clamp(NAMES, WIDTH - 10.0),
                        y + 9.0
                    ),
                );
            }
            bounded |= piece.at_most;
            let known = |phase: &Phase| phase.letter == piece.phase.letter;
            if !piece.at_most && !phases.iter().any(known) {
                phases.push(piece.phase);
            }
        }
    }
    text.push_str("</svg></div>\n<p class=\"legend\">");
    for phase in &phases {
        put(
            &mut text,
            format_args!(
                "<span><i class=\"{}\"></i>{}</span> ",
                class(*phase),
                escaped(phase.word)
            ),
        );
    }
    if bounded {
        text.push_str(
            "<span><i class=\"bounded\"></i>at most so long, the end is not recorded</span> ",
        );
    }
    text.push_str("</p>\n");
    if let Some(more) = waterfall.bars.len().checked_sub(MOST).filter(|&more| more > 0) {
        put(&mut text, format_args!("<p class=\"dim\">{more} more are not drawn</p>\n"));
    }
    Some(text)
}

fn class(phase: Phase) -> String {
    format!("ph-{}", phase.letter)
}

#[cfg(test)]
mod tests;
