//! Signals, as flags that are looked at between two pictures.

use std::io::Read;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Context;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Signal, kill_current_process_group};
use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGTERM, SIGWINCH};

/// How long to wait for being stopped: where nobody could call this program back it is not.
const UNTIL_STOPPED: Duration = Duration::from_millis(500);

/// What has come since it was asked last.
#[derive(Debug)]
pub(crate) struct Signals {
    stop: Arc<AtomicBool>,
    resized: Arc<AtomicBool>,
    continued: Arc<AtomicBool>,
    woken: UnixStream,
}

impl Signals {
    /// From now on signals are flags.
    ///
    /// # Errors
    ///
    /// When they cannot be handled.
    pub(crate) fn register() -> anyhow::Result<Signals> {
        let (woken, wake) = UnixStream::pair().context("cannot handle signals")?;
        woken.set_nonblocking(true).context("cannot handle signals")?;
        let signals = Signals {
            stop: Arc::default(),
            resized: Arc::default(),
            continued: Arc::default(),
            woken,
        };
        let flags = [
            (SIGINT, &signals.stop),
            (SIGTERM, &signals.stop),
            (SIGHUP, &signals.stop),
            (SIGWINCH, &signals.resized),
            (SIGCONT, &signals.continued),
        ];
        for (signal, flag) in flags {
            if Arc::ptr_eq(flag, &signals.stop) {
                // A second one ends a program that hangs in writing to its terminal.
                signal_hook::flag::register_conditional_shutdown(signal, 1, Arc::clone(flag))
                    .context("cannot handle signals")?;
            }
            signal_hook::flag::register(signal, Arc::clone(flag))
                .context("cannot handle signals")?;
            let wake = wake.try_clone().context("cannot handle signals")?;
            signal_hook::low_level::pipe::register(signal, wake)
                .context("cannot handle signals")?;
        }
        Ok(signals)
    }

    /// Becomes readable when a signal comes.
    pub(super) fn woken(&self) -> &UnixStream {
        &self.woken
    }

    /// The program is to end.
    pub(crate) fn stop(&self) -> bool {
        // What the signals were is known from their flags.
        let _ = (&self.woken).read(&mut [0; 64]);
        self.stop.load(Ordering::Relaxed)
    }

    /// The terminal has another size; told once.
    pub(crate) fn resized(&self) -> bool {
        self.resized.swap(false, Ordering::Relaxed)
    }

    /// The program was stopped and called back; told once.
    pub(crate) fn continued(&self) -> bool {
        self.continued.swap(false, Ordering::Relaxed)
    }

    /// Stops the program, and whoever started it, as the terminal does on Ctrl-Z; comes back when it goes on.
    pub(crate) fn suspend(&self) {
        self.continued();
        if kill_current_process_group(Signal::TSTP).is_err() {
            return;
        }
        // The signal may take effect a little later than it was sent, and not before the terminal is ours again.
        let timeout = Timespec { tv_sec: 0, tv_nsec: UNTIL_STOPPED.subsec_nanos().into() };
        while !self.continued.load(Ordering::Relaxed) {
            let mut fds = [PollFd::new(&self.woken, PollFlags::IN)];
            match poll(&mut fds, Some(&timeout)) {
                Ok(0) => break,
                _ if self.stop() => break,
                _ => {}
            }
        }
        self.continued();
    }
}
