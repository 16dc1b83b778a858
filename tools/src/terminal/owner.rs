//! The terminal while it is ours. Every way out of the program gives it back as it was: the end, an error, a signal, a panic.

use std::cell::RefCell;
use std::io::{self, IsTerminal, Write, stdin, stdout};
use std::os::fd::AsFd;
use std::rc::Rc;
use std::sync::{Mutex, Once, PoisonError};
use std::time::Duration;

use anyhow::Context;
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;
use ratatui::{Frame, Terminal, TerminalOptions, Viewport};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};

use super::input::Keys;
use super::key::Key;
use super::notices;
use super::signals::Signals;

/// A terminal that does not say how large it is.
const SIZE: (u16, u16) = (80, 24);
/// How long the rest of a sequence of bytes may take, over a slow line as well.
const UNTIL_ESC: Duration = Duration::from_millis(50);
/// The other screen, without a cursor.
const ENTER: &[u8] = b"\x1b[?1049h\x1b[?25l\x1b[2J";
/// Back, with everything as terminals have it.
const LEAVE: &[u8] = b"\x1b[?2026l\x1b[0m\x1b[?25h\x1b[?1049l";
/// What lies between is shown at once, by terminals that know how.
const SYNCHRONIZED: (&[u8], &[u8]) = (b"\x1b[?2026h", b"\x1b[?2026l");

/// How the terminal was, while it is ours.
static BEFORE: Mutex<Option<Before>> = Mutex::new(None);
static HOOK: Once = Once::new();

struct Before {
    /// `None` where there is no keyboard.
    keyboard: Option<Termios>,
}

/// What is drawn goes here first, so that it leaves in one piece.
#[derive(Clone, Default)]
struct Pending(Rc<RefCell<Vec<u8>>>);

