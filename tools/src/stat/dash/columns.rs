//! Lines made of pieces in columns, and which of many lines is the current one.
//!
//! What is written here comes from `visible` or from this program, so a character is a column.

use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::terminal::Key;

/// What does not fit ends in this.
const CUT: &str = "..";

/// A line that is being written.
#[derive(Debug, Default)]
pub(crate) struct Columns {
    spans: Vec<Span<'static>>,
    used: usize,
}

impl Columns {
    /// Text as it is.
    pub(crate) fn text(&mut self, text: impl Into<String>, style: Style) -> &mut Columns {
        let text = text.into();
        self.used += columns(&text);
        self.spans.push(Span::styled(text, style));
        self
    }

    /// Text at the left of a column, which is followed by a blank.
    pub(crate) fn left(&mut self, text: &str, width: usize, style: Style) -> &mut Columns {
        let text = cut(text, width);
        let pad = width - columns(&text) + 1;
        self.text(text, style).text(" ".repeat(pad), Style::new())
    }

    /// Text at the right of a column, which is followed by a blank.
    pub(crate) fn right(&mut self, text: &str, width: usize, style: Style) -> &mut Columns {
        let text = cut(text, width);
        let pad = width - columns(&text);
        self.text(" ".repeat(pad), Style::new()).text(text, style).text(" ", Style::new())
    }

    /// Text in what is left of a line of `width` columns.
    pub(crate) fn rest(&mut self, text: &str, width: usize, style: Style) -> &mut Columns {
        let room = width.saturating_sub(self.used);
        self.text(cut(text, room), style)
    }

    /// Columns that are left of `width`.
    pub(crate) const fn room(&self, width: usize) -> usize {
        width.saturating_sub(self.used)
    }

    /// The line, all of it in `style` besides.
    pub(crate) fn line(&mut self, style: Style) -> Line<'static> {
        self.used = 0;
        Line::from(std::mem::take(&mut self.spans)).style(style)
    }

    /// The line as it is.
    pub(crate) fn plain(&mut self) -> Line<'static> {
        self.line(Style::new())
    }
}

/// Columns that a text takes.
pub(crate) fn columns(text: &str) -> usize {
    text.chars().count()
}

/// Text that fits into so many columns.
pub(crate) fn cut(text: &str, width: usize) -> String {
    if columns(text) <= width {
        return text.to_owned();
    }
    let kept = width.saturating_sub(CUT.len());
    text.chars().take(kept).chain(CUT.chars().take(width)).collect()
}

/// Lines as text, without the blanks at their ends.
pub(crate) fn as_text(lines: &[Line<'_>]) -> String {
    let mut text = String::new();
    for line in lines {
        line.spans.iter().for_each(|span| text.push_str(&span.content));
        text.truncate(text.trim_end_matches(' ').len());
        text.push('\n');
    }
    text
}

/// Lines above the first that is shown, after a key; `None` when it was none for that. `scroll`: those before it, `most`: those
/// above the last page.
pub(crate) fn scrolled(key: Key, scroll: usize, page: usize, most: usize) -> Option<usize> {
    let scroll = scroll.min(most);
    let scroll = match key {
        Key::Up | Key::Char('k') => scroll.saturating_sub(1),
        Key::Down | Key::Char('j') => scroll + 1,
        Key::PageUp | Key::Char('b') | Key::Ctrl('b') => scroll.saturating_sub(page),
        Key::PageDown | Key::Char(' ') | Key::Ctrl('f') => scroll.saturating_add(page),
        Key::Home | Key::Char('g') => 0,
        Key::End | Key::Char('G') => most,
        _ => return None,
    };
    Some(scroll.min(most))
}

/// The current one of a list whose members come and go.
#[derive(Clone, Debug)]
pub(crate) struct Current<K> {
    /// It stays on that one when others come and go; `None` until somebody moves it.
    key: Option<K>,
    index: usize,
    /// Lines of the page above it.
    row: usize,
}

impl<K> Default for Current<K> {
    fn default() -> Current<K> {
        Current { key: None, index: 0, row: 0 }
    }
}

/// Where a page is among the lines of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// The first that is shown.
    pub(crate) top: usize,
    /// The current one.
    pub(crate) current: usize,
}

impl<K: Clone + PartialEq> Current<K> {
    /// Where the page is among these, of which `page` fit.
    pub(crate) fn place(&self, keys: &[K], page: usize) -> Place {
        let named = self.key.as_ref().and_then(|key| keys.iter().position(|it| it == key));
        let current = named.unwrap_or(self.index).min(keys.len().saturating_sub(1));
        let top = current - self.row.min(page.saturating_sub(1)).min(current);
        Place { top: top.min(keys.len().saturating_sub(page)), current }
    }

    /// The current one.
    pub(crate) fn key(&self, keys: &[K]) -> Option<K> {
        keys.get(self.place(keys, 1).current).cloned()
    }

    /// Moves by a key. Whether it was one for that.
    pub(crate) fn moved(&mut self, key: Key, keys: &[K], page: usize) -> bool {
        let place = self.place(keys, page);
        let (last, page) = (keys.len().saturating_sub(1), page.max(1));
        let (current, is_page) = match key {
            Key::Up | Key::Char('k') => (place.current.saturating_sub(1), false),
            Key::Down | Key::Char('j') => (place.current + 1, false),
            Key::PageUp | Key::Char('b') | Key::Ctrl('b') => {
                (place.current.saturating_sub(page), true)
            }
            Key::PageDown | Key::Char(' ') | Key::Ctrl('f') => (place.current + page, true),
            Key::Home | Key::Char('g') => (0, false),
            Key::End | Key::Char('G') => (last, false),
            _ => return false,
        };
        let current = current.min(last);
        let top = match is_page {
            true if current > place.current => (place.top + page).min(current),
            true => place.top.saturating_sub(page),
            false => place.top.clamp((current + 1).saturating_sub(page), current),
        };
        *self = Current {
            key: keys.get(current).cloned(),
            index: current,
            row: current - top.min(current),
        };
        true
    }
}

#[cfg(test)]
mod tests;
