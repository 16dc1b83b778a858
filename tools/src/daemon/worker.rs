//! The worker process: receives its sockets and settings, serves, ends when the manager does.

use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::thread::Builder;

use anyhow::{anyhow, bail};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use shellac_admin::{Answer, Status};
use shellac_config::{Config, NodeMap, ParseOptions};
use shellac_manager::{Handoff, Order, OrderReader, Orders};
use shellac_proxy::{EngineError, Listener, Predecessor, Worker, WorkerOptions};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use super::commands::{Dispatcher, Kept, Loadable, Ran};
use super::{DRAIN, settings};

/// The argument that makes this program a worker; its standard input is the connection to the manager.
pub(crate) const WORKER_ARGUMENT: &str = "__worker";

/// How often a worker looks whether all its threads are there.
const LOOK: Timespec = Timespec { tv_sec: 1, tv_nsec: 0 };

/// Most orders that are carried out at a time.
const ORDERS_AT_ONCE: usize = 64;

/// Serves until the manager closes the connection, which it also does by dying.
pub(crate) fn run_worker() -> anyhow::Result<ExitCode> {
    // It was started as `/proc/self/exe`, and would be called `exe` in `top` and `pkill`.
    let _ = std::fs::write("/proc/self/comm", "shellacd");
    let input = std::io::stdin();
    rustix::net::sockopt::socket_type(&input).map_err(|_| {
        anyhow!("`{WORKER_ARGUMENT}` is how shellacd starts its own workers; start shellacd")
    })?;
    let connection = UnixStream::from(input.as_fd().try_clone_to_owned()?);
    // Ctrl-C, the end of a terminal and orders to load the configuration again go to every process of a group; it is the manager
    // that decides what they mean.
    let (_unheard, ignore) = UnixStream::pair()?;
    for signal in [SIGINT, SIGHUP] {
        signal_hook::low_level::pipe::register(signal, ignore.try_clone()?)?;
    }
    let (asked, ask) = UnixStream::pair()?;
    signal_hook::low_level::pipe::register(SIGTERM, ask)?;

    let handoff = shellac_manager::receive(&connection)?;
    report_panics(Orders::new(&connection)?);
    serve(handoff, connection, Some(&asked))?;
    Ok(ExitCode::SUCCESS)
}

/// Keeps keys until the manager closes the connection, which it also does by dying.
pub(crate) fn run_keys() -> anyhow::Result<ExitCode> {
    let _ = std::fs::write("/proc/self/comm", "shellacd");
    shellac_manager::keep_keys()?;
    Ok(ExitCode::SUCCESS)
}

/// Serves and carries out orders until the connection ends, or a signal arrives on `asked`.
pub(crate) fn serve(
    handoff: Handoff,
    connection: UnixStream,
    asked: Option<&UnixStream>,
) -> anyhow::Result<()> {
    let threads = handoff.threads;
    let later = handoff.later.as_ref().map(UnixStream::try_clone).transpose()?;
    let Setup { config, others, listeners, options, kept, nodes } = Setup::from_handoff(handoff)?;
    let mut worker = start(config, listeners, options)?;
    if let Some(error) = worker.unlocked() {
        super::say(&format!(
            "the log cannot be locked in memory and may be swapped out ({error}): `ulimit -l`, or LimitMEMLOCK= of the unit"
        ));
    }
    let orders = Orders::new(&connection)?;
    let dispatcher = Arc::new(Dispatcher::new(worker.control(), orders.clone(), nodes));
    dispatcher.restore(others, kept)?;
    // Not heard when the manager is gone already: then the wait is over too.
    let _ = orders.ready();
    let mut reader = OrderReader::default();
    let busy = Arc::new(());
    let mut has_successor = false;
    while wait(&connection, asked, &mut reader)? {
        while let Some(order) =
            reader.next().map_err(|error| anyhow!("the manager sends {error}"))?
        {
            match order.number {
                // Before whatever comes next: that may be the end.
                0 => dispatcher.log(order.words),
                // Not among what is logged.
                _ if order.words[..1] == ["keys"] => dispatcher.take_keys(&order),
                _ if order.words[..1] == ["listen"] => {
                    dispatcher.take_sockets(&order, later.as_ref());
                }
                _ if order.words[..] == ["last_words"] => {
                    dispatcher.take_last_words(&order, later.as_ref());
                }
                _ if order.words.len() == 2 && order.words[0] == "retire" => {
                    let moved = worker.move_log(Path::new(&order.words[1]));
                    has_successor |= moved.is_ok();
                    let answer = match moved.map_err(explain) {
                        Ok(unseen) => Answer::ok(unseen.unwrap_or_default()),
                        Err(error) => Answer::new(Status::CANNOT, format!("{error:#}")),
                    };
                    dispatcher.answer(&order, &Ran::at_once(answer));
                }
                _ => carry_out(order, &dispatcher, &busy),
            }
        }
        dispatcher.look();
        // Connections of a thread that is gone would wait for ever.
        let running = worker.engine().running();
        if running < threads {
            worker.give_up(DRAIN);
            bail!("only {running} of {threads} serving threads are left");
        }
        if !worker.engine().is_looked_after() {
            worker.give_up(DRAIN);
            bail!("the control thread has ended: nothing is probed, resolved or counted any more");
        }
    }
    dispatcher.log(vec!["EOF on CLI connection, worker stops".to_owned()]);
    if has_successor {
        return worker.retire(shellac_manager::RETIRE).map_err(explain);
    }
    worker.drain(DRAIN).map_err(explain)
}

