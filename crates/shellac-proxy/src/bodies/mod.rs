//! The files in which long request bodies are kept: who works on them, and how many bytes they may have together.
//!
//! A write may take seconds when a disk is busy, and the serving threads wait for nothing but sockets. So one thread does all
//! of it, started with the first file; each body has one piece of work with it at a time.

mod budget;
mod disk;

use std::io;
use std::path::Path;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::Builder;

use tokio::sync::oneshot;

use budget::Budget;
pub(crate) use budget::Reservation;
pub(crate) use disk::{Disk, Stored};

/// A file that no body has.
pub(crate) type File = Box<dyn Stored>;

/// What became of a piece of work, and the file back.
pub(crate) enum Done {
    /// Everything was written; the memory of what was handed in comes back.
    Written(File, Vec<u8>),
    /// This was read.
    Read(File, Vec<u8>),
    /// It could not be done; the file is gone.
    Failed(io::Error),
}

/// A piece of work that is under way.
pub(crate) type Work = oneshot::Receiver<Done>;

type Job = Box<dyn FnOnce() + Send>;

/// What all serving threads share.
#[derive(Clone)]
pub(crate) struct Bodies(Arc<Shared>);

struct Shared {
    disk: Arc<dyn Disk>,
    budget: Arc<Budget>,
    jobs: Mutex<Option<Sender<Job>>>,
}

impl Default for Bodies {
    fn default() -> Bodies {
        Bodies::on(Arc::new(disk::System))
    }
}

impl Bodies {
    /// Files on `disk`.
    pub(crate) fn on(disk: Arc<dyn Disk>) -> Bodies {
        Bodies(Arc::new(Shared { disk, budget: Arc::default(), jobs: Mutex::default() }))
    }

    /// Room for nothing yet: it grows with [`Reservation::grow`].
    pub(crate) fn reserve(&self) -> Reservation {
        Reservation::new(&self.0.budget)
    }

    /// Writes `bytes` behind what is in `file`, or into a new one in `dir`.
    ///
    /// # Errors
    ///
    /// There is no thread for it.
    pub(crate) fn write(&self, file: Option<File>, dir: &Path, bytes: Vec<u8>) -> io::Result<Work> {
        let disk = Arc::clone(&self.0.disk);
        let dir = file.is_none().then(|| dir.to_owned());
        self.submit(move || {
            let file = match (file, dir) {
                (Some(file), _) => Ok(file),
                (None, Some(dir)) => disk.create(&dir),
                (None, None) => Err(io::ErrorKind::NotFound.into()),
            };
            let written = file.and_then(|mut file| file.append(&bytes).map(|()| file));
            match written {
                Ok(file) => Done::Written(file, bytes),
                Err(error) => Done::Failed(error),
            }
        })
    }

    /// Reads `len` bytes of `file` from `at` on, into `memory`.
    ///
    /// # Errors
    ///
    /// There is no thread for it.
    pub(crate) fn read(
        &self,
        file: File,
        at: u64,
        len: usize,
        mut memory: Vec<u8>,
    ) -> io::Result<Work> {
        self.submit(move || {
            memory.resize(len, 0);
            match file.read_at(at, &mut memory) {
                Ok(()) => Done::Read(file, memory),
                Err(error) => Done::Failed(error),
            }
        })
    }

    fn submit(&self, work: impl FnOnce() -> Done + Send + 'static) -> io::Result<Work> {
        let (answer, done) = oneshot::channel();
        let job: Job = Box::new(move || {
            // Nobody listens any more when the request has ended.
            let _ = answer.send(work());
        });
        // What a panicking thread left there is whole: it is exchanged as one.
        let mut jobs = self.0.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        let unsent = match &*jobs {
            Some(thread) => match thread.send(job) {
                Ok(()) => return Ok(done),
                Err(unsent) => unsent.0,
            },
            None => job,
        };
        let (thread, work) = channel::<Job>();
        Builder::new().name("shellac-bodies".to_owned()).spawn(move || {
            // Ends with the last one that could hand in work.
            while let Ok(job) = work.recv() {
                job();
            }
        })?;
        // The thread has only just begun to listen.
        let _ = thread.send(unsent);
        *jobs = Some(thread);
        Ok(done)
    }
}

#[cfg(test)]
mod tests;
