//! The counters of a worker whose place another one has taken, for that one to go on with.

use std::marker::PhantomData;
use std::path::Path;

use shellac_sys::{CELL_BYTES, CellView, Cells};
use shellac_vsm::map_retired;

use super::text::{document, number};
use crate::vsc::set::{BODY, DOC_ID, HEAD_CELLS, STAT};
use crate::vsc::table::Kind;

/// A set that another process still counts in, and that no reader sees any more.
#[derive(Debug)]
pub struct Retired<K> {
    cells: CellView,
    kind: PhantomData<fn(K)>,
}

impl<K: Kind> Retired<K> {
    /// Opens the set of a kind that has one, in the directory of that worker.
    ///
    /// # Errors
    ///
    /// For people: it is not there, or another version counts something else.
    pub fn open(dir: &Path) -> Result<Retired<K>, String> {
        let file = map_retired(dir, STAT, K::NAME).map_err(|error| error.full_text())?;
        let file = file.ok_or("it has no counters")?;
        let cells = CellView::open(file).map_err(|error| error.to_string())?;
        let told = (cells.get(DOC_ID), cells.get(BODY));
        let known = (number(&document::<K>()), (HEAD_CELLS * CELL_BYTES) as u64);
        if told != (Some(known.0), Some(known.1)) {
            return Err("it is of a version with other counters".to_owned());
        }
        Ok(Retired { cells, kind: PhantomData })
    }

    /// What a counter says now.
    #[must_use]
    pub fn get(&self, counter: K) -> u64 {
        self.cells.get(HEAD_CELLS + counter.index()).unwrap_or_default()
    }
}
