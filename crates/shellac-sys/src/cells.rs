//! Cells of 64 bits in shared memory: counters, and tables that one process writes and others watch.

use std::ptr::NonNull;
use std::sync::atomic::{AtomicU64, Ordering, fence};

use crate::mapped::{MappedFile, MappedFileMut, Span};

/// Bytes of a cell.
pub const CELL_BYTES: usize = 8;

/// Why a mapping has no cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CellsError {
    /// The mapping starts at an odd place.
    #[error("the cells do not start at a multiple of 8 bytes")]
    Misaligned,
}

/// Read access to cells that somebody else may be writing.
///
/// As [`crate::Words`], for tables and counters: whoever needs several cells of one moment reads a sequence
/// number, [`read_barrier`](Cells::read_barrier), the cells, `read_barrier` again and the number once more.
pub trait Cells {
    /// Number of cells. Never changes while the value lives.
    fn len_cells(&self) -> usize;

    /// Reads one cell without ordering. `None` past the end.
    fn get(&self, index: usize) -> Option<u64>;

    /// Orders every earlier read before every later one.
    fn read_barrier(&self);
}

/// The writer's half of [`Cells`]. Each cell has one writer.
///
/// Indexes come from the writer's own geometry, never from what lies in memory.
pub trait CellsMut: Cells {
    /// Stores one cell without ordering.
    ///
    /// # Panics
    ///
    /// If `index` is out of bounds, as does [`CellsMut::store_release`].
    fn store(&self, index: usize, value: u64);

    /// [`CellsMut::store`] of cells one behind the other, from `index` on.
    ///
    /// # Panics
    ///
    /// If the last one is out of bounds.
    fn store_all(&self, index: usize, values: &[u64]) {
        for (behind, value) in values.iter().enumerate() {
            self.store(index + behind, *value);
        }
    }

    /// Stores one cell after everything that this thread did before.
    fn store_release(&self, index: usize, value: u64);

    /// Orders every earlier access before every later store.
    fn write_barrier(&self);
}

/// Cells that several threads may add to at the same time. Those who do store nothing there.
pub trait CellsAdd: CellsMut {
    /// Adds to one cell without ordering, around the end of the numbers: what is added as `-1` is taken away.
    ///
    /// # Panics
    ///
    /// If `index` is out of bounds.
    fn add(&self, index: usize, delta: u64);
}

/// The typed view: every access to the mapping goes through here.
#[derive(Debug)]
struct View {
    /// The first cell. `len_cells` of them lie in `_span`, which keeps them mapped.
    base: NonNull<AtomicU64>,
    len_cells: usize,
    _span: Span,
}

// SAFETY: the cells are in a mapping that moves with the value, and all access to them is by atomics.
unsafe impl Send for View {}
// SAFETY: as above.
unsafe impl Sync for View {}

impl View {
    /// Whole cells only: what is behind the last one is never looked at.
    fn new(span: Span) -> Result<View, CellsError> {
        let len_cells = span.len_bytes() / CELL_BYTES;
        match span.at(0, 0) {
            Ok(base) if base.addr().get() % CELL_BYTES == 0 => {
                Ok(View { base: base.cast(), len_cells, _span: span })
            }
            _ => Err(CellsError::Misaligned),
        }
    }

    /// Here and in [`View::cells`] a pointer into the mapping becomes a reference, and nowhere else.
    #[inline]
    fn cell(&self, index: usize) -> Option<&AtomicU64> {
        if index >= self.len_cells {
            return None;
        }
        // SAFETY: `index < len_cells`, so the result is inside the mapping.
        let cell = unsafe { self.base.add(index) };
        // SAFETY: mapped as long as `self` lives, and aligned as `new` found. All access to it is by 8-byte
        // atomics, or by block copies outside of the language's view.
        Some(unsafe { cell.as_ref() })
    }

    /// `count` cells from `index` on.
    #[inline]
    fn cells(&self, index: usize, count: usize) -> Option<&[AtomicU64]> {
        if index.checked_add(count)? > self.len_cells {
            return None;
        }
        // SAFETY: `index <= len_cells`, so the result is inside the mapping or right behind it.
        let first = unsafe { self.base.add(index) };
        // SAFETY: `index + count <= len_cells`; the rest as in `cell`.
        Some(unsafe { NonNull::slice_from_raw_parts(first, count).as_ref() })
    }
}

