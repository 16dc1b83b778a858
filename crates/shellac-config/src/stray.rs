//! Keys that nobody asked for: what was meant by them, or where they belong.

use std::collections::BTreeMap;

use shellac_upstream::spelling::nearest;

use crate::section::Problems;

/// Tables that are named as places for a key. What more of them have, such as `name`, says nothing.
const PLACES_MOST: usize = 3;

/// What the tables of the file may hold, and what was found in them beside that.
#[derive(Debug, Default)]
pub(crate) struct Strays {
    /// By the names of the tables.
    tables: BTreeMap<String, Known>,
    found: Vec<Stray>,
}

#[derive(Debug, Default)]
struct Known {
    /// There may be several: `[[backend]]`.
    is_list: bool,
    keys: Vec<&'static str>,
}

#[derive(Debug)]
struct Stray {
    /// Byte offset in the text.
    at: usize,
    table: String,
    name: String,
    /// What is known in this very table.
    known: Vec<&'static str>,
}

impl Strays {
    /// A table was read that may hold `known`.
    pub(crate) fn table(&mut self, table: &str, is_list: bool, known: &[&'static str]) {
        let of = self.tables.entry(table.to_owned()).or_default();
        of.is_list = is_list;
        for &key in known {
            if !of.keys.contains(&key) {
                of.keys.push(key);
            }
        }
    }

    /// It holds `name` as well, at this byte.
    pub(crate) fn found(&mut self, at: usize, table: &str, name: &str, known: &[&'static str]) {
        let (table, name) = (table.to_owned(), name.to_owned());
        self.found.push(Stray { at, table, name, known: known.to_vec() });
    }

    /// What is wrong with it.
    fn reason(&self, stray: &Stray) -> String {
        let Stray { table, name, known, .. } = stray;
        let is_here =
            |(place, of): &(&String, &Known)| *place != table && of.keys.contains(&name.as_str());
        let mut places: Vec<_> = self.tables.iter().filter(is_here).collect();
        // What holds for everything comes first.
        places.sort_by_key(|(place, _)| place.matches('.').count());
        if places.iter().any(|(place, _)| place.is_empty()) {
            return match self.tables.get(name) {
                Some(of) => format!("is not a key here; it is a table: {}", written(name, of)),
                None => "is not a key here; it belongs to the top level, whose keys stand before the first [table]"
                    .to_owned(),
            };
        }
        // As in `first_byte` and `first_byte_timeout`.
        let longer = known
            .iter()
            .find(|key| key.strip_prefix(name.as_str()).is_some_and(|rest| rest.starts_with('_')));
        if !places.is_empty() && places.len() <= PLACES_MOST {
            let places: Vec<String> = places.iter().map(|(place, of)| written(place, of)).collect();
            let here = longer.map(|key| format!("; here it is `{key}`")).unwrap_or_default();
            return format!("is not a key here; it belongs in {}{here}", places.join(" or "));
        }
        match longer.copied().or_else(|| nearest(name, known)) {
            Some(key) => format!("is not a key; did you mean `{key}`?"),
            None => format!("is not a key; known here: {}", known.join(", ")),
        }
    }
}

/// A table as it stands in a file.
fn written(name: &str, table: &Known) -> String {
    if table.is_list { format!("[[{name}]]") } else { format!("[{name}]") }
}

impl Problems {
    /// Notes all of them, once every table was read.
    pub(crate) fn note_strays(&mut self) {
        let strays = std::mem::take(&mut self.strays);
        for stray in &strays.found {
            let Stray { table, name, .. } = stray;
            let key = if table.is_empty() { name.clone() } else { format!("{table}.{name}") };
            self.add(stray.at, key, strays.reason(stray));
        }
    }
}
