//! Lines of text of a given width, with colour when it is asked for, or the same as HTML.

use super::html::escaped;

/// How a piece of text looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    Plain,
    Dim,
    Bold,
    Bad,
    Good,
    Wait,
    Connect,
    Send,
}

impl Style {
    const fn code(self) -> Option<&'static str> {
        match self {
            Style::Plain => None,
            Style::Dim => Some("\x1b[2m"),
            Style::Bold => Some("\x1b[1m"),
            Style::Bad => Some("\x1b[1;31m"),
            Style::Good => Some("\x1b[32m"),
            Style::Wait => Some("\x1b[33m"),
            Style::Connect => Some("\x1b[35m"),
            Style::Send => Some("\x1b[36m"),
        }
    }
}

impl Style {
    /// The class of HTML elements that look so.
    pub(super) const fn class(self) -> &'static str {
        match self {
            Style::Plain => "plain",
            Style::Dim => "dim",
            Style::Bold => "bold",
            Style::Bad => "bad",
            Style::Good => "good",
            Style::Wait => "wait",
            Style::Connect => "connect",
            Style::Send => "send",
        }
    }
}

/// A blank at which no line is broken; it is written as a blank.
pub(crate) const NO_BREAK: &str = "\u{a0}";

/// A styled piece of a line.
pub(crate) type Span<'a> = (Style, &'a str);

/// Text that is being written. Everything put in is printable; a character is a column.
pub(crate) struct Page {
    text: String,
    width: usize,
    color: bool,
    /// Paragraphs of HTML instead of lines: the browser breaks them.
    html: bool,
}

/// Columns of `text`.
pub(crate) fn columns(text: &str) -> usize {
    text.chars().count()
}

impl Page {
    /// An empty page; less than 60 columns are taken as 60.
    pub(crate) fn new(width: usize, color: bool) -> Page {
        Page { text: String::new(), width: width.max(60), color, html: false }
    }

    /// The same calls as HTML: each piece of text is a paragraph with a class for how it looks and one for
    /// how far in it stands.
    pub(super) fn html() -> Page {
        Page { text: String::new(), width: usize::MAX, color: false, html: true }
    }

    /// The whole text, every line with its end.
    pub(crate) fn finish(self) -> String {
        self.text
    }

    /// An empty line.
    pub(crate) fn gap(&mut self) {
        self.text.push_str(if self.html { "<div class=\"gap\"></div>\n" } else { "\n" });
    }

    fn put(&mut self, (style, text): Span<'_>) {
        match style.code().filter(|_| self.color && !text.is_empty()) {
            Some(code) => {
                self.text.push_str(code);
                self.text.push_str(text);
                self.text.push_str("\x1b[0m");
            }
            None => self.text.push_str(text),
        }
    }

    fn end_line(&mut self) {
        while self.text.ends_with(' ') {
            self.text.pop();
        }
        self.text.push('\n');
    }

    /// A line as it is; the caller sees to its width.
    pub(crate) fn line(&mut self, spans: &[Span<'_>]) {
        spans.iter().for_each(|&span| self.put(span));
        self.end_line();
    }

    /// A line with something short at its right edge. The left part is cut where both do not fit.
    pub(crate) fn split(&mut self, prefix: &str, left: &[Span<'_>], right: &[Span<'_>]) {
        let total = |spans: &[Span<'_>]| spans.iter().map(|(_, text)| columns(text)).sum::<usize>();
        let right_columns = total(right);
        let mut room = self.width.saturating_sub(columns(prefix) + right_columns + 2);
        self.put((Style::Dim, prefix));
        let mut left_over = total(left);
        for &(style, text) in left {
            let have = columns(text);
            if left_over <= room || have + 3 <= room {
                self.put((style, text));
                room = room.saturating_sub(have);
                left_over -= have;
                continue;
            }
            let kept: String = text.chars().take(room.saturating_sub(3)).collect();
            self.put((style, &kept));
            self.put((Style::Dim, &"..."[..room.min(3)]));
            room = 0;
            break;
        }
        if !right.is_empty() {
            self.text.push_str(&" ".repeat(room + 2));
            right.iter().for_each(|&span| self.put(span));
        }
        self.end_line();
    }

    /// Text on as many lines as it takes, broken at blanks where there are any.
    pub(crate) fn wrapped(&mut self, first: &str, rest: &str, style: Style, text: &str) {
        if self.html {
            let mark = first.trim();
            let space = if mark.is_empty() { "" } else { " " };
            let text = escaped(&text.replace(NO_BREAK, " "));
            let (class, indent) = (style.class(), columns(rest).div_ceil(2).min(6));
            let item = if mark.is_empty() { "" } else { " item" };
            let mark = escaped(&mark.replace('-', "\u{2022}"));
            self.text += &format!("<p class=\"{class} i{indent}{item}\">{mark}{space}{text}</p>\n");
            return;
        }
        let mut prefix = first;
        let mut left = text;
        loop {
            let room = self.width.saturating_sub(columns(prefix)).max(8);
            let (line, remainder) = break_at(left, room);
            self.put((Style::Dim, prefix));
            self.put((style, &line.replace(NO_BREAK, " ")));
            self.end_line();
            if remainder.is_empty() {
                return;
            }
            (prefix, left) = (rest, remainder);
        }
    }
}

/// What fits into `room` columns, and what is left without the blanks between.
fn break_at(text: &str, room: usize) -> (&str, &str) {
    let Some((cut, _)) = text.char_indices().nth(room) else { return (text, "") };
    // A blank right behind what fits is as good as one inside.
    let within = &text[..text[cut..].chars().next().map_or(cut, |c| cut + c.len_utf8())];
    match within.rfind(' ').filter(|&at| !text[..at].trim().is_empty()) {
        Some(at) => (&text[..at], text[at..].trim_start()),
        None => text.split_at(cut),
    }
}

#[cfg(test)]
mod tests;
