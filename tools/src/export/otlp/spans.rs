//! A group as spans: one for each transaction, named and described as OpenTelemetry's conventions for HTTP say.

use std::collections::HashMap;

use serde_json::{Value, json};
use shellac_log::{Group, Kind, Reason};
use shellac_render::failures::{FailedAttempt, Failures};
use shellac_render::redact::Redaction;
use shellac_render::visible;

use super::identity::{Context, span_digits, trace_digits};
use super::queue::Item;
use crate::export::seen::{Event, Seen, What};

/// Bytes of a text in an attribute.
const MAX_TEXT: usize = 1024;
/// Spans of a group at most: a session may have very many requests.
const MAX_SPANS: usize = 2000;
/// Methods that are named in spans; what is none of them may be anything.
const METHODS: [&[u8]; 9] =
    [b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"CONNECT", b"OPTIONS", b"TRACE", b"PATCH"];

/// A group before it is known whether it goes out.
#[derive(Debug)]
pub(super) struct Tree<'a> {
    seen: Vec<Seen<'a>>,
    /// The trace of each.
    contexts: Vec<Context>,
    /// Above which it stands in its trace.
    owners: Vec<Option<usize>>,
}

impl<'a> Tree<'a> {
    /// Reads a group; `None` for one without transactions.
    pub(super) fn read(group: &'a Group, service: &str) -> Option<Tree<'a>> {
        let seen: Vec<Seen<'a>> = group.transactions.iter().take(MAX_SPANS).map(Seen::of).collect();
        let first = seen.first()?;
        let start = seen.iter().find_map(|it| it.start_nanos).unwrap_or(0);
        let made = Context::of_group(service, first.vxid, start);
        let mut tree = Tree { contexts: Vec::new(), owners: Vec::new(), seen: Vec::new() };
        let mut by_vxid = HashMap::new();
        for (at, one) in seen.iter().enumerate() {
            let found = by_vxid.get(&one.parent).copied();
            // Attempts stand below their request, also those that follow another one.
            let is_below_attempt =
                |at: usize| one.kind == Kind::Backend && seen[at].kind == Kind::Backend;
            let owner: Option<usize> = match found {
                Some(above) if is_below_attempt(above) => tree.owners[above].or(Some(above)),
                Some(above) => Some(above),
                None => (at > 0).then_some(0),
            };
            let brought = one.traceparent.filter(|_| one.kind == Kind::Request && starts_here(one));
            let context = match (brought.and_then(Context::parse), owner) {
                (Some(context), _) => context,
                (None, Some(owner)) => tree.contexts[owner],
                (None, None) => made,
            };
            tree.contexts.push(context);
            tree.owners.push(owner);
            by_vxid.entry(one.vxid).or_insert(at);
        }
        tree.seen = seen;
        Some(tree)
    }

    /// The trace of the top.
    pub(super) fn context(&self) -> &Context {
        &self.contexts[0]
    }

    /// The second since 1970 in which it began; 0 where no moment is known.
    pub(super) fn second(&self) -> u64 {
        self.seen.iter().find_map(|it| it.start_nanos).unwrap_or(0) / 1_000_000_000
    }

    /// The spans.
    pub(super) fn spans(&self, failures: Option<&Failures>, redaction: &Redaction) -> Item {
        let shown = Shown { redaction, failures };
        let (mut json, mut spans) = (String::new(), 0);
        for at in 0..self.seen.len() {
            if at > 0 {
                json.push(',');
            }
            json += &self.span(at, &shown).to_string();
            spans += 1;
        }
        Item { json, spans }
    }

    fn number(&self, at: usize) -> u64 {
        let one = &self.seen[at];
        self.contexts[at].span(one.vxid, one.start_nanos.unwrap_or(0))
    }

    /// Where it begins and ends; without a moment of its own, where the one above begins.
    fn times(&self, at: usize) -> (u64, u64) {
        let above = || {
            let next = |at: &usize| self.owners[*at];
            let all = std::iter::successors(Some(at), next).take(self.seen.len());
            all.filter_map(|at| self.seen[at].start_nanos).next()
        };
        let start = self.seen[at].start_nanos.or_else(above).unwrap_or(0);
        (start, self.seen[at].end_nanos.unwrap_or(start).max(start))
    }

    fn span(&self, at: usize, shown: &Shown<'_>) -> Value {
        let one = &self.seen[at];
        let context = &self.contexts[at];
        let owner = self.owners[at];
        // The one above stands in the same trace, or the request brought its own.
        let same = owner.filter(|&owner| self.contexts[owner].trace == context.trace);
        let is_own = one.traceparent.is_some() && starts_here(one) && one.kind == Kind::Request;
        let parent = match same {
            Some(owner) if !is_own => self.number(owner),
            _ => context.parent,
        };
        let (start, end) = self.times(at);
        let failed = shown.failed(one);
        let mut attributes = attributes(one, shown);
        if let Some(count) = self.resend_count(at) {
            attributes.push(number("http.request.resend_count", count));
        }
        let error = error(one, failed, shown);
        if let Some((kind, _)) = &error {
            attributes.push(text("error.type", kind));
        }
        if let Some(failed) = failed {
            attributes.extend(failure(failed));
            // Without a connection there is no record of one, and the error has the name.
            if one.backend.is_none() && !failed.backend.is_empty() {
                attributes.push(text("shellac.backend", failed.backend.as_str()));
            }
        }
        let mut span = json!({
            "traceId": trace_digits(context.trace),
            "spanId": span_digits(self.number(at)),
            "name": name(one),
            "kind": kind(one),
            "startTimeUnixNano": start.to_string(),
            "endTimeUnixNano": end.to_string(),
            "attributes": attributes,
            "events": one.events.iter().map(|it| event(it, start, failed, shown)).collect::<Vec<_>>(),
            "droppedEventsCount": one.events_dropped,
            "status": match error {
                Some((_, message)) => json!({"code": 2, "message": message}),
                None => json!({}),
            },
        });
        if parent != 0 {
            span["parentSpanId"] = Value::from(span_digits(parent));
        }
        if let Some(state) = one.tracestate.filter(|_| is_own) {
            span["traceState"] = Value::from(cut(state));
        }
        // A request that is part of another trace still came on its connection.
        if let Some(owner) = owner.filter(|_| same.is_none() || is_own) {
            span["links"] = json!([{
                "traceId": trace_digits(self.contexts[owner].trace),
                "spanId": span_digits(self.number(owner)),
            }]);
        }
        span
    }

    /// How many attempts of a fetch were before this one.
    fn resend_count(&self, at: usize) -> Option<u64> {
        if self.seen[at].reason != Reason::Retry {
            return None;
        }
        let above = |vxid: u64| self.seen.iter().find(|it| it.vxid == vxid);
        let retries = std::iter::successors(Some(&self.seen[at]), |one| above(one.parent))
            .take(self.seen.len())
            .take_while(|one| one.reason == Reason::Retry);
        Some(retries.count() as u64)
    }
}

/// Whether a request came from outside rather than from an include or a restart.
fn starts_here(one: &Seen<'_>) -> bool {
    !matches!(one.reason, Reason::Esi | Reason::Restart)
}

/// How texts are shown, and what is known of failures.
struct Shown<'a> {
    redaction: &'a Redaction,
    failures: Option<&'a Failures>,
}

