//! `shellac log -r` against Debian's varnishlog on the same 264 MB of mixed traffic: processor time.
//!
//! Whole processes that write to `/dev/null`, in turns, so that what the machine does beside falls on both. The file
//! is the recorded mixture repeated, with other transaction numbers each time, as a long recording has them.
//! Printed are medians of user and system time, the median of the ratios of each round (how many times as much
//! varnishlog takes), and the most memory of its own that ours had in a run beside.
//!
//! `cargo bench -p shellac --bench log [-- ROUNDS]`

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::thread;
use std::time::Duration;

use shellac_format::record::encode;
use shellac_format::{Dialect, Heads, Tag, Vxid};

const CASES: [&[&str]; 7] = [
    &["-g", "raw"],
    &["-g", "vxid"],
    &["-g", "request"],
    &["-g", "request", "-q", "RespStatus >= 500"],
    &["-g", "request", "-q", "ReqURL ~ \"^/a\""],
    &["-i", "ReqURL"],
    &["-g", "request", "-i", "ReqURL"],
];

/// How often the recording is repeated: 11 times 24 MB.
const REPEATS: u64 = 11;
/// More than any number in the recording.
const NUMBERS: u64 = 500_000;
/// Runs of one program in a row, of which there is one measurement: the system counts in steps of 10 ms.
const RUNS: u32 = 3;
/// Steps in a second, the same on every Linux.
const STEPS_PER_SECOND: f64 = 100.0;

fn main() -> ExitCode {
    // `cargo bench` adds `--bench`; the number is ours.
    let rounds = std::env::args().skip(1).find_map(|text| text.parse().ok()).unwrap_or(7);
    if Command::new("varnishlog").arg("-V").output().is_err() {
        println!("skipped: varnish is not installed");
        return ExitCode::SUCCESS;
    }
    let packed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/corpus/mix-7.vsl.zst");
    let packed = std::fs::read(packed).expect("the fixture is there");
    let recording = zstd::decode_all(&packed[..]).expect("the fixture is whole");
    let directory = tempfile::tempdir().expect("a temporary directory");
    let (short, long) = (directory.path().join("short.vsl"), directory.path().join("long.vsl"));
    std::fs::write(&short, &recording).expect("it is unpacked");
    repeat(&recording, &long).expect("it is repeated");
    println!("{:<34} {:>10} {:>12} {:>7} {:>10}", "", "shellac", "varnishlog", "ratio", "RssAnon");
    for case in CASES {
        let shellac = |file: &Path| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_shellac"));
            command.arg("log").args(case).arg("-r").arg(file);
            command
        };
        let varnishlog = |file: &Path| {
            let mut command = Command::new("varnishlog");
            command.args(case).arg("-r").arg(file);
            command
        };
        let same = output(shellac(&short)) == output(varnishlog(&short));
        assert!(same, "{case:?}: the two print different texts");
        // This also brings the file into the cache.
        let peak_kilobytes = peak_memory(shellac(&long));
        let (mut ours, mut theirs, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..rounds {
            let (our, their) =
                (processor_time(|| shellac(&long)), processor_time(|| varnishlog(&long)));
            ratios.push(their / our);
            ours.push(our);
            theirs.push(their);
        }
        println!(
            "{:<34} {:>8.3} s {:>10.3} s {:>7.1} {:>7} kB",
            case.join(" "),
            median(&mut ours),
            median(&mut theirs),
            median(&mut ratios),
            peak_kilobytes
        );
    }
    ExitCode::SUCCESS
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

fn output(mut command: Command) -> Vec<u8> {
    command.output().expect("it starts").stdout
}

fn to_nowhere(mut command: Command) -> Command {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// User and system time of one run, in seconds.
fn processor_time(command: impl Fn() -> Command) -> f64 {
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
fn peak_memory(command: Command) -> u64 {
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

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
