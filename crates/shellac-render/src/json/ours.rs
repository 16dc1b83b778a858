//! Our own schema: a transaction as an object with its records, what it comes to, and what lies below it.

use shellac_format::{Dialect, Heads};
use shellac_log::{CompiledFilter, Filter, Group, Grouping, Kind, Transaction};

use super::facts::Facts;
use super::number::push_number;
use super::records::Records;
use super::tree::{ATTEMPTS, REQUESTS, Tree};
use crate::lines::{Text, Walked};

/// The name and version of the schema, which every line has. Members may be added within a version; none is removed
/// and none gets another meaning.
pub const SCHEMA: &str = "shellac-log/1";
/// The schema as JSON Schema, draft 2020-12.
pub const SCHEMA_FILE: &str = include_str!("../../log.schema.json");

/// Turns groups of one dialect into lines of JSON.
#[derive(Clone, Debug)]
pub struct JsonWriter {
    dialect: Dialect,
    filter: CompiledFilter,
    records: Records,
    /// Number and side in every record.
    verbose: bool,
    /// What a line starts with.
    start: String,
    tree: Tree,
}

impl JsonWriter {
    /// Prepares for groups of this kind, with records of `dialect`; `verbose`: number and side in every record.
    pub fn new(dialect: Dialect, grouping: Grouping, filter: &Filter, verbose: bool) -> JsonWriter {
        let filter = filter.compile(dialect);
        let word = Grouping::WORDS.iter().find(|(_, it)| *it == grouping).map_or("", |it| it.0);
        JsonWriter {
            dialect,
            records: Records::new(dialect, filter.clone()),
            filter,
            verbose,
            start: format!("{{\"schema\":\"{SCHEMA}\",\"grouping\":\"{word}\","),
            tree: Tree::default(),
        }
    }

    /// Appends a group as a line; nothing for one of which nothing is shown.
    pub fn group(&mut self, group: &Group, out: &mut Text) {
        let transactions = &group.transactions[..];
        let [first, ..] = transactions else { return };
        if first.kind == Kind::Raw {
            for transaction in transactions {
                self.raw_row(transaction.bytes(), out);
            }
            return;
        }
        if !transactions.iter().any(|it| self.filter.shows_transaction(it)) {
            return;
        }
        out.push(self.start.as_bytes());
        self.tree.build(transactions);
        self.object(transactions, 0, out);
        out.push(b"\n");
    }

    /// Appends whole records that lie one after the other as raw grouping shows them: each a line.
    pub fn raw_row(&mut self, row: &[u8], out: &mut Text) -> Walked {
        let mut heads = Heads::new(self.dialect.layout(), row);
        let mut records = 0;
        let start = self.start.as_bytes();
        for place in heads.by_ref() {
            records += 1;
            let before = out.len();
            self.records.numbered(row, &place, start, out);
            if out.len() > before {
                // Not the comma behind it.
                out.truncate(out.len() - 1);
                out.push(b"\n");
            }
        }
        Walked { records, bytes: heads.position() }
    }

    /// The members of a transaction and the closing brace.
    fn object(&mut self, transactions: &[Transaction], at: usize, out: &mut Text) {
        let transaction = &transactions[at];
        out.push_piece(b"\"vxid\": ", 7);
        push_number(transaction.vxid.0, out);
        out.push_piece(b",\"type\":\"", 9);
        out.push(transaction.kind.word().as_bytes());
        out.push_piece(b"\",\"reason\":\"    ", 12);
        out.push(transaction.reason.word().as_bytes());
        out.push_piece(b"\",\"parent\":     ", 11);
        push_number(transaction.parent.0, out);
        let complete: (&[u8; 32], _) = if transaction.complete {
            (b",\"complete\":true                ", 16)
        } else {
            (b",\"complete\":false               ", 17)
        };
        out.push_piece(complete.0, complete.1);
        if self.filter.shows_transaction(transaction) {
            out.push_piece(b",\"records\":[   ", 12);
            let mark = out.len();
            let mut facts = Facts::default();
            self.records.write(transaction.bytes(), self.verbose, &mut facts, out);
            if out.len() > mark {
                // The comma behind the last one.
                out.truncate(out.len() - 1);
            }
            out.push(b"]");
            facts.write(&mut self.records.moments, out);
        }
        for (list, name) in [(ATTEMPTS, &b",\"attempts\":["[..]), (REQUESTS, b",\"requests\":[")] {
            let mut below = self.tree.first(at, list);
            if below.is_none() {
                continue;
            }
            out.push(name);
            while let Some(one) = below {
                out.push(b"{");
                self.object(transactions, one, out);
                below = self.tree.next(one);
                if below.is_some() {
                    out.push(b",");
                }
            }
            out.push(b"]");
        }
        out.push(b"}");
    }
}
