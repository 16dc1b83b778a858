//! What one manager leaves to the program that takes its place in the same process: a text in memory, and open descriptors.
//!
//! ```text
//! the next program's standard input    one byte with up to 64 descriptors, as often as needed:
//!   first                              a file in memory with the text, which is JSON
//!   then                               the lock, the other pid files, the listening sockets of each address, those of the command line,
//!                                      the connections to workers and to the process that reads keys
//! ```
//!
//! Descriptors travel in a socket's queue, so none of them has to survive the change of programs by its number, and nothing has
//! changed when that fails. Both are the same program, but of different builds: so the text has a format number, what it does not
//! know a program ignores, and a trial beforehand says whether it knows enough.

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

use rustix::fs::{MemfdFlags, memfd_create};
use serde::{Deserialize, Serialize};
use shellac_config::{Config, ParseOptions};

use crate::descriptors;
use crate::handoff::HandoffConfiguration;

/// The argument after which this program takes over from the one that it replaces.
pub const TAKE_OVER: &str = "--take-over";
/// The argument after which it says whether it could, and ends.
pub const TRIAL: &str = "--take-over-trial";

/// Meaning of the text.
pub(crate) const FORMAT: u32 = 1;
/// Longest text in bytes; most of it is the texts of the configurations.
const TEXT_BYTES_MOST: u64 = 640 << 20;
/// Most descriptors: 256 threads on 64 addresses and some more.
const DESCRIPTORS_MOST: usize = 20_000;

/// Everything but the descriptors.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakeOver {
    pub(crate) format: u32,
    /// What a trial has to say.
    pub(crate) token: String,
    /// Version of the program that is replaced.
    pub(crate) version: String,
    pub(crate) config_text: String,
    pub(crate) config_name: String,
    pub(crate) allow_small: bool,
    pub(crate) node_map: Vec<String>,
    pub(crate) workdir: PathBuf,
    pub(crate) instance: String,
    pub(crate) threads: usize,
    pub(crate) gid: Option<u32>,
    pub(crate) configurations: Vec<KeptConfiguration>,
    pub(crate) active: usize,
    pub(crate) params: Vec<(String, String)>,
    /// The last base of transaction numbers, and when it was handed out: seconds and nanoseconds since 1970.
    pub(crate) xid: Option<(u64, u64, u32)>,
    pub(crate) pid_files: Vec<PathBuf>,
    pub(crate) listeners: Vec<KeptListener>,
    /// The paths of sockets for commands; those without one have an address.
    pub(crate) doors: Vec<Option<PathBuf>>,
    /// A command stopped the worker.
    pub(crate) stopped: bool,
    /// Workers that serve, or finish their requests.
    pub(crate) workers: Vec<u32>,
    /// A process reads keys as root; its connection is the last descriptor.
    #[serde(default)]
    pub(crate) keys: bool,
    /// The manager's counters by their names, of which the uptime is in seconds.
    #[serde(default)]
    pub(crate) life: Vec<(String, u64)>,
}

/// One configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KeptConfiguration {
    name: String,
    text: String,
    file_name: String,
    temperature: String,
}

/// One address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KeptListener {
    pub(crate) name: String,
    pub(crate) address: String,
    /// What the configuration says; without it, the address.
    #[serde(default)]
    pub(crate) asked: Option<String>,
    pub(crate) sockets: usize,
}

/// The descriptors, in the order in which they travel.
#[derive(Debug)]
pub(crate) struct Descriptors(std::vec::IntoIter<OwnedFd>);

impl From<&HandoffConfiguration> for KeptConfiguration {
    fn from(one: &HandoffConfiguration) -> KeptConfiguration {
        KeptConfiguration {
            name: one.name.clone(),
            text: one.text.clone(),
            file_name: one.file_name.clone(),
            temperature: one.temperature.clone(),
        }
    }
}

impl From<&KeptConfiguration> for HandoffConfiguration {
    fn from(one: &KeptConfiguration) -> HandoffConfiguration {
        HandoffConfiguration {
            name: one.name.clone(),
            text: one.text.clone(),
            file_name: one.file_name.clone(),
            temperature: one.temperature.clone(),
        }
    }
}

