//! `shellac demo`: the proxy, origins that misbehave and clients on loopback, without any configuration;
//! then the trace of one request that failed and was saved by its retry.

mod clients;
mod dice;
mod engine;
mod origins;
mod screen;
mod watch;
mod wire;

use std::io::{self, ErrorKind};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use shellac_render::trace::{Options, Zone, render};
use shellac_vsm::{AttachOptions, Attachment};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use crate::color::{ColorWhen, page_columns};
use crate::trace;
use clients::Clients;
use engine::Engine;
use origins::Origins;
use screen::{Screen, Sums};
use watch::{Seen, Watch};

/// Live lines are shown at least so long before the trace.
const PRELUDE: Duration = Duration::from_secs(3);
/// By then the request that the demo waits for must have come.
const PATIENCE: Duration = Duration::from_secs(30);
/// Pause between two looks at the log.
const PAUSE: Duration = Duration::from_millis(50);
/// Time between two lines with sums.
const SUMS_EVERY: Duration = Duration::from_secs(1);

/// Options of `shellac demo`.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// End after the trace, instead of running until Ctrl-C
    #[arg(long)]
    once: bool,

    /// The shared-memory directory to use, instead of a new one that is removed at the end
    #[arg(short = 'n', value_name = "DIR")]
    workdir: Option<PathBuf>,

    /// When to use colours
    #[arg(long, value_name = "WHEN", value_enum, default_value_t)]
    color: ColorWhen,
}

/// Runs the tool. Exit status 0 when the expected trace was obtained.
pub(crate) fn run(args: Args) -> anyhow::Result<ExitCode> {
    let stop = Arc::<AtomicBool>::default();
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        signal_hook::flag::register(signal, Arc::clone(&stop)).context("cannot handle signals")?;
    }
    let screen = Screen::new(args.color.decide());
    match play(&args, &screen, &|| stop.load(Ordering::Relaxed)) {
        // Whoever read the lines has gone.
        Err(error) if is_broken_pipe(&error) => Ok(ExitCode::SUCCESS),
        result => result,
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let io = error.downcast_ref::<io::Error>();
    io.is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
}

#[allow(clippy::disallowed_methods, reason = "a tool is where the time comes from")]
fn play(args: &Args, screen: &Screen, stop: &dyn Fn() -> bool) -> anyhow::Result<ExitCode> {
    // In the order in which they are needed; they end in the opposite one.
    let origins = Origins::start().context("cannot start the origins")?;
    let mut engine = Engine::start(origins.addresses(), args.workdir.as_deref(), stop)?;
    introduce(screen, &origins, &engine)?;
    let attachment = Attachment::open(engine.workdir(), AttachOptions::default())
        .map_err(|error| anyhow::anyhow!(error.full_text()))?;
    let mut watch = Watch::new(attachment);
    let clients = Clients::start(engine.address());

    let start = Instant::now();
    let (mut sums, mut sums_at) = (Sums::default(), start);
    let mut story: Option<Seen> = None;
    let mut told = false;
    while !stop() {
        engine.check()?;
        for seen in watch.poll()? {
            sums.add(&seen);
            if seen.is_notable() {
                screen.request(&seen)?;
            }
            if story.is_none() && seen.is_the_story() && arrived_whole(&origins, &seen) {
                story = Some(seen);
            }
        }
        if sums_at.elapsed() >= SUMS_EVERY {
            screen.sums(&std::mem::take(&mut sums))?;
            sums_at = Instant::now();
        }
        if !told && start.elapsed() >= PRELUDE {
            if let Some(seen) = &story {
                tell(screen, &engine, &origins, seen)?;
                told = true;
                if args.once {
                    break;
                }
                invite(screen, &engine, seen)?;
            } else if start.elapsed() >= PATIENCE {
                bail!(
                    "no POST failed on a new connection and was saved by its retry within {} s \
                     ({} answers came)",
                    PATIENCE.as_secs(),
                    clients.answers()
                );
            }
        }
        thread::sleep(PAUSE);
    }
    drop(clients);
    if !told && args.once {
        bail!("stopped before the trace");
    }
    Ok(ExitCode::SUCCESS)
}

/// Whether the origin has got every byte of the request's body.
fn arrived_whole(origins: &Origins, seen: &Seen) -> bool {
    let got = origins.body_of(&seen.url);
    got.is_some_and(|(received, announced)| {
        received == announced && Some(received) == seen.body_bytes && received > 0
    })
}

fn introduce(screen: &Screen, origins: &Origins, engine: &Engine) -> io::Result<()> {
    screen.title("shellac demo: a proxy, origins that misbehave, and what the log says")?;
    screen.say("")?;
    for (manner, address) in origins.addresses() {
        screen.say(&format!("  origin  {:<8} {address}", manner.name()))?;
        screen.say(&format!("          {}", manner.describe()))?;
    }
    screen.say(&format!("  proxy   {} in process {}", engine.address(), engine.pid()))?;
    screen.say(&format!("  log     {}", engine.workdir().display()))?;
    screen.say("          8 MB of shared memory, dialect 6.0-7.2: Debian's varnishlog reads it")?;
    screen.say("")?;
    screen.title("Live from the log: requests that did not go smoothly, and sums")
}

/// The trace of the request that the demo is about.
fn tell(screen: &Screen, engine: &Engine, origins: &Origins, seen: &Seen) -> anyhow::Result<()> {
    let traces = trace::find(engine.workdir(), seen.xid)?;
    let Some(found) = traces.first() else {
        bail!("XID {} was in the log and is not found there any more", seen.xid);
    };
    let attempts = found.nodes().iter().filter(|node| node.as_attempt().is_some()).count();
    if attempts != seen.tries.len() {
        bail!("the trace of XID {} has {attempts} attempts, not {}", seen.xid, seen.tries.len());
    }
    screen.say("")?;
    screen.title(&format!("One of them: {} trace {}", program(), seen.xid))?;
    screen.say("")?;
    let options = Options {
        width: page_columns(),
        color: screen.color(),
        zone: Zone::Local,
        bar_width: page_columns(),
    };
    screen.say(render(found, &options).trim_end())?;
    if let Some((received, announced)) = origins.body_of(&seen.url) {
        screen.say("")?;
        let text = format!("The origin received {received} of {announced} bytes with the retry.");
        screen.say(&text)?;
    }
    Ok(())
}

/// What to try while it runs.
fn invite(screen: &Screen, engine: &Engine, seen: &Seen) -> io::Result<()> {
    let (program, workdir) = (program(), engine.workdir().display());
    screen.say("")?;
    screen.title("Try in another terminal; Ctrl-C here ends it")?;
    screen.say(&format!("  {program} trace {} -n {workdir}", seen.xid))?;
    screen.say(&format!("  {program} log -g request -n {workdir}"))?;
    screen.say(&format!("  varnishlog -g request -q FetchError -n {workdir}"))?;
    screen.say(&format!("  varnishncsa -d -n {workdir}"))?;
    screen.say(&format!("  curl -i --data-binary @/etc/services {}/orders/1", engine.address()))?;
    screen.say("")
}

/// How this program was called.
fn program() -> String {
    std::env::args().next().unwrap_or_else(|| "shellac".to_owned())
}
