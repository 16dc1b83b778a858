//! Transactions written by hand, for tests.

use shellac_format::{Dialect, Side, Tag, Vxid, record};
use shellac_log::Transaction;

/// A transaction of these records, in the dialect `7.3-8.0`.
pub(crate) fn transaction(vxid: u64, records: &[(Tag, &str)]) -> Transaction {
    let dialect = Dialect::V7_3;
    let side = match records.first() {
        Some((_, text)) if text.starts_with("bereq") => Side::Backend,
        _ => Side::Client,
    };
    let mut bytes = Vec::new();
    for &(tag, text) in records {
        let number = tag.number(dialect).expect("a tag of this dialect");
        let payload = text.as_bytes();
        record::encode_text(&mut bytes, dialect.layout(), number, Vxid(vxid), side, payload, 1024);
    }
    Transaction::from_records(dialect, 0, bytes).expect("whole records")
}
