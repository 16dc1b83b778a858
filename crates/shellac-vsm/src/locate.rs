//! Finding the working directory that is meant, and those that there are.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::{AttachOptions, Attachment, SetKind, VsmError};

/// What decides about the directory; the environment is the caller's.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// The value of `-n`; an empty one counts as absent.
    pub name: Option<&'a str>,
    /// The variable `SHELLAC_N`.
    pub shellac_n: Option<&'a str>,
    /// The variable `VARNISH_DEFAULT_N`.
    pub varnish_default_n: Option<&'a str>,
    /// Where a name is looked for, first match first; see [`default_directories`].
    pub directories: &'a [PathBuf],
    /// Whether an instance only counts when its manager lives.
    pub check_pid: bool,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The working directory; whether somebody runs there shows when attaching.
    pub workdir: PathBuf,
    /// What decided.
    pub how: How,
}

/// What decided about a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum How {
    /// `-n` or a variable is a path, or a name that was found in one of the directories.
    Named,
    /// Nothing was said and this is the only running instance; worth telling the user.
    OnlyOne(Instance),
}

/// A directory in which a manager runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instance {
    /// The working directory.
    pub workdir: PathBuf,
    /// The manager.
    pub pid: u32,
    /// When it started, in seconds since 1970.
    pub started_unix: u64,
    /// What it calls itself.
    pub identity: Option<String>,
    /// Its version where it tells: ours do.
    pub version: Option<String>,
}

impl Instance {
    /// One line for a person, such as `/run/shellac/shellacd (pid 12, up 3 h, shellac 0.1)`.
    #[must_use]
    pub fn describe(&self, now_unix: u64) -> String {
        let age = age_text(now_unix.saturating_sub(self.started_unix));
        let mut text = format!("{} (pid {}, up {age}", self.workdir.display(), self.pid);
        if let Some(version) = &self.version {
            let _ = write!(text, ", shellac {version}");
        }
        if let Some(identity) = &self.identity {
            let _ = write!(text, ", instance {identity}");
        }
        text.push(')');
        text
    }
}

/// What there is in some directories.
#[derive(Debug, Default)]
pub struct Survey {
    /// Those that run.
    pub running: Vec<Instance>,
    /// Those that this user may not look into.
    pub denied: Vec<VsmError>,
}

/// Why no directory is meant.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LocateError {
    /// A name that is in none of the directories.
    #[error("there is no instance `{name}`")]
    NoSuchName {
        /// The value of `-n` or of the variable.
        name: String,
        /// Where it was looked for.
        searched: Vec<PathBuf>,
        /// What is there.
        survey: Survey,
    },
    /// Nothing was named and nothing runs.
    #[error("no instance is running")]
    NoneRunning {
        /// Where one was looked for.
        searched: Vec<PathBuf>,
        /// What is there: only what may not be looked into.
        survey: Survey,
    },
    /// Nothing was named and several run.
    #[error("{} instances are running", survey.running.len())]
    Several {
        /// What is there.
        survey: Survey,
    },
}

impl LocateError {
    /// The whole message for a person: what was looked for, what there is, what to type. Several lines.
    #[must_use]
    pub fn full_text(&self, now_unix: u64) -> String {
        let mut text = self.to_string();
        let survey = match self {
            LocateError::NoSuchName { searched, survey, .. }
            | LocateError::NoneRunning { searched, survey } => {
                let places: Vec<String> =
                    searched.iter().map(|dir| dir.display().to_string()).collect();
                let _ = write!(text, "; searched {}", places.join(", "));
                survey
            }
            LocateError::Several { survey } => {
                text.push_str("; choose one with -n");
                survey
            }
        };
        for instance in &survey.running {
            let _ = write!(text, "\n  -n {}", instance.describe(now_unix));
        }
        for denied in &survey.denied {
            let _ = write!(text, "\n  {}", denied.full_text());
        }
        if survey.running.is_empty() {
            text.push_str("\n  start one with `shellacd -f FILE`, or name its directory with -n");
        }
        text
    }
}

