//! The names and labels of prometheus_varnish_exporter, so that dashboards made for it go on working.

use shellac_counters::vsc::{Info, Reading, Semantics};

use super::own::{backend, parts};
use super::page::{About, Kind, Labels, Page, Value};

/// Once a configuration was reloaded, the exporter shows the backends of the reload with the greatest name; before that, those of
/// all configurations. Where two have a backend of one name it shows nothing at all; what comes first is shown then.
pub(super) fn keep_newest_reload(readings: &mut Vec<Reading<'_>>) {
    let configurations = readings.iter().filter_map(|reading| backend(reading.set));
    let reloads = configurations.map(|(name, _)| name).filter(|name| name.starts_with("reload_"));
    if let Some(newest) = reloads.max() {
        readings.retain(|reading| backend(reading.set).is_none_or(|(name, _)| name == newest));
    }
}

/// Adds a counter under the name that the exporter has for it.
pub(super) fn add(page: &mut Page, set: &str, info: &Info, value: u64) {
    let counter = info.name.to_ascii_lowercase();
    let kind = if info.semantics == Semantics::Counter { Kind::Counter } else { Kind::Gauge };
    let negative = info.semantics == Semantics::Gauge && value.cast_signed() < 0;
    let value = if negative { 0 } else { value };
    let (name, labels) = name(set, &counter);
    let about = About { name: &name, kind, unit: None, help: &info.oneliner };
    page.add(&about, labels.clone(), Value::Integer(value.into()));
    if name == "varnish_backend_happy" {
        let about = About {
            name: "varnish_backend_up",
            kind: Kind::Gauge,
            unit: None,
            help: "Whether the latest probe of the backend went well",
        };
        page.add(&about, labels, Value::Integer((value & 1).into()));
    }
}

/// The name of a metric and its labels, for a counter of a set. Everything is in lower case.
fn name(set: &str, counter: &str) -> (String, Labels) {
    let set = set.to_ascii_lowercase();
    let (kind, ident) = parts(&set);
    let with = |label: &'static str, text: &str| vec![(label, text.to_owned())];
    match (kind, ident) {
        ("main", None) => main(counter),
        ("mgt", None) => (format!("varnish_mgt_{counter}"), Labels::new()),
        (_, None) => (format!("varnish_main_{kind}_{counter}"), Labels::new()),
        ("vbe", Some(_)) => {
            let (backend, server) = server(&set);
            let labels = vec![("backend", backend), ("server", server)];
            (format!("varnish_backend_{counter}"), labels)
        }
        ("lck", Some(ident)) => {
            let operation = match counter {
                "creat" => "created",
                "destroy" => "destroyed",
                "locks" => "operations",
                other => return (format!("varnish_lck_{other}"), with("id", ident)),
            };
            (format!("varnish_lock_{operation}"), with("target", ident))
        }
        ("sma" | "smf", Some(ident)) => (format!("varnish_{kind}_{counter}"), with("type", ident)),
        ("mempool", Some(ident)) => (format!("varnish_mempool_{counter}"), with("id", ident)),
        (_, Some(ident)) => (format!("varnish_main_{kind}_{ident}_{counter}"), with("id", &set)),
    }
}

fn main(counter: &str) -> (String, Labels) {
    let typed = |family: &str, kind: &str| {
        (format!("varnish_main_{family}"), vec![("type", kind.to_owned())])
    };
    match counter {
        "s_sess" => ("varnish_main_sessions_total".to_owned(), Labels::new()),
        "s_fetch" => ("varnish_main_fetch_total".to_owned(), Labels::new()),
        _ => match (counter.strip_prefix("sess_"), counter.strip_prefix("fetch_")) {
            (Some(kind), _) => typed("sessions", kind),
            (_, Some(kind)) => typed("fetch", kind),
            _ => (format!("varnish_main_{counter}"), Labels::new()),
        },
    }
}

/// Name and server of a backend: the configuration `boot` and those of reloads are left out of its name, and what is in parentheses at
/// its end, or a UUID at its beginning, is the server.
fn server(set: &str) -> (String, String) {
    let ident = set.strip_prefix("vbe.").unwrap_or(set);
    let Some((configuration, name)) = ident.split_once('.') else {
        return (ident.to_owned(), "unknown".to_owned());
    };
    if is_uuid(configuration) {
        return (name.to_owned(), configuration.to_owned());
    }
    let default = configuration == "boot" || configuration.starts_with("reload_");
    let name = if default { name.to_owned() } else { format!("{configuration}.{name}") };
    let inner = name.strip_suffix(')').and_then(|text| text.rsplit_once('('));
    match inner {
        Some((backend, server)) => (backend.trim_end_matches('.').to_owned(), address(server)),
        None => (name, "unknown".to_owned()),
    }
}

/// `127.0.0.1,,80` is an address of IPv4, none of IPv6, and a port.
fn address(text: &str) -> String {
    match text.split_once(",,") {
        Some((host, port)) if !host.is_empty() => format!("{host}:{port}"),
        _ => text.to_owned(),
    }
}

fn is_uuid(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    parts.iter().map(|part| part.len()).eq([8, 4, 4, 4, 12])
        && parts.iter().all(|part| part.bytes().all(|byte| byte.is_ascii_hexdigit()))
}
