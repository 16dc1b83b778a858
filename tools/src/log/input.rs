//! Opens what is read.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use shellac_log::{Choice, FileSource, Source};

use super::args::Settings;

/// A source and how to wait for more of it.
pub(super) struct Opened {
    pub(super) source: Box<dyn Source>,
    pub(super) choice: Choice,
    pub(super) wait: Wait,
}

/// How to wait when a source has nothing.
pub(super) enum Wait {
    /// Until a pipe has something.
    Readable(OwnedFd),
    /// For a moment: shared memory does not call.
    Moment(Duration),
}

/// A signal is noticed after this time at the latest.
const LONGEST_WAIT: Timespec = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };

impl Wait {
    pub(super) fn wait(&self) {
        match self {
            Wait::Readable(fd) => {
                // An error here shows again in the read that follows.
                let _ = poll(&mut [PollFd::new(fd, PollFlags::IN)], Some(&LONGEST_WAIT));
            }
            Wait::Moment(moment) => std::thread::sleep(*moment),
        }
    }
}

/// Opens a file, a pipe, or standard input for `-`.
pub(super) fn open_file(path: &Path, settings: &Settings) -> anyhow::Result<Opened> {
    let (file, name) = if path.as_os_str() == "-" {
        let file = io::stdin().as_fd().try_clone_to_owned().context("standard input")?;
        (File::from(file), "standard input".to_owned())
    } else {
        let name = path.display().to_string();
        (File::open(path).with_context(|| format!("Cannot open {name}"))?, name)
    };
    let regular = file.metadata().with_context(|| format!("cannot examine {name}"))?.is_file();
    if regular {
        let source = FileSource::open(name, file, settings.dialect)?;
        let (choice, wait) = (source.choice(), Wait::Moment(Duration::ZERO));
        return Ok(Opened { choice, source: Box::new(source), wait });
    }
    let wait = Wait::Readable(file.try_clone().with_context(|| name.clone())?.into());
    let mut source = Patient(file);
    source.wait_for_first_byte();
    let source = FileSource::open(name, source, settings.dialect)?;
    Ok(Opened { choice: source.choice(), source: Box::new(source), wait })
}

/// A pipe that says "would block" instead of blocking, whatever mode the other users of it want it in.
struct Patient(File);

impl Patient {
    fn ready(&self, timeout: Option<&Timespec>) -> bool {
        // An error here shows again in the read that follows.
        !matches!(poll(&mut [PollFd::new(&self.0, PollFlags::IN)], timeout), Ok(0))
    }

    fn wait_for_first_byte(&mut self) {
        self.ready(None);
    }
}

impl Read for Patient {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if !self.ready(Some(&Timespec { tv_sec: 0, tv_nsec: 0 })) {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        self.0.read(out)
    }
}
