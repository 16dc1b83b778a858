//! What is compared of a transaction: a line for each record, without what is different each time.

use shellac_format::Tag;
use shellac_log::Transaction;

use crate::confusion::told::parts;

/// What a client has got, in a line.
pub(super) fn answer(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    match parts(&text) {
        Some((head, _, whole)) => {
            let first = head.lines().next().unwrap_or_default();
            let framed = ["\r\nContent-Length:", "\r\nTransfer-Encoding:"];
            let end = match framed.iter().any(|it| head.contains(it)) {
                true if whole => "whole",
                true => "cut",
                false => "until the connection is closed",
            };
            format!("client {first}, {end}")
        }
        None => format!("client {} bytes", bytes.len()),
    }
}

/// The lines of a session and all that belongs to it.
pub(super) fn lines(session: &[Transaction]) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for transaction in session {
        let kind = transaction.kind.word();
        for record in transaction.records() {
            let tag = record.tag.expect("these logs have known tags");
            let text = String::from_utf8_lossy(record.text());
            let name = tag.name();
            // What stands in heads is not what is compared.
            if !name.ends_with("Header") && !name.ends_with("Unset") || tag == Tag::BogoHeader {
                let line = format!("{kind} {}", line(tag, &text));
                lines.push(line.trim_end().to_owned());
            }
        }
    }
    lines
}

fn line(tag: Tag, text: &str) -> String {
    let words: Vec<&str> = text.split(' ').collect();
    let word = |at: usize| words.get(at).copied().unwrap_or_default();
    let name = tag.name();
    let kept = match tag {
        Tag::Begin | Tag::Link => format!("{} {}", word(0), word(2)),
        Tag::Timestamp => word(0).to_owned(),
        // The name of a backend is the number of the case.
        Tag::BackendOpen => format!("x {}", word(6)),
        Tag::BackendClose => format!("x {}", words[2..].join(" ")),
        Tag::SessClose => word(0).to_owned(),
        Tag::VclLog => text.split(':').next().unwrap_or_default().to_owned(),
        _ if name.ends_with("Acct") || name.ends_with("URL") => String::new(),
        Tag::HttpGarbage | Tag::SessOpen | Tag::ReqStart | Tag::VclUse | Tag::Length => {
            String::new()
        }
        _ => text.to_owned(),
    };
    format!("{name} {kept}")
}
