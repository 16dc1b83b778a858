//! The loop between a source and the output.

use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use shellac_format::{Dialect, Heads};
use shellac_log::{Basis, Choice, GivenUp, Group, Grouper, Grouping, Input, LogRecord};
use shellac_manager::{ManagerError, PidFile};
use shellac_query::Query;

use super::detach::{self, Place};
use super::input::{self, Opened, Origin, Wait};
use super::loss_text;
use super::output::{Output, Written};
use super::rate::Bucket;
use super::settings::{From, Manner, Settings, To};
use super::signals::Signals;
use super::system_text::system_text;
use crate::attach::Patience;

/// Whether the loop goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flow {
    On,
    Stop,
}

/// The exit status of `--fail-on-loss`.
const LOSS_STATUS: u8 = 3;
/// Records are held back for this long at most, until it is clear which table of tags they use.
const LONGEST_HOLD: Duration = Duration::from_secs(1);
/// Between two complaints that it is not.
const COMPLAINT_PAUSE: Duration = Duration::from_secs(1);

/// Reads until the end, a signal, `-k`, or an error.
pub(super) fn run(settings: &Settings) -> anyhow::Result<ExitCode> {
    if settings.daemon
        && let Place::Front(code) = detach::start()?
    {
        return Ok(code);
    }
    let signals = Signals::install(settings.daemon)?;
    let opened = match &settings.from {
        From::File(path) => input::open_file(path, settings)?,
        From::Live { instance, patience, dump } => {
            let stop = || signals.stop();
            match input::open_live(instance.as_deref(), *patience, *dump, settings, &stop)? {
                Some(opened) => opened,
                None => return Ok(ExitCode::SUCCESS),
            }
        }
    };
    let _pid_file = settings.pid_file.as_deref().map(pid_file).transpose()?;
    if settings.daemon {
        detach::finish()?;
    }
    let Opened { mut source, wait } = opened;
    let mut pass = None;
    let result = follow(settings, &signals, &mut source, &wait, &mut pass);
    // What was read before an error or a signal is shown in any case.
    if let Some(pass) = &mut pass {
        pass.flush()?;
    }
    if settings.manner == Manner::Own {
        say_reports(&mut source, true);
    }
    result?;
    Ok(account(settings, &source))
}

fn say_reports(source: &mut Origin, last: bool) {
    for report in source.reports(last) {
        eprintln!("{}", loss_text::report(&report));
    }
}

/// What was read and lost in all.
fn account(settings: &Settings, source: &Origin) -> ExitCode {
    let Some((read_bytes, lost)) = source.account().filter(|_| settings.manner == Manner::Own)
    else {
        return ExitCode::SUCCESS;
    };
    match lost {
        Some(lost) => {
            let lost = loss_text::bytes(lost);
            eprintln!("shellac: {read_bytes} bytes of the log read, {lost} lost");
        }
        None if settings.verbose => {
            eprintln!("shellac: {read_bytes} bytes of the log read, none lost");
        }
        None => {}
    }
    match lost {
        Some(_) if settings.fail_on_loss => ExitCode::from(LOSS_STATUS),
        _ => ExitCode::SUCCESS,
    }
}

/// Takes the pid file, in the words of the stock tool.
fn pid_file(path: &Path) -> anyhow::Result<PidFile> {
    PidFile::acquire(path).map_err(|error| {
        let name = path.display();
        match error {
            ManagerError::File { source, .. } => {
                anyhow::anyhow!("{name}: {}", system_text(&source))
            }
            ManagerError::Locked { .. } => {
                let error = std::io::Error::from(rustix::io::Errno::AGAIN);
                anyhow::anyhow!("{name}: {}", system_text(&error))
            }
            error => error.into(),
        }
    })
}

