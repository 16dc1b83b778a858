//! A live log is read by a thread of its own, so that a slow output does not keep it from being read.
//!
//! Between the two is a queue of a bounded number of bytes. When it is full, reading waits, or what was read is
//! dropped; if waiting leads to an overrun, that is the output's fault and is said to be.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender, TryRecvError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context;
use shellac_log::{
    Cause, Choice, Gone, Input, Ledger, LiveSource, Loss, Lost, Report, Source, SourceError,
};

use super::pause::Pause;
use crate::terminal::say;

/// Records that are handed over at once, in bytes; a few units may be more.
const CHUNK_BYTES: usize = 64 << 10;
/// Bytes in the queue from which on it is full.
const QUEUE_BYTES: usize = 16 << 20;
/// Between two looks whether a full queue has room.
const FULL_PAUSE: Duration = Duration::from_millis(1);
/// Between two attempts at a log that is not there.
const RETRY_PAUSE: Duration = Duration::from_millis(100);
/// Records are held back for this long at most, until it is clear which table of tags they use.
const LONGEST_HOLD: Duration = Duration::from_secs(1);
/// A loss is reported after this time at the latest, whether or not it is known when reading went on.
const LONGEST_SILENCE: Duration = Duration::from_secs(1);
/// The other side has time to look at signals after this.
const LONGEST_WAIT: Duration = Duration::from_millis(100);
/// Units between two looks at how far behind reading is.
const UNITS_PER_LOOK: u32 = 64;

/// What happens to records that have no room in the queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum OnFull {
    /// They stay in the log until there is room, if that is in time.
    #[default]
    Block,
    /// They are dropped and counted.
    Drop,
}

/// Units in one piece of memory.
#[derive(Debug, Default)]
struct Chunk {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    /// Bytes of the log that they stand for.
    walked_bytes: u64,
}

impl Chunk {
    /// The units, in the order in which they were read.
    fn units(&self) -> impl DoubleEndedIterator<Item = &[u8]> {
        self.ends.iter().enumerate().map(|(at, &end)| {
            let start = if at == 0 { 0 } else { self.ends[at - 1] };
            &self.bytes[start..end]
        })
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
        self.walked_bytes = 0;
    }
}

#[derive(Debug)]
enum Message {
    Chunk(Chunk),
    Opened { choice: Choice, again: bool },
    Lost(Lost),
    Abandoned(Gone),
    Unavailable(String),
    Problems(Vec<String>),
    End,
    Failed(SourceError),
}

/// What both sides look at.
#[derive(Debug, Default)]
struct Shared {
    queued_bytes: AtomicUsize,
    /// Nobody takes anything out any more.
    is_closed: AtomicBool,
}

/// The near end of the queue.
#[derive(Debug)]
pub(crate) struct Queue {
    messages: Receiver<Message>,
    empties: Sender<Chunk>,
    shared: Arc<Shared>,
    current: Chunk,
    /// The next unit of `current`, and where it starts.
    next: usize,
    start: usize,
    choice: Option<Choice>,
    ledger: Ledger,
    /// When something was lost that is not reported yet.
    lost_at: Option<Instant>,
    problems: Vec<String>,
    read_bytes: u64,
    /// Nothing was there at the last call.
    was_empty: bool,
    is_over: bool,
}

impl Queue {
    /// Starts reading.
    pub(crate) fn start(source: LiveSource, on_full: OnFull, warn: bool) -> anyhow::Result<Queue> {
        let (sender, messages) = mpsc::channel();
        let (empties, emptied) = mpsc::channel();
        let shared = Arc::new(Shared::default());
        let reader = Reader {
            source,
            on_full,
            messages: sender,
            emptied,
            shared: Arc::clone(&shared),
            chunk: Chunk::default(),
            sent_walked: 0,
            dropped: None,
            was_full: false,
            warn: if warn { Warning::NotYet } else { Warning::Never },
        };
        let spawned = thread::Builder::new().name("reader".to_owned()).spawn(|| reader.run());
        spawned.context("cannot start a thread")?;
        Ok(Queue {
            messages,
            empties,
            shared,
            current: Chunk::default(),
            next: 0,
            start: 0,
            choice: None,
            ledger: Ledger::default(),
            lost_at: None,
            problems: Vec::new(),
            read_bytes: 0,
            was_empty: false,
            is_over: false,
        })
    }

