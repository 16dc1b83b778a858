//! What a worker still counts whose place this one has taken: it is added to this one's counters, since readers see no other.

use std::path::Path;

use shellac_counters::vsc::Semantics;
use shellac_counters::vsc::table::{Kind, Main};
use shellac_counters::vsc::write::{Published, Retired};
use shellac_vsm::map_retired;

use crate::stats::{BASE, is_of_the_process};

/// Its counters, and how much of them was added.
pub(super) struct Counts {
    set: Retired<Main>,
    added: Vec<u64>,
}

impl Counts {
    /// Finds them. What readers have seen of that worker is not added: with `is_new` that is what it wrote down when it made room.
    pub(super) fn open(dir: &Path, is_new: bool) -> Result<Counts, String> {
        let set = Retired::open(dir)?;
        let now = || Main::ALL.iter().map(|&counter| set.get(counter)).collect();
        let added = if is_new { base(dir)? } else { now() };
        Ok(Counts { set, added })
    }

    /// Adds what is new.
    pub(super) fn pass(&mut self, to: &Published<Main>) {
        for (&counter, added) in Main::ALL.iter().zip(&mut self.added) {
            let counts = counter.row().semantics == Semantics::Counter;
            if !counts || is_of_the_process(counter) {
                continue;
            }
            let now = self.set.get(counter);
            if let Some(delta) = now.checked_sub(*added).filter(|&delta| delta > 0) {
                to.add(0, counter, delta);
                *added = now;
            }
        }
    }
}

fn base(dir: &Path) -> Result<Vec<u64>, String> {
    let file = map_retired(dir, BASE, Main::NAME).map_err(|error| error.full_text())?;
    let file = file.ok_or("it has not written down what was seen of its counters")?;
    let mut bytes = vec![0; Main::ALL.len() * 8];
    file.read_bytes(0, &mut bytes).map_err(|error| error.to_string())?;
    let words = bytes.as_chunks::<8>().0;
    Ok(words.iter().map(|word| u64::from_ne_bytes(*word)).collect())
}
