//! Records about backends that belong to no transaction: probes, ejections, and what an administrator has ordered.

use shellac_format::Tag;
use shellac_upstream::probe::ProbeView;
use shellac_upstream::{Endpoint, Event};

use super::txn::Log;

/// What a `Backend_health` record says.
pub(crate) struct Health<'a> {
    /// The backend's name, without that of its configuration.
    pub(crate) name: &'a str,
    /// It was the other way round before.
    pub(crate) changed: bool,
    pub(crate) healthy: bool,
    /// What probes have found, if there are any.
    pub(crate) probe: Option<&'a ProbeView>,
    /// What the last probe took, in microseconds; 0 if it had no response.
    pub(crate) last: u64,
    /// The status line of the last probe's response, or what went wrong.
    pub(crate) text: &'a str,
}

impl Log {
    /// A probe's result, or that requests have taken a backend out, or that it is back.
    pub(crate) fn backend_health(&self, health: &Health<'_>) {
        let Health { name, changed, healthy, probe, last, text } = health;
        let letters = probe.map_or_else(|| "--------".to_owned(), |view| view.history.letters());
        let (good, threshold, window) =
            probe.map_or((0, 0, 0), |view| (view.good, view.threshold, view.window));
        let average = probe.map_or(0.0, |view| view.average_seconds);
        self.loose(Tag::BackendHealth, |record| {
            record.bytes(name.as_bytes()).word(if *changed { b"Went" } else { b"Still" });
            record.word(if *healthy { b"healthy" } else { b"sick" }).word(letters.as_bytes());
            record.field(good.into()).field(threshold.into()).field(window.into());
            record.bytes(b" ").seconds(*last).bytes(b" ").seconds(in_micros(average));
            record.bytes(b" \"").bytes(text.as_bytes()).bytes(b"\"");
        });
    }

    /// Something that an operator should know about the backend `config`.`name`.
    pub(crate) fn backend_notice(&self, config: &str, name: &str, text: &str) {
        self.loose(Tag::Notice, |record| {
            record.bytes(b"backend: ").bytes(config.as_bytes()).bytes(b".").bytes(name.as_bytes());
            record.word(text.as_bytes());
        });
    }

    /// What an attempt has changed for its backend: in varnish's words, and in a `Notice` beside it with the reason.
    pub(crate) fn backend_event(&self, config: &str, endpoint: &Endpoint, event: Event) {
        let name = endpoint.name();
        let probe = endpoint.health().probe();
        let (healthy, text) = match event {
            Event::Ejected { reason, .. } => (false, reason.to_string()),
            Event::Back { .. } => (true, "a request was answered".to_owned()),
            Event::Spared { reason } => {
                let text = format!("stays, for its pool cannot do without it: {reason}");
                return self.backend_notice(config, name, &text);
            }
        };
        let probe = probe.as_ref();
        self.backend_health(&Health { name, changed: true, healthy, probe, last: 0, text: &text });
        let notice = match event {
            Event::Ejected { reason, times, until } => {
                let left = until.saturating_sub(self.steady(self.coarse())).as_secs_f64();
                format!("ejected for {left:.1}s, ejection {times}: {reason}")
            }
            Event::Back { out } => format!("back after {:.1}s", out.as_secs_f64()),
            Event::Spared { .. } => return,
        };
        self.backend_notice(config, name, &notice);
    }
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a time that was measured; the cast saturates"
)]
fn in_micros(seconds: f64) -> u64 {
    (seconds * 1e6).round() as u64
}
