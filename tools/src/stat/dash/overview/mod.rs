//! The screen that says how it goes: how much, how well, how fast, whether failures have something in common, and what happened.

mod lines;
#[cfg(test)]
mod tests;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::widgets::Paragraph;
use serde_json::{Value, json};

use super::columns::{as_text, scrolled};
use super::screen::{HelpLine, Look, Reaction, Scene, Screen};
use super::snapshot::micros;
use crate::health::Verdict;
use crate::terminal::Key;

/// The screen.
#[derive(Debug, Default)]
pub(crate) struct Overview {
    /// Events above the first that is shown.
    scroll: usize,
}

const HELP: &[HelpLine] = &[
    ("<UP>, <DOWN>, <PAGEUP>, <PAGEDOWN>, <HOME>", "Look at older events, and back."),
    (
        "",
        "The red line is there when most failures of the last minute are those of few values of something, and chance \
         does not do that. What the worker itself says comes first, as `shellac health` has it; `shellac why` compares \
         over any time what the log says.",
    ),
];

impl Screen for Overview {
    fn name(&self) -> &'static str {
        "overview"
    }

    fn draw(&self, scene: &Scene<'_>, frame: &mut Frame<'_>, area: Rect, look: Look) {
        let (width, height) = (usize::from(area.width), usize::from(area.height));
        let lines = lines::lines(scene, width, Some((height, self.scroll)), look);
        frame.render_widget(Paragraph::new(lines), area);
    }

    fn key(&mut self, key: Key, scene: &Scene<'_>, area: Rect) -> Reaction {
        let page = usize::from(area.height / 2).max(1);
        let most = lines::events(scene).len().saturating_sub(1);
        let Some(scroll) = scrolled(key, self.scroll, page, most) else {
            return Reaction::Ignored;
        };
        self.scroll = scroll;
        Reaction::Taken
    }

    fn text(&self, scene: &Scene<'_>, width: u16) -> String {
        as_text(&lines::lines(scene, usize::from(width), None, Look::default()))
    }

    fn json(&self, scene: &Scene<'_>) -> Value {
        let traffic = &scene.now.traffic;
        let minute = &traffic.minute;
        let events: Vec<Value> = lines::events(scene)
            .into_iter()
            .map(|event| {
                json!({ "at": Some(event.at_unix).filter(|at| *at > 0), "kind": event.kind, "text": event.text, "times": event.times })
            })
            .collect();
        let judgement = scene.now.judgement.as_deref();
        let suspicion = traffic.suspicion.as_ref().map(|it| {
            json!({
                "dimension": it.dimension,
                "values": it.values,
                "more_values": it.more_values,
                "share_of_failures": it.share_of_failures,
                "rate": it.rate,
                "rate_of_others": it.rate_of_others,
                "since": micros(it.since),
            })
        });
        json!({
            "screen": "overview",
            "instance": scene.now.instance.name,
            "at": scene.now.at.unix,
            "since": micros(traffic.since),
            "total": lines::sums_json(&traffic.total),
            "minute": {
                "seconds": minute.span.as_secs_f64(),
                "sums": lines::sums_json(&minute.sums),
                "waits_us": minute.waits.map(|it| json!({ "p50": it.p50, "p90": it.p90, "p99": it.p99, "longest": it.longest })),
            },
            "classes": traffic.classes.iter().map(|(class, count)| (class.clone(), json!(count))).collect::<serde_json::Map<_, _>>(),
            "concentration": suspicion,
            "told_by_worker": judgement.map(|it| json!({
                "node_fault": it.node_fault(),
                "concentration": it.verdict.as_ref().map(Verdict::json),
            })),
            "in_flight": scene.now.live.as_ref().map(|live| live.requests.len()),
            "reader": {
                "lag_percent": traffic.lag.map(|lag| lag.percent()),
                "read_bytes": traffic.read_bytes,
                "lost_bytes": traffic.lost.bytes,
                "lost_exactly": !traffic.lost.inexact,
                "lost_times": traffic.lost.times,
                "attempts_left_out": traffic.attempts_left_out,
            },
            "events": events,
        })
    }

    fn help(&self) -> &'static [HelpLine] {
        HELP
    }

    fn hint(&self) -> &'static str {
        "arrows: older events"
    }
}
