//! Opens what is read.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use anyhow::Context;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use shellac_log::{
    Ahead, Choice, FileSource, Input, LiveOptions, LiveSource, Loss, Report, Source, SourceError,
};

use super::queue::Queue;
use super::settings::{Manner, Reading};
use crate::attach::{Attached, Patience, attach};
use crate::stock::attach as stock;
use crate::stock::system_text::system_text;

/// A source and how to wait for more of it.
pub(super) struct Opened {
    pub(super) source: Origin,
    pub(super) wait: Wait,
}

/// What is read.
pub(super) enum Origin {
    /// A file or a pipe.
    File(Box<FileSource<Box<dyn Read>>>),
    /// The shared memory of an instance.
    Live(Box<Queue>),
}

impl Origin {
    /// The table of tags and why this one, once it was opened.
    pub(super) fn choice(&self) -> Option<Choice> {
        match self {
            Origin::File(source) => Some(source.choice()),
            Origin::Live(queue) => queue.choice(),
        }
    }

    /// The next input. A row is unchecked: [`Origin::take`] is to be told how much of it was whole records.
    pub(super) fn next(&mut self) -> Result<Input<'_>, SourceError> {
        match self {
            Origin::File(source) => Ok(match source.peek()? {
                Ahead::Unchecked(row) => Input::Row(row),
                Ahead::Input(input) => input,
            }),
            Origin::Live(queue) => queue.next(),
        }
    }

    /// So many bytes of the last row were whole records.
    pub(super) fn take(&mut self, walked_bytes: usize) {
        if let Origin::File(source) = self {
            source.take(walked_bytes);
        }
    }

    /// Whether records are held back until it is clear what they mean.
    pub(super) fn is_holding(&self) -> bool {
        match self {
            Origin::File(source) => source.is_holding(),
            Origin::Live(_) => false,
        }
    }

    /// No more holding back.
    pub(super) fn hurry(&mut self) {
        if let Origin::File(source) = self {
            source.hurry();
        }
    }

    /// What was skipped in a directory of shared memory since the last call.
    pub(super) fn problems(&mut self) -> Vec<String> {
        match self {
            Origin::File(_) => Vec::new(),
            Origin::Live(queue) => queue.problems(),
        }
    }

    /// Losses that can be reported now; `last`: without waiting for times that are not known yet.
    pub(super) fn reports(&mut self, last: bool) -> Vec<Report> {
        match self {
            Origin::File(_) => Vec::new(),
            Origin::Live(queue) => queue.reports(last),
        }
    }

    /// Bytes of a live log that were read, and what was lost.
    pub(super) fn account(&self) -> Option<(u64, Option<Loss>)> {
        match self {
            Origin::File(_) => None,
            Origin::Live(queue) => Some(queue.account()),
        }
    }
}

/// How to wait when a source has nothing.
pub(super) enum Wait {
    /// Until a pipe has something.
    Readable(OwnedFd),
    /// Not at all: asking for more waits.
    Source,
}

/// A signal is noticed after this time at the latest.
const LONGEST_WAIT: Timespec = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };

/// Bytes at the start of a file that say what it is.
const MAGIC_BYTES: usize = 4;

impl Wait {
    pub(super) fn wait(&self) {
        if let Wait::Readable(fd) = self {
            // An error here shows again in the read that follows.
            let _ = poll(&mut [PollFd::new(fd, PollFlags::IN)], Some(&LONGEST_WAIT));
        }
    }
}

/// Opens a file, a pipe, or standard input for `-`.
pub(super) fn open_file(path: &Path, settings: &Reading) -> anyhow::Result<Opened> {
    let (file, name) = if path.as_os_str() == "-" {
        let file = io::stdin().as_fd().try_clone_to_owned().context("standard input")?;
        (File::from(file), "standard input".to_owned())
    } else {
        let name = path.display().to_string();
        let file = File::open(path)
            .map_err(|error| anyhow::anyhow!("Cannot open {name}: {}", system_text(&error)))?;
        (file, name)
    };
    let regular = file.metadata().with_context(|| format!("cannot examine {name}"))?.is_file();
    if regular {
        return opened(name, Box::new(file), settings, Wait::Source);
    }
    let wait = Wait::Readable(file.try_clone().with_context(|| name.clone())?.into());
    opened(name, Box::new(Patient { file, wait_bytes: MAGIC_BYTES }), settings, wait)
}

fn opened(
    name: String,
    reader: Box<dyn Read>,
    settings: &Reading,
    wait: Wait,
) -> anyhow::Result<Opened> {
    let source = FileSource::open(name, reader, settings.dialect)?;
    Ok(Opened { source: Origin::File(Box::new(source)), wait })
}

/// Attaches to an instance, waiting for it. `None`: a signal ended the wait.
pub(super) fn open_live(
    instance: Option<&str>,
    patience: Patience,
    dump: bool,
    settings: &Reading,
    stop: &dyn Fn() -> bool,
) -> anyhow::Result<Option<Opened>> {
    let (attachment, has_waited) = match settings.manner {
        Manner::Stock => (
            stock::attach(instance, settings.filter.compat, patience, stop)
                .map_err(|error| anyhow::anyhow!("VSM: {error}"))?,
            false,
        ),
        Manner::Own => match attach(instance, patience, stop)? {
            Some(Attached { attachment, has_waited }) => (attachment, has_waited),
            None => return Ok(None),
        },
    };
    // What was asked for may lie in it already.
    let from_head = dump || has_waited || settings.window.since.is_some();
    let options = LiveOptions { dialect: settings.dialect, from_head, stop_at_tail: dump };
    let source = LiveSource::new(attachment, options);
    let queue = Queue::start(source, settings.on_full, settings.manner == Manner::Own)?;
    Ok(Some(Opened { source: Origin::Live(Box::new(queue)), wait: Wait::Source }))
}

/// A pipe that says "would block" instead of blocking, whatever mode the other users of it want it in.
struct Patient {
    file: File,
    /// For so many bytes it blocks all the same: without a magic there is nothing to do meanwhile.
    wait_bytes: usize,
}

impl Read for Patient {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let no_time = Timespec { tv_sec: 0, tv_nsec: 0 };
        let timeout = if self.wait_bytes > 0 { None } else { Some(&no_time) };
        // An error here shows again in the read that follows.
        if matches!(poll(&mut [PollFd::new(&self.file, PollFlags::IN)], timeout), Ok(0)) {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let len = self.file.read(out)?;
        self.wait_bytes = self.wait_bytes.saturating_sub(len);
        Ok(len)
    }
}
