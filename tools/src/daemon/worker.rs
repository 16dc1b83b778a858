//! The worker process: receives its sockets and settings, serves, ends when the manager does.

use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::anyhow;
use rustix::event::{PollFd, PollFlags, poll};
use shellac_config::{Config, ParseOptions};
use shellac_manager::Handoff;
use shellac_proxy::{EngineError, Listener, WorkerOptions, worker_main};

use super::DRAIN;

/// The argument that makes this program a worker; its standard input is the connection to the manager.
pub(crate) const WORKER_ARGUMENT: &str = "__worker";

/// Serves until the manager closes the connection, which it also does by dying.
pub(crate) fn run_worker() -> anyhow::Result<ExitCode> {
    let input = std::io::stdin();
    rustix::net::sockopt::socket_type(&input).map_err(|_| {
        anyhow!("`{WORKER_ARGUMENT}` is how shellacd starts its own workers; start shellacd")
    })?;
    let connection = UnixStream::from(input.as_fd().try_clone_to_owned()?);
    // Ctrl-C goes to every process of a terminal; it is the manager that decides what it means.
    let (_unheard, ignore) = UnixStream::pair()?;
    signal_hook::low_level::pipe::register(signal_hook::consts::SIGINT, ignore)?;
    let (asked, ask) = UnixStream::pair()?;
    signal_hook::low_level::pipe::register(signal_hook::consts::SIGTERM, ask)?;

    let handoff = shellac_manager::receive(&connection)?;
    let (config, listeners, options) = from_handoff(handoff)?;
    let wait = || {
        // Not heard when the manager is gone already: then the wait is over too.
        let _ = (&mut &connection).write_all(shellac_manager::READY);
        wait_for_the_end(&connection, &asked);
    };
    worker_main(config, listeners, options, DRAIN, wait).map_err(explain)?;
    Ok(ExitCode::SUCCESS)
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

/// Returns when the manager closes the connection or a signal asks this process to end.
fn wait_for_the_end(connection: &UnixStream, asked: &UnixStream) {
    loop {
        let mut fds = [PollFd::new(connection, PollFlags::IN), PollFd::new(asked, PollFlags::IN)];
        match poll(&mut fds, None) {
            Err(rustix::io::Errno::INTR) => continue,
            Err(_) => return,
            Ok(_) => {}
        }
        if !fds[1].revents().is_empty() {
            return;
        }
        if !fds[0].revents().is_empty()
            && !matches!((&mut &*connection).read(&mut [0; 256]), Ok(len) if len > 0)
        {
            return;
        }
    }
}
