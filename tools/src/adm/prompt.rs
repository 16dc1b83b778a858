//! A person at a terminal: lines that can be edited, with a history and words that are completed.

use std::collections::VecDeque;
use std::fs::DirBuilder;
use std::io::{self, Write, stdin};
use std::os::fd::OwnedFd;
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use anyhow::Context;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::{RecvFlags, recv};
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};
use rustyline::error::ReadlineError;
use rustyline::history::FileHistory;
use rustyline::{CompletionType, Config, Editor};
use shellac_admin::{Answer, Status};
use shellac_log::Compat;

use super::complete::Words;
use super::connection::{Connection, NoAnswer};
use super::find::Found;
use super::{EXIT_NOBODY, modes};

/// Lines that are remembered.
const MOST_LINES: usize = 1000;
/// Bytes of a command with all its lines.
const COMMAND_BYTES_MOST: usize = 1 << 20;
/// Between two looks whether the other side is still there, while a person thinks.
const LOOK: Timespec = Timespec { tv_sec: 0, tv_nsec: 200_000_000 };
/// The status of a program that was ended by Ctrl-C.
const EXIT_INTERRUPTED: u8 = 130;

/// A prompt, a line, its answer, until the person or the other side ends it.
pub(super) fn run(
    connection: &mut Connection,
    found: &Found,
    stock: Option<Compat>,
) -> anyhow::Result<ExitCode> {
    let prompt = if stock.is_some() { "varnish> " } else { "shellac> " };
    let config = Config::builder()
        .max_history_size(MOST_LINES)
        .and_then(|config| config.history_ignore_dups(true))
        .context("cannot keep a history")?
        .completion_type(CompletionType::List)
        .auto_add_history(false)
        .build();
    let mut editor: Editor<Words<'_>, FileHistory> =
        Editor::with_config(config).context("cannot use the terminal")?;
    editor.set_helper(Some(Words::new(found)));
    // The stock tool forgets with its end.
    let history = if stock.is_some() { None } else { history_file() };
    if let Some(file) = &history {
        // There is none at first.
        let _ = editor.load_history(file);
    }
    let thinking = watch(connection, stock)?;
    let result = converse(connection, stock, prompt, &mut editor, &thinking);
    if let Some(file) = &history
        && let Err(error) = editor.append_history(file)
    {
        eprintln!("shellac: cannot keep the history in {}: {error}", file.display());
    }
    result
}

fn converse(
    connection: &mut Connection,
    stock: Option<Compat>,
    prompt: &str,
    editor: &mut Editor<Words<'_>, FileHistory>,
    thinking: &AtomicBool,
) -> anyhow::Result<ExitCode> {
    connection.send(b"banner\n")?;
    let mut pasted = VecDeque::new();
    loop {
        let answer = match connection.answer() {
            Ok(answer) => answer,
            Err(NoAnswer::Closed) => return Ok(modes::closed(stock, false)),
            Err(NoAnswer::Failed(answer)) => {
                // Nothing behind it can be understood.
                show(&answer)?;
                return Ok(ExitCode::from(EXIT_NOBODY));
            }
        };
        show(&answer)?;
        if answer.status == Status::CLOSING {
            return Ok(ExitCode::SUCCESS);
        }
        thinking.store(true, Ordering::Relaxed);
        let command = command(editor, &mut pasted, prompt, stock.is_some());
        thinking.store(false, Ordering::Relaxed);
        match command? {
            Typed::Command(text) => {
                // One who has gone shows when its answer is read.
                let _ = connection.send(text.as_bytes());
            }
            Typed::End => {
                println!();
                return Ok(ExitCode::SUCCESS);
            }
            Typed::Interrupted => return Ok(ExitCode::from(EXIT_INTERRUPTED)),
        }
    }
}

/// What a person typed.
enum Typed {
    /// Whole lines, which have an answer.
    Command(String),
    End,
    Interrupted,
}

