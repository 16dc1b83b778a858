//! What the options that reading tools share stand for, taken one at a time: the first mistake is the one that is
//! reported.

use std::ffi::OsStr;
use std::fmt;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, bail};
use shellac_config::parse_size_bytes;
use shellac_format::{Dialect, TagSet};
use shellac_log::{Compat, Filter, Grouping, Limits};
use shellac_query::Query;
use shellac_query::regex::Regex;

use super::arguments::{self, choice};
use super::queue::OnFull;
use super::rate::Rate;
use super::window::Window;
use crate::attach::Patience;
use crate::stock;
use crate::stock::getopt::Given;
use crate::stock::system_text::system_text;
use crate::when::{Clock, Zone, parse_zone};

/// Whose manners a tool has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// As `shellac TOOL`: it says more and refuses more.
    Own,
    /// Called by the name of a stock tool: word for word what that says and does.
    Stock,
}

/// A mistake that does not end with status 1.
#[derive(Debug)]
pub(crate) struct WithStatus {
    pub(crate) text: String,
    pub(crate) status: u8,
}

impl fmt::Display for WithStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for WithStatus {}

/// A mistake that the stock tool tells without a line end.
#[derive(Debug)]
pub(crate) struct Bare(pub(crate) String);

impl fmt::Display for Bare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Bare {}

/// Where records come from.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum From {
    /// A file, a pipe, or `-`.
    File(PathBuf),
    /// The shared memory of a running instance.
    Live {
        /// What `-n` said.
        instance: Option<String>,
        /// How long to wait for it.
        patience: Patience,
        /// From the oldest record to the newest, then stop.
        dump: bool,
    },
}

/// What is read and which groups of it are wanted: the checked part of a command line that reading tools share.
#[derive(Debug)]
pub(crate) struct Reading {
    pub(crate) manner: Manner,
    pub(crate) from: From,
    pub(crate) dialect: Option<Dialect>,
    pub(crate) grouping: Grouping,
    pub(crate) limits: Limits,
    /// Trees without the top that is asked for come out in parts.
    pub(crate) orphans: bool,
    /// Whose transactions make groups, and what of them is shown.
    pub(crate) filter: Filter,
    /// What of a group is kept for who gets it, where that is less than everything. The query sees all of it.
    pub(crate) kept: Option<Filter>,
    pub(crate) query: Option<Query>,
    pub(crate) window: Window,
    /// How moments are shown.
    pub(crate) zone: Zone,
    pub(crate) count: Option<u64>,
    pub(crate) rate: Option<Rate>,
    pub(crate) verbose: bool,
    pub(crate) on_full: OnFull,
    pub(crate) fail_on_loss: bool,
    /// Each group goes out at once.
    pub(crate) unbuffered: bool,
    pub(crate) daemon: bool,
    /// SIGHUP has the output opened anew; otherwise it ends the tool.
    pub(crate) reopens: bool,
    pub(crate) pid_file: Option<PathBuf>,
}

impl Reading {
    /// Whose rules hold for records of this dialect.
    pub(crate) fn compat(&self, dialect: Dialect) -> Compat {
        self.filter.compat.unwrap_or(Compat::of_dialect(dialect))
    }
}

/// [`Reading`] in the making. A tool takes its own options first and hands the others on.
#[derive(Debug)]
pub(crate) struct Builder {
    pub(crate) manner: Manner,
    pub(crate) filter: Filter,
    pub(crate) grouping: Grouping,
    pub(crate) write: Option<PathBuf>,
    pub(crate) append: bool,
    timeout: Option<Duration>,
    open_max: Option<usize>,
    query: Option<Vec<u8>>,
    caseless: bool,
    count: Option<u64>,
    rate: Option<Rate>,
    read: Option<PathBuf>,
    unbuffered: bool,
    verbose: bool,
    pub(crate) daemon: bool,
    pid_file: Option<PathBuf>,
    instance: Option<String>,
    patience: Option<String>,
    /// `-d`: the log is read from its oldest record to its newest.
    pub(crate) dump: bool,
    own: Own,
}

/// What options of our own say.
#[derive(Debug, Default)]
struct Own {
    since: Option<String>,
    until: Option<String>,
    zone: Zone,
    open_max_bytes: Option<usize>,
    orphans: bool,
    on_full: OnFull,
    fail_on_loss: bool,
    dialect: Option<Dialect>,
}

