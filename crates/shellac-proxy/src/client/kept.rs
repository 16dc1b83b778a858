//! What is kept of a body: its beginning in memory, the rest in a file, and what nobody has passed on yet.
//!
//! Whoever sends the body never waits for the file, but for one thing: where a client is faster than the disk, no more is read
//! until the disk has caught up, for a bounded time. Whatever goes wrong with the file, the body goes on and is not kept.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use shellac_config::BodyConfig;

use crate::bodies::{Done, File, Reservation, Work};
use crate::worker::{Timer, Worker};

/// Bytes that wait for the file before no more is read from the client.
const QUEUE: usize = 256 << 10;
/// Bytes that are read from the file at a time.
const WINDOW: u64 = 64 << 10;
/// How long the disk is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why a body is not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Loss {
    /// It is longer than bodies that are kept.
    Limit,
    /// All files together are as long as they may be.
    Total,
    /// The file could not be made or written, with the system's error.
    Disk(i32),
    /// The disk took too long.
    Slow,
}

/// What is kept of one body.
pub(crate) struct Kept<'w> {
    worker: &'w Worker,
    config: &'w BodyConfig,
    /// The first bytes.
    memory: Vec<u8>,
    /// Bytes so far.
    received: u64,
    /// The last bytes: from `fresh_at` on those that no attempt has passed on. They begin at `base` of the body.
    fresh: Vec<u8>,
    fresh_at: usize,
    base: u64,
    /// Bytes of the beginning that went into memory.
    in_memory: u64,
    /// Boxed, as hardly a body needs one.
    file: Option<Box<OnFile>>,
    lost: Option<Loss>,
    /// Runs while something waits for the disk.
    timer: Option<Timer<'w>>,
}

/// What is between the memory and the end.
struct OnFile {
    /// Not there while it is worked on, and before the first write.
    file: Option<File>,
    work: Option<Work>,
    /// Bytes that come next.
    queue: Vec<u8>,
    /// Bytes that are in the file, and those that are being written.
    written: u64,
    writing: u64,
    /// What was read of it last, and where that is.
    window: Vec<u8>,
    window_at: u64,
    room: Reservation,
}

