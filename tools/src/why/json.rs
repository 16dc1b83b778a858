//! What came of a comparison, for programs.

use serde_json::{Value, json};
use shellac_measure::study::{Clause, Explanation, Subject};
use shellac_render::dimensions::DIMENSIONS;

use super::compare::Verdict;

/// One object on one line.
pub(super) fn text(verdict: &Verdict) -> anyhow::Result<String> {
    let findings = &verdict.findings;
    let list = |subjects: &[Subject]| subjects.iter().map(subject).collect::<Vec<Value>>();
    let cut_off =
        findings.cut_off.iter().map(|(it, share)| json!({"of": subject(it), "share": share}));
    let compared = if verdict.with_all { "requests" } else { "requests with an attempt" };
    let object = json!({
        "query": verdict.query,
        "compared": compared,
        "units": findings.total.attempts,
        "failed": findings.total.failures,
        "seconds": verdict.span.map(|span| span.0 as f64 / 1e6),
        "explanations": findings.explanations.iter().map(explanation).collect::<Vec<Value>>(),
        "uneven": list(&findings.uneven),
        "unsure": list(&findings.unsure),
        "no_difference": list(&findings.even),
        "too_few": list(&findings.too_few),
        "same": list(&findings.same),
        "asked": verdict.asked.iter().map(|&it| json!({"dimension": key(it)})).collect::<Vec<Value>>(),
        "headers_asked": verdict.asked_headers,
        "cut_off": cut_off.collect::<Vec<Value>>(),
        "headers_left_out": findings.flags_left_out,
        "failed_without_attempt": verdict.failed_without_attempt,
        "failed_by_client": verdict.client,
        "unfinished": verdict.account.unfinished,
        "retries": verdict.account.retries,
        "retries_failed": verdict.account.retries_failed,
    });
    let mut line = serde_json::to_string(&object)?;
    line.push('\n');
    Ok(line)
}

fn explanation(found: &Explanation) -> Value {
    let clause = |clause: &Clause| match clause {
        Clause::Is { dimension, values } => json!({"dimension": key(*dimension), "values": values}),
        Clause::Flag { name, set } => json!({"header": name, "present": set}),
    };
    json!({
        "clauses": found.clauses.iter().map(clause).collect::<Vec<Value>>(),
        "units": found.these.attempts,
        "failed": found.these.failures,
        "share_of_failed": found.share_of_failed,
        "share_of_good": found.share_of_good,
        "log10_p": found.ln_p / std::f64::consts::LN_10,
        "subsumes": found.subsumes.iter().map(subject).collect::<Vec<Value>>(),
    })
}

fn subject(subject: &Subject) -> Value {
    match subject {
        Subject::Dimension(number) => json!({"dimension": key(*number)}),
        Subject::Flag(name) => json!({"header": name}),
    }
}

fn key(dimension: usize) -> &'static str {
    DIMENSIONS.get(dimension).map_or("", |row| row.key)
}
