//! The result of a probe, from `Backend_health`.

use shellac_format::Tag;
use shellac_log::LogRecord;

use super::super::number::is_number;
use super::super::string::push_string;
use crate::lines::Text;

/// Which of the eight letters is the one of a probe that went well.
const HAPPY_AT: usize = 7;

/// Appends a line; nothing for a record of another kind, or one that is not made as such are.
pub(super) fn write(record: &LogRecord<'_>, out: &mut Text) {
    if record.tag != Some(Tag::BackendHealth) {
        return;
    }
    // NAME, two words for the change, the letters, three counts, two times, and the text.
    let words: Vec<&[u8]> = record.text().splitn(10, |&byte| byte == b' ').collect();
    let [name, _, state, report, _, _, _, duration, _, message @ ..] = &words[..] else { return };
    if !is_number(duration) {
        return;
    }
    out.push(b"{\"backend\":");
    push_string(name, out);
    out.push(if *state == b"healthy" { b",\"healthy\":true" } else { b",\"healthy\":false" });
    let is_happy = report.get(HAPPY_AT) == Some(&b'H');
    out.push(if is_happy { b",\"happy\":true" } else { b",\"happy\":false" });
    out.push(b",\"report\":");
    push_string(report, out);
    out.push(b",\"duration\":");
    out.push(duration);
    out.push(b",\"message\":");
    let message = message.first().copied().unwrap_or_default();
    let inner = message.strip_prefix(b"\"").and_then(|it| it.strip_suffix(b"\""));
    push_string(inner.unwrap_or(message), out);
    out.push(b"}\n");
}