impl Builder {
    pub(crate) fn new(manner: Manner) -> Builder {
        Builder {
            manner,
            filter: Filter::new(),
            grouping: Grouping::Vxid,
            timeout: None,
            open_max: None,
            query: None,
            caseless: false,
            count: None,
            rate: None,
            read: None,
            write: None,
            append: false,
            unbuffered: false,
            verbose: false,
            daemon: false,
            pid_file: None,
            instance: None,
            patience: None,
            dump: false,
            own: Own::default(),
        }
    }

    /// Rules of one generation, whatever the records are.
    pub(crate) const fn compat(&mut self, compat: Option<Compat>) {
        self.filter.compat = compat;
    }

    /// Takes one option.
    pub(crate) fn take(&mut self, given: &Given) -> anyhow::Result<()> {
        let path = || PathBuf::from(&given.value);
        let text = given.value.to_string_lossy();
        match given.letter {
            'a' => self.append = true,
            'b' => self.filter.sides.backend = true,
            'c' => self.filter.sides.client = true,
            'C' => self.caseless = true,
            'd' => self.dump = true,
            'D' => self.daemon = true,
            'E' => {
                self.filter.sides.client = true;
                self.filter.sides.includes = true;
            }
            'g' => self.grouping = arguments::grouping(&text)?,
            'i' => self.filter.include(arguments::tags('i', &text)?),
            'x' => self.filter.exclude(arguments::tags('x', &text)?),
            'I' => {
                let (tags, regex) = self.pattern('I', &given.value)?;
                self.filter.include_matching(tags, regex);
            }
            'X' => {
                let (tags, regex) = self.pattern('X', &given.value)?;
                self.filter.exclude_matching(tags, regex);
            }
            'k' => self.count = Some(arguments::count(&text)?),
            'L' => self.open_max = Some(arguments::limit(&text)?),
            'n' => self.instance = Some(text.into_owned()),
            'P' => self.pid_file = Some(path()),
            'Q' => {
                let content = std::fs::read(&given.value)
                    .map_err(|error| anyhow::anyhow!("-Q {text}: {}", system_text(&error)))?;
                self.add_query(&content);
            }
            'q' => self.add_query(given.value.as_bytes()),
            'r' => self.read = Some(path()),
            'R' => self.rate = Some(Rate::parse(&text)?),
            't' => self.patience = Some(text.into_owned()),
            'T' => self.timeout = Some(arguments::timeout(&text)?),
            'u' => self.unbuffered = true,
            'v' => self.verbose = true,
            'w' => self.write = Some(path()),
            letter => bail!("-{letter}: not an option"),
        }
        Ok(())
    }

    /// Takes one option of our own; `value` is empty for one without an argument.
    pub(crate) fn take_own(&mut self, name: &str, value: &str) -> anyhow::Result<()> {
        let own = &mut self.own;
        match name {
            "since" => own.since = Some(value.to_owned()),
            "until" => own.until = Some(value.to_owned()),
            "tz" => own.zone = parse_zone(value).context("--tz")?,
            "limit-bytes" => {
                let size = parse_size_bytes(value).ok().and_then(|it| usize::try_from(it).ok());
                let Some(size) = size.filter(|&size| size > 0) else {
                    bail!(
                        "--limit-bytes: {value:?} is no size; write bytes, or a number with K, M or G"
                    )
                };
                own.open_max_bytes = Some(size);
            }
            "orphans" => own.orphans = true,
            "on-full" => own.on_full = choice(value)?,
            "fail-on-loss" => own.fail_on_loss = true,
            "dialect" => {
                own.dialect =
                    Some(value.parse().map_err(|error| anyhow::anyhow!("--dialect: {error}"))?);
            }
            name => bail!("--{name}: not an option"),
        }
        Ok(())
    }

    /// Lines of a query are alternatives.
    fn add_query(&mut self, text: &[u8]) {
        match &mut self.query {
            Some(query) => {
                query.push(b'\n');
                query.extend_from_slice(text);
            }
            None => self.query = Some(text.to_vec()),
        }
    }

    /// `[LIST:]REGEX`, split at the first colon.
    fn pattern(&self, option: char, value: &OsStr) -> anyhow::Result<(Option<TagSet>, Regex)> {
        let bytes = value.as_bytes();
        let (tags, pattern) = match bytes.iter().position(|&byte| byte == b':') {
            Some(at) => {
                let list = String::from_utf8_lossy(&bytes[..at]);
                (Some(arguments::tags(option, &list)?), &bytes[at + 1..])
            }
            None => (None, bytes),
        };
        match Regex::new(pattern, self.caseless) {
            Ok(regex) => Ok((tags, regex)),
            Err(error) => {
                bail!("-{option}: Regex error at position {} ({})", error.offset, error.text)
            }
        }
    }

