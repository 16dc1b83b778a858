//! `shellac log -r` against Debian's varnishlog on the same 24 MB of mixed traffic.
//!
//! Whole processes that write to `/dev/null`, in turns, so that what the machine does beside falls on both. Printed
//! are medians and the median of the ratios of each round: how many times as fast as varnishlog we are.
//!
//! `cargo bench -p shellac --bench log_raw [-- ROUNDS]`

use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

const GROUPINGS: [&str; 3] = ["raw", "vxid", "request"];

fn main() -> ExitCode {
    // `cargo bench` adds `--bench`; the number is ours.
    let rounds = std::env::args().skip(1).find_map(|text| text.parse().ok()).unwrap_or(15);
    if Command::new("varnishlog").arg("-V").output().is_err() {
        println!("skipped: varnish is not installed");
        return ExitCode::SUCCESS;
    }
    let packed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/corpus/mix-7.vsl.zst");
    let packed = std::fs::read(packed).expect("the fixture is there");
    let directory = tempfile::tempdir().expect("a temporary directory");
    let file = directory.path().join("mix-7.vsl");
    std::fs::write(&file, zstd::decode_all(&packed[..]).expect("the fixture is whole"))
        .expect("it is unpacked");
    println!("{:<10} {:>10} {:>12} {:>8}", "grouping", "shellac", "varnishlog", "ratio");
    for grouping in GROUPINGS {
        let shellac = || {
            let mut command = Command::new(env!("CARGO_BIN_EXE_shellac"));
            command.args(["log", "-g", grouping, "-r"]).arg(&file);
            command
        };
        let varnishlog = || {
            let mut command = Command::new("varnishlog");
            command.args(["-g", grouping, "-r"]).arg(&file);
            command
        };
        // Once for the caches, and to see that both do the same work.
        let same = output(shellac()) == output(varnishlog());
        assert!(same, "{grouping}: the two print different texts");
        let (mut ours, mut theirs, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..rounds {
            let (our, their) = (time(shellac()), time(varnishlog()));
            ratios.push(their.as_secs_f64() / our.as_secs_f64());
            ours.push(our.as_secs_f64());
            theirs.push(their.as_secs_f64());
        }
        println!(
            "{grouping:<10} {:>7.1} ms {:>9.1} ms {:>8.2}",
            median(&mut ours) * 1e3,
            median(&mut theirs) * 1e3,
            median(&mut ratios)
        );
    }
    ExitCode::SUCCESS
}

fn output(mut command: Command) -> Vec<u8> {
    command.output().expect("it starts").stdout
}

#[allow(clippy::disallowed_methods, reason = "a bench: nobody hands it the time")]
fn time(mut command: Command) -> Duration {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let start = Instant::now();
    let status = command.status().expect("it starts");
    let time = start.elapsed();
    assert!(status.success());
    time
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
