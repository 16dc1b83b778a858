//! Lines of other programs' logs, and of the kernel's, as triggers.
//!
//! A file is followed as `tail -F` follows it: from its end on, into a new file when it was rotated, from its start
//! when it was cut. A line that matches is joined with the log by the transaction number in it, or else by its time.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::SyncSender;
use std::thread;
use std::time::Duration;

use anyhow::Context;
use shellac_query::regex::Regex;

/// A line that matched.
#[derive(Debug)]
pub(super) struct Line {
    /// Which `--on-line` or `--on-kmsg` it is for.
    pub(super) rule: usize,
    pub(super) text: Vec<u8>,
    /// The transaction that it names.
    pub(super) xid: Option<u64>,
}

/// Where lines come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum From {
    /// Standard input.
    Stdin,
    /// A file that grows.
    File(PathBuf),
    /// The kernel's messages.
    Kernel(PathBuf),
}

/// Between two looks at a file.
const PAUSE: Duration = Duration::from_millis(100);
/// Bytes of a line that are looked at; what is longer is cut there.
const MAX_LINE: usize = 16 << 10;

/// Starts a thread that hands over the lines of `from` that match. Where it cannot be opened now, that is an
/// error for the kernel's messages and for standard input; a file may come later.
pub(super) fn follow(
    from: From,
    regex: Regex,
    rule: usize,
    lines: SyncSender<Line>,
) -> anyhow::Result<()> {
    let mut sender = Sender { regex, rule, lines, partial: Vec::new(), is_cut: false };
    let work: Box<dyn FnOnce() + Send> = match from {
        From::Stdin => Box::new(move || stdin(&mut sender)),
        From::File(path) => {
            let open = match open_end(&path) {
                Ok(file) => Some(file),
                Err(error) => {
                    let name = path.display();
                    eprintln!("shellac: {name}: {error}; its lines are read when it is there");
                    None
                }
            };
            Box::new(move || file(&path, open, &mut sender))
        }
        From::Kernel(path) => {
            let name = path.display().to_string();
            let mut file = File::open(&path).with_context(|| {
                format!("--on-kmsg: cannot open {name} (it takes root, or CAP_SYSLOG)")
            })?;
            // Only what comes from now on. A pipe has no end to go to, and nothing old in it.
            let _ = file.seek(SeekFrom::End(0));
            Box::new(move || kernel(&name, &mut file, &mut sender))
        }
    };
    thread::Builder::new().name("lines".to_owned()).spawn(work).context("cannot start a thread")?;
    Ok(())
}

/// Cuts bytes into lines and hands over those that match.
struct Sender {
    regex: Regex,
    rule: usize,
    lines: SyncSender<Line>,
    partial: Vec<u8>,
    /// The rest of the line is passed over.
    is_cut: bool,
}

/// Nobody listens any more.
struct Closed;

impl Sender {
    fn bytes(&mut self, mut bytes: &[u8]) -> Result<(), Closed> {
        while let Some(end) = memchr::memchr(b'\n', bytes) {
            self.part(&bytes[..end]);
            bytes = &bytes[end + 1..];
            self.end_line()?;
        }
        self.part(bytes);
        Ok(())
    }

