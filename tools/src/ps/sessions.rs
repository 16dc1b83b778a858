//! Client connections that are open, from the log: what can be known of an instance that has no scoreboard.

use std::collections::HashMap;
use std::path::Path;

use shellac_format::record::Records;
use shellac_format::{Dialect, Tag};
use shellac_log::{Input, Kind, LiveOptions, LiveSource, Relation, Source};
use shellac_render::trace::Micros;
use shellac_render::visible;
use shellac_vsm::{AttachOptions, Attachment};

/// Sessions that are kept in mind at most.
const SESSIONS_MOST: usize = 65_536;
/// Inputs that are read at most in one look.
const INPUTS_MOST: usize = 4_000_000;

/// An open connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Session {
    /// When it was opened, in microseconds since 1970; 0 when the log does not hold that any more.
    pub(super) opened_unix: u64,
    /// `ADDRESS:PORT`, visible.
    pub(super) client: String,
    /// Its last request, if that has not ended in the log.
    pub(super) request: Option<u64>,
}

/// Follows a log for sessions that have begun and not ended.
pub(super) struct Sessions {
    source: LiveSource,
    open: Open,
    /// Why the log cannot be read.
    pub(super) trouble: Option<String>,
}

/// The sessions themselves.
#[derive(Debug, Default)]
struct Open {
    sessions: HashMap<u64, Session>,
    /// The session of each request that has not ended.
    requests: HashMap<u64, u64>,
    /// Sessions for which there was no room.
    untold: u64,
    /// Records were lost since they were followed.
    lost: bool,
}

impl Sessions {
    /// Starts with the oldest record that the log holds.
    pub(super) fn open(workdir: &Path, options: AttachOptions) -> anyhow::Result<Sessions> {
        let attachment = Attachment::open(workdir, options)?;
        let options = LiveOptions { from_head: true, ..LiveOptions::default() };
        let source = LiveSource::new(attachment, options);
        Ok(Sessions { source, open: Open::default(), trouble: None })
    }

    /// Reads what has come since the last look.
    pub(super) fn look(&mut self) {
        if self.trouble.is_some() {
            return;
        }
        // The directory is looked at after some looks that find nothing.
        let mut rests = 0;
        for _ in 0..INPUTS_MOST {
            let dialect = self.source.dialect();
            match self.source.next() {
                Ok(Input::Unit(records) | Input::Row(records)) => {
                    rests = 0;
                    self.open.add(dialect, records);
                }
                Ok(Input::Lost(_)) => self.open.lost = true,
                Ok(Input::Abandoned(_)) => self.open = Open::default(),
                Ok(Input::Opened | Input::Reacquired) => {}
                Ok(Input::Nothing | Input::Unavailable(_)) => {
                    self.source.hurry();
                    rests += 1;
                    if rests > 5 && !self.source.is_holding() {
                        return;
                    }
                }
                Ok(Input::End) => return,
                Err(error) => {
                    self.trouble = Some(format!("{:#}", anyhow::Error::from(error)));
                    return;
                }
            }
        }
    }

    /// The sessions with their numbers, the oldest first.
    pub(super) fn list(&self) -> Vec<(u64, Session)> {
        let mut list: Vec<(u64, Session)> =
            self.open.sessions.iter().map(|(xid, session)| (*xid, session.clone())).collect();
        list.sort_by_key(|(xid, session)| (session.opened_unix, *xid));
        list
    }

    /// Sessions beyond those that are kept in mind.
    pub(super) fn untold(&self) -> u64 {
        self.open.untold
    }

    /// Whether sessions may be missing, or be there that have ended.
    pub(super) fn is_incomplete(&self) -> bool {
        self.open.lost
    }
}

impl Open {
    fn add(&mut self, dialect: Dialect, records: &[u8]) {
        // What is damaged ends its unit; the next one is read on.
        for record in Records::new(dialect.layout(), records).map_while(Result::ok) {
            let xid = record.vxid.0;
            match record.tag(dialect) {
                Some(Tag::Begin) => self.begin(xid, record.text()),
                Some(Tag::SessOpen) => {
                    if let Some(session) = self.sessions.get_mut(&xid) {
                        session.describe(record.text());
                    }
                }
                Some(Tag::Link) => self.link(xid, record.text()),
                Some(Tag::End | Tag::SessClose) => self.end(xid),
                _ => {}
            }
        }
    }

    fn begin(&mut self, xid: u64, text: &[u8]) {
        if Relation::parse(text).is_none_or(|it| it.kind != Kind::Session) {
            return;
        }
        if self.sessions.len() < SESSIONS_MOST {
            self.sessions.insert(xid, Session::default());
        } else {
            self.untold += 1;
        }
    }

    fn link(&mut self, xid: u64, text: &[u8]) {
        if let Some(Relation { kind: Kind::Request, vxid, .. }) = Relation::parse(text)
            && let Some(session) = self.sessions.get_mut(&xid)
        {
            // One after the other, so what came before has ended.
            if let Some(before) = session.request.replace(vxid.0) {
                self.requests.remove(&before);
            }
            self.requests.insert(vxid.0, xid);
        }
    }

    fn end(&mut self, xid: u64) {
        if let Some(session) = self.requests.remove(&xid) {
            if let Some(session) = self.sessions.get_mut(&session) {
                session.request = None;
            }
        } else if let Some(Session { request: Some(request), .. }) = self.sessions.remove(&xid) {
            self.requests.remove(&request);
        }
    }
}

impl Session {
    /// Reads `ADDRESS PORT LISTENER LOCAL PORT TIME FD`.
    fn describe(&mut self, text: &[u8]) {
        let text = String::from_utf8_lossy(text);
        let words: Vec<&str> = text.split_ascii_whitespace().collect();
        if let [address, port, _, _, _, time, ..] = words[..] {
            self.client = if address.contains(':') {
                visible(format!("[{address}]:{port}").as_bytes())
            } else {
                visible(format!("{address}:{port}").as_bytes())
            };
            // What is no time is not known, as one before 1970 is.
            let opened = Micros::parse(time.as_bytes()).map(|at| at.0);
            self.opened_unix = opened.and_then(|at| u64::try_from(at).ok()).unwrap_or_default();
        }
    }
}

#[cfg(test)]
mod tests;
