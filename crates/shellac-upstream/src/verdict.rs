//! Whether the failures of the last minute are those of few backends, nodes or zones.
//!
//! [`Verdicts`] is handed, every five seconds, how many first attempts each backend had meanwhile and how many of these failed;
//! later attempts depend on what went before and say nothing new. The last twelve of these sub-windows are what is
//! tested (`shellac-measure`, `concentration`), for each dimension in which backends are told apart. A verdict begins with the
//! first window that shows it, and ends when several in a row do not.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use shellac_measure::concentration::{Cell, Finding, Outcome, Table};

/// How long a sub-window is.
pub const SUB_WINDOW: Duration = Duration::from_secs(5);
/// So many of them are a window.
pub const SUB_WINDOWS: usize = 12;
/// A verdict ends, or makes room for another one, when so many windows in a row do not show it.
const PATIENCE: u32 = 3;
/// Values of a dimension that are told apart; further ones are counted together and not named.
const MOST_VALUES: usize = 20_000;
/// Attempts of a sub-window that are believed: no backend has more, and sums stay numbers.
const MOST_ATTEMPTS: u64 = 1_000_000_000;
/// A finding with fewer values is preferred when it explains this share of what the best one explains.
const NEARLY: f64 = 0.9;
/// Failures of what is named lie in at least so many sub-windows: a few bursts are few events, however many failures they are.
const MIN_PARTS: usize = 4;
/// Values that a verdict names.
const MOST_NAMED: usize = 8;

/// What backends are told apart by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dimension {
    /// Their names.
    Backend,
    /// The machines that they run on.
    Node,
    /// The parts of the network that they are in.
    Zone,
}

impl Dimension {
    /// All of them. Where two say the same, the first one is named.
    pub const ALL: [Dimension; 3] = [Dimension::Backend, Dimension::Node, Dimension::Zone];

    /// The word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Dimension::Backend => "backend",
            Dimension::Node => "node",
            Dimension::Zone => "zone",
        }
    }
}

/// First attempts at one backend in one sub-window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observation<'a> {
    /// The backend's name.
    pub backend: &'a str,
    /// The machine that it runs on, where that is known.
    pub node: Option<&'a str>,
    /// The part of the network that it is in, where that is known.
    pub zone: Option<&'a str>,
    /// Attempts with an outcome that is not the client's doing.
    pub attempts: u64,
    /// Those that failed.
    pub failures: u64,
}

impl Observation<'_> {
    fn value(&self, dimension: Dimension) -> Option<&str> {
        match dimension {
            Dimension::Backend => Some(self.backend),
            Dimension::Node => self.node,
            Dimension::Zone => self.zone,
        }
    }

    fn cell(&self) -> Cell {
        let attempts = self.attempts.min(MOST_ATTEMPTS);
        Cell { attempts, failures: self.failures.min(attempts) }
    }
}

/// Most failures are those of few values.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// What the values are.
    pub dimension: Dimension,
    /// The values, worst first; at most eight of them.
    pub values: Vec<String>,
    /// How many there are.
    pub count: usize,
    /// Since when that has been so.
    pub since: Duration,
    /// Their attempts and failures in the last minute.
    pub these: Cell,
    /// Those of all others.
    pub rest: Cell,
    /// Their share of all failures, 0 to 1.
    pub share: f64,
    /// `ln` of how likely that is by chance.
    pub ln_p: f64,
}

/// What a sub-window has changed.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// Nothing that anybody need be told.
    None,
    /// Failures concentrate, or they do on something else now.
    Begins(Verdict),
    /// They do not any more.
    Ends(Verdict),
}

/// One sub-window: for each dimension the cells of its values, and the failures whose value is not known.
#[derive(Clone, Debug, Default)]
struct Part {
    values: [BTreeMap<String, Cell>; 3],
    unknown: [u64; 3],
    other: [Cell; 3],
}

/// Watches the failures.
#[derive(Clone, Debug, Default)]
pub struct Verdicts {
    parts: VecDeque<Part>,
    current: Option<Verdict>,
    /// Windows in a row that do not show the current verdict.
    without: u32,
    /// Windows in a row that show another one.
    other: u32,
}

impl Verdict {
    /// Whether two verdicts name the same, in whatever order.
    fn is_about(&self, other: &Verdict) -> bool {
        self.dimension == other.dimension
            && self.count == other.count
            && self.values.iter().all(|value| other.values.contains(value))
    }
}

impl Verdicts {
    /// Nothing was seen yet.
    #[must_use]
    pub fn new() -> Verdicts {
        Verdicts::default()
    }

