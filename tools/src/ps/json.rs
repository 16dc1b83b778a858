//! A view as one JSON object on one line.
//!
//! ```text
//! time            seconds since 1970
//! instance        its name; workdir: its directory
//! worker          pid, up (seconds); null while none runs
//! nothing_because why there is nothing to see; null while there is
//! in_flight       requests in flight, whatever the filter; null where it is not known
//! draining        workers whose place was taken and that finish their requests: pid, in_flight
//! hidden          those for which the scoreboard has no room; unreadable: those that could not be read whole
//! threads         thread, silent (seconds since it was heard of, at most 0.1 while it is well)
//! backends        backend (null: none), in_flight, oldest (seconds), phases (name: count); of the requests below
//! requests        oldest first: xid (null while the head is being read), session, attempt_xid, attempt (from 1),
//!                 age, phase, waits_for (client, backend, proxy), since (seconds in that phase),
//!                 times_out_in (seconds, null: not limited), backend, client, method, url (as much as is known),
//!                 url_cut, draining (pid of such a worker, else null), thread, bytes_from_client, bytes_to_client, bytes_to_backend, bytes_from_backend
//! problems        what was skipped in the directory
//! elsewhere       of a proxy without a scoreboard: open_sessions, untold, connections (backend, in_use), remarks,
//!                 sessions (session, age, request: the last one if it has not ended in the log, client)
//! ```
//!
//! What is not known is `null`.

use serde_json::{Value, json};

use super::view::{Row, Substitute, View};

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
    let draining: Vec<Value> = view
        .draining
        .iter()
        .map(|(pid, count)| json!({ "pid": pid, "in_flight": count }))
        .collect();
    let known = view.nothing.is_none() && view.elsewhere.is_none();
    let object = json!({
        "time": seconds(view.now_unix),
        "instance": name(&view.instance),
        "workdir": view.workdir,
        "worker": view.worker.map(|worker| json!({ "pid": worker.pid, "up": seconds(worker.up) })),
        "nothing_because": view.nothing,
        "in_flight": known.then_some(view.in_flight),
        "draining": draining,
        "hidden": known.then_some(view.hidden),
        "unreadable": known.then_some(view.unreadable),
        "threads": threads,
        "backends": backends,
        "requests": view.requests.iter().map(request).collect::<Vec<Value>>(),
        "problems": view.problems,
        "elsewhere": view.elsewhere.as_ref().map(elsewhere),
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
        "draining": row.draining,
        "thread": row.thread,
        "bytes_from_client": row.bytes.from_client,
        "bytes_to_client": row.bytes.to_client,
        "bytes_to_backend": row.bytes.to_backend,
        "bytes_from_backend": row.bytes.from_backend,
    })
}

/// What there is in place of a scoreboard.
fn elsewhere(substitute: &Substitute) -> Value {
    let connections: Vec<Value> = substitute
        .connections
        .iter()
        .map(|(backend, count)| json!({ "backend": backend, "in_use": count }))
        .collect();
    let sessions: Vec<Value> = substitute
        .sessions
        .iter()
        .map(|row| {
            json!({
                "session": row.xid,
                "age": row.age.map(seconds),
                "request": row.request,
                "client": name(&row.client),
            })
        })
        .collect();
    json!({
        "open_sessions": substitute.open,
        "untold": substitute.untold,
        "sessions": sessions,
        "connections": connections,
        "remarks": substitute.remarks,
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
