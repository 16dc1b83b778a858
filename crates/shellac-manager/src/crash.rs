//! What a dead worker had logged: its ring as a file that every reader of logs can read, and the ends of the requests with which it died.

mod flight;

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::{OpenOptionsExt, fchown};
use std::path::{Path, PathBuf};

use chrono::{DateTime, TimeDelta, Utc};
use flight::{Ends, Flights};
use shellac_counters::live::LiveView;
use shellac_format::Dialect;
use shellac_format::layout::WORD;
use shellac_ring::{Cursor, Hole, LogView, Next, Start, layout_of};
use shellac_sys::Words;
use shellac_vsm::{AttachOptions, Attachment, SetKind, map_retired};

/// How the names begin and end.
const PREFIX: &str = "crash-";
const SUFFIX: &str = ".vsl";
/// Rights: the group of the log may read what was in it.
const MODE: u32 = 0o640;
/// How many are kept.
const KEPT: usize = 3;
/// Bytes that are collected before they are written.
const WRITE_BYTES: usize = 256 << 10;

/// What is handed on to the log of the next worker: such a share of the log, and so many bytes at most.
const LAST_WORDS_SHARE: usize = 16;
const LAST_WORDS_BYTES: usize = 8 << 20;

/// What a worker logs to, and what it logs to when it has made room for another one.
const CLASS: &str = "Log";
const FIRST: &str = "Log";
const REST: &str = "Rest";

/// A dead worker's log, which stays when its directory is removed, and what was on its scoreboard.
#[derive(Debug)]
pub(crate) struct DeadLog {
    /// In the order in which they were written.
    logs: Vec<LogView>,
    /// Another worker has handed on what was published.
    is_handed_on: bool,
    flights: Option<Flights>,
    /// Requests that the board does not tell.
    unread: u64,
}

/// How a worker died.
#[derive(Debug, Clone)]
pub(crate) struct Death {
    pub(crate) pid: u32,
    /// For people.
    pub(crate) how: String,
    /// When, in microseconds of `CLOCK_MONOTONIC`.
    pub(crate) at: u64,
}

/// What was kept of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Crash {
    pub(crate) path: PathBuf,
    /// Bytes of records.
    pub(crate) bytes: u64,
    /// Places at which something had been reserved and was never written, or was no record.
    pub(crate) holes: u32,
    /// Requests with which it died, and that have an end there now.
    pub(crate) requests: usize,
    /// Requests of which nothing is known but that they were there.
    pub(crate) unread: u64,
    /// What the log of the next worker lacks of them, batch by batch.
    pub(crate) last_words: Vec<Vec<u8>>,
}

impl DeadLog {
    /// The log of the worker whose directory is there; `None` when none had published one. The error is for people.
    pub(crate) fn find(workdir: &Path, dialect: Dialect) -> Option<Result<DeadLog, String>> {
        let index = workdir.join(SetKind::Child.dir_name()).join("_.index");
        index.exists().then(|| DeadLog::open(workdir, dialect))
    }

    fn open(workdir: &Path, dialect: Dialect) -> Result<DeadLog, String> {
        // The process that its index names is dead, which is why we are here.
        let attachment = Attachment::open(workdir, AttachOptions { check_pid: false })
            .map_err(|error| error.full_text())?;
        let segment = attachment.find(CLASS, FIRST).ok_or("it had published no log")?;
        let mapped = attachment.map(segment).map_err(|error| error.full_text())?;
        let log = LogView::open(mapped).map_err(|error| error.to_string())?;
        // Without a board there is still the log.
        let board = LiveView::of(&attachment).ok().flatten();
        Ok(DeadLog::of(vec![log], board, dialect, false))
    }

    /// The log of a worker whose place another one has taken; its set lies in `dir`. `None` when that is not there.
    pub(crate) fn of_retired(dir: &Path, dialect: Dialect) -> Option<Result<DeadLog, String>> {
        dir.join("_.index").exists().then(|| {
            let mut logs = Vec::new();
            for ident in [FIRST, REST] {
                let mapped = map_retired(dir, CLASS, ident).map_err(|error| error.full_text())?;
                let log = mapped.map(LogView::open).transpose();
                logs.extend(log.map_err(|error| error.to_string())?);
            }
            if logs.is_empty() {
                return Err("it had published no log".to_owned());
            }
            let board = LiveView::of_retired(dir).ok().flatten();
            Ok(DeadLog::of(logs, board, dialect, true))
        })
    }

    fn of(
        logs: Vec<LogView>,
        board: Option<LiveView>,
        dialect: Dialect,
        is_handed_on: bool,
    ) -> DeadLog {
        let board = board.map(|board| (board.head(), board.snapshot()));
        let unread = board.as_ref().map_or(0, |(_, board)| {
            let broken = board.busy.saturating_add(board.broken);
            board.hidden().saturating_add(u64::try_from(broken).unwrap_or(u64::MAX))
        });
        let flights = board.map(|(head, board)| Flights::new(dialect, head, board));
        DeadLog { logs, is_handed_on, flights, unread }
    }