/// Where instances usually are: ours (of root, then of this user), Varnish's, Vinyl's.
///
/// `xdg_runtime_dir` is the variable of that name.
#[must_use]
pub fn default_directories(xdg_runtime_dir: Option<&str>) -> Vec<PathBuf> {
    let own = xdg_runtime_dir
        .filter(|dir| dir.starts_with('/'))
        .map(|dir| Path::new(dir).join("shellac"));
    let state = ["/var/lib/varnish", "/var/lib/vinyl-cache", "/var/run"];
    std::iter::once(PathBuf::from("/run/shellac"))
        .chain(own)
        .chain(state.map(PathBuf::from))
        .collect()
}

/// Which directory is meant.
///
/// A path (one that begins with `/`, `./` or `../`) is taken as it is; a name is looked for in the directories. Without `-n` the
/// variables count, ours first, and without those the only instance that runs.
///
/// # Errors
///
/// [`LocateError`], with what there is.
pub fn locate(question: &Question<'_>) -> Result<Found, LocateError> {
    let named = [question.name, question.shellac_n, question.varnish_default_n];
    if let Some(name) = named.into_iter().flatten().find(|name| !name.is_empty()) {
        return by_name(name, question);
    }
    let mut survey = survey(question.directories, question.check_pid);
    match survey.running.len() {
        0 => Err(LocateError::NoneRunning { searched: question.directories.to_vec(), survey }),
        1 => {
            let instance = survey.running.remove(0);
            Ok(Found { workdir: instance.workdir.clone(), how: How::OnlyOne(instance) })
        }
        _ => Err(LocateError::Several { survey }),
    }
}

fn by_name(name: &str, question: &Question<'_>) -> Result<Found, LocateError> {
    let found = |workdir: PathBuf| Ok(Found { workdir, how: How::Named });
    if name.starts_with('/')
        || name.starts_with("./")
        || name.starts_with("../")
        || name == "."
        || name == ".."
    {
        return found(PathBuf::from(name));
    }
    // A directory that nobody may look into is there too: attaching says what to do about it.
    let candidate = question.directories.iter().map(|dir| dir.join(name)).find(|workdir| {
        let denied = |error: &std::io::Error| error.kind() == std::io::ErrorKind::PermissionDenied;
        workdir.is_dir()
            && match std::fs::symlink_metadata(workdir.join(SetKind::Mgt.dir_name())) {
                Ok(_) => true,
                Err(error) => denied(&error) || workdir.join("_.pid").exists(),
            }
    });
    match candidate {
        Some(workdir) => found(workdir),
        None => Err(LocateError::NoSuchName {
            name: name.to_owned(),
            searched: question.directories.to_vec(),
            survey: survey(question.directories, question.check_pid),
        }),
    }
}

/// Looks into every directory below `directories`; each instance once, whatever ways lead to it.
#[must_use]
pub fn survey(directories: &[PathBuf], check_pid: bool) -> Survey {
    let mut survey = Survey::default();
    let mut seen = Vec::new();
    for directory in directories {
        let Ok(entries) = std::fs::read_dir(directory) else { continue };
        let mut workdirs: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        workdirs.sort();
        for workdir in workdirs {
            let Ok(real) = workdir.canonicalize() else { continue };
            if std::fs::symlink_metadata(workdir.join(SetKind::Mgt.dir_name())).is_err()
                || seen.contains(&real)
            {
                continue;
            }
            seen.push(real);
            match Attachment::open(&workdir, AttachOptions { check_pid }) {
                Ok(attachment) => survey.running.extend(instance(&attachment)),
                Err(error @ VsmError::Io { .. }) => survey.denied.push(error),
                Err(_) => {}
            }
        }
    }
    survey
}

fn instance(attachment: &Attachment) -> Option<Instance> {
    let header = attachment.header(SetKind::Mgt)?;
    let text = |ident| attachment.read_text("Arg", ident).ok().flatten();
    let about = text("-shellac");
    let version = about.and_then(|about| {
        about
            .split_ascii_whitespace()
            .find_map(|field| field.strip_prefix("version=").map(str::to_owned))
    });
    Some(Instance {
        workdir: attachment.workdir().to_owned(),
        pid: header.pid,
        started_unix: header.started_unix,
        identity: text("-i").filter(|identity| !identity.is_empty()),
        version,
    })
}

/// An age in its largest unit.
fn age_text(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        7200..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86400),
    }
}

#[cfg(test)]
mod tests;
