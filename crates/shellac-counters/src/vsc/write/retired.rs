//! The counters of a worker whose place another one has taken, for that one to go on with.

use std::marker::PhantomData;
use std::path::Path;

use shellac_sys::{CELL_BYTES, CellView, Cells, MappedFile};
use shellac_vsm::{map_all_retired, map_retired};

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
        Retired::of(file.ok_or("it has no counters")?)
    }

    /// Opens all sets of a kind that has one for each of its names (`VBE.boot.b0`), with these.
    ///
    /// # Errors
    ///
    /// As [`Retired::open`]; that there are none is no error.
    pub fn open_all(dir: &Path) -> Result<Vec<(String, Retired<K>)>, String> {
        let is_one = |name: &str| {
            name.strip_prefix(K::NAME).is_some_and(|rest| rest.starts_with('.') && rest.len() > 1)
        };
        let found = map_all_retired(dir, STAT, is_one).map_err(|error| error.full_text())?;
        found.into_iter().map(|(name, file)| Ok((name, Retired::of(file)?))).collect()
    }

    fn of(file: MappedFile) -> Result<Retired<K>, String> {
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
