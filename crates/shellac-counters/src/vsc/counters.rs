//! All counters of an instance.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use shellac_vsm::{Attachment, Segment, SegmentId};

use super::doc::{Format, Info, Level, Semantics, SetDoc};
use super::set::{Files, Mapped, STAT, STAT_DOC, State};

/// One counter at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counter {
    /// The set's name, a dot, and its own.
    pub name: String,
    /// Its value as it is; of a gauge that is negative, above 2^63.
    pub value: u64,
    /// What the value means.
    pub semantics: Semantics,
    /// How it is written.
    pub format: Format,
    /// For whom it is.
    pub level: Level,
    /// What it counts, in a line.
    pub oneliner: String,
    /// What it counts, at length.
    pub doc: String,
}

/// A set whose counters can be read.
#[derive(Debug)]
struct Set {
    ident: String,
    mapped: Mapped,
    /// `None` until its description was found.
    described: Option<Described>,
}

#[derive(Debug)]
struct Described {
    doc: Rc<SetDoc>,
    /// The cell of each counter; those that the segment does not have are `None`.
    cells: Vec<Option<usize>>,
}

/// A description that is mapped.
#[derive(Debug)]
struct Doc {
    mapped: Mapped,
    /// Parsed when it was ready; `None` for one that cannot be used, of which was told.
    parsed: Option<Option<(u64, Rc<SetDoc>)>>,
}

/// The counters of an instance, kept mapped: reading them again costs a load each.
#[derive(Debug, Default)]
pub struct Counters {
    sets: HashMap<SegmentId, Set>,
    docs: HashMap<SegmentId, Doc>,
    files: Files,
    /// Segments of class `Stat`, in the order of the directory.
    order: Vec<SegmentId>,
    /// Segments that cannot be used, so that each is told of once.
    given_up: HashSet<SegmentId>,
    problems: Vec<String>,
}

impl Counters {
    /// Nothing yet; [`Counters::refresh`] finds what there is.
    #[must_use]
    pub fn new() -> Counters {
        Counters::default()
    }

    /// All counters of an instance, once.
    ///
    /// Sets that are hidden, not ready or not described are not among them.
    #[must_use]
    pub fn read(attachment: &Attachment) -> Vec<Counter> {
        let mut counters = Counters::new();
        counters.refresh(attachment);
        counters.values()
    }

    /// Follows what has come and gone since the last call, as of the attachment's own last refresh.
    pub fn refresh(&mut self, attachment: &Attachment) {
        let found: Vec<&Segment> = attachment.segments().collect();
        let live: HashSet<SegmentId> = found.iter().map(|segment| segment.id).collect();
        self.sets.retain(|id, _| live.contains(id));
        self.docs.retain(|id, _| live.contains(id));
        self.given_up.retain(|id| live.contains(id));
        let wanted = |segment: &&Segment| segment.class == STAT || segment.class == STAT_DOC;
        let counted: Vec<&Segment> = found.into_iter().filter(wanted).collect();
        self.files.note(&counted);
        for segment in counted.iter().filter(|segment| segment.class == STAT_DOC) {
            if !self.docs.contains_key(&segment.id)
                && let Some(mapped) = self.map(attachment, segment)
            {
                self.docs.insert(segment.id, Doc { mapped, parsed: None });
            }
            self.parse(attachment, segment);
        }
        self.order.clear();
        for segment in counted.iter().filter(|segment| segment.class == STAT) {
            if !self.sets.contains_key(&segment.id)
                && let Some(mapped) = self.map(attachment, segment)
            {
                let set = Set { ident: segment.ident.clone(), mapped, described: None };
                self.sets.insert(segment.id, set);
            }
            self.order.push(segment.id);
        }
        self.describe();
    }

    /// What could not be used since the last call, for a person.
    pub fn problems(&mut self) -> Vec<String> {
        std::mem::take(&mut self.problems)
    }

    /// Hands over every counter: the name of its set, what is known of it, its value. Sets come in the order of the
    /// directory, counters in that of their description.
    pub fn each(&self, mut take: impl FnMut(&str, &Info, u64)) {
        for set in self.order.iter().filter_map(|id| self.sets.get(id)) {
            let Some(described) = &set.described else { continue };
            if set.mapped.state() != State::Valid {
                continue;
            }
            for (info, cell) in described.doc.counters.iter().zip(&described.cells) {
                if let Some(cell) = *cell {
                    take(&set.ident, info, set.mapped.value(cell));
                }
            }
        }
    }

    /// Every counter with everything about it.
    #[must_use]
    pub fn values(&self) -> Vec<Counter> {
        let mut values = Vec::new();
        self.each(|set, info, value| {
            values.push(Counter {
                name: format!("{set}.{}", info.name),
                value,
                semantics: info.semantics,
                format: info.format,
                level: info.level,
                oneliner: info.oneliner.clone(),
                doc: info.doc.clone(),
            });
        });
        values
    }

    fn map(&mut self, attachment: &Attachment, segment: &Segment) -> Option<Mapped> {
        if self.given_up.contains(&segment.id) {
            return None;
        }
        match self.files.map(attachment, segment) {
            Ok(mapped) => Some(mapped),
            // Removed since the attachment looked; the next look will not find it.
            Err(error) if error.is_gone() => None,
            Err(error) => {
                self.given_up.insert(segment.id);
                self.problems.push(error.full_text());
                None
            }
        }
    }

    /// Parses a description that has become ready.
    fn parse(&mut self, attachment: &Attachment, segment: &Segment) {
        let Some(doc) = self.docs.get_mut(&segment.id) else { return };
        if doc.parsed.is_some() || doc.mapped.state() == State::NotYet {
            return;
        }
        doc.parsed = Some(match doc.mapped.doc() {
            Ok(parsed) => Some((doc.mapped.doc_id(), Rc::new(parsed))),
            Err(reason) => {
                let path = attachment.path(segment);
                self.problems.push(format!("{}: {reason}", path.display()));
                None
            }
        });
    }

    /// Finds the descriptions of sets that have none yet. One that comes later is found by a later refresh.
    fn describe(&mut self) {
        let known: HashMap<u64, &Rc<SetDoc>> = self
            .docs
            .values()
            .filter_map(|doc| doc.parsed.as_ref()?.as_ref())
            .map(|(id, doc)| (*id, doc))
            .collect();
        for id in &self.order {
            let Some(set) = self.sets.get_mut(id) else { continue };
            if set.described.is_some() || set.mapped.state() == State::NotYet {
                continue;
            }
            let Some(doc) = known.get(&set.mapped.doc_id()) else { continue };
            let cells: Vec<Option<usize>> =
                doc.counters.iter().map(|info| set.mapped.cell_of(info)).collect();
            let missing = cells.iter().filter(|cell| cell.is_none()).count();
            if missing > 0 {
                self.problems.push(format!(
                    "set {}: its description has {missing} counters that lie outside of it",
                    set.ident
                ));
            }
            set.described = Some(Described { doc: Rc::clone(doc), cells });
        }
    }
}
