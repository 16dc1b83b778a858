//! What the reader tells the writer, bounded by bytes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

use shellac_capture::history::Place;
use shellac_capture::recorder::{Hit, Outside};
use shellac_capture::rules::Rule;
use shellac_format::Dialect;

/// Bytes of groups from which on the reader waits.
const FULL_BYTES: usize = 16 << 20;
/// Messages from which on it waits.
const FULL_MESSAGES: usize = 1 << 16;
/// Between two looks whether there is room.
const PAUSE: Duration = Duration::from_millis(1);

/// Something that happened.
#[derive(Debug)]
pub(super) enum Message {
    /// A log was opened.
    Opened { dialect: Dialect, instance: Option<String> },
    /// A group fails, or rules want it.
    Hit(Box<Hit>),
    /// A rule fires for another reason.
    Outside(Box<Outside>),
    /// A rule on numbers fires, or is over: it gets its line whether or not something is kept.
    Event { rule: usize, time: Duration, is_over: bool, text: String },
    /// Reading is here.
    Reached { time: Duration, place: Option<Place> },
    /// Something of the log is missing.
    Interrupted { bytes: u64, reason: &'static str, is_gone: bool },
    /// Other rules from here on: what is told behind this goes by their places.
    Rules(Arc<[Rule]>),
    /// New files from here on.
    Rotate,
}

impl Message {
    fn len_bytes(&self) -> usize {
        match self {
            Message::Hit(hit) => {
                hit.group.transactions.iter().map(|it| it.bytes().len() + 256).sum()
            }
            _ => 0,
        }
    }
}

#[derive(Debug, Default)]
struct Load {
    bytes: AtomicUsize,
    messages: AtomicUsize,
}

/// The near end.
#[derive(Debug)]
pub(super) struct Mouth {
    sender: Sender<Message>,
    load: Arc<Load>,
}

/// The far end.
#[derive(Debug)]
pub(super) struct Ear {
    receiver: Receiver<Message>,
    load: Arc<Load>,
}

/// The writer has ended.
#[derive(Debug)]
pub(super) struct Gone;

pub(super) fn queue() -> (Mouth, Ear) {
    let (sender, receiver) = mpsc::channel();
    let load = Arc::new(Load::default());
    (Mouth { sender, load: Arc::clone(&load) }, Ear { receiver, load })
}

impl Mouth {
    /// Tells, waiting for room. Nothing is dropped: if that leads to an overrun of the log, it is said there.
    pub(super) fn say(&self, message: Message) -> Result<(), Gone> {
        while self.load.bytes.load(Ordering::Relaxed) >= FULL_BYTES
            || self.load.messages.load(Ordering::Relaxed) >= FULL_MESSAGES
        {
            // A writer that has ended takes nothing out any more, and its end is gone.
            if Arc::strong_count(&self.load) == 1 {
                return Err(Gone);
            }
            thread::sleep(PAUSE);
        }
        self.load.bytes.fetch_add(message.len_bytes(), Ordering::Relaxed);
        self.load.messages.fetch_add(1, Ordering::Relaxed);
        self.sender.send(message).map_err(|_| Gone)
    }
}

impl Ear {
    /// The next message; `Ok(None)`: none came in this time. `Err`: none will.
    pub(super) fn next(&self, patience: Duration) -> Result<Option<Message>, Gone> {
        match self.receiver.recv_timeout(patience) {
            Ok(message) => {
                self.load.bytes.fetch_sub(message.len_bytes(), Ordering::Relaxed);
                self.load.messages.fetch_sub(1, Ordering::Relaxed);
                Ok(Some(message))
            }
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => Err(Gone),
        }
    }
}
