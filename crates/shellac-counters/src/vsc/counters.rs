//! All counters of an instance.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use shellac_vsm::{Attachment, Segment, SegmentId, SetKind};

use super::doc::{Format, Info, Level, Semantics, SetDoc};
use super::set::{Files, Mapped, STAT, STAT_DOC, State};

/// Most counters that are read: a hostile directory can promise any number with a few lines.
const COUNTERS_MOST: usize = 1 << 20;
/// Most problems that are kept until somebody asks.
const PROBLEMS_MOST: usize = 100;

/// One counter at one moment, with everything about it.
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

/// Names a counter as long as its set is there, hidden or not; none is used twice in a [`Counters`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CounterId(u64);

/// One counter at one moment, without a copy of anything.
#[derive(Clone, Copy, Debug)]
pub struct Reading<'c> {
    /// The same for the same counter at any time.
    pub id: CounterId,
    /// The name of its set.
    pub set: &'c str,
    /// What is known of it.
    pub info: &'c Info,
    /// Its value as it is; of a gauge that is negative, above 2^63.
    pub value: u64,
}

/// A set whose values are mapped.
#[derive(Debug)]
struct Set {
    id: SegmentId,
    kind: SetKind,
    ident: String,
    mapped: Mapped,
    /// `None` until its description was found.
    described: Option<Described>,
    /// As of the last look.
    state: State,
}

impl Set {
    /// What is shown of it.
    fn shown(&self) -> Option<&Described> {
        self.described.as_ref().filter(|_| self.state == State::Valid)
    }
}

#[derive(Debug)]
struct Described {
    doc: Rc<SetDoc>,
    /// Where its body begins, in bytes.
    body: u64,
    /// The identity of its first counter; the others follow.
    first: u64,
    /// Counters that the segment has.
    len: usize,
}

/// A description that is mapped.
#[derive(Debug)]
struct Doc {
    id: SegmentId,
    kind: SetKind,
    mapped: Mapped,
    /// Where it lies, for messages.
    path: std::path::PathBuf,
    /// Parsed when it was ready; `None` for one that cannot be used, of which was told.
    parsed: Option<Option<(u64, Rc<SetDoc>)>>,
}

/// The counters of an instance, kept mapped: reading them again costs a load each.
#[derive(Debug, Default)]
pub struct Counters {
    /// In the order of the directory, as are descriptions.
    sets: Vec<Set>,
    docs: Vec<Doc>,
    files: Files,
    /// Segments that cannot be used, so that each is told of once.
    given_up: HashSet<SegmentId>,
    problems: Vec<String>,
    /// The attachment's revision that was followed.
    seen: Option<u64>,
    layout: u64,
    /// Counters of sets that are shown.
    len: usize,
    /// Identities given so far.
    ids: u64,
    /// Counters of all sets that are described.
    described: usize,
    /// It was told that there are too many.
    is_full: bool,
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

    /// Follows what has come and gone since the last call, as of the attachment's own last refresh. It has to be the same attachment
    /// each time.
    ///
    /// It costs a load per set when nothing has.
    pub fn refresh(&mut self, attachment: &Attachment) {
        let mut changed = false;
        if self.seen != Some(attachment.revision()) {
            self.seen = Some(attachment.revision());
            self.follow(attachment);
            changed = true;
        }
        self.parse();
        let states: Vec<State> = self.sets.iter().map(|set| set.mapped.state()).collect();
        for (set, state) in self.sets.iter_mut().zip(states) {
            changed |= std::mem::replace(&mut set.state, state) != state;
        }
        changed |= self.describe();
        if changed {
            self.layout += 1;
            let shown = self.sets.iter().filter_map(Set::shown);
            self.len = shown.map(|described| described.len).sum();
        }
    }

    /// A number that is another one whenever a refresh has found that counters came, went, appeared or were hidden. As long as it
    /// is the same, [`Counters::each`] and its like hand over the same counters in the same order.
    #[must_use]
    pub fn layout(&self) -> u64 {
        self.layout
    }

    /// How many counters there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// What could not be used since the last call, for a person.
    pub fn problems(&mut self) -> Vec<String> {
        std::mem::take(&mut self.problems)
    }

