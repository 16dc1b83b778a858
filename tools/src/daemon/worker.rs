//! The worker process: receives its sockets and settings, serves, ends when the manager does.

use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{anyhow, bail};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use shellac_config::{Config, ParseOptions};
use shellac_manager::Handoff;
use shellac_proxy::{EngineError, Listener, Worker, WorkerOptions};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use super::DRAIN;

/// The argument that makes this program a worker; its standard input is the connection to the manager.
pub(crate) const WORKER_ARGUMENT: &str = "__worker";

/// How often a worker looks whether all its threads are there.
const LOOK: Timespec = Timespec { tv_sec: 1, tv_nsec: 0 };

/// Serves until the manager closes the connection, which it also does by dying.
pub(crate) fn run_worker() -> anyhow::Result<ExitCode> {
    // It was started as `/proc/self/exe`, and would be called `exe` in `top` and `pkill`.
    let _ = std::fs::write("/proc/self/comm", "shellacd");
    let input = std::io::stdin();
    rustix::net::sockopt::socket_type(&input).map_err(|_| {
        anyhow!("`{WORKER_ARGUMENT}` is how shellacd starts its own workers; start shellacd")
    })?;
    let connection = UnixStream::from(input.as_fd().try_clone_to_owned()?);
    // Ctrl-C and the end of a terminal go to every process there; it is the manager that decides what they mean.
    let (_unheard, ignore) = UnixStream::pair()?;
    for signal in [SIGINT, SIGHUP] {
        signal_hook::low_level::pipe::register(signal, ignore.try_clone()?)?;
    }
    let (asked, ask) = UnixStream::pair()?;
    signal_hook::low_level::pipe::register(SIGTERM, ask)?;

    let handoff = shellac_manager::receive(&connection)?;
    let threads = handoff.threads;
    let (config, listeners, options) = from_handoff(handoff)?;
    let mut worker = start(config, listeners, options)?;
    // Not heard when the manager is gone already: then the wait is over too.
    let _ = (&mut &connection).write_all(shellac_manager::READY);
    while !is_over(&connection, &asked) {
        // Connections of a thread that is gone would wait for ever.
        let running = worker.engine().running();
        if running < threads {
            worker.drain(DRAIN).map_err(explain)?;
            bail!("only {running} of {threads} serving threads are left");
        }
    }
    worker.drain(DRAIN).map_err(explain)?;
    Ok(ExitCode::SUCCESS)
}

/// Starts to serve, with as many open files as this process may have.
pub(crate) fn start(
    config: Arc<Config>,
    listeners: Vec<Listener>,
    options: WorkerOptions,
) -> anyhow::Result<Worker> {
    let limit = getrlimit(Resource::Nofile);
    // Serving with fewer is better than not serving.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
    Worker::start(config, listeners, options).map_err(explain)
}

/// What the proxy needs, from what the manager sends.
pub(crate) fn from_handoff(
    handoff: Handoff,
) -> anyhow::Result<(Arc<Config>, Vec<Listener>, WorkerOptions)> {
    let Handoff {
        config_text,
        config_name,
        allow_small,
        workdir,
        instance,
        gid,
        threads,
        xid_base,
        listeners,
    } = handoff;
    let config = Config::parse_with(&config_text, &config_name, ParseOptions { allow_small })?;
    let listeners = listeners
        .into_iter()
        .map(|listener| Listener {
            name: listener.name,
            address: listener.address,
            sockets: listener.sockets,
        })
        .collect();
    // The manager holds the lock for all its workers.
    let options = WorkerOptions { workdir, gid, instance, threads, xid_base, holds_lock: true };
    Ok((Arc::new(config), listeners, options))
}

/// The error with its remedy where it has one.
pub(crate) fn explain(error: EngineError) -> anyhow::Error {
    match error {
        EngineError::Log(error) => anyhow!(error.full_text()),
        other => other.into(),
    }
}

/// Waits a moment; whether the manager has closed the connection or a signal asks this process to end.
fn is_over(connection: &UnixStream, asked: &UnixStream) -> bool {
    let mut fds = [PollFd::new(connection, PollFlags::IN), PollFd::new(asked, PollFlags::IN)];
    match poll(&mut fds, Some(&LOOK)) {
        Err(rustix::io::Errno::INTR) => return false,
        Err(_) => return true,
        Ok(_) => {}
    }
    let [connected, signalled] = fds.map(|fd| !fd.revents().is_empty());
    signalled || connected && !matches!((&mut &*connection).read(&mut [0; 256]), Ok(len) if len > 0)
}
