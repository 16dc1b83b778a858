//! What signals ask for, as flags that the loop looks at.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1};

/// Flags set by signals.
#[derive(Debug)]
pub(crate) struct Signals {
    stop: Arc<AtomicBool>,
    flush: Arc<AtomicBool>,
    reopen: Arc<AtomicBool>,
}

impl Signals {
    /// Takes SIGINT and SIGTERM (stop), SIGUSR1 (give up incomplete transactions), and SIGHUP, which
    /// stops unless `rotates`: then it asks to open the output anew.
    pub(crate) fn install(rotates: bool) -> anyhow::Result<Signals> {
        let signals =
            Signals { stop: Arc::default(), flush: Arc::default(), reopen: Arc::default() };
        let mut stopping = vec![SIGINT, SIGTERM];
        let mut asking = vec![(SIGUSR1, &signals.flush)];
        if rotates {
            asking.push((SIGHUP, &signals.reopen));
        } else {
            stopping.push(SIGHUP);
        }
        for signal in stopping {
            // The second one ends the program at once, in case it hangs in a write.
            signal_hook::flag::register_conditional_shutdown(signal, 1, Arc::clone(&signals.stop))
                .and_then(|_| signal_hook::flag::register(signal, Arc::clone(&signals.stop)))
                .context("cannot handle signals")?;
        }
        for (signal, flag) in asking {
            signal_hook::flag::register(signal, Arc::clone(flag))
                .context("cannot handle signals")?;
        }
        Ok(signals)
    }

    /// Whether to leave the loop.
    pub(crate) fn stop(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Whether a flush was asked for since the last call.
    pub(crate) fn take_flush(&self) -> bool {
        self.flush.swap(false, Ordering::Relaxed)
    }

    /// Whether another file was asked for since the last call.
    pub(crate) fn take_reopen(&self) -> bool {
        self.reopen.swap(false, Ordering::Relaxed)
    }
}
