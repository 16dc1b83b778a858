//! Files that are no logs, or not whole: an error with its place, in bounded time, and never a panic.

use std::path::Path;
use std::time::Duration;

use super::output;
use crate::support::deadline::Deadline;
use crate::support::fixture::unpacked_archive;

/// A small generator of numbers, so that a failure can be repeated.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}

/// Writes `bytes` to a file, reads it in every grouping, and says what standard error said in the last one.
fn complaint(directory: &Path, bytes: &[u8]) -> Option<String> {
    let file = directory.join("damaged.vsl");
    std::fs::write(&file, bytes).unwrap();
    let mut complaint = None;
    for grouping in ["raw", "request"] {
        let deadline = Deadline::after(Duration::from_secs(10));
        let output = output(&["-r", file.to_str().unwrap(), "-g", grouping]);
        assert!(deadline.left().is_some(), "it took too long");
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        match output.status.code() {
            Some(0) => complaint = None,
            Some(1) => {
                assert!(text.contains("damaged.vsl"), "the file is named: {text}");
                complaint = Some(text);
            }
            other => panic!("status {other:?}: {text}"),
        }
    }
    complaint
}

fn record(number: u32, vxid: u32, payload: &[u8]) -> Vec<u8> {
    let len = u32::try_from(payload.len()).unwrap();
    let mut bytes = (number << 24 | len).to_ne_bytes().to_vec();
    bytes.extend_from_slice(&(vxid | 1 << 30).to_ne_bytes());
    bytes.extend_from_slice(payload);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

#[test]
fn a_file_that_is_cut_names_the_record_that_is() {
    let directory = tempfile::tempdir().unwrap();
    let mut bytes = b"VSL\0".to_vec();
    let mut starts = vec![0, 4];
    for payload in [&b"req 1 rxreq\0"[..], b"/a\0", b"\0"] {
        bytes.extend(record(76, 2, payload));
        starts.push(bytes.len());
    }
    for cut in 0..=bytes.len() {
        let complaint = complaint(directory.path(), &bytes[..cut]);
        if cut >= 4 && starts.contains(&cut) {
            assert_eq!(complaint, None, "cut at {cut}");
            continue;
        }
        let complaint = complaint.unwrap_or_else(|| panic!("cut at {cut}: no complaint"));
        if cut < 4 {
            assert!(complaint.contains("Not a VSL file"), "{complaint}");
            continue;
        }
        let start = starts.iter().rev().find(|&&start| start < cut).unwrap();
        assert!(complaint.contains(&format!("byte {start}: ")), "cut at {cut}: {complaint}");
        assert!(complaint.contains("cut off"), "cut at {cut}: {complaint}");
    }
}

#[test]
fn what_is_no_record_is_named_with_its_place() {
    let directory = tempfile::tempdir().unwrap();
    let good = [b"VSL\0".to_vec(), record(16, 2, b"/a\0")].concat();
    let place = format!("byte {}: ", good.len());
    for (words, reason) in [
        (&[0u32, 0][..], "zero word"),
        (&[0x0000_0010, 2, 0, 0, 0, 0], "zero word"),
        (&[0xfe45_4545, 0], "end mark"),
        (&[0xfe57_5757, 0], "end mark"),
        (&[0x10ff_ffff, 2], "cut off"),
        (&[0xff00_0008, 2], "cut off"),
    ] {
        let bytes: Vec<u8> =
            good.iter().copied().chain(words.iter().flat_map(|word| word.to_ne_bytes())).collect();
        let complaint = complaint(directory.path(), &bytes).expect("a complaint");
        assert!(complaint.contains(&place) && complaint.contains(reason), "{complaint}");
    }
}

#[test]
fn random_bytes_end_in_an_error_or_in_records() {
    let directory = tempfile::tempdir().unwrap();
    let mut random = Random(0x5eed);
    let mut complaints = 0;
    for round in 0..60 {
        let magic: &[u8] = [&b"VSL\0"[..], b"VSL2", b""][round % 3];
        let len = usize::try_from(random.next() % 4096).unwrap();
        let mut bytes = magic.to_vec();
        bytes.extend((0..len).map(|_| random.next().to_le_bytes()[0]));
        complaints += usize::from(complaint(directory.path(), &bytes).is_some());
    }
    assert!(complaints > 50, "random bytes are hardly ever a log: {complaints}");
}

#[test]
fn a_capture_with_bytes_turned_ends_in_an_error_or_in_records() {
    let captures = unpacked_archive("captures/captures.tar.zst");
    let good = std::fs::read(captures.path().join("esi-nested.vsl")).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let mut random = Random(0xbad);
    for _ in 0..60 {
        let mut bytes = good.clone();
        for _ in 0..=random.next() % 4 {
            let at = usize::try_from(random.next() % bytes.len() as u64).unwrap();
            bytes[at] ^= 1 << (random.next() % 8);
        }
        complaint(directory.path(), &bytes);
    }
}

#[test]
fn a_directory_or_nothing_is_no_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().to_str().unwrap();
    for (file, reason) in
        [(path.to_owned(), "cannot read at byte 0"), (format!("{path}/x"), "Cannot open")]
    {
        let output = output(&["-r", &file]);
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{complaint}");
        assert!(complaint.contains(reason) && complaint.contains(path), "{complaint}");
    }
}