impl Shown<'_> {
    fn failed(&self, one: &Seen<'_>) -> Option<&FailedAttempt> {
        let attempts = &self.failures?.attempts;
        attempts.iter().rev().find(|it| it.xid == one.vxid && !it.recovered)
    }

    fn text(&self, bytes: &[u8]) -> String {
        self.redaction.parameters_in(&cut(bytes)).into_owned()
    }
}

fn cut(bytes: &[u8]) -> String {
    visible(&bytes[..bytes.len().min(MAX_TEXT)])
}

fn text(key: &str, value: impl Into<String>) -> Value {
    json!({"key": key, "value": {"stringValue": value.into()}})
}

fn number(key: &str, value: u64) -> Value {
    // 64-bit numbers are texts in this format.
    json!({"key": key, "value": {"intValue": value.to_string()}})
}

fn flag(key: &str, value: bool) -> Value {
    json!({"key": key, "value": {"boolValue": value}})
}

/// Names have few values: of methods, those that everybody knows.
fn name(one: &Seen<'_>) -> String {
    match one.kind {
        Kind::Session => "session".to_owned(),
        _ => match one.method.filter(|method| METHODS.contains(method)) {
            Some(method) => visible(method),
            None => "HTTP".to_owned(),
        },
    }
}

fn kind(one: &Seen<'_>) -> u8 {
    const INTERNAL: u8 = 1;
    const SERVER: u8 = 2;
    const CLIENT: u8 = 3;
    match one.kind {
        Kind::Backend => CLIENT,
        Kind::Request if starts_here(one) => SERVER,
        _ => INTERNAL,
    }
}

