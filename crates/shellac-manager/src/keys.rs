//! Private keys that only root may read, for a manager that is not root any more.
//!
//! Before it becomes another user it starts a process that stays root (`keeper`), if the configuration names a key that this user
//! cannot read. That process can do one thing: it is told a path, and answers with what is there, if that is a private key in one
//! of the directories that the configuration of the start names keys in, and nobody but root can change anything on the way to it, links included.
//! So keys can be renewed, and read again by SIGHUP, for a new worker and after an upgrade.
//!
//! ```text
//! to it, first        the directories, each with a NUL behind, as one message
//! to it               a path
//! from it             `+` and the text of the key, or `-` and the reason
//! ```
//!
//! A message has its length in front: u32, little endian.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Component, Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use shellac_config::{Config, KeyText};
use signal_hook::consts::{SIGHUP, SIGINT, SIGUSR1, SIGUSR2};

use crate::identity::Identity;
use crate::trusted;

/// The argument that makes this program the process that keeps keys; its standard input is the connection to the manager.
pub const KEYS_ARGUMENT: &str = "__keys";

/// Longest message in bytes: more than any key has.
const MESSAGE_BYTES_MOST: usize = 1 << 20;
/// How long a disk may take for a key.
const PATIENCE: Duration = Duration::from_secs(5);
/// What stands in every file that is handed out.
const MARKS: [&str; 3] = [
    "-----BEGIN PRIVATE KEY-----",
    "-----BEGIN RSA PRIVATE KEY-----",
    "-----BEGIN EC PRIVATE KEY-----",
];

/// The connection to the process that stays root. It ends when this is closed.
#[derive(Debug)]
pub(crate) struct Keys(UnixStream);

impl Keys {
    /// Starts it, if `identity` cannot read all keys that `config` names. Called by root.
    pub(crate) fn start(config: &Config, identity: &Identity) -> io::Result<Option<Keys>> {
        let files = config.key_files();
        let is_readable = |path: &&Path| identity.can_read(path);
        if files.iter().all(is_readable) {
            return Ok(None);
        }
        let (ours, theirs) = UnixStream::pair()?;
        // It ends by itself when we do, and nobody has to wait for it.
        drop(
            Command::new("/proc/self/exe")
                .arg0("shellacd")
                .arg(KEYS_ARGUMENT)
                .stdin(Stdio::from(OwnedFd::from(theirs)))
                .stdout(Stdio::null())
                .spawn()?,
        );
        let keys = Keys::adopt(OwnedFd::from(ours))?;
        let mut directories = Vec::new();
        for directory in files.iter().filter_map(|path| path.parent()) {
            directories.extend_from_slice(directory.as_os_str().as_bytes());
            directories.push(0);
        }
        write_message(&keys.0, &directories)?;
        Ok(Some(keys))
    }

    /// Goes on with one that another program has started.
    pub(crate) fn adopt(connection: OwnedFd) -> io::Result<Keys> {
        let connection = UnixStream::from(connection);
        connection.set_read_timeout(Some(PATIENCE))?;
        connection.set_write_timeout(Some(PATIENCE))?;
        Ok(Keys(connection))
    }

    pub(crate) fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }

    /// The key in a file. The error is for people.
    fn read(&self, path: &Path) -> Result<KeyText, String> {
        let asked = write_message(&self.0, path.as_os_str().as_bytes());
        let answer = asked.and_then(|()| read_message(&self.0)).map_err(|error| {
            format!(
                "the process that reads keys as root does not answer ({error}): restart shellacd"
            )
        })?;
        match answer.split_first() {
            Some((b'+', key)) => Ok(KeyText::from(key)),
            Some((_, reason)) => Err(String::from_utf8_lossy(reason).into_owned()),
            None => Err("the process that reads keys as root says nothing".to_owned()),
        }
    }
}

/// A key that only root can read, or none where its reader needs no help.
pub(crate) type Given = (PathBuf, Option<KeyText>);

