//! How often the rules of a recorder fired, from the file that it keeps in its directory.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::Context;
use serde::Deserialize;

use super::page::{About, Kind, Page, Value};
use crate::record::COUNTERS_NAME;

/// A longer file is not a recorder's.
const MOST_BYTES: u64 = 4 << 20;

#[derive(Deserialize)]
struct Counts {
    fired: u64,
    captured: u64,
    suppressed: u64,
}

#[derive(Deserialize)]
struct CountersFile {
    rules: BTreeMap<String, Counts>,
}

/// Adds the counts of the recorder in `dir`.
///
/// # Errors
///
/// The file cannot be read, or is not a recorder's.
pub(super) fn add(page: &mut Page, dir: &Path) -> anyhow::Result<()> {
    let path = dir.join(COUNTERS_NAME);
    let read = || -> anyhow::Result<CountersFile> {
        let mut text = String::new();
        File::open(&path)?.take(MOST_BYTES).read_to_string(&mut text)?;
        Ok(serde_json::from_str(&text)?)
    };
    let file = read().with_context(|| format!("cannot read {}", path.display()))?;
    for (rule, counts) in &file.rules {
        let counters = [
            ("fired", counts.fired, "Times that a rule of the recorder fired"),
            ("kept", counts.captured, "Times that records were kept for a rule"),
            (
                "suppressed",
                counts.suppressed,
                "Times that a limit kept a rule from keeping records",
            ),
        ];
        for (what, value, help) in counters {
            let name = format!("shellac_capture_{what}");
            let about = About { name: &name, kind: Kind::Counter, unit: None, help };
            page.add(&about, vec![("rule", rule.clone())], Value::Integer(value.into()));
        }
    }
    Ok(())
}
