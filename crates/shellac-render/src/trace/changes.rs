//! What became of headers on their way: from the client to an attempt, and from one attempt to the next.

use std::collections::{HashMap, VecDeque};

use super::attempt::RequestHead;
use super::fields::{Header, Headers};
use super::model::{Node, Trace};

/// One difference between two heads. Values are as they may be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Only in the later head.
    Added {
        /// The name as it was written.
        name: String,
        /// Its value.
        value: String,
    },
    /// Only in the earlier head.
    Removed {
        /// The name as it was written.
        name: String,
        /// Its value.
        value: String,
    },
    /// In both with different values. The method and the URL are such pairs too.
    Changed {
        /// The name as it was written, or `method` or `URL` of the request line.
        name: String,
        /// The earlier value.
        from: String,
        /// The later value.
        to: String,
    },
}

/// How the head of one request to a backend came about.
#[derive(Clone, Debug, PartialEq)]
pub struct Step<'a> {
    /// The client's request, or the attempt before.
    pub from: &'a Node,
    /// The attempt.
    pub to: &'a Node,
    /// What is different. Nothing: the heads are the same.
    pub changes: Vec<Change>,
}

impl Trace {
    /// The steps from each request to its first attempt and from there to its retries, in reading order.
    pub fn changes(&self) -> Vec<Step<'_>> {
        let mut steps = Vec::new();
        row(&self.roots, None, &mut steps);
        steps
    }
}

fn row<'a>(nodes: &'a [Node], above: Option<&'a Node>, steps: &mut Vec<Step<'a>>) {
    let mut before: Option<&Node> = None;
    for node in nodes {
        if let Some(attempt) = node.as_attempt() {
            let is_retry = node.reason == shellac_log::Reason::Retry;
            let from = if is_retry { before } else { above };
            if let Some(from) = from
                && let Some(head) = head_of(from)
            {
                let changes = between(head, &attempt.request);
                steps.push(Step { from, to: node, changes });
            }
            before = Some(node);
        }
        row(&node.children, node.as_request().map(|_| node), steps);
    }
}

fn head_of(node: &Node) -> Option<&RequestHead> {
    let request = node.as_request().map(|request| &request.request);
    request.or_else(|| node.as_attempt().map(|attempt| &attempt.request))
}

/// What is different between two heads: the request line first, then headers in the order of the earlier one,
/// then what is new.
///
/// Names are compared without case. Of several with one name, equal values are paired first.
pub fn between(earlier: &RequestHead, later: &RequestHead) -> Vec<Change> {
    let mut changes = Vec::new();
    let lines = [("method", &earlier.method, &later.method), ("URL", &earlier.url, &later.url)];
    for (name, from, to) in lines {
        if from != to && !from.is_empty() && !to.is_empty() {
            let (name, from, to) = (name.to_owned(), from.clone(), to.clone());
            changes.push(Change::Changed { name, from, to });
        }
    }
    headers(&earlier.headers, &later.headers, &mut changes);
    changes
}

fn headers(earlier: &Headers, later: &Headers, changes: &mut Vec<Change>) {
    let lower = |header: &Header| header.name.to_ascii_lowercase();
    // By name and value, then what is left by name: a log may hold very many headers.
    let mut equal: HashMap<(Vec<u8>, &[u8]), VecDeque<usize>> = HashMap::new();
    for (at, new) in later.0.iter().enumerate() {
        equal.entry((lower(new), &new.value)).or_default().push_back(at);
    }
    let mut taken = vec![false; later.0.len()];
    let mut gone = Vec::new();
    for old in &earlier.0 {
        match equal.get_mut(&(lower(old), old.value.as_slice())).and_then(VecDeque::pop_front) {
            Some(at) => taken[at] = true,
            None => gone.push(old),
        }
    }
    let mut named: HashMap<Vec<u8>, VecDeque<usize>> = HashMap::new();
    for (at, new) in later.0.iter().enumerate().filter(|(at, _)| !taken[*at]) {
        named.entry(lower(new)).or_default().push_back(at);
    }
    for old in gone {
        let (name, value) = (old.shown_name(), old.shown_value());
        changes.push(match named.get_mut(&lower(old)).and_then(VecDeque::pop_front) {
            Some(at) => {
                taken[at] = true;
                Change::Changed { name, from: value, to: later.0[at].shown_value() }
            }
            None => Change::Removed { name, value },
        });
    }
    for (new, taken) in later.0.iter().zip(taken) {
        if !taken {
            changes.push(Change::Added { name: new.shown_name(), value: new.shown_value() });
        }
    }
}

#[cfg(test)]
mod tests;
