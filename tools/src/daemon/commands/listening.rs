//! Listening sockets that the manager has opened for a configuration, until that one is used.

use std::os::unix::net::UnixStream;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use shellac_config::ListenAddress;
use shellac_proxy::{Control, Doorways, Listener};

/// How long sockets may be on their way: they are sent before the order that announces them.
const PATIENCE: Duration = Duration::from_secs(2);
/// Most sockets of one address: as many as there are threads.
const SOCKETS_MOST: usize = 256;

/// What is ready, with the name of its configuration, or why it is not.
#[derive(Debug, Default)]
pub(super) struct Listening(Mutex<Option<(String, Result<Doorways, String>)>>);

impl Listening {
    /// Prepares what `words` say: the name of a configuration, then a name, an address and a number of new sockets for each listener.
    pub(super) fn prepare(&self, control: &Control, words: &[String], from: Option<&UnixStream>) {
        let Some((configuration, rows)) = words.split_first() else { return };
        let listeners = listeners(rows, from);
        let doorways = listeners
            .and_then(|listeners| control.doorways(listeners).map_err(|error| error.to_string()));
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *waiting = Some((configuration.clone(), doorways));
    }

    /// What is ready for a configuration. What is not for this one is for none: its sockets are closed.
    pub(super) fn take(&self, configuration: &str) -> Option<Result<Doorways, String>> {
        let waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        waiting.filter(|(name, _)| name == configuration).map(|(_, doorways)| doorways)
    }
}

/// The listeners with their new sockets. All announced sockets are received, whatever else is wrong.
fn listeners(rows: &[String], from: Option<&UnixStream>) -> Result<Vec<Listener>, String> {
    let strange = || "The manager's message about sockets cannot be understood.".to_owned();
    let (rows, []) = rows.as_chunks::<3>() else { return Err(strange()) };
    let mut counts = Vec::new();
    for [.., count] in rows {
        counts.push(count.parse().ok().filter(|count| *count <= SOCKETS_MOST).ok_or_else(strange)?);
    }
    let from = from.ok_or("Sockets cannot be received here.")?;
    let _ = from.set_read_timeout(Some(PATIENCE));
    let arrived = shellac_manager::receive_sockets(from, counts.iter().sum());
    let mut arrived =
        arrived.map_err(|error| format!("The new sockets did not come: {error}."))?.into_iter();
    let listener = |([name, address, _], count): (&[String; 3], usize)| {
        let address = ListenAddress::parse(address).ok_or_else(strange)?;
        let sockets = arrived.by_ref().take(count).collect();
        Ok(Listener { name: name.clone(), address, sockets })
    };
    rows.iter().zip(counts).map(listener).collect()
}
