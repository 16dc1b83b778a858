//! From the few escape sequences that a trace is coloured with to lines of a screen.

use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};

/// The lines of a text. Sequences that are not known change nothing and are not shown.
pub(super) fn lines(text: &str) -> Vec<Line<'static>> {
    let mut style = Style::new();
    text.lines().map(|line| one(line, &mut style)).collect()
}

fn one(text: &str, style: &mut Style) -> Line<'static> {
    let mut spans = Vec::new();
    let mut left = text;
    while let Some(start) = left.find("\x1b[") {
        if start > 0 {
            spans.push(Span::styled(left[..start].to_owned(), *style));
        }
        let rest = &left[start + 2..];
        let Some(end) = rest.find(|letter: char| letter.is_ascii_alphabetic()) else {
            return Line::from(spans);
        };
        if rest[end..].starts_with('m') {
            rest[..end].split(';').for_each(|code| *style = with(*style, code));
        }
        left = &rest[end + 1..];
    }
    if !left.is_empty() {
        spans.push(Span::styled(left.to_owned(), *style));
    }
    Line::from(spans)
}

fn with(style: Style, code: &str) -> Style {
    match code {
        "" | "0" => Style::new(),
        "1" => style.add_modifier(Modifier::BOLD),
        "2" => style.add_modifier(Modifier::DIM),
        "31" => style.fg(Color::Red),
        "32" => style.fg(Color::Green),
        "33" => style.fg(Color::Yellow),
        "34" => style.fg(Color::Blue),
        "35" => style.fg(Color::Magenta),
        "36" => style.fg(Color::Cyan),
        _ => style,
    }
}

#[cfg(test)]
mod tests;