/// Implements the read trait for a type with a field `view`.
macro_rules! read_through_view {
    ($type:ty) => {
        impl Cells for $type {
            #[inline]
            fn len_cells(&self) -> usize {
                self.view.len_cells
            }

            #[inline]
            fn get(&self, index: usize) -> Option<u64> {
                // Small relaxed loads are all that is guaranteed on read-only pages.
                Some(self.view.cell(index)?.load(Ordering::Relaxed))
            }

            #[inline]
            fn read_barrier(&self) {
                // PAIRS WITH: `store_release` and `write_barrier` of the writer.
                fence(Ordering::Acquire);
            }
        }
    };
}

/// Cells of another process, or of this one.
#[derive(Debug)]
pub struct CellView {
    view: View,
}

read_through_view!(CellView);

impl CellView {
    /// Looks at `file` as cells, as many as fit.
    ///
    /// # Errors
    ///
    /// [`CellsError::Misaligned`].
    pub fn open(file: MappedFile) -> Result<CellView, CellsError> {
        Ok(CellView { view: View::new(file.span)? })
    }
}

/// Cells that this process writes.
#[derive(Debug)]
pub struct CellViewMut {
    view: View,
}

read_through_view!(CellViewMut);

impl CellViewMut {
    /// Makes cells of a file, as many as fit.
    ///
    /// # Errors
    ///
    /// [`CellsError::Misaligned`].
    pub fn create(file: MappedFileMut) -> Result<CellViewMut, CellsError> {
        Ok(CellViewMut { view: View::new(file.span)? })
    }

    /// Indexes come from the writer's geometry, so an index that is out of bounds is a broken invariant.
    #[inline]
    fn cell(&self, index: usize) -> &AtomicU64 {
        self.view.cell(index).expect("the writer stays inside its cells")
    }
}

impl CellsMut for CellViewMut {
    #[inline]
    fn store(&self, index: usize, value: u64) {
        self.cell(index).store(value, Ordering::Relaxed);
    }

    #[inline]
    fn store_all(&self, index: usize, values: &[u64]) {
        let cells = self.view.cells(index, values.len());
        let cells = cells.expect("the writer stays inside its cells");
        for (cell, value) in cells.iter().zip(values) {
            cell.store(*value, Ordering::Relaxed);
        }
    }

    #[inline]
    fn store_release(&self, index: usize, value: u64) {
        // PAIRS WITH: `read_barrier` of a reader that has found this value.
        self.cell(index).store(value, Ordering::Release);
    }

    #[inline]
    fn write_barrier(&self) {
        // PAIRS WITH: `read_barrier` of a reader that has found something stored behind it.
        fence(Ordering::Release);
    }
}

impl CellsAdd for CellViewMut {
    #[inline]
    fn add(&self, index: usize, delta: u64) {
        self.cell(index).fetch_add(delta, Ordering::Relaxed);
    }
}

/// Cells in private memory: for tests, and for values that came from somewhere else.
///
/// ```
/// use shellac_sys::{ArrayCells, Cells, CellsMut};
///
/// let cells = ArrayCells::new([1, 2]);
/// cells.store(1, 7);
/// assert_eq!((cells.get(1), cells.get(2)), (Some(7), None));
/// ```
#[derive(Debug)]
pub struct ArrayCells {
    cells: Box<[AtomicU64]>,
}

impl ArrayCells {
    /// These values.
    pub fn new(values: impl IntoIterator<Item = u64>) -> ArrayCells {
        ArrayCells { cells: values.into_iter().map(AtomicU64::new).collect() }
    }
}

impl Cells for ArrayCells {
    fn len_cells(&self) -> usize {
        self.cells.len()
    }

    fn get(&self, index: usize) -> Option<u64> {
        Some(self.cells.get(index)?.load(Ordering::Relaxed))
    }

    fn read_barrier(&self) {
        // PAIRS WITH: `store_release` and `write_barrier` of the writer.
        fence(Ordering::Acquire);
    }
}

impl CellsMut for ArrayCells {
    fn store(&self, index: usize, value: u64) {
        self.cells[index].store(value, Ordering::Relaxed);
    }

    fn store_release(&self, index: usize, value: u64) {
        // PAIRS WITH: `read_barrier` of a reader that has found this value.
        self.cells[index].store(value, Ordering::Release);
    }

    fn write_barrier(&self) {
        // PAIRS WITH: `read_barrier` of a reader that has found something stored behind it.
        fence(Ordering::Release);
    }
}

impl CellsAdd for ArrayCells {
    fn add(&self, index: usize, delta: u64) {
        self.cells[index].fetch_add(delta, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests;
