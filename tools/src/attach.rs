//! Getting hold of an instance: which directory `-n` means, and waiting until somebody runs there.

use std::env;
use std::fmt;
use std::io::{ErrorKind, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use shellac_vsm::locate::{self, Found, How, LocateError, Question};
use shellac_vsm::{AttachOptions, Attachment, VsmError};

/// Time between two attempts.
const PAUSE: Duration = Duration::from_millis(250);
/// A dot is shown for this many attempts.
const ATTEMPTS_PER_DOT: u32 = 4;
/// Missing rights do not come by waiting, but a directory that is just being made may lack them for a moment.
const ATTEMPTS_WITHOUT_RIGHTS: u32 = 2;

/// Several instances run and none was named: the one mistake with an exit status of its own.
#[derive(Debug)]
struct Several(String);

impl fmt::Display for Several {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Several {}

/// The exit status that goes with an error of any tool.
pub(crate) fn exit_code(error: &anyhow::Error) -> ExitCode {
    if error.is::<Several>() { ExitCode::from(2) } else { ExitCode::FAILURE }
}

/// Whether an error of [`attach`] stays what it is, however long one waits.
pub(crate) fn is_final(error: &anyhow::Error) -> bool {
    error.is::<Several>()
}

/// How long to wait for an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Patience {
    /// This long; zero tries once.
    For(Duration),
    /// Until the user stops it.
    ForEver,
}

impl Patience {
    /// Parses the argument of `-t`: seconds, or `off`.
    pub(crate) fn parse(text: &str) -> anyhow::Result<Patience> {
        if text.eq_ignore_ascii_case("off") {
            return Ok(Patience::ForEver);
        }
        match text.trim().parse::<f64>().ok().and_then(|it| Duration::try_from_secs_f64(it).ok()) {
            Some(patience) => Ok(Patience::For(patience)),
            None => anyhow::bail!("-t: Invalid argument: {text}"),
        }
    }
}

impl Patience {
    /// The time, unless it is for ever.
    pub(crate) const fn limit(self) -> Option<Duration> {
        match self {
            Patience::For(time) => Some(time),
            Patience::ForEver => None,
        }
    }
}

/// An instance that was got hold of.
#[derive(Debug)]
pub(crate) struct Attached {
    pub(crate) attachment: Attachment,
    /// It was not there at first. So all that it has written came after the user asked.
    pub(crate) has_waited: bool,
}

/// Attaches to the instance that `-n` means, waiting for it. `Ok(None)`: `stop` said so.
///
/// The only running instance is taken when none is named, which is said on standard error.
#[allow(clippy::disallowed_methods, reason = "a tool is where the time comes from")]
pub(crate) fn attach(
    instance: Option<&str>,
    patience: Patience,
    stop: &dyn Fn() -> bool,
) -> anyhow::Result<Option<Attached>> {
    let start = Instant::now();
    let mut attempts = 0;
    let result = loop {
        attempts += 1;
        let failure = match attempt(instance) {
            Ok((attachment, found)) => {
                if let How::OnlyOne(only) = &found.how {
                    eprintln!("shellac: reading {}", only.describe(now_unix()));
                }
                break Ok(Some(Attached { attachment, has_waited: attempts > 1 }));
            }
            Err(failure) => failure,
        };
        let spent = match patience {
            Patience::For(patience) => start.elapsed() >= patience,
            Patience::ForEver => false,
        };
        if spent || !failure.may_pass(attempts) {
            break Err(failure.into_error());
        }
        if stop() {
            break Ok(None);
        }
        if attempts == ATTEMPTS_PER_DOT {
            eprint!("shellac: {}; waiting ", failure.brief());
        }
        if attempts % ATTEMPTS_PER_DOT == 0 {
            eprint!(".");
            // Standard error going away is no reason to stop.
            let _ = std::io::stderr().flush();
        }
        thread::sleep(PAUSE);
    };
    if attempts > ATTEMPTS_PER_DOT {
        eprintln!();
    }
    result
}

/// Attaches to the instance that `-n` means: one attempt, for those who show what they wait for.
pub(crate) fn try_attach(instance: Option<&str>) -> Result<Attachment, Refusal> {
    attempt(instance).map(|(attachment, _)| attachment).map_err(Refusal)
}

/// Why one attempt failed, for those who show what they wait for.
pub(crate) struct Refusal(Failure);

impl Refusal {
    /// Whether a later attempt can end better.
    pub(crate) fn may_pass(&self) -> bool {
        self.0.may_pass(0)
    }

    /// What is waited for, on one line.
    pub(crate) fn brief(&self) -> String {
        self.0.brief()
    }

    pub(crate) fn into_error(self) -> anyhow::Error {
        self.0.into_error()
    }
}

/// Why one attempt failed.
enum Failure {
    Locate(LocateError),
    Attach(VsmError),
}

impl Failure {
    /// Whether another attempt can end better.
    fn may_pass(&self, attempts: u32) -> bool {
        match self {
            Failure::Locate(LocateError::Several { .. }) => false,
            Failure::Attach(VsmError::Io { source, .. })
                if source.kind() == ErrorKind::PermissionDenied =>
            {
                attempts < ATTEMPTS_WITHOUT_RIGHTS
            }
            Failure::Locate(_) | Failure::Attach(_) => true,
        }
    }

    /// What is waited for, on one line.
    fn brief(&self) -> String {
        match self {
            Failure::Locate(error) => error.to_string(),
            Failure::Attach(error) => {
                error.full_text().lines().next().unwrap_or_default().to_owned()
            }
        }
    }

    fn into_error(self) -> anyhow::Error {
        match self {
            Failure::Locate(error @ LocateError::Several { .. }) => {
                Several(error.full_text(now_unix())).into()
            }
            Failure::Locate(error) => anyhow::anyhow!(error.full_text(now_unix())),
            Failure::Attach(error) => anyhow::anyhow!(error.full_text()),
        }
    }
}

fn attempt(instance: Option<&str>) -> Result<(Attachment, Found), Failure> {
    let variable = |name: &str| env::var(name).ok();
    // Recorded directories, and readers in another process name space, cannot ask for processes.
    let check_pid = env::var_os("VSM_NOPID").is_none();
    let directories: Vec<PathBuf> =
        locate::default_directories(variable("XDG_RUNTIME_DIR").as_deref());
    let found = locate::locate(&Question {
        name: instance,
        shellac_n: variable("SHELLAC_N").as_deref(),
        varnish_default_n: variable("VARNISH_DEFAULT_N").as_deref(),
        directories: &directories,
        check_pid,
    })
    .map_err(Failure::Locate)?;
    let attachment =
        Attachment::open(&found.workdir, AttachOptions { check_pid }).map_err(Failure::Attach)?;
    Ok((attachment, found))
}

#[allow(clippy::disallowed_methods, reason = "a tool is where the time comes from")]
fn now_unix() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
