//! The other forms: JSON, HTML, a command line.

use serde::Serialize;
use shellac_render::trace::{HtmlOptions, Micros, SCHEMA, TraceData, Zone, curl, html, local_time};
use shellac_render::visible;

use super::Report;
use super::summary::why;
use crate::trace::captures::{Neighbour, Summary};
use crate::trace::select::Match;

/// The object of `--json`.
#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    redacted: bool,
    traces: Vec<TraceData>,
    summaries: Vec<SummaryData<'a>>,
    matches: Option<Vec<MatchData<'a>>>,
    matches_total: Option<u64>,
}

#[derive(Serialize)]
struct SummaryData<'a> {
    xid: u64,
    time: String,
    method: Option<String>,
    url: Option<String>,
    status: Option<u16>,
    class: String,
    backend: Option<String>,
    attempts: u32,
    error: Option<String>,
    outcome: &'a str,
    why: String,
    neighbour: Option<NeighbourData>,
}

#[derive(Serialize)]
struct NeighbourData {
    xid: u64,
    earlier_us: i64,
    same_class: bool,
    same_backend: bool,
}

#[derive(Serialize)]
struct MatchData<'a> {
    xid: u64,
    time: Option<String>,
    method: &'a str,
    url: String,
    status: Option<u16>,
    backend: Option<&'a str>,
    error: Option<String>,
}

impl Report<'_> {
    /// One object and a line end.
    pub(super) fn json(&self) -> anyhow::Result<String> {
        let document = Document {
            schema: SCHEMA,
            redacted: self.redaction.is_on(),
            traces: self.found.traces.iter().map(TraceData::new).collect(),
            summaries: self.found.summaries.iter().map(|it| self.summary_data(it)).collect(),
            matches: self
                .matches
                .map(|all| all.newest_first.iter().map(|it| self.match_data(it)).collect()),
            matches_total: self.matches.map(|all| all.total),
        };
        Ok(serde_json::to_string_pretty(&document)? + "\n")
    }

    /// The page.
    pub(super) fn html(&self) -> String {
        let mut notes: Vec<String> =
            self.found.summaries.iter().map(|summary| self.summary(summary)).collect();
        if let (Some(xid), true) = (self.args.xid, self.found.traces.len() > 1) {
            let count = self.found.traces.len();
            notes.push(format!("{count} transactions have the number {xid}; newest first."));
        }
        if self.found.traces.is_empty() && self.found.summaries.is_empty() {
            notes.push("Nothing was found.".to_owned());
        }
        let options = HtmlOptions { zone: self.zone(), redacted: self.redaction.is_on() };
        html(&self.found.traces, &notes, &options)
    }

    /// The command for the newest trace, or why there is none.
    pub(super) fn curl(&self) -> (String, Option<&'static str>) {
        let Some(trace) = self.found.traces.first() else { return (String::new(), None) };
        match curl(trace) {
            Ok(command) => (command, None),
            Err(why) => (String::new(), Some(why)),
        }
    }

    fn summary_data<'a>(&self, summary: &'a Summary) -> SummaryData<'a> {
        let entry = &summary.indexed.entry;
        let text = |it: &Option<String>| it.as_deref().map(|it| self.shown(it));
        SummaryData {
            xid: entry.xid,
            time: utc(Micros(entry.time.0)),
            method: text(&entry.method),
            url: text(&entry.url),
            status: entry.status,
            class: visible(entry.class.as_bytes()),
            backend: text(&entry.backend),
            attempts: entry.attempts,
            error: text(&entry.error),
            outcome: entry.outcome.word(),
            why: why(entry, &summary.indexed.records),
            neighbour: summary.neighbour.as_ref().map(|it| {
                let Neighbour { xid, earlier, same_class, same_backend } = *it;
                NeighbourData { xid, earlier_us: earlier.0, same_class, same_backend }
            }),
        }
    }

    fn match_data<'a>(&self, found: &'a Match) -> MatchData<'a> {
        MatchData {
            xid: found.xid.0,
            time: found.time.map(utc),
            method: &found.method,
            url: self.shown(&found.url),
            status: found.status,
            backend: found.backend.as_deref(),
            error: found.error.as_deref().map(|it| self.shown(it)),
        }
    }

    fn shown(&self, text: &str) -> String {
        self.redaction.parameters_in(&visible(text.as_bytes())).into_owned()
    }
}

fn utc(at: Micros) -> String {
    local_time(at, Zone::Utc)
}
