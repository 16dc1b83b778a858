//! Watching a log: what goes on there, in numbers that take the same memory whatever comes.
//!
//! [`Watch`] has a thread that follows a live log or reads files (`source`, `follow`). Groups of transactions go
//! through `state`, which has no clock and no files: `glance` reads what is counted of every group, `backends`,
//! `seconds`, `parts`, `urls`, `suspects`, `failing` and `events` keep one kind of number each. What comes of it is a
//! [`Traffic`], made once a second; the dashboard shows it and `shellac metrics` writes it.

mod backends;
mod classes;
mod events;
mod failing;
mod follow;
pub(crate) mod glance;
mod histogram;
mod parts;
mod seconds;
#[cfg(test)]
pub(crate) mod simulated;
mod source;
mod state;
mod suspects;
mod traffic;
mod urls;

#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::Context;
use shellac_format::Dialect;
use shellac_render::redact::Redaction;

pub(crate) use events::EventKind;
pub(crate) use failing::{Failing, Kept};
pub(crate) use histogram::Histogram;
pub(crate) use seconds::Second;
pub(crate) use suspects::Suspicion;
#[cfg(test)]
pub(crate) use traffic::Lost;
pub(crate) use traffic::{BackendTraffic, Reading, Sums, Traffic, UrlTraffic};

/// What is watched.
#[derive(Clone, Debug)]
pub(crate) enum From {
    /// The instance in this directory, which need not be there yet.
    Live(PathBuf),
    /// Files of records, one after the other; `-` is standard input.
    Files(Vec<PathBuf>),
}

/// How it is watched.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    /// Begin with the oldest record that a live log still holds, and not with what comes.
    pub(crate) from_head: bool,
    /// Which table of tags the log uses, where the user says so.
    pub(crate) dialect: Option<Dialect>,
    /// What is hidden in URLs.
    pub(crate) redaction: Redaction,
    /// Time between two looks that others can see.
    pub(crate) period: Duration,
    /// Where the failing groups go that are listed.
    pub(crate) kept: Kept,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            from_head: false,
            dialect: None,
            redaction: Redaction::default(),
            period: Duration::from_secs(1),
            kept: Kept::default(),
        }
    }
}

/// A thread that watches a log. Dropping this ends it; one that reads a pipe ends when something comes.
#[derive(Debug)]
pub(crate) struct Watch {
    shared: Arc<Shared>,
    /// To be waited for; `None` for files, which may be a pipe that nobody writes to.
    thread: Option<JoinHandle<()>>,
}

/// What the thread and others see.
#[derive(Debug)]
struct Shared {
    latest: Mutex<Arc<Traffic>>,
    stop: AtomicBool,
}

impl Shared {
    fn publish(&self, traffic: Traffic) {
        *self.latest.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(traffic);
    }

    fn stops(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

impl Watch {
    /// Begins to watch.
    ///
    /// # Errors
    ///
    /// No thread can be had. What is wrong with the log shows in [`Traffic::reading`].
    pub(crate) fn start(from: From, options: Options) -> anyhow::Result<Watch> {
        let name = source::name(&from);
        let latest = Mutex::new(Arc::new(Traffic::nothing_yet(name)));
        let shared = Arc::new(Shared { latest, stop: AtomicBool::new(false) });
        let theirs = Arc::clone(&shared);
        let is_live = matches!(from, From::Live(_));
        let thread = std::thread::Builder::new()
            .name("watch".to_owned())
            .spawn(move || follow::run(&from, &options, &theirs))
            .context("cannot start a thread to watch the log")?;
        Ok(Watch { shared, thread: is_live.then_some(thread) })
    }

    /// The latest numbers.
    pub(crate) fn snapshot(&self) -> Arc<Traffic> {
        Arc::clone(&self.shared.latest.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // It has nothing to say that was not published.
            let _ = thread.join();
        }
    }
}
