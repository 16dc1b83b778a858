//! The ends of requests with which a worker died, as the manager sends them: a file with batches of records, each with its length in front.

use std::fs::File;
use std::io::Read;
use std::os::unix::net::UnixStream;
use std::time::Duration;

/// How long the file may be on its way: it is sent before the order that announces it.
const PATIENCE: Duration = Duration::from_secs(2);
/// Longest file in bytes.
const BYTES_MOST: u64 = 16 << 20;

/// Receives and reads it; the error is for people.
pub(super) fn read(from: Option<&UnixStream>) -> Result<Vec<Vec<u8>>, String> {
    let from = from.ok_or("nothing can be received here")?;
    let _ = from.set_read_timeout(Some(PATIENCE));
    let arrived = shellac_manager::receive_sockets(from, 1).map_err(|error| format!("{error}"))?;
    let file = arrived.into_iter().next().map(File::from).ok_or("nothing came")?;
    let mut bytes = Vec::new();
    file.take(BYTES_MOST).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    batches(&bytes).ok_or_else(|| "what came is cut off".to_owned())
}

fn batches(mut bytes: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut batches = Vec::new();
    while let Some((len, rest)) = bytes.split_first_chunk() {
        let len = usize::try_from(u32::from_le_bytes(*len)).ok()?;
        let (batch, rest) = rest.split_at_checked(len)?;
        batches.push(batch.to_vec());
        bytes = rest;
    }
    bytes.is_empty().then_some(batches)
}

#[cfg(test)]
mod tests;