    /// Every counter: sets come in the order of the directory, counters in that of their description.
    pub fn readings(&self) -> impl Iterator<Item = Reading<'_>> {
        self.sets.iter().filter_map(|set| Some((set, set.shown()?))).flat_map(|(set, described)| {
            let all = described.doc.counters.iter().zip(described.first..);
            all.filter_map(move |(info, id)| {
                let value = set.mapped.value(described.body, info)?;
                Some(Reading { id: CounterId(id), set: &set.ident, info, value })
            })
        })
    }

    /// Hands over every counter: the name of its set, what is known of it, its value.
    pub fn each(&self, mut take: impl FnMut(&str, &Info, u64)) {
        self.readings().for_each(|reading| take(reading.set, reading.info, reading.value));
    }

    /// The values of all counters, in place of what is in `values`.
    pub fn sample(&self, values: &mut Vec<u64>) {
        values.clear();
        values.extend(self.readings().map(|reading| reading.value));
    }

    /// Every counter with everything about it.
    #[must_use]
    pub fn values(&self) -> Vec<Counter> {
        let counter = |reading: Reading<'_>| {
            let Reading { set, info, value, .. } = reading;
            Counter {
                name: format!("{set}.{}", info.name),
                value,
                semantics: info.semantics,
                format: info.format,
                level: info.level,
                oneliner: info.oneliner.clone(),
                doc: info.doc.clone(),
            }
        };
        self.readings().map(counter).collect()
    }

    /// Maps what has come and forgets what has gone.
    fn follow(&mut self, attachment: &Attachment) {
        let counted = |segment: &&Segment| segment.class == STAT || segment.class == STAT_DOC;
        let found: Vec<&Segment> = attachment.segments().filter(counted).collect();
        let live: HashSet<SegmentId> = found.iter().map(|segment| segment.id).collect();
        self.given_up.retain(|id| live.contains(id));
        let mut sets: HashMap<SegmentId, Set> =
            self.sets.drain(..).map(|set| (set.id, set)).collect();
        let mut docs: HashMap<SegmentId, Doc> =
            self.docs.drain(..).map(|doc| (doc.id, doc)).collect();
        sets.retain(|id, _| live.contains(id));
        docs.retain(|id, _| live.contains(id));
        self.files.note(&found);
        for segment in found {
            let (id, kind) = (segment.id, segment.set);
            if segment.class == STAT_DOC {
                let new = || {
                    let mapped = self.map(attachment, segment)?;
                    let path = attachment.path(segment);
                    Some(Doc { id, kind, mapped, path, parsed: None })
                };
                let doc = docs.remove(&id).or_else(new);
                self.docs.extend(doc);
            } else {
                let new = || {
                    let mapped = self.map(attachment, segment)?;
                    let ident = segment.ident.clone();
                    let state = State::NotYet;
                    Some(Set { id, kind, ident, mapped, described: None, state })
                };
                let set = sets.remove(&id).or_else(new);
                self.sets.extend(set);
            }
        }
        self.described = self
            .sets
            .iter()
            .filter_map(|set| set.described.as_ref())
            .fold(0, |sum, described| sum + described.doc.counters.len());
        self.is_full &= self.described >= COUNTERS_MOST;
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
                tell(&mut self.problems, || error.full_text());
                None
            }
        }
    }

    /// Parses descriptions that have become ready.
    fn parse(&mut self) {
        for doc in &mut self.docs {
            if doc.parsed.is_some() || doc.mapped.state() == State::NotYet {
                continue;
            }
            doc.parsed = Some(match doc.mapped.doc() {
                Ok(parsed) => Some((doc.mapped.doc_id(), Rc::new(parsed))),
                Err(reason) => {
                    tell(&mut self.problems, || format!("{}: {reason}", doc.path.display()));
                    None
                }
            });
        }
    }

    /// Finds the descriptions of sets that have none yet; whether it found any. One that comes later is found by a later refresh.
    fn describe(&mut self) -> bool {
        if self.sets.iter().all(|set| set.described.is_some() || set.state == State::NotYet) {
            return false;
        }
        // The first one counts. Manager and worker number theirs independently of each other.
        let mut own: HashMap<(SetKind, u64), &Rc<SetDoc>> = HashMap::new();
        let mut any: HashMap<u64, &Rc<SetDoc>> = HashMap::new();
        for doc in &self.docs {
            if let Some(Some((id, parsed))) = &doc.parsed {
                own.entry((doc.kind, *id)).or_insert(parsed);
                any.entry(*id).or_insert(parsed);
            }
        }
        let mut changed = false;
        for set in &mut self.sets {
            if set.described.is_some() || set.state == State::NotYet {
                continue;
            }
            let id = set.mapped.doc_id();
            let Some(doc) = own.get(&(set.kind, id)).or_else(|| any.get(&id)) else { continue };
            let count = doc.counters.len();
            if self.described.saturating_add(count) > COUNTERS_MOST {
                if !std::mem::replace(&mut self.is_full, true) {
                    tell(&mut self.problems, || {
                        format!(
                            "there are more than {COUNTERS_MOST} counters; the rest is not read"
                        )
                    });
                }
                continue;
            }
            let body = set.mapped.body();
            let has = |info: &&Info| set.mapped.value(body, info).is_some();
            let len = doc.counters.iter().filter(has).count();
            if len < count {
                tell(&mut self.problems, || {
                    format!(
                        "set {}: its description has {} counters that lie outside of it",
                        set.ident,
                        count - len
                    )
                });
            }
            self.described += count;
            let doc = Rc::clone(doc);
            set.described = Some(Described { doc, body, first: self.ids, len });
            self.ids += count as u64;
            changed = true;
        }
        changed
    }
}

/// Keeps a problem, if there are not too many already.
fn tell(problems: &mut Vec<String>, text: impl FnOnce() -> String) {
    if problems.len() < PROBLEMS_MOST {
        problems.push(text());
    }
}
