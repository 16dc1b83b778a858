//! Reading behind a screen: a thread reads, groups and hands over what it has to something that the screen looks at.

use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context, anyhow};
use shellac_format::Dialect;
use shellac_log::{Group, LogRecord};
use shellac_render::lines::Walked;

use super::follow::{Prepared, prepare};
use super::pass::Sink;
use super::settings::Reading;
use super::target::Written;

/// What a screen looks at.
pub(crate) trait Seen: Sink + Send + 'static {
    /// How long to read nothing more, as far as is known now. It is asked again before that is over.
    fn ahead(&mut self) -> Duration {
        Duration::ZERO
    }
}

/// Between two looks whether reading may go on.
const PAUSE: Duration = Duration::from_millis(20);
/// The one who draws needs no longer than this.
const COURTESY: Duration = Duration::from_millis(1);

/// The thread that reads.
pub(crate) struct Behind<S> {
    shared: Arc<Shared<S>>,
    thread: JoinHandle<anyhow::Result<ExitCode>>,
}

struct Shared<S> {
    /// `None`: there is no log so far.
    seen: Mutex<Option<S>>,
    /// Somebody wants to look: reading would take the lock again before he has it.
    is_wanted: AtomicBool,
    /// Nobody wants any more.
    stop: AtomicBool,
    /// There is no more of the log.
    is_over: AtomicBool,
}

/// What reading began with.
pub(crate) enum Started<S> {
    Reading(Behind<S>),
    /// A signal ended the wait for the log.
    Over(ExitCode),
}

impl<S: Seen> Behind<S> {
    /// Finds the log and starts to read it. Whatever is wrong with finding it is known then.
    ///
    /// # Errors
    ///
    /// No log.
    pub(crate) fn start(
        settings: Reading,
        make: impl FnOnce(Dialect) -> S + Send + 'static,
    ) -> anyhow::Result<Started<S>> {
        let shared = Arc::new(Shared {
            seen: Mutex::new(None),
            is_wanted: AtomicBool::new(false),
            stop: AtomicBool::new(false),
            is_over: AtomicBool::new(false),
        });
        let (found, finding) = mpsc::channel();
        let theirs = Arc::clone(&shared);
        let thread = thread::Builder::new().name("grouping".to_owned());
        let thread = thread
            .spawn(move || {
                let result = read(&settings, &theirs, &found, make);
                theirs.is_over.store(true, Ordering::Relaxed);
                result
            })
            .context("cannot start a thread")?;
        let behind = Behind { shared, thread };
        match finding.recv() {
            Ok(Found::Log) => Ok(Started::Reading(behind)),
            Ok(Found::Over(code)) => behind.end().map(|_| Started::Over(code)),
            Ok(Found::Error(error)) => Err(error),
            // It panicked, and has said why.
            Err(_) => behind.end().and_then(|_| Err(anyhow!("cannot find the log"))),
        }
    }

    /// Looks at what was read so far; `None` as long as there is no log.
    pub(crate) fn look<R>(&self, look: impl FnOnce(&mut S) -> R) -> Option<R> {
        self.shared.is_wanted.store(true, Ordering::Relaxed);
        let mut seen = self.shared.seen();
        self.shared.is_wanted.store(false, Ordering::Relaxed);
        seen.as_mut().map(look)
    }

    /// Whether all of the log was read.
    pub(crate) fn is_over(&self) -> bool {
        self.shared.is_over.load(Ordering::Relaxed)
    }

    /// Reads no more; how it ended.
    ///
    /// # Errors
    ///
    /// Why reading ended, if it was not the end of the log.
    pub(crate) fn end(self) -> anyhow::Result<ExitCode> {
        self.shared.stop.store(true, Ordering::Relaxed);
        self.thread.join().map_err(|_| anyhow!("the thread that reads has panicked"))?
    }
}

impl<S> Shared<S> {
    fn seen(&self) -> MutexGuard<'_, Option<S>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What has become of looking for the log.
enum Found {
    Log,
    Over(ExitCode),
    Error(anyhow::Error),
}

fn read<S: Seen>(
    settings: &Reading,
    shared: &Arc<Shared<S>>,
    found: &Sender<Found>,
    make: impl FnOnce(Dialect) -> S,
) -> anyhow::Result<ExitCode> {
    // Nobody who has gone needs an answer.
    let say = |what| drop(found.send(what));
    match prepare(settings) {
        Err(error) => {
            say(Found::Error(error));
            Ok(ExitCode::FAILURE)
        }
        Ok(Prepared::Over(code)) => {
            say(Found::Over(code));
            Ok(code)
        }
        Ok(Prepared::Ready(ready)) => {
            say(Found::Log);
            ready.run(settings, |dialect| {
                *shared.seen() = Some(make(dialect));
                Ok(Handed { shared: Arc::clone(shared) })
            })
        }
    }
}

/// Hands everything on, with the lock.
struct Handed<S> {
    shared: Arc<Shared<S>>,
}

impl<S: Seen> Handed<S> {
    fn with<R>(&self, hand: impl FnOnce(&mut S) -> anyhow::Result<R>) -> anyhow::Result<R> {
        while self.shared.is_wanted.load(Ordering::Relaxed) {
            thread::park_timeout(COURTESY);
        }
        let mut seen = self.shared.seen();
        hand(seen.as_mut().context("the log was opened before it was read")?)
    }

    /// Waits as long as it reads too fast; what comes of it.
    fn paced(&self, written: Written) -> anyhow::Result<Written> {
        loop {
            if self.shared.stop.load(Ordering::Relaxed) {
                return Ok(Written::NobodyReads);
            }
            let ahead = self.with(|seen| Ok(seen.ahead()))?;
            if ahead.is_zero() {
                return Ok(written);
            }
            thread::sleep(ahead.min(PAUSE));
        }
    }
}

impl<S: Seen> Sink for Handed<S> {
    fn set_dialect(&mut self, dialect: Dialect) -> anyhow::Result<()> {
        self.with(|seen| seen.set_dialect(dialect))
    }

    fn group(&mut self, group: &Group) -> anyhow::Result<Written> {
        let (written, ahead) = self.with(|seen| Ok((seen.group(group)?, seen.ahead())))?;
        if ahead.is_zero() && !self.shared.stop.load(Ordering::Relaxed) {
            return Ok(written);
        }
        self.paced(written)
    }

    fn record(&mut self, record: &LogRecord<'_>, bytes: &[u8]) -> anyhow::Result<Written> {
        let written = self.with(|seen| seen.record(record, bytes))?;
        self.paced(written)
    }

    fn row(&mut self, dialect: Dialect, row: &[u8]) -> anyhow::Result<(Walked, Written)> {
        let (walked, written) = self.with(|seen| seen.row(dialect, row))?;
        Ok((walked, self.paced(written)?))
    }

    fn flush(&mut self) -> anyhow::Result<Written> {
        let written = self.with(|seen| seen.flush())?;
        self.paced(written)
    }

    fn reopen(&mut self) -> anyhow::Result<Written> {
        self.with(|seen| seen.reopen())
    }

    fn gap(&mut self) {
        // It is there as long as records come.
        let _ = self.with(|seen| {
            seen.gap();
            Ok(())
        });
    }
}