    /// The next input. When there is nothing, the first call says so at once and the next ones wait a little.
    pub(crate) fn next(&mut self) -> Result<Input<'_>, SourceError> {
        if self.next == self.current.ends.len()
            && let Some(input) = self.message()?
        {
            return Ok(input);
        }
        let (start, end) = (self.start, self.current.ends[self.next]);
        self.next += 1;
        self.start = end;
        let unit = &self.current.bytes[start..end];
        if self.ledger.is_waiting()
            && let Some(choice) = self.choice
        {
            self.ledger.records(choice.dialect, unit);
        }
        Ok(Input::Unit(unit))
    }

    /// Takes the next message. `None`: it was a chunk, which is not empty.
    fn message(&mut self) -> Result<Option<Input<'static>>, SourceError> {
        if self.is_over {
            return Ok(Some(Input::End));
        }
        let message = match self.messages.try_recv() {
            Err(TryRecvError::Empty) if self.was_empty => {
                match self.messages.recv_timeout(LONGEST_WAIT) {
                    Err(RecvTimeoutError::Timeout) => {
                        // The log rests: there may be no time for long.
                        self.ledger.close();
                        return Ok(Some(Input::Nothing));
                    }
                    Err(RecvTimeoutError::Disconnected) => Message::End,
                    Ok(message) => message,
                }
            }
            Err(TryRecvError::Empty) => {
                self.was_empty = true;
                return Ok(Some(Input::Nothing));
            }
            Err(TryRecvError::Disconnected) => Message::End,
            Ok(message) => message,
        };
        self.was_empty = false;
        if self.lost_at.is_some() && is_too_long(&mut self.lost_at, LONGEST_SILENCE) {
            self.ledger.close();
            self.lost_at = None;
        }
        Ok(Some(match message {
            Message::Chunk(chunk) => {
                self.shared.queued_bytes.fetch_sub(chunk.bytes.len(), Ordering::Relaxed);
                self.read_bytes += chunk.walked_bytes;
                self.look_back();
                let mut emptied = std::mem::replace(&mut self.current, chunk);
                emptied.clear();
                // Nobody needs it when the reader has ended.
                let _ = self.empties.send(emptied);
                (self.next, self.start) = (0, 0);
                return Ok(None);
            }
            Message::Opened { choice, again } => {
                // What comes now may be of another dialect.
                self.look_back();
                self.current.clear();
                (self.next, self.start) = (0, 0);
                self.choice = Some(choice);
                if again { Input::Reacquired } else { Input::Opened }
            }
            Message::Lost(lost) => {
                self.look_back();
                self.ledger.lose(lost);
                is_too_long(&mut self.lost_at, LONGEST_SILENCE);
                Input::Lost(lost)
            }
            Message::Abandoned(gone) => {
                self.ledger.close();
                Input::Abandoned(gone)
            }
            Message::Unavailable(reason) => Input::Unavailable(reason),
            Message::Problems(problems) => {
                self.problems.extend(problems);
                Input::Nothing
            }
            Message::End => {
                self.is_over = true;
                self.ledger.close();
                Input::End
            }
            Message::Failed(error) => {
                self.is_over = true;
                self.ledger.close();
                return Err(error);
            }
        }))
    }

    /// The table of tags and why this one, once a log was opened.
    pub(crate) fn choice(&self) -> Option<Choice> {
        self.choice
    }

    /// What was skipped in the directory since the last call.
    pub(crate) fn problems(&mut self) -> Vec<String> {
        std::mem::take(&mut self.problems)
    }

    /// Looks for the last time in what was handed out.
    fn look_back(&mut self) {
        if let Some(choice) = self.choice {
            self.ledger.look_back(choice.dialect, self.current.units().rev());
        }
    }

    /// Losses that can be reported now; `last`: without waiting for times that are not known yet.
    pub(crate) fn reports(&mut self, last: bool) -> Vec<Report> {
        if last {
            self.ledger.close();
        }
        self.ledger.take_ready()
    }

    /// Bytes of the log that were handed out, and what was lost.
    pub(crate) fn account(&self) -> (u64, Option<Loss>) {
        (self.read_bytes, self.ledger.total())
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        self.shared.is_closed.store(true, Ordering::Relaxed);
    }
}

/// Whether somebody is told that records are about to be lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Warning {
    Never,
    /// Reading has not caught up since it began or since the last warning.
    NotYet,
    Armed,
}

/// The far end: the thread that reads.
struct Reader {
    source: LiveSource,
    on_full: OnFull,
    messages: Sender<Message>,
    emptied: Receiver<Chunk>,
    shared: Arc<Shared>,
    chunk: Chunk,
    /// What the source had walked when a chunk was sent or dropped last.
    sent_walked: u64,
    /// What was dropped and not yet said.
    dropped: Option<u64>,
    /// The queue was full since reading caught up last.
    was_full: bool,
    warn: Warning,
}

/// The other end is gone.
struct Closed;

impl Reader {
    fn run(mut self) {
        // There is nobody to tell.
        let (Ok(()) | Err(Closed)) = self.read();
    }