impl TakeOver {
    /// How many descriptors follow the text.
    fn descriptors(&self) -> usize {
        let sockets: usize =
            self.listeners.iter().fold(0, |sum, one| sum.saturating_add(one.sockets));
        let others = self.doors.len() + self.workers.len() + usize::from(self.keys);
        (1 + self.pid_files.len() + others).saturating_add(sockets)
    }

    /// Reads the text and whether all of it can be taken over by this program.
    ///
    /// # Errors
    ///
    /// For people.
    pub fn read(from: impl Read) -> Result<TakeOver, String> {
        let mut text = String::new();
        from.take(TEXT_BYTES_MOST)
            .read_to_string(&mut text)
            .map_err(|error| format!("what is to be taken over cannot be read: {error}"))?;
        let state: TakeOver = serde_json::from_str(&text)
            .map_err(|error| format!("what is to be taken over cannot be understood: {error}"))?;
        if state.format != FORMAT {
            return Err(format!(
                "what is to be taken over has format {}, and this program knows {FORMAT}: stop and start it instead",
                state.format
            ));
        }
        if state.active >= state.configurations.len() {
            return Err("what is to be taken over names no active configuration".to_owned());
        }
        let options = ParseOptions { allow_small: state.allow_small };
        let loaded = state.configurations.iter().map(|one| (&one.text, &one.file_name));
        for (text, name) in loaded.chain([(&state.config_text, &state.config_name)]) {
            Config::parse_with(text, name, options).map_err(|errors| {
                format!("this program does not understand the configuration: {errors}")
            })?;
        }
        Ok(state)
    }

    /// What a trial writes to its standard output when it went well.
    #[must_use]
    pub fn trial_text(&self) -> String {
        format!("{}\n", self.token)
    }

    /// The text as a file in memory, to be read from its beginning.
    pub(crate) fn file(&self) -> io::Result<File> {
        let mut file = File::from(memfd_create("shellac-take-over", MemfdFlags::CLOEXEC)?);
        file.write_all(&serde_json::to_vec(self)?)?;
        file.rewind()?;
        Ok(file)
    }

    /// Puts everything into the queue of a connection. Fails rather than waits, for nobody reads yet.
    pub(crate) fn send(&self, to: &UnixStream, descriptors: &[BorrowedFd<'_>]) -> io::Result<()> {
        if descriptors.len() != self.descriptors() {
            return Err(io::Error::other("the descriptors are not those that are described"));
        }
        to.set_nonblocking(true)?;
        // Best effort: with less room a great many sockets may not fit, which is an error then.
        let _ = rustix::net::sockopt::set_socket_send_buffer_size(to, 4 << 20);
        let file = self.file()?;
        let mut all = vec![file.as_fd()];
        all.extend(descriptors);
        descriptors::send(to, &all)
    }

    /// Receives what [`send`](TakeOver::send) has sent.
    pub(crate) fn receive(from: &UnixStream) -> Result<(TakeOver, Descriptors), String> {
        let failed = |error: io::Error| format!("what is to be taken over did not come: {error}");
        let mut arrived = Vec::new();
        descriptors::receive(from, &mut arrived).map_err(failed)?;
        if arrived.is_empty() {
            return Err("what is to be taken over did not come".to_owned());
        }
        let state = TakeOver::read(File::from(arrived.remove(0)))?;
        let wanted = state.descriptors();
        if wanted > DESCRIPTORS_MOST {
            return Err(format!("{wanted} descriptors cannot be taken over"));
        }
        while arrived.len() < wanted {
            descriptors::receive(from, &mut arrived).map_err(failed)?;
        }
        Ok((state, Descriptors(arrived.into_iter())))
    }
}

impl Descriptors {
    /// The next one.
    pub(crate) fn next(&mut self) -> io::Result<OwnedFd> {
        self.0.next().ok_or_else(|| io::Error::other("a descriptor is missing"))
    }

    /// The next ones.
    pub(crate) fn take<T: From<OwnedFd>>(&mut self, count: usize) -> Vec<T> {
        self.0.by_ref().take(count).map(T::from).collect()
    }
}

#[cfg(test)]
mod tests;
