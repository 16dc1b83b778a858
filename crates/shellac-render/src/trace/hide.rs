//! Takes out of a trace what is not to be seen, before anything is written of it.

use super::attempt::{Attempt, RequestHead};
use super::fields::Headers;
use super::model::{Node, Trace, What};
use super::request::Request;
use crate::redact::Redaction;

impl Trace {
    /// Replaces secrets in headers, URLs, junk and records, so that no form that the trace is written in
    /// can show them. Differences between headers are still found.
    pub fn redact(&mut self, redaction: &Redaction) {
        if redaction.is_on() {
            self.roots.iter_mut().for_each(|root| node(root, redaction));
        }
    }
}

fn node(node: &mut Node, redaction: &Redaction) {
    match &mut node.what {
        What::Request(it) => request(it, redaction),
        What::Attempt(it) => attempt(it, redaction),
        What::Session(_) | What::Missing => {}
    }
    for record in &mut node.records {
        record.text = redaction.record(record.tag, record.text.as_bytes());
    }
    node.children.iter_mut().for_each(|child| self::node(child, redaction));
}

fn request(request: &mut Request, redaction: &Redaction) {
    head(&mut request.request, redaction);
    headers(&mut request.answer.headers, redaction);
    texts(&mut request.errors, redaction);
    junk([&mut request.refused, &mut request.garbage], redaction);
}

fn attempt(attempt: &mut Attempt, redaction: &Redaction) {
    head(&mut attempt.request, redaction);
    for answer in [&mut attempt.answer, &mut attempt.page].into_iter().flatten() {
        headers(&mut answer.headers, redaction);
    }
    texts(&mut attempt.notes, redaction);
    for exchange in &mut attempt.exchanges {
        texts(&mut exchange.errors, redaction);
        junk([&mut exchange.bogus, &mut exchange.garbage], redaction);
    }
}

fn junk(texts: [&mut Option<String>; 2], redaction: &Redaction) {
    for text in texts.into_iter().flatten() {
        *text = redaction.junk(text);
    }
}

fn head(head: &mut RequestHead, redaction: &Redaction) {
    head.url = redaction.parameters_in(&head.url).into_owned();
    headers(&mut head.headers, redaction);
}

fn headers(headers: &mut Headers, redaction: &Redaction) {
    for header in &mut headers.0 {
        header.shown = Some(redaction.header_value(&header.name, &header.value));
    }
}

fn texts(texts: &mut [String], redaction: &Redaction) {
    for text in texts {
        *text = redaction.parameters_in(text).into_owned();
    }
}
