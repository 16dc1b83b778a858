//! What a line of JSON says, back to the records that it was made of.

use super::bytes_of;
use serde_json::{Map, Value};
use shellac_format::{Tag, TagKind};
use shellac_log::LogRecord;

/// Checks that an object says what the record says, and no more.
pub(super) fn check(object: &Map<String, Value>, record: &LogRecord<'_>) {
    let name = record.tag.map_or_else(|| record.number.to_string(), |tag| tag.name().to_owned());
    assert_eq!(object.get("tag"), Some(&Value::from(name)));
    let text = record.text();
    let bytes = |member: &str| object.get(member).and_then(Value::as_str).map(bytes_of);
    if let Some(hex) = object.get("hex") {
        let digits: String = record.payload.iter().map(|byte| format!("{byte:02x}")).collect();
        return assert_eq!(hex, &Value::from(digits));
    }
    if let Some(raw) = bytes("raw") {
        return assert_eq!(raw, text);
    }
    let is_header = record.tag.is_some_and(|tag| {
        tag.name().ends_with("Header") && tag != Tag::BogoHeader && tag != Tag::LostHeader
            || tag.name().ends_with("Unset")
    });
    match (bytes("name"), bytes("value")) {
        (Some(name), Some(value)) if is_header => {
            assert_eq!([&name[..], b": ", &value].concat(), text);
        }
        (None, Some(value)) => {
            let is_bytes = record.tag.is_none_or(|tag| tag.kind() == TagKind::Unsafe);
            let all = record.payload.strip_suffix(b"\0").unwrap_or(record.payload);
            assert_eq!(value, if is_bytes { all } else { text });
        }
        _ => assert_eq!(words_of(object), words(text, record.tag == Some(Tag::Timestamp))),
    }
}

/// The words of all members but those that are added, sorted, numbers by their value.
fn words_of(object: &Map<String, Value>) -> Vec<Vec<u8>> {
    let added = |name: &str| matches!(name, "tag" | "vxid" | "side" | "rfc3339");
    let members = object.iter().filter(|(name, _)| !added(name));
    let mut all: Vec<Vec<u8>> = members
        .flat_map(|(_, value)| match value {
            Value::String(text) => words(&bytes_of(text), false),
            Value::Number(number) => vec![number.as_f64().unwrap().to_string().into_bytes()],
            other => panic!("{other} in a record"),
        })
        .collect();
    all.sort();
    all
}

fn words(text: &[u8], is_timestamp: bool) -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> = text.split(|&byte| byte == b' ').map(<[u8]>::to_vec).collect();
    if is_timestamp {
        // The colon behind the event, which ends three words before the text does.
        let label = all.len().saturating_sub(4);
        assert_eq!(all[label].pop(), Some(b':'), "{}", text.escape_ascii());
    }
    for word in &mut all {
        // By the parser that the other side went through: its last bit may differ from that of others.
        if let Ok(number) = serde_json::from_slice::<f64>(word) {
            *word = number.to_string().into_bytes();
        }
    }
    all.sort();
    all
}

/// Every transaction of a line, by its number. Numbers that come more than once are no use here.
pub(super) fn transactions(line: &Map<String, Value>) -> Vec<&Map<String, Value>> {
    let (mut found, mut open) = (Vec::new(), vec![line]);
    while let Some(object) = open.pop() {
        found.push(object);
        for list in ["attempts", "requests"] {
            let below = object.get(list).and_then(Value::as_array).into_iter().flatten();
            open.extend(below.map(|value| value.as_object().expect("a transaction is an object")));
        }
    }
    found
}
