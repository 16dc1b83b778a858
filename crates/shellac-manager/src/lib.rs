//! The supervisor: workdir, listening sockets, worker life.
//!
//! A [`House`] is what stays while workers come and go: the locked working directory, the manager's published set and
//! the bound sockets. [`supervise()`] runs workers in it, one at a time, each a process of its own that receives a
//! [`Handoff`] over its standard input.
//!
//! One thread, blocking poll. It never forks: a worker is the same program, started again. The sockets are never closed
//! before the end, so a worker that dies refuses no connection.
//!
//! What a worker does with its handoff, and anything about HTTP, is not known here. Whatever is worth telling goes to the caller as
//! an [`Event`].

mod backoff;
mod error;
mod handoff;
mod house;
mod life;
mod listen;
mod lock;
mod supervise;
mod xid;

pub use backoff::Backoff;
pub use error::ManagerError;
pub use handoff::{Handoff, HandoffError, HandoffListener, READY, receive, send};
pub use house::{House, Settings};
pub use life::Life;
pub use listen::{BoundListener, bind};
pub use lock::PidFile;
pub use supervise::{Event, Outcome, WorkerProgram, supervise};
pub use xid::XidBases;