/// The recorded directory of a 7.1.1, its log changed by `damage`; what reading it says and ends with.
fn damaged_log(damage: impl FnOnce(&mut Vec<u8>)) -> (Option<i32>, String) {
    let directory = unpacked_archive("snapshots/vsm-snapshot-7.1.1.tar.gz");
    let child = directory.path().join("_.vsm_child");
    let log = std::fs::read_dir(&child)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.file_name().unwrap().to_str().unwrap().starts_with("_.Log."))
        .expect("there is a log");
    let mut bytes = std::fs::read(&log).unwrap();
    damage(&mut bytes);
    std::fs::write(&log, bytes).unwrap();
    let deadline = Deadline::after(Duration::from_secs(10));
    let args = ["-n", directory.path().to_str().unwrap(), "-d", "-g", "raw", "-t", "0.2"];
    let output = super::command(&args).env("VSM_NOPID", "1").output().unwrap();
    assert!(deadline.left().is_some(), "it took too long");
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!complaint.contains("panicked"), "{complaint}");
    (output.status.code(), complaint)
}

/// What is done to the bytes of a log segment.
type Damage = Box<dyn FnOnce(&mut Vec<u8>)>;

/// Where the words of a log begin.
const WORDS_AT: usize = 88;

#[test]
fn a_segment_that_is_no_log_is_named_with_the_reason() {
    let (code, complaint) = damaged_log(|_| {});
    assert_eq!((code, complaint.as_str()), (Some(0), ""));
    let at_word = |word: u32| {
        move |bytes: &mut Vec<u8>| {
            bytes[WORDS_AT..WORDS_AT + 4].copy_from_slice(&word.to_ne_bytes())
        }
    };
    let cases: [(Damage, &str); 8] = [
        (Box::new(|bytes| bytes[..8].copy_from_slice(b"VSLHEAD9")), "VSLHEAD9"),
        (Box::new(|bytes| bytes[..8].fill(0)), "marker is zero"),
        (Box::new(|bytes| bytes[8..16].fill(0xff)), "-1 words per segment"),
        (
            Box::new(|bytes| bytes[8..16].copy_from_slice(&i64::MAX.to_ne_bytes())),
            "words per segment",
        ),
        (Box::new(|bytes| bytes.truncate(50_000)), "50000"),
        (Box::new(at_word(0)), "zero word"),
        (Box::new(at_word(0x1000_ffff)), "byte"),
        (Box::new(at_word(0xff00_0000)), "byte"),
    ];
    for (damage, reason) in cases {
        let (code, complaint) = damaged_log(damage);
        assert_eq!(code, Some(1), "{reason}: {complaint}");
        assert!(
            complaint.contains(reason) && complaint.contains("_.Log."),
            "{reason}: {complaint}"
        );
    }
}

#[test]
fn random_words_in_a_log_end_in_an_error_or_in_records() {
    let mut random = Random(0x1065);
    for round in 0..30 {
        let (code, complaint) = damaged_log(|bytes| {
            for _ in 0..=round * 20 {
                let at = usize::try_from(random.next() % (bytes.len() / 4) as u64).unwrap() * 4;
                let word = u32::try_from(random.next() >> 32).unwrap();
                bytes[at..at + 4].copy_from_slice(&word.to_ne_bytes());
            }
        });
        match code {
            Some(0) => {}
            Some(1) => assert!(complaint.contains("_.Log."), "{complaint}"),
            other => panic!("status {other:?}: {complaint}"),
        }
    }
}

#[test]
fn what_was_open_where_a_file_breaks_is_counted() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("cut.vsl");
    let mut bytes = b"VSL\0".to_vec();
    bytes.extend(record(76, 2, b"req 1 rxreq\0"));
    bytes.extend(&record(76, 4, b"req 3 rxreq\0")[..10]);
    std::fs::write(&file, bytes).unwrap();
    let output = output(&["-r", file.to_str().unwrap(), "-g", "request"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        said.starts_with("shellac: 1 transaction was not complete when the log ended"),
        "{said}"
    );
    assert!(said.contains("cut off"), "{said}");
}