/// Reads a command: a line with a word, and what belongs to it up to the end of a here document.
fn command(
    editor: &mut Editor<Words<'_>, FileHistory>,
    pasted: &mut VecDeque<String>,
    prompt: &str,
    ends_at_interrupt: bool,
) -> anyhow::Result<Typed> {
    let mut text = String::new();
    let mut token: Option<String> = None;
    loop {
        // What is added to a here document has no prompt in the stock tool either.
        let read = match pasted.pop_front() {
            Some(line) => Ok(line),
            None => editor.readline(if token.is_some() { "" } else { prompt }),
        };
        let line = match read {
            // What is pasted may be several lines, each of them one that was typed.
            Ok(line) if line.contains(['\n', '\r']) => {
                pasted.extend(line.split(['\n', '\r']).map(str::to_owned));
                continue;
            }
            Ok(line) => line,
            Err(ReadlineError::Interrupted) if ends_at_interrupt => return Ok(Typed::Interrupted),
            Err(ReadlineError::Interrupted) => {
                // Given up, and begun anew.
                text.clear();
                token = None;
                continue;
            }
            Err(ReadlineError::Eof) => return Ok(Typed::End),
            Err(error) => return Err(error).context("cannot read the terminal"),
        };
        if text.len() + line.len() > COMMAND_BYTES_MOST {
            anyhow::bail!("a command of more than 1 MiB");
        }
        text.push_str(&line);
        text.push('\n');
        match &token {
            Some(token) if line != *token => continue,
            Some(_) => return Ok(Typed::Command(text)),
            None => {}
        }
        if line.trim().is_empty() {
            // A line without a word has no answer.
            text.clear();
            continue;
        }
        editor.add_history_entry(&line).context("cannot keep a line")?;
        token = here_document(&line);
        if token.is_none() {
            return Ok(Typed::Command(text));
        }
    }
}

/// The word that ends a here document, if the line begins one.
fn here_document(line: &str) -> Option<String> {
    let mut words = line.split_ascii_whitespace().rev();
    let (token, mark) = (words.next()?, words.next()?);
    (mark == "<<" && words.next().is_some()).then(|| token.to_owned())
}

fn show(answer: &Answer) -> io::Result<()> {
    let mut output = io::stdout();
    write!(output, "{}\n{}\n", answer.status, answer.text())?;
    if answer.status == Status::TRUNCATED {
        writeln!(output, "[response was truncated]")?;
    }
    output.flush()
}

/// Where lines are remembered; its directory is made.
fn history_file() -> Option<PathBuf> {
    let of_variable = |name: &str| std::env::var_os(name).filter(|it| !it.is_empty());
    let state = of_variable("XDG_STATE_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(of_variable("HOME")?).join(".local/state")))?;
    let directory = state.join("shellac");
    DirBuilder::new().recursive(true).mode(0o700).create(&directory).ok()?;
    Some(directory.join("adm_history"))
}

/// Ends the program when the other side goes while a person thinks, which a line that is being edited would not notice.
fn watch(connection: &Connection, stock: Option<Compat>) -> anyhow::Result<Arc<AtomicBool>> {
    let socket = connection.as_fd().try_clone_to_owned().context("cannot watch the connection")?;
    let before = tcgetattr(stdin()).context("cannot ask the terminal")?;
    let thinking = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&thinking);
    thread::Builder::new()
        .name("watch".to_owned())
        .spawn(move || {
            while !(has_gone(&socket) && flag.load(Ordering::Relaxed)) {
                // What comes is an answer, and somebody else's: only an end makes this return at once for ever.
                let _ = poll(&mut [PollFd::new(&socket, PollFlags::RDHUP)], Some(&LOOK));
                if !flag.load(Ordering::Relaxed) {
                    let _ = poll(&mut [], Some(&LOOK));
                }
            }
            leave(&before, stock);
        })
        .context("cannot start a thread")?;
    Ok(thinking)
}

/// Whether the other side has closed the connection and everything it said was read.
fn has_gone(socket: &OwnedFd) -> bool {
    let mut byte = [0; 1];
    match recv(socket, &mut byte[..], RecvFlags::PEEK | RecvFlags::DONTWAIT) {
        Ok((_, len)) => len == 0,
        Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) => false,
        Err(_) => true,
    }
}

fn leave(before: &Termios, stock: Option<Compat>) {
    // A terminal that is gone needs nothing back.
    let _ = tcsetattr(stdin(), OptionalActions::Now, before);
    println!();
    let status = modes::closed_status(stock, false);
    std::process::exit(status.into());
}

#[cfg(test)]
mod tests;
