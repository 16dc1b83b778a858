//! The command line of `shellac record`.

use std::path::PathBuf;
use std::time::Duration;

use shellac_capture::rules::{Keep, Limit, parse_duration};
use shellac_capture::{Fsync, KeepFree, Roll};
use shellac_config::parse_size_bytes;
use shellac_format::Dialect;

/// Options of `shellac record`.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// Keep groups that this query selects; may be given several times
    #[arg(long, value_name = "QUERY")]
    pub(super) on: Vec<String>,

    /// Fire when this is so: "rate(FetchError) > 10/s for 5s", "ratio(RespStatus >= 500, all) > 1%",
    /// "change(FetchError by backend) > 3x"; may be given several times
    #[arg(long, value_name = "RULE")]
    pub(super) on_rate: Vec<String>,

    /// Fire when a new line of another program's log matches; "-" is standard input
    #[arg(long, num_args = 2, value_names = ["FILE", "REGEX"])]
    pub(super) on_line: Vec<String>,

    /// Fire when a message of the kernel matches
    #[arg(long, value_name = "REGEX")]
    pub(super) on_kmsg: Vec<String>,

    /// Where messages of the kernel come from
    #[arg(long, value_name = "FILE", default_value = "/dev/kmsg", hide = true)]
    pub(super) kmsg: PathBuf,

    /// Take rules from a TOML file
    #[arg(long, value_name = "FILE")]
    pub(super) rules: Option<PathBuf>,

    /// Keep what came so long before, too
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    pub(super) before: Option<Duration>,

    /// Keep what comes so long after, too
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    pub(super) after: Option<Duration>,

    /// What of it: group, session, backend or all [default: all with --before or --after, else group]
    #[arg(long, value_name = "WHAT", value_parser = keep)]
    pub(super) keep: Option<Keep>,

    /// Start this program, with the group as JSON on its standard input; no shell, no arguments (rules can have them)
    #[arg(long, value_name = "PROGRAM")]
    pub(super) exec: Option<PathBuf>,

    /// Fire at most so often per rule and class of error: COUNT/TIME, or "off"
    #[arg(long, value_name = "LIMIT", default_value = "300/1m", value_parser = limit)]
    pub(super) limit: MaybeLimit,

    /// Directory of captures
    #[arg(short = 'o', long = "output", value_name = "DIR")]
    pub(super) dir: PathBuf,

    /// Instance: an absolute path of a working directory, or a name
    #[arg(short = 'n', value_name = "NAME", conflicts_with = "read")]
    pub(super) instance: Option<String>,

    /// Wait so many seconds for the instance, or "off": for ever
    #[arg(short = 't', value_name = "TIMEOUT", default_value = "off")]
    pub(super) timeout: String,

    /// Look at a file of records instead of a live log; "-" for standard input
    #[arg(short = 'r', value_name = "FILE")]
    pub(super) read: Option<PathBuf>,

    /// Which table of tags the log uses: 6.0-7.2, 7.3-8.0, 8.0.1-vs or 9.0-vs
    #[arg(long, value_name = "DIALECT")]
    pub(super) dialect: Option<Dialect>,

    /// Bytes that captures may use
    #[arg(long, value_name = "SIZE", default_value = "1G", value_parser = parse_size_bytes)]
    pub(super) budget: u64,

    /// Capture files at most
    #[arg(long, value_name = "NUMBER", default_value_t = 1000)]
    pub(super) files: usize,

    /// What stays free on the file system: percent, or a size
    #[arg(long, value_name = "SHARE", default_value = "5%", value_parser = keep_free)]
    pub(super) keep_free: KeepFree,

    /// Captures of every class of error that stay, from the first one on
    #[arg(long, value_name = "NUMBER", default_value_t = 5)]
    pub(super) first: usize,

    /// Captures of every class of error that stay, from the last one back
    #[arg(long, value_name = "NUMBER", default_value_t = 20)]
    pub(super) last: usize,

    /// Bytes of one capture at most
    #[arg(long, value_name = "SIZE", default_value = "256M", value_parser = parse_size_bytes)]
    pub(super) max_capture: u64,

    /// Bytes of the index
    #[arg(long, value_name = "SIZE", default_value = "64M", value_parser = parse_size_bytes)]
    pub(super) index_budget: u64,

    /// Put several captures into one file, up to this size and age
    #[arg(long, value_name = "SIZE/TIME", value_parser = roll)]
    pub(super) roll: Option<Roll>,

    /// What is forced to the disk: none, capture (before it gets its name) or always
    #[arg(long, value_name = "WHAT", default_value = "capture", value_parser = fsync)]
    pub(super) fsync: Fsync,

    /// Compress captures of this age
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    pub(super) compress_after: Option<Duration>,

    /// Go to the background
    #[arg(short = 'D', conflicts_with = "read")]
    pub(super) daemon: bool,

    /// Write the process number to a file
    #[arg(short = 'P', value_name = "FILE")]
    pub(super) pid_file: Option<PathBuf>,
}

/// A limit, or none.
#[derive(Clone, Copy, Debug)]
pub(super) struct MaybeLimit(pub(super) Option<Limit>);

fn limit(text: &str) -> Result<MaybeLimit, String> {
    Limit::parse(text).map(MaybeLimit)
}

fn keep(text: &str) -> Result<Keep, String> {
    one_of(text, &Keep::WORDS)
}

fn fsync(text: &str) -> Result<Fsync, String> {
    one_of(text, &[("none", Fsync::None), ("capture", Fsync::Capture), ("always", Fsync::Always)])
}

fn one_of<T: Copy>(text: &str, words: &[(&str, T)]) -> Result<T, String> {
    words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value).ok_or_else(|| {
        let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        format!("one of {}", words.join(", "))
    })
}

fn keep_free(text: &str) -> Result<KeepFree, String> {
    match text.strip_suffix('%') {
        Some(percent) => percent
            .trim()
            .parse()
            .ok()
            .filter(|percent| (0.0..=100.0).contains(percent))
            .map(KeepFree::Percent)
            .ok_or_else(|| "0% to 100%".to_owned()),
        None => parse_size_bytes(text).map(KeepFree::Bytes),
    }
}

fn roll(text: &str) -> Result<Roll, String> {
    let (bytes, age) = text.split_once('/').ok_or("SIZE/TIME, such as 16M/10m")?;
    Ok(Roll { bytes: parse_size_bytes(bytes)?, age: parse_duration(age)? })
}
