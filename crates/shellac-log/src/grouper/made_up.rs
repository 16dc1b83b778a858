//! Records that a reader adds to a transaction: beginnings and ends that are missing, and diagnostics.

use shellac_format::Tag;
use shellac_format::record::encode_text;

use super::Grouper;
use super::open::Slot;
use super::row::Feed;
use crate::transaction::LogRecord;

/// Longest payload of a made-up record, in bytes with its NUL.
const MAX_PAYLOAD_BYTES: usize = 64;

impl Grouper {
    /// Adds a `VSL` record.
    pub(super) fn make_up_text(&mut self, slot: Slot, text: &str, feed: Feed<'_>) {
        self.make_up(slot, Tag::Vsl, text.as_bytes(), feed);
    }

    /// Adds a record of our own behind those that are there.
    pub(super) fn make_up(&mut self, slot: Slot, tag: Tag, text: &[u8], feed: Feed<'_>) {
        let number = tag.number(self.dialect).expect("every dialect has Begin, End and VSL");
        self.copy(slot, feed);
        let open = &mut self.table[slot];
        let before = open.bytes.len();
        let (layout, side) = (self.dialect.layout(), open.kind.side());
        encode_text(&mut open.bytes, layout, number, open.vxid, side, text, MAX_PAYLOAD_BYTES);
        let added = open.bytes.len() - before;
        open.held_bytes += added;
        open.made_up += added;
        self.held_bytes += added;
        if let Some(listener) = &self.listener {
            let payload = &open.bytes[before + layout.head_bytes()..];
            let payload = &payload[..(text.len() + 1).min(MAX_PAYLOAD_BYTES)];
            listener.hear(tag, payload, &mut open.heard);
        }
    }
}

/// `REASON (VXID:TAG "PAYLOAD")` about a record.
pub(super) fn diagnostic(record: &LogRecord<'_>, reason: &str) -> String {
    let tag = match record.tag {
        Some(tag) => tag.name().to_owned(),
        None => record.number.to_string(),
    };
    let text = String::from_utf8_lossy(record.text());
    format!("{reason} ({}:{tag} \"{text}\")", record.vxid)
}
