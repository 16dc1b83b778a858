//! Listening sockets on their way to the threads that accept from them.

use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex};

use shellac_config::ListenAddress;

use crate::engine::{EngineError, Listener};
use crate::generation::lock;

/// A listening address under the name that it has in the active configuration.
#[derive(Clone, Debug)]
pub(crate) struct Entrance {
    pub(crate) name: Arc<str>,
    pub(crate) sockets: Arc<Sockets>,
}

/// The sockets of one address, one for each serving thread until it has taken it. Which of them is the same one is a matter of
/// their place in memory.
#[derive(Debug)]
pub(crate) struct Sockets {
    pub(crate) address: ListenAddress,
    waiting: Mutex<Vec<Option<OwnedFd>>>,
}

impl Sockets {
    /// A socket for each of `threads`; with fewer than that they share the first one.
    fn new(listener: Listener, threads: usize) -> Result<Sockets, EngineError> {
        let Listener { address, sockets, .. } = listener;
        let mut sockets = sockets.into_iter().map(Some).take(threads).collect::<Vec<_>>();
        let Some(Some(first)) = sockets.first() else {
            return Err(EngineError::NoSocket { address });
        };
        let missing = sockets.len()..threads;
        let shared = missing
            .map(|index| first.try_clone().map_err(|source| EngineError::Thread { index, source }))
            .collect::<Result<Vec<_>, _>>()?;
        sockets.extend(shared.into_iter().map(Some));
        Ok(Sockets { address, waiting: Mutex::new(sockets) })
    }

    /// The socket of a thread; each has it once.
    pub(super) fn take(&self, thread: usize) -> Option<OwnedFd> {
        lock(&self.waiting).get_mut(thread)?.take()
    }
}

/// The entrances that `listeners` describe: those without a socket are the one that is `open` at their address.
///
/// # Errors
///
/// [`EngineError::NoSocket`] where there is none, and [`EngineError::Thread`] when there are no descriptors.
pub(crate) fn entrances(
    listeners: Vec<Listener>,
    open: &[Entrance],
    threads: usize,
) -> Result<Vec<Entrance>, EngineError> {
    let entrance = |listener: Listener| {
        let name = listener.name.as_str().into();
        let known = open.iter().find(|one| one.sockets.address == listener.address);
        let sockets = match known {
            Some(known) if listener.sockets.is_empty() => Arc::clone(&known.sockets),
            _ => Arc::new(Sockets::new(listener, threads)?),
        };
        Ok(Entrance { name, sockets })
    };
    listeners.into_iter().map(entrance).collect()
}
