//! What is held of transactions that are not complete, and what becomes of it when that is too much.

use std::path::Path;
use std::process::Command;

use shellac_format::record::encode_text;
use shellac_format::{Dialect, Side, Tag, Vxid};

use super::output;

const DIALECT: Dialect = Dialect::V6_0;

/// A file of records in the making.
struct Log(Vec<u8>);

impl Log {
    fn new() -> Log {
        Log(DIALECT.layout().file_magic().to_vec())
    }

    fn write(&mut self, vxid: u64, tag: Tag, text: &str) {
        let number = tag.number(DIALECT).unwrap();
        let (layout, text) = (DIALECT.layout(), text.as_bytes());
        encode_text(&mut self.0, layout, number, Vxid(vxid), Side::Client, text, 4000);
    }

    fn save(&self, directory: &Path) -> String {
        let path = directory.join("made.vsl");
        std::fs::write(&path, &self.0).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

/// One connection with so many requests.
fn session(requests: u64) -> Log {
    let mut log = Log::new();
    log.write(1, Tag::Begin, "sess 0 HTTP/1");
    for vxid in 2..2 + requests {
        log.write(1, Tag::Link, &format!("req {vxid} rxreq"));
        log.write(vxid, Tag::Begin, "req 1 rxreq");
        log.write(vxid, Tag::ReqUrl, &format!("/{vxid}"));
        log.write(vxid, Tag::End, "");
    }
    log.write(1, Tag::End, "");
    log
}

/// What it prints and what it says.
fn run(args: &[&str]) -> (String, String) {
    let output = output(args);
    assert!(output.status.success(), "{output:?}");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (text(output.stdout), text(output.stderr))
}

#[test]
fn a_session_of_twenty_thousand_requests_is_shown_whole() {
    let directory = tempfile::tempdir().unwrap();
    let file = session(20_000).save(directory.path());
    let (log, said) = run(&["-r", &file, "-g", "session"]);
    assert_eq!(log.matches("\n\n").count(), 1, "it is one group");
    assert_eq!(log.matches("<< Request  >>").count(), 20_000);
    assert_eq!((log.matches(" VSL ").count(), said.as_str()), (0, ""));
    // Under the stock name it is cut where that cuts it, and nobody is told.
    let link = directory.path().join("varnishlog");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_shellac"), &link).unwrap();
    let output = Command::new(&link).args(["-r", &file, "-g", "session"]).output().unwrap();
    let log = String::from_utf8(output.stdout).unwrap();
    assert!(log.contains("-   VSL            store overflow\n"), "{}", log.len());
    assert!(log.matches("<< Request  >>").count() < 20_000 && output.stderr.is_empty());
}

#[test]
fn what_is_above_the_limit_is_cut_marked_and_counted() {
    let directory = tempfile::tempdir().unwrap();
    let mut log = Log::new();
    let transactions = 50;
    for vxid in 2..2 + transactions {
        log.write(vxid, Tag::Begin, "req 1 rxreq");
        (0..3).for_each(|_| log.write(vxid, Tag::ReqHeader, &"h".repeat(3000)));
    }
    // All of them go on, and the youngest ends.
    (2..2 + transactions).for_each(|vxid| log.write(vxid, Tag::ReqUrl, "/more"));
    log.write(1 + transactions, Tag::End, "");
    let file = log.save(directory.path());
    let (shown, said) = run(&["-r", &file, "-g", "request", "--limit-bytes", "100k"]);
    let cut = shown.matches("-   VSL            store overflow\n").count();
    assert!(cut > 35 && cut < 45, "{cut}");
    // Each is cut at a place of its own, and nothing that was read of it before is missing.
    assert_eq!(shown.matches("<< Request").count(), cut + 1);
    assert_eq!(shown.matches("   ReqHeader ").count(), 3 * (cut + 1));
    let expected =
        format!("shellac: {cut} transactions were incomplete and given up for the limits\n");
    assert!(said.contains(&expected), "{said}");
    assert_eq!(said.matches("(--limit-bytes 102400)").count(), 1, "said when it happens: {said}");
    let left = 49 - cut;
    let expected = format!("shellac: {left} transactions were not complete when the log ended");
    assert!(said.contains(&expected), "{said}");
    // Nothing of this is above the usual limit.
    let (shown, said) = run(&["-r", &file, "-g", "request"]);
    assert_eq!(shown.matches("<<").count(), 1);
    assert_eq!(
        said,
        "shellac: 49 transactions were not complete when the log ended and not shown\n"
    );
    // A limit of their number still works.
    let (shown, said) = run(&["-r", &file, "-g", "request", "-L", "3"]);
    assert_eq!(shown.matches("store overflow").count(), 47);
    assert!(said.contains("(--limit-bytes 268435456, -L 3)"), "{said}");
}

#[test]
fn attempts_whose_request_was_not_read_are_counted_and_shown_if_asked_for() {
    let directory = tempfile::tempdir().unwrap();
    let mut log = Log::new();
    log.write(2, Tag::ReqUrl, "/cut");
    log.write(3, Tag::Begin, "bereq 2 fetch");
    log.write(3, Tag::BereqUrl, "/attempt");
    log.write(3, Tag::End, "");
    log.write(2, Tag::End, "");
    let file = log.save(directory.path());
    let (shown, said) = run(&["-r", &file, "-g", "request"]);
    assert_eq!(shown, "");
    assert_eq!(
        said,
        "shellac: 1 transaction was not shown, as the beginning of the request was not read; --orphans shows what \
         there is\n"
    );
    let (shown, said) = run(&["-r", &file, "-g", "request", "--orphans"]);
    assert!(shown.starts_with("*   << BeReq    >> 3         \n") && said.is_empty(), "{said}");
    assert!(shown.contains("-   BereqURL       /attempt\n"));
}
