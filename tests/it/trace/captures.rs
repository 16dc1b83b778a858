//! `shellac trace -r DIRECTORY`: through the index of a directory of captures.

use std::fs;
use std::path::Path;
use std::time::Duration;

use shellac_capture::{
    Begun, CaptureHead, Entry, Facts, KeepFree, Outcome, Stamp, Store, StoreOptions,
};
use shellac_format::{Dialect, Vxid};
use tempfile::TempDir;

use super::{encode, lines, run_with, text};

const START: Stamp = Stamp(1_795_325_485_000_000);

/// A failing group, as records and as a line of the index.
fn failure(xid: u64, tenths: u32) -> (Vec<u8>, Entry) {
    let time = START.after(Duration::from_millis(u64::from(tenths) * 100));
    let at =
        |more: i64| format!("{}.{:06}", (time.0 + more) / 1_000_000, (time.0 + more) % 1_000_000);
    let records = lines(&format!(
        "{0} Begin bereq {xid} pass\n{0} Timestamp Start: {2} 0.000000 0.000000
         {0} BereqMethod POST\n{0} BereqURL /orders/{xid}
         {0} BackendOpen 9 boot.api 127.0.0.1 80 127.0.0.1 4000 connect
         {0} Timestamp Bereq: {2} 0.000000 0.000000\n{0} FetchError HTC eof (-1)
         {0} Timestamp Beresp: {3} 0.001000 0.001000\n{0} End
         {xid} Begin req {1} rxreq\n{xid} Timestamp Start: {2} 0.000000 0.000000
         {xid} ReqMethod POST\n{xid} ReqURL /orders/{xid}\n{xid} Link bereq {0} pass
         {xid} RespStatus 503\n{xid} Timestamp Resp: {3} 0.001000 0.001000\n{xid} End",
        xid + 1,
        xid - 1,
        at(0),
        at(1000),
    ));
    let entry = Entry {
        xids: vec![xid, xid + 1],
        method: Some("POST".to_owned()),
        url: Some(format!("/orders/{xid}")),
        status: Some(503),
        backend: Some("api".to_owned()),
        attempts: 1,
        error: Some("HTC eof (-1)".to_owned()),
        ..Entry::new(time, xid, "eof_before_byte_fresh")
    };
    (encode(Dialect::V7_3, &records), entry)
}

/// Captures of three failures, of which one file is removed later, one is compressed, and a failure of which
/// only the line was kept.
fn directory() -> TempDir {
    let directory = TempDir::new().unwrap();
    let options =
        StoreOptions { keep_free: KeepFree::Bytes(0), ..StoreOptions::new(directory.path()) };
    let mut store = Store::open(options, START).unwrap();
    for (xid, tenths, is_kept) in
        [(100, 0, true), (200, 10, true), (300, 13, false), (400, 40, true)]
    {
        let (records, mut entry) = failure(xid, tenths);
        let time = entry.time;
        if !is_kept {
            entry.outcome = Outcome::Suppressed;
            entry.reason = Some("rate".to_owned());
            assert_eq!(store.note(entry, time), Outcome::Suppressed);
            continue;
        }
        let class = entry.class.clone();
        let head = CaptureHead {
            time,
            rule: "fetch",
            class: &class,
            xid,
            dialect: Dialect::V7_3,
            expect_bytes: 0,
        };
        let Begun::Open(id) = store.begin(head, time) else { panic!("refused") };
        // What went before is in the file too: it is found though no index has it.
        let before = lines(&format!(
            "{0} Begin req 1 rxreq\n{0} ReqURL /good\n{0} RespStatus 200\n{0} End",
            xid + 50
        ));
        store.append(id, &encode(Dialect::V7_3, &before), time).unwrap();
        assert_eq!(store.keep(id, &records, entry, time), Outcome::Full);
        let finished = store.finish(id, Facts::default(), time);
        let name = finished.file.expect("a file");
        let path = directory.path().join(&name);
        match xid {
            100 => fs::remove_file(path).unwrap(),
            400 => {
                let packed = zstd::encode_all(&fs::read(&path).unwrap()[..], 1).unwrap();
                fs::write(directory.path().join(format!("{name}.zst")), packed).unwrap();
                fs::remove_file(path).unwrap();
            }
            _ => {}
        }
    }
    drop(store);
    directory
}

