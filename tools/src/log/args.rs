//! The command line of `shellac log`, and the settings that it stands for.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::bail;
use shellac_format::Dialect;
use shellac_log::{Filter, Grouping, Limits};
use shellac_query::Query;

use super::queue::OnFull;
use super::record_filter::RecordFilter;
use crate::attach::Patience;

/// Options of `shellac log`.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// Instance: an absolute path of a working directory, or a name
    #[arg(short = 'n', value_name = "NAME")]
    instance: Option<String>,

    /// How long to wait for the instance, in seconds, or "off" for ever
    #[arg(short = 't', allow_negative_numbers = true, value_name = "SECONDS", default_value = "5")]
    patience: String,

    /// Start with the oldest record that the log still holds and stop at the newest
    #[arg(short = 'd')]
    dump: bool,

    /// How records are grouped: raw, vxid, request or session
    #[arg(short = 'g', value_name = "GROUPING", default_value = "vxid")]
    grouping: String,

    #[command(flatten)]
    filter: RecordFilter,

    /// Only groups that this selects; several are alternatives
    #[arg(short = 'q', value_name = "QUERY")]
    query: Vec<String>,

    /// Stop after this many groups
    #[arg(short = 'k', allow_negative_numbers = true, value_name = "N")]
    count: Option<String>,

    /// Give up transactions that stay incomplete for this long, in seconds
    #[arg(short = 'T', allow_negative_numbers = true, value_name = "SECONDS")]
    timeout: Option<String>,

    /// Give up the oldest transactions when more than this many are incomplete
    #[arg(short = 'L', allow_negative_numbers = true, value_name = "LIMIT")]
    limit: Option<String>,

    /// Read a file of records instead of a live log; "-" for standard input
    #[arg(short = 'r', value_name = "FILE")]
    read: Option<PathBuf>,

    /// Write records to this file, for -r, instead of text to standard output; "-" for standard output
    #[arg(short = 'w', value_name = "FILE")]
    write: Option<PathBuf>,

    /// With -w: append
    #[arg(short = 'a')]
    append: bool,

    /// Number and side of each record on every line
    #[arg(short = 'v')]
    verbose: bool,

    /// Which table of tags the log uses: 6.0-7.2, 7.3-8.0, 8.0.1-vs or 9.0-vs
    #[arg(long, value_name = "DIALECT")]
    dialect: Option<Dialect>,

    /// What happens to records of a live log when the output is too slow for them: block leaves them in the log
    /// until there is room, drop drops and counts them
    #[arg(long, value_enum, value_name = "WHAT", default_value_t)]
    on_full: OnFull,

    /// End with status 3 if any records of a live log were lost
    #[arg(long)]
    fail_on_loss: bool,

    /// Print the version
    #[arg(short = 'V', long)]
    pub(super) version: bool,
}

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
#[derive(Debug, PartialEq, Eq)]
pub(super) enum To {
    /// As text to standard output.
    Text,
    /// As records to a file, or to standard output for `-`.
    Records {
        /// The file.
        path: PathBuf,
        /// Behind what is in it.
        append: bool,
    },
}

/// A checked command line.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) from: From,
    pub(super) to: To,
    pub(super) dialect: Option<Dialect>,
    pub(super) grouping: Grouping,
    pub(super) limits: Limits,
    pub(super) filter: Filter,
    pub(super) query: Option<Query>,
    pub(super) count: Option<u64>,
    pub(super) verbose: bool,
    pub(super) on_full: OnFull,
    pub(super) fail_on_loss: bool,
}

impl Args {
    /// Checks what clap cannot.
    pub(super) fn settings(&self) -> anyhow::Result<Settings> {
        let to = match &self.write {
            Some(path) => To::Records { path: path.clone(), append: self.append },
            None => To::Text,
        };
        let query = match &self.query[..] {
            [] => None,
            queries => match Query::parse(queries.join("\n")) {
                Ok(query) => Some(query),
                Err(error) => bail!("Query expression error:\n{error}"),
            },
        };
        Ok(Settings {
            from: self.from()?,
            filter: self.filter.filter(to != To::Text)?,
            to,
            dialect: self.dialect,
            grouping: grouping(&self.grouping)?,
            limits: self.limits()?,
            query,
            count: self.count.as_deref().map(count).transpose()?,
            verbose: self.verbose,
            on_full: self.on_full,
            fail_on_loss: self.fail_on_loss,
        })
    }

    fn from(&self) -> anyhow::Result<From> {
        if let Some(path) = &self.read {
            if self.instance.is_some() {
                bail!("Only one of -n and -r options may be used");
            }
            return Ok(From::File(path.clone()));
        }
        let patience = Patience::parse(&self.patience)?;
        Ok(From::Live { instance: self.instance.clone(), patience, dump: self.dump })
    }

    fn limits(&self) -> anyhow::Result<Limits> {
        let mut limits = Limits::default();
        if let Some(text) = &self.timeout {
            let Ok(seconds) = text.trim().parse::<f64>() else { bail!("-T: Syntax error") };
            let Ok(timeout) = Duration::try_from_secs_f64(seconds) else {
                bail!("-T: Range error")
            };
            limits.timeout = timeout;
        }
        if let Some(text) = &self.limit {
            let Ok(limit) = text.trim().parse::<i64>() else { bail!("-L: Syntax error") };
            let limit =
                usize::try_from(limit).ok().filter(|limit| (1..=0x7fff_ffff).contains(limit));
            let Some(limit) = limit else { bail!("-L: Range error") };
            limits.open_max = limit;
        }
        Ok(limits)
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

fn count(text: &str) -> anyhow::Result<u64> {
    match text.parse::<i32>().ok().and_then(|count| u64::try_from(count).ok()) {
        Some(count) if count > 0 => Ok(count),
        _ => bail!("-k: Invalid number '{text}'"),
    }
}

#[cfg(test)]
mod tests;
