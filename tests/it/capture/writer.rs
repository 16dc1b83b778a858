//! The other process: this test binary once more, running one of the tests that are ignored otherwise.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use shellac_capture::{Begun, CaptureHead, CaptureId, Entry, KeepFree, Stamp, Store, StoreOptions};
use shellac_format::{Dialect, Side, Tag, Vxid, record};

/// Debian's varnishlog reads this one.
pub(super) const DIALECT: Dialect = Dialect::V6_0;
const DIR: &str = "SHELLAC_TEST_CAPTURES";
const FIRST: &str = "SHELLAC_TEST_FIRST_XID";

/// When the failure with this number happens.
pub(super) fn time_of(xid: u64) -> Stamp {
    Stamp(1_795_325_485_000_000).after(Duration::from_millis(10 * xid))
}

/// A request whose records are longer than a page, so that a kill can hit a write in its middle.
pub(super) fn records(xid: u64, payload_bytes: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    let long = "x".repeat(payload_bytes);
    for (tag, text) in [
        (Tag::Begin, "req 0 rxreq"),
        (Tag::ReqUrl, "/pay"),
        (Tag::VclLog, long.as_str()),
        (Tag::End, ""),
    ] {
        let number = tag.number(DIALECT).expect("all dialects have these");
        let text = [text.as_bytes(), b"\0"].concat();
        record::encode(&mut bytes, DIALECT.layout(), number, Vxid(xid), Side::Client, &text);
    }
    bytes
}

/// Begins a capture for a failure.
pub(super) fn begin(store: &mut Store, xid: u64, class: &str) -> Begun {
    let time = time_of(xid);
    let head = CaptureHead { time, rule: "test", class, xid, dialect: DIALECT, expect_bytes: 0 };
    store.begin(head, time)
}

/// The command for the test with this name, as another process that works in `dir`.
pub(super) fn other_process(test: &str, dir: &Path) -> Vec<String> {
    let binary = std::env::current_exe().expect("we run");
    let test = format!("capture::{test}");
    let words = ["--ignored", "--exact", &test, "--nocapture"].map(str::to_owned);
    let settings = [format!("{DIR}={}", dir.display())];
    let binary = [binary.display().to_string()];
    ["env".to_owned()].into_iter().chain(settings).chain(binary).chain(words).collect()
}

/// Where the other process works.
pub(super) fn dir() -> PathBuf {
    std::env::var_os(DIR).expect("another test starts this one").into()
}

/// A writer that never ends by itself. Its first failure has the number `first`.
pub(super) fn start(dir: &Path, first: u64) -> Child {
    let words = other_process("writer::writes_until_it_is_killed", dir);
    Command::new(&words[0])
        .args(&words[1..])
        .env(FIRST, first.to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .expect("it starts")
}

#[test]
#[ignore = "the process that other tests start and kill"]
fn writes_until_it_is_killed() {
    let options = StoreOptions {
        max_bytes: 6 << 20,
        max_files: 40,
        keep_free: KeepFree::Bytes(0),
        ..StoreOptions::new(dir())
    };
    let first: u64 = std::env::var(FIRST).expect("it is told").parse().expect("a number");
    let mut store = Store::open(options, time_of(first)).expect("the directory can be used");
    let mut open: Vec<CaptureId> = Vec::new();
    for xid in first.. {
        let class = ["timeout", "refused", "eof"][usize::try_from(xid % 3).expect("it is small")];
        if let Begun::Open(id) = begin(&mut store, xid, class) {
            open.push(id);
        }
        for id in &open {
            let bytes = usize::try_from(xid * 7919 % 60_000).expect("it is small");
            let before: Vec<u8> = (0..4).flat_map(|_| records(xid, bytes)).collect();
            // What is refused is cut, and counted with the failure.
            let _ = store.append(*id, &before, time_of(xid));
        }
        if let Some(id) = open.last() {
            let entry = Entry::new(time_of(xid), xid, class);
            store.keep(*id, &records(xid, 100), entry, time_of(xid));
        }
        if open.len() == 3 {
            store.finish(open.remove(0), shellac_capture::Facts::default(), time_of(xid));
        }
    }
}
