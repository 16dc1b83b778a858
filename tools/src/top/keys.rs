//! What is counted: every record that is shown, by its tag and its text.

mod key;

use std::hash::{BuildHasher, RandomState};

use shellac_format::{Dialect, Heads, Tag, TagKind};
use shellac_log::{CompiledFilter, Filter, Group, LogRecord};
use shellac_measure::Counts;
use shellac_render::lines::Walked;

use super::limits::Limits;
use crate::reading::pass::Sink;
use crate::reading::target::Written;
use key::Key;

/// Counts keys.
#[derive(Debug)]
pub(super) struct Keys {
    pub(super) counts: Counts,
    pub(super) dialect: Dialect,
    key: Key,
    filter: Filter,
    compiled: CompiledFilter,
    /// What records with this number are counted as, and whether all of them are.
    kinds: Box<[Option<Kind>; 256]>,
}

#[derive(Clone, Copy, Debug)]
struct Kind {
    tag: u8,
    always: bool,
}

impl Keys {
    pub(super) fn new(
        filter: &Filter,
        first_field: bool,
        limits: Limits,
        dialect: Dialect,
    ) -> Keys {
        let key = RandomState::new().hash_one(0);
        let compiled = filter.compile(dialect);
        Keys {
            counts: Counts::new(limits.keys, limits.bytes, key),
            dialect,
            key: if first_field { Key::Field } else { Key::Text },
            filter: filter.clone(),
            kinds: kinds(&compiled, dialect),
            compiled,
        }
    }

    /// Counts records that lie one after the other; how many they are, and how many bytes were whole records.
    fn count(&mut self, records: &[u8]) -> Walked {
        let mut heads = Heads::new(self.dialect.layout(), records);
        let mut walked = 0;
        for place in heads.by_ref() {
            walked += 1;
            let Some(kind) = self.kinds[usize::from(place.number)] else { continue };
            let record = place.record(records);
            if !kind.always && !self.compiled.shows(&LogRecord::new(self.dialect, record)) {
                continue;
            }
            // Nearly always so many bytes are there, whoever they belong to.
            match records.get(place.payload..).and_then(<[u8]>::first_chunk) {
                Some(window) => match self.key.short(window, place.len_bytes) {
                    Some(0) => {}
                    Some(word) => self.counts.add_short(kind.tag, word),
                    None => self.counts.add(kind.tag, self.key.of(record.payload)),
                },
                None => match self.key.of(record.payload) {
                    [] => {}
                    text => self.counts.add(kind.tag, text),
                },
            }
        }
        Walked { records: walked, bytes: heads.position() }
    }
}

fn kinds(filter: &CompiledFilter, dialect: Dialect) -> Box<[Option<Kind>; 256]> {
    let mut kinds = Box::new([None; 256]);
    for (number, kind) in (0..=u8::MAX).zip(kinds.iter_mut()) {
        let tag = Tag::from_number(dialect, number).filter(|tag| tag.kind() == TagKind::Text);
        let tag = tag.filter(|_| filter.may_show(number));
        let always = filter.shows_number(number) == Some(true);
        *kind = tag.map(|tag| Kind { tag: tag as u8, always });
    }
    kinds
}

impl Sink for Keys {
    fn set_dialect(&mut self, dialect: Dialect) -> anyhow::Result<()> {
        self.dialect = dialect;
        self.compiled = self.filter.compile(dialect);
        self.kinds = kinds(&self.compiled, dialect);
        Ok(())
    }

    fn group(&mut self, group: &Group) -> anyhow::Result<Written> {
        for transaction in &group.transactions {
            self.count(transaction.bytes());
        }
        Ok(Written::Fine)
    }

    fn record(&mut self, _record: &LogRecord<'_>, bytes: &[u8]) -> anyhow::Result<Written> {
        self.count(bytes);
        Ok(Written::Fine)
    }

    fn row(&mut self, _dialect: Dialect, row: &[u8]) -> anyhow::Result<(Walked, Written)> {
        Ok((self.count(row), Written::Fine))
    }

    fn flush(&mut self) -> anyhow::Result<Written> {
        Ok(Written::Fine)
    }

    fn reopen(&mut self) -> anyhow::Result<Written> {
        Ok(Written::Fine)
    }
}

#[cfg(test)]
mod tests;
