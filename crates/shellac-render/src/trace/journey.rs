//! The parts of a page about what was sent on: how heads changed on the way, and which packets belong to an
//! attempt.

use super::changes::Change;
use super::model::{Node, Trace};
use super::page::{Page, Style};
use super::words::counted;

/// Steps and connections of one page; of a trace with more the rest is counted.
const MOST: usize = 20;

/// Both sections, as far as there is something to say.
pub(super) fn sections(page: &mut Page, trace: &Trace) {
    changes(page, trace);
    packets(page, trace);
}

fn changes(page: &mut Page, trace: &Trace) {
    let steps = trace.changes();
    if steps.is_empty() {
        return;
    }
    page.gap();
    page.wrapped("", "", Style::Bold, "Changed on the way (+ added, - removed, ~ changed)");
    for step in steps.iter().take(MOST) {
        let title = format!("{} -> {}", step.from.title(), step.to.title());
        if step.changes.is_empty() {
            page.wrapped("  ", "    ", Style::Plain, &format!("{title}: nothing"));
            continue;
        }
        page.wrapped("  ", "    ", Style::Plain, &title);
        for change in &step.changes {
            let (sign, style, text) = match change {
                Change::Added { name, value } => ("+", Style::Good, format!("{name}: {value}")),
                Change::Removed { name, value } => ("-", Style::Bad, format!("{name}: {value}")),
                Change::Changed { name, from, to } => {
                    ("~", Style::Plain, format!("{name}: {from} -> {to}"))
                }
            };
            page.wrapped(&format!("    {sign} "), "        ", style, &text);
        }
    }
    rest(page, steps.len(), "more step");
}

fn packets(page: &mut Page, trace: &Trace) {
    let nodes = trace.nodes();
    let attempts: Vec<&Node> =
        nodes.into_iter().filter(|node| node.as_attempt().is_some()).collect();
    if attempts.is_empty() {
        return;
    }
    page.gap();
    page.wrapped("", "", Style::Bold, "Packets of each connection: tcpdump -ni any FILTER");
    for node in attempts.iter().take(MOST) {
        let exchanges = node.as_attempt().map(|it| it.exchanges.as_slice()).unwrap_or_default();
        let several = exchanges.len() > 1;
        if exchanges.is_empty() {
            page.wrapped("  ", "    ", Style::Dim, &format!("{}: not recorded", node.title()));
        }
        for (at, exchange) in exchanges.iter().enumerate() {
            let mut title = node.title();
            if several {
                title = format!("{title}, connection {}", at + 1);
            }
            match exchange.packet_filter() {
                Ok(filter) => {
                    page.wrapped("  ", "  ", Style::Plain, &title);
                    page.wrapped("    ", "    ", Style::Plain, &format!("'{filter}'"));
                }
                Err(why) => page.wrapped("  ", "    ", Style::Dim, &format!("{title}: {why}")),
            }
        }
    }
    rest(page, attempts.len(), "more attempt");
}

fn rest(page: &mut Page, count: usize, what: &str) {
    if let Some(more) = count.checked_sub(MOST).filter(|&more| more > 0) {
        page.wrapped("  ", "  ", Style::Dim, &counted(more as u64, what));
    }
}
