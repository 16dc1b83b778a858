//! The published words of sets of one kind.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use shellac_sys::{ArrayCells, CELL_BYTES, CellsAdd};

use crate::vsc::set::{BODY, DOC_ID, HEAD_CELLS, HIDDEN, READY, VALID};
use crate::vsc::table::Kind;

/// Sets begin at multiples of this many cells: a cache line, so that two of them never share one.
const LINE: usize = 8;

/// Sets of one kind, side by side in one file, and the words in it. Clones are the same words.
///
/// All methods name a set by its place and panic when there is no such place: it comes from whoever published them.
pub struct Published<K> {
    cells: Arc<dyn CellsAdd + Send + Sync>,
    count: usize,
    kind: PhantomData<fn(K)>,
}

impl<K> Clone for Published<K> {
    fn clone(&self) -> Published<K> {
        Published { cells: Arc::clone(&self.cells), count: self.count, kind: PhantomData }
    }
}

impl<K: Kind> fmt::Debug for Published<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Published({} x {})", K::NAME, self.count)
    }
}

impl<K: Kind> Published<K> {
    /// Sets that nobody else can read: for a process without a directory.
    #[must_use]
    pub fn private(count: usize) -> Published<K> {
        let cells = ArrayCells::new(std::iter::repeat_n(0, Self::cells_of(count)));
        Published::new(Arc::new(cells), count, 0)
    }

    /// Lays `count` sets out in cells that are all zero, shown from the start.
    pub(super) fn new(
        cells: Arc<dyn CellsAdd + Send + Sync>,
        count: usize,
        doc_id: u64,
    ) -> Published<K> {
        let published = Published { cells, count, kind: PhantomData };
        for set in 0..count {
            let head = Self::head_of(set);
            published.cells.store(head + BODY, (HEAD_CELLS * CELL_BYTES) as u64);
            published.cells.store(head + DOC_ID, doc_id);
            published.set_state(set, VALID);
        }
        published
    }

    /// How many sets there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count
    }

    /// Adds to a published word at once; `-1` as [`u64::MAX`].
    #[inline]
    pub fn add(&self, set: usize, counter: K, delta: u64) {
        self.cells.add(self.cell(set, counter.index()), delta);
    }

    /// Gives a counter that has one writer a value.
    #[inline]
    pub fn set(&self, set: usize, counter: K, value: u64) {
        self.cells.store(self.cell(set, counter.index()), value);
    }

    /// What is published now.
    #[inline]
    #[must_use]
    pub fn get(&self, set: usize, counter: K) -> u64 {
        self.cells.get(self.cell(set, counter.index())).unwrap_or_default()
    }

    /// Shows all sets, or hides them as a configuration that is loaded and not in use is hidden.
    pub fn show(&self, shown: bool) {
        for set in 0..self.count {
            self.set_state(set, if shown { VALID } else { HIDDEN });
        }
    }

    /// The cells that `count` sets take, with a line before them: the first slice of a cluster is not at its beginning.
    pub(super) fn cells_of(count: usize) -> usize {
        count.saturating_mul(Self::stride()).saturating_add(LINE)
    }

    /// Where a set begins in the file.
    pub(super) fn head_of(set: usize) -> usize {
        LINE + set * Self::stride()
    }

    /// Bytes of one set.
    pub(super) fn set_bytes() -> usize {
        (HEAD_CELLS + K::ROWS.len()) * CELL_BYTES
    }

    fn stride() -> usize {
        (HEAD_CELLS + K::ROWS.len()).next_multiple_of(LINE)
    }

    /// The word of a counter, by its place in the table.
    #[inline]
    pub(super) fn cell(&self, set: usize, index: usize) -> usize {
        assert!(set < self.count, "sets are named by whoever published them");
        Self::head_of(set) + HEAD_CELLS + index
    }

    /// Adds to the word of a counter, by its place in the table.
    pub(super) fn add_at(&self, set: usize, index: usize, delta: u64) {
        self.cells.add(self.cell(set, index), delta);
    }

    fn set_state(&self, set: usize, state: u32) {
        let [a, b, c, d] = state.to_ne_bytes();
        // PAIRS WITH: the barrier behind the load of the state in the readers.
        self.cells.store_release(
            Self::head_of(set) + READY,
            u64::from_ne_bytes([a, b, c, d, 0, 0, 0, 0]),
        );
    }
}
