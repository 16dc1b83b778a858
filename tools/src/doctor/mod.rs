//! `shellac doctor`: what is here, what is wrong, and what to do about it.
//!
//! `instance` looks at each instance, with `log` at its log, `process` at its processes and `clock` at their times; `node`
//! looks at the machine. All of them add findings to a section, `report` shows them.

mod clock;
mod finding;
mod instance;
mod log;
mod node;
mod process;
mod report;

use std::io::{ErrorKind, Write, stdout};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use shellac_config::parse_duration;
use shellac_vsm::locate::{self, LocateError, Question};

use crate::color::{ColorWhen, page_columns};
use crate::kernel;
use finding::{Section, worst};

/// What stands below the options.
const AFTER: &str = "\
The exit status is 0 when nothing is wrong, 1 when there are warnings, and 2 when something does not work: no instance, no \
worker, a log that cannot be read, a table of the kernel that is full.";

/// Options of `shellac doctor`.
#[derive(clap::Args, Debug)]
#[command(after_help = AFTER)]
pub(crate) struct Args {
    /// Instance: an absolute path of a working directory, or a name; without it all that run
    #[arg(short = 'n', value_name = "NAME")]
    instance: Option<String>,

    /// How long to look at what moves: how fast the log is written, which tables fill
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = parse_duration)]
    sample: Duration,

    /// Print JSON
    #[arg(long)]
    json: bool,

    /// Colour on standard output
    #[arg(long, value_name = "WHEN", value_enum, default_value_t)]
    color: ColorWhen,
}

/// Runs the tool.
#[allow(clippy::disallowed_methods, reason = "a tool is where the time comes from")]
pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let now_unix = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |it| it.as_secs());
    let (mut sections, workdirs) = places(args.instance.as_deref(), now_unix);
    let start = Instant::now();
    let before = kernel::sample(None);
    let mut worker = None;
    for workdir in &workdirs {
        let examined = instance::examine(workdir, args.sample, now_unix);
        worker = worker.or(examined.worker);
        sections.push(examined.section);
    }
    // Looking at logs took its time already.
    std::thread::sleep(args.sample.saturating_sub(start.elapsed()));
    let after = kernel::sample(None);
    sections.push(node::examine("this node".to_owned(), &before, &after, start.elapsed()));
    if let Some(other) = other_network(worker) {
        let first = kernel::sample(Some(other));
        let start = Instant::now();
        std::thread::sleep(args.sample);
        let title = format!("the network of process {other}, which is not that of this shell");
        let second = kernel::sample(Some(other));
        sections.push(node::examine(title, &first, &second, start.elapsed()));
    }
    let text = match args.json {
        true => format!("{:#}\n", report::json(&sections)),
        false => report::page(&sections, page_columns(), args.color.decide()),
    };
    match stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => return Err(error.into()),
        _ => {}
    }
    Ok(ExitCode::from(worst(&sections).status()))
}

/// The worker, when it is in another network namespace than this process.
fn other_network(worker: Option<u32>) -> Option<u32> {
    let network = |of: &str| std::fs::read_link(format!("/proc/{of}/ns/net")).ok();
    let worker = worker?;
    let (own, its) = (network("self")?, network(&worker.to_string())?);
    (own != its).then_some(worker)
}

/// Which directories were searched, and the instances to look at.
fn places(instance: Option<&str>, now_unix: u64) -> (Vec<Section>, Vec<PathBuf>) {
    let variable = |name: &str| std::env::var(name).ok();
    let directories = locate::default_directories(variable("XDG_RUNTIME_DIR").as_deref());
    let check_pid = std::env::var_os("VSM_NOPID").is_none();
    let (shellac_n, varnish_default_n) = (variable("SHELLAC_N"), variable("VARNISH_DEFAULT_N"));
    let question = Question {
        name: instance,
        shellac_n: shellac_n.as_deref(),
        varnish_default_n: varnish_default_n.as_deref(),
        directories: &directories,
        check_pid,
    };
    let mut section = Section::new("instances");
    let found = match locate::locate(&question) {
        Ok(found) => vec![found.workdir],
        Err(LocateError::Several { survey }) => {
            denied(&mut section, &survey.denied);
            survey.running.into_iter().map(|instance| instance.workdir).collect()
        }
        Err(error) => {
            let text = error.full_text(now_unix);
            let (first, rest) = text.split_once('\n').unwrap_or((&text, ""));
            section.wrong("directories", first, rest);
            return (vec![section], Vec::new());
        }
    };
    for (name, value) in [("SHELLAC_N", shellac_n), ("VARNISH_DEFAULT_N", varnish_default_n)] {
        if let Some(value) = value.filter(|value| !value.is_empty() && instance.is_none()) {
            section.note("directories", format!("{name} is {value}"));
        }
    }
    let names: Vec<String> = found.iter().map(|workdir| workdir.display().to_string()).collect();
    section.fine("directories", names.join(", "));
    (vec![section], found)
}

fn denied(section: &mut Section, errors: &[shellac_vsm::VsmError]) {
    for error in errors {
        let advice = error.remedy().unwrap_or_else(|| "run this as root".to_owned());
        section.warn("rights", error.to_string(), advice);
    }
}
