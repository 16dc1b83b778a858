//! Records that a reader adds to a transaction: beginnings and ends that are missing, and diagnostics.

use shellac_format::record::encode_text;
use shellac_format::{Dialect, Tag};

use super::Grouper;
use super::open::Slot;
use crate::transaction::LogRecords;

/// Longest payload of a made-up record, in bytes with its NUL.
const MAX_PAYLOAD_BYTES: usize = 64;

impl Grouper {
    pub(super) fn make_up_begin(&mut self, slot: Slot) {
        let text = format!("{} 0 synth", self.table[slot].kind.word());
        self.make_up(slot, Tag::Begin, text.as_bytes());
    }

    pub(super) fn make_up_end(&mut self, slot: Slot) {
        self.make_up(slot, Tag::End, b"synth");
    }

    /// Adds a `VSL` record.
    pub(super) fn make_up_text(&mut self, slot: Slot, text: &str) {
        self.make_up(slot, Tag::Vsl, text.as_bytes());
    }

    /// Adds a record of our own behind those that are there.
    fn make_up(&mut self, slot: Slot, tag: Tag, text: &[u8]) {
        let number = tag.number(self.dialect).expect("every dialect has Begin, End and VSL");
        let open = &mut self.table[slot];
        let before = open.bytes.len();
        let (layout, side) = (self.dialect.layout(), open.kind.side());
        encode_text(&mut open.bytes, layout, number, open.vxid, side, text, MAX_PAYLOAD_BYTES);
        let added = open.bytes.len() - before;
        open.made_up += added;
        self.held_bytes += added;
    }
}

/// `REASON (VXID:TAG "PAYLOAD")` about the record in `bytes`.
pub(super) fn diagnostic(dialect: Dialect, bytes: &[u8], reason: &str) -> String {
    let Some(record) = LogRecords::new(dialect, bytes).next() else { return reason.to_owned() };
    let tag = match record.tag {
        Some(tag) => tag.name().to_owned(),
        None => record.number.to_string(),
    };
    let text = String::from_utf8_lossy(record.text());
    format!("{reason} ({}:{tag} \"{text}\")", record.vxid)
}
