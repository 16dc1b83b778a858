//! `shellac log -r` against Debian's varnishlog on the same 264 MB of mixed traffic: processor time.
//!
//! Whole processes that write to `/dev/null`, in turns, so that what the machine does beside falls on both. The file
//! is the recorded mixture repeated, with other transaction numbers each time, as a long recording has them.
//! Printed are medians of user and system time, the median of the ratios of each round (how many times as much
//! varnishlog takes), and the most memory of its own that ours had in a run beside.
//!
//! `cargo bench -p shellac --bench log [-- ROUNDS]`

mod replay;

use std::path::Path;
use std::process::{Command, ExitCode};

use replay::{Recordings, median, peak_memory, processor_time};

const CASES: [&[&str]; 7] = [
    &["-g", "raw"],
    &["-g", "vxid"],
    &["-g", "request"],
    &["-g", "request", "-q", "RespStatus >= 500"],
    &["-g", "request", "-q", "ReqURL ~ \"^/a\""],
    &["-i", "ReqURL"],
    &["-g", "request", "-i", "ReqURL"],
];

fn main() -> ExitCode {
    // `cargo bench` adds `--bench`; the number is ours.
    let rounds = std::env::args().skip(1).find_map(|text| text.parse().ok()).unwrap_or(7);
    if Command::new("varnishlog").arg("-V").output().is_err() {
        println!("skipped: varnish is not installed");
        return ExitCode::SUCCESS;
    }
    let recordings = Recordings::unpack();
    let (short, long) = (&recordings.short, &recordings.long);
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
        let same = output(shellac(short)) == output(varnishlog(short));
        assert!(same, "{case:?}: the two print different texts");
        // This also brings the file into the cache.
        let peak_kilobytes = peak_memory(shellac(long));
        let (mut ours, mut theirs, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..rounds {
            let (our, their) =
                (processor_time(|| shellac(long)), processor_time(|| varnishlog(long)));
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

fn output(mut command: Command) -> Vec<u8> {
    command.output().expect("it starts").stdout
}
