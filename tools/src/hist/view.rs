//! The screen as lines of text.

use super::samples::{BUCKETS_PER_DECADE, Buckets};

/// What the first line says and the picture shows.
#[derive(Clone, Debug)]
pub(super) struct Picture<'a> {
    /// Powers of ten at the left and right end.
    pub(super) low: i32,
    pub(super) decades: usize,
    pub(super) buckets: &'a Buckets,
    pub(super) samples: usize,
    /// Seconds between two pictures.
    pub(super) delay: f64,
    /// When the log is read at another speed: the time of it, and the factor.
    pub(super) bend: Option<(String, f64)>,
    /// At the right of the first line.
    pub(super) right: &'a str,
}

/// How many samples one cell may stand for.
const SCALES: [u64; 19] =
    [1, 2, 3, 4, 5, 10, 15, 20, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 25_000, 50_000];
/// The last of them.
const LARGEST_SCALE: u64 = 100_000;
/// Lines between two numbers at the left.
const LABEL_LINES: usize = 5;

/// A screen to write on; what does not fit is left out.
struct Canvas {
    rows: Vec<Vec<u8>>,
    columns: usize,
}

impl Canvas {
    fn put(&mut self, row: usize, column: usize, text: &str) {
        let Some(row) = self.rows.get_mut(row) else { return };
        for (cell, byte) in text.bytes().enumerate().map(|(at, byte)| (column + at, byte)) {
            if cell >= self.columns {
                break;
            }
            if row.len() <= cell {
                row.resize(cell + 1, b' ');
            }
            row[cell] = byte;
        }
    }
}

/// So many lines of so many columns, blanks at their ends left out.
pub(super) fn lines(picture: &Picture<'_>, columns: usize, rows: usize) -> Vec<String> {
    let mut canvas = Canvas { rows: vec![Vec::new(); rows], columns };
    let decade = columns / picture.decades.max(1);
    let used = decade * picture.decades;
    let scale = if used > 0 && rows > 2 {
        axis(&mut canvas, picture, decade, rows);
        bars(&mut canvas, picture, used, rows)
    } else {
        1
    };
    let right = picture.right;
    canvas.put(0, columns.saturating_sub(1 + right.len()), right);
    let Picture { samples, delay, .. } = picture;
    let mut head = format!("1:{scale}, n = {samples}, d = {delay}");
    if let Some((date, factor)) = &picture.bend {
        head.push_str(&format!(" @ {date} x {factor}"));
    }
    canvas.put(0, 0, &head);
    let text = |row: Vec<u8>| String::from_utf8_lossy(&row).trim_end().to_owned();
    canvas.rows.into_iter().map(text).collect()
}

/// Both lines at the bottom.
fn axis(canvas: &mut Canvas, picture: &Picture<'_>, decade: usize, rows: usize) {
    canvas.put(rows - 2, 0, &"-".repeat(decade * picture.decades));
    for (at, power) in (0..picture.decades).zip(picture.low..) {
        canvas.put(rows - 2, at * decade, "+");
        canvas.put(rows - 1, at * decade, &format!("|1e{power}"));
    }
}

/// The bars with the numbers at their left; how many samples a cell stands for.
fn bars(canvas: &mut Canvas, picture: &Picture<'_>, used: usize, rows: usize) -> u64 {
    let buckets = picture.decades * BUCKETS_PER_DECADE;
    let mut hits = vec![0; used];
    let mut misses = vec![0; used];
    for bucket in 0..buckets {
        hits[bucket * used / buckets] += picture.buckets.hits[bucket];
        misses[bucket * used / buckets] += picture.buckets.misses[bucket];
    }
    let largest = hits.iter().zip(&misses).map(|(hit, miss)| hit + miss).max().unwrap_or(0);
    let room = rows.saturating_sub(3) as u64;
    let scale = SCALES.into_iter().find(|scale| largest / scale <= room).unwrap_or(LARGEST_SCALE);
    for cells in (LABEL_LINES..rows - 2).step_by(LABEL_LINES) {
        canvas.put(rows - 2 - cells, 0, &format!("{}_", cells as u64 * scale));
    }
    for (column, (hit, miss)) in hits.iter().zip(&misses).enumerate() {
        // What is left of a cell of misses and of one of hits may be a cell together.
        let marks =
            (0..(miss + hit) / scale).map(|cell| if cell < miss / scale { "#" } else { "|" });
        for (mark, row) in marks.zip((0..rows - 2).rev()) {
            canvas.put(row, column, mark);
        }
    }
    scale
}

#[cfg(test)]
mod tests;
