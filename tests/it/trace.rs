//! `shellac trace` on recorded files, on crafted ones and on a running proxy.
//!
//! The golden screens lie in fixtures/golden/trace; `SHELLAC_BLESS=1` writes them anew.

mod captures;
mod forms;
mod hostile;
mod live;
mod selection;

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::LazyLock;
use std::time::Duration;

use shellac_format::{Dialect, Side, TAGS, Vxid, record};
use shellac_ring::Ring;
use shellac_sys::LogViewMut;
use shellac_vsm::{ChildSet, MgtSet, PublishOptions};
use tempfile::TempDir;

use super::support::origin::{Origin, Step, ok};
use super::support::proxy::Proxy;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures")
}

/// All captures of varnish 7.1.1, unpacked.
static CAPTURES: LazyLock<TempDir> = LazyLock::new(|| {
    let archive = fixtures().join("captures/captures.tar.zst");
    let bytes = fs::read(&archive).unwrap_or_else(|error| panic!("{}: {error}", archive.display()));
    let tar = zstd::decode_all(&bytes[..]).expect("the archive is whole");
    let directory = TempDir::new().unwrap();
    let mut child = Command::new("tar")
        .args(["-x", "-C"])
        .arg(directory.path())
        .stdin(Stdio::piped())
        .spawn()
        .expect("tar");
    child.stdin.take().unwrap().write_all(&tar).unwrap();
    assert!(child.wait().unwrap().success());
    directory
});

fn capture(name: &str) -> PathBuf {
    CAPTURES.path().join(format!("{name}.vsl"))
}

/// Runs `shellac trace XID --utc` with these options.
fn run(xid: u64, options: &[&str]) -> Output {
    run_with(&[&[&*xid.to_string()], options].concat())
}

/// Runs `shellac trace --utc` with these arguments.
fn run_with(arguments: &[&str]) -> Output {
    run_reading(arguments, Stdio::null())
}

