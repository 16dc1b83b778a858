//! Percentiles of a stream of numbers, in constant memory.

/// Bits of a number that are told apart: its error is below one in 2^7.
const BITS: u32 = 7;
/// Cells of one power of two.
const CELLS: u64 = 1 << BITS;

/// A log-linear histogram: each power of two is cut into 128 cells of the same width, so that every answer is
/// right to 0.8 %, for 1 as for 10^18. Takes at most 58 KB, less for small numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Percentiles {
    cells: Vec<u64>,
    count: u64,
    sum: u128,
    range: Option<(u64, u64)>,
}

impl Percentiles {
    /// Counts `value` so many times.
    pub fn add(&mut self, value: u64, times: u64) {
        if times == 0 {
            return;
        }
        let cell = cell_of(value);
        if cell >= self.cells.len() {
            self.cells.resize(cell + 1, 0);
        }
        self.cells[cell] = self.cells[cell].saturating_add(times);
        self.count = self.count.saturating_add(times);
        self.sum = self.sum.saturating_add(u128::from(value) * u128::from(times));
        let (low, high) = self.range.unwrap_or((value, value));
        self.range = Some((low.min(value), high.max(value)));
    }

    /// Adds everything that another one counted.
    pub fn merge(&mut self, other: &Percentiles) {
        let Some((low, high)) = other.range else { return };
        if other.cells.len() > self.cells.len() {
            self.cells.resize(other.cells.len(), 0);
        }
        for (cell, count) in self.cells.iter_mut().zip(&other.cells) {
            *cell = cell.saturating_add(*count);
        }
        self.count = self.count.saturating_add(other.count);
        self.sum = self.sum.saturating_add(other.sum);
        let range = self.range.unwrap_or((low, high));
        self.range = Some((range.0.min(low), range.1.max(high)));
    }

    /// How many were counted.
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// The mean; `None` when nothing was counted.
    pub fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum as f64 / self.count as f64)
    }

    /// The smallest and the largest, exact.
    pub const fn range(&self) -> Option<(u64, u64)> {
        self.range
    }

    /// The smallest value that at least `share` (0 to 1) of all are not above, to 0.8 %.
    pub fn at(&self, share: f64) -> Option<u64> {
        let (low, high) = self.range?;
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a share of a count"
        )]
        let wanted = ((share.clamp(0.0, 1.0) * self.count as f64).ceil() as u64).max(1);
        let mut seen: u64 = 0;
        for (cell, &count) in self.cells.iter().enumerate() {
            seen = seen.saturating_add(count);
            if seen >= wanted {
                return Some(middle_of(cell as u64).clamp(low, high));
            }
        }
        Some(high)
    }
}

/// Small numbers have a cell each; of others the highest bits decide.
#[allow(clippy::cast_possible_truncation, reason = "a cell's number is below 7,500")]
const fn cell_of(value: u64) -> usize {
    if value < CELLS {
        return value as usize;
    }
    let shift = 63 - value.leading_zeros() - BITS;
    (shift as usize + 1) * CELLS as usize + ((value >> shift) - CELLS) as usize
}

const fn middle_of(cell: u64) -> u64 {
    if cell < CELLS {
        return cell;
    }
    let shift = cell / CELLS - 1;
    let low = (CELLS + cell % CELLS) << shift;
    low + (1 << shift) / 2
}

#[cfg(test)]
mod tests;
