//! The schema of `varnishlog-json`: a request or an attempt as one object with its heads, times and results.
//!
//! Where the original writes a key of an object twice, the last value counts with nearly all readers, and is the only
//! one here. Bytes that are no UTF-8, which the original copies, are escaped as [`super::bytes_of`] reads them.

mod exchange;
mod headers;
mod probe;

use shellac_format::{Dialect, Heads};
use shellac_log::{CompiledFilter, Filter, Group, Grouping, Kind, LogRecord, Transaction};

use exchange::Exchange;

use crate::lines::{Text, Walked};

/// Turns groups of one dialect into lines of JSON.
#[derive(Clone, Debug)]
pub struct VarnishlogJson {
    dialect: Dialect,
    filter: CompiledFilter,
    grouping: Grouping,
}

impl VarnishlogJson {
    /// Prepares for groups of this kind, with records of `dialect`.
    pub fn new(dialect: Dialect, grouping: Grouping, filter: &Filter) -> VarnishlogJson {
        VarnishlogJson { dialect, filter: filter.compile(dialect), grouping }
    }

    /// Appends a group as a line: an object for one transaction, an array for a request or a session, nothing where
    /// there is neither a request nor an attempt. Records by themselves are results of probes.
    pub fn group(&self, group: &Group, out: &mut Text) {
        if self.grouping == Grouping::Raw {
            for transaction in &group.transactions {
                self.raw_row(transaction.bytes(), out);
            }
            return;
        }
        let is_list = self.grouping != Grouping::Vxid;
        let start = out.len();
        if is_list {
            out.push(b"[");
        }
        let mut count = 0;
        for transaction in &group.transactions {
            if !self.is_wanted(transaction) {
                continue;
            }
            if count > 0 {
                out.push(b",");
            }
            count += 1;
            let mut exchange = Exchange::new(transaction.kind == Kind::Backend);
            for record in transaction.records().filter(|it| self.filter.shows(it)) {
                exchange.take(&record);
            }
            exchange.write(out);
        }
        if count == 0 {
            return out.truncate(start);
        }
        out.push(if is_list { b"]\n" } else { b"\n" });
    }

    fn is_wanted(&self, transaction: &Transaction) -> bool {
        matches!(transaction.kind, Kind::Request | Kind::Backend)
            && self.filter.shows_transaction(transaction)
    }

    /// Appends a line for each result of a probe.
    pub fn raw_row(&self, row: &[u8], out: &mut Text) -> Walked {
        let mut heads = Heads::new(self.dialect.layout(), row);
        let mut records = 0;
        for place in heads.by_ref() {
            records += 1;
            let record = LogRecord::new(self.dialect, place.record(row));
            if self.filter.shows(&record) {
                probe::write(&record, out);
            }
        }
        Walked { records, bytes: heads.position() }
    }
}
