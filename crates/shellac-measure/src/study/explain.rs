//! From counts to the few sentences that explain the failures.

use super::rows::{Row, Rows};
use super::{Place, Study};
use crate::concentration::{Cell, Finding, Outcome, Table};

/// Explanations at most: each one of what those before leave unexplained.
const MAX_EXPLANATIONS: usize = 3;
/// Conditions of one explanation.
const MAX_CLAUSES: usize = 3;

/// What a finding is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The dimension with this number.
    Dimension(usize),
    /// The flag with this name.
    Flag(String),
}

/// A condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Clause {
    /// The unit has one of these values, worst first, in this dimension.
    Is {
        /// The number of the dimension.
        dimension: usize,
        /// At least one.
        values: Vec<String>,
    },
    /// The flag is set, or is not.
    Flag {
        /// Its name.
        name: String,
        /// Whether it is set.
        set: bool,
    },
}

/// Why many units fail: all of these conditions hold for them.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// At least one; the first explains most.
    pub clauses: Vec<Clause>,
    /// Units for which they hold, and failures among them. With several clauses, and more units than a sample
    /// holds, an estimate.
    pub these: Cell,
    /// The share of all failures for which they hold.
    pub share_of_failed: f64,
    /// The share of good units for which they hold, of those where it is known.
    pub share_of_good: f64,
    /// `ln` of how likely that is by chance, over everything that was tested.
    pub ln_p: f64,
    /// What differs only because of this.
    pub subsumes: Vec<Subject>,
}

/// What came of a study.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Findings {
    /// Units and failures.
    pub total: Cell,
    /// What explains them, most first; each one explains failures that those before do not.
    pub explanations: Vec<Explanation>,
    /// Where failing and good units differ, but too little to explain much.
    pub uneven: Vec<Subject>,
    /// Where they may differ: there are too few failures to be sure, for everything that was compared.
    pub unsure: Vec<Subject>,
    /// Where they do not differ.
    pub even: Vec<Subject>,
    /// What is the same for all units, or never known.
    pub same: Vec<Subject>,
    /// Where there are too few failures to tell, bursts counted once.
    pub too_few: Vec<Subject>,
    /// Dimensions with so many values that some are not told apart, and the share of units that have one of those.
    pub cut_off: Vec<(Subject, f64)>,
    /// Flags that were left out, each time they were set.
    pub flags_left_out: u64,
}

/// What one subject looks like among some units.
struct Answer {
    place: Place,
    outcome: Outcome,
}

impl Answer {
    fn concentrated(&self) -> Option<&Finding> {
        match &self.outcome {
            Outcome::Concentrated(finding) => Some(finding),
            _ => None,
        }
    }

    fn differs(&self) -> bool {
        matches!(self.outcome, Outcome::Concentrated(_) | Outcome::Uneven(_))
    }
}

/// A condition as rows are asked for it.
struct Condition {
    place: Place,
    values: Vec<usize>,
}

impl Condition {
    fn holds(&self, row: &Row) -> bool {
        row.value(self.place).is_some_and(|value| self.values.contains(&value))
    }
}

pub(super) fn explain(study: &Study) -> Findings {
    let total = study.total();
    let places: Vec<Place> = study.subjects().collect();
    let exact = examine(&places, |place| study.table(place));
    let mut findings =
        Findings { total, flags_left_out: study.flags_left_out, ..Findings::default() };
    let all = Rows::all(study);
    let mut left = all.clone();
    let mut subsumed: Vec<Place> = Vec::new();
    let mut sampled;
    let mut answers = &exact;
    while findings.explanations.len() < MAX_EXPLANATIONS {
        let Some(found) = explain_one(study, &places, answers, &left) else { break };
        subsumed.extend(&found.subsumes);
        subsumed.extend(found.conditions.iter().map(|condition| condition.place));
        left = left.filter(|row| !found.conditions.iter().all(|condition| condition.holds(row)));
        let explanation = found.explanation(study, &all);
        findings.explanations.push(explanation);
        sampled = examine(&places, |place| left.table(study, place));
        answers = &sampled;
    }
    for answer in &exact {
        let list = match answer.outcome {
            _ if subsumed.contains(&answer.place) => continue,
            Outcome::Same => &mut findings.same,
            Outcome::TooFew(_) => &mut findings.too_few,
            Outcome::Unsure => &mut findings.unsure,
            Outcome::Even => &mut findings.even,
            Outcome::Uneven(_) | Outcome::Concentrated(_) => &mut findings.uneven,
        };
        list.push(study.subject(answer.place));
    }
    for (number, dimension) in study.dimensions.iter().enumerate() {
        let other = dimension.other();
        if other.attempts > 0 {
            let share = other.attempts as f64 / total.attempts.max(1) as f64;
            findings.cut_off.push((Subject::Dimension(number), share));
        }
    }
    findings
}

/// Asks about everything at once; each question allows for the others.
fn examine(places: &[Place], table: impl Fn(Place) -> Table) -> Vec<Answer> {
    let mut tables: Vec<Table> = places.iter().map(|&place| table(place)).collect();
    let tests = |table: &Table| {
        let used = |cells: &&Vec<Cell>| cells.iter().any(|cell| cell.attempts > 0);
        table.values.iter().filter(used).count() as u64
    };
    let each: Vec<u64> = tables.iter().map(tests).collect();
    let all: u64 = each.iter().sum();
    let answers = places.iter().zip(tables.iter_mut().zip(each));
    let answers = answers.map(|(&place, (table, tests))| {
        table.other_tests = all - tests;
        Answer { place, outcome: table.examine() }
    });
    answers.collect()
}

