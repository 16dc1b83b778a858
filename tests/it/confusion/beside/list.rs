//! What we tell otherwise than a varnishd on purpose: `fixtures/differences-proxy.toml`. What is not listed is a mistake, and so is
//! a row that nothing comes under any more.

use std::cell::RefCell;
use std::collections::BTreeSet;

use crate::support::differences::{rows, text};

const LIST: &str = "differences-proxy.toml";
/// The list is short, or it is no list of exceptions.
const MOST_ROWS: usize = 24;

/// The list.
pub(super) struct Known {
    /// Cases that are not met.
    left_out: Vec<String>,
    /// Beginnings of lines that we have and they have not, wherever.
    more: Vec<String>,
    differences: Vec<Difference>,
    /// Cases that were asked for.
    missed: RefCell<BTreeSet<String>>,
}

struct Difference {
    cases: Vec<String>,
    /// Lines of theirs behind `- `, and those of ours that stand in their place behind `+ `.
    changes: Vec<Vec<String>>,
}

impl Known {
    pub(super) fn read() -> Known {
        let kinds = ["left_out", "more", "difference"].map(|kind| rows(LIST, kind));
        let count: usize = kinds.iter().map(Vec::len).sum();
        assert!(count <= MOST_ROWS, "{LIST}: {count} rows");
        assert!(kinds.iter().flatten().all(|row| text(row, "reason").len() > 10), "a reason each");
        let [left_out, more, differences] = kinds;
        let difference = |row: &toml::Value| Difference {
            cases: strings(&row["cases"]),
            changes: row["changes"].as_array().expect("changes").iter().map(strings).collect(),
        };
        Known {
            left_out: left_out.iter().flat_map(|row| strings(&row["cases"])).collect(),
            more: more.iter().map(|row| text(row, "line").to_owned()).collect(),
            differences: differences.iter().map(difference).collect(),
            missed: RefCell::default(),
        }
    }

    /// Whether a case is not met.
    pub(super) fn leaves_out(&self, case: &str) -> bool {
        self.missed.borrow_mut().insert(case.to_owned());
        self.left_out.iter().any(|it| it == case)
    }

    /// Compares what both have told of each case.
    pub(super) fn check<'a>(
        &self,
        stories: impl Iterator<Item = (&'a str, &'a [String], &'a [String])>,
    ) {
        let mut wrong = Vec::new();
        let mut more_used = BTreeSet::new();
        let mut met = BTreeSet::new();
        for (case, ours, theirs) in stories {
            met.insert(case.to_owned());
            let is_more = |line: &&String| {
                let found = self.more.iter().find(|more| line.starts_with(more.as_str()));
                more_used.extend(found);
                found.is_none()
            };
            let ours: Vec<&str> = ours.iter().filter(is_more).map(String::as_str).collect();
            let theirs: Vec<&str> = theirs.iter().map(String::as_str).collect();
            let found = changes(&theirs, &ours);
            let about = self.differences.iter().filter(|it| it.cases.iter().any(|it| it == case));
            let mut listed: Vec<&Vec<String>> = about.flat_map(|it| &it.changes).collect();
            for change in found {
                match listed.iter().position(|it| **it == change) {
                    Some(at) => drop(listed.remove(at)),
                    None => wrong.push(format!("{case}: not listed: {change:#?}")),
                }
            }
            let gone = listed.iter().map(|it| format!("{case}: listed, and not so: {it:#?}"));
            wrong.extend(gone);
        }
        let unused = self.more.iter().filter(|it| !more_used.contains(it));
        wrong.extend(unused.map(|line| format!("{line:?} is listed and does not occur")));
        let cases = self.differences.iter().flat_map(|it| &it.cases);
        let unmet = cases.filter(|case| !met.contains(*case));
        wrong.extend(unmet.map(|case| format!("{case}: there are differences, but no such case")));
        let missed = self.missed.borrow();
        let unknown = self.left_out.iter().filter(|case| !missed.contains(*case));
        wrong.extend(unknown.map(|case| format!("{case}: it is left out, but no such case")));
        assert!(wrong.is_empty(), "{LIST}\n{}", wrong.join("\n"));
    }
}

fn strings(value: &toml::Value) -> Vec<String> {
    let all = value.as_array().expect("an array");
    all.iter().map(|it| it.as_str().expect("text").to_owned()).collect()
}

/// Where two lists differ: each run of lines that only the first has (`- `) and only the second (`+ `).
fn changes(first: &[&str], second: &[&str]) -> Vec<Vec<String>> {
    // The longest common part of what lies behind each pair of places.
    let mut common = vec![vec![0_usize; second.len() + 1]; first.len() + 1];
    for a in (0..first.len()).rev() {
        for b in (0..second.len()).rev() {
            common[a][b] = if first[a] == second[b] {
                common[a + 1][b + 1] + 1
            } else {
                common[a + 1][b].max(common[a][b + 1])
            };
        }
    }
    let (mut a, mut b) = (0, 0);
    let mut all = Vec::new();
    let (mut gone, mut come) = (Vec::new(), Vec::new());
    loop {
        let both = a < first.len() && b < second.len();
        let ended = a == first.len() && b == second.len();
        if ended || both && first[a] == second[b] {
            gone.append(&mut come);
            if !gone.is_empty() {
                all.push(std::mem::take(&mut gone));
            }
            if ended {
                return all;
            }
            (a, b) = (a + 1, b + 1);
        } else if b == second.len() || both && common[a + 1][b] >= common[a][b + 1] {
            gone.push(format!("- {}", first[a]));
            a += 1;
        } else {
            come.push(format!("+ {}", second[b]));
            b += 1;
        }
    }
}

#[test]
fn changes_are_runs_of_lines_that_differ() {
    let of = |first: &str, second: &str| {
        let lines = |text: &'static str| text.split_terminator(' ').collect::<Vec<_>>();
        let (first, second) = (first.to_owned().leak(), second.to_owned().leak());
        changes(&lines(first), &lines(second))
    };
    assert_eq!(of("a b c", "a b c"), [[""; 0]; 0]);
    assert_eq!(of("a b c", "a x y c d"), [&["- b", "+ x", "+ y"][..], &["+ d"]]);
    assert_eq!(of("a b", ""), [["- a", "- b"]]);
}
