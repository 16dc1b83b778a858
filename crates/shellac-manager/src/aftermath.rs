//! After the death of a worker: its log becomes a file, and the requests with which it died get an end in the log of the next one.

use std::fs::File;
use std::io::{self, Seek, Write};
use std::os::fd::AsFd;
use std::path::Path;
use std::thread::{Builder, JoinHandle};

use chrono::DateTime;
use rustix::fs::{MemfdFlags, memfd_create};
use shellac_sys::monotonic_micros;

use crate::crash::{Crash, DeadLog, Death};
use crate::errands::Then;
use crate::event::Event;
use crate::supervise::{Stage, Supervisor, since_1970};
use crate::worker::Ended;

/// How somebody died who was ended by this process.
const KILLED: &str = "killed, as its time to finish was over";

impl Supervisor<'_> {
    /// Has what the worker had logged written to a file, before its directory goes.
    pub(crate) fn keep_crash(&mut self, pid: u32, how: &str) {
        self.look_at_crash();
        if self.crash.is_some() {
            let why = "that of the one before is still being written".to_owned();
            return (self.tell)(Event::NoCrash { why });
        }
        let found = DeadLog::find(self.house.workdir(), self.house.dialect());
        self.write_crash(found, pid, how);
    }

    /// The same for one that was asked to end. With `is_killed` that has taken too long; otherwise it has left its log only if it could not
    /// finish its requests.
    pub(crate) fn keep_stopped(&mut self, pid: u32, how: &Ended, is_killed: bool) {
        // Others may end at the same moment, and nothing else has to be done then.
        self.finish_crash();
        let how = if is_killed { KILLED.to_owned() } else { how.to_string() };
        self.keep_crash(pid, &how);
    }

    /// The same for one whose place another one has taken, before `dir` goes.
    pub(crate) fn keep_retired(&mut self, pid: u32, how: &Ended, is_killed: bool, dir: &Path) {
        if matches!(how, Ended::Process(status) if status.success()) {
            return;
        }
        self.finish_crash();
        let how = if is_killed { KILLED.to_owned() } else { how.to_string() };
        let found = DeadLog::of_retired(dir, self.house.dialect());
        self.write_crash(found, pid, &how);
    }

    fn write_crash(&mut self, found: Option<Result<DeadLog, String>>, pid: u32, how: &str) {
        let Some(found) = found else { return };
        let workdir = self.house.workdir().to_owned();
        let gid = self.house.gid();
        let at = DateTime::from_timestamp_millis(
            i64::try_from(since_1970().as_millis()).unwrap_or_default(),
        );
        let death = Death { pid, how: how.to_owned(), at: monotonic_micros() };
        // Writing takes a while, and the next worker does not have to wait for it.
        let started = found.and_then(|log| {
            Builder::new()
                .name("shellac-crash".to_owned())
                .spawn(move || log.save(&workdir, gid, at.unwrap_or_default(), &death))
                .map_err(|error| error.to_string())
        });
        match started {
            Ok(thread) => self.crash = Some(thread),
            Err(why) => (self.tell)(Event::NoCrash { why }),
        }
    }

    pub(crate) fn look_at_crash(&mut self) {
        if self.crash.as_ref().is_some_and(JoinHandle::is_finished) {
            self.finish_crash();
        }
    }

    /// Waits until what a dead worker had logged is written.
    pub(crate) fn finish_crash(&mut self) {
        let Some(thread) = self.crash.take() else { return };
        let event = match thread.join() {
            Ok(Ok(Crash { path, bytes, holes, requests, unread, last_words })) => {
                self.last_words.extend(last_words);
                Event::Crash { path, bytes, holes, requests, unread }
            }
            Ok(Err(why)) => Event::NoCrash { why },
            Err(_) => Event::NoCrash { why: "it broke off; what was said is above".to_owned() },
        };
        (self.tell)(event);
    }

    /// Gives the ends of those requests to the worker that serves.
    pub(crate) fn hand_on_last_words(&mut self) {
        if self.last_words.is_empty() {
            return;
        }
        let Stage::Running(worker) = &mut self.stage else { return };
        if !worker.served {
            return;
        }
        let words = std::mem::take(&mut self.last_words);
        let given = in_memory(&words).and_then(|file| worker.give(&[file.as_fd()]));
        match given {
            Ok(()) => self.ask(None, &["last_words"], Then::Forward),
            Err(error) => {
                let what = format!(
                    "the requests with which the worker died are not in the log of the new one, only in the file: {error}"
                );
                (self.tell)(Event::Admin { what });
            }
        }
    }
}

/// Batches with their lengths in front, as a file in memory.
fn in_memory(batches: &[Vec<u8>]) -> io::Result<File> {
    let mut file = File::from(memfd_create("shellac-last-words", MemfdFlags::CLOEXEC)?);
    let mut bytes = Vec::new();
    for batch in batches {
        let len = u32::try_from(batch.len()).map_err(io::Error::other)?;
        bytes.extend_from_slice(&len.to_le_bytes());
        bytes.extend_from_slice(batch);
    }
    file.write_all(&bytes)?;
    file.rewind()?;
    Ok(file)
}
