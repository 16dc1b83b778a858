//! The ring between two processes: `shellac generate` writes, this test or Debian's varnishlog reads, and what
//! was written is exactly what was read and what was reported lost.

pub(crate) mod checker;
pub(crate) mod generator;
mod stock;
mod stopped;

use std::path::Path;

use shellac_format::Dialect;
use shellac_ring::{Cursor, Hole, Next, Start, layout_of};
use shellac_sys::LogView;
use shellac_vsm::{AttachOptions, Attachment};

use crate::support::deadline::Deadline;
use checker::Checker;
use generator::Generator;

/// Size of the rings that are wrapped hundreds of times.
const RING_BYTES: u64 = 1 << 20;

fn open(workdir: &Path) -> (Attachment, Cursor) {
    let attachment = Attachment::open(workdir, AttachOptions { check_pid: true }).unwrap();
    let segment = attachment.find("Log", "Log").expect("no log in the directory");
    let log = LogView::open(attachment.map(segment).unwrap()).unwrap();
    let layout = layout_of(&log).unwrap();
    (attachment, Cursor::open(log, layout, Start::Head).unwrap())
}

/// Reads what is there. `true` when something was.
fn read_some(cursor: &mut Cursor, checker: &mut Checker, out: &mut Vec<u8>) -> bool {
    let mut any = false;
    // A turn ends now and then, so that callers can look at other things.
    for _ in 0..1000 {
        match cursor.next(out).unwrap() {
            Next::Batch => checker.batch(out),
            Next::Overrun(loss) => checker.loss(loss),
            Next::Nothing => return any,
        }
        any = true;
    }
    any
}

/// A reader that is left behind again and again, for many laps each time.
fn stress(dialect: Dialect, options: &[&str]) {
    let dir = tempfile::tempdir().unwrap();
    let generator = Generator::start(dir.path(), dialect, RING_BYTES, options);
    let (_attachment, mut cursor) = open(dir.path());
    generator.reader_is_there();
    let mut checker = Checker::new(dialect);
    let mut out = Vec::new();
    let deadline = Deadline::after(std::time::Duration::from_secs(300));
    let mut next_pause = 2 * RING_BYTES;
    while generator.summary().is_none() {
        let has_read = read_some(&mut cursor, &mut checker, &mut out);
        let published = generator.published_bytes();
        if published > next_pause {
            // Stopped for some laps, or until there is no more to come.
            let until = published + (3 + published % 11) * RING_BYTES;
            deadline.wait_for("the writer to lap the reader", || {
                (generator.published_bytes() > until || generator.summary().is_some()).then_some(())
            });
            next_pause = generator.published_bytes() + 2 * RING_BYTES + published % RING_BYTES;
        } else if !has_read {
            assert!(deadline.left().is_some(), "the generator does not end");
            std::thread::yield_now();
        }
    }
    while read_some(&mut cursor, &mut checker, &mut out) {}

    let summary = generator.summary().unwrap();
    let counts = generator.counts();
    let laps = summary.written_bytes / RING_BYTES;
    println!("{laps} laps, {summary:?}, {checker:?}");
    assert!(laps >= 200, "only {laps} laps");
    assert!(checker.losses > 10, "the reader was never left behind");
    checker.assert_complete(&counts);
    // What was lost beside batches, and what was read beside batches, are fillers and wrap marks, all of them.
    let beside = summary.filler_bytes + 4 * (summary.written_bytes / cursor_lap_bytes(&cursor));
    let lost_beside = checker.lost_bytes.checked_sub(checker.missing_bytes);
    let lost_beside = lost_beside.expect("more is missing than was reported lost");
    let read_beside = summary.written_bytes.checked_sub(checker.read_bytes + checker.lost_bytes);
    let read_beside = read_beside.expect("more was read and lost than was written");
    assert_eq!(lost_beside + read_beside, beside);
    assert_eq!(checker.read_bytes + checker.missing_bytes, summary.bytes);
}

fn cursor_lap_bytes(cursor: &Cursor) -> u64 {
    use shellac_sys::LogHead;
    u64::from(cursor.log().segment_words()) * u64::from(cursor.log().segments()) * 4
}

#[test]
fn written_is_read_plus_reported_lost_with_three_header_words() {
    stress(Dialect::V7_3, &["--threads", "3", "--batch-bytes", "3000", "--transactions", "6200"]);
}

#[test]
fn written_is_read_plus_reported_lost_with_two_header_words() {
    let large = ["--batch-bytes", "20000", "--record-bytes", "40000"];
    let options = [&["--threads", "2", "--transactions", "1100"][..], &large[..]].concat();
    stress(Dialect::V6_0, &options);
}

#[test]
fn a_killed_writer_leaves_no_damage_and_its_successor_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let options = ["--threads", "4", "--batch-bytes", "200"];
    let mut attachment: Option<Attachment> = None;
    let (mut holes, mut behind) = (0, 0);
    for run in 0..25_u64 {
        let mut generator = Generator::start(dir.path(), Dialect::V7_3, RING_BYTES, &options);
        let (fresh, mut cursor) = open(dir.path());
        if let Some(mut old) = attachment.replace(fresh) {
            assert!(old.refresh().worker_restarted, "run {run}: the restart was not seen");
        }
        generator.reader_is_there();
        let mut checker = Checker::new(Dialect::V7_3);
        let mut out = Vec::new();
        let enough = 1 + run * 7919 % 9000;
        let deadline = Deadline::generous();
        // In every other run the reader is stopped until the writer is dead.
        while generator.published_batches() < enough {
            if run % 2 == 0 {
                read_some(&mut cursor, &mut checker, &mut out);
            }
            assert!(deadline.left().is_some(), "run {run}: the generator does not write");
        }
        generator.kill();
        // What the dead writer left: a hole where each thread was, and whatever others put behind it.
        let at_most_bytes = loop {
            while read_some(&mut cursor, &mut checker, &mut out) {}
            match cursor.skip_hole().unwrap() {
                Hole::Skipped(loss) => {
                    holes += 1;
                    checker.loss(loss);
                }
                Hole::Last { at_most_bytes } => break at_most_bytes,
            }
        };
        behind += u64::from(checker.assert_complete_up_to(&generator.counts(), at_most_bytes));
    }
    println!(
        "25 writers killed: {holes} holes skipped, {behind} times batches were behind the last one"
    );
}

#[test]
fn varnishlog_shows_everything_that_is_in_the_ring() {
    for grouping in ["raw", "vxid", "request"] {
        stock::whole_ring(grouping);
    }
}

#[test]
fn varnishlog_follows_the_ring_lap_after_lap_raw() {
    stock::follow("raw");
}

#[test]
fn varnishlog_follows_the_ring_lap_after_lap_by_vxid() {
    stock::follow("vxid");
}

#[test]
fn varnishlog_follows_the_ring_lap_after_lap_by_request() {
    stock::follow("request");
}
