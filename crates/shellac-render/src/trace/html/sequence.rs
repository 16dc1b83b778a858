//! Who sent what to whom: a sequence diagram of client, proxy and backends.

use super::super::attempt::Attempt;
use super::super::fields::Micros;
use super::super::model::{Node, Trace, What};
use super::super::phrases::line_of;
use super::super::request::Request;
use super::super::words::duration;
use super::{escaped, put};

/// The drawing's own units.
const FIRST: f64 = 150.0;
const BETWEEN: f64 = 330.0;
const ROW: f64 = 44.0;
const TOP: f64 = 66.0;
/// Arrows of one drawing, and backends that have a line of their own.
const MOST: usize = 80;
const MOST_BACKENDS: usize = 6;
/// Characters that fit above an arrow and into a box.
const CHARACTERS: usize = 42;
const BOX_CHARACTERS: usize = 24;

/// Lines from left to right.
const CLIENT: usize = 0;
const PROXY: usize = 1;

/// One arrow, or a remark where both ends are the same.
struct Arrow {
    at: Option<Micros>,
    from: usize,
    to: usize,
    text: String,
    failed: bool,
}

/// The drawing, when there is anything to draw. `number` tells several on one page apart.
pub(super) fn drawing(trace: &Trace, number: usize) -> Option<String> {
    let mut drawing = Drawing { lines: vec![who("client"), who("proxy")], arrows: Vec::new() };
    trace.roots.iter().for_each(|root| drawing.node(root, None));
    // Stable: what happened in one moment stays in the order of the tree.
    drawing.arrows.sort_by_key(|arrow| arrow.at.map_or(i64::MAX, |at| at.0));
    (!drawing.arrows.is_empty()).then(|| drawing.write(trace.start(), number))
}

/// Somebody who sends or receives.
struct Who {
    name: String,
    address: String,
}

fn who(name: &str) -> Who {
    Who { name: name.to_owned(), address: String::new() }
}

struct Drawing {
    lines: Vec<Who>,
    arrows: Vec<Arrow>,
}

impl Drawing {
    fn arrow(&mut self, at: Option<Micros>, from: usize, to: usize, text: String, failed: bool) {
        self.arrows.push(Arrow { at, from, to, text, failed });
    }

    fn node(&mut self, node: &Node, above: Option<&Request>) {
        match &node.what {
            What::Request(request) => {
                let line = line_of(&request.request);
                let is_own =
                    !matches!(node.reason, shellac_log::Reason::Esi | shellac_log::Reason::Restart);
                if is_own {
                    self.lines[CLIENT].address = request.client.clone().unwrap_or_default();
                    self.arrow(node.start(), CLIENT, PROXY, line, false);
                } else {
                    let text = format!("{} {line}", node.reason.word());
                    self.arrow(node.start(), PROXY, PROXY, text, false);
                }
                node.children.iter().for_each(|child| self.node(child, Some(request)));
                if let Some(line) = request.answer.line()
                    && node.reason != shellac_log::Reason::Esi
                {
                    let end = request.steps.last().map(|step| step.stamp.at);
                    let failed = request.answer.status.is_some_and(|status| status >= 500);
                    let cut = super::super::tree::is_cut_short(node);
                    let text = if cut { format!("{line}, cut short") } else { line };
                    self.arrow(end, PROXY, CLIENT, text, failed || cut);
                }
            }
            What::Attempt(attempt) => self.attempt(node, attempt, above),
            What::Session(_) | What::Missing => {
                node.children.iter().for_each(|child| self.node(child, above));
            }
        }
    }

    fn attempt(&mut self, node: &Node, attempt: &Attempt, above: Option<&Request>) {
        let number = node.attempt.map(|number| format!("#{number} ")).unwrap_or_default();
        let line = line_of(&attempt.request);
        let stamp = |label: &str| {
            let found = attempt.steps.iter().find(|step| step.stamp.label == label);
            found.map(|step| step.stamp.at)
        };
        for exchange in &attempt.exchanges {
            let failure = attempt.failure(exchange);
            let Some(open) = &exchange.open else {
                if let Some(failure) = failure {
                    let text = format!("{number}{}", failure.words);
                    let at = stamp("Beresp").or(stamp("Error")).or(node.start());
                    self.arrow(at, PROXY, PROXY, text, true);
                }
                continue;
            };
            let to = self.backend(&open.name, open.remote.as_deref().unwrap_or("UNIX socket"));
            let how = match exchange.reused() {
                Some(true) => " (reused)",
                Some(false) => " (new)",
                None => "",
            };
            let begin = stamp("Connected").or(node.start());
            self.arrow(begin, PROXY, to, format!("{number}{line}{how}"), false);
            if let Some(failure) = failure {
                let last = attempt.steps.last().map(|step| step.stamp.at);
                let (at, most) = match (exchange.failed_at, attempt.stopped(above)) {
                    (Some(at), _) => (Some(at), ""),
                    // Where the end is only bounded it stands before what bounds it.
                    (None, Some((waited, _))) => {
                        (last.map(|at| Micros(at.0.saturating_add(waited.0) - 1)), "before: ")
                    }
                    (None, None) => (stamp("Error").or(last), ""),
                };
                // A time-out, or a client that is gone, is nothing that the backend sent.
                let from = if failure.came_from_the_backend() { to } else { PROXY };
                self.arrow(at, from, PROXY, format!("{most}{}", failure.words), true);
            }
        }
        if let (Some(line), Some(open)) = (
            attempt.answer.as_ref().and_then(|answer| answer.line()),
            attempt.last().and_then(|last| last.open.as_ref()),
        ) {
            let from = self.backend(&open.name, open.remote.as_deref().unwrap_or("UNIX socket"));
            let failed =
                attempt.answer.as_ref().and_then(|it| it.status).is_some_and(|it| it >= 500);
            self.arrow(stamp("Beresp"), from, PROXY, line, failed);
        }
        if attempt.retried {
            self.arrow(stamp("Retry"), PROXY, PROXY, "retry".to_owned(), false);
        }
        node.children.iter().for_each(|child| self.node(child, above));
    }

