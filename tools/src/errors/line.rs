//! One failed attempt as a line of `key=value`, or as a JSON object.

use std::fmt::Write;

use serde_json::{Map, Value};
use shellac_render::failures::{FailedAttempt, Failures};
use shellac_render::trace::Micros;

use super::moment;
use crate::when::Zone;

/// A value of a line.
enum Field {
    Text(String),
    Number(u64),
    Seconds(Micros),
    /// Not recorded, and shown as such.
    Unknown,
}

impl Field {
    fn text(text: &str) -> Field {
        if text.is_empty() { Field::Unknown } else { Field::Text(text.to_owned()) }
    }
}

/// All fields of an attempt in their order. The first ones are always there, the others where recorded.
fn fields(
    failed: &FailedAttempt,
    failures: &Failures,
    zone: Zone,
    file: Option<&str>,
) -> Vec<(&'static str, Field)> {
    let time = failed.time.and_then(|time| moment::show(time, zone));
    let (method, url) = if failed.url.is_empty() {
        (&failures.method, &failures.url)
    } else {
        (&failed.method, &failed.url)
    };
    let host = if failed.host.is_empty() { &failures.host } else { &failed.host };
    let client = if failed.client.is_empty() { &failures.client } else { &failed.client };
    let mut fields = vec![
        ("time", time.map_or(Field::Unknown, Field::Text)),
        ("xid", Field::Number(failed.xid)),
        ("class", Field::text(&failed.class)),
        ("phase", failed.phase.map_or(Field::Unknown, |phase| Field::text(phase.word()))),
        ("how", Field::text(failed.classes.word().unwrap_or_default())),
        ("cause", Field::text(failed.cause.unwrap_or_default())),
        ("try", tries(failed)),
        ("client", Field::text(client)),
        ("method", Field::text(method)),
        ("url", Field::text(url)),
        ("host", Field::text(host)),
        ("backend", Field::text(&failed.backend)),
        ("addr", Field::text(&failed.addr)),
    ];
    let mut add = |key, field: Option<Field>| fields.extend(field.map(|field| (key, field)));
    add("request", failures.request.map(Field::Number));
    add("status", failures.status.map(|status| Field::Number(status.into())));
    add("head", failed.head.as_deref().map(Field::text));
    add("reused", failed.reused.map(|reused| Field::Number(reused.into())));
    add("age", failed.age.map(Field::Seconds));
    add("waited", failed.waited.map(Field::Seconds));
    add("limit", failed.limit.map(Field::Seconds));
    add("sent", failed.sent.map(Field::Number));
    add("acked", failed.acked.map(Field::Number));
    add("taken", failed.taken.map(Field::Number));
    add("expected", failed.expected.map(Field::Number));
    add("rcvd", failed.received.map(Field::Number));
    // On another connection the same attempt went on.
    add("recovered", failed.recovered.then_some(Field::Number(1)));
    add("file", file.map(Field::text));
    add("errno", failed.errno.map(|errno| Field::Number(errno.unsigned_abs().into())));
    add("errno_text", failed.errno.map(|_| Field::text(&failed.errno_text)));
    fields.push(("error", Field::Text(failed.error.clone())));
    fields
}

fn tries(failed: &FailedAttempt) -> Field {
    match (failed.attempt, failed.of) {
        (Some(number), Some(of)) => Field::Text(format!("{number}/{of}")),
        (Some(number), None) => Field::Text(format!("{number}/-")),
        (None, _) => Field::Unknown,
    }
}

/// The line, with its end.
pub(super) fn text(
    failed: &FailedAttempt,
    failures: &Failures,
    zone: Zone,
    file: Option<&str>,
) -> String {
    let mut line = String::with_capacity(512);
    for (key, field) in fields(failed, failures, zone, file) {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(key);
        line.push('=');
        // Writing to a string cannot fail.
        let _ = match field {
            Field::Text(text) if key == "error" || needs_quotes(&text) => {
                line.push_str(&quoted(&text));
                Ok(())
            }
            Field::Text(text) => {
                line.push_str(&text);
                Ok(())
            }
            Field::Number(number) => write!(line, "{number}"),
            Field::Seconds(Micros(micros)) => {
                write!(line, "{}.{:06}", micros / 1_000_000, (micros % 1_000_000).abs())
            }
            Field::Unknown => {
                line.push('-');
                Ok(())
            }
        };
    }
    line.push('\n');
    line
}

fn needs_quotes(text: &str) -> bool {
    text == "-" || text.bytes().any(|byte| matches!(byte, b' ' | b'"' | b'\\' | b'='))
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// The same as a JSON object, with its end.
pub(super) fn json(
    failed: &FailedAttempt,
    failures: &Failures,
    zone: Zone,
    file: Option<&str>,
) -> String {
    let mut object = Map::new();
    for (key, field) in fields(failed, failures, zone, file) {
        let value = match field {
            Field::Text(text) => Value::from(text),
            Field::Number(number) => Value::from(number),
            Field::Seconds(Micros(micros)) => {
                // Far below the point from which on a double would lose microseconds.
                #[allow(clippy::cast_precision_loss, reason = "a duration, not a moment")]
                Value::from(micros as f64 / 1e6)
            }
            Field::Unknown => Value::Null,
        };
        object.insert(key.to_owned(), value);
    }
    Value::Object(object).to_string() + "\n"
}

#[cfg(test)]
mod tests;
