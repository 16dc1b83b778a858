//! What signals ask for, as flags that the loop looks at.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1};

/// Flags set by signals.
#[derive(Debug)]
pub(super) struct Signals {
    stop: Arc<AtomicBool>,
    flush: Arc<AtomicBool>,
}

impl Signals {
    /// Takes SIGINT, SIGTERM and SIGHUP (stop) and SIGUSR1 (give up incomplete transactions).
    pub(super) fn install() -> anyhow::Result<Signals> {
        let signals = Signals { stop: Arc::default(), flush: Arc::default() };
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            // The second one ends the program at once, in case it hangs in a write.
            signal_hook::flag::register_conditional_shutdown(signal, 1, Arc::clone(&signals.stop))
                .and_then(|_| signal_hook::flag::register(signal, Arc::clone(&signals.stop)))
                .context("cannot handle signals")?;
        }
        signal_hook::flag::register(SIGUSR1, Arc::clone(&signals.flush))
            .context("cannot handle signals")?;
        Ok(signals)
    }

    /// Whether to leave the loop.
    pub(super) fn stop(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Whether a flush was asked for since the last call.
    pub(super) fn take_flush(&self) -> bool {
        self.flush.swap(false, Ordering::Relaxed)
    }
}
