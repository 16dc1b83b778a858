//! `shellac json -r` against our own `shellac log -g request` on the same 264 MB of mixed traffic: processor time.
//!
//! Whole processes that write to `/dev/null`, in turns, so that what the machine does beside falls on both. Printed are
//! medians of user and system time, the median of the ratios of each round (how many times as much JSON takes as
//! text), and the most memory of its own that a run beside had.
//!
//! `cargo bench -p shellac --bench json [-- ROUNDS]`

mod replay;

use std::path::Path;
use std::process::Command;

use replay::{Recordings, median, peak_memory, processor_time};

const CASES: [&[&str]; 4] = [
    &["json", "-g", "request"],
    &["json", "-g", "request", "-q", "RespStatus >= 500"],
    &["json", "-g", "request", "-i", "ReqURL"],
    &["json", "--schema", "varnishlog-json", "-g", "request"],
];

fn main() {
    // `cargo bench` adds `--bench`; the number is ours.
    let rounds = std::env::args().skip(1).find_map(|text| text.parse().ok()).unwrap_or(7);
    let recordings = Recordings::unpack();
    let run = |arguments: &[&str], file: &Path| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_shellac"));
        command.args(arguments).arg("-r").arg(file);
        command
    };
    println!("{:<50} {:>10} {:>10} {:>6} {:>10}", "", "json", "log", "ratio", "RssAnon");
    for case in CASES {
        // The same groups as text; which schema there is has no meaning for it.
        let same: Vec<&str> = match case {
            ["json", "--schema", _, rest @ ..] | ["json", rest @ ..] => [&["log"], rest].concat(),
            _ => unreachable!("every case begins so"),
        };
        let lines = |arguments: &[&str]| {
            let output = run(arguments, &recordings.short).output().expect("it starts");
            assert!(output.status.success());
            output.stdout
        };
        // An empty line is behind each.
        let text = lines(&same);
        let groups = text.windows(2).filter(|pair| pair == b"\n\n").count();
        let objects = lines(case).split(|&byte| byte == b'\n').filter(|it| !it.is_empty()).count();
        assert_eq!(objects, groups, "{case:?}: a line for each group");
        // This also brings the file into the cache.
        let peak_kilobytes = peak_memory(run(case, &recordings.long));
        let (mut ours, mut theirs, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..rounds {
            let json = processor_time(|| run(case, &recordings.long));
            let log = processor_time(|| run(&same, &recordings.long));
            ratios.push(json / log);
            ours.push(json);
            theirs.push(log);
        }
        println!(
            "{:<50} {:>8.3} s {:>8.3} s {:>6.2} {:>7} kB",
            case.join(" "),
            median(&mut ours),
            median(&mut theirs),
            median(&mut ratios),
            peak_kilobytes
        );
    }
}
