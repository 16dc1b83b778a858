//! What signals ask for, as flags that the reader looks at.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGUSR2};

/// Who ends a process may do it twice, as `timeout` does: once itself and once with its group.
const ECHO: Duration = Duration::from_secs(1);

/// Flags set by signals.
#[derive(Debug, Default)]
pub(super) struct Signals {
    stop: Arc<AtomicBool>,
    flush: Arc<AtomicBool>,
    reopen: Arc<AtomicBool>,
    snapshot: Arc<AtomicBool>,
}

impl Signals {
    /// Takes SIGINT and SIGTERM (finish what is under way and stop; another one a second later ends the program at
    /// once, in case it hangs in a write), SIGHUP (new files from here on, and rules read again), SIGUSR1
    /// (give up incomplete transactions) and SIGUSR2 (a snapshot now).
    pub(super) fn install() -> anyhow::Result<Signals> {
        let signals = Signals::default();
        let ends = signal_hook::iterator::Signals::new([SIGINT, SIGTERM]);
        let ends = ends.context("cannot handle signals")?;
        let stop = Arc::clone(&signals.stop);
        thread::Builder::new()
            .name("signals".to_owned())
            .spawn(move || wait_for_end(ends, &stop))
            .context("cannot start a thread")?;
        let asking =
            [(SIGHUP, &signals.reopen), (SIGUSR1, &signals.flush), (SIGUSR2, &signals.snapshot)];
        for (signal, flag) in asking {
            signal_hook::flag::register(signal, Arc::clone(flag))
                .context("cannot handle signals")?;
        }
        Ok(signals)
    }

    /// Whether to finish.
    pub(super) fn stop(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Whether incomplete transactions were to be given up, since the last call.
    pub(super) fn take_flush(&self) -> bool {
        self.flush.swap(false, Ordering::Relaxed)
    }

    /// Whether new files and rules were asked for.
    pub(super) fn take_reopen(&self) -> bool {
        self.reopen.swap(false, Ordering::Relaxed)
    }

    /// Whether a snapshot was asked for.
    pub(super) fn take_snapshot(&self) -> bool {
        self.snapshot.swap(false, Ordering::Relaxed)
    }
}

#[allow(clippy::disallowed_methods, reason = "a tool is where the time comes from")]
fn wait_for_end(mut ends: signal_hook::iterator::Signals, stop: &AtomicBool) {
    let mut first: Option<Instant> = None;
    for _ in ends.forever() {
        match first {
            None => {
                first = Some(Instant::now());
                stop.store(true, Ordering::Relaxed);
            }
            Some(first) if first.elapsed() < ECHO => {}
            Some(_) => signal_hook::low_level::exit(1),
        }
    }
}
