//! What the demo shows live: it reads the log as any other reader does.

use std::time::{Duration, Instant};

use anyhow::Context;
use shellac_format::Vxid;
use shellac_log::{Grouper, Grouping, Input, Limits, LiveOptions, LiveSource, Source};
use shellac_render::trace::{Micros, Node, Trace, What};
use shellac_vsm::Attachment;

/// Reads the log and makes a [`Seen`] of every request.
pub(super) struct Watch {
    source: LiveSource,
    grouper: Option<Grouper>,
    clock: Instant,
}

/// One finished request.
#[derive(Debug)]
pub(super) struct Seen {
    /// Its number.
    pub(super) xid: Vxid,
    /// When it began.
    pub(super) at: Option<Micros>,
    /// From first to last timestamp.
    pub(super) took: Option<Micros>,
    /// Method of the request.
    pub(super) method: String,
    /// URL of the request.
    pub(super) url: String,
    /// Protocol of the request.
    pub(super) protocol: String,
    /// What was answered.
    pub(super) status: Option<u16>,
    /// Attempts at a backend, in order.
    pub(super) tries: Vec<Try>,
    /// Announced bytes of the body.
    pub(super) body_bytes: Option<u64>,
}

/// One attempt.
#[derive(Debug)]
pub(super) struct Try {
    /// Whether its connection came from the pool.
    pub(super) reused: Option<bool>,
    /// What went wrong, in words.
    pub(super) failure: Option<&'static str>,
}

impl Watch {
    /// Reads the log of the instance in `attachment` from its oldest record.
    #[allow(clippy::disallowed_methods, reason = "a tool is where the time comes from")]
    pub(super) fn new(attachment: Attachment) -> Watch {
        let options = LiveOptions { dialect: None, from_head: true, stop_at_tail: false };
        let source = LiveSource::new(attachment, options);
        Watch { source, grouper: None, clock: Instant::now() }
    }

    /// Everything that has finished since the last call.
    pub(super) fn poll(&mut self) -> anyhow::Result<Vec<Seen>> {
        let mut seen = Vec::new();
        loop {
            let dialect = self.source.dialect();
            let now: Duration = self.clock.elapsed();
            match self.source.next().context("cannot read the log")? {
                Input::Unit(bytes) => {
                    let grouper = self.grouper.get_or_insert_with(|| {
                        Grouper::new(Grouping::Request, dialect, Limits::default())
                    });
                    grouper.unit(bytes, now);
                    while let Some(group) = grouper.pop() {
                        let top = group.transactions.first().map(|top| top.vxid);
                        let trace = top.and_then(|top| Trace::build(&group.transactions, top));
                        seen.extend(trace.as_ref().and_then(Seen::of));
                    }
                }
                Input::Nothing | Input::End | Input::Unavailable(_) => return Ok(seen),
                // Only files have rows.
                Input::Row(_)
                | Input::Opened
                | Input::Reacquired
                | Input::Abandoned(_)
                | Input::Lost(_) => {}
            }
        }
    }
}

impl Seen {
    /// `None` for what is not a request.
    fn of(trace: &Trace) -> Option<Seen> {
        let node = trace.focused()?;
        let What::Request(request) = &node.what else { return None };
        Some(Seen {
            xid: node.vxid,
            at: node.start(),
            took: node.took(),
            method: request.request.method.clone(),
            url: request.request.url.clone(),
            protocol: request.request.protocol.clone(),
            status: request.answer.status,
            tries: node.children.iter().filter_map(Try::of).collect(),
            body_bytes: request.request.headers.content_length(),
        })
    }

    /// Whether anything about it went wrong.
    pub(super) fn is_notable(&self) -> bool {
        self.tries.iter().any(|one| one.failure.is_some()) || !self.was_answered()
    }

    /// Whether the client got what it asked for.
    pub(super) fn was_answered(&self) -> bool {
        self.status.is_some_and(|status| status < 500)
    }

    /// The request that the demo is about: a POST by HTTP/1.0 whose first attempt ended on a new connection
    /// before the first byte, and that a retry saved.
    pub(super) fn is_the_story(&self) -> bool {
        let [first, second] = &self.tries[..] else { return false };
        self.method == "POST"
            && self.protocol == "HTTP/1.0"
            && self.status == Some(200)
            && first.reused == Some(false)
            && first.failure == Some("EOF before the first byte")
            && second.failure.is_none()
    }
}

impl Try {
    fn of(node: &Node) -> Option<Try> {
        let attempt = node.as_attempt()?;
        let last = attempt.last();
        let failure = last.and_then(|last| attempt.failure(last)).map(|failure| failure.words);
        Some(Try { reused: last.and_then(|last| last.reused()), failure })
    }
}