/// The answer that explains most; of two that explain the same, the first.
fn best(answers: &[Answer]) -> Option<(Place, &Finding)> {
    let mut best: Option<(Place, &Finding)> = None;
    for answer in answers {
        if let Some(finding) = answer.concentrated()
            && best.is_none_or(|(_, best)| finding.explained > best.explained + 1e-9)
        {
            best = Some((answer.place, finding));
        }
    }
    best
}

/// An explanation in the study's own numbers.
struct Found {
    conditions: Vec<Condition>,
    finding: Finding,
    subsumes: Vec<Place>,
}

/// The best explanation of the failures among `left`, of which `answers` are known.
fn explain_one(
    study: &Study,
    places: &[Place],
    answers: &[Answer],
    left: &Rows<'_>,
) -> Option<Found> {
    let (place, finding) = best(answers)?;
    let finding = finding.clone();
    let mut conditions = vec![Condition { place, values: finding.values.clone() }];
    let mut inside = left.filter(|row| conditions[0].holds(row));
    let mut within = examine(places, |place| inside.table(study, place));
    while conditions.len() < MAX_CLAUSES {
        let Some((place, finding)) = best(&within) else { break };
        let condition = Condition { place, values: finding.values.clone() };
        inside = inside.filter(|row| condition.holds(row));
        conditions.push(condition);
        within = examine(places, |place| inside.table(study, place));
    }
    let outside = left.filter(|row| !conditions.iter().all(|condition| condition.holds(row)));
    let outside = examine(places, |place| outside.table(study, place));
    let still_differs = |place: Place| {
        let differs = |answer: &Answer| answer.place == place && answer.differs();
        within.iter().any(differs) || outside.iter().any(differs)
    };
    let may_differ = |answer: &&Answer| answer.differs() || answer.outcome == Outcome::Unsure;
    let subsumes = answers.iter().filter(may_differ).map(|answer| answer.place);
    let subsumes = subsumes
        .filter(|&place| conditions.iter().all(|condition| condition.place != place))
        .filter(|&place| !still_differs(place))
        .collect();
    Some(Found { conditions, finding, subsumes })
}

impl Found {
    fn explanation(self, study: &Study, all: &Rows<'_>) -> Explanation {
        let total = study.total();
        let holds = |row: &&&Row| self.conditions.iter().all(|condition| condition.holds(row));
        let is_known = |row: &&&Row| {
            self.conditions.iter().all(|condition| row.value(condition.place).is_some())
        };
        let count = |rows: &[&Row]| rows.iter().filter(holds).count() as f64;
        let share = |part: f64, whole: usize| if whole == 0 { 0.0 } else { part / whole as f64 };
        let (failed, good) = (count(&all.failed), count(&all.good));
        let share_of_failed = share(failed, all.failed.len());
        let share_of_good = share(good, all.good.iter().filter(is_known).count());
        let [only] = &self.conditions[..] else {
            #[allow(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a share of a count"
            )]
            let of = |share: f64, whole: u64| (share * whole as f64).round() as u64;
            let failures = of(share_of_failed, total.failures);
            let good = of(share(good, all.good.len()), total.attempts - total.failures);
            let these = Cell { attempts: failures.saturating_add(good), failures };
            return self.with(study, these, share_of_failed, share_of_good);
        };
        // One condition was counted exactly.
        let table = study.table(only.place);
        let (mut these, mut known) = (Cell::default(), Cell::default());
        for (value, cells) in table.values.iter().enumerate() {
            let sum = cells.iter().fold(Cell::default(), |sum, cell| sum.plus(*cell));
            known = known.plus(sum);
            if only.values.contains(&value) {
                these = these.plus(sum);
            }
        }
        let good = |cell: Cell| cell.attempts - cell.failures;
        let share = |part: u64, whole: u64| part as f64 / whole.max(1) as f64;
        let share_of_failed = share(these.failures, total.failures);
        let share_of_good = share(good(these), good(known));
        self.with(study, these, share_of_failed, share_of_good)
    }

    fn with(
        self,
        study: &Study,
        these: Cell,
        share_of_failed: f64,
        share_of_good: f64,
    ) -> Explanation {
        Explanation {
            clauses: self.conditions.iter().map(|condition| study.clause(condition)).collect(),
            these,
            share_of_failed,
            share_of_good,
            ln_p: self.finding.ln_p,
            subsumes: self.subsumes.iter().map(|&place| study.subject(place)).collect(),
        }
    }
}

impl Study {
    fn subject(&self, place: Place) -> Subject {
        match place {
            Place::Dimension(number) => Subject::Dimension(number),
            Place::Flag(number) => Subject::Flag(self.flags[number].0.to_string()),
        }
    }

    fn clause(&self, Condition { place, values }: &Condition) -> Clause {
        match *place {
            Place::Dimension(dimension) => {
                let name = |&value: &usize| self.dimensions[dimension].name(value).to_owned();
                Clause::Is { dimension, values: values.iter().map(name).collect() }
            }
            Place::Flag(number) => {
                Clause::Flag { name: self.flags[number].0.to_string(), set: values.contains(&0) }
            }
        }
    }
}
