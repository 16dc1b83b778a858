//! A failing group that is shown whole.

use std::sync::Arc;

use chrono::{FixedOffset, Offset, Utc};
use ratatui::text::Line;
use serde_json::{Value, json};
use shellac_format::Vxid;
use shellac_render::redact::Redaction;
use shellac_render::trace::{Options, Trace, TraceData, Zone, render};

use super::ansi;
use crate::stat::dash::columns::{Columns, scrolled};
use crate::stat::dash::screen::{Look, Reaction};
use crate::terminal::Key;
use crate::watch::{Failing, Kept};

/// Lines of text are not longer than this, however wide the screen is.
const TEXT_WIDTH: usize = 120;

/// The group.
#[derive(Debug)]
pub(super) struct Opened {
    failing: Arc<Failing>,
    /// `None`: its records are not kept.
    trace: Option<Box<Trace>>,
    /// Lines above the first that is shown.
    scroll: usize,
}

impl Opened {
    /// Builds its trace, without secrets.
    pub(super) fn new(failing: &Arc<Failing>, kept: &Kept, redaction: &Redaction) -> Opened {
        let records = kept.records(failing.number);
        let trace = records.and_then(|records| Trace::build(&records, Vxid(failing.xid)));
        let trace = trace.map(|mut trace| {
            trace.redact(redaction);
            Box::new(trace)
        });
        Opened { failing: Arc::clone(failing), trace, scroll: 0 }
    }

    /// All of it.
    pub(super) fn lines(&self, width: usize, look: Look) -> Vec<Line<'static>> {
        let Some(trace) = &self.trace else {
            let xid = self.failing.xid;
            let texts = [
                format!(" Request {xid}: its records are not kept any more."),
                String::new(),
                format!(" The log may still have them: shellac trace {xid}"),
            ];
            return texts.into_iter().map(Line::raw).collect();
        };
        let offset = FixedOffset::east_opt(look.offset).unwrap_or(Utc.fix());
        let options = Options {
            width: width.min(TEXT_WIDTH),
            color: look.color,
            zone: Zone::Fixed(offset),
            bar_width: width,
        };
        ansi::lines(&render(trace, &options))
    }

    /// What fits, with a line that says where it is in the whole.
    pub(super) fn page(&self, width: usize, height: usize, look: Look) -> Vec<Line<'static>> {
        let lines = self.lines(width, look);
        let page = height.saturating_sub(1).max(1);
        let top = self.scroll.min(lines.len().saturating_sub(page));
        let bottom = (top + page).min(lines.len());
        let mut title = Columns::default();
        let where_to = if lines.len() > page {
            let more = if bottom < lines.len() { "; End: why, and what to do" } else { "" };
            format!("  lines {}-{bottom} of {}{more}", top + 1, lines.len())
        } else {
            String::new()
        };
        let text = format!(" FAILING GROUP {}{where_to}", self.failing.xid);
        let mut shown = vec![title.rest(&text, width, look.quiet()).plain()];
        shown.extend(lines.into_iter().skip(top).take(page));
        shown
    }

    /// Scrolls.
    pub(super) fn key(&mut self, key: Key, width: usize, height: usize) -> Reaction {
        let page = height.saturating_sub(1).max(1);
        let most = self.lines(width, Look::default()).len().saturating_sub(page);
        let Some(scroll) = scrolled(key, self.scroll, page, most) else {
            return Reaction::Ignored;
        };
        self.scroll = scroll;
        Reaction::Taken
    }

    /// As `shellac trace --json` writes it.
    pub(super) fn json(&self) -> Value {
        let trace = self.trace.as_ref().map(|trace| TraceData::new(trace));
        let trace = trace.and_then(|trace| serde_json::to_value(trace).ok());
        json!({ "screen": "trace", "xid": self.failing.xid, "class": self.failing.class, "trace": trace })
    }
}
