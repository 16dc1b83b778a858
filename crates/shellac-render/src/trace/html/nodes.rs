//! The transactions of a trace, one below the other, each with its rows, headers and records.

use super::super::changes::{Change, Step};
use super::super::fields::{Headers, Micros};
use super::super::model::{Node, Trace, What};
use super::super::page::{NO_BREAK, Style};
use super::super::phrases::{line_of, result_of};
use super::super::request::Request;
use super::super::rows;
use super::super::tree::{result_of_request, times};
use super::{escaped, put};

/// What the nodes of a list share.
struct List<'a> {
    base: Option<Micros>,
    steps: Vec<Step<'a>>,
}

/// Writes all of them.
pub(super) fn list(text: &mut String, trace: &Trace) {
    let list = List { base: trace.start(), steps: trace.changes() };
    text.push_str("<div class=\"tree\">\n");
    for root in &trace.roots {
        list.node(text, root, None);
    }
    text.push_str("</div>\n");
}

impl List<'_> {
    fn node(&self, text: &mut String, node: &Node, above: Option<&Request>) {
        let (style, result) = match &node.what {
            What::Request(request) => result_of_request(node, request),
            What::Attempt(attempt) => result_of(node, attempt),
            What::Session(session) => {
                let close = session.close.as_deref();
                (Style::Plain, close.map_or_else(|| "not closed".to_owned(), str::to_owned))
            }
            What::Missing => (Style::Dim, "not in this log".to_owned()),
        };
        let line = match &node.what {
            What::Request(request) => line_of(&request.request),
            What::Attempt(attempt) => line_of(&attempt.request),
            What::Session(session) => session.client.clone().unwrap_or_default(),
            What::Missing => String::new(),
        };
        let kind = node.kind.word();
        put(
            text,
            format_args!(
                "<div class=\"node {kind}\">\n<h3><span class=\"name\">{}</span> <span class=\"line\">{}</span> \
                 <span class=\"tag {}\">{}</span> <span class=\"dim\">{}</span></h3>\n",
                escaped(&node.title()),
                escaped(&line),
                style.class(),
                escaped(&result),
                escaped(times(node, self.base, above).trim()),
            ),
        );
        let rows = match &node.what {
            What::Request(request) => rows::of_request(node, request, above.is_none()),
            What::Attempt(attempt) => rows::of_attempt(attempt, above),
            What::Session(_) | What::Missing => Vec::new(),
        };
        if !rows.is_empty() {
            text.push_str("<dl>\n");
            for row in rows {
                let (label, class) = (row.label, row.style.class());
                let said = escaped(&row.text.replace(NO_BREAK, " "));
                put(text, format_args!("<dt>{label}</dt><dd class=\"{class}\">{said}</dd>\n"));
            }
            text.push_str("</dl>\n");
        }
        if node.what != What::Missing {
            self.folded(text, node);
        }
        let above = node.as_request().or(above);
        node.children.iter().for_each(|child| self.node(text, child, above));
        text.push_str("</div>\n");
    }

    /// What is only looked at on request.
    fn folded(&self, text: &mut String, node: &Node) {
        let step = self.steps.iter().find(|step| std::ptr::eq(step.to, node));
        if let Some(step) = step.filter(|step| !step.changes.is_empty()) {
            changes(text, step);
        }
        match &node.what {
            What::Request(request) => {
                headers(text, "Headers received", &request.request.headers);
                headers(text, "Headers of the answer", &request.answer.headers);
            }
            What::Attempt(attempt) => {
                headers(text, "Headers sent", &attempt.request.headers);
                if let Some(answer) = &attempt.answer {
                    headers(text, "Headers of the answer", &answer.headers);
                }
                for exchange in &attempt.exchanges {
                    let filter = exchange.packet_filter();
                    let shown = filter.as_ref().map_or_else(|why| *why, String::as_str);
                    put(
                        text,
                        format_args!(
                            "<p class=\"packets\">packets: <code>{}</code></p>\n",
                            escaped(shown)
                        ),
                    );
                }
            }
            What::Session(_) | What::Missing => {}
        }
        put(
            text,
            format_args!(
                "<details><summary>Records ({})</summary>\n<div class=\"scroll\"><table class=\"records\">\n",
                node.records.len()
            ),
        );
        for record in &node.records {
            put(
                text,
                format_args!(
                    "<tr><th scope=\"row\">{}</th><td>{}</td></tr>\n",
                    escaped(&record.name()),
                    escaped(&record.text)
                ),
            );
        }
        text.push_str("</table></div></details>\n");
    }
}

fn headers(text: &mut String, title: &str, headers: &Headers) {
    if headers.0.is_empty() {
        return;
    }
    put(
        text,
        format_args!(
            "<details><summary>{title} ({})</summary>\n<div class=\"scroll\"><table>\n",
            headers.0.len()
        ),
    );
    for header in &headers.0 {
        put(
            text,
            format_args!(
                "<tr><th scope=\"row\">{}</th><td>{}</td></tr>\n",
                escaped(&header.shown_name()),
                escaped(&header.shown_value())
            ),
        );
    }
    text.push_str("</table></div></details>\n");
}

fn changes(text: &mut String, step: &Step<'_>) {
    put(
        text,
        format_args!(
            "<details open><summary>Changed since {} ({})</summary>\n<ul class=\"changes\">\n",
            escaped(&step.from.title()),
            step.changes.len()
        ),
    );
    for change in &step.changes {
        let (class, sign, what) = match change {
            Change::Added { name, value } => ("good", "+", format!("{name}: {value}")),
            Change::Removed { name, value } => ("bad", "\u{2212}", format!("{name}: {value}")),
            Change::Changed { name, from, to } => {
                ("plain", "~", format!("{name}: {from} \u{2192} {to}"))
            }
        };
        put(text, format_args!("<li class=\"{class}\"><b>{sign}</b> {}</li>\n", escaped(&what)));
    }
    text.push_str("</ul></details>\n");
}
