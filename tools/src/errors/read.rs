//! Goes through logs and writes a line for each failed attempt.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Context;
use shellac_format::Dialect;
use shellac_log::{
    Choice, GivenUp, Grouper, Grouping, Input, Limits, LiveOptions, LiveSource, Source,
};
use shellac_query::{Compat, Query};
use shellac_render::failures::Failures;

use super::{Args, line};
use crate::attach::{Attached, attach};
use crate::reading::loss_text;
use crate::reading::open_file;
use crate::reading::queue::{OnFull, Queue};
use crate::reading::signals::Signals;
use crate::when::Zone;

/// Transactions that may be open at once.
const OPEN: usize = 10_000;
/// Bytes of them.
const OPEN_BYTES: usize = 64 << 20;
/// Between two complaints that there is no log.
const COMPLAINT_PAUSE: Duration = Duration::from_secs(1);
/// An open transaction of a live log is given up after this time, as with the log tools.
const TIMEOUT: Duration = Duration::from_secs(120);

/// Whether somebody still reads what is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flow {
    On,
    NobodyReads,
}

/// Groups on their way to lines.
struct Lines<'a> {
    args: &'a Args,
    /// Shown in each line, when there are several.
    file: Option<String>,
    timeout: Duration,
    reading: Option<(Dialect, Grouper, Option<Query>)>,
    clock: Instant,
}

impl<'a> Lines<'a> {
    #[allow(clippy::disallowed_methods, reason = "a tool is where the time comes from")]
    fn new(args: &'a Args, file: Option<String>, timeout: Duration) -> Lines<'a> {
        Lines { args, file, timeout, reading: None, clock: Instant::now() }
    }

    /// A log was opened, maybe of another dialect than the one before.
    fn open(&mut self, choice: Choice) -> anyhow::Result<Flow> {
        let dialect = choice.dialect;
        if choice.is_tie() {
            eprintln!(
                "shellac: warning: the records do not tell which table of tags they were written with; \
                 {dialect} is taken, --dialect names another"
            );
        }
        if self.reading.as_ref().is_some_and(|(before, ..)| *before == dialect) {
            return Ok(Flow::On);
        }
        let flow = self.give_up(GivenUp::Flush)?;
        let limits = Limits { timeout: self.timeout, open_max: OPEN, open_max_bytes: OPEN_BYTES };
        let grouper = Grouper::new(Grouping::Request, dialect, limits).with_orphans(true);
        let query = self.args.query.as_ref();
        let query = query.map(|query| query.with_compat(Compat::of_dialect(dialect))).transpose();
        let query = query.map_err(|error| anyhow::anyhow!("-q: {error}"))?;
        self.reading = Some((dialect, grouper, query));
        Ok(flow)
    }

    fn row(&mut self, records: &[u8]) -> anyhow::Result<Flow> {
        if let Some((_, grouper, _)) = &mut self.reading {
            // A file's time is not ours: nothing gets old.
            grouper.row(records, Duration::ZERO);
        }
        self.write()
    }

    fn unit(&mut self, records: &[u8]) -> anyhow::Result<Flow> {
        if let Some((_, grouper, _)) = &mut self.reading {
            grouper.unit(records, self.clock.elapsed());
        }
        self.write()
    }

    fn give_up(&mut self, why: GivenUp) -> anyhow::Result<Flow> {
        if let Some((_, grouper, _)) = &mut self.reading {
            grouper.give_up_all(why);
        }
        self.write()
    }

    /// Writes what is ready, each line at once.
    fn write(&mut self) -> anyhow::Result<Flow> {
        let Some((_, grouper, query)) = &mut self.reading else { return Ok(Flow::On) };
        while let Some(group) = grouper.pop() {
            let selected = query.as_ref().is_none_or(|query| query.selects(&group.transactions));
            let failures = if selected { Failures::read(&group.transactions) } else { None };
            grouper.recycle(group);
            let Some(failures) = failures else { continue };
            let write = if self.args.json { line::json } else { line::text };
            let mut text = String::new();
            for failed in &failures.attempts {
                text += &write(failed, &failures, self.args.zone.zone(), self.file.as_deref());
            }
            let left_out = failures.attempts_total - failures.attempts.len();
            if left_out > 0 {
                eprintln!(
                    "shellac: {left_out} more failed attempts of request {} are not shown",
                    failures.request.map_or_else(|| "-".to_owned(), |xid| xid.to_string())
                );
            }
            if put(&text)? == Flow::NobodyReads {
                return Ok(Flow::NobodyReads);
            }
        }
        Ok(Flow::On)
    }
}

/// Writes to standard output, to whoever waits for each line.
fn put(text: &str) -> anyhow::Result<Flow> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Ok(Flow::On),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Flow::NobodyReads),
        Err(error) => Err(error).context("cannot write to standard output"),
    }
}

