//! What signals ask for, as flags that the reader looks at.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGUSR2};

/// Flags set by signals.
#[derive(Debug, Default)]
pub(super) struct Signals {
    stop: Arc<AtomicBool>,
    flush: Arc<AtomicBool>,
    reopen: Arc<AtomicBool>,
    snapshot: Arc<AtomicBool>,
}

impl Signals {
    /// Takes SIGINT and SIGTERM (finish what is under way and stop), SIGHUP (new files from here on), SIGUSR1
    /// (give up incomplete transactions) and SIGUSR2 (a snapshot now).
    pub(super) fn install() -> anyhow::Result<Signals> {
        let signals = Signals::default();
        for signal in [SIGINT, SIGTERM] {
            // The second one ends the program at once, in case it hangs in a write.
            signal_hook::flag::register_conditional_shutdown(signal, 1, Arc::clone(&signals.stop))
                .and_then(|_| signal_hook::flag::register(signal, Arc::clone(&signals.stop)))
                .context("cannot handle signals")?;
        }
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

    /// Whether new files were asked for.
    pub(super) fn take_reopen(&self) -> bool {
        self.reopen.swap(false, Ordering::Relaxed)
    }

    /// Whether a snapshot was asked for.
    pub(super) fn take_snapshot(&self) -> bool {
        self.snapshot.swap(false, Ordering::Relaxed)
    }
}
