//! When each phase of each transaction ran, over the whole duration: what the bars of a page are drawn from.

use super::fields::Micros;
use super::model::{Node, Trace};
use super::phases::{Phase, backend_phase, client_phase};
use super::request::Request;

/// One phase of a bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    /// What was done.
    pub phase: Phase,
    /// Its beginning, from the start of the trace on.
    pub from: Micros,
    /// Its end, likewise. Never before its beginning, never behind the end of the whole.
    pub to: Micros,
    /// Whether the error fell into it.
    pub failed: bool,
    /// Whether its end is only the latest possible one: the log does not say when it was.
    pub at_most: bool,
}

/// The phases of one transaction.
#[derive(Clone, Debug, PartialEq)]
pub struct Bar<'a> {
    /// The transaction.
    pub node: &'a Node,
    /// How deep it lies below the first bar that it belongs to.
    pub depth: usize,
    /// In order. Phases that took no time are left out, unless they failed.
    pub pieces: Vec<Piece>,
}

/// All bars on one scale.
#[derive(Clone, Debug, PartialEq)]
pub struct Waterfall<'a> {
    /// The moment at the left edge, since the epoch.
    pub start: Micros,
    /// From the left edge to the right one. Never 0.
    pub length: Micros,
    /// One per transaction that has timestamps, in reading order.
    pub bars: Vec<Bar<'a>>,
}

impl Trace {
    /// The bars, or `None` when no phase took any time.
    pub fn waterfall(&self) -> Option<Waterfall<'_>> {
        let start = self.nodes().into_iter().filter_map(Node::start).min()?;
        let mut bars = Vec::new();
        for root in &self.roots {
            collect(root, None, 0, start, &mut bars);
        }
        let ends = bars.iter().flat_map(|bar: &Bar<'_>| &bar.pieces).map(|piece| piece.to);
        let length = ends.max().filter(|length| length.0 > 0)?;
        Some(Waterfall { start, length, bars })
    }
}

fn collect<'a>(
    node: &'a Node,
    above: Option<&Request>,
    depth: usize,
    start: Micros,
    bars: &mut Vec<Bar<'a>>,
) {
    let pieces = pieces(node, above, start);
    let depth_below = if node.steps().is_empty() {
        depth
    } else {
        bars.push(Bar { node, depth, pieces });
        depth + 1
    };
    for child in &node.children {
        collect(child, node.as_request().or(above), depth_below, start, bars);
    }
}

fn pieces(node: &Node, above: Option<&Request>, start: Micros) -> Vec<Piece> {
    let phase = |step| match node.as_attempt() {
        Some(attempt) => backend_phase(step, attempt),
        None => client_phase(step),
    };
    let mut pieces: Vec<Piece> = Vec::new();
    for step in node.steps().iter().filter(|step| step.is_shown()) {
        let to = step.stamp.at.since(start);
        let from = to.since(step.stamp.took);
        // A clock may have been set between two stamps.
        let from = from.clamp(Micros(0), to.max(Micros(0)));
        let to = to.max(from);
        pieces.push(Piece { phase: phase(step), from, to, failed: step.failed, at_most: false });
    }
    pieces.extend(unfinished(node, above, start));
    pieces
}

/// The phase that failed last, when no timestamp follows it.
fn unfinished(node: &Node, above: Option<&Request>, start: Micros) -> Option<Piece> {
    let (waited, at_most) = node.as_attempt()?.stopped(above)?;
    let from = node.steps().last()?.stamp.at.since(start).max(Micros(0));
    let to = Micros(from.0.saturating_add(waited.0));
    Some(Piece { phase: Phase::READ_BODY, from, to, failed: true, at_most })
}

#[cfg(test)]
mod tests;
