//! A view as one JSON object on one line.
//!
//! Times are numbers of seconds with six decimals, transaction numbers whole numbers; what is not known is `null`.

use serde_json::{Value, json};

use super::view::{Row, View};

/// The object, with a line end.
pub(super) fn page(view: &View) -> anyhow::Result<String> {
    let backends: Vec<Value> = view
        .backends
        .iter()
        .map(|sum| {
            let phases: serde_json::Map<String, Value> = sum
                .phases
                .iter()
                .map(|(phase, count)| (phase.name().to_owned(), json!(count)))
                .collect();
            json!({
                "backend": name(&sum.backend),
                "in_flight": sum.count,
                "oldest": seconds(sum.oldest),
                "phases": phases,
            })
        })
        .collect();
    let threads: Vec<Value> = view
        .threads
        .iter()
        .map(|thread| json!({ "thread": thread.number, "silent": seconds(thread.silent) }))
        .collect();
    let object = json!({
        "time": seconds(view.now_unix),
        "instance": name(&view.instance),
        "workdir": view.workdir,
        "worker": view.worker.map(|worker| json!({ "pid": worker.pid, "up": seconds(worker.up) })),
        "nothing_because": view.nothing,
        "in_flight": view.in_flight,
        "hidden": view.hidden,
        "unreadable": view.unreadable,
        "threads": threads,
        "backends": backends,
        "requests": view.requests.iter().map(request).collect::<Vec<Value>>(),
        "problems": view.problems,
    });
    Ok(serde_json::to_string(&object)? + "\n")
}

fn request(row: &Row) -> Value {
    json!({
        "xid": row.xid,
        "session": row.session,
        "attempt_xid": row.attempt_xid,
        "attempt": row.attempt,
        "age": seconds(row.age),
        "phase": row.phase.name(),
        "waits_for": row.phase.waits_for().name(),
        "since": seconds(row.since),
        "times_out_in": row.left.map(seconds),
        "backend": name(&row.backend),
        "client": row.client,
        "method": name(&row.method),
        "url": (!row.method.is_empty()).then_some(&row.url),
        "url_cut": row.url_cut,
        "thread": row.thread,
        "bytes_from_client": row.bytes.from_client,
        "bytes_to_client": row.bytes.to_client,
        "bytes_to_backend": row.bytes.to_backend,
        "bytes_from_backend": row.bytes.from_backend,
    })
}

/// Empty names are no names.
fn name(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

#[allow(clippy::cast_precision_loss, reason = "microseconds up to the year 2255 are exact")]
fn seconds(micros: u64) -> f64 {
    micros as f64 / 1e6
}
