//! What is said while something is drained: lines for people, or one JSON object per line.

use std::io::{ErrorKind, Write, stdout};

use serde_json::{Value, json};
use shellac_render::redact::Redaction;
use shellac_render::visible;

/// How it is said.
#[derive(Clone, Copy, Debug)]
pub(super) struct Say {
    pub(super) json: bool,
}

impl Say {
    /// Something that happened: its name, its numbers, and the line for people.
    pub(super) fn event(self, name: &str, mut value: Value, line: &str) -> anyhow::Result<()> {
        let text = if self.json {
            value["event"] = name.into();
            format!("{value}\n")
        } else {
            let lines = line.lines().map(|line| visible(line.as_bytes()) + "\n");
            lines.collect()
        };
        match stdout().lock().write_all(text.as_bytes()).and_then(|()| stdout().flush()) {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// The end: why, and the exit status.
    pub(super) fn end(self, status: u8, line: &str) -> anyhow::Result<u8> {
        if self.json {
            self.event("end", json!({"status": status, "text": line}), "")?;
        } else if status == 0 {
            self.event("end", json!({}), line)?;
        } else {
            eprintln!("shellac: {}", line.trim_end());
        }
        Ok(status)
    }
}

/// Replaces secrets in the targets of requests, as `shellac ps` does: what is said here is pasted into tickets.
pub(super) fn hide_secrets(status: &mut Value) {
    let redaction = Redaction::default().with_parameters(true);
    for backend in list_in(status, "busy").into_iter().flatten() {
        for request in list_in(backend, "requests").into_iter().flatten() {
            let Some(target) = request.get_mut("request") else { continue };
            if let Some(text) = target.as_str() {
                *target = redaction.parameters_in(text).into();
            }
        }
    }
}

fn list_in<'a>(value: &'a mut Value, key: &str) -> Option<&'a mut Vec<Value>> {
    value.get_mut(key)?.as_array_mut()
}

/// The load of backends in one line: what waits for what, and the oldest request.
pub(super) fn load(status: &Value) -> String {
    let mut text = format!("waiting: {} in flight", number(&status["in_flight"]));
    let busy = status["busy"].as_array().map_or(&[][..], Vec::as_slice);
    let mut phases = std::collections::BTreeMap::new();
    let mut oldest: Option<&Value> = None;
    for backend in busy {
        for (phase, count) in backend["phases"].as_object().into_iter().flatten() {
            *phases.entry(phase.as_str()).or_insert(0) += number(count);
        }
        for request in backend["requests"].as_array().into_iter().flatten() {
            if oldest.is_none_or(|oldest| number(&oldest["age_ms"]) < number(&request["age_ms"])) {
                oldest = Some(request);
            }
        }
    }
    if !phases.is_empty() {
        let phases: Vec<String> =
            phases.iter().map(|(phase, count)| format!("{phase} {count}")).collect();
        text += &format!(" ({})", phases.join(", "));
    }
    text += &format!(", {} idle connections", number(&status["idle"]));
    if let Some(request) = oldest {
        text += &format!(
            "; oldest {} {} for {:.1} s",
            request["xid"],
            request["request"].as_str().unwrap_or_default(),
            std::time::Duration::from_millis(number(&request["age_ms"])).as_secs_f64()
        );
        if let Some(client) = request["client"].as_str() {
            text += &format!(" from {client}");
        }
    }
    text
}

/// The numbers of the requests that are left.
pub(super) fn requests(status: &Value) -> Vec<u64> {
    let backends = status["busy"].as_array().into_iter().flatten();
    let requests =
        backends.flat_map(|backend| backend["requests"].as_array().into_iter().flatten());
    requests.map(|request| number(&request["xid"])).collect()
}

pub(super) fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_default()
}

/// The names in a list.
pub(super) fn names(value: &Value) -> Vec<&str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

#[cfg(test)]
mod tests;
