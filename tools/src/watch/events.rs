//! What happens to an instance besides requests.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use shellac_render::visible;

/// Events that are remembered.
const EVENTS: usize = 200;
/// The same event within so many others is one that happened again.
const ALIKE: usize = 8;
/// A longer text is cut, in bytes.
const MAX_TEXT: usize = 400;

/// What kind of event it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EventKind {
    /// The worker ended or was started.
    Worker,
    /// Somebody gave a command.
    Command,
    /// Another configuration.
    Configuration,
    /// A backend went sick.
    Sick,
    /// A backend is healthy again.
    Healthy,
    /// A notice of the proxy.
    Notice,
    /// Records were lost.
    Loss,
}

impl EventKind {
    /// Its name.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            EventKind::Worker => "worker",
            EventKind::Command => "command",
            EventKind::Configuration => "config",
            EventKind::Sick => "sick",
            EventKind::Healthy => "healthy",
            EventKind::Notice => "notice",
            EventKind::Loss => "loss",
        }
    }
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    /// When; the last time, when it happened several times. Zero: before watching began, as these records have no time.
    pub(crate) at: Duration,
    pub(crate) kind: EventKind,
    /// Safe on a terminal.
    pub(crate) text: String,
    /// How often it happened in a short row.
    pub(crate) times: u64,
}

/// Remembers the latest.
#[derive(Debug, Default)]
pub(super) struct Events {
    list: VecDeque<Event>,
    /// What was handed out last, until something happens.
    told: Option<Arc<[Event]>>,
}

impl Events {
    pub(super) fn add(&mut self, at: Duration, kind: EventKind, text: String) {
        self.told = None;
        let alike = |event: &&mut Event| event.kind == kind && event.text == text;
        if let Some(event) = self.list.iter_mut().rev().take(ALIKE).find(alike) {
            event.at = event.at.max(at);
            event.times += 1;
            return;
        }
        if self.list.len() >= EVENTS {
            self.list.pop_front();
        }
        self.list.push_back(Event { at, kind, text, times: 1 });
    }

    pub(super) fn list(&mut self) -> Arc<[Event]> {
        let list = &self.list;
        Arc::clone(self.told.get_or_insert_with(|| list.iter().cloned().collect()))
    }
}

/// The text of a record, cut and safe on a terminal.
pub(super) fn text(bytes: &[u8]) -> String {
    visible(&bytes[..bytes.len().min(MAX_TEXT)])
}

/// What a `CLI` record says, when it is a command that changes something or the end of the worker.
pub(super) fn command(record: &[u8]) -> Option<(EventKind, String)> {
    if record.starts_with(b"EOF ") {
        return Some((EventKind::Worker, text(record)));
    }
    let command = record.strip_prefix(b"Rd ")?.trim_ascii_end();
    let word = command.split(|byte| *byte == b' ').next().unwrap_or_default();
    // These ask, and some of them every few seconds; `auth` tells how somebody was let in.
    const ASKING: [&[u8]; 12] = [
        b"ping",
        b"status",
        b"help",
        b"banner",
        b"auth",
        b"quit",
        b"pid",
        b"panic.show",
        b"storage.list",
        b"drain.plan",
        b"drain.status",
        b"drain.wait",
    ];
    const ASKING_ENDS: [&[u8]; 4] = [b".list", b".show", b".json", b".status"];
    if word.is_empty()
        || ASKING.contains(&word)
        || ASKING_ENDS.iter().any(|end| word.ends_with(end))
    {
        return None;
    }
    let is_configuration = word.starts_with(b"vcl.") || word == b"reload";
    let kind = if is_configuration { EventKind::Configuration } else { EventKind::Command };
    Some((kind, text(command)))
}
