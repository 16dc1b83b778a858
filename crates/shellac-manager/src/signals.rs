//! The signals that matter, as pipes that can be waited for.

use std::io::{self, Read};
use std::os::unix::net::UnixStream;

use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGTERM, SIGUSR2};

/// The pipes; dropping them gives the signals back.
#[derive(Debug)]
pub(crate) struct Signals {
    /// SIGTERM and SIGINT.
    pub(crate) stop: UnixStream,
    /// SIGHUP.
    pub(crate) reload: UnixStream,
    /// SIGUSR2.
    pub(crate) upgrade: UnixStream,
    /// SIGCHLD.
    pub(crate) child: UnixStream,
    ids: Vec<signal_hook::SigId>,
}

impl Signals {
    pub(crate) fn register() -> io::Result<Signals> {
        let (stop, stop_write) = UnixStream::pair()?;
        let (reload, reload_write) = UnixStream::pair()?;
        let (upgrade, upgrade_write) = UnixStream::pair()?;
        let (child, child_write) = UnixStream::pair()?;
        for pipe in [&stop, &reload, &upgrade, &child] {
            pipe.set_nonblocking(true)?;
        }
        let ids = vec![
            signal_hook::low_level::pipe::register(SIGTERM, stop_write.try_clone()?)?,
            signal_hook::low_level::pipe::register(SIGINT, stop_write)?,
            signal_hook::low_level::pipe::register(SIGHUP, reload_write)?,
            signal_hook::low_level::pipe::register(SIGUSR2, upgrade_write)?,
            signal_hook::low_level::pipe::register(SIGCHLD, child_write)?,
        ];
        Ok(Signals { stop, reload, upgrade, child, ids })
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        for id in self.ids.drain(..) {
            signal_hook::low_level::unregister(id);
        }
    }
}

/// Empties the reading end of a pipe; whether something was in it.
pub(crate) fn take(pipe: &UnixStream) -> bool {
    let mut any = false;
    let mut bytes = [0; 64];
    while matches!((&mut &*pipe).read(&mut bytes), Ok(len) if len > 0) {
        any = true;
    }
    any
}
