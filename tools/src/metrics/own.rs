//! Our names for counters: `MAIN.client_req` is `shellac_main_client_req_total`, `VBE.boot.b1.conn` is
//! `shellac_backend_conn{backend="b1"}`.
//!
//! Names follow the document of the daemon and are the same for every one. Times are in seconds and sizes in bytes, and the name says
//! so; what varnish calls the happiness of a backend is the latest probe.

use shellac_counters::vsc::{Format, Info, Semantics};

use super::page::{About, Kind, Labels, Page, Value};

/// How a set is called: its kind, and which one of that kind.
pub(super) fn parts(set: &str) -> (&str, Option<&str>) {
    match set.split_once('.') {
        Some((kind, ident)) => (kind, Some(ident)),
        None => (set, None),
    }
}

/// Configuration and name of a backend's set.
pub(super) fn backend(set: &str) -> Option<(&str, &str)> {
    set.strip_prefix("VBE.")?.split_once('.')
}

/// Endings that only parts of distributions have.
const RESERVED: &[&str] = &["_count", "_sum", "_bucket", "_info", "_created"];

/// Adds a counter. `with_configuration`: backends are told apart by that as well.
pub(super) fn add(page: &mut Page, set: &str, info: &Info, value: u64, with_configuration: bool) {
    let (kind, ident) = parts(set);
    let mut labels = Labels::new();
    let group = match (backend(set), ident) {
        (Some((configuration, name)), _) => {
            labels.push(("backend", name.to_owned()));
            if with_configuration {
                labels.push(("configuration", configuration.to_owned()));
            }
            "backend".to_owned()
        }
        (None, Some(ident)) => {
            labels.push((label_of(kind), ident.to_owned()));
            kind.to_ascii_lowercase()
        }
        (None, None) => kind.to_ascii_lowercase(),
    };
    let mut named = named(info, value);
    if kind == "MAIN"
        && let Some(rest) = named.name.strip_prefix("s_")
    {
        // What varnish calls sums of sessions; elsewhere `s` is read as seconds.
        named.name = rest.to_owned();
    }
    if RESERVED.iter().any(|suffix| named.name.ends_with(suffix)) {
        named.name.push_str("_value");
    }
    let name = format!("shellac_{group}_{}", named.name);
    let about = About { name: &name, kind: named.kind, unit: named.unit, help: &info.oneliner };
    page.add(&about, labels, named.value);
}

/// What the values of a kind of set belong to.
fn label_of(kind: &str) -> &'static str {
    match kind {
        "SMA" | "SMF" | "SMU" => "storage",
        "LCK" => "lock",
        "MEMPOOL" => "pool",
        _ => "id",
    }
}

struct Named {
    name: String,
    kind: Kind,
    unit: Option<&'static str>,
    value: Value,
}

fn named(info: &Info, value: u64) -> Named {
    let name = info.name.to_ascii_lowercase();
    let name = name.strip_suffix("_total").unwrap_or(&name).to_owned();
    let kind = match (info.semantics, info.format) {
        // Seconds since a start go back to 0, and nobody wants their rate.
        (Semantics::Counter, Format::Duration) => Kind::Gauge,
        (Semantics::Counter, _) => Kind::Counter,
        _ => Kind::Gauge,
    };
    let integer = if info.semantics == Semantics::Gauge {
        i128::from(value.cast_signed())
    } else {
        i128::from(value)
    };
    if info.semantics == Semantics::Bitmap {
        return Named { name, kind, unit: None, value: Value::Integer(i128::from(value & 1)) };
    }
    let scaled = |suffix: &str, divisor: f64| {
        let name = name.strip_suffix(suffix)?;
        let value = Value::Float(integer as f64 / divisor);
        Some(Named { name: format!("{name}_seconds"), kind, unit: Some("seconds"), value })
    };
    if let Some(named) = scaled("_us", 1e6).or_else(|| scaled("_ms", 1e3)) {
        return named;
    }
    let value = Value::Integer(integer);
    let with_unit = |unit: &'static str, value| {
        let stem = name.strip_suffix(unit).unwrap_or(&name).trim_end_matches('_');
        let blank = if stem.is_empty() { "" } else { "_" };
        Named { name: format!("{stem}{blank}{unit}"), kind, unit: Some(unit), value }
    };
    match info.format {
        Format::Bytes => with_unit("bytes", value),
        Format::Duration => with_unit("seconds", value),
        _ => Named { name, kind, unit: None, value },
    }
}
