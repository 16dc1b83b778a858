//! Numbers about the node, read from the kernel's files: for where no proxy publishes them.

use std::fs::{self, File};
use std::io::Read;

use shellac_upstream::node::{Fill, Kind as NodeKind, Sample, Signal, Source};

use super::page::{About, Kind, Labels, Page, Value};

/// A file of the kernel that is longer is cut; rows for thousands of processors or neighbours fit.
const MOST_BYTES: u64 = 8 << 20;
/// Open files that are counted.
const MOST_NAMES: usize = 1 << 20;

/// Reads the node as this process sees it.
pub(super) fn sample() -> Sample {
    Sample::read(&mut |path| {
        if path == Source::Files.path() {
            return names(path);
        }
        let mut text = String::new();
        File::open(path).ok()?.take(MOST_BYTES).read_to_string(&mut text).ok()?;
        Some(text)
    })
}

/// The names in a directory, one per line.
fn names(path: &str) -> Option<String> {
    let entries = fs::read_dir(path).ok()?.take(MOST_NAMES).filter_map(Result::ok);
    Some(entries.map(|entry| format!("{}\n", entry.file_name().display())).collect())
}

/// Adds every number that is known, how full things are, and which files cannot be read.
///
/// The names are those of the set `NODE` that a worker publishes, so that rules hold for both.
pub(super) fn add(page: &mut Page, sample: &Sample) {
    for (signal, value) in sample.known() {
        // Our own open files are nobody's business.
        if matches!(signal, Signal::OpenFiles | Signal::MaxOpenFiles) {
            continue;
        }
        let kind = match signal.kind() {
            NodeKind::Counter => Kind::Counter,
            NodeKind::Gauge | NodeKind::Limit => Kind::Gauge,
        };
        let name = format!("shellac_node_{}", signal.name());
        let about = About { name: &name, kind, unit: None, help: signal.text() };
        page.add(&about, Labels::new(), Value::Integer(value.into()));
    }
    for &fill in Fill::ALL.iter().filter(|&&fill| fill != Fill::Files) {
        let Some(level) = fill.level(sample) else { continue };
        let about = About {
            name: "shellac_node_fill_ratio",
            kind: Kind::Gauge,
            unit: Some("ratio"),
            help: "How full tables and limits of the node are; 1 is full",
        };
        let labels = vec![("table", fill.name().to_owned())];
        page.add(&about, labels, Value::Float(level.share()));
    }
    for &source in Source::ALL {
        let about = About {
            name: "shellac_node_source_readable",
            kind: Kind::Gauge,
            unit: None,
            help: "Whether a file of the kernel can be read from here; what stands in one that cannot is unknown",
        };
        let readable = !sample.unread().contains(&source);
        let labels = vec![("path", source.path().to_owned())];
        page.add(&about, labels, Value::Integer(readable.into()));
    }
}
