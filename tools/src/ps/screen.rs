//! The terminal: a page that is written anew every second, until `q` or a signal.

use std::io::{IsTerminal, Read, Write, stdin, stdout};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGWINCH};

use super::sample::Follower;
use super::text::{Form, lines};
use super::view::{Filter, View};

/// Time between two pages.
const EVERY: Timespec = Timespec { tv_sec: 1, tv_nsec: 0 };
/// A terminal that does not say how large it is.
const SIZE: (usize, usize) = (80, 24);
/// Ctrl-C, which is a byte like any other while the terminal is ours.
const CTRL_C: u8 = 3;
/// Ctrl-D.
const CTRL_D: u8 = 4;

/// Shows pages until told to end.
pub(super) fn run(follower: &mut Follower, filter: &Filter, color: bool) -> anyhow::Result<()> {
    let stop = Arc::new(AtomicBool::new(false));
    let (mut woken, wake) = UnixStream::pair()?;
    woken.set_nonblocking(true)?;
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        signal_hook::flag::register(signal, Arc::clone(&stop)).context("cannot handle signals")?;
    }
    for signal in [SIGINT, SIGTERM, SIGHUP, SIGWINCH] {
        signal_hook::low_level::pipe::register(signal, wake.try_clone()?)
            .context("cannot handle signals")?;
    }
    let terminal = Terminal::take()?;
    while !stop.load(Ordering::Relaxed) {
        let (columns, rows) = terminal.size();
        let form = Form { columns: Some(columns), rows: Some(rows), color };
        terminal.show(&lines(&View::new(&follower.look(), filter), form))?;
        if terminal.wait(&mut woken)? {
            break;
        }
    }
    Ok(())
}

/// The terminal while it is ours; dropping this gives it back as it was.
struct Terminal {
    /// How the keyboard was; `None` where there is none.
    before: Option<Termios>,
}

impl Terminal {
    fn take() -> anyhow::Result<Terminal> {
        let before = if stdin().is_terminal() {
            let before = tcgetattr(stdin()).context("cannot ask the terminal")?;
            let mut ours = before.clone();
            // Keys come at once and are not shown, and none of them stops this program behind its own back.
            ours.local_modes -= LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG;
            tcsetattr(stdin(), OptionalActions::Now, &ours).context("cannot set the terminal")?;
            Some(before)
        } else {
            None
        };
        let terminal = Terminal { before };
        // The other screen, without a cursor.
        terminal.write(b"\x1b[?1049h\x1b[?25l")?;
        Ok(terminal)
    }

    /// Columns and rows.
    fn size(&self) -> (usize, usize) {
        match tcgetwinsize(stdout()) {
            Ok(size) if size.ws_col > 0 && size.ws_row > 0 => {
                (usize::from(size.ws_col), usize::from(size.ws_row))
            }
            _ => SIZE,
        }
    }

    /// Writes a page over the last one: line by line, so that nothing flickers.
    fn show(&self, page: &[String]) -> std::io::Result<()> {
        let mut text = String::from("\x1b[H");
        for (row, line) in page.iter().enumerate() {
            if row > 0 {
                text.push_str("\r\n");
            }
            text.push_str(line);
            text.push_str("\x1b[K");
        }
        text.push_str("\x1b[J");
        self.write(text.as_bytes())
    }

    /// Waits for the next page's time; whether to end.
    fn wait(&self, woken: &mut UnixStream) -> anyhow::Result<bool> {
        let input = stdin();
        let mut fds = vec![PollFd::new(&*woken, PollFlags::IN)];
        if self.before.is_some() {
            fds.push(PollFd::from_borrowed_fd(input.as_fd(), PollFlags::IN));
        }
        match poll(&mut fds, Some(&EVERY)) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error).context("cannot wait for the terminal"),
        }
        let ready: Vec<bool> = fds.iter().map(|fd| !fd.revents().is_empty()).collect();
        drop(fds);
        if ready[0] {
            // What the signals were is known from their flags.
            let _ = woken.read(&mut [0; 64]);
        }
        if ready.get(1) != Some(&true) {
            return Ok(false);
        }
        let mut keys = [0; 64];
        let count = match rustix::io::read(&input, &mut keys) {
            Ok(0) => return Ok(true),
            Ok(count) => count,
            Err(Errno::INTR | Errno::AGAIN) => 0,
            // A terminal that has gone away.
            Err(_) => return Ok(true),
        };
        Ok(keys[..count].iter().any(|key| matches!(key, b'q' | b'Q' | &CTRL_C | &CTRL_D)))
    }

    fn write(&self, bytes: &[u8]) -> std::io::Result<()> {
        let mut out = stdout().lock();
        out.write_all(bytes)?;
        out.flush()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // A terminal that is gone needs nothing back.
        let _ = self.write(b"\x1b[?25h\x1b[?1049l");
        if let Some(before) = &self.before {
            let _ = tcsetattr(stdin(), OptionalActions::Now, before);
        }
    }
}