    fn read(&mut self) -> Result<(), Closed> {
        let mut pause = Pause::default();
        let mut held_since: Option<Instant> = None;
        let mut units = 0;
        while !self.shared.is_closed.load(Ordering::Relaxed) {
            let message = match self.source.next() {
                Ok(Input::Unit(unit) | Input::Row(unit)) => {
                    self.chunk.bytes.extend_from_slice(unit);
                    self.chunk.ends.push(self.chunk.bytes.len());
                    pause = Pause::default();
                    units += 1;
                    if units % UNITS_PER_LOOK == 0 {
                        self.look_behind();
                    }
                    if self.chunk.bytes.len() >= CHUNK_BYTES {
                        self.send_chunk()?;
                    }
                    continue;
                }
                Ok(Input::Nothing) => {
                    self.caught_up()?;
                    if self.source.is_holding() && is_too_long(&mut held_since, LONGEST_HOLD) {
                        self.source.hurry();
                    }
                    thread::sleep(pause.take());
                    continue;
                }
                Ok(Input::Opened) => Message::Opened { choice: self.source.choice(), again: false },
                Ok(Input::Reacquired) => {
                    Message::Opened { choice: self.source.choice(), again: true }
                }
                Ok(Input::Lost(Lost { loss, cause: Cause::Overrun })) if self.was_full => {
                    Message::Lost(Lost { loss, cause: Cause::Output })
                }
                Ok(Input::Lost(lost)) => Message::Lost(lost),
                Ok(Input::Abandoned(gone)) => Message::Abandoned(gone),
                Ok(Input::Unavailable(reason)) => Message::Unavailable(reason),
                Ok(Input::End) => Message::End,
                Err(error) => Message::Failed(error),
            };
            held_since = None;
            let is_last = matches!(message, Message::End | Message::Failed(_));
            let is_absence = matches!(message, Message::Unavailable(_));
            self.send_chunk()?;
            self.say_dropped()?;
            self.say(message)?;
            self.say_problems()?;
            if is_last {
                break;
            }
            if is_absence {
                thread::sleep(RETRY_PAUSE);
            }
        }
        Ok(())
    }

    /// There is nothing to read at the moment.
    fn caught_up(&mut self) -> Result<(), Closed> {
        // Many small pieces would cost more than one, and nobody waits for them while there are others.
        if self.shared.queued_bytes.load(Ordering::Relaxed) == 0 {
            self.send_chunk()?;
            self.say_dropped()?;
        }
        self.was_full = false;
        if self.warn == Warning::NotYet {
            self.warn = Warning::Armed;
        }
        self.say_problems()
    }

    fn say(&self, message: Message) -> Result<(), Closed> {
        self.messages.send(message).map_err(|_| Closed)
    }

    fn say_problems(&mut self) -> Result<(), Closed> {
        let problems = self.source.problems();
        if problems.is_empty() { Ok(()) } else { self.say(Message::Problems(problems)) }
    }

    fn say_dropped(&mut self) -> Result<(), Closed> {
        let Some(bytes) = self.dropped.take() else { return Ok(()) };
        self.say(Message::Lost(Lost { loss: Loss { bytes, exact: true }, cause: Cause::Output }))
    }

    /// Hands over what was read, or drops it.
    fn send_chunk(&mut self) -> Result<(), Closed> {
        if self.chunk.ends.is_empty() {
            return Ok(());
        }
        let walked = self.source.walked_bytes();
        self.chunk.walked_bytes = walked - self.sent_walked;
        self.sent_walked = walked;
        while self.shared.queued_bytes.load(Ordering::Relaxed) >= QUEUE_BYTES {
            self.was_full = true;
            if self.on_full == OnFull::Drop {
                *self.dropped.get_or_insert(0) += self.chunk.walked_bytes;
                self.chunk.clear();
                return Ok(());
            }
            if self.shared.is_closed.load(Ordering::Relaxed) {
                return Err(Closed);
            }
            self.look_behind();
            thread::sleep(FULL_PAUSE);
        }
        self.say_dropped()?;
        self.shared.queued_bytes.fetch_add(self.chunk.bytes.len(), Ordering::Relaxed);
        let empty = self.emptied.try_recv().unwrap_or_default();
        let chunk = std::mem::replace(&mut self.chunk, empty);
        self.say(Message::Chunk(chunk))
    }

    /// Warns when much of the room behind the writer is used up. The other side may be stuck in a write, so it is
    /// said from here.
    fn look_behind(&mut self) {
        if self.warn != Warning::Armed {
            return;
        }
        if let Some(lag) = self.source.lag().filter(shellac_log::Lag::is_warning) {
            self.warn = Warning::NotYet;
            let percent = lag.percent();
            let slow = if self.was_full { "the output is too slow" } else { "reading is too slow" };
            say(&format!(
                "shellac: warning: {percent} % of the room behind the writer is used up, {slow}"
            ));
        }
    }
}

#[allow(clippy::disallowed_methods, reason = "a tool is where the time comes from")]
fn is_too_long(since: &mut Option<Instant>, longest: Duration) -> bool {
    since.get_or_insert_with(Instant::now).elapsed() >= longest
}