impl<'w> Kept<'w> {
    /// Nothing yet, of a body that says it is `len` bytes long.
    pub(super) fn new(worker: &'w Worker, config: &'w BodyConfig, len: Option<u64>) -> Kept<'w> {
        Kept {
            worker,
            config,
            memory: Vec::new(),
            received: 0,
            fresh: Vec::new(),
            fresh_at: 0,
            base: 0,
            in_memory: 0,
            file: None,
            lost: len.filter(|len| *len > config.limit_bytes).map(|_| Loss::Limit),
            timer: None,
        }
    }

    /// Why it is not kept, if that is so.
    pub(super) fn loss(&self) -> Option<Loss> {
        self.lost
    }

    /// Bytes so far.
    pub(super) fn received(&self) -> u64 {
        self.received
    }

    /// Adds what has come.
    pub(super) fn push(&mut self, data: &[u8]) {
        if self.lost.is_none() && self.received + data.len() as u64 > self.config.limit_bytes {
            self.lose(Loss::Limit);
        }
        self.received += data.len() as u64;
        let mut rest = data;
        if self.lost.is_none() && self.file.is_none() {
            let room = self.config.memory_bytes.saturating_sub(self.in_memory);
            let room = usize::try_from(room).unwrap_or(usize::MAX).min(data.len());
            self.memory.extend_from_slice(&data[..room]);
            self.in_memory += room as u64;
            self.base = self.in_memory;
            rest = &data[room..];
        }
        if rest.is_empty() {
            return;
        }
        if self.fresh_at == self.fresh.len() {
            self.fresh.clear();
            self.fresh_at = 0;
        }
        self.fresh.extend_from_slice(rest);
        if self.lost.is_none() {
            self.spill(rest);
        }
    }

    /// What has come from `offset` on; empty when that is the end, and when it has to be loaded first.
    pub(super) fn from(&self, offset: u64) -> &[u8] {
        let within = |start: u64, bytes: &[u8]| {
            let at = usize::try_from(offset.checked_sub(start)?).ok()?;
            (at < bytes.len()).then_some(at)
        };
        if let Some(at) = within(0, &self.memory) {
            return &self.memory[at..];
        }
        let fresh = &self.fresh[self.fresh_at..];
        if let Some(at) = within(self.base, fresh) {
            return &fresh[at..];
        }
        match &self.file {
            Some(file) => within(self.in_memory + file.window_at, &file.window)
                .map_or(&[], |at| &file.window[at..]),
            None => &[],
        }
    }

    /// Everything before `offset` has been passed on.
    pub(super) fn passed(&mut self, offset: u64) {
        if self.lost.is_some() && offset >= self.in_memory {
            self.memory = Vec::new();
        }
        let count = usize::try_from(offset.saturating_sub(self.base)).unwrap_or(usize::MAX);
        let count = count.min(self.fresh.len() - self.fresh_at);
        self.fresh_at += count;
        self.base += count as u64;
    }

    /// Loads what has come from `offset` on, where it is in the file alone.
    ///
    /// # Errors
    ///
    /// It cannot be read again.
    pub(super) fn poll_load(&mut self, offset: u64, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if offset >= self.received || !self.from(offset).is_empty() {
            return Poll::Ready(Ok(()));
        }
        loop {
            ready!(self.poll_work(cx))?;
            if !self.from(offset).is_empty() {
                self.timer = None;
                return Poll::Ready(Ok(()));
            }
            let Some(file) = &mut self.file else {
                return Poll::Ready(Err(io::ErrorKind::NotFound.into()));
            };
            let at = offset - self.in_memory;
            if at >= file.written {
                // Still on its way there.
                self.write();
            } else if let Some(stored) = file.file.take() {
                let len = usize::try_from((file.written - at).min(WINDOW)).unwrap_or(0);
                let memory = std::mem::take(&mut file.window);
                file.window_at = at;
                match self.worker.bodies.read(stored, at, len, memory) {
                    Ok(work) => file.work = Some(work),
                    Err(error) => {
                        self.lose(Loss::Disk(error.raw_os_error().unwrap_or(0)));
                        return Poll::Ready(Err(error));
                    }
                }
            }
            if self.file.as_ref().is_none_or(|file| file.work.is_none()) {
                return Poll::Ready(Err(io::ErrorKind::NotFound.into()));
            }
        }
    }

    /// Whether more may be read from the client: not while too much waits for the disk.
    pub(super) fn poll_room(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            // Whatever fails is no reason to stop.
            let worked = self.poll_work(cx);
            let full = self.file.as_ref().is_some_and(|file| file.queue.len() >= QUEUE);
            if !full {
                self.timer = None;
                return Poll::Ready(());
            }
            ready!(worked).unwrap_or_default();
        }
    }

    /// Whether nothing of it is on its way to a file.
    pub(super) fn is_settled(&self) -> bool {
        self.file.is_none()
    }

    /// Waits until what has come is in the file, or is known not to be kept.
    pub(super) async fn settle(&mut self) {
        poll_fn(|cx| {
            loop {
                if ready!(self.poll_work(cx)).is_err() || self.lost.is_some() {
                    return Poll::Ready(());
                }
                let Some(file) = &self.file else { return Poll::Ready(()) };
                if file.work.is_none() && file.queue.is_empty() {
                    return Poll::Ready(());
                }
            }
        })
        .await;
        self.timer = None;
    }

    /// Lets the work that is under way come to its end, and begins the next one.
    ///
    /// # Errors
    ///
    /// The file is gone.
    fn poll_work(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Some(file) = &mut self.file else { return Poll::Ready(Ok(())) };
        if let Some(work) = &mut file.work {
            let Poll::Ready(done) = Pin::new(work).poll(cx) else {
                let worker = self.worker;
                let timer = self.timer.get_or_insert_with(|| {
                    Timer::new(&worker.deadlines, worker.log.coarse().after(PATIENCE))
                });
                if timer.is_late(cx) {
                    self.lose(Loss::Slow);
                    return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
                }
                return Poll::Pending;
            };
            file.work = None;
            self.timer = None;
            match done {
                Ok(Done::Written(stored, mut memory)) => {
                    memory.clear();
                    file.file = Some(stored);
                    file.written += std::mem::take(&mut file.writing);
                    if file.queue.is_empty() {
                        file.queue = memory;
                    }
                }
                Ok(Done::Read(stored, bytes)) => {
                    file.file = Some(stored);
                    file.window = bytes;
                }
                Ok(Done::Failed(error)) => {
                    self.lose(Loss::Disk(error.raw_os_error().unwrap_or(0)));
                    return Poll::Ready(Err(error));
                }
                // Its thread is gone.
                Err(_) => {
                    self.lose(Loss::Disk(0));
                    return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
                }
            }
        }
        self.write();
        Poll::Ready(Ok(()))
    }

    /// Begins to write what waits for it, if nothing else is under way.
    fn write(&mut self) {
        let Some(file) = &mut self.file else { return };
        if file.work.is_some() || file.queue.is_empty() {
            return;
        }
        let bytes = std::mem::take(&mut file.queue);
        file.writing = bytes.len() as u64;
        match self.worker.bodies.write(file.file.take(), &self.config.dir, bytes) {
            Ok(work) => file.work = Some(work),
            Err(error) => self.lose(Loss::Disk(error.raw_os_error().unwrap_or(0))),
        }
    }

    /// Takes bytes on their way to the file.
    fn spill(&mut self, data: &[u8]) {
        let bodies = &self.worker.bodies;
        let file = self.file.get_or_insert_with(|| {
            Box::new(OnFile {
                file: None,
                work: None,
                queue: Vec::new(),
                written: 0,
                writing: 0,
                window: Vec::new(),
                window_at: 0,
                room: bodies.reserve(),
            })
        });
        if !file.room.grow(data.len() as u64, self.config.total_bytes) {
            return self.lose(Loss::Total);
        }
        file.queue.extend_from_slice(data);
        self.write();
    }

    /// Keeps it no longer. What has not been passed on is still there.
    fn lose(&mut self, why: Loss) {
        self.lost.get_or_insert(why);
        self.file = None;
        self.timer = None;
    }
}
