//! Traces as one page of HTML that needs nothing else: no script, no other file, no network.
//!
//! Whatever a log says gets in through [`escaped`] only. A content security policy in the page forbids
//! everything but its own style, in case anything else ever does.

mod escape;
mod nodes;
mod sequence;
mod waterfall;

use std::fmt::Write as _;

use super::model::Trace;
use super::page::Page;
use super::tree::{Headline, headline_of};
use super::why;
use super::words::Zone;

pub(super) use escape::escaped;

/// The look of the page.
const STYLE: &str = include_str!("html/style.css");
/// Nothing may be loaded, nothing may run.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/// How a page is written.
#[derive(Clone, Copy, Debug)]
pub struct HtmlOptions {
    /// The clock for moments.
    pub zone: Zone,
    /// Whether secrets were replaced before; the page says so.
    pub redacted: bool,
}

/// The whole page. `notes` are said at its top, in order.
pub fn html(traces: &[Trace], notes: &[String], options: &HtmlOptions) -> String {
    let title = traces.first().and_then(|trace| headline_of(trace, options.zone));
    let title = title.map_or_else(|| "trace".to_owned(), |headline| headline.what);
    let mut text = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n<title>{}</title>\n\
         <style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n",
        escaped(&title)
    );
    for note in notes {
        put(&mut text, format_args!("<p class=\"note\">{}</p>\n", escaped(note)));
    }
    for (at, trace) in traces.iter().enumerate() {
        article(&mut text, trace, at, options);
    }
    let secrets = if options.redacted {
        "Values of secret headers are replaced."
    } else {
        "Nothing is replaced: secrets in headers are shown as they were."
    };
    put(
        &mut text,
        format_args!(
            "</main>\n<footer>Written by shellac trace. {secrets} Bytes that are no printable ASCII \
             are written as \\xNN.</footer>\n</body>\n</html>\n"
        ),
    );
    text
}

fn article(text: &mut String, trace: &Trace, at: usize, options: &HtmlOptions) {
    text.push_str("<article>\n");
    if let Some(Headline { what, result, time }) = headline_of(trace, options.zone) {
        put(
            text,
            format_args!(
                "<header>\n<h1>{}</h1>\n<p class=\"result\">{}</p>\n<p class=\"dim\">{}</p>\n</header>\n",
                escaped(&what),
                escaped(&result),
                escaped(&time)
            ),
        );
    }
    let mut page = Page::html();
    why::sections(&mut page, trace);
    let why = page.finish();
    if !why.is_empty() {
        put(text, format_args!("<section class=\"why\">\n{why}</section>\n"));
    }
    if let Some(drawing) = sequence::drawing(trace, at) {
        put(text, format_args!("<section>\n<h2>Sequence</h2>\n{drawing}</section>\n"));
    }
    if let Some(drawing) = waterfall::drawing(trace) {
        put(text, format_args!("<section>\n<h2>When</h2>\n{drawing}</section>\n"));
    }
    text.push_str("<section>\n<h2>Transactions</h2>\n");
    nodes::list(text, trace);
    text.push_str("</section>\n</article>\n");
}

/// Adds to `text`.
fn put(text: &mut String, what: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = text.write_fmt(what);
}
