//! Studies of units whose failures have a known reason, and of such that have none.

use super::{Clause, Findings, Limits, Study, Subject, Unit};
use crate::dice::Dice;

/// Dimensions of the made-up units.
const NAMES: [&str; 6] = ["connection", "body", "backend", "url", "client", "age"];

/// A made-up unit.
struct Made {
    new: bool,
    body: bool,
    backend: usize,
    url: usize,
    client: usize,
    flag: bool,
}

impl Made {
    fn roll(dice: &mut Dice) -> Made {
        // Traffic is skewed: the first values of most dimensions have most of it.
        let skewed = |dice: &mut Dice, values: usize| dice.below(values).min(dice.below(values));
        Made {
            new: dice.share() < 0.4,
            body: dice.share() < 0.3,
            backend: dice.below(9),
            url: skewed(dice, 40),
            client: skewed(dice, 900),
            flag: dice.share() < 0.5,
        }
    }

    fn add(&self, study: &mut Study, failed: bool, dice: &mut Dice) {
        let (url, client) = (format!("/u{}", self.url), format!("10.0.{}.0/24", self.client));
        let backend = format!("b{}", self.backend);
        let age = if self.backend < 4 { "< 1 s" } else { "longer" };
        let values = [
            Some(if self.new { "new" } else { "reused" }),
            Some(if self.body { "body" } else { "no body" }),
            Some(&*backend),
            Some(&*url),
            Some(&*client),
            (!self.new).then_some(age),
        ];
        let flags: &[&str] = match (self.flag, self.body) {
            (true, true) => &["Accept", "Content-Type"],
            (true, false) => &["Accept"],
            (false, true) => &["Content-Type"],
            (false, false) => &[],
        };
        study.add(&Unit { failed, values: &values, flags }, dice.roll());
    }
}

/// A study of so many units, each of which fails with the chance that `rate` gives it.
fn study(units: usize, limits: Limits, dice: &mut Dice, rate: impl Fn(&Made) -> f64) -> Study {
    let mut study = Study::new(NAMES.len(), limits);
    for _ in 0..units {
        let made = Made::roll(dice);
        let failed = dice.share() < rate(&made);
        made.add(&mut study, failed, dice);
    }
    study
}

/// The same seed in every run, or that of `SHELLAC_SEED`; said when a test fails.
fn seeded() -> (u64, Dice) {
    let given = std::env::var("SHELLAC_SEED").ok().and_then(|text| text.parse().ok());
    let seed: u64 = given.unwrap_or(1);
    println!("seed {seed}");
    (seed, Dice::new(seed))
}

fn is(dimension: &str, values: &[&str]) -> Clause {
    let dimension = NAMES.iter().position(|name| *name == dimension).unwrap();
    Clause::Is { dimension, values: values.iter().map(|&value| value.to_owned()).collect() }
}

fn clauses(findings: &Findings) -> Vec<Vec<Clause>> {
    let sorted = |clauses: &Vec<Clause>| {
        let mut clauses = clauses.clone();
        clauses.sort_by_key(|clause| format!("{clause:?}"));
        for clause in &mut clauses {
            if let Clause::Is { values, .. } = clause {
                values.sort();
            }
        }
        clauses
    };
    findings.explanations.iter().map(|it| sorted(&it.clauses)).collect()
}

fn subjects(names: &[&str]) -> Vec<Subject> {
    let number = |name: &&str| NAMES.iter().position(|it| it == name).map(Subject::Dimension);
    names.iter().map(|name| number(name).unwrap_or(Subject::Flag((*name).to_owned()))).collect()
}

#[test]
fn a_planted_pair_is_found_and_nothing_else() {
    let (seed, mut dice) = seeded();
    for _ in 0..10 {
        let rate = |made: &Made| if made.new && made.body { 0.4 } else { 0.003 };
        let findings = study(6000, Limits::default(), &mut dice, rate).findings();
        let expected = vec![is("connection", &["new"]), is("body", &["body"])];
        let mut expected = vec![expected];
        expected[0].sort_by_key(|clause| format!("{clause:?}"));
        assert_eq!(clauses(&findings), expected, "seed {seed}: {findings:#?}");
        let found = &findings.explanations[0];
        assert!(
            found.share_of_failed > 0.85 && found.share_of_good < 0.12,
            "seed {seed}: {found:#?}"
        );
        assert!(found.ln_p < -50.0, "seed {seed}: {found:#?}");
        // A body comes with its type: that is the same finding once more.
        let content_type = &subjects(&["Content-Type"])[0];
        assert!(found.subsumes.contains(content_type), "seed {seed}: {found:#?}");
        // Chance makes one of them look doubtful now and then, but not more than that.
        for even in subjects(&["backend", "url", "Accept"]) {
            assert!(!findings.uneven.contains(&even), "seed {seed}: {even:?} {findings:#?}");
        }
        assert!(findings.even.len() >= 2, "seed {seed}: {findings:#?}");
        // Ages are known for reused connections only, of which few failed.
        assert!(!findings.explanations.iter().any(|it| it.clauses.len() > 2));
    }
}

