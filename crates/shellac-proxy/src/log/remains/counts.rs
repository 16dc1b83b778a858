//! What a worker still counts whose place this one has taken: it is added to this one's counters, since readers see no other.

use std::collections::HashMap;
use std::path::Path;

use shellac_counters::vsc::Semantics;
use shellac_counters::vsc::table::{Kind, Main, Vbe};
use shellac_counters::vsc::write::Retired;
use shellac_vsm::map_retired;

use crate::stats::{BASE, Counting, is_of_the_process};

/// Longest text that says what was seen of its backends' counters, in bytes.
const BASE_BYTES_MOST: usize = 64 << 20;

/// Its counters, and how much of them was added.
pub(super) struct Counts {
    main: Set<Main>,
    /// By the names of the sets, which are the same here where a configuration is.
    backends: Vec<(String, Set<Vbe>)>,
}

/// One set of them.
struct Set<K> {
    cells: Retired<K>,
    added: Vec<u64>,
}

impl Counts {
    /// Finds them. What readers have seen of that worker is not added: with `is_new` that is what it wrote down when it made room.
    pub(super) fn open(dir: &Path, is_new: bool) -> Result<Counts, String> {
        let main = Retired::open(dir)?;
        let mut seen = if is_new { base_of_backends(dir)? } else { HashMap::new() };
        // An older version has written nothing down of these.
        let begin = |(name, cells): (String, Retired<Vbe>)| match seen.remove(&name) {
            Some(added) => (name, Set { cells, added }),
            None => (name, Set::from_now(cells)),
        };
        let backends = Retired::open_all(dir)?.into_iter().map(begin).collect();
        let main =
            if is_new { Set { cells: main, added: base(dir)? } } else { Set::from_now(main) };
        Ok(Counts { main, backends })
    }

    /// Adds what is new. Of a backend that is not known here it waits until it is.
    pub(super) fn pass(&mut self, to: &Counting) {
        let of_requests = |counter| !is_of_the_process(counter);
        self.main.pass(of_requests, |counter, delta| to.main().add(0, counter, delta));
        for (name, set) in &mut self.backends {
            to.with_backend(name, |published, at| {
                set.pass(|_| true, |counter, delta| published.add(at, counter, delta));
            });
        }
    }
}

impl<K: Kind> Set<K> {
    fn from_now(cells: Retired<K>) -> Set<K> {
        let added = K::ALL.iter().map(|&counter| cells.get(counter)).collect();
        Set { cells, added }
    }

    fn pass(&mut self, is_wanted: impl Fn(K) -> bool, mut add: impl FnMut(K, u64)) {
        for (&counter, added) in K::ALL.iter().zip(&mut self.added) {
            if counter.row().semantics != Semantics::Counter || !is_wanted(counter) {
                continue;
            }
            let now = self.cells.get(counter);
            if let Some(delta) = now.checked_sub(*added).filter(|&delta| delta > 0) {
                add(counter, delta);
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

/// A line for each set: its name, and what its counters said.
fn base_of_backends(dir: &Path) -> Result<HashMap<String, Vec<u64>>, String> {
    let file = map_retired(dir, BASE, Vbe::NAME).map_err(|error| error.full_text())?;
    let Some(file) = file else { return Ok(HashMap::new()) };
    let len = file.len_bytes();
    if len > BASE_BYTES_MOST {
        return Err(format!("what was seen of its backends' counters is {len} bytes long"));
    }
    let mut bytes = vec![0; len];
    file.read_bytes(0, &mut bytes).map_err(|error| error.to_string())?;
    // A segment may be longer than what was written to it.
    let text = String::from_utf8_lossy(&bytes);
    let mut seen = HashMap::new();
    for line in text.trim_end_matches('\0').lines() {
        let (name, values) = line.split_once(' ').unwrap_or((line, ""));
        let values: Option<Vec<u64>> = values.split(' ').map(|value| value.parse().ok()).collect();
        let values = values.filter(|values| values.len() == Vbe::ALL.len());
        let values =
            values.ok_or_else(|| format!("what was seen of {name} cannot be understood"))?;
        seen.insert(name.to_owned(), values);
    }
    Ok(seen)
}
