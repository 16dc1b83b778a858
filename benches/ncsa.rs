//! `shellac ncsa -r` against Debian's varnishncsa on the same 264 MB of mixed traffic: processor time.
//!
//! Whole processes that write to `/dev/null`, in turns, so that what the machine does beside falls on both. Printed are medians
//! of user and system time, the median of the ratios of each round (how many times as much varnishncsa takes), and the most
//! memory of its own that ours had in a run beside.
//!
//! `cargo bench -p shellac --bench ncsa [-- ROUNDS]`

mod replay;

use std::path::Path;
use std::process::{Command, ExitCode};

use replay::{Recordings, median, peak_memory, processor_time};

const CASES: [&[&str]; 5] = [
    &[],
    &["-b", "-c"],
    &["-F", "%h %s %D %{X-Request-Id}i %{Varnish:handling}x %{VSL:Timestamp:Resp[2]}x"],
    &["-g", "request"],
    &["-q", "RespStatus >= 500"],
];

fn main() -> ExitCode {
    // `cargo bench` adds `--bench`; the number is ours.
    let rounds = std::env::args().skip(1).find_map(|text| text.parse().ok()).unwrap_or(7);
    if Command::new("varnishncsa").arg("-V").output().is_err() {
        println!("skipped: varnish is not installed");
        return ExitCode::SUCCESS;
    }
    let recordings = Recordings::unpack();
    println!("{:<90} {:>10} {:>12} {:>7} {:>10}", "", "shellac", "varnishncsa", "ratio", "RssAnon");
    for case in CASES {
        let shellac = |file: &Path| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_shellac"));
            command.arg("ncsa").args(case).arg("-r").arg(file);
            command
        };
        let varnishncsa = |file: &Path| {
            let mut command = Command::new("varnishncsa");
            command.args(case).arg("-r").arg(file);
            command
        };
        let output = |mut command: Command| command.output().expect("it starts").stdout;
        let same = output(shellac(&recordings.short)) == output(varnishncsa(&recordings.short));
        assert!(same, "{case:?}: the two print different texts");
        // This also brings the file into the cache.
        let peak_kilobytes = peak_memory(shellac(&recordings.long));
        let (mut ours, mut theirs, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..rounds {
            let our = processor_time(|| shellac(&recordings.long));
            let their = processor_time(|| varnishncsa(&recordings.long));
            ratios.push(their / our);
            ours.push(our);
            theirs.push(their);
        }
        println!(
            "{:<90} {:>8.3} s {:>10.3} s {:>7.1} {:>7} kB",
            case.join(" "),
            median(&mut ours),
            median(&mut theirs),
            median(&mut ratios),
            peak_kilobytes
        );
    }
    ExitCode::SUCCESS
}