    /// The line of a backend; the last one stands for all that have none of their own.
    fn backend(&mut self, name: &str, address: &str) -> usize {
        let is_it = |who: &Who| who.name == name && who.address == address;
        if let Some(at) = self.lines.iter().skip(2).position(is_it) {
            return at + 2;
        }
        if self.lines.len() == 2 + MOST_BACKENDS {
            let last = self.lines.len() - 1;
            self.lines[last] = who("other backends");
            return last;
        }
        self.lines.push(Who { name: name.to_owned(), address: address.to_owned() });
        self.lines.len() - 1
    }

    fn write(&self, base: Option<Micros>, number: usize) -> String {
        let x = |line: usize| FIRST + BETWEEN * line as f64;
        let width = x(self.lines.len() - 1) + 130.0;
        let shown = self.arrows.len().min(MOST);
        let height = TOP + ROW * shown as f64 + 20.0;
        let mut text = format!(
            "<div class=\"scroll\"><svg class=\"drawing sequence\" viewBox=\"0 0 {width} {height}\" style=\"max-width:{width}px\" \
             role=\"img\" aria-label=\"sequence of messages\">\n<defs>"
        );
        for (id, class) in [("h", "head"), ("f", "head bad")] {
            put(
                &mut text,
                format_args!(
                    "<marker id=\"{id}{number}\" viewBox=\"0 0 10 10\" refX=\"9\" refY=\"5\" markerWidth=\"8\" \
                     markerHeight=\"8\" orient=\"auto-start-reverse\"><path class=\"{class}\" d=\"M0 0L10 5L0 10z\"/></marker>"
                ),
            );
        }
        text.push_str("</defs>\n");
        for (at, who) in self.lines.iter().enumerate() {
            let x = x(at);
            put(
                &mut text,
                format_args!(
                    "<line class=\"life\" x1=\"{x}\" x2=\"{x}\" y1=\"46\" y2=\"{height}\"/>\
                     <rect class=\"who\" x=\"{}\" y=\"6\" width=\"190\" height=\"40\" rx=\"6\"/>\
                     <text class=\"who\" x=\"{x}\" y=\"{}\" text-anchor=\"middle\">{}</text>\
                     <text class=\"scale\" x=\"{x}\" y=\"39\" text-anchor=\"middle\">{}</text>\n",
                    x - 95.0,
                    if who.address.is_empty() { 31 } else { 23 },
                    escaped(&cut(&who.name, BOX_CHARACTERS)),
                    escaped(&cut(&who.address, BOX_CHARACTERS)),
                ),
            );
        }
        for (row, arrow) in self.arrows.iter().take(MOST).enumerate() {
            self.write_arrow(&mut text, arrow, TOP + ROW * row as f64 + 24.0, base, number);
        }
        text.push_str("</svg></div>\n");
        if let Some(more) = self.arrows.len().checked_sub(MOST).filter(|&more| more > 0) {
            put(
                &mut text,
                format_args!("<p class=\"dim\">{more} more messages are not drawn</p>\n"),
            );
        }
        text
    }

    fn write_arrow(
        &self,
        text: &mut String,
        arrow: &Arrow,
        y: f64,
        base: Option<Micros>,
        number: usize,
    ) {
        let x = |line: usize| FIRST + BETWEEN * line as f64;
        let (from, to) = (x(arrow.from), x(arrow.to));
        let bad = if arrow.failed { " bad" } else { "" };
        let marker = if arrow.failed { 'f' } else { 'h' };
        if let Some(offset) = arrow.at.zip(base).map(|(at, base)| at.since(base)) {
            put(
                text,
                format_args!(
                    "<text class=\"scale\" x=\"4\" y=\"{:.1}\">+{}</text>\n",
                    y + 4.0,
                    escaped(&duration(offset))
                ),
            );
        }
        let words = cut(&arrow.text, CHARACTERS);
        let title = escaped(&arrow.text);
        if arrow.from == arrow.to {
            put(
                text,
                format_args!(
                    "<circle class=\"dot{bad}\" cx=\"{from}\" cy=\"{y}\" r=\"4\"/>\
                     <text class=\"said{bad}\" x=\"{}\" y=\"{}\"><title>{title}</title>{}</text>\n",
                    from + 12.0,
                    y + 4.0,
                    escaped(&words)
                ),
            );
            return;
        }
        let end = if to > from { to - 2.0 } else { to + 2.0 };
        put(
            text,
            format_args!(
                "<line class=\"arrow{bad}\" x1=\"{from}\" x2=\"{end}\" y1=\"{y}\" y2=\"{y}\" \
                 marker-end=\"url(#{marker}{number})\"/>\
                 <text class=\"said{bad}\" x=\"{}\" y=\"{}\" text-anchor=\"middle\"><title>{title}</title>{}</text>\n",
                // Above a long arrow the text stands at the end where it begins.
                f64::midpoint(from, if to > from { from + BETWEEN } else { from - BETWEEN }),
                y - 6.0,
                escaped(&words)
            ),
        );
    }
}

/// `text` as far as it fits.
fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most - 1).chain(['\u{2026}']).collect()
}
