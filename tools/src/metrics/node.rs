//! Numbers about the node: for where no proxy publishes them.

use shellac_upstream::node::{Fill, Kind as NodeKind, Sample, Signal, Source};

use super::page::{About, Kind, Labels, Page, Value};

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