fn follow<'a>(
    settings: &'a Settings,
    signals: &Signals,
    source: &mut Origin,
    wait: &Wait,
    pass: &mut Option<Pass<'a>>,
) -> anyhow::Result<()> {
    let stock = settings.manner == Manner::Stock;
    let mut complaints = Complaints::new(settings);
    let mut holding = Holding::default();
    loop {
        if signals.stop() {
            return Ok(());
        }
        let mut flow = match pass {
            Some(pass) if signals.take_flush() => pass.give_up_all(GivenUp::Flush)?,
            _ => Flow::On,
        };
        if let Some(pass) = pass
            && signals.take_reopen()
        {
            pass.reopen()?;
        }
        match (source.next()?, &mut *pass) {
            (Input::Row(records), Some(pass)) => {
                let walked_bytes;
                (walked_bytes, flow) = pass.row(records)?;
                source.take(walked_bytes);
            }
            (Input::Unit(records), Some(pass)) => flow = pass.unit(records)?,
            (Input::Nothing, Some(pass)) => {
                flow = pass.flush()?;
                if source.is_holding() && holding.is_too_long() {
                    source.hurry();
                }
                wait.wait();
            }
            (Input::End, _) => return Ok(()),
            // Ours reports it when it is known what time it was when reading went on.
            (Input::Lost(_), pass) if !stock => flow = give_up_all(pass, GivenUp::Gap)?,
            (Input::Lost(_), pass) => {
                flow = give_up_all(pass, GivenUp::Flush)?;
                eprintln!("Log overrun");
            }
            (Input::Abandoned(gone), pass) => {
                flow = give_up_all(pass, GivenUp::Flush)?;
                if let Some(pass) = pass {
                    pass.flush()?;
                }
                if stock {
                    eprintln!("Log abandoned (vsl)");
                } else {
                    eprintln!("Log abandoned (vsl): {gone}");
                }
            }
            (Input::Unavailable(reason), _) => {
                complaints.complain(&reason)?;
            }
            (input @ (Input::Opened | Input::Reacquired), opened) => {
                if input == Input::Reacquired {
                    eprintln!("Log reacquired");
                }
                holding = Holding::default();
                let Some(choice) = source.choice() else { continue };
                if !stock {
                    say_choice(choice, settings.verbose);
                }
                let dialect = choice.dialect;
                match opened {
                    Some(pass) => pass.set_dialect(dialect)?,
                    None => *pass = Some(Pass::new(settings, dialect)?),
                }
            }
            (Input::Nothing, None) => {
                if source.is_holding() && holding.is_too_long() {
                    source.hurry();
                }
                wait.wait();
            }
            // Records come after `Opened` only.
            (Input::Row(_) | Input::Unit(_), None) => {}
        }
        if !stock {
            say_reports(source, false);
        }
        for problem in source.problems().into_iter().filter(|_| !stock) {
            eprintln!("shellac: {problem}");
        }
        if flow == Flow::Stop {
            return Ok(());
        }
    }
}

fn give_up_all(pass: &mut Option<Pass<'_>>, why: GivenUp) -> anyhow::Result<Flow> {
    pass.as_mut().map_or(Ok(Flow::On), |pass| pass.give_up_all(why))
}

/// Says that there is no log, but not with every attempt.
struct Complaints {
    last: Option<Instant>,
    /// With `-d` there is an end to waiting.
    until: Option<Instant>,
}

impl Complaints {
    #[allow(clippy::disallowed_methods, reason = "a tool is where the time comes from")]
    fn new(settings: &Settings) -> Complaints {
        let until = match settings.from {
            From::Live { dump: true, patience: Patience::For(patience), .. } => {
                Instant::now().checked_add(patience)
            }
            _ => None,
        };
        Complaints { last: None, until }
    }

    #[allow(clippy::disallowed_methods, reason = "a tool is where the time comes from")]
    fn complain(&mut self, reason: &str) -> anyhow::Result<()> {
        let now = Instant::now();
        if self.until.is_some_and(|until| now >= until) {
            anyhow::bail!("Failed to acquire log: {reason}");
        }
        if self.last.is_none_or(|last| now.duration_since(last) >= COMPLAINT_PAUSE) {
            eprintln!("Failed to acquire log: {reason}");
            self.last = Some(now);
        }
        Ok(())
    }
}

/// Three dialects look alike from outside, and the wrong table of tags mislabels everything silently.
fn say_choice(choice: Choice, verbose: bool) {
    if choice.is_tie() {
        eprintln!(
            "shellac: warning: the records do not tell which table of tags they were written with; {} is taken, \
             --dialect names another",
            choice.dialect
        );
    } else if verbose && choice.basis != Basis::Layout {
        eprintln!("shellac: table of tags: {choice}");
    }
}

/// Records are not held back for ever.
#[derive(Default)]
struct Holding {
    since: Option<Instant>,
}

impl Holding {
    #[allow(clippy::disallowed_methods, reason = "a tool is where the time comes from")]
    fn is_too_long(&mut self) -> bool {
        self.since.get_or_insert_with(Instant::now).elapsed() >= LONGEST_HOLD
    }
}

/// Names and numbers in a query are read as the generation reads them that the dialect belongs to.
fn query_for(settings: &Settings, dialect: Dialect) -> anyhow::Result<Option<Query>> {
    let compat = settings.compat(dialect);
    let query = settings.query.as_ref().map(|query| query.with_compat(compat)).transpose();
    query.map_err(|error| anyhow::anyhow!("Query expression error:\n{error}"))
}

/// Records on their way from the source to the output.
struct Pass<'a> {
    settings: &'a Settings,
    grouper: Grouper,
    dialect: Dialect,
    /// The query by the rules of the generation that reads the dialect.
    query: Option<Query>,
    output: Output,
    /// Groups that may still go out.
    left: u64,
    /// Credits of `-R`.
    bucket: Option<Bucket>,
    clock: Instant,
}

