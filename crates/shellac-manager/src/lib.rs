//! The supervisor: workdir, listening sockets, worker life.
//!
//! A [`House`] is what stays while workers come and go: the locked working directory, the manager's published set and
//! the bound sockets. [`supervise()`] runs workers in it, one at a time, each a process of its own that receives a
//! [`Handoff`] over its standard input.
//!
//! One thread, blocking poll. It never forks: a worker is the same program, started again. The sockets are never closed
//! before the end, so a worker that dies refuses no connection.
//!
//! The same loop serves the command line ([`shellac_admin`]): what concerns workers and configurations is done here, everything else is
//! passed on to the worker over the connection that it got its handoff from ([`Orders`]), and nothing waits for its answers.
//!
//! What a worker does with its handoff, and anything about HTTP, is not known here. Whatever is worth telling goes to the caller as
//! an [`Event`].

mod admin;
mod aftermath;
mod allowance;
mod backoff;
mod crash;
mod descriptors;
mod errands;
mod error;
mod event;
mod glob;
mod handoff;
mod house;
mod identity;
mod keys;
mod letters;
mod life;
mod listen;
mod lock;
mod notify;
mod panic_note;
mod params;
mod place;
mod relay;
mod run;
mod saved;
mod shelf;
mod signals;
mod supervise;
mod switch;
mod takeover;
mod trusted;
mod upgrade;
mod worker;
mod xid;

pub use backoff::Backoff;
pub use error::ManagerError;
pub use event::{Event, Outcome};
pub use handoff::{
    Handoff, HandoffBefore, HandoffConfiguration, HandoffError, HandoffListener, READY, receive,
    receive_sockets, send,
};
pub use house::{House, Settings};
pub use identity::{check_directory, check_identity, check_workdir};
pub use keys::{KEYS_ARGUMENT, keep_keys};
pub use life::Life;
pub use listen::{BoundListener, bind};
pub use lock::PidFile;
pub use relay::{Order, OrderReader, Orders};
pub use supervise::{WorkerProgram, supervise};
pub use takeover::{TAKE_OVER, TRIAL, TakeOver};
pub use upgrade::{NextProgram, RETIRE};
pub use worker::{Ended, WorkerKind};
pub use xid::XidBases;
