//! `varnishtop -1 -r`, ours under that name against Debian's, on the same 264 MB of mixed traffic: processor time.
//!
//! Whole processes that write to `/dev/null`, in turns, so that what the machine does beside falls on both. Printed are medians of
//! user and system time, the median of the ratios of each round (how many times as much the stock tool takes), and the
//! most memory of its own that ours had in a run beside. The lists of one repetition are compared first.
//!
//! `cargo bench -p shellac --bench top [-- ROUNDS]`

mod replay;

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitCode};

use replay::{Recordings, median, peak_memory, processor_time};

const CASES: [&[&str]; 5] = [
    &[],
    &["-g", "raw"],
    &["-g", "request", "-f"],
    &["-i", "ReqURL"],
    &["-q", "RespStatus >= 500"],
];

fn main() -> ExitCode {
    // `cargo bench` adds `--bench`; the number is ours.
    let rounds = std::env::args().skip(1).find_map(|text| text.parse().ok()).unwrap_or(7);
    if Command::new("varnishtop").arg("-V").output().is_err() {
        println!("skipped: varnish is not installed");
        return ExitCode::SUCCESS;
    }
    let recordings = Recordings::unpack();
    let run = |program: &str, case: &[&str], file: &Path| {
        let mut command = Command::new(program);
        command.arg0("varnishtop").arg("-1").args(case).arg("-r").arg(file);
        command
    };
    let shellac = env!("CARGO_BIN_EXE_shellac");
    println!(
        "{:<34} {:>10} {:>12} {:>7} {:>10}",
        "-1", "shellac", "varnishtop", "ratio", "RssAnon"
    );
    for case in CASES {
        let list = |program: &str| {
            run(program, case, &recordings.short).output().expect("it starts").stdout
        };
        assert!(list(shellac) == list("varnishtop"), "{case:?}: the two list different texts");
        // This also brings the file into the cache.
        let peak_kilobytes = peak_memory(run(shellac, case, &recordings.long));
        let (mut ours, mut theirs, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..rounds {
            let our = processor_time(|| run(shellac, case, &recordings.long));
            let their = processor_time(|| run("varnishtop", case, &recordings.long));
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
