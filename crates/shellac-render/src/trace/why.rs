//! The part of a trace that says why attempts failed and what to do.

use super::attempt::{Attempt, Exchange, Failure};
use super::model::{Node, Trace};
use super::page::{Page, Style};
use super::phrases::what_happened;

use super::words::duration;
use crate::causes::{Cause, Diagnosis, Missing};

/// A failed exchange and whose it is.
struct Failed<'a> {
    who: String,
    exchange: &'a Exchange,
    failure: Failure,
    /// Whether such a failure is retried as it is.
    is_retried: bool,
}

/// One section per cause; attempts that failed in the same way share one.
pub(super) fn sections(page: &mut Page, trace: &Trace) {
    let mut groups: Vec<Vec<Failed<'_>>> = Vec::new();
    let nodes = trace.nodes();
    for node in &nodes {
        for failed in node.as_attempt().map(|attempt| failures(node, attempt)).unwrap_or_default() {
            let same = |group: &&mut Vec<Failed<'_>>| {
                group[0].failure.diagnosis == failed.failure.diagnosis
                    && group[0].failure.words == failed.failure.words
            };
            match groups.iter_mut().find(same) {
                Some(group) => group.push(failed),
                None => groups.push(vec![failed]),
            }
        }
    }
    for group in &groups {
        page.gap();
        section(page, group);
    }
}

fn failures<'a>(node: &Node, attempt: &'a Attempt) -> Vec<Failed<'a>> {
    let name = match node.attempt {
        Some(number) => format!("attempt {number}"),
        None => format!("bereq {}", node.vxid),
    };
    let several = attempt.exchanges.len() > 1;
    let of = |(at, exchange): (usize, &'a Exchange)| {
        let failure = attempt.failure(exchange)?;
        let who = if several { format!("connection {} of {name}", at + 1) } else { name.clone() };
        // Going on with a fresh connection within an attempt is no retry, and no policy limits it.
        let is_retried = at + 1 == attempt.exchanges.len() && attempt.is_of_retried_kind();
        Some(Failed { who, exchange, failure, is_retried })
    };
    attempt.exchanges.iter().enumerate().filter_map(of).collect()
}

fn section(page: &mut Page, group: &[Failed<'_>]) {
    let names: Vec<&str> = group.iter().map(|failed| failed.who.as_str()).collect();
    let title = format!("Why {} failed", names.join(", "));
    let Failed { failure, .. } = &group[0];
    let is_retried = group.iter().all(|failed| failed.is_retried);
    match &failure.diagnosis {
        None => {
            page.wrapped("", "", Style::Bold, &format!("{title}: not a known cause"));
            let text = "This error text is not in the table of causes. It stands in the tree above, \
                        as it was logged.";
            page.wrapped("  ", "  ", Style::Plain, text);
        }
        Some(Diagnosis { candidates, .. }) if candidates.len() == 1 => {
            page.wrapped(
                "",
                "  ",
                Style::Bold,
                &format!("{title}: {}", lower(candidates[0].title)),
            );
            page.wrapped("  ", "  ", Style::Plain, candidates[0].means);
            page.wrapped("  ", "  ", Style::Bold, "What to do");
            todo(page, candidates[0], is_retried, "  ");
        }
        Some(diagnosis) => several(page, &title, &group[0], is_retried, diagnosis),
    }
}

fn several(
    page: &mut Page,
    title: &str,
    failed: &Failed<'_>,
    is_retried: bool,
    diagnosis: &Diagnosis,
) {
    let Failed { exchange, failure, .. } = failed;
    let count = diagnosis.candidates.len();
    page.wrapped("", "  ", Style::Bold, &format!("{title}: {count} candidate causes"));
    let what =
        format!("{}. This log does not say which.", capital(&what_happened(exchange, failure)));
    page.wrapped("  ", "  ", Style::Plain, &what);
    for (letter, cause) in ('A'..='Z').zip(&diagnosis.candidates) {
        page.gap();
        page.wrapped(&format!("  {letter}  "), "     ", Style::Bold, cause.title);
        page.wrapped("     ", "     ", Style::Plain, cause.means);
        todo(page, cause, is_retried, "     ");
    }
    page.gap();
    page.wrapped("  ", "  ", Style::Bold, "How to tell them apart");
    let mut point = |text: &str| page.wrapped("  - ", "    ", Style::Plain, text);
    for missing in &diagnosis.missing {
        point(missing.would_decide());
    }
    for (letter, cause) in ('A'..='Z').zip(&diagnosis.candidates) {
        point(&format!("{letter}: {}", cause.sign));
    }
    if diagnosis.missing.contains(&Missing::Reuse) {
        if let Some(waited) = exchange.waited {
            point(&format!(
                "The end came after {}. On a connection that was already closed it comes within one \
                 round trip; if a round trip to this backend is much shorter, A is the likelier.",
                duration(waited)
            ));
        }
        if let Some(filter) = capture_filter(exchange) {
            point(&format!("Catch the next one: {filter}"));
        }
    }
}

fn capture_filter(exchange: &Exchange) -> Option<String> {
    let remote = exchange.open.as_ref()?.remote.as_deref()?;
    let (address, port) = remote.rsplit_once(':')?;
    let address = address.trim_start_matches('[').trim_end_matches(']');
    Some(format!("tcpdump -ni any 'host {address} and tcp port {port}'"))
}

fn todo(page: &mut Page, cause: &Cause, is_retried: bool, indent: &str) {
    for step in cause.steps(is_retried) {
        page.wrapped(&format!("{indent}- "), &format!("{indent}  "), Style::Plain, step);
    }
}

fn lower(text: &str) -> String {
    change_first(text, |first| first.to_ascii_lowercase())
}

fn capital(text: &str) -> String {
    change_first(text, |first| first.to_ascii_uppercase())
}

fn change_first(text: &str, change: impl Fn(char) -> char) -> String {
    let mut rest = text.chars();
    rest.next().map(change).into_iter().chain(rest).collect()
}
