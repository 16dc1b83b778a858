//! The loop between a source and what a tool makes of it.

use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use shellac_format::Dialect;
use shellac_log::{Basis, Choice, GivenUp, Input, live_source};
use shellac_manager::{ManagerError, PidFile};

use super::input::{self, Opened, Origin, Wait};
use super::loss_text;
use super::notices::{self, Notices};
use super::pass::{Flow, Pass, Sink};
use super::settings::{From, Manner, Reading};
use super::signals::Signals;
use crate::attach::Patience;
use crate::detach::{self, Place};
use crate::stock::system_text::system_text;
use crate::terminal::{is_over, say};
use crate::when::{Clock, Zone};

/// The exit status of `--fail-on-loss`.
const LOSS_STATUS: u8 = 3;
/// Records are held back for this long at most, until it is clear which table of tags they use.
const LONGEST_HOLD: Duration = Duration::from_secs(1);
/// A log that had nothing so many times in a row rests.
const QUIET: u32 = 3;
/// Between two complaints that it is not.
const COMPLAINT_PAUSE: Duration = Duration::from_secs(1);

/// A log that was found, or nothing to do.
pub(crate) enum Prepared {
    Ready(Box<Ready>),
    /// This is the process in front of a daemon, or a signal ended the wait for the log.
    Over(ExitCode),
}

/// A log that was found.
pub(crate) struct Ready {
    signals: Signals,
    opened: Opened,
    /// Held, and removed at the end.
    _pid_file: Option<PidFile>,
}

/// Finds the log, and goes to the background when that is asked for.
pub(crate) fn prepare(settings: &Reading) -> anyhow::Result<Prepared> {
    if settings.daemon
        && let Place::Front(code) = detach::start()?
    {
        return Ok(Prepared::Over(code));
    }
    let signals = Signals::install(settings.reopens)?;
    let Some((opened, pid_file)) = ready(settings, &signals)? else {
        return Ok(Prepared::Over(ExitCode::SUCCESS));
    };
    if settings.daemon {
        detach::finish()?;
    }
    Ok(Prepared::Ready(Box::new(Ready { signals, opened, _pid_file: pid_file })))
}

impl Ready {
    /// Reads until the end, a signal, `-k`, or an error. `make` makes what groups are handed to as soon as the dialect is
    /// known.
    pub(crate) fn run<S: Sink>(
        self,
        settings: &Reading,
        make: impl FnOnce(Dialect) -> anyhow::Result<S>,
    ) -> anyhow::Result<ExitCode> {
        let Ready { signals, opened: Opened { mut source, wait }, _pid_file } = self;
        let mut pass = None;
        let result = follow(settings, &signals, &mut source, &wait, &mut pass, make);
        // What was read before an error or a signal is shown in any case.
        if let Some(pass) = &mut pass {
            pass.end()?;
        }
        if settings.manner == Manner::Own {
            say_reports(settings, &mut source, true);
            // What a log that goes on has not ended yet is not worth a word.
            let is_cut =
                matches!(settings.from, From::File(_)) && !matches!(result, Ok(Ended::Asked));
            let lines = pass.as_ref().map(|pass| notices::total(settings, pass, is_cut));
            lines.iter().flatten().for_each(|line| say(&format!("shellac: {line}")));
        }
        result?;
        Ok(account(settings, &source))
    }
}

/// Finds the log and takes the pid file, unless a signal comes first.
fn ready(
    settings: &Reading,
    signals: &Signals,
) -> anyhow::Result<Option<(Opened, Option<PidFile>)>> {
    let opened = match &settings.from {
        From::File(path) => input::open_file(path, settings)?,
        From::Live { instance, patience, dump } => {
            let stop = || signals.stop();
            match input::open_live(instance.as_deref(), *patience, *dump, settings, &stop)? {
                Some(opened) => opened,
                None => return Ok(None),
            }
        }
    };
    let pid_file = settings.pid_file.as_deref().map(pid_file).transpose()?;
    Ok(Some((opened, pid_file)))
}

fn say_reports(settings: &Reading, source: &mut Origin, last: bool) {
    for report in source.reports(last) {
        say(&loss_text::report(&report, settings.zone));
    }
}

