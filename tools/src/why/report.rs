//! What came of a comparison, in words.

use shellac_measure::study::{Clause, Explanation, Subject};
use shellac_render::dimensions::DIMENSIONS;
use shellac_render::trace::duration;

use super::compare::Verdict;

/// Chances below this are not told apart.
const SMALLEST_POWER: f64 = 12.0;
/// Values of a condition that are named; the others are counted.
const MAX_VALUES: usize = 6;

/// The report, in lines of at most so many columns.
pub(super) fn text(verdict: &Verdict, columns: usize) -> String {
    let mut page = Page { text: String::new(), columns };
    page.line(&headline(verdict), 0);
    let findings = &verdict.findings;
    let failed = findings.total.failures;
    let good = findings.total.attempts - failed;
    if failed == 0 || good == 0 {
        if failed > 0 {
            page.line("There are no good ones to compare them with.", 0);
        }
        page.notes(verdict);
        return page.text;
    }
    page.text.push('\n');
    for (number, explanation) in findings.explanations.iter().enumerate() {
        page.explanation(explanation, verdict, number == 0);
    }
    if findings.explanations.is_empty() {
        page.line(no_explanation(verdict), 0);
    }
    page.text.push('\n');
    for explanation in &findings.explanations {
        page.list(&explanation.subsumes, "only as a consequence");
    }
    page.list(&findings.uneven, "different, but explains little");
    page.list(&findings.unsure, "perhaps different, too few failures to be sure");
    page.list(&findings.even, "no difference");
    page.list(&findings.too_few, "too few failures to tell");
    page.list(&findings.same, "the same everywhere, or not recorded");
    let asked: Vec<Subject> = verdict.asked.iter().copied().map(Subject::Dimension).collect();
    page.list(&asked, "not compared, for the query asks about it");
    page.notes(verdict);
    page.text
}

fn headline(verdict: &Verdict) -> String {
    let total = verdict.findings.total;
    let what = match &verdict.query {
        Some(query) => format!("are selected by {}", shellac_render::visible(query.as_bytes())),
        None => "failed".to_owned(),
    };
    let kind = if verdict.with_all { "requests" } else { "requests that asked a backend" };
    let share = percent(total.rate());
    let span = verdict.span.filter(|span| span.0 > 0);
    let span = span.map(|span| format!(", in {} of log", duration(span))).unwrap_or_default();
    match (total.attempts, total.failures) {
        (0, _) => format!("No {kind} were seen."),
        (all, 0) => format!("None of {all} {kind} {what}{span}."),
        (all, failed) => format!("{failed} of {all} {kind} {what} ({share}){span}."),
    }
}

fn no_explanation(verdict: &Verdict) -> &'static str {
    let findings = &verdict.findings;
    if [&findings.even, &findings.unsure, &findings.uneven].iter().all(|list| list.is_empty()) {
        "These are too few failures to say what they have in common."
    } else if findings.uneven.is_empty() && findings.unsure.is_empty() {
        "They are spread evenly: nothing that was compared explains them."
    } else {
        "Nothing that was compared explains most of them."
    }
}

fn counted(count: u64, word: &str) -> String {
    if count == 1 { format!("1 {word}") } else { format!("{count} {word}s") }
}

/// A share, in one piece; what is not nothing is never 0 %, and what is not all never 100 %.
pub(super) fn percent(share: f64) -> String {
    let percent = share * 100.0;
    match percent {
        _ if share <= 0.0 => "0\u{a0}%".to_owned(),
        _ if share >= 1.0 => "100\u{a0}%".to_owned(),
        it if it < 0.1 => "<\u{a0}0.1\u{a0}%".to_owned(),
        it if it < 9.95 => format!("{percent:.1}\u{a0}%"),
        it if it > 99.4 => ">\u{a0}99\u{a0}%".to_owned(),
        _ => format!("{percent:.0}\u{a0}%"),
    }
}

/// How likely it is by chance: `p < 1e-5`.
fn chance(ln_p: f64) -> String {
    let power = (-ln_p / std::f64::consts::LN_10).floor().clamp(0.0, SMALLEST_POWER);
    format!("p\u{a0}<\u{a0}1e-{power:.0}")
}

/// A condition in words: `backend=b1 or b2`, `a body`, `no header cookie`.
fn clause(clause: &Clause) -> String {
    match clause {
        Clause::Is { dimension, values } => {
            let prefix = DIMENSIONS.get(*dimension).map_or("", |row| row.prefix);
            let mut text =
                format!("{prefix}{}", values[..values.len().min(MAX_VALUES)].join(" or "));
            if let Some(more) = values.len().checked_sub(MAX_VALUES).filter(|&more| more > 0) {
                text += &format!(" or {more} more");
            }
            text
        }
        Clause::Flag { name, set: true } => format!("a header {name}"),
        Clause::Flag { name, set: false } => format!("no header {name}"),
    }
}

