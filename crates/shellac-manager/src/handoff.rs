//! What a worker receives: its settings as one message, its sockets as descriptors beside further bytes.
//!
//! ```text
//! length of the message   u32, little endian
//! message                 fields, each with its length in front
//! one byte, with up to 64 descriptors    as often as needed
//! ```
//!
//! Both ends are the same program, but not necessarily the same build: it may have been replaced between two workers. So the
//! message begins with a version, and everything is checked.

use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

use shellac_config::{KeyText, ListenAddress};

use crate::descriptors;

/// Version of the message.
const VERSION: u64 = 6;
/// Longest message in bytes; most of it is the texts of the configurations.
const MESSAGE_BYTES_MOST: usize = 256 << 20;
/// Most sockets in all: 256 threads on 64 addresses.
const SOCKETS_MOST: u64 = 16384;

/// What a worker writes on its end of the connection when it serves.
pub const READY: &[u8] = b"ready\n";

/// Everything a worker has to know.
#[derive(Debug)]
pub struct Handoff {
    /// The configurations in the order of loading; at least one.
    pub configurations: Vec<HandoffConfiguration>,
    /// Which of them is the active one.
    pub active: usize,
    /// The configuration of the start: what of it needs a restart of everything is in force, whichever is active.
    pub fixed: HandoffConfiguration,
    /// Names and values of the parameters that somebody has set.
    pub params: Vec<(String, String)>,
    /// What an earlier worker asked to be kept; empty for nothing.
    pub state: String,
    /// Whether a log below the least size is allowed.
    pub allow_small: bool,
    /// Machines of backends by address, as [`NodeMap`](shellac_config::NodeMap) has them: `CIDR=NAME`.
    pub node_map: Vec<String>,
    /// The shared-memory directory.
    pub workdir: PathBuf,
    /// Identity of this proxy.
    pub instance: String,
    /// The group that may read the log.
    pub gid: Option<u32>,
    /// Serving threads; every listener has one socket for each.
    pub threads: usize,
    /// Where the numbers of transactions begin: above all that were used before.
    pub xid_base: u64,
    /// The workers whose place this one takes, and that still serve.
    pub before: Vec<HandoffBefore>,
    /// Private keys that the worker cannot read, by their files.
    pub keys: Vec<(PathBuf, KeyText)>,
    /// The addresses.
    pub listeners: Vec<HandoffListener>,
    /// Where the sockets of addresses come that are opened later: [`receive_sockets`].
    pub later: Option<UnixStream>,
}

/// A worker that finishes its requests, and still logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HandoffBefore {
    /// Its process.
    pub pid: u32,
    /// No worker after it has served: what it logs now was seen by nobody.
    pub is_new: bool,
}

/// One configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandoffConfiguration {
    /// Its name among the others.
    pub name: String,
    /// Its text, as the manager has read it.
    pub text: String,
    /// Name of its file, for messages.
    pub file_name: String,
    /// Whether its backends are looked after while it is not the active one: `auto`, `warm` or `cold`.
    pub temperature: String,
}

/// One address with its listening sockets.
#[derive(Debug)]
pub struct HandoffListener {
    /// Name in the log.
    pub name: String,
    /// Where it listens.
    pub address: ListenAddress,
    /// One for each serving thread, or one for all of them.
    pub sockets: Vec<OwnedFd>,
}

