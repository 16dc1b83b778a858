//! What the options stand for, taken one at a time: the first mistake is the one that is reported.

use std::ffi::OsStr;
use std::fmt;
use std::fs::File;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, bail};
use shellac_config::parse_size_bytes;
use shellac_format::{Dialect, Tag, TagSet};
use shellac_log::{Compat, Filter, Grouping, Limits};
use shellac_query::regex::Regex;
use shellac_query::{Options, Query};

use super::output;
use super::rate::Rate;
use super::window::Window;
use crate::attach::Patience;
use crate::color::ColorWhen;
use crate::reading::queue::OnFull;
use crate::stock::getopt::Given;
use crate::stock::system_text::system_text;
use crate::stock::{self, number};
use crate::when::{Clock, Zone, parse_zone};

/// Whose manners the tool has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manner {
    /// `shellac log`: it says more and refuses more.
    Own,
    /// Called by the name of a stock tool: word for word what that says and does.
    Stock,
}

/// A mistake that does not end with status 1.
#[derive(Debug)]
pub(super) struct WithStatus {
    pub(super) text: String,
    pub(super) status: u8,
}

impl fmt::Display for WithStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for WithStatus {}

/// Where records come from.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum From {
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

/// Where they go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum To {
    /// As text to standard output.
    Text {
        /// With colour.
        color: bool,
    },
    /// To a file, or to standard output for `-`.
    File {
        /// The file.
        path: PathBuf,
        /// Behind what is in it.
        append: bool,
        /// As text instead of records.
        text: bool,
    },
}

/// A checked command line.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) manner: Manner,
    pub(super) from: From,
    pub(super) to: To,
    /// What `to` names, when it had to be opened before everything else.
    pub(super) opened: Option<File>,
    pub(super) dialect: Option<Dialect>,
    pub(super) grouping: Grouping,
    pub(super) limits: Limits,
    /// Trees without the top that is asked for come out in parts.
    pub(super) orphans: bool,
    pub(super) filter: Filter,
    pub(super) query: Option<Query>,
    pub(super) window: Window,
    /// How moments are shown.
    pub(super) zone: Zone,
    pub(super) count: Option<u64>,
    pub(super) rate: Option<Rate>,
    pub(super) verbose: bool,
    pub(super) on_full: OnFull,
    pub(super) fail_on_loss: bool,
    /// Each group goes out at once.
    pub(super) unbuffered: bool,
    pub(super) daemon: bool,
    pub(super) pid_file: Option<PathBuf>,
}

impl Settings {
    /// Whose rules hold for records of this dialect.
    pub(super) fn compat(&self, dialect: Dialect) -> Compat {
        self.filter.compat.unwrap_or(Compat::of_dialect(dialect))
    }
}

/// Settings in the making.
#[derive(Debug)]
pub(super) struct Builder {
    manner: Manner,
    filter: Filter,
    grouping: Grouping,
    timeout: Option<Duration>,
    open_max: Option<usize>,
    query: Option<Vec<u8>>,
    caseless: bool,
    count: Option<u64>,
    rate: Option<Rate>,
    read: Option<PathBuf>,
    write: Option<PathBuf>,
    append: bool,
    text: bool,
    unbuffered: bool,
    verbose: bool,
    daemon: bool,
    pid_file: Option<PathBuf>,
    instance: Option<String>,
    patience: Option<String>,
    dump: bool,
    own: Own,
}

/// What options of our own say.
#[derive(Debug, Default)]
struct Own {
    since: Option<String>,
    until: Option<String>,
    zone: Zone,
    color: ColorWhen,
    open_max_bytes: Option<usize>,
    orphans: bool,
    on_full: OnFull,
    fail_on_loss: bool,
    dialect: Option<Dialect>,
}

