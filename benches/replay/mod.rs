//! A long recording for readers of files to be measured with, and what whole processes cost that read it.
//!
//! The file is the recorded mixture repeated, with other transaction numbers each time, as a long recording has them.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use shellac_format::record::encode;
use shellac_format::{Dialect, Heads, Tag, Vxid};
use tempfile::TempDir;

/// How often the recording is repeated: 11 times 24 MB.
const REPEATS: u64 = 11;
/// More than any number in the recording.
const NUMBERS: u64 = 500_000;
/// Runs of one program in a row, of which there is one measurement: the system counts in steps of 10 ms.
const RUNS: u32 = 3;
/// Steps in a second, the same on every Linux.
const STEPS_PER_SECOND: f64 = 100.0;

/// The recording by itself and repeated, in a directory that goes away with the value.
pub(crate) struct Recordings {
    _directory: TempDir,
    /// 24 MB.
    pub(crate) short: PathBuf,
    /// 264 MB.
    pub(crate) long: PathBuf,
}

impl Recordings {
    /// Unpacks the recording and repeats it.
    pub(crate) fn unpack() -> Recordings {
        let packed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/corpus/mix-7.vsl.zst");
        let packed = std::fs::read(packed).expect("the fixture is there");
        let recording = zstd::decode_all(&packed[..]).expect("the fixture is whole");
        let directory = tempfile::tempdir().expect("a temporary directory");
        let (short, long) = (directory.path().join("short.vsl"), directory.path().join("long.vsl"));
        std::fs::write(&short, &recording).expect("it is unpacked");
        repeat(&recording, &long).expect("it is repeated");
        Recordings { _directory: directory, short, long }
    }
}

/// Writes the recording many times, each time with other transaction numbers, also where records name others.
fn repeat(recording: &[u8], path: &Path) -> io::Result<()> {
    let dialect = Dialect::V6_0;
    let layout = dialect.layout();
    let relations = [Tag::Begin, Tag::Link].map(|tag| tag.number(dialect));
    let (magic, records) = recording.split_at(layout.file_magic().len());
    let mut file = BufWriter::new(File::create(path)?);
    file.write_all(magic)?;
    let mut out = Vec::new();
    for round in 0..REPEATS {
        let shifted = |vxid: u64| if vxid == 0 { 0 } else { vxid + round * NUMBERS };
        out.clear();
        for place in Heads::new(layout, records) {
            let record = place.record(records);
            assert!(record.vxid.0 < NUMBERS, "rounds share numbers");
            let vxid = Vxid(shifted(record.vxid.0));
            let text = if relations.contains(&Some(record.number)) {
                let text = str::from_utf8(record.text()).expect("Begin and Link are plain text");
                let words = text.split(' ').enumerate().map(|(at, word)| match at {
                    1 => shifted(word.parse().expect("the second word is a number")).to_string(),
                    _ => word.to_owned(),
                });
                Some(words.collect::<Vec<_>>().join(" ") + "\0")
            } else {
                None
            };
            let payload = text.as_deref().map_or(record.payload, str::as_bytes);
            encode(&mut out, layout, record.number, vxid, record.side, payload);
        }
        file.write_all(&out)?;
    }
    file.flush()
}

fn to_nowhere(mut command: Command) -> Command {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// User and system time of one run, in seconds.
pub(crate) fn processor_time(command: impl Fn() -> Command) -> f64 {
    let before = steps_of_children();
    for _ in 0..RUNS {
        let status = to_nowhere(command()).status().expect("it starts");
        assert!(status.success());
    }
    (steps_of_children() - before) / STEPS_PER_SECOND / f64::from(RUNS)
}

/// What all children that have ended took so far.
fn steps_of_children() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("this is Linux");
    // The name is in brackets and may hold anything; user and system time of children are the 14th and 15th word
    // behind it.
    let (_, words) = stat.rsplit_once(')').expect("the name is in brackets");
    let steps = words.split_whitespace().skip(13).take(2);
    steps.map(|word| word.parse::<f64>().expect("a number of steps")).sum()
}

/// The most anonymous memory that a run had, in kilobytes, looked at every 2 ms.
pub(crate) fn peak_memory(command: Command) -> u64 {
    let mut child = to_nowhere(command).spawn().expect("it starts");
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    while child.try_wait().expect("it is our child").is_none() {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("RssAnon:"));
        let now = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
        peak = peak.max(now.unwrap_or(0));
        thread::sleep(Duration::from_millis(2));
    }
    peak
}

/// The middle one.
pub(crate) fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