/// Carries out an order in a thread of its own, so that one that waits holds up no other.
fn carry_out(order: Order, dispatcher: &Arc<Dispatcher>, busy: &Arc<()>) {
    // Here, so that the log has them in the order in which they came.
    dispatcher.begins(&order.words);
    if Arc::strong_count(busy) > ORDERS_AT_ONCE {
        let text = format!("{ORDERS_AT_ONCE} commands are being carried out; try again later.\n");
        return dispatcher.answer(&order, &Ran::at_once(Answer::new(Status::CANNOT, text)));
    }
    let order = Arc::new(order);
    let (theirs, held, dispatcher_too) =
        (Arc::clone(&order), Arc::clone(busy), Arc::clone(dispatcher));
    let started = Builder::new().name("shellac-order".to_owned()).spawn(move || {
        dispatcher_too.answer(&theirs, &dispatcher_too.run(&theirs.words));
        drop(held);
    });
    if started.is_err() {
        // There are no threads to be had: then it holds up the others.
        dispatcher.answer(&order, &dispatcher.run(&order.words));
    }
}

/// Tells the manager of every panic, for `panic.show`.
fn report_panics(orders: Orders) {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        usual(info);
        let thread = std::thread::current();
        let name = thread.name().unwrap_or("without a name").to_owned();
        let backtrace = std::backtrace::Backtrace::force_capture();
        // The manager may be gone.
        let _ = orders.notice("panic", &format!("Thread {name}: {info}\n{backtrace}\n"));
    }));
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

/// What a worker starts with, from what the manager sends.
struct Setup {
    /// The active configuration.
    config: Arc<Config>,
    /// The others, in the order of loading.
    others: Vec<Loadable>,
    listeners: Vec<Listener>,
    options: WorkerOptions,
    kept: Kept,
    /// What the command line says about the machines of backends.
    nodes: NodeMap,
}

impl Setup {
    fn from_handoff(handoff: Handoff) -> anyhow::Result<Setup> {
        let options = ParseOptions { allow_small: handoff.allow_small };
        let nodes = settings::node_map(&handoff.node_map)?;
        let mut loadable = handoff
            .configurations
            .into_iter()
            .map(|one| {
                let mut config = Config::parse_with(&one.text, &one.file_name, options)?;
                config.give_keys(&handoff.keys);
                config.nodes.prefer(&nodes);
                Ok(Loadable {
                    name: one.name,
                    config: Arc::new(config),
                    temperature: one.temperature,
                })
            })
            .collect::<anyhow::Result<Vec<_>>>()?;
        if handoff.active >= loadable.len() {
            bail!("the manager names no active configuration");
        }
        let Loadable { name, config, .. } = loadable.remove(handoff.active);
        // What needs a restart of everything stays what it was at the start.
        let fixed = &handoff.fixed;
        let at_start = Config::parse_with(&fixed.text, &fixed.file_name, options)?;
        let config = Arc::new(Config { log: at_start.log, ..Config::clone(&config) });
        let listeners = handoff
            .listeners
            .into_iter()
            .map(|listener| Listener {
                name: listener.name,
                address: listener.address,
                sockets: listener.sockets,
            })
            .collect();
        let kept = Kept::read(handoff.params, &handoff.state)?;
        let before = handoff.before.iter().map(|one| Predecessor {
            dir: shellac_vsm::publish::retired_dir(&handoff.workdir, one.pid),
            is_new: one.is_new,
        });
        let options = WorkerOptions {
            before: before.collect(),
            workdir: handoff.workdir,
            gid: handoff.gid,
            instance: handoff.instance,
            threads: handoff.threads,
            xid_base: handoff.xid_base,
            inherited: kept.inherited(name),
            // The manager holds the lock for all its workers.
            holds_lock: true,
        };
        Ok(Setup { config, others: loadable, listeners, options, kept, nodes })
    }
}

/// The error with its remedy where it has one.
pub(crate) fn explain(error: EngineError) -> anyhow::Error {
    match error {
        EngineError::Log(error) => anyhow!(error.full_text()),
        other => other.into(),
    }
}

/// Waits a moment, and reads what the manager sends; `false` when it has closed the connection or a signal asks this process to end.
fn wait(
    connection: &UnixStream,
    asked: Option<&UnixStream>,
    reader: &mut OrderReader,
) -> anyhow::Result<bool> {
    // Without a signal to wait for the connection is there twice.
    let mut fds = [
        PollFd::new(connection, PollFlags::IN),
        PollFd::new(asked.unwrap_or(connection), PollFlags::IN),
    ];
    match poll(&mut fds, Some(&LOOK)) {
        Err(rustix::io::Errno::INTR) => return Ok(true),
        Err(_) => return Ok(false),
        Ok(_) => {}
    }
    let [connected, signalled] = fds.map(|fd| !fd.revents().is_empty());
    if signalled && asked.is_some() {
        return Ok(false);
    }
    // What breaks the connection ends it.
    Ok(!connected || reader.read_from(connection).unwrap_or(false))
}
