//! Small files in the directory of captures: how often rules fired, and what is usual for rates.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde::Serialize;
use shellac_capture::recorder::Counts;
use shellac_capture::rules::Rule;
use shellac_measure::Baselines;

/// How often each rule fired since the recorder was started.
pub(crate) const COUNTERS_NAME: &str = "counters.json";
/// What is usual, for rules that compare with it.
const BASELINE_NAME: &str = "baseline.json";
/// A larger file is none of ours.
const MAX_BASELINE_BYTES: u64 = 16 << 20;

/// A file that is replaced as a whole, and only when there is something new.
#[derive(Debug)]
pub(super) struct Saved {
    path: PathBuf,
    last: Vec<u8>,
    has_failed: bool,
}

impl Saved {
    pub(super) fn counters(dir: &Path) -> Saved {
        Saved { path: dir.join(COUNTERS_NAME), last: Vec::new(), has_failed: false }
    }

    pub(super) fn baseline(dir: &Path) -> Saved {
        Saved { path: dir.join(BASELINE_NAME), last: Vec::new(), has_failed: false }
    }

    /// Writes it, if it is another one. That it cannot be written is said once; the next time it is tried again.
    pub(super) fn write(&mut self, value: &impl Serialize) {
        let mut text = serde_json::to_vec(value).unwrap_or_default();
        text.push(b'\n');
        if text == self.last {
            return;
        }
        match replace(&self.path, &text) {
            Ok(()) => {
                self.last = text;
                self.has_failed = false;
            }
            Err(error) if !self.has_failed => {
                eprintln!("shellac: cannot write {}: {error}", self.path.display());
                self.has_failed = true;
            }
            Err(_) => {}
        }
    }
}

fn replace(path: &Path, text: &[u8]) -> io::Result<()> {
    let partial = path.with_extension("json.part");
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o640).open(&partial)?;
    file.write_all(text)?;
    fs::rename(&partial, path)
}

/// What goes into the counters' file.
#[derive(Serialize)]
pub(super) struct CountersFile<'a> {
    rules: BTreeMap<&'a str, Counts>,
}

impl<'a> CountersFile<'a> {
    pub(super) fn new(rules: &'a [Rule], counts: &[Counts]) -> CountersFile<'a> {
        let counted = rules.iter().zip(counts).filter(|(rule, _)| rule.actions.counter);
        CountersFile {
            rules: counted.map(|(rule, counts)| (rule.name.as_str(), *counts)).collect(),
        }
    }
}

/// Reads what was usual when the recorder ran last. What cannot be used is said and left.
pub(super) fn read_baselines(dir: &Path) -> Baselines {
    let path = dir.join(BASELINE_NAME);
    let complain = |what: &dyn std::fmt::Display| {
        eprintln!("shellac: {}: {what}; what is usual is learned anew", path.display());
        Baselines::default()
    };
    let text = match fs::metadata(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Baselines::default(),
        Ok(metadata) if metadata.len() > MAX_BASELINE_BYTES => return complain(&"it is too long"),
        Ok(_) => fs::read(&path),
        Err(error) => Err(error),
    };
    let text = match text {
        Ok(text) => text,
        Err(error) => return complain(&error),
    };
    match serde_json::from_slice::<Baselines>(&text) {
        Ok(found) if found.version == Baselines::VERSION => found,
        Ok(found) => complain(&format!("version {} is not known", found.version)),
        Err(error) => complain(&error),
    }
}
