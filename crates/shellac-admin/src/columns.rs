//! Tables as the protocol lays them out.

/// The width that tables are made for.
const WIDTH: usize = 80;
/// Blanks between two columns, at least and at most.
const SEPARATOR: (usize, usize) = (1, 3);

/// One cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell(String);

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Cell {
        Cell(text.into())
    }
}

/// A row or something between rows.
#[derive(Debug, Clone)]
enum Line {
    Cells(Vec<Cell>),
    /// Copied as it is.
    Detail(String),
}

/// A table that is as wide as what is in it, with more room between columns where 80 columns allow it.
#[derive(Debug, Clone, Default)]
pub struct Columns {
    lines: Vec<Line>,
}

impl Columns {
    /// Adds a row.
    pub fn row<const N: usize>(&mut self, cells: [Cell; N]) {
        self.lines.push(Line::Cells(cells.into()));
    }

    /// Adds a line that has no part in the columns.
    pub fn detail(&mut self, line: impl Into<String>) {
        self.lines.push(Line::Detail(line.into()));
    }

    /// The text. From the second column on a column is one wider than its widest cell and the separator.
    #[must_use]
    pub fn text(&self) -> String {
        let mut widths: Vec<usize> = Vec::new();
        let mut longest = 0;
        for line in &self.lines {
            let Line::Cells(cells) = line else { continue };
            let mut len = cells.len().saturating_sub(1);
            for (column, Cell(text)) in cells.iter().enumerate() {
                let width = text.chars().count();
                len += width;
                match widths.get_mut(column) {
                    Some(widest) => *widest = (*widest).max(width),
                    None => widths.push(width),
                }
            }
            longest = longest.max(len);
        }
        let room = WIDTH.saturating_sub(longest) / widths.len().max(1);
        let separator = room.clamp(SEPARATOR.0, SEPARATOR.1);
        let mut out = String::new();
        for line in &self.lines {
            match line {
                Line::Detail(text) => out.push_str(text),
                Line::Cells(cells) => {
                    for (column, Cell(text)) in cells.iter().enumerate() {
                        out.push_str(text);
                        if column + 1 < cells.len() {
                            let wide = widths[column] + separator + usize::from(column > 0);
                            let blanks = wide.saturating_sub(text.chars().count());
                            out.extend(std::iter::repeat_n(' ', blanks));
                        }
                    }
                }
            }
            out.push('\n');
        }
        out
    }
}

#[cfg(test)]
mod tests;