fn attributes(one: &Seen<'_>, shown: &Shown<'_>) -> Vec<Value> {
    let mut all = vec![number("shellac.vxid", one.vxid), text("shellac.reason", one.reason.word())];
    if let Some(method) = one.method {
        if METHODS.contains(&method) {
            all.push(text("http.request.method", cut(method)));
        } else {
            all.push(text("http.request.method", "_OTHER"));
            all.push(text("http.request.method_original", cut(method)));
        }
    }
    if let Some(version) = one.protocol.and_then(|it| it.strip_prefix(b"HTTP/")) {
        all.push(text("network.protocol.name", "http"));
        all.push(text("network.protocol.version", cut(version)));
    }
    all.extend(one.status.map(|status| number("http.response.status_code", status)));
    if let Some(acct) = one.acct {
        all.push(number("http.request.body.size", acct.request_body_bytes));
        all.push(number("http.response.body.size", acct.response_body_bytes));
    }
    let peer = |at: usize| one.peer.get(at).map(|word| cut(word));
    let port = |at: usize| peer(at).and_then(|word| word.parse::<u64>().ok());
    if one.kind == Kind::Backend {
        let host = one.host.map(cut).or_else(|| peer(2)).unwrap_or_default();
        let url = one.url.map(|url| shown.text(url)).unwrap_or_default();
        all.push(text("url.full", format!("http://{host}{url}")));
        all.extend(one.backend.iter().map(|name| text("shellac.backend", name.as_str())));
        all.extend(peer(2).map(|address| text("server.address", address)));
        all.extend(port(3).map(|port| number("server.port", port)));
        match one.peer.get(6) {
            Some(&b"reuse") => all.push(flag("shellac.connection.reused", true)),
            Some(&b"connect") => all.push(flag("shellac.connection.reused", false)),
            _ => {}
        }
        return all;
    }
    if let Some(url) = one.url {
        let url = shown.text(url);
        let (path, query) = url.split_once('?').unwrap_or((&url, ""));
        all.push(text("url.path", path));
        if !query.is_empty() {
            all.push(text("url.query", query));
        }
        let is_tls = one.kind == Kind::Request && one.peer.get(3) == Some(&&b"https"[..]);
        all.push(text("url.scheme", if is_tls { "https" } else { "http" }));
    }
    all.extend(one.host.map(|host| text("server.address", cut(host))));
    all.extend(one.agent.map(|agent| text("user_agent.original", shown.text(agent))));
    all.extend(peer(0).map(|address| text("client.address", address)));
    all.extend(port(1).map(|port| number("client.port", port)));
    all
}

/// What is known of a failed attempt beyond its text.
fn failure(failed: &FailedAttempt) -> Vec<Value> {
    let mut all = Vec::new();
    all.extend(failed.cause.map(|cause| text("shellac.cause", cause)));
    all.extend(failed.phase.map(|phase| text("shellac.phase", phase.word())));
    if let Some(errno) = failed.errno {
        all.push(number("shellac.errno", errno.unsigned_abs().into()));
    }
    all
}

/// The kind of error, which has few values, and what there is to say about it.
fn error(
    one: &Seen<'_>,
    failed: Option<&FailedAttempt>,
    shown: &Shown<'_>,
) -> Option<(String, String)> {
    if let Some(failed) = failed {
        return Some((failed.class.clone(), failed.error.clone()));
    }
    let least = if one.kind == Kind::Backend { 400 } else { 500 };
    let status = one.status.filter(|&status| status >= least);
    if let Some(status) = status {
        let message = shown.failures.filter(|_| one.kind == Kind::Request).map(|it| &it.class);
        return Some((status.to_string(), message.cloned().unwrap_or_default()));
    }
    let said = one.events.iter().find_map(|event| match event.what {
        What::Error(text) => Some(shown.text(text)),
        _ => None,
    });
    said.filter(|_| one.kind != Kind::Backend).map(|said| ("_OTHER".to_owned(), said))
}

fn event(
    event: &Event<'_>,
    start: u64,
    failed: Option<&FailedAttempt>,
    shown: &Shown<'_>,
) -> Value {
    let at = if event.at_nanos == 0 { start } else { event.at_nanos };
    let (name, attributes) = match event.what {
        What::Stamp(label) => (cut(label), Vec::new()),
        What::Error(said) => {
            let mut attributes = vec![text("exception.message", shown.text(said))];
            let class = failed.map_or("fetch_error", |failed| failed.class.as_str());
            attributes.push(text("exception.type", class));
            ("exception".to_owned(), attributes)
        }
        What::Detail(key, value) => (cut(key), vec![text("value", shown.text(value))]),
    };
    json!({"timeUnixNano": at.to_string(), "name": name, "attributes": attributes})
}
