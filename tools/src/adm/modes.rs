//! The ways of giving commands without a person: one, and lines from standard input.

use std::ffi::OsStr;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::process::ExitCode;

use rustix::event::{PollFd, PollFlags, poll};
use shellac_admin::{Answer, Status};
use shellac_log::Compat;

use super::EXIT_NOBODY;
use super::connection::{Connection, NoAnswer};
use crate::stock::system_text::system_text;

/// One command; its words are joined already.
pub(super) fn command(
    connection: &mut Connection,
    line: &OsStr,
    raw: bool,
) -> anyhow::Result<ExitCode> {
    let sent = connection.send(&[line.as_bytes(), b"\n"].concat());
    let answer = match connection.answer() {
        Ok(answer) | Err(NoAnswer::Failed(answer)) => answer,
        Err(NoAnswer::Closed) => {
            let why = sent.err().map(|error| format!(": {error}")).unwrap_or_default();
            Answer::new(Status::COMMUNICATION, format!("CLI communication error (hdr){why}"))
        }
    };
    if let Err(error) = show(&mut io::stdout(), &answer, raw) {
        return Ok(not_written(&error));
    }
    if answer.status.is_done() {
        return Ok(ExitCode::SUCCESS);
    }
    if !raw {
        eprintln!("Command failed with error code {}", answer.status);
    }
    Ok(ExitCode::FAILURE)
}

/// Whatever standard input has goes to the other side as it is, and whatever comes back is shown.
pub(super) fn pass(
    connection: &mut Connection,
    raw: bool,
    stock: Option<Compat>,
) -> anyhow::Result<ExitCode> {
    let input = io::stdin();
    let mut open = true;
    loop {
        let (typed, came) = wait(connection, open.then_some(&input))?;
        if came {
            match connection.receive(None) {
                Ok(0) => return Ok(closed(stock, open)),
                Ok(_) => {}
                Err(NoAnswer::Closed | NoAnswer::Failed(_)) => return Ok(closed(stock, open)),
            }
            loop {
                match connection.ready() {
                    Ok(Some(answer)) => {
                        if let Err(error) = show(&mut io::stdout(), &answer, raw) {
                            return Ok(not_written(&error));
                        }
                    }
                    Ok(None) => break,
                    Err(NoAnswer::Closed) => return Ok(closed(stock, open)),
                    Err(NoAnswer::Failed(answer)) => {
                        if let Err(error) = show(&mut io::stdout(), &answer, raw) {
                            return Ok(not_written(&error));
                        }
                        return Ok(closed(stock, open));
                    }
                }
            }
        }
        if typed {
            let mut piece = [0; 8 << 10];
            // Not through the buffer of the library, whose content would not be waited for.
            let len = rustix::io::read(&input, &mut piece).map_err(io::Error::from)?;
            // One who has gone shows when its answers are read.
            let _ = connection.send(&piece[..len]);
            if len == 0 {
                open = false;
                connection.end();
            }
        }
    }
}

/// Waits until something was typed, or something came.
fn wait(connection: &Connection, input: Option<&io::Stdin>) -> anyhow::Result<(bool, bool)> {
    let mut fds = vec![PollFd::from_borrowed_fd(connection.as_fd(), PollFlags::IN)];
    if let Some(input) = input {
        fds.push(PollFd::from_borrowed_fd(input.as_fd(), PollFlags::IN));
    }
    match poll(&mut fds, None) {
        Ok(_) => {}
        Err(rustix::io::Errno::INTR) => return Ok((false, false)),
        Err(error) => return Err(io::Error::from(error).into()),
    }
    let came = !fds[0].revents().is_empty();
    Ok((fds.get(1).is_some_and(|fd| !fd.revents().is_empty()), came))
}

/// The other side closed the connection: the newer stock tool and ours say so when nobody asked for it.
pub(super) fn closed(stock: Option<Compat>, unasked: bool) -> ExitCode {
    ExitCode::from(closed_status(stock, unasked))
}

/// The same as a number.
pub(super) fn closed_status(stock: Option<Compat>, unasked: bool) -> u8 {
    if unasked && stock != Some(Compat::V7) {
        eprintln!("CLI communication error (hdr)");
        return EXIT_NOBODY;
    }
    0
}

/// There was an answer, which could not be shown. One who has stopped reading need not be told.
fn not_written(error: &io::Error) -> ExitCode {
    if error.kind() != io::ErrorKind::BrokenPipe {
        eprintln!("cannot write the answer: {}", system_text(error));
    }
    ExitCode::FAILURE
}

/// Shows an answer as the stock tool does.
fn show(out: &mut impl Write, answer: &Answer, raw: bool) -> io::Result<()> {
    if raw {
        writeln!(out, "{:<3} {:<8}", answer.status.code(), answer.body.len())?;
        out.write_all(&answer.body)?;
    } else {
        out.write_all(&answer.body)?;
        out.write_all(b"\n")?;
        if answer.status == Status::TRUNCATED {
            out.write_all(b"[response was truncated]\n")?;
        }
    }
    out.flush()
}
