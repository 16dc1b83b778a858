//! The proxy: connections, fetches with their retries, and a log record for everything that happens to them.
//!
//! An [`Engine`] is serving threads in the caller's process; a [`Worker`] is an engine together with its log in shared
//! memory, and [`worker_main`] the whole life of a worker process. They take a parsed configuration and listening
//! sockets that are open already.
//!
//! A serving thread shares nothing with the others on the path of a request: it has its own runtime, sockets, idle
//! connections and buffers. One sweep ten times a second takes the place of timers. Every send, receive and error is a
//! record with a phase, and a request that hangs is in the log while it hangs.
//!
//! It parses no configuration, keeps no process alive and never reads a log.

mod bodies;
mod client;
mod clock;
mod control;
mod date;
mod engine;
mod fetch;
mod generation;
mod log;
mod node;
mod process;
mod stats;
mod tls;
mod tunnel;
mod worker;

pub use control::{
    BOOT, BackendLoad, BackendStatus, ConfigurationStatus, Control, ControlError, Doorways, Epoch,
    Inherited, Keys, Loaded, OpenRequest, PoolLeft, Temperature,
};
pub use engine::{Engine, EngineError, EngineLog, EngineOptions, Listener};
pub use log::{LogSink, Predecessor, Rehearsal};
pub use process::{Worker, WorkerOptions, worker_main};
pub use stats::Counting;
pub use tls::{check_certificates, trusted_certificates};

#[cfg(test)]
mod tests;