impl Write for Pending {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Why waiting has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Woken {
    /// Time has passed, or a signal has come.
    Time,
    /// There are keys.
    Keys,
    /// There is no terminal any more.
    Gone,
}

/// The terminal; dropping this gives it back.
pub(crate) struct Owner {
    terminal: Terminal<CrosstermBackend<Pending>>,
    pending: Pending,
    keys: Keys,
    has_keyboard: bool,
}

impl Owner {
    /// Takes the terminal.
    ///
    /// # Errors
    ///
    /// When it does not let itself be asked, set or written to.
    pub(crate) fn take() -> anyhow::Result<Owner> {
        HOOK.call_once(|| {
            let before = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |info| {
                // What is said on the other screen is never read.
                give_back();
                before(info);
            }));
        });
        let pending = Pending::default();
        let options = TerminalOptions { viewport: Viewport::Fixed(area()) };
        let terminal = Terminal::with_options(CrosstermBackend::new(pending.clone()), options)
            .context("cannot use the terminal")?;
        let has_keyboard = stdin().is_terminal();
        let mut owner = Owner { terminal, pending, keys: Keys::default(), has_keyboard };
        owner.enter()?;
        Ok(owner)
    }

    fn enter(&mut self) -> anyhow::Result<()> {
        let keyboard = if self.has_keyboard {
            let before = tcgetattr(stdin()).context("cannot ask the terminal")?;
            let mut ours = before.clone();
            // Keys come at once and are not shown, and none of them stops this program behind its own back.
            ours.make_raw();
            tcsetattr(stdin(), OptionalActions::Now, &ours).context("cannot set the terminal")?;
            Some(before)
        } else {
            None
        };
        *lock() = Some(Before { keyboard });
        notices::keep();
        write(ENTER).context("cannot write to the terminal")?;
        self.redraw()
    }

    /// Gives the terminal back for as long as `meanwhile` takes, and takes it again.
    ///
    /// # Errors
    ///
    /// As for [`Owner::take`].
    pub(crate) fn without(&mut self, meanwhile: impl FnOnce()) -> anyhow::Result<()> {
        give_back();
        meanwhile();
        self.enter()
    }

    /// Forgets what is shown, and what size it had.
    ///
    /// # Errors
    ///
    /// None but what ratatui may have.
    pub(crate) fn redraw(&mut self) -> anyhow::Result<()> {
        self.terminal.resize(area()).context("cannot use the terminal")
    }

    /// What there is to draw into.
    pub(crate) fn area(&mut self) -> Rect {
        self.terminal.get_frame().area()
    }

    /// Draws: what has changed, in one piece.
    ///
    /// # Errors
    ///
    /// When the terminal cannot be written to.
    pub(crate) fn draw(&mut self, render: impl FnOnce(&mut Frame<'_>)) -> anyhow::Result<()> {
        self.terminal.draw(render).context("cannot draw")?;
        let frame = std::mem::take(&mut *self.pending.0.borrow_mut());
        if !frame.is_empty() {
            write(&[SYNCHRONIZED.0, &frame, SYNCHRONIZED.1].concat())
                .context("cannot write to the terminal")?;
        }
        Ok(())
    }

    /// Sends something that is not for the screen.
    ///
    /// # Errors
    ///
    /// When the terminal cannot be written to.
    pub(crate) fn send(&self, bytes: &[u8]) -> anyhow::Result<()> {
        write(bytes).context("cannot write to the terminal")
    }

    /// Waits for keys or signals.
    ///
    /// # Errors
    ///
    /// When waiting is not possible.
    pub(crate) fn wait(&self, signals: &Signals, most: Duration) -> anyhow::Result<Woken> {
        let timeout = Timespec {
            tv_sec: i64::try_from(most.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: i64::from(most.subsec_nanos()),
        };
        let input = stdin();
        let mut fds = vec![PollFd::new(signals.woken(), PollFlags::IN)];
        if self.has_keyboard {
            fds.push(PollFd::from_borrowed_fd(input.as_fd(), PollFlags::IN));
        }
        match poll(&mut fds, Some(&timeout)) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error).context("cannot wait for the terminal"),
        }
        let gone = PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL;
        Ok(match fds.get(1).map(PollFd::revents) {
            Some(events) if events.intersects(gone) => Woken::Gone,
            Some(events) if events.contains(PollFlags::IN) => Woken::Keys,
            _ => Woken::Time,
        })
    }

    /// Reads what was typed; the keys.
    ///
    /// # Errors
    ///
    /// When the terminal cannot be read.
    pub(crate) fn keys(&mut self) -> anyhow::Result<Vec<Key>> {
        let mut bytes = [0; 1024];
        let mut keys = Vec::new();
        loop {
            let count = match rustix::io::read(stdin(), &mut bytes) {
                Ok(count) => count,
                Err(Errno::INTR | Errno::AGAIN) => 0,
                Err(error) => return Err(error).context("cannot read the terminal"),
            };
            self.keys.feed(&bytes[..count]);
            keys.extend(std::iter::from_fn(|| self.keys.next_key()));
            if !self.keys.is_in_between() {
                break;
            }
            // The rest of a sequence is right behind it; behind the Esc key there is nothing.
            let input = stdin();
            let mut fds = [PollFd::new(&input, PollFlags::IN)];
            let timeout = Timespec { tv_sec: 0, tv_nsec: UNTIL_ESC.subsec_nanos().into() };
            if count == 0 || !matches!(poll(&mut fds, Some(&timeout)), Ok(1)) {
                keys.extend(self.keys.give_up());
                break;
            }
        }
        Ok(keys)
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        give_back();
    }
}

/// Gives the terminal back, if it is ours.
fn give_back() {
    let Some(before) = lock().take() else { return };
    // A terminal that is gone needs nothing back.
    let _ = write(LEAVE);
    if let Some(keyboard) = before.keyboard {
        let _ = tcsetattr(stdin(), OptionalActions::Now, &keyboard);
    }
    notices::release();
}

fn lock() -> std::sync::MutexGuard<'static, Option<Before>> {
    BEFORE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn area() -> Rect {
    let (width, height) = match tcgetwinsize(stdout()) {
        Ok(size) if size.ws_col > 0 && size.ws_row > 0 => (size.ws_col, size.ws_row),
        _ => SIZE,
    };
    Rect::new(0, 0, width, height)
}

fn write(bytes: &[u8]) -> io::Result<()> {
    let mut out = stdout().lock();
    out.write_all(bytes)?;
    out.flush()
}

#[cfg(test)]
mod tests;