struct Page {
    text: String,
    columns: usize,
}

impl Page {
    /// The first is compared with all others. What explains some of those that are left then is not: among all
    /// others are those that the first explains.
    fn explanation(&mut self, found: &Explanation, verdict: &Verdict, is_first: bool) {
        if !is_first {
            self.line("And, of what that leaves unexplained:", 2);
        }
        let total = verdict.findings.total;
        let which = if verdict.query.is_some() { "selected" } else { "failures" };
        let conditions: Vec<String> = found.clauses.iter().map(clause).collect();
        self.line(
            &format!(
                "{} of {} {which} have {} ({} of good ones), {}",
                percent(found.share_of_failed),
                total.failures,
                conditions.join(" and "),
                percent(found.share_of_good),
                chance(found.ln_p),
            ),
            4,
        );
        let others = shellac_measure::concentration::Cell {
            attempts: total.attempts.saturating_sub(found.these.attempts),
            failures: total.failures.saturating_sub(found.these.failures),
        };
        let happens = if verdict.query.is_some() { "are selected" } else { "fail" };
        let (these, others) = (percent(found.these.rate()), percent(others.rate()));
        let mut line = format!("    {these} of the requests with that {happens}");
        if is_first {
            line += &format!(", {others} of the others");
        }
        self.line(&line, 4);
    }

    fn list(&mut self, subjects: &[Subject], what: &str) {
        if subjects.is_empty() {
            return;
        }
        let mut names = Vec::new();
        let mut headers = Vec::new();
        for subject in subjects {
            match subject {
                Subject::Dimension(number) => {
                    names.push(DIMENSIONS.get(*number).map_or("?", |row| row.label).to_owned());
                }
                Subject::Flag(name) => headers.push(name.clone()),
            }
        }
        match &headers[..] {
            [] => {}
            [one] => names.push(format!("header {one}")),
            more => names.push(format!("headers {}", more.join(" "))),
        }
        self.line(&format!("{}: {what}", names.join(", ")), 2);
    }

    fn notes(&mut self, verdict: &Verdict) {
        let mut notes = Vec::new();
        if verdict.asked_headers {
            notes.push("headers: not compared, for the query asks about them".to_owned());
        }
        for (subject, share) in &verdict.findings.cut_off {
            if let Subject::Dimension(number) = subject {
                let label = DIMENSIONS.get(*number).map_or("?", |row| row.label);
                let share = percent(*share);
                notes.push(format!("{label}: {share} have a value beyond the first 512"));
            }
        }
        if verdict.findings.flags_left_out > 0 {
            notes.push(format!(
                "{} headers had names beyond the first 64",
                verdict.findings.flags_left_out
            ));
        }
        if verdict.failed_without_attempt > 0 {
            let count = verdict.failed_without_attempt;
            notes
                .push(format!("{count} more failed without an attempt at a backend, not compared"));
        }
        if verdict.client > 0 {
            notes.push(format!("{} failed because of their client, not compared", verdict.client));
        }
        if verdict.account.unfinished > 0 {
            let count = counted(verdict.account.unfinished, "request");
            notes.push(format!("{count} without an end, not compared"));
        }
        if verdict.account.retries > 0 {
            let count = match verdict.account.retries {
                1 => "1 retry".to_owned(),
                count => format!("{count} retries"),
            };
            let failed = verdict.account.retries_failed;
            notes.push(format!("{count}, {failed} failed; what is compared are first attempts"));
        }
        if notes.is_empty() {
            return;
        }
        self.text.push('\n');
        notes.iter().for_each(|note| self.line(note, 2));
    }

    /// Adds a line, broken at blanks; what follows the first is indented by this.
    fn line(&mut self, line: &str, indent: usize) {
        let lead = line.len() - line.trim_start().len();
        let mut at = lead;
        self.text.push_str(&line[..lead]);
        for (number, word) in line[lead..].split(' ').enumerate() {
            let width = word.chars().count();
            if number > 0 && at + 1 + width > self.columns {
                self.text.push('\n');
                self.text.push_str(&" ".repeat(indent.max(lead)));
                at = indent.max(lead);
            } else if number > 0 {
                self.text.push(' ');
                at += 1;
            }
            // Some blanks are no places to break at.
            self.text.push_str(&word.replace('\u{a0}', " "));
            at += width;
        }
        self.text.push('\n');
    }
}

#[cfg(test)]
mod tests;