#[test]
fn two_bad_backends_of_nine_are_one_explanation() {
    let (seed, mut dice) = seeded();
    for _ in 0..10 {
        let rate = |made: &Made| if made.backend < 2 { 0.3 } else { 0.005 };
        let findings = study(3000, Limits::default(), &mut dice, rate).findings();
        let expected = vec![vec![is("backend", &["b0", "b1"])]];
        assert_eq!(clauses(&findings), expected, "seed {seed}: {findings:#?}");
    }
}

#[test]
fn two_reasons_are_two_explanations() {
    let (seed, mut dice) = seeded();
    for _ in 0..10 {
        let rate = |made: &Made| match (made.backend, made.url) {
            (3, _) => 0.8,
            (_, 5) => 0.6,
            _ => 0.001,
        };
        let findings = study(10_000, Limits::default(), &mut dice, rate).findings();
        let expected = vec![vec![is("backend", &["b3"])], vec![is("url", &["/u5"])]];
        assert_eq!(clauses(&findings), expected, "seed {seed}: {findings:#?}");
    }
}

#[test]
fn samples_that_hold_little_of_much_say_the_same() {
    let (seed, mut dice) = seeded();
    let limits = Limits { rows: 3000, ..Limits::default() };
    for _ in 0..3 {
        let rate = |made: &Made| if made.new && made.body { 0.2 } else { 0.002 };
        let findings = study(60_000, limits, &mut dice, rate).findings();
        let mut expected = vec![is("connection", &["new"]), is("body", &["body"])];
        expected.sort_by_key(|clause| format!("{clause:?}"));
        assert_eq!(clauses(&findings), vec![expected], "seed {seed}: {findings:#?}");
        // 12 % of the units, of which a fifth fails; five deviations of what 3000 good ones tell about that.
        let these = findings.explanations[0].these;
        assert!((5600..8900).contains(&these.attempts), "seed {seed}: {these:?}");
        assert!((0.13..0.28).contains(&these.rate()), "seed {seed}: {these:?}");
    }
}

#[test]
fn failures_without_a_reason_have_no_explanation() {
    let (seed, mut dice) = seeded();
    let mut wrong = Vec::new();
    for run in 0..1000 {
        let rate = [0.02, 0.05, 0.3][run % 3];
        let units = if run % 10 == 0 { 2000 } else { 400 };
        let findings = study(units, Limits::default(), &mut dice, |_| rate).findings();
        if !findings.explanations.is_empty() {
            wrong.push((run, clauses(&findings)));
        }
    }
    // One in a thousand is allowed on average; more than five have a chance of one in a thousand.
    assert!(wrong.len() <= 5, "seed {seed}: {wrong:#?}");
}

#[test]
fn the_same_seed_never_gives_a_false_alarm() {
    let mut dice = Dice::new(11);
    for run in 0..300 {
        let findings = study(400, Limits::default(), &mut dice, |_| 0.1).findings();
        assert_eq!(clauses(&findings), Vec::<Vec<Clause>>::new(), "run {run}");
    }
}

#[test]
fn bursts_of_one_backend_are_no_explanation() {
    let mut dice = Dice::new(3);
    for run in 0..200 {
        let mut study = Study::new(NAMES.len(), Limits::default());
        let mut left = [0u32; 9];
        for _ in 0..1000 {
            let made = Made::roll(&mut dice);
            if left[made.backend] == 0 && dice.share() < 0.05 / 10.0 {
                left[made.backend] = 10;
            }
            let failed = left[made.backend] > 0;
            left[made.backend] = left[made.backend].saturating_sub(1);
            made.add(&mut study, failed, &mut dice);
        }
        let found = clauses(&study.findings());
        assert_eq!(found, Vec::<Vec<Clause>>::new(), "run {run}");
    }
}

#[test]
fn nothing_and_little_are_said_to_be_so() {
    let empty = Study::new(2, Limits::default()).findings();
    assert_eq!(empty.same, [Subject::Dimension(0), Subject::Dimension(1)]);
    let mut dice = Dice::new(1);
    let few = study(200, Limits::default(), &mut dice, |made| f64::from(made.url == 39)).findings();
    assert!(few.explanations.is_empty());
    assert!(few.too_few.contains(&Subject::Dimension(2)), "{few:#?}");
    // All fail: there is nothing to compare with.
    let all = study(200, Limits::default(), &mut dice, |_| 1.0).findings();
    assert!(all.explanations.is_empty() && all.even.contains(&Subject::Dimension(2)), "{all:#?}");
}

#[test]
fn whatever_comes_the_size_is_bounded() {
    let limits = Limits { values: 10, flags: 3, rows: 50 };
    let mut dice = Dice::new(2);
    let mut study = Study::new(2, limits);
    for number in 0..5000 {
        let (value, flag) = (format!("{number}").repeat(100), format!("flag{number}"));
        let values = [Some(&*value), None, Some("one too many")];
        study.add(
            &Unit { failed: number % 3 == 0, values: &values, flags: &[&flag, &flag] },
            dice.roll(),
        );
    }
    let findings = study.findings();
    assert_eq!(findings.total.attempts, 5000);
    assert_eq!(findings.cut_off, [(Subject::Dimension(0), 4990.0 / 5000.0)]);
    assert_eq!(findings.flags_left_out, 2 * 4997);
    assert_eq!(study.dimensions[0].len(), 10);
    assert!(study.dimensions[0].name(0).len() <= 200);
    assert_eq!((study.flags.len(), study.good.items().len()), (3, 50));
}