fn shown(dir: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut all = vec!["-r", dir.to_str().unwrap()];
    all.extend_from_slice(arguments);
    let output = run_with(&all);
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn what_was_kept_is_shown_in_full_also_when_it_is_compressed() {
    let dir = directory();
    for xid in ["200", "201", "400", "401"] {
        let (status, out, err) = shown(dir.path(), &[xid]);
        assert_eq!(status, Some(0), "{out}{err}");
        assert!(out.contains("EOF") || out.contains("closed before the head"), "{out}");
        assert!(out.contains(&format!("POST /orders/{}00", &xid[..1])), "{out}");
        assert!(!out.contains("Summary only"), "{out}");
    }
}

#[test]
fn what_is_only_in_the_index_leads_to_its_fullest_neighbour() {
    let dir = directory();
    let (status, out, _) = shown(dir.path(), &["300"]);
    assert_eq!(status, Some(3), "{out}");
    for part in [
        "XID 300: POST /orders/300",
        "eof_before_byte_fresh, backend api, 1 attempt",
        "Summary only: its records were wanted and suppressed (reason: rate).",
        "The fullest neighbour is XID 200, 300.0 ms earlier: the same error at the same backend.",
        "shellac trace 200 -r ",
    ] {
        assert!(out.contains(part), "no \"{part}\" in\n{out}");
    }
    let (status, out, _) = shown(dir.path(), &["101"]);
    assert_eq!(status, Some(3), "{out}");
    assert!(out.contains("which was removed to make room"), "{out}");
    assert!(out.contains("The fullest neighbour is XID 200, 1.000 s later"), "{out}");
}

#[test]
fn what_no_index_has_is_looked_for_in_the_files() {
    let dir = directory();
    let (status, out, err) = shown(dir.path(), &["250"]);
    assert_eq!(status, Some(0), "{err}");
    assert!(out.contains("GET /good") || out.contains("/good"), "{out}");
    let (status, out, err) = shown(dir.path(), &["999"]);
    assert_eq!((status, out.as_str()), (Some(1), ""));
    assert!(err.contains("XID 999 is not in the captures in "), "{err}");
    assert!(err.contains("holds 6 transactions"), "{err}");
}

#[test]
fn selections_go_through_the_index_first() {
    let dir = directory();
    let (status, out, _) = shown(dir.path(), &["--last-error"]);
    assert_eq!(status, Some(0));
    assert!(out.starts_with("XID 400: POST /orders/400"), "{out}");
    assert!(out.contains("4 groups fit; this is the newest. Before it:\n300 "), "{out}");
    let (status, out, _) = shown(dir.path(), &["--url", "/orders/3*"]);
    assert_eq!(status, Some(3));
    assert!(out.starts_with("XID 300: POST /orders/300") && out.contains("Summary only"), "{out}");
    let (_, out, _) = shown(dir.path(), &["--backend", "api", "--list=2"]);
    assert_eq!(out.lines().count(), 3, "{out}");
    assert!(out.ends_with("2 older ones are not listed\n"), "{out}");
    let (status, out, _) = shown(dir.path(), &["--url", "/good"]);
    assert_eq!(status, Some(0));
    assert!(out.starts_with("XID 450:"), "the newest file is looked at first: {out}");
    let (status, out, err) = shown(dir.path(), &["--backend", "nobody"]);
    assert_eq!((status, out.as_str()), (Some(1), ""));
    assert!(err.contains("None of the ") && err.contains("fits."), "{err}");
}

#[test]
fn lines_that_are_not_understood_are_named_and_do_no_harm() {
    let dir = directory();
    let index = dir.path().join("index.jsonl");
    let mut bytes = fs::read(&index).unwrap();
    bytes.extend_from_slice(b"{\"xid\": 200, \x1b[2J}\n{\"time\":\"cut");
    fs::write(&index, bytes).unwrap();
    let (status, out, err) = shown(dir.path(), &["200"]);
    assert_eq!(status, Some(0), "{err}");
    assert!(out.starts_with("XID 200:"), "{out}");
    assert!(err.contains("index.jsonl: byte ") && err.contains("not understood"), "{err}");
    assert!(!err.contains('\x1b'), "{err}");
}

#[test]
fn a_number_of_another_source_is_found_beside_the_captures() {
    let dir = directory();
    let story = super::fixtures().join("story/seed.vsl");
    let (status, out, _) = shown(dir.path(), &["-r", story.to_str().unwrap(), "576325623"]);
    assert_eq!(status, Some(0));
    assert!(out.starts_with(&format!("XID {}: attempt 1", Vxid(576_325_623))), "{out}");
}

#[test]
fn other_files_of_records_in_a_directory_are_read_too() {
    let dir = TempDir::new().unwrap();
    fs::copy(super::capture("retry-error"), dir.path().join("a.vsl")).unwrap();
    fs::write(dir.path().join("notes.txt"), "no log").unwrap();
    for asked in [&["98333"][..], &["--last-error"], &["--url", "/retryerr*"]] {
        let (status, out, err) = shown(dir.path(), asked);
        assert_eq!(status, Some(0), "{err}");
        assert!(out.starts_with("XID 98333: GET /retryerr1"), "{out}");
    }
}

#[test]
fn a_file_that_cannot_be_read_does_not_take_the_others_away() {
    let dir = directory();
    // As a full disk or a power failure leaves them: one without records, one that ends before its group.
    fs::write(dir.path().join("zzz.vsl"), b"").unwrap();
    let kept = fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().path());
    let is_of_200 = |path: &std::path::PathBuf| {
        fs::read(path).is_ok_and(|bytes| memchr::memmem::find(&bytes, b"/orders/200").is_some())
            && path.extension().is_some_and(|it| it == "vsl")
    };
    let cut = kept.into_iter().find(is_of_200).expect("the capture of 200");
    fs::File::options().write(true).open(cut).unwrap().set_len(8).unwrap();
    let (status, out, err) = shown(dir.path(), &["200"]);
    assert_eq!(status, Some(1), "not all could be read: {out}{err}");
    assert!(out.starts_with("XID 200:") && out.contains("Summary only"), "{out}{err}");
    let (status, out, err) = shown(dir.path(), &["450"]);
    assert_eq!(status, Some(0), "{out}{err}");
    let (status, out, err) = shown(dir.path(), &["150"]);
    assert_eq!((status, out.as_str()), (Some(1), ""));
    assert!(err.contains("zzz.vsl") && err.contains("ends after 0 bytes"), "{err}");
    fs::remove_file(dir.path().join("index.jsonl")).unwrap();
    let (_, out, err) = shown(dir.path(), &["--url", "/orders/400"]);
    assert!(out.starts_with("XID 400:"), "{out}{err}");
}