    /// Checks that `-D` has a file to write to, and makes paths hold where a daemon is.
    pub(crate) fn check_daemon(&mut self) -> anyhow::Result<()> {
        if !self.daemon {
            return Ok(());
        }
        match &self.write {
            None => bail!("Missing -w option"),
            Some(path) if path.as_os_str() == "-" => bail!("Daemon cannot write to stdout"),
            Some(_) => {}
        }
        // A daemon does not stay where it was started.
        for path in [&mut self.write, &mut self.pid_file].into_iter().flatten() {
            *path = std::path::absolute(&*path)?;
        }
        Ok(())
    }

    /// Checks what options say together. Everything that is shown of a group is kept.
    pub(crate) fn finish(mut self) -> anyhow::Result<Reading> {
        let from = self.from()?;
        let (compat, caseless) = (self.filter.compat, self.caseless);
        let query = self.query.as_deref();
        let query = query.map(|text| arguments::query(text, compat, caseless)).transpose()?;
        let mut from = from.checked(self.patience.as_deref(), self.manner)?;
        let window = self.window(&mut from)?;
        let limits = self.limits();
        Ok(Reading {
            manner: self.manner,
            from,
            dialect: self.own.dialect,
            grouping: self.grouping,
            limits,
            orphans: self.own.orphans,
            kept: Some(self.filter.clone()),
            filter: self.filter,
            query,
            window,
            zone: self.own.zone,
            count: self.count,
            rate: self.rate,
            verbose: self.verbose,
            on_full: self.own.on_full,
            fail_on_loss: self.own.fail_on_loss,
            unbuffered: self.unbuffered,
            daemon: self.daemon,
            reopens: self.daemon,
            pid_file: self.pid_file,
        })
    }

    /// Ours are bounded by bytes: a session may have thousands of requests, and may last.
    fn limits(&self) -> Limits {
        let stock = Limits::default();
        let (timeout, open_max, open_max_bytes) = match (self.manner, self.grouping) {
            (Manner::Stock, _) => (stock.timeout, stock.open_max, stock.open_max_bytes),
            (Manner::Own, Grouping::Session) => (Duration::MAX, usize::MAX, DEFAULT_OPEN_BYTES),
            (Manner::Own, _) => (stock.timeout, usize::MAX, DEFAULT_OPEN_BYTES),
        };
        Limits {
            timeout: self.timeout.unwrap_or(timeout),
            open_max: self.open_max.unwrap_or(open_max),
            open_max_bytes: self.own.open_max_bytes.unwrap_or(open_max_bytes),
        }
    }

    fn window(&self, from: &mut From) -> anyhow::Result<Window> {
        let clock = Clock::of_system(self.own.zone);
        let since = self.own.since.as_deref().map(|text| clock.since(text).context("--since"));
        let since = since.transpose()?;
        let follows = matches!(*from, From::Live { dump: false, .. });
        let until = self
            .own
            .until
            .as_deref()
            .map(|text| clock.until(text, since, follows).context("--until"));
        let until = until.transpose()?;
        if let From::Live { dump, .. } = from
            && until.is_some_and(|until| until <= clock.now)
        {
            // All of it has come already.
            *dump = true;
        }
        Ok(Window { since, until })
    }

    fn from(&mut self) -> anyhow::Result<From> {
        let Some(path) = self.read.take() else {
            let patience = Patience::For(DEFAULT_PATIENCE);
            return Ok(From::Live { instance: self.instance.take(), patience, dump: self.dump });
        };
        if self.instance.is_some() {
            bail!("Only one of -n and -r options may be used");
        }
        if self.daemon && path.as_os_str() == "-" {
            bail!("Daemon cannot read from stdin");
        }
        Ok(From::File(path))
    }
}

/// Bytes of open transactions that tools hold under our own name.
const DEFAULT_OPEN_BYTES: usize = 256 << 20;

/// How long a live log is waited for.
const DEFAULT_PATIENCE: Duration = Duration::from_secs(5);

impl From {
    /// With `-t`, which nobody looks at when a file is read.
    fn checked(mut self, text: Option<&str>, manner: Manner) -> anyhow::Result<From> {
        if let (From::Live { patience, .. }, Some(text)) = (&mut self, text) {
            *patience = match manner {
                Manner::Own => Patience::parse(text)?,
                Manner::Stock => stock::attach::patience(text)?,
            };
        }
        Ok(self)
    }
}