/// Why a handoff failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HandoffError {
    /// The connection broke.
    #[error("the connection between manager and worker broke")]
    Io(#[from] io::Error),
    /// What came is not a handoff.
    #[error("the manager's message cannot be understood: {0}")]
    Bad(&'static str),
}

/// Sends a handoff; the sockets stay open here.
///
/// # Errors
///
/// [`HandoffError::Io`]; [`HandoffError::Bad`] when it is larger than a message can be.
pub fn send(to: &UnixStream, handoff: &Handoff) -> Result<(), HandoffError> {
    let message = encode(handoff);
    if message.len() > MESSAGE_BYTES_MOST {
        return Err(HandoffError::Bad("it is longer than 256 MiB"));
    }
    let len =
        u32::try_from(message.len()).map_err(|_| HandoffError::Bad("it is longer than 256 MiB"))?;
    (&mut &*to).write_all(&len.to_le_bytes())?;
    (&mut &*to).write_all(&message)?;
    let sockets = handoff.listeners.iter().flat_map(|listener| &listener.sockets).map(AsFd::as_fd);
    let all: Vec<BorrowedFd<'_>> = sockets.chain(handoff.later.iter().map(AsFd::as_fd)).collect();
    Ok(descriptors::send(to, &all)?)
}

/// Receives what [`send`] sent.
///
/// # Errors
///
/// [`HandoffError`]; sockets that had come are closed.
pub fn receive(from: &UnixStream) -> Result<Handoff, HandoffError> {
    let mut len = [0; 4];
    (&mut &*from).read_exact(&mut len)?;
    let len = usize::try_from(u32::from_le_bytes(len)).unwrap_or(usize::MAX);
    if len > MESSAGE_BYTES_MOST {
        return Err(HandoffError::Bad("it is longer than 256 MiB"));
    }
    let mut message = Vec::new();
    // Memory grows with what comes, not with what is announced.
    (&mut &*from).take(u64::try_from(len).unwrap_or(u64::MAX)).read_to_end(&mut message)?;
    if message.len() < len {
        return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
    }
    let (mut handoff, counts, has_later) = decode(&message)?;
    let wanted = counts.iter().sum::<usize>() + usize::from(has_later);
    // They come in the order of the listeners, in as many pieces as were sent.
    let mut arrived = receive_sockets(from, wanted)?.into_iter();
    for (listener, count) in handoff.listeners.iter_mut().zip(counts) {
        listener.sockets = arrived.by_ref().take(count).collect();
    }
    handoff.later = arrived.next().map(UnixStream::from);
    Ok(handoff)
}

/// Receives as many sockets as were announced.
///
/// # Errors
///
/// [`HandoffError`]; sockets that had come are closed.
pub fn receive_sockets(from: &UnixStream, wanted: usize) -> Result<Vec<OwnedFd>, HandoffError> {
    let mut arrived: Vec<OwnedFd> = Vec::new();
    while arrived.len() < wanted {
        descriptors::receive(from, &mut arrived).map_err(|error| match error.kind() {
            io::ErrorKind::InvalidData => HandoffError::Bad("a byte came without sockets"),
            _ => error.into(),
        })?;
    }
    if arrived.len() > wanted {
        return Err(HandoffError::Bad("more sockets came than were announced"));
    }
    Ok(arrived)
}

fn encode(handoff: &Handoff) -> Vec<u8> {
    let mut out = Vec::new();
    let number = |out: &mut Vec<u8>, value: u64| out.extend_from_slice(&value.to_le_bytes());
    let text = |out: &mut Vec<u8>, bytes: &[u8]| {
        number(out, u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        out.extend_from_slice(bytes);
    };
    let count = |value: usize| u64::try_from(value).unwrap_or(u64::MAX);
    number(&mut out, VERSION);
    number(&mut out, count(handoff.configurations.len()));
    for configuration in handoff.configurations.iter().chain([&handoff.fixed]) {
        text(&mut out, configuration.name.as_bytes());
        text(&mut out, configuration.text.as_bytes());
        text(&mut out, configuration.file_name.as_bytes());
        text(&mut out, configuration.temperature.as_bytes());
    }
    number(&mut out, count(handoff.active));
    number(&mut out, count(handoff.params.len()));
    for (name, value) in &handoff.params {
        text(&mut out, name.as_bytes());
        text(&mut out, value.as_bytes());
    }
    text(&mut out, handoff.state.as_bytes());
    number(&mut out, u64::from(handoff.allow_small));
    number(&mut out, count(handoff.node_map.len()));
    for row in &handoff.node_map {
        text(&mut out, row.as_bytes());
    }
    text(&mut out, handoff.workdir.as_os_str().as_bytes());
    text(&mut out, handoff.instance.as_bytes());
    number(&mut out, u64::from(handoff.gid.is_some()));
    number(&mut out, u64::from(handoff.gid.unwrap_or(0)));
    number(&mut out, count(handoff.threads));
    number(&mut out, handoff.xid_base);
    number(&mut out, count(handoff.before.len()));
    for one in &handoff.before {
        number(&mut out, u64::from(one.pid));
        number(&mut out, u64::from(one.is_new));
    }
    number(&mut out, count(handoff.keys.len()));
    for (path, key) in &handoff.keys {
        text(&mut out, path.as_os_str().as_bytes());
        text(&mut out, key.as_bytes());
    }
    number(&mut out, count(handoff.listeners.len()));
    for listener in &handoff.listeners {
        text(&mut out, listener.name.as_bytes());
        text(&mut out, listener.address.to_string().as_bytes());
        number(&mut out, count(listener.sockets.len()));
    }
    number(&mut out, u64::from(handoff.later.is_some()));
    out
}

/// The message, how many sockets each listener gets, and whether the connection for later ones follows.
fn decode(message: &[u8]) -> Result<(Handoff, Vec<usize>, bool), HandoffError> {
    let mut fields = Fields { rest: message };
    if fields.number()? != VERSION {
        return Err(HandoffError::Bad(
            "it is of another version: the program was replaced; restart it",
        ));
    }
    let mut configurations = Vec::new();
    for _ in 0..fields.number()? {
        configurations.push(fields.configuration()?);
    }
    let fixed = fields.configuration()?;
    let active = usize::try_from(fields.number()?).unwrap_or(usize::MAX);
    if active >= configurations.len() {
        return Err(HandoffError::Bad("it names no active configuration"));
    }
    let mut params = Vec::new();
    for _ in 0..fields.number()? {
        params.push((fields.text()?, fields.text()?));
    }
    let state = fields.text()?;
    let allow_small = fields.number()? != 0;
    let mut node_map = Vec::new();
    for _ in 0..fields.number()? {
        node_map.push(fields.text()?);
    }
    let workdir = PathBuf::from(std::ffi::OsString::from_vec(fields.bytes()?.to_vec()));
    let instance = fields.text()?;
    let has_gid = fields.number()? != 0;
    let gid =
        u32::try_from(fields.number()?).map_err(|_| HandoffError::Bad("a group that is none"))?;
    let threads =
        usize::try_from(fields.number()?).map_err(|_| HandoffError::Bad("too many threads"))?;
    let xid_base = fields.number()?;
    let mut before = Vec::new();
    for _ in 0..fields.number()? {
        let pid = u32::try_from(fields.number()?)
            .map_err(|_| HandoffError::Bad("a process that is none"))?;
        before.push(HandoffBefore { pid, is_new: fields.number()? != 0 });
    }
    let mut keys = Vec::new();
    for _ in 0..fields.number()? {
        let path = PathBuf::from(std::ffi::OsString::from_vec(fields.bytes()?.to_vec()));
        keys.push((path, KeyText::from(fields.bytes()?)));
    }
    let mut listeners = Vec::new();
    let mut counts = Vec::new();
    let mut sockets = 0_u64;
    for _ in 0..fields.number()? {
        let name = fields.text()?;
        let address = ListenAddress::parse(&fields.text()?)
            .ok_or(HandoffError::Bad("an address that is none"))?;
        let count = fields.number()?;
        sockets = sockets.saturating_add(count);
        if sockets > SOCKETS_MOST {
            return Err(HandoffError::Bad("too many sockets"));
        }
        listeners.push(HandoffListener { name, address, sockets: Vec::new() });
        counts.push(usize::try_from(count).map_err(|_| HandoffError::Bad("too many sockets"))?);
    }
    let has_later = fields.number()? != 0;
    if !fields.rest.is_empty() {
        return Err(HandoffError::Bad("it is longer than it should be"));
    }
    let gid = has_gid.then_some(gid);
    let handoff = Handoff {
        configurations,
        active,
        fixed,
        params,
        state,
        allow_small,
        node_map,
        workdir,
        instance,
        gid,
        threads,
        xid_base,
        before,
        keys,
        listeners,
        later: None,
    };
    Ok((handoff, counts, has_later))
}

/// What is left of a message.
struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    fn number(&mut self) -> Result<u64, HandoffError> {
        let (number, rest) =
            self.rest.split_first_chunk().ok_or(HandoffError::Bad("it is cut off"))?;
        self.rest = rest;
        Ok(u64::from_le_bytes(*number))
    }

    fn bytes(&mut self) -> Result<&'a [u8], HandoffError> {
        let len = usize::try_from(self.number()?).unwrap_or(usize::MAX);
        let (bytes, rest) =
            self.rest.split_at_checked(len).ok_or(HandoffError::Bad("it is cut off"))?;
        self.rest = rest;
        Ok(bytes)
    }

    fn configuration(&mut self) -> Result<HandoffConfiguration, HandoffError> {
        Ok(HandoffConfiguration {
            name: self.text()?,
            text: self.text()?,
            file_name: self.text()?,
            temperature: self.text()?,
        })
    }

    fn text(&mut self) -> Result<String, HandoffError> {
        String::from_utf8(self.bytes()?.to_vec())
            .map_err(|_| HandoffError::Bad("a text that is not UTF-8"))
    }
}

#[cfg(test)]
mod tests;