/// The same with something on standard input.
fn run_reading(arguments: &[&str], input: impl Into<Stdio>) -> Output {
    Command::new(env!("CARGO_BIN_EXE_shellac"))
        .args(["trace", "--utc"])
        .args(arguments)
        .stdin(input)
        .output()
        .expect("trace starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("trace prints text")
}

/// What is printed of `xid` in `file`; nothing may go wrong, and no line may be wider than the page.
fn trace(xid: u64, file: &Path) -> String {
    let output = run(xid, &["-r", file.to_str().unwrap()]);
    let (shown, said) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{xid} in {}: {said}", file.display());
    assert_eq!(said, "");
    fits(&shown);
    shown
}

fn fits(shown: &str) {
    for line in shown.lines() {
        assert!(line.chars().count() <= 80, "too wide: {line}");
        let printable =
            |c: char| (' '..='~').contains(&c) || "\u{2500}\u{2502}\u{251c}\u{2514}".contains(c);
        assert!(line.chars().all(printable), "not printable: {line:?}");
    }
}

/// A file of records from `VXID Tag payload` lines.
fn file(directory: &TempDir, dialect: Dialect, lines: &[String]) -> PathBuf {
    let mut bytes = dialect.layout().file_magic().to_vec();
    bytes.extend(encode(dialect, lines));
    let path = directory.path().join("crafted.vsl");
    fs::write(&path, bytes).unwrap();
    path
}

/// Records from `VXID Tag payload` lines.
fn encode(dialect: Dialect, lines: &[String]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for line in lines {
        let mut fields = line.splitn(3, ' ');
        let vxid = fields.next().unwrap().parse().unwrap();
        let name = fields.next().unwrap();
        let tag = TAGS.iter().find(|row| row.name == name).unwrap_or_else(|| panic!("{name}")).tag;
        let payload = fields.next().unwrap_or_default().as_bytes();
        let number = tag.number(dialect).expect("a tag of this dialect");
        record::encode_text(
            &mut bytes,
            dialect.layout(),
            number,
            Vxid(vxid),
            Side::None,
            payload,
            4096,
        );
    }
    bytes
}

fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

/// Captures with a golden screen each, and the number that is asked for.
const SCREENS: &[(&str, u64)] = &[
    ("success-miss", 2),
    ("grace-bgfetch", 36),
    ("retry-error", 98333),
    ("retry-response", 98330),
    ("retry-too-many", 50),
    ("eof-before-first-byte-new", 65556),
    ("eof-before-first-byte-reused", 65559),
    ("eof-in-headers", 32829),
    ("rst-before-first-byte", 65562),
    ("first-byte-timeout", 65550),
    ("first-byte-timeout-reused", 65553),
    ("between-bytes-timeout-headers", 32822),
    ("body-truncated-length", 32843),
    ("body-truncated-length-nostream", 65577),
    ("body-reset", 98318),
    ("body-stall-chunked", 98315),
    ("body-bad-gzip", 48),
    ("connect-refused", 65538),
    ("connect-refused-helddown", 65541),
    ("connect-timeout", 32810),
    ("backend-busy", 32813),
    ("backend-unhealthy", 65547),
    ("no-backend", 32816),
    ("http-junk", 32831),
    ("pass-post-client-abort", 98345),
    ("pass-post-backend-reset", 65609),
    ("backend-uds", 32860),
    ("esi-nested", 65633),
    ("http2", 65631),
    ("pipe", 98348),
    ("pipe-refused", 229405),
    ("restart-then-retry", 65649),
    ("client-bad-request", 98355),
    ("vcl-fail", 98353),
];

#[test]
fn screens_are_the_golden_ones() {
    let golden = fixtures().join("golden/trace");
    let bless = std::env::var_os("SHELLAC_BLESS").is_some();
    let mut differing = String::new();
    let mut check = |name: &str, shown: String| {
        let path = golden.join(format!("{name}.txt"));
        if bless {
            fs::create_dir_all(&golden).unwrap();
            fs::write(&path, &shown).unwrap();
        }
        let expected = fs::read_to_string(&path).unwrap_or_default();
        if expected != shown {
            write!(differing, "=== {name}\n{shown}").unwrap();
        }
    };
    for &(name, xid) in SCREENS {
        check(name, trace(xid, &capture(name)));
    }
    check("story", trace(576_325_623, &fixtures().join("story/seed.vsl")));
    assert!(differing.is_empty(), "other than the golden screens:\n{differing}");
}

#[test]
fn the_story_leaves_two_candidates_and_says_what_is_not_recorded() {
    let shown = trace(576_325_623, &fixtures().join("story/seed.vsl"));
    for part in [
        "error  EOF before the first byte, 4.6 ms after the request was sent",
        "new or reused: not recorded by this version",
        "sent and acknowledged: not recorded by this version",
        "Why attempt 1 failed: 2 candidate causes",
        "A  The backend closed the connection without answering the request",
        "B  The backend closed an idle connection just as it was used again",
        "How to tell them apart",
        "2017-09-05 05:42:31.903285 +00:00  epoch 1504590151.903285",
    ] {
        assert!(shown.contains(part), "no \"{part}\" in\n{shown}");
    }
    let missing: Vec<&str> =
        shown.lines().filter(|line| line.ends_with("not in this log")).collect();
    assert_eq!(missing.len(), 2);
    assert!(missing[0].starts_with("request 576325622") && missing[1].contains("bereq 577078686"));
    assert!(!shown.contains("race") && !shown.contains("\n  C  "), "{shown}");
}

#[test]
fn a_request_that_went_well_has_no_cause() {
    let mut tried = 0;
    for entry in fs::read_dir(CAPTURES.path()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let Some(name) =
            name.strip_suffix(".request.txt").filter(|name| name.starts_with("success"))
        else {
            continue;
        };
        for line in fs::read_to_string(&path).unwrap().lines() {
            let Some((_, xid)) = line.split_once("<< Request  >> ") else { continue };
            let shown = trace(xid.trim().parse().unwrap(), &capture(name));
            assert!(!shown.contains("Why ") && !shown.contains("FAILED"), "{name}:\n{shown}");
            tried += 1;
        }
    }
    assert!(tried >= 10, "only {tried} requests");
}

#[test]
fn every_transaction_of_every_capture_fits_the_page() {
    let mut tried = 0;
    for entry in fs::read_dir(CAPTURES.path()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let Some(name) = name.strip_suffix(".vxid.txt") else { continue };
        let log = fs::read_to_string(&path).unwrap_or_default();
        let last = log.lines().filter_map(|line| line.split_once(" >> ")).next_back();
        if let Some((_, xid)) = last.filter(|(head, _)| head.starts_with("*   <<")) {
            trace(xid.trim().parse().unwrap(), &capture(name));
            tried += 1;
        }
    }
    assert!(tried > 80, "only {tried} captures");
}

#[test]
fn secrets_are_shown_only_when_asked_for() {
    let directory = TempDir::new().unwrap();
    let log = lines(
        "7 Begin req 6 rxreq\n7 ReqMethod GET\n7 ReqURL /\n7 ReqHeader Cookie: sid=42\n7 ReqHeader authorization: Basic abc\n
         7 VCL_call RECV\n7 RespStatus 200\n7 RespHeader Set-Cookie: sid=43\n7 End",
    );
    let path = file(&directory, Dialect::V6_0, &log);
    let shown = trace(7, &path);
    assert!(
        shown.contains("Cookie: (redacted, 6 bytes)") && shown.contains("Set-Cookie: (redacted")
    );
    assert!(!shown.contains("sid=4") && !shown.contains("Basic abc"), "{shown}");
    let output = run(7, &["-r", path.to_str().unwrap(), "--no-redact"]);
    let open = text(&output.stdout);
    assert!(open.contains("Cookie: sid=42") && open.contains("authorization: Basic abc"));
}

#[test]
fn hostile_text_reaches_no_terminal() {
    let directory = TempDir::new().unwrap();
    let long = "/x".repeat(900);
    let log = [
        "9 Begin bereq 8 pass".to_owned(),
        format!("9 BereqURL /\u{1b}[2J\u{7f}{long}"),
        "9 BereqHeader X-\u{9b}1m: \u{1b}]0;owned\u{7}".to_owned(),
        "9 Timestamp Start: 1.000000 0.000000 0.000000".to_owned(),
        "9 BackendOpen x y z".to_owned(),
        "9 FetchError \u{1b}[31mHTC eof (-1)".to_owned(),
        "9 Timestamp Beresp: 99999999999999999999.0 -1 nan".to_owned(),
        "9 Link bereq 9 retry".to_owned(),
        "9 Link bereq 18446744073709551616 retry".to_owned(),
        "9 Link bereq".to_owned(),
        "9 End".to_owned(),
    ];
    for dialect in Dialect::ALL {
        let path = file(&directory, dialect, &log);
        let output = run(9, &["-r", path.to_str().unwrap(), "--dialect", dialect.name()]);
        assert!(output.status.success(), "{}", text(&output.stderr));
        fits(&text(&output.stdout));
    }
}

#[test]
fn several_with_one_number_are_all_shown_newest_first() {
    let directory = TempDir::new().unwrap();
    let once = |seconds: u64, url: &str| {
        lines(&format!(
            "2 Begin req 1 rxreq\n2 Timestamp Start: {seconds}.000000 0.000000 0.000000\n2 ReqMethod GET\n2 ReqURL {url}
             3 Begin bereq 2 pass\n3 BereqMethod GET\n3 BereqURL {url}\n3 End\n2 Link bereq 3 pass\n2 RespStatus 200\n2 End"
        ))
    };
    let log: Vec<String> =
        [once(100, "/oldest"), once(200, "/middle"), once(300, "/newest")].concat();
    let path = file(&directory, Dialect::V6_0, &log);
    for xid in [2, 3] {
        let shown = trace(xid, &path);
        assert!(shown.starts_with(&format!("3 transactions have the number {xid}; newest first.")));
        let of = |url: &str| shown.find(url).unwrap_or_else(|| panic!("no {url} in\n{shown}"));
        assert!(of("/newest") < of("/middle") && of("/middle") < of("/oldest"));
        // Each with its own relatives: the URL stands in the headline and in the tree.
        assert_eq!(shown.matches("/middle").count(), 2, "{shown}");
        assert!(!shown.contains("bereq 3 pass  not in this log"));
    }
}

#[test]
fn not_found_says_how_far_back_the_log_reaches() {
    let story = fixtures().join("story/seed.vsl");
    let output = run(4711, &["-r", story.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(text(&output.stdout), "");
    let said = text(&output.stderr);
    for part in [
        "XID 4711 is not in ",
        "reaches back 4.7 ms and holds 1 transaction",
        "from 2017-09-05 05:42:31.903285 +00:00  epoch 1504590151.903285",
        "to   2017-09-05 05:42:31.907986 +00:00  epoch 1504590151.907986",
    ] {
        assert!(said.contains(part), "no \"{part}\" in\n{said}");
    }
}

#[test]
fn of_a_log_that_cannot_be_read_nothing_is_said_but_why() {
    let directory = TempDir::new().unwrap();
    let workdir = directory.path().join("w");
    let options = PublishOptions::own(1);
    let mut worker = ChildSet::create(&workdir, &options).unwrap();
    let segment = worker.allocate("Log", "Log", 1 << 20).unwrap();
    worker.publish().unwrap();
    let mut manager = MgtSet::create(&workdir, &options).unwrap();
    manager.publish().unwrap();
    let said = || {
        let output = run(4711, &["-n", workdir.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(1));
        text(&output.stderr)
    };
    let before = said();
    assert!(before.contains("_.Log.") && before.contains("not initialised"), "{before}");
    assert!(!before.contains("XID 4711 is not in"), "it was not looked for: {before}");

    let layout = Dialect::V7_3.layout();
    let view = LogViewMut::create(segment, layout.segment_marker()).unwrap();
    let (ring, _producers) = Ring::create(view, layout, 1).unwrap();
    ring.publish_marker();
    let empty = said();
    assert!(empty.contains("XID 4711 is not in ") && empty.contains("no transactions."), "{empty}");

    let index = workdir.join("_.vsm_child/_.index");
    let good = fs::read_to_string(&index).unwrap();
    fs::write(&index, good.replace("+ _.Log", "? _.Log")).unwrap();
    let damaged = said();
    assert!(damaged.contains("_.index: line 2"), "the reason is named: {damaged}");
    assert!(!damaged.contains("XID 4711 is not in"), "{damaged}");
}

#[test]
fn a_number_that_is_only_named_leads_to_who_names_it() {
    let story = fixtures().join("story/seed.vsl");
    for xid in [577_078_686, 576_325_622] {
        let output = run(xid, &["-r", story.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(1));
        let said = text(&output.stderr);
        assert!(said.contains("names it: trace 576325623"), "{said}");
    }
}

#[test]
fn what_is_no_log_is_an_error_that_names_it() {
    let directory = TempDir::new().unwrap();
    let mut bytes = fs::read(fixtures().join("story/seed.vsl")).unwrap();
    bytes.truncate(bytes.len() - 3);
    let cut = directory.path().join("cut.vsl");
    fs::write(&cut, &bytes).unwrap();
    let output = run(576_325_623, &["-r", cut.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("cut.vsl"), "{}", text(&output.stderr));
    // What could be read is shown all the same, and where it ends.
    let shown = text(&output.stdout);
    assert!(shown.contains("EOF before the first byte"), "{shown}");

    let output = run(1, &["-r", directory.path().join("none.vsl").to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("none.vsl"));
    let output = run(1, &["-n", directory.path().to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains(directory.path().to_str().unwrap()));
}

#[test]
fn ages_and_counts_of_nine_field_connections_are_shown() {
    let mix = fs::read(fixtures().join("corpus/mix-9.vsl.zst")).unwrap();
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("mix-9.vsl");
    fs::write(&path, zstd::decode_all(&mix[..]).unwrap()).unwrap();
    let output = run(131_075, &["-r", path.to_str().unwrap()]);
    let shown = text(&output.stdout);
    assert!(output.status.success());
    assert!(shown.contains("reused, 4.0 ms old, used 1 time before"), "{shown}");
    fits(&shown);
}

/// A proxy before an origin that answers only when it is told to.
#[test]
fn a_running_proxy_is_traced_from_its_ring() {
    let origin = Origin::start(|asked| match asked.number {
        0 => vec![Step::ReadBody, Step::CloseCleanly],
        _ => vec![Step::ReadBody, ok("late")],
    });
    let route = "[[route]]\n[route.retry]\non = [\"eof_before_byte\"]\nmethods = [\"POST\"]\n";
    let proxy = Proxy::start(&[origin.address()], route);
    let mut client = proxy.client();
    client.send("POST /order HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello");
    let answer = client.answer("POST");
    let (xid, workdir) = (answer.xid(), proxy.workdir());
    let workdir = workdir.to_str().unwrap();

    let tree = |xid: u64| {
        let output = run(xid, &["-n", workdir, "--wait=20"]);
        assert!(output.status.success(), "{}", text(&output.stderr));
        let shown = text(&output.stdout);
        fits(&shown);
        shown.split_once("session ").expect("a tree").1.split("Headers").next().unwrap().to_owned()
    };
    let shown = tree(xid);
    assert!(shown.contains("attempt 1  bereq ") && shown.contains("attempt 2  bereq "), "{shown}");
    assert!(shown.contains("error  EOF before the first byte"), "{shown}");
    assert_eq!(shown.matches("5 bytes expected, 5 sent, 5 acknowledged").count(), 2, "{shown}");
    for received in origin.wait_finished(2) {
        let attempt = received.asked.xid().expect("the attempt's number");
        assert!(shown.contains(&format!("bereq {attempt} ")), "{shown}");
        assert_eq!(tree(attempt), shown, "the same tree by the number of an attempt");
    }

    let output = run(1, &["-n", workdir]);
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stderr);
    assert!(said.contains("It reaches back ") && said.contains("--wait"), "{said}");
}

#[test]
fn a_request_under_way_is_waited_for_until_it_ends() {
    let origin = Origin::start(|_| vec![Step::Delay(Duration::from_secs(2)), ok("slow")]);
    let proxy = Proxy::start(&[origin.address()], "");
    let mut client = proxy.client();
    client.send("GET /slow HTTP/1.1\r\nHost: h\r\n\r\n");
    let attempt = super::support::deadline::Deadline::generous()
        .wait_for("the attempt at the origin", || {
            origin.received().first().and_then(|it| it.asked.xid())
        });
    let workdir = proxy.workdir();
    let output = run(attempt, &["-n", workdir.to_str().unwrap(), "--wait=20"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let shown = text(&output.stdout);
    assert!(shown.contains("answered 200 OK") && shown.contains("request "), "{shown}");
    assert!(!shown.contains("its end is not in this log"), "{shown}");
    client.answer("GET");
}