/// The keys that `config` names: with their text if only `keys` can read them.
///
/// # Errors
///
/// For people: which file, and why.
pub(crate) fn of(config: &Config, keys: Option<&Keys>) -> Result<Vec<Given>, String> {
    let Some(keys) = keys else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for path in config.key_files() {
        // What this user can read the worker reads by itself, and says what is wrong with it.
        let is_refused =
            open(path).is_err_and(|error| error.kind() == io::ErrorKind::PermissionDenied);
        let key = match is_refused {
            true => Some(keys.read(path).map_err(|why| format!("{}: {why}", path.display()))?),
            false => None,
        };
        found.push((path.to_owned(), key));
    }
    Ok(found)
}

/// All of the process that keeps keys: answers until the connection on standard input ends.
///
/// # Errors
///
/// [`io::Error`] when standard input is no such connection, or breaks.
pub fn keep_keys() -> io::Result<()> {
    // It is the manager that decides what they mean.
    let (_unheard, ignore) = UnixStream::pair()?;
    for signal in [SIGINT, SIGHUP, SIGUSR1, SIGUSR2] {
        signal_hook::low_level::pipe::register(signal, ignore.try_clone()?)?;
    }
    let connection = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    answer(&connection)
}

fn answer(connection: &UnixStream) -> io::Result<()> {
    let first = read_message(connection)?;
    let directories: Vec<&Path> = first
        .split(|&byte| byte == 0)
        .filter(|path| !path.is_empty())
        .map(|path| Path::new(OsStr::from_bytes(path)))
        .collect();
    loop {
        let path = match read_message(connection) {
            Ok(path) => path,
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
            Err(error) => return Err(error),
        };
        let mut answer = Vec::new();
        match key(Path::new(OsStr::from_bytes(&path)), &directories) {
            Ok(key) => {
                answer.push(b'+');
                answer.extend_from_slice(key.as_bytes());
            }
            Err(reason) => {
                answer.push(b'-');
                answer.extend_from_slice(reason.as_bytes());
            }
        }
        write_message(connection, &answer)?;
    }
}

/// The key in a file, if it is one that may be handed out.
fn key(path: &Path, directories: &[&Path]) -> Result<String, String> {
    let directory = path.parent().unwrap_or(Path::new(""));
    if !directories.contains(&directory) {
        return Err("only root can read it, and it is in a directory in which the configuration of the start names no key: restart shellacd".to_owned());
    }
    if path.components().any(|part| part == Component::ParentDir) {
        return Err("only root can read it, and its path has `..`".to_owned());
    }
    let way = trusted::way(path).map_err(|why| format!("only root can read it, and {why}"))?;
    // Without links: it is what was looked at.
    let file = open(&way).map_err(|error| error.to_string())?;
    let metadata = file.metadata().map_err(|error| error.to_string())?;
    if !metadata.is_file() {
        return Err("is not a regular file".to_owned());
    }
    let mut text = String::new();
    let most = u64::try_from(MESSAGE_BYTES_MOST - 1).unwrap_or(0);
    file.take(most).read_to_string(&mut text).map_err(|error| error.to_string())?;
    if !MARKS.iter().any(|mark| text.contains(mark)) {
        return Err("only root can read it, and it has no private key (PEM)".to_owned());
    }
    Ok(text)
}

/// Opens a file without waiting for the other end, should it be a FIFO.
fn open(path: &Path) -> io::Result<File> {
    let flags = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
    File::options().read(true).custom_flags(flags).open(path)
}

fn write_message(to: &UnixStream, message: &[u8]) -> io::Result<()> {
    let len = u32::try_from(message.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
    (&mut &*to).write_all(&len.to_le_bytes())?;
    (&mut &*to).write_all(message)
}

fn read_message(from: &UnixStream) -> io::Result<Vec<u8>> {
    let mut len = [0; 4];
    (&mut &*from).read_exact(&mut len)?;
    let len = usize::try_from(u32::from_le_bytes(len)).unwrap_or(usize::MAX);
    if len > MESSAGE_BYTES_MOST {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "the message is too long"));
    }
    let mut message = vec![0; len];
    (&mut &*from).read_exact(&mut message)?;
    Ok(message)
}

#[cfg(test)]
mod tests;
