//! Backends as a table and as JSON.

use std::fmt::Write as _;

use chrono::DateTime;
use shellac_admin::{Columns, quoted};
use shellac_proxy::BackendStatus;
use shellac_upstream::PassiveState;
use shellac_upstream::admin::Mode;
use shellac_upstream::probe::ProbeView;

/// Probes that a line of details shows.
const SHOWN: u32 = 64;

/// The table of `backend.list`, with what is known from probes behind each row if asked for.
pub(super) fn table(backends: &[BackendStatus], details: bool) -> String {
    let mut table = Columns::default();
    table.row(["Backend name", "Admin", "Probe", "Health", "Last change"].map(Into::into));
    for backend in backends {
        let (good, window) = counts(backend);
        table.row([
            full_name(backend).into(),
            admin_word(backend).into(),
            format!("{good}/{window}").into(),
            health_word(backend).into(),
            date(backend.changed_unix).into(),
        ]);
        if let Some(probe) = backend.probe.as_ref().filter(|_| details) {
            probe_lines(probe).for_each(|line| table.detail(line));
        }
    }
    table.text()
}

/// The object of `backend.list -j`.
pub(super) fn json(backends: &[BackendStatus], details: bool) -> String {
    let members: Vec<String> = backends.iter().map(|backend| member(backend, details)).collect();
    if members.is_empty() {
        return "  {\n  \n  }".to_owned();
    }
    format!("  {{\n{}\n  }}", members.join(",\n"))
}

fn member(backend: &BackendStatus, details: bool) -> String {
    let (good, window) = counts(backend);
    let mut out = format!(
        "    {}: {{\n      \"type\": \"backend\",\n      \"admin_health\": \"{}\",\n      \"probe_message\": [{good}, {window}, \"{}\"],\n",
        quoted(&full_name(backend)),
        admin_word(backend),
        health_word(backend),
    );
    if details {
        match &backend.probe {
            None => out.push_str("      \"probe_details\": {},\n"),
            Some(probe) => {
                out.push_str("      \"probe_details\": {\n");
                for (letter, _, bits) in probe.history.kinds() {
                    let _ = writeln!(out, "        \"bits_{letter}\": {bits},");
                }
                let ProbeView { good, threshold, window, .. } = probe;
                let _ = write!(
                    out,
                    "        \"good\": {good},\n        \"threshold\": {threshold},\n        \"window\": {window}\n      }},\n"
                );
            }
        }
        for (family, is_v4) in [("ipv4", true), ("ipv6", false)] {
            let first = backend.addresses.iter().find(|address| address.is_ipv4() == is_v4);
            if let Some(address) = first {
                let _ = writeln!(out, "      \"{family}\": \"{address}\",");
            }
        }
        out.push_str(&ours(backend));
    }
    let _ = write!(out, "      \"last_change\": {}.000\n    }}", backend.changed_unix);
    out
}

/// What a varnishd does not know of backends.
fn ours(backend: &BackendStatus) -> String {
    let mut fields = vec![
        format!("\"mode\": \"{}\"", backend.admin.as_str()),
        format!("\"down\": {}", backend.down),
        format!("\"passive\": \"{}\"", backend.passive.state.as_str()),
        format!("\"in_flight\": {}", backend.in_flight),
        format!("\"weight\": {}", backend.weight),
    ];
    let mut text = |name: &str, value: Option<&str>| {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            fields.push(format!("\"{name}\": {}", quoted(value)));
        }
    };
    text("place", Some(&backend.place));
    text("node", backend.node.as_deref());
    text("zone", backend.zone.as_deref());
    if let Some(order) = &backend.order {
        text("by", Some(&order.author));
        text("reason", Some(&order.reason));
        fields.push(format!("\"since\": {}", order.since));
        if let Some(until) = order.until() {
            fields.push(format!("\"until\": {until}"));
        }
    }
    let addresses: Vec<String> =
        backend.addresses.iter().map(|address| format!("\"{address}\"")).collect();
    fields.push(format!("\"addresses\": [{}]", addresses.join(", ")));
    format!("      \"shellac\": {{{}}},\n", fields.join(", "))
}

fn full_name(backend: &BackendStatus) -> String {
    format!("{}.{}", backend.config, backend.name)
}

/// Good probes and how many count; `0/0` for one that is not probed.
fn counts(backend: &BackendStatus) -> (u32, u32) {
    backend.probe.as_ref().map_or((0, 0), |probe| (probe.good, probe.window))
}

/// A backend that is drained is sick to those who do not know that word, and so is one that the configuration takes out: nobody
/// can bring that one back.
fn admin_word(backend: &BackendStatus) -> &'static str {
    match backend.admin {
        _ if backend.down => "sick",
        Mode::Healthy => "healthy",
        mode if mode.is_out() => "sick",
        _ if backend.probe.is_some() => "probe",
        _ => "healthy",
    }
}

/// What probes and requests say, whatever is wanted.
fn health_word(backend: &BackendStatus) -> &'static str {
    let probed = backend.probe.as_ref().is_none_or(|probe| probe.healthy);
    let met = matches!(backend.passive.state, PassiveState::Open | PassiveState::Ramp(_));
    if probed && met && !backend.down { "healthy" } else { "sick" }
}

fn date(unix: u64) -> String {
    let seconds = i64::try_from(unix).unwrap_or(i64::MAX);
    DateTime::from_timestamp(seconds, 0)
        .map_or_else(|| "-".to_owned(), |at| at.format("%a, %d %b %Y %H:%M:%S GMT").to_string())
}

/// Good, average and a line for each kind that occurred among the last probes; then an empty one.
fn probe_lines(probe: &ProbeView) -> impl Iterator<Item = String> {
    let head = [
        format!(
            " Current states  good: {:2} threshold: {:2} window: {:2}",
            probe.good, probe.threshold, probe.window
        ),
        format!("  Average response time of good probes: {:.6}", probe.average_seconds),
        format!("  Oldest {} Newest", "=".repeat(50)),
    ];
    let kinds = probe
        .history
        .kinds()
        .into_iter()
        .filter(|&(letter, _, bits)| bits != 0 || letter == 'H')
        .map(|(letter, words, bits)| {
            let marks: String = (0..SHOWN)
                .rev()
                .map(|bit| if bits >> bit & 1 == 1 { letter } else { '-' })
                .collect();
            format!("  {marks} {words}")
        });
    let end = String::new();
    head.into_iter().chain(kinds.collect::<Vec<_>>()).chain([end])
}