impl Builder {
    pub(super) fn new(manner: Manner) -> Builder {
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
            text: false,
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
    pub(super) const fn compat(&mut self, compat: Option<Compat>) {
        self.filter.compat = compat;
    }

    /// Takes one option.
    pub(super) fn take(&mut self, given: &Given) -> anyhow::Result<()> {
        let path = || PathBuf::from(&given.value);
        let text = given.value.to_string_lossy();
        match given.letter {
            'a' => self.append = true,
            'A' => self.text = true,
            'b' => self.filter.sides.backend = true,
            'c' => self.filter.sides.client = true,
            'C' => self.caseless = true,
            'd' => self.dump = true,
            'D' => self.daemon = true,
            'E' => {
                self.filter.sides.client = true;
                self.filter.sides.includes = true;
            }
            'g' => self.grouping = grouping(&text)?,
            'i' => self.filter.include(tags('i', &text)?),
            'x' => self.filter.exclude(tags('x', &text)?),
            'I' => {
                let (tags, regex) = self.pattern('I', &given.value)?;
                self.filter.include_matching(tags, regex);
            }
            'X' => {
                let (tags, regex) = self.pattern('X', &given.value)?;
                self.filter.exclude_matching(tags, regex);
            }
            'k' => self.count = Some(count(&text)?),
            'L' => self.open_max = Some(limit(&text)?),
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
            'T' => self.timeout = Some(timeout(&text)?),
            'u' => self.unbuffered = true,
            'v' => self.verbose = true,
            'w' => self.write = Some(path()),
            letter => bail!("-{letter}: not an option"),
        }
        Ok(())
    }

    /// Takes one option of our own; `value` is empty for one without an argument.
    pub(super) fn take_own(&mut self, name: &str, value: &str) -> anyhow::Result<()> {
        let own = &mut self.own;
        match name {
            "since" => own.since = Some(value.to_owned()),
            "until" => own.until = Some(value.to_owned()),
            "tz" => own.zone = parse_zone(value).context("--tz")?,
            "color" => own.color = parse_choice(value)?,
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
            "on-full" => own.on_full = parse_choice(value)?,
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
                (Some(tags(option, &String::from_utf8_lossy(&bytes[..at]))?), &bytes[at + 1..])
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

    /// Checks what options say together.
    pub(super) fn finish(mut self) -> anyhow::Result<Settings> {
        if self.daemon {
            match &self.write {
                None => bail!("Missing -w option"),
                Some(path) if path.as_os_str() == "-" => bail!("Daemon cannot write to stdout"),
                Some(_) => {}
            }
        }
        if self.daemon {
            // A daemon does not stay where it was started.
            for path in [&mut self.write, &mut self.pid_file].into_iter().flatten() {
                *path = std::path::absolute(&*path)?;
            }
        }
        let to = match self.write.take() {
            Some(path) => To::File { path, append: self.append, text: self.text },
            None => To::Text { color: self.manner == Manner::Own && self.own.color.decide() },
        };
        if matches!(to, To::File { text: false, .. }) {
            keep_what_grouping_needs(&mut self.filter);
        }
        // The stock tool begins the file anew before it looks at anything else, and a daemon can complain
        // only before it is one.
        let opened = match &to {
            To::File { path, append, .. } if self.manner == Manner::Stock || self.daemon => {
                output::open_stock(path, *append)?
            }
            _ => None,
        };
        let (from, query, window) = self.read_what().inspect_err(|_| {
            if self.manner == Manner::Stock {
                output::leave_magic(&to, opened.as_ref(), self.filter.compat);
            }
        })?;
        let limits = self.limits();
        Ok(Settings {
            manner: self.manner,
            from,
            to,
            opened,
            dialect: self.own.dialect,
            grouping: self.grouping,
            limits,
            orphans: self.own.orphans,
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
            pid_file: self.pid_file,
        })
    }

    /// Which log, what of it is wanted, and from when to when.
    fn read_what(&mut self) -> anyhow::Result<(From, Option<Query>, Window)> {
        let from = self.from()?;
        let query = self
            .query
            .as_deref()
            .map(|text| query(text, self.filter.compat, self.caseless))
            .transpose()?;
        let mut from = from.checked(self.patience.as_deref(), self.manner)?;
        let window = self.window(&mut from)?;
        Ok((from, query, window))
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

/// Bytes of open transactions that `shellac log` holds.
const DEFAULT_OPEN_BYTES: usize = 256 << 20;

/// One of a list of words, which clap has checked already.
fn parse_choice<T: clap::ValueEnum>(text: &str) -> anyhow::Result<T> {
    T::from_str(text, false).map_err(|error| anyhow::anyhow!("{error}"))
}

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

/// A file that is to be grouped again needs `Link`, `Begin` and `End`, so they are shown as by the last
/// options of the command line.
fn keep_what_grouping_needs(filter: &mut Filter) {
    let mut tags = TagSet::EMPTY;
    tags.insert(Tag::Link);
    // Hiding one first keeps the include from hiding everything else.
    filter.exclude(tags);
    tags.insert(Tag::Begin);
    tags.insert(Tag::End);
    filter.include(tags);
}

fn query(text: &[u8], compat: Option<Compat>, caseless: bool) -> anyhow::Result<Query> {
    // Where the dialect decides, the query is read once more when it is known.
    let options = Options { compat: compat.unwrap_or_default(), caseless };
    match Query::parse_with(text, options) {
        Ok(query) => Ok(query),
        Err(error) => bail!("Query expression error:\n{error}"),
    }
}

fn tags(option: char, list: &str) -> anyhow::Result<TagSet> {
    match TagSet::parse(list) {
        Ok(tags) => Ok(tags),
        Err(error) => bail!("-{option}: {error}"),
    }
}

/// A grouping by a prefix of its word, in upper or lower case.
fn grouping(text: &str) -> anyhow::Result<Grouping> {
    let text_lower = text.to_ascii_lowercase();
    let mut found = Grouping::WORDS.into_iter().filter(|(word, _)| word.starts_with(&text_lower));
    match (found.next(), found.next()) {
        (Some((_, grouping)), None) => Ok(grouping),
        (Some(_), Some(_)) => bail!("Ambiguous grouping type: {text}"),
        (None, _) => bail!("Unknown grouping type: {text}"),
    }
}

/// The original keeps 32 bits of what was given.
fn count(text: &str) -> anyhow::Result<u64> {
    let (value, rest) = number::strtol(text, 10);
    match u64::try_from(value & 0xffff_ffff) {
        Ok(count @ 1..=0x7fff_ffff) if rest.is_empty() => Ok(count),
        _ => bail!("-k: Invalid number '{text}'"),
    }
}

fn limit(text: &str) -> anyhow::Result<usize> {
    let (value, rest) = number::strtol(text, 0);
    if !rest.trim_start_matches(number::is_blank).is_empty() {
        bail!("-L: Syntax error");
    }
    match usize::try_from(value) {
        Ok(limit @ 1..=0x7fff_ffff) => Ok(limit),
        _ => bail!("-L: Range error"),
    }
}

fn timeout(text: &str) -> anyhow::Result<Duration> {
    let Some(seconds) = number::seconds(text) else { bail!("-T: Syntax error") };
    match Duration::try_from_secs_f64(seconds) {
        Ok(timeout) => Ok(timeout),
        Err(_) => bail!("-T: Range error"),
    }
}