impl<'a> Pass<'a> {
    #[allow(clippy::disallowed_methods, reason = "a tool is where the time comes from")]
    fn new(settings: &'a Settings, dialect: Dialect) -> anyhow::Result<Pass<'a>> {
        Ok(Pass {
            settings,
            grouper: grouper(settings, dialect),
            dialect,
            query: query_for(settings, dialect)?,
            output: Output::open(settings, dialect)?,
            left: settings.count.unwrap_or(u64::MAX),
            bucket: settings.rate.map(Bucket::new),
            clock: Instant::now(),
        })
    }

    /// Goes on with a log that may be of another dialect.
    fn set_dialect(&mut self, dialect: Dialect) -> anyhow::Result<()> {
        if dialect == self.dialect {
            return Ok(());
        }
        self.dialect = dialect;
        self.query = query_for(self.settings, dialect)?;
        self.grouper = grouper(self.settings, self.dialect);
        self.output.set_dialect(&self.settings.to, self.dialect)
    }

    /// Takes whole records as far as there are such, and says how many bytes that was.
    fn row(&mut self, row: &[u8]) -> anyhow::Result<(usize, Flow)> {
        if self.settings.grouping == Grouping::Raw {
            return self.raw(row);
        }
        let walked_bytes = self.grouper.row(row, self.clock.elapsed());
        Ok((walked_bytes, self.groups()?))
    }

    fn unit(&mut self, records: &[u8]) -> anyhow::Result<Flow> {
        if self.settings.grouping == Grouping::Raw {
            return self.raw(records).map(|(_, flow)| flow);
        }
        self.grouper.unit(records, self.clock.elapsed());
        self.groups()
    }

    fn give_up_all(&mut self, why: GivenUp) -> anyhow::Result<Flow> {
        self.grouper.give_up_all(why);
        self.groups()
    }

    fn groups(&mut self) -> anyhow::Result<Flow> {
        while let Some(group) = self.grouper.pop() {
            let flow = self.group(&group)?;
            self.grouper.recycle(group);
            if flow == Flow::Stop {
                return Ok(Flow::Stop);
            }
        }
        Ok(Flow::On)
    }

    fn group(&mut self, group: &Group) -> anyhow::Result<Flow> {
        if let Some(query) = &self.query
            && !query.selects(&group.transactions)
        {
            return Ok(Flow::On);
        }
        if !self.is_paid_for() {
            return Ok(Flow::On);
        }
        let written = self.output.group(group)?;
        self.counted(written)
    }

    /// Raw grouping holds nothing back, so records need no grouper. Says how many bytes were whole records.
    fn raw(&mut self, row: &[u8]) -> anyhow::Result<(usize, Flow)> {
        // Where nothing is asked record by record, a row goes out as it comes. It has fewer records than bytes.
        let unasked = self.query.is_none() && self.bucket.is_none() && !self.settings.unbuffered;
        if unasked && self.left > row.len() as u64 {
            let (walked, written) = self.output.row(row)?;
            self.left -= walked.records;
            let flow = if written == Written::Fine { Flow::On } else { Flow::Stop };
            return Ok((walked.bytes, flow));
        }
        let mut heads = Heads::new(self.dialect.layout(), row);
        for place in heads.by_ref() {
            let record = LogRecord::new(self.dialect, place.record(row));
            if let Some(query) = &self.query
                && !query.selects_record(record.vxid, record.tag, record.payload)
            {
                continue;
            }
            if !self.is_paid_for() {
                continue;
            }
            let written = self.output.record(&record, &row[place.start..place.end])?;
            if self.counted(written)? == Flow::Stop {
                return Ok((heads.position(), Flow::Stop));
            }
        }
        Ok((heads.position(), Flow::On))
    }

    /// Whether the rate limit lets one more go.
    fn is_paid_for(&mut self) -> bool {
        let clock = self.clock;
        self.bucket.as_mut().is_none_or(|bucket| bucket.pay(clock.elapsed()))
    }

    fn counted(&mut self, written: Written) -> anyhow::Result<Flow> {
        self.left -= 1;
        if written == Written::NobodyReads || self.left == 0 {
            return Ok(Flow::Stop);
        }
        if self.settings.unbuffered { self.flush() } else { Ok(Flow::On) }
    }

    fn reopen(&mut self) -> anyhow::Result<()> {
        if let To::File { path, .. } = &self.settings.to {
            self.output.reopen(path, self.dialect)?;
        }
        Ok(())
    }

    fn flush(&mut self) -> anyhow::Result<Flow> {
        Ok(match self.output.flush()? {
            Written::Fine => Flow::On,
            Written::NobodyReads => Flow::Stop,
        })
    }
}

fn grouper(settings: &Settings, dialect: Dialect) -> Grouper {
    let grouper = Grouper::new(settings.grouping, dialect, settings.limits)
        .with_compat(settings.compat(dialect))
        .with_sides(settings.filter.sides);
    match settings.query {
        None => grouper.with_kept(&settings.filter.compile(dialect)),
        // A query may ask for what is not shown.
        Some(_) => grouper,
    }
}