    /// Writes all that can be read to a file whose name has this time, in the workdir, and removes the oldest beyond the newest three.
    pub(crate) fn save(
        self,
        workdir: &Path,
        gid: Option<u32>,
        mut at: DateTime<Utc>,
        death: &Death,
    ) -> Result<Crash, String> {
        let unread = self.unread;
        // Several may die at once.
        let path = loop {
            let name = format!("{PREFIX}{}{SUFFIX}", at.format("%Y%m%dT%H%M%S%.3fZ"));
            let path = workdir.join(name);
            if !path.exists() {
                break path;
            }
            at += TimeDelta::milliseconds(1);
        };
        let beside = workdir.join("_.crash.new");
        let failed = |error: io::Error| format!("{}: {error}", path.display());
        // Left over from one who was killed while writing.
        let _ = std::fs::remove_file(&beside);
        let written = create(&beside, gid).map_err(failed).and_then(|file| self.copy(file, death));
        let (bytes, holes, ends) = match written {
            Ok((bytes, holes, ends)) if bytes > 0 => (bytes, holes, ends),
            other => {
                let _ = std::fs::remove_file(&beside);
                other?;
                return Err("nothing was in its log".to_owned());
            }
        };
        std::fs::rename(&beside, &path).map_err(failed)?;
        remove_oldest(workdir).map_err(failed)?;
        let Ends { count: requests, handed_on: last_words, .. } = ends;
        Ok(Crash { path, bytes, holes, requests, unread, last_words })
    }

    /// Copies the records and adds what is missing; how many bytes, at how many places something was missing, and what was added.
    fn copy(self, file: File, death: &Death) -> Result<(u64, u32, Ends), String> {
        let DeadLog { logs, is_handed_on, mut flights, .. } = self;
        let failed = |error: io::Error| error.to_string();
        let mut out = BufWriter::with_capacity(WRITE_BYTES, file);
        let (mut bytes, mut holes, mut room) = (0, 0, LAST_WORDS_BYTES);
        let mut batch = Vec::new();
        for (number, log) in logs.into_iter().enumerate() {
            let layout = layout_of(&log).map_err(|error| error.to_string())?;
            if number == 0 {
                out.write_all(&layout.file_magic()).map_err(failed)?;
            }
            // No more of the next log than a small part.
            room = room.min(log.len_words() * WORD / LAST_WORDS_SHARE);
            let mut cursor =
                Cursor::open(log, layout, Start::Head).map_err(|error| error.to_string())?;
            loop {
                match cursor.next(&mut batch) {
                    Ok(Next::Batch) => {
                        bytes += u64::try_from(batch.len()).unwrap_or(0);
                        out.write_all(&batch).map_err(failed)?;
                        if let Some(flights) = &mut flights {
                            flights.look(&batch);
                        }
                        continue;
                    }
                    // Nobody writes any more; it is what its head says, and skipping goes forward all the same.
                    Ok(Next::Nothing | Next::Overrun(_)) | Err(_) => {}
                }
                // What others published behind a hole is found from the next segment start on, and after the last there is none.
                match cursor.skip_hole() {
                    Ok(Hole::Skipped(_)) if holes < u32::from(u16::MAX) => holes += 1,
                    _ => break,
                }
            }
        }
        let ends =
            flights.map(|flights| flights.end(death, room, is_handed_on)).unwrap_or_default();
        bytes += u64::try_from(ends.missing.len()).unwrap_or(0);
        out.write_all(&ends.missing).map_err(failed)?;
        out.flush().map_err(failed)?;
        Ok((bytes, holes, ends))
    }
}

fn create(path: &Path, gid: Option<u32>) -> io::Result<File> {
    let file = OpenOptions::new().write(true).create_new(true).mode(MODE).open(path)?;
    if let Some(gid) = gid {
        fchown(&file, None, Some(gid))?;
    }
    Ok(file)
}

/// Leaves the newest; their names sort by time.
fn remove_oldest(workdir: &Path) -> io::Result<()> {
    let mut names: Vec<_> = std::fs::read_dir(workdir)?
        .flatten()
        .map(|entry| entry.file_name())
        .filter(|name| {
            name.to_str().is_some_and(|name| name.starts_with(PREFIX) && name.ends_with(SUFFIX))
        })
        .collect();
    names.sort();
    let surplus = names.len().saturating_sub(KEPT);
    names[..surplus].iter().try_for_each(|name| std::fs::remove_file(workdir.join(name)))
}

#[cfg(test)]
mod tests;
