//! Logs that come and go.

use std::io::{BufRead, BufReader};
use std::path::Path;

use shellac_format::Dialect;

use super::reader::Reader;
use crate::ring::checker::BatchText;
use crate::ring::generator::Generator;
use crate::support::deadline::Deadline;

const OPTIONS: [&str; 4] = ["--threads", "1", "--transactions", "50"];

/// Writes one log to its end while somebody reads, and takes its directory away.
fn live_once(workdir: &Path, lines: &std::sync::mpsc::Receiver<String>) {
    let generator = Generator::start(workdir, Dialect::V7_3, 4 << 20, &OPTIONS);
    generator.reader_is_there();
    generator.wait_for_summary();
    let deadline = Deadline::generous();
    let batches = generator.published_batches();
    assert_eq!(batches, 150);
    for number in 0..batches {
        let line = loop {
            let left = deadline.left().expect("all batches come in time");
            let line = lines.recv_timeout(left).expect("the reader goes on");
            if line.contains(" G t=") {
                break line;
            }
        };
        let (_, text) = line.split_once(" G ").unwrap();
        assert_eq!(BatchText::parse(&format!("G {text}")).batch, number);
    }
}

#[test]
fn it_waits_for_a_log_and_for_the_next_one_and_misses_nothing_of_either() {
    let place = tempfile::tempdir().unwrap();
    let workdir = place.path().join("not-there-yet");
    let mut reader = Reader::start(&workdir, &["-t", "off", "-g", "raw", "-i", "VCL_Log"]);
    let (send, lines) = std::sync::mpsc::channel();
    let out = reader.child.stdout.take().unwrap();
    std::thread::spawn(move || {
        for line in BufReader::new(out).lines().map_while(Result::ok) {
            if send.send(line).is_err() {
                return;
            }
        }
    });
    // Dots are what it shows while it waits.
    reader.wait_until_it_says(".");
    for round in 0..3 {
        std::fs::create_dir(&workdir).unwrap();
        live_once(&workdir, &lines);
        std::fs::remove_dir_all(&workdir).unwrap();
        let abandoned = || (reader.said().matches("Log abandoned").count() > round).then_some(());
        Deadline::generous().wait_for("the reader to notice", abandoned);
    }
    let (status, said) = reader.end();
    assert!(status.success(), "{said}");
    assert_eq!(said.matches("Log reacquired").count(), 2, "{said}");
}
