//! The document that describes a kind of set.

use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::vsc::table::{Kind, Row};

/// The document of a kind in JSON.
#[must_use]
pub fn document<K: Kind>() -> String {
    let document = Document {
        version: "1",
        name: K::NAME,
        oneliner: K::ONELINER,
        order: K::ORDER,
        docs: "",
        elements: K::ROWS.len(),
        elem: Elements(K::ROWS),
    };
    serde_json::to_string(&document).expect("numbers and texts of a table are JSON")
}

/// What a document is called by in sets: other documents have other numbers.
pub(super) fn number(document: &str) -> u64 {
    // FNV-1a.
    document.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[derive(serde::Serialize)]
struct Document {
    version: &'static str,
    name: &'static str,
    oneliner: &'static str,
    order: u32,
    docs: &'static str,
    elements: usize,
    elem: Elements,
}

#[derive(serde::Serialize)]
struct Element {
    #[serde(rename = "type")]
    kind: &'static str,
    ctype: &'static str,
    level: &'static str,
    oneliner: &'static str,
    format: &'static str,
    index: usize,
    name: &'static str,
    docs: &'static str,
}

/// An object whose members come in the order of the table, which is the order in which they are shown.
struct Elements(&'static [Row]);

impl Serialize for Elements {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (at, row) in self.0.iter().enumerate() {
            map.serialize_entry(row.name, &element(at, row))?;
        }
        map.end()
    }
}

fn element(at: usize, row: &Row) -> Element {
    Element {
        kind: row.semantics.word(),
        ctype: "uint64_t",
        level: row.level.word(),
        oneliner: row.oneliner,
        format: row.format.word(),
        index: at * size_of::<u64>(),
        name: row.name,
        docs: row.text,
    }
}
