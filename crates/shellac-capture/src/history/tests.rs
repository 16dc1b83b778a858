use std::fs;

use shellac_format::Dialect;

use super::*;
use crate::made_up::batches;

const DIALECT: Dialect = Dialect::V7_3;

/// A file with so many requests, `2 * n` being the number of the first.
fn file(directory: &tempfile::TempDir, requests: u64) -> (Arc<LogFile>, Vec<u8>) {
    let mut bytes = DIALECT.layout().file_magic().to_vec();
    for number in 1..=requests {
        bytes.extend(batches(DIALECT, 10 * number, "/a", 200, false).concat());
    }
    let path = directory.path().join("log.vsl");
    fs::write(&path, &bytes).unwrap();
    (Arc::new(LogFile { path, dialect: DIALECT }), bytes)
}

fn place(file: &Arc<LogFile>, offset: usize) -> Place {
    Place::File(FilePlace { file: Arc::clone(file), offset: offset as u64 })
}

fn all(history: &mut History, until: Option<&Place>) -> Vec<u8> {
    let mut read = Vec::new();
    while let Some(records) = history.next(until) {
        read.extend_from_slice(records);
    }
    read
}

#[test]
fn a_file_is_read_on_from_a_place_in_it() {
    let directory = tempfile::tempdir().unwrap();
    let (file, bytes) = file(&directory, 3);
    let one = (bytes.len() - 4) / 3;
    for start in [0, 4, 4 + one, 4 + 2 * one, bytes.len()] {
        let (mut history, lost) = place(&file, start).open().unwrap();
        assert_eq!(
            (all(&mut history, None), lost),
            (bytes[start.max(4)..].to_vec(), 0),
            "from {start}"
        );
    }
    let (mut history, _) = place(&file, 4 + one).open().unwrap();
    assert_eq!(
        all(&mut history, Some(&place(&file, 4 + one))),
        b"",
        "nothing lies before its own place"
    );
}

#[test]
fn a_file_that_is_gone_is_an_error() {
    let directory = tempfile::tempdir().unwrap();
    let (file, _) = file(&directory, 1);
    fs::remove_file(&file.path).unwrap();
    assert!(place(&file, 4).open().unwrap_err().contains("No such file"));
}

#[test]
fn the_place_for_a_time_is_the_last_one_before_it_within_the_bytes() {
    let directory = tempfile::tempdir().unwrap();
    let (file, _) = file(&directory, 1);
    let mut moments = Moments::default();
    for second in 0..10_u64 {
        let time = Duration::from_secs(100 + second);
        assert!(moments.is_due(time, second << 20));
        moments.note(Moment { time, place: place(&file, 4), walked_bytes: second << 20 });
    }
    let time_at = |time: u64, max_bytes| {
        moments.at(Duration::from_secs(time), 10 << 20, max_bytes).map(|it| it.time.as_secs())
    };
    assert_eq!(time_at(105, u64::MAX), Some(105));
    assert_eq!(time_at(50, u64::MAX), Some(100), "the oldest, when none is old enough");
    assert_eq!(time_at(500, u64::MAX), Some(109));
    assert_eq!(time_at(102, 3 << 20), Some(107), "no more bytes than that");
    assert_eq!(time_at(102, 0), None);
    assert!(
        !moments.is_due(Duration::from_secs(900), 9 << 20),
        "where nothing was read there is nothing new"
    );
    assert!(!moments.is_due(Duration::from_millis(109_050), (9 << 20) + 1));
    assert!(moments.is_due(Duration::from_millis(109_050), (9 << 20) + (256 << 10)));
}

#[test]
fn places_are_thinned_out_and_belong_to_one_log() {
    let directory = tempfile::tempdir().unwrap();
    let (one, _) = file(&directory, 1);
    let (other, _) = file(&directory, 1);
    let mut moments = Moments::default();
    for number in 0..3 * MAX_MARKS as u64 {
        moments.note(Moment {
            time: Duration::from_secs(number),
            place: place(&one, 4),
            walked_bytes: number,
        });
        assert!(moments.list.len() <= MAX_MARKS);
    }
    assert_eq!(moments.oldest().map(|it| it.time), Some(Duration::ZERO));
    moments.note(Moment { time: Duration::ZERO, place: place(&other, 4), walked_bytes: 0 });
    assert_eq!(moments.list.len(), 1);
}
