//! One look at an instance.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use shellac_counters::live::{LiveError, LiveView, Snapshot};
use shellac_counters::vsc::Counters;
use shellac_vsm::publish::{is_alive, retired, retired_dir};
use shellac_vsm::{AttachOptions, Attachment, SegmentId, SetKind};

use super::sessions::{Session, Sessions};

/// Workers that finish their requests and are looked at.
const DRAINING_MOST: usize = 64;

/// What a look found.
#[derive(Debug)]
pub(super) struct Sample {
    /// The directory.
    pub(super) workdir: String,
    /// Its name, as it gives it.
    pub(super) instance: Option<String>,
    /// Now, in microseconds since 1970.
    pub(super) now_unix: u64,
    /// Now, in microseconds of `CLOCK_MONOTONIC`.
    pub(super) now: u64,
    /// The worker, when one runs.
    pub(super) worker: Option<Worker>,
    pub(super) found: Found,
    /// Workers whose place this one has taken and that finish their requests, by their processes.
    pub(super) draining: Vec<(u32, Snapshot)>,
    /// What was skipped in the directory.
    pub(super) problems: Vec<String>,
}

/// The worker's process.
#[derive(Clone, Copy, Debug)]
pub(super) struct Worker {
    pub(super) pid: u32,
    /// When it started, in seconds since 1970.
    pub(super) started_unix: u64,
}

/// What there is to look at.
#[derive(Debug)]
pub(super) enum Found {
    /// A scoreboard.
    Board(Snapshot),
    /// None, and why.
    Nothing(String),
    /// None, as this is another program; what it has in its place.
    Elsewhere(Elsewhere),
}

/// What a proxy without a scoreboard lets be known.
#[derive(Debug, Default)]
pub(super) struct Elsewhere {
    /// Open sessions with their numbers, the oldest first.
    pub(super) sessions: Vec<(u64, Session)>,
    /// Sessions beyond those that are kept in mind.
    pub(super) untold: u64,
    /// Connections in use, by backend, as its counters say.
    pub(super) connections: Vec<(String, u64)>,
    /// What makes this less than it seems.
    pub(super) remarks: Vec<String>,
}

/// Looks at an instance again and again, through restarts of its worker.
pub(super) struct Follower {
    attachment: Attachment,
    /// Sessions and counters of a proxy that has no scoreboard.
    elsewhere: Option<(Sessions, Counters)>,
    board: Option<(SegmentId, LiveView)>,
    /// Says that it is one of ours; read once per manager.
    about: Option<About>,
}

/// What an instance says about itself.
#[derive(Clone, Debug)]
struct About {
    name: Option<String>,
    is_ours: bool,
}

impl Follower {
    pub(super) fn new(attachment: Attachment) -> Follower {
        Follower { attachment, elsewhere: None, board: None, about: None }
    }

    /// One look.
    pub(super) fn look(&mut self) -> Sample {
        let status = self.attachment.refresh();
        if status.mgt_restarted {
            self.about = None;
            self.elsewhere = None;
        }
        let found = if !status.mgt_running {
            self.board = None;
            Found::Nothing("no instance runs there at the moment".to_owned())
        } else if !status.worker_running {
            self.board = None;
            Found::Nothing("its worker does not run at the moment".to_owned())
        } else {
            self.board()
        };
        let about = self.about().clone();
        let header = self.attachment.header(SetKind::Child).filter(|_| status.worker_running);
        Sample {
            workdir: self.attachment.workdir().display().to_string(),
            instance: about.name,
            now_unix: now_unix(),
            now: shellac_sys::monotonic_micros(),
            worker: header.map(|it| Worker { pid: it.pid, started_unix: it.started_unix }),
            draining: match found {
                Found::Board(_) => draining(self.attachment.workdir()),
                Found::Nothing(_) | Found::Elsewhere(_) => Vec::new(),
            },
            found,
            problems: self.attachment.problems().iter().map(ToString::to_string).collect(),
        }
    }

    /// Copies the board, opening it where it is another one than before.
    fn board(&mut self) -> Found {
        let id = LiveView::find(&self.attachment).map(|segment| segment.id);
        if self.board.as_ref().map(|(id, _)| *id) != id {
            self.board = None;
        }
        let opened = match (&self.board, id) {
            (Some((_, view)), _) => return Found::Board(view.snapshot()),
            (None, Some(id)) => LiveView::of(&self.attachment).map(|view| (id, view)),
            (None, None) => return self.no_board(),
        };
        match opened {
            Ok((id, Some(view))) => {
                let found = Found::Board(view.snapshot());
                self.board = Some((id, view));
                found
            }
            Ok((_, None)) | Err(LiveError::NoMagic) => {
                Found::Nothing("its worker is about to start".to_owned())
            }
            Err(LiveError::Vsm(error)) if error.is_gone() => {
                Found::Nothing("its worker has just ended".to_owned())
            }
            Err(LiveError::Vsm(error)) => Found::Nothing(error.full_text()),
            Err(error) => Found::Nothing(error.to_string()),
        }
    }

    fn no_board(&mut self) -> Found {
        if self.about().is_ours {
            return Found::Nothing(
                "its worker publishes no scoreboard: it is older than this program".to_owned(),
            );
        }
        match self.elsewhere() {
            Ok(found) => Found::Elsewhere(found),
            Err(error) => Found::Nothing(format!("{error:#}")),
        }
    }

    fn elsewhere(&mut self) -> anyhow::Result<Elsewhere> {
        if self.elsewhere.is_none() {
            let check_pid = std::env::var_os("VSM_NOPID").is_none();
            let options = AttachOptions { check_pid };
            let sessions = Sessions::open(self.attachment.workdir(), options)?;
            self.elsewhere = Some((sessions, Counters::new()));
        }
        let Some((sessions, counters)) = &mut self.elsewhere else {
            return Ok(Elsewhere::default());
        };
        sessions.look();
        counters.refresh(&self.attachment);
        let mut found = Elsewhere {
            sessions: sessions.list(),
            untold: sessions.untold(),
            connections: Vec::new(),
            remarks: counters.problems(),
        };
        found.remarks.extend(sessions.trouble.clone());
        if sessions.is_incomplete() {
            found.remarks.push(
                "records were lost: sessions may be missing, or have ended already".to_owned(),
            );
        }
        counters.each(|set, info, value| {
            if info.name == "conn"
                && let Some(backend) = set.strip_prefix("VBE.")
            {
                found.connections.push((backend.to_owned(), value));
            }
        });
        Ok(found)
    }

    fn about(&mut self) -> &About {
        let attachment = &self.attachment;
        self.about.get_or_insert_with(|| {
            // What cannot be read is not known; the directory's problems are shown.
            let text = |ident| attachment.read_text("Arg", ident).ok().flatten();
            About { name: text("-i"), is_ours: text("-shellac").is_some() }
        })
    }
}

/// The boards of workers that finish their requests. One that ends meanwhile is none of them.
fn draining(workdir: &Path) -> Vec<(u32, Snapshot)> {
    let pids = retired(workdir).unwrap_or_default();
    let board = |pid: u32| {
        let view = LiveView::of_retired(&retired_dir(workdir, pid)).ok()??;
        is_alive(pid).then(|| (pid, view.snapshot()))
    };
    pids.into_iter().take(DRAINING_MOST).filter_map(board).collect()
}

/// Now, in microseconds since 1970.
#[allow(clippy::disallowed_methods, reason = "a tool is where the time comes from")]
fn now_unix() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}