/// Reads files one after the other. One that cannot be read to its end does not keep the others from it.
pub(super) fn files(args: &Args) -> anyhow::Result<ExitCode> {
    let (paths, mut code) = paths(args);
    for path in &paths {
        let shown =
            (paths.len() > 1).then(|| shellac_render::visible(path.as_os_str().as_encoded_bytes()));
        let mut lines = Lines::new(args, shown, Duration::MAX);
        let mut result = file(&mut lines, path);
        if let Ok(Flow::On) | Err(_) = result {
            // What was read before an error is shown in any case.
            let flow = lines.give_up(GivenUp::Flush)?;
            result = result.map(|_| flow);
        }
        match result {
            Ok(Flow::On) => {}
            Ok(Flow::NobodyReads) => return Ok(ExitCode::SUCCESS),
            Err(error) => {
                eprintln!("shellac: {error:#}");
                code = ExitCode::FAILURE;
            }
        }
    }
    Ok(code)
}

/// The files that are asked for: of a directory all that are logs, captures first.
fn paths(args: &Args) -> (Vec<PathBuf>, ExitCode) {
    let (mut paths, mut code) = (Vec::new(), ExitCode::SUCCESS);
    for path in &args.read {
        if !path.is_dir() {
            paths.push(path.clone());
            continue;
        }
        match shellac_capture::files::logs(path) {
            Ok(files) if files.is_empty() => {
                let name = path.display();
                eprintln!("shellac: {name} has no captures and no other *.vsl or *.vsl.zst");
                code = ExitCode::FAILURE;
            }
            Ok(files) => paths.extend(files),
            Err(error) => {
                eprintln!("shellac: cannot read {}: {error}", path.display());
                code = ExitCode::FAILURE;
            }
        }
    }
    (paths, code)
}

fn file(lines: &mut Lines<'_>, path: &Path) -> anyhow::Result<Flow> {
    let mut source = open_file(path, lines.args.dialect)?;
    loop {
        let flow = match source.next()? {
            Input::Opened => {
                let choice = source.choice();
                lines.open(choice)?
            }
            Input::Row(records) => lines.row(records)?,
            Input::Unit(records) => lines.unit(records)?,
            Input::End => return Ok(Flow::On),
            // A file has nothing else to say; of a pipe, reading waits.
            _ => Flow::On,
        };
        if flow == Flow::NobodyReads {
            return Ok(flow);
        }
    }
}

/// Follows an instance until a signal, or to the end of its ring.
pub(super) fn live(args: &Args) -> anyhow::Result<ExitCode> {
    let signals = Signals::install(false)?;
    let attached = attach(args.instance.as_deref(), args.patience, &|| signals.stop())?;
    let Some(Attached { attachment, has_waited }) = attached else {
        return Ok(ExitCode::SUCCESS);
    };
    let options = LiveOptions {
        dialect: args.dialect,
        from_head: args.dump || has_waited,
        stop_at_tail: args.once,
    };
    let source = LiveSource::new(attachment, options);
    let mut queue = Queue::start(source, OnFull::default(), true)?;
    let mut lines = Lines::new(args, None, TIMEOUT);
    let result = follow(&mut queue, &mut lines, &signals);
    let flow = match result {
        Ok(Flow::NobodyReads) => Flow::NobodyReads,
        _ => lines.give_up(GivenUp::Flush)?,
    };
    say_reports(&mut queue, args.zone.zone(), true);
    if let (read_bytes, Some(lost)) = queue.account() {
        eprintln!("shellac: {read_bytes} bytes of the log read, {} lost", loss_text::bytes(lost));
    }
    result.map(|_| flow)?;
    Ok(ExitCode::SUCCESS)
}

fn say_reports(queue: &mut Queue, zone: Zone, last: bool) {
    for report in queue.reports(last) {
        eprintln!("{}", loss_text::report(&report, zone));
    }
}

#[allow(clippy::disallowed_methods, reason = "a tool is where the time comes from")]
fn follow(queue: &mut Queue, lines: &mut Lines<'_>, signals: &Signals) -> anyhow::Result<Flow> {
    let mut complained: Option<Instant> = None;
    while !signals.stop() {
        let flow = match queue.next()? {
            Input::Unit(records) => lines.unit(records)?,
            Input::Row(records) => lines.row(records)?,
            Input::Nothing => Flow::On,
            Input::End => return Ok(Flow::On),
            Input::Lost(_) => lines.give_up(GivenUp::Gap)?,
            Input::Abandoned(gone) => {
                eprintln!("shellac: {gone}; waiting for the next log");
                lines.give_up(GivenUp::Flush)?
            }
            Input::Unavailable(reason) => {
                if complained.is_none_or(|at| at.elapsed() >= COMPLAINT_PAUSE) {
                    eprintln!("shellac: no log: {reason}");
                    complained = Some(Instant::now());
                }
                Flow::On
            }
            input @ (Input::Opened | Input::Reacquired) => {
                if input == Input::Reacquired {
                    eprintln!("shellac: the log is there again");
                }
                match queue.choice() {
                    Some(choice) => lines.open(choice)?,
                    None => Flow::On,
                }
            }
        };
        say_reports(queue, lines.args.zone.zone(), false);
        for problem in queue.problems() {
            eprintln!("shellac: {problem}");
        }
        if flow == Flow::NobodyReads {
            return Ok(flow);
        }
    }
    Ok(Flow::On)
}