/// Why the loop ended.
enum Ended {
    /// There is no more of the log.
    Log,
    /// Somebody wants no more of it.
    Asked,
}

/// What was read and lost in all.
fn account(settings: &Reading, source: &Origin) -> ExitCode {
    let Some((read_bytes, lost)) = source.account().filter(|_| settings.manner == Manner::Own)
    else {
        return ExitCode::SUCCESS;
    };
    match lost {
        Some(lost) => {
            let lost = loss_text::bytes(lost);
            say(&format!("shellac: {read_bytes} bytes of the log read, {lost} lost"));
        }
        None if settings.verbose => {
            say(&format!("shellac: {read_bytes} bytes of the log read, none lost"));
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

fn follow<'a, S: Sink>(
    settings: &'a Reading,
    signals: &Signals,
    source: &mut Origin,
    wait: &Wait,
    pass: &mut Option<Pass<'a, S>>,
    make: impl FnOnce(Dialect) -> anyhow::Result<S>,
) -> anyhow::Result<Ended> {
    let mut make = Some(make);
    let stock = settings.manner == Manner::Stock;
    let mut complaints = Complaints::new(settings);
    let mut holding = Holding::default();
    let mut notices = Notices::default();
    let mut window_end = WindowEnd::new(settings);
    loop {
        if signals.stop() {
            return Ok(Ended::Asked);
        }
        if window_end.is_reached(pass.as_ref()) {
            give_up_all(pass, GivenUp::Flush)?;
            return Ok(Ended::Asked);
        }
        let mut flow = match pass {
            Some(pass) if signals.take_flush() => pass.give_up_all(GivenUp::Flush)?,
            _ => Flow::On,
        };
        if flow == Flow::Stop {
            return Ok(Ended::Asked);
        }
        if let Some(pass) = pass
            && signals.take_reopen()
        {
            pass.reopen()?;
        }
        let input = source.next()?;
        window_end.look_at(&input);
        if let (Input::Lost(_), Some(pass)) = (&input, &mut *pass) {
            pass.gap();
        }
        match (input, &mut *pass) {
            (Input::Row(records), Some(pass)) => {
                let walked_bytes;
                (walked_bytes, flow) = pass.row(records)?;
                source.take(walked_bytes);
            }
            (Input::Unit(records), Some(pass)) => flow = pass.unit(records)?,
            (Input::Nothing, pass) => {
                if let Some(pass) = pass {
                    flow = pass.flush()?;
                }
                if source.is_holding() && holding.is_too_long() {
                    source.hurry();
                }
                wait.wait();
            }
            (Input::End, _) => return Ok(Ended::Log),
            // Ours reports it when it is known what time it was when reading went on.
            (Input::Lost(_), pass) if !stock => flow = give_up_all(pass, GivenUp::Gap)?,
            (Input::Lost(_), pass) => {
                flow = give_up_all(pass, GivenUp::Flush)?;
                say("Log overrun\nLog reacquired");
            }
            (Input::Abandoned(gone), pass) => {
                flow = give_up_all(pass, GivenUp::Flush)?;
                if let Some(pass) = pass {
                    pass.flush()?;
                }
                complaints.log_is_gone();
                if stock {
                    say("Log abandoned (vsl)");
                } else {
                    say(&format!("Log abandoned (vsl): {gone}"));
                }
            }
            (Input::Unavailable(reason), _) => {
                complaints.complain(&reason)?;
            }
            (input @ (Input::Opened | Input::Reacquired), opened) => {
                complaints.log_is_there();
                if input == Input::Reacquired {
                    complaints.is_gone = false;
                    say("Log reacquired");
                }
                holding = Holding::default();
                let Some(choice) = source.choice() else { continue };
                if !stock {
                    say_choice(choice, settings.verbose);
                }
                let dialect = choice.dialect;
                match opened {
                    Some(pass) => pass.set_dialect(dialect)?,
                    None => {
                        if let Some(make) = make.take() {
                            *pass = Some(Pass::new(settings, dialect, make(dialect)?)?);
                        }
                    }
                }
            }
            // Records come after `Opened` only.
            (Input::Row(_) | Input::Unit(_), None) => {}
        }
        if !stock {
            say_reports(settings, source, false);
            pass.iter().for_each(|pass| notices.say(settings, pass));
        }
        for problem in source.problems().into_iter().filter(|_| !stock) {
            say(&format!("shellac: {problem}"));
        }
        if flow == Flow::Stop {
            return Ok(Ended::Asked);
        }
    }
}

fn give_up_all<S: Sink>(pass: &mut Option<Pass<'_, S>>, why: GivenUp) -> anyhow::Result<Flow> {
    pass.as_mut().map_or(Ok(Flow::On), |pass| pass.give_up_all(why))
}

/// Says that there is no log, but not with every attempt.
struct Complaints {
    stock: bool,
    last: Option<(Instant, String)>,
    /// There was a log.
    is_gone: bool,
    /// With `-d` there is an end to waiting.
    until: Option<Instant>,
}

impl Complaints {
    #[allow(clippy::disallowed_methods, reason = "a tool is where the time comes from")]
    fn new(settings: &Reading) -> Complaints {
        let until = match settings.from {
            From::Live { dump: true, patience: Patience::For(patience), .. } => {
                Instant::now().checked_add(patience)
            }
            _ => None,
        };
        let stock = settings.manner == Manner::Stock;
        Complaints { stock, last: None, is_gone: false, until }
    }

    /// The log that was read is no more.
    const fn log_is_gone(&mut self) {
        self.is_gone = true;
    }

    /// There is one to read.
    fn log_is_there(&self) {
        if let Some((_, complaint)) = &self.last {
            is_over(complaint);
        }
    }

    #[allow(clippy::disallowed_methods, reason = "a tool is where the time comes from")]
    fn complain(&mut self, reason: &str) -> anyhow::Result<()> {
        let now = Instant::now();
        // The stock tool says this ten times a second.
        if std::mem::take(&mut self.is_gone) && self.stock {
            say("Log abandoned (vsm)");
        }
        let reason = match reason {
            live_source::NO_LOG if self.stock => "No VSL chunk found (child not started ?)",
            reason => reason,
        };
        if self.until.is_some_and(|until| now >= until) {
            anyhow::bail!("Failed to acquire log: {reason}");
        }
        let is_due = |(last, _): &(Instant, String)| now.duration_since(*last) >= COMPLAINT_PAUSE;
        if self.last.as_ref().is_none_or(is_due) {
            let complaint = format!("Failed to acquire log: {reason}");
            say(&complaint);
            self.last = Some((now, complaint));
        }
        Ok(())
    }
}

/// When a log that is followed has come to the end of `--until`.
///
/// What began before that and is not complete then may take any time, and is not waited for.
struct WindowEnd {
    until: Option<Duration>,
    /// Times in a row that there was nothing to read.
    quiet: u32,
}

impl WindowEnd {
    fn new(settings: &Reading) -> WindowEnd {
        // What is read to its end may hold such groups to the last record.
        let follows = matches!(settings.from, From::Live { dump: false, .. });
        WindowEnd { until: settings.window.until.filter(|_| follows), quiet: 0 }
    }

    fn look_at(&mut self, input: &Input<'_>) {
        self.quiet = match input {
            Input::Nothing | Input::Unavailable(_) => self.quiet.saturating_add(1),
            _ => 0,
        };
    }

    fn is_reached<S: Sink>(&self, pass: Option<&Pass<'_, S>>) -> bool {
        let Some(until) = self.until else { return false };
        let now = Clock::of_system(Zone::Utc).now;
        if now <= until {
            return false;
        }
        let has_read_so_far = pass.is_some_and(Pass::is_past_window);
        // Records may be held back until it is clear what they mean.
        let is_quiet = self.quiet >= QUIET && (pass.is_some() || now - until > 2 * LONGEST_HOLD);
        has_read_so_far || is_quiet
    }
}

/// Three dialects look alike from outside, and the wrong table of tags mislabels everything silently.
fn say_choice(choice: Choice, verbose: bool) {
    if choice.is_tie() {
        say(&format!(
            "shellac: warning: the records do not tell which table of tags they were written with; {} is taken, \
             --dialect names another",
            choice.dialect
        ));
    } else if verbose && choice.basis != Basis::Layout {
        say(&format!("shellac: table of tags: {choice}"));
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