    fn part(&mut self, bytes: &[u8]) {
        let room = MAX_LINE - self.partial.len();
        self.is_cut |= bytes.len() > room;
        self.partial.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    fn end_line(&mut self) -> Result<(), Closed> {
        let text = std::mem::take(&mut self.partial);
        self.is_cut = false;
        self.line(text)
    }

    fn line(&mut self, text: Vec<u8>) -> Result<(), Closed> {
        if !self.regex.is_match(&text) {
            return Ok(());
        }
        let xid = xid_in(&text);
        self.lines.send(Line { rule: self.rule, text, xid }).map_err(|_| Closed)
    }

    /// What was begun does not go on: it was in another file.
    fn forget_partial(&mut self) {
        self.partial.clear();
        self.is_cut = false;
    }
}

/// The number behind `XID` or `X-Varnish` in a line.
fn xid_in(line: &[u8]) -> Option<u64> {
    let lower = line.to_ascii_lowercase();
    [&b"x-varnish"[..], b"xid"].into_iter().find_map(|word| {
        memchr::memmem::find_iter(&lower, word).find_map(|at| {
            let rest = &lower[at + word.len()..];
            let start = rest.iter().position(u8::is_ascii_digit).filter(|&skipped| {
                skipped <= 4 && !rest[..skipped].iter().any(u8::is_ascii_alphabetic)
            })?;
            let digits = rest[start..].iter().take_while(|byte| byte.is_ascii_digit());
            let digits: Vec<u8> = digits.copied().collect();
            std::str::from_utf8(&digits).ok()?.parse().ok()
        })
    })
}

fn stdin(sender: &mut Sender) {
    let mut block = [0; 8192];
    let mut stdin = io::stdin().lock();
    loop {
        match stdin.read(&mut block) {
            Ok(0) => {
                // The last line may have no end.
                let _ = sender.end_line();
                return;
            }
            Ok(len) if sender.bytes(&block[..len]).is_err() => return,
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => {
                eprintln!("shellac: standard input: {error}; no more lines are read");
                return;
            }
        }
    }
}

fn open_end(path: &Path) -> io::Result<File> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::End(0))?;
    Ok(file)
}

fn file(path: &Path, mut open: Option<File>, sender: &mut Sender) {
    let mut block = [0; 8192];
    loop {
        let Some(current) = &mut open else {
            thread::sleep(PAUSE);
            // It was not there before, so all of it is new.
            open = File::open(path).ok();
            continue;
        };
        match current.read(&mut block) {
            Ok(0) => {}
            Ok(len) => {
                if sender.bytes(&block[..len]).is_err() {
                    return;
                }
                continue;
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => {
                eprintln!("shellac: {}: {error}; it is opened anew", path.display());
                open = None;
                sender.forget_partial();
                continue;
            }
        }
        match look(path, current) {
            Look::Same => thread::sleep(PAUSE),
            Look::Cut => {
                sender.forget_partial();
                // What cannot go back to its start fails in the next read.
                let _ = current.seek(SeekFrom::Start(0));
            }
            Look::Other => {
                // What was written between the last read and the rotation.
                while let Ok(len @ 1..) = current.read(&mut block) {
                    if sender.bytes(&block[..len]).is_err() {
                        return;
                    }
                }
                sender.forget_partial();
                open = File::open(path).ok();
            }
        }
    }
}

enum Look {
    Same,
    /// It is shorter than what was read.
    Cut,
    /// Another file has its name.
    Other,
}

fn look(path: &Path, file: &mut File) -> Look {
    let (Ok(ours), Ok(at)) = (file.metadata(), file.stream_position()) else { return Look::Other };
    match path.metadata() {
        Ok(theirs) if (theirs.dev(), theirs.ino()) != (ours.dev(), ours.ino()) => Look::Other,
        Ok(_) if ours.len() < at => Look::Cut,
        // Between two steps of a rotation there may be none; what is open can still grow.
        Ok(_) | Err(_) => Look::Same,
    }
}

/// One read is one message: `PRIORITY,NUMBER,MICROSECONDS,FLAGS;TEXT`, then lines that begin with a blank.
fn kernel(name: &str, file: &mut File, sender: &mut Sender) {
    let mut block = [0; 8192];
    loop {
        match file.read(&mut block) {
            Ok(0) => thread::sleep(PAUSE),
            Ok(len) => {
                let message = block[..len].split(|&byte| byte == b'\n').next().unwrap_or_default();
                let text = match memchr::memchr(b';', message) {
                    Some(at) => &message[at + 1..],
                    None => message,
                };
                if sender.line(text.to_vec()).is_err() {
                    return;
                }
            }
            // Messages were overwritten before they were read; the next read goes on behind them.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                eprintln!("shellac: {name}: messages of the kernel were lost");
            }
            Err(error)
                if matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::InvalidInput) => {}
            Err(error) => {
                eprintln!("shellac: {name}: {error}; no more messages are read");
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests;