    /// Takes the sub-window that ended `now`, and looks at the window that ends with it.
    pub fn observe(&mut self, now: Duration, observations: &[Observation<'_>]) -> Change {
        let mut part = Part::default();
        for observation in observations.iter().filter(|it| it.attempts > 0 || it.failures > 0) {
            part.add(observation);
        }
        if self.parts.len() == SUB_WINDOWS {
            self.parts.pop_front();
        }
        self.parts.push_back(part);
        self.settle(now)
    }

    /// What holds now.
    #[must_use]
    pub fn current(&self) -> Option<&Verdict> {
        self.current.as_ref()
    }

    /// Attempts and failures of the last minute.
    #[must_use]
    pub fn totals(&self) -> Cell {
        let backend = Dimension::Backend as usize;
        let cells = self
            .parts
            .iter()
            .flat_map(|part| part.values[backend].values().copied().chain([part.other[backend]]));
        cells.fold(Cell::default(), Cell::plus)
    }

    fn settle(&mut self, now: Duration) -> Change {
        let Some(mut found) = self.examine(now) else {
            if self.current.is_some() {
                self.without += 1;
            }
            if self.without < PATIENCE {
                return Change::None;
            }
            self.without = 0;
            return self.current.take().map_or(Change::None, Change::Ends);
        };
        self.without = 0;
        if let Some(before) = &self.current {
            if before.is_about(&found) {
                self.other = 0;
                found.since = before.since;
                self.current = Some(found);
                return Change::None;
            }
            // While a minute fills, the same fault looks like one backend, like two, and then like their node.
            self.other += 1;
            if self.other < PATIENCE {
                return Change::None;
            }
        }
        self.other = 0;
        self.current = Some(found.clone());
        Change::Begins(found)
    }

    /// What the window shows, once there is a whole one: how far failures come in bursts cannot be told from less.
    fn examine(&self, now: Duration) -> Option<Verdict> {
        if self.parts.len() < SUB_WINDOWS {
            return None;
        }
        let mut tables: Vec<(Dimension, Vec<&str>, Table)> =
            Dimension::ALL.iter().map(|&dimension| self.table(dimension)).collect();
        let tests = |table: &Table| if table.candidates > 1 { table.candidates as u64 } else { 0 };
        let all: u64 = tables.iter().map(|(_, _, table)| tests(table)).sum();
        let mut found: Vec<(Dimension, Vec<&str>, Finding)> = Vec::new();
        for (dimension, names, mut table) in tables.drain(..) {
            table.other_tests = all - tests(&table);
            if let Outcome::Concentrated(finding) = table.examine()
                && lasts(&table, &finding.values)
            {
                found.push((dimension, names, finding));
            }
        }
        // One bad node says more than the three backends on it, even if these explain a little more by chance.
        let most = found.iter().map(|(_, _, it)| it.explained).fold(0.0, f64::max);
        let near = found.into_iter().filter(|(_, _, it)| it.explained >= NEARLY * most);
        let (dimension, names, finding) = near.min_by_key(|(_, _, it)| it.values.len())?;
        let Finding { values, these, rest, ln_p, .. } = finding;
        let failures = these.plus(rest).failures.max(1);
        Some(Verdict {
            dimension,
            values: values
                .iter()
                .filter_map(|&at| names.get(at))
                .take(MOST_NAMED)
                .map(|name| (*name).to_owned())
                .collect(),
            count: values.len(),
            since: now,
            these,
            rest,
            share: these.failures as f64 / failures as f64,
            ln_p,
        })
    }

    /// The window in one dimension, and the names of its values.
    fn table(&self, dimension: Dimension) -> (Dimension, Vec<&str>, Table) {
        let at = dimension as usize;
        let mut places: BTreeMap<&str, usize> = BTreeMap::new();
        for name in self.parts.iter().flat_map(|part| part.values[at].keys()) {
            let next = places.len();
            if next < MOST_VALUES || places.contains_key(name.as_str()) {
                places.entry(name).or_insert(next);
            }
        }
        let candidates = places.len();
        // One more for what is beyond those that are told apart.
        let mut values = vec![vec![Cell::default(); self.parts.len()]; candidates + 1];
        let mut unknown_failures: u64 = 0;
        for (window, part) in self.parts.iter().enumerate() {
            unknown_failures = unknown_failures.saturating_add(part.unknown[at]);
            values[candidates][window] = part.other[at];
            for (name, cell) in &part.values[at] {
                let place = places.get(name.as_str()).copied().unwrap_or(candidates);
                values[place][window] = values[place][window].plus(*cell);
            }
        }
        let mut names = vec![""; candidates];
        for (name, place) in places {
            names[place] = name;
        }
        (dimension, names, Table { values, candidates, unknown_failures, ..Table::default() })
    }
}

impl Part {
    fn add(&mut self, observation: &Observation<'_>) {
        let cell = observation.cell();
        for dimension in Dimension::ALL {
            let at = dimension as usize;
            let Some(value) = observation.value(dimension) else {
                self.unknown[at] = self.unknown[at].saturating_add(cell.failures);
                continue;
            };
            let values = &mut self.values[at];
            if let Some(sum) = values.get_mut(value) {
                *sum = sum.plus(cell);
            } else if values.len() < MOST_VALUES {
                values.insert(value.to_owned(), cell);
            } else {
                self.other[at] = self.other[at].plus(cell);
            }
        }
    }
}

/// Whether these values fail again and again, and not at a few moments.
fn lasts(table: &Table, values: &[usize]) -> bool {
    let fails = |window: &usize| {
        let cell = |&value: &usize| table.values.get(value)?.get(*window);
        values.iter().filter_map(cell).any(|cell| cell.failures > 0)
    };
    (0..SUB_WINDOWS).filter(fails).count() >= MIN_PARTS
}

#[cfg(test)]
mod tests;
