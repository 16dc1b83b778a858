//! A trace as data: the fields of `shellac trace --json`, which TRACE-JSON.md describes.
//!
//! Every text is safe on a terminal as it is: bytes outside printable ASCII are written as `\xNN`. What the log
//! does not contain is `null`. Durations and offsets are in microseconds.

use std::collections::HashMap;

use serde::Serialize;

use super::attempt::{Attempt, Exchange};
use super::changes::{Change, Step};
use super::fields::{Close, Headers, Micros};
use super::model::{Node, Trace, What};
use super::retries::Follow;
use super::words::{Zone, epoch, local_time};

/// The version of the fields. It changes when one is removed or gets another meaning, not when one is added.
pub const SCHEMA: &str = "shellac.trace/1";

/// One trace.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TraceData {
    /// The number that was asked for.
    xid: u64,
    /// From when offsets count.
    start: Option<Moment>,
    /// From there to the end of the last phase.
    length_us: Option<i64>,
    /// Other requests on the same connection, which are not part of the tree.
    others_on_session: usize,
    /// The tops: one, and the restarts or retries that follow it.
    nodes: Vec<NodeData>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Moment {
    /// Seconds since 1970 as the log writes them.
    epoch: String,
    utc: String,
}

impl Moment {
    fn of(at: Micros) -> Moment {
        Moment { epoch: epoch(at), utc: local_time(at, Zone::Utc) }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct NodeData {
    xid: u64,
    #[serde(rename = "type")]
    kind: &'static str,
    reason: Option<&'static str>,
    recorded: bool,
    has_begin: bool,
    has_end: bool,
    start: Option<Moment>,
    offset_us: Option<i64>,
    took_us: Option<i64>,
    phases: Vec<PhaseData>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<SessionData>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request: Option<RequestData>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attempt: Option<AttemptData>,
    records: Vec<RecordData>,
    not_followed: usize,
    children: Vec<NodeData>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct PhaseData {
    /// The label of the timestamp that ends it.
    label: String,
    name: &'static str,
    offset_us: i64,
    took_us: i64,
    failed: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct SessionData {
    client: Option<String>,
    listener: Option<String>,
    local: Option<String>,
    close: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct HeadData {
    method: Option<String>,
    url: Option<String>,
    protocol: Option<String>,
    headers: Vec<[String; 2]>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct AnswerData {
    status: Option<u16>,
    reason: Option<String>,
    headers: Vec<[String; 2]>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct RequestData {
    client: Option<String>,
    listener: Option<String>,
    received: HeadData,
    answer: AnswerData,
    handling: Option<&'static str>,
    body_received_bytes: Option<u64>,
    body_sent_bytes: Option<u64>,
    piped_bytes: Option<[u64; 2]>,
    errors: Vec<String>,
    refused: Option<String>,
    junk: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct AttemptData {
    number: Option<u32>,
    sent: HeadData,
    answer: Option<AnswerData>,
    error_page: Option<AnswerData>,
    failed: bool,
    retried: bool,
    retry_reason: Option<String>,
    no_retry_reason: Option<String>,
    connections: Vec<ConnectionData>,
    changes_from: Option<u64>,
    changes: Vec<ChangeData>,
    notes: Vec<String>,
    piped: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct ConnectionData {
    backend: Option<String>,
    local: Option<String>,
    remote: Option<String>,
    reused: Option<bool>,
    age_us: Option<i64>,
    uses_before: Option<u64>,
    close: Option<String>,
    packet_filter: Option<String>,
    errors: Vec<String>,
    errno: Option<i32>,
    body_sent_bytes: Option<u64>,
    body_acked_bytes: Option<u64>,
    body_expected_bytes: Option<u64>,
    body_received_bytes: Option<u64>,
    waited_us: Option<i64>,
    silent_us: Option<i64>,
    limit_us: Option<i64>,
    limit_name: Option<String>,
    request_taken_bytes: Option<u64>,
    head_refused: Option<String>,
    head_start: Option<String>,
    failure: Option<FailureData>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct FailureData {
    words: &'static str,
    /// Identities of rows in the table of causes; one: this is it.
    causes: Vec<&'static str>,
    titles: Vec<&'static str>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct ChangeData {
    change: &'static str,
    name: String,
    from: Option<String>,
    to: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct RecordData {
    tag: String,
    text: String,
}

impl TraceData {
    /// Takes the facts out of `trace`, as far as they may be shown.
    pub fn new(trace: &Trace) -> TraceData {
        let base = trace.start();
        let steps = trace.changes().into_iter().map(|it| (std::ptr::from_ref(it.to), it)).collect();
        let nodes = trace.roots.iter().map(|root| node(&steps, root, base)).collect();
        TraceData {
            xid: trace.focus.0,
            start: base.map(Moment::of),
            length_us: trace.waterfall().map(|waterfall| waterfall.length.0),
            others_on_session: trace.others_on_session,
            nodes,
        }
    }
}

/// How the heads of attempts came about, by attempt.
type Steps<'a> = HashMap<*const Node, Step<'a>>;

fn node(steps: &Steps<'_>, node: &Node, base: Option<Micros>) -> NodeData {
    let offset = |at: Micros| base.map(|base| at.since(base).0);
    let phase = |step: &super::Step| PhaseData {
        label: step.stamp.label.clone(),
        name: match node.as_attempt() {
            Some(attempt) => super::phases::backend_phase(step, attempt).word,
            None => super::phases::client_phase(step).word,
        },
        offset_us: offset(step.stamp.at).unwrap_or(0).saturating_sub(step.stamp.took.0),
        took_us: step.stamp.took.0,
        failed: step.failed,
    };
    let (mut session, mut request, mut attempt) = (None, None, None);
    match &node.what {
        What::Session(it) => {
            session = Some(SessionData {
                client: it.client.clone(),
                listener: it.listener.clone(),
                local: it.local.clone(),
                close: it.close.clone(),
            });
        }
        What::Request(it) => request = Some(request_data(it)),
        What::Attempt(it) => attempt = Some(attempt_data(steps, node, it)),
        What::Missing => {}
    }
    let is_timed = |step: &&super::Step| step.stamp.label != "Start";
    NodeData {
        xid: node.vxid.0,
        kind: node.kind.word(),
        reason: some(node.reason.word()).filter(|word| *word != "unknown"),
        recorded: node.what != What::Missing,
        has_begin: node.has_begin,
        has_end: node.has_end,
        start: node.start().map(Moment::of),
        offset_us: node.start().and_then(offset),
        took_us: node.took().map(|took| took.0),
        phases: node.steps().iter().filter(is_timed).map(phase).collect(),
        session,
        request,
        attempt,
        records: node
            .records
            .iter()
            .map(|record| RecordData { tag: record.name(), text: record.text.clone() })
            .collect(),
        not_followed: node.deeper,
        children: node.children.iter().map(|child| self::node(steps, child, base)).collect(),
    }
}

fn request_data(request: &super::Request) -> RequestData {
    RequestData {
        client: request.client.clone(),
        listener: request.listener.clone(),
        received: head(&request.request),
        answer: answer(&request.answer),
        handling: some(request.handling),
        body_received_bytes: request.acct.map(|acct| acct.request_body_bytes),
        body_sent_bytes: request.acct.map(|acct| acct.response_body_bytes),
        piped_bytes: request.piped.map(|(up, down)| [up, down]),
        errors: request.errors.clone(),
        refused: request.refused.clone(),
        junk: request.garbage.clone(),
    }
}

fn attempt_data(steps: &Steps<'_>, node: &Node, attempt: &Attempt) -> AttemptData {
    let (retry_reason, no_retry_reason) = match attempt.follow() {
        Some(Follow::Retried(why)) => (Some(why), None),
        Some(Follow::NotRetried(why)) => (None, Some(why)),
        None => (None, None),
    };
    let step = steps.get(&std::ptr::from_ref(node));
    AttemptData {
        number: node.attempt,
        sent: head(&attempt.request),
        answer: attempt.answer.as_ref().map(answer),
        error_page: attempt.page.as_ref().map(answer),
        failed: attempt.failed(),
        retried: attempt.retried,
        retry_reason,
        no_retry_reason,
        connections: attempt.exchanges.iter().map(|it| connection(attempt, it)).collect(),
        changes_from: step.map(|step| step.from.vxid.0),
        changes: step.iter().flat_map(|step| &step.changes).map(change).collect(),
        notes: attempt.notes.clone(),
        piped: attempt.is_pipe,
    }
}

fn connection(attempt: &Attempt, exchange: &Exchange) -> ConnectionData {
    let open = exchange.open.as_ref();
    let details = &exchange.details;
    let failure = attempt.failure(exchange).map(|failure| {
        let causes = failure.diagnosis.map(|it| it.candidates).unwrap_or_default();
        FailureData {
            words: failure.words,
            causes: causes.iter().map(|cause| cause.id).collect(),
            titles: causes.iter().map(|cause| cause.title).collect(),
        }
    });
    ConnectionData {
        backend: open.map(|open| open.name.clone()),
        local: open.and_then(|open| open.local.clone()),
        remote: open.and_then(|open| open.remote.clone()).or_else(|| details.address.clone()),
        reused: exchange.reused(),
        age_us: exchange.age().map(|age| age.0),
        uses_before: open.and_then(|open| open.uses),
        close: exchange.close.as_ref().map(|close| match close {
            Close::Recycled => "kept for reuse".to_owned(),
            Close::Closed(reason) => reason.clone().unwrap_or_else(|| "closed".to_owned()),
        }),
        packet_filter: exchange.packet_filter().ok(),
        errors: exchange.errors.clone(),
        errno: details.errno,
        request_taken_bytes: details.taken_bytes,
        body_sent_bytes: details.sent_bytes,
        body_acked_bytes: details.acked_bytes,
        body_expected_bytes: details.expected_bytes,
        body_received_bytes: details.received_bytes,
        waited_us: exchange.waited.or(details.waited).map(|waited| waited.0),
        silent_us: details.waited.map(|waited| waited.0),
        limit_us: details.limit.map(|limit| limit.0),
        limit_name: details.timeout.clone(),
        head_refused: exchange.refused().map(str::to_owned),
        head_start: exchange.garbage.clone(),
        failure,
    }
}

fn change(change: &Change) -> ChangeData {
    let (change, name, from, to) = match change {
        Change::Added { name, value } => ("added", name, None, Some(value)),
        Change::Removed { name, value } => ("removed", name, Some(value), None),
        Change::Changed { name, from, to } => ("changed", name, Some(from), Some(to)),
    };
    ChangeData { change, name: name.clone(), from: from.cloned(), to: to.cloned() }
}

fn head(head: &super::RequestHead) -> HeadData {
    HeadData {
        method: some(&head.method).map(str::to_owned),
        url: some(&head.url).map(str::to_owned),
        protocol: some(&head.protocol).map(str::to_owned),
        headers: headers(&head.headers),
    }
}

fn answer(answer: &super::AnswerHead) -> AnswerData {
    AnswerData {
        status: answer.status,
        reason: some(&answer.reason).map(str::to_owned),
        headers: headers(&answer.headers),
    }
}

fn headers(headers: &Headers) -> Vec<[String; 2]> {
    headers.0.iter().map(|header| [header.shown_name(), header.shown_value()]).collect()
}

/// A text that is there.
fn some(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}
