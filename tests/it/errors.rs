//! `shellac errors` and `shellac explain` as programs: files, a live log over a restart, pipes.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;

use rustix::process::Signal;
use shellac_format::Dialect;

use crate::loss::reader::Reader;
use crate::ring::generator::Generator;
use crate::support::client::Client;
use crate::support::daemon::{Daemon, signal_process};
use crate::support::deadline::Deadline;
use crate::support::fixture;

fn shellac(tool: &str, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_shellac"))
        .arg(tool)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .expect("shellac starts")
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("text")
}

/// The value of `key` in a line.
fn value<'a>(line: &'a str, key: &str) -> &'a str {
    let start = line.find(&format!("{key}=")).unwrap_or_else(|| panic!("no {key} in {line}"));
    line[start + key.len() + 1..].split(' ').next().unwrap_or_default()
}

#[test]
fn failed_attempts_of_several_files_are_lines_and_successes_are_none() {
    let captures = fixture::unpacked_archive("captures/captures.tar.zst");
    let path = |name: &str| captures.path().join(name).display().to_string();
    let (retry, refused) = (path("retry-error.vsl"), path("connect-refused.vsl"));
    let output = shellac("errors", &["--utc", "-r", &retry, "-r", &refused, "-r", "/no/such/file"]);
    let lines: Vec<&str> = text(&output.stdout).lines().collect();
    assert_eq!(lines.len(), 2, "{lines:#?}");
    assert_eq!((value(lines[0], "file"), value(lines[0], "try")), (&*retry, "1/2"));
    assert_eq!((value(lines[1], "file"), value(lines[1], "cause")), (&*refused, "refused"));
    assert_eq!(value(lines[1], "errno"), "111");
    // One file that is not there keeps nobody from the others, and is said.
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("/no/such/file"), "{}", text(&output.stderr));

    let mut seen = 0;
    for entry in captures.path().read_dir().expect("the archive is a directory") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name.starts_with("success-") && name.ends_with(".vsl") {
            seen += 1;
            let output = shellac("errors", &["-r", &path.display().to_string()]);
            assert_eq!((text(&output.stdout), output.status.code()), ("", Some(0)), "{name}");
        }
    }
    assert!(seen >= 5, "{seen} captures of successes");
}

#[test]
fn queries_select_requests_and_compressed_files_are_read() {
    let captures = fixture::unpacked_archive("captures/captures.tar.zst");
    let plain = std::fs::read(captures.path().join("mixed.vsl")).expect("it is there");
    let packed = captures.path().join("mixed.vsl.zst");
    std::fs::write(&packed, zstd::encode_all(&plain[..], 1).unwrap()).expect("it is written");
    let packed = packed.display().to_string();
    let all = shellac("errors", &["-r", &packed]);
    let some = shellac("errors", &["-r", &packed, "-q", "FetchError ~ \"errno 111\""]);
    let held = |line: &&str| value(line, "class") == "connect_refused";
    let (all, some) = (text(&all.stdout), text(&some.stdout));
    assert_eq!(all.lines().filter(held).count(), some.lines().count());
    assert!(some.lines().count() > 0 && some.lines().count() < all.lines().count());
    for line in text(&shellac("errors", &["--json", "-r", &packed]).stdout).lines() {
        let object: serde_json::Value = serde_json::from_str(line).expect("a JSON object");
        assert!(object["xid"].is_u64() && object["class"].is_string(), "{line}");
    }
    let wrong = shellac("errors", &["-q", "Nonsense eq"]);
    assert_eq!(wrong.status.code(), Some(2));
}

/// A tool that follows a log, and its lines as they come.
struct Follower {
    child: Child,
    lines: Receiver<String>,
}

impl Follower {
    fn start(arguments: &[&str]) -> Follower {
        let mut child = Command::new(env!("CARGO_BIN_EXE_shellac"))
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("shellac starts");
        let output = BufReader::new(child.stdout.take().expect("it is piped"));
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            output.lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
        });
        Follower { child, lines }
    }

    fn line(&self) -> String {
        let left = Deadline::generous().left().unwrap_or_default();
        self.lines.recv_timeout(left).expect("a line comes as soon as a request has failed")
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const ONE_ATTEMPT: &str = "[[route]]\npath = \"/\"\n[route.retry]\nmax = 0\n";

#[test]
fn a_live_log_is_followed_over_a_restart_of_its_worker() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let workdir = directory.path().join("instance");
    // The port is taken, so that nobody else gets it, and nobody listens there.
    let taken = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    taken.bind(&std::net::SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    let closed = taken.local_addr().unwrap().as_socket().unwrap();
    let mut daemon = Daemon::start(&workdir, &Daemon::config(closed, ONE_ATTEMPT));
    let ask = |address, url: &str| {
        let mut client = Client::connect(address);
        client.send(format!("GET {url} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
        assert!(client.until_closed().starts_with(b"HTTP/1.1 503 "));
    };
    ask(daemon.address(), "/first");
    let name = workdir.display().to_string();
    let follower = Follower::start(&["errors", "-d", "-n", &name]);
    let first = follower.line();
    assert_eq!((value(&first, "url"), value(&first, "cause")), ("/first", "refused"));
    assert_eq!((value(&first, "backend"), value(&first, "status")), ("b0", "503"));
    assert_eq!(value(&first, "addr"), closed.to_string());

    signal_process(daemon.worker_pid(), Signal::KILL);
    daemon.wait_for_line(" serves");
    ask(daemon.address(), "/second");
    let second = follower.line();
    assert_eq!((value(&second, "url"), value(&second, "cause")), ("/second", "refused"));
    let once = shellac("errors", &["-d", "--once", "-n", &name]);
    assert_eq!(text(&once.stdout).lines().count(), 1, "the ring is that of the second worker");
}

#[test]
fn what_is_lost_is_said() {
    const RING_BYTES: u64 = 1 << 20;
    let place = tempfile::tempdir().expect("a temporary directory");
    let options = ["--threads", "1", "--batch-bytes", "20000", "--transactions", "350"];
    let generator = Generator::start(place.path(), Dialect::V7_3, RING_BYTES, &options);
    let reader = Reader::start_tool("errors", place.path(), &["-d"]);
    let maps = format!("/proc/{}/maps", reader.child.id());
    let log = place.path().display().to_string();
    Deadline::generous().wait_for("the log to be open", || {
        std::fs::read_to_string(&maps).ok().filter(|maps| maps.contains(&log))
    });
    // Only one that has a place in it can be overtaken, and nothing but waiting for records makes it sleep again and again.
    let before = reader.sleeps();
    Deadline::generous()
        .wait_for("records to be waited for", || (reader.sleeps() >= before + 10).then_some(()));
    reader.signal(Signal::STOP);
    generator.reader_is_there();
    let written = generator.wait_for_summary().written_bytes;
    assert!(written > 3 * RING_BYTES, "{written} bytes do not overrun the ring");
    reader.signal(Signal::CONT);
    reader.wait_until_it_says("Log overrun: ");
    let (status, said) = reader.end();
    assert!(status.success(), "{said}");
    assert!(said.contains("reason=overrun") && said.contains(" bytes of the log read, "), "{said}");
}

#[test]
fn explanations_fit_eighty_columns_and_name_candidates_and_evidence() {
    let output = shellac("explain", &["HTC", "eof", "(-1)"]);
    let page = text(&output.stdout);
    assert!(page.lines().all(|line| line.len() <= 80), "{page}");
    for part in [
        "3 candidate causes",
        "(closed-unanswered)",
        "(reused-closed)",
        "(head-cut)",
        "Proof: ",
        "fetch.phase",
    ] {
        assert!(page.contains(part), "no {part:?} in\n{page}");
    }
    assert_eq!(output.status.code(), Some(0));

    let output = shellac("explain", &["--json", "sH--"]);
    let object: serde_json::Value = serde_json::from_slice(&output.stdout).expect("an object");
    assert_eq!(object["source"], "haproxy");
    assert_eq!(object["candidates"][0]["id"], "first-byte-timeout");

    let output = shellac("explain", &["576325623"]);
    assert!(text(&output.stdout).contains("`shellac trace 576325623`"));

    let output = shellac("explain", &["straight \u{1b}[2J insufficient"]);
    let page = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1));
    assert!(page.contains("straight insufficient bytes") && !page.contains('\u{1b}'), "{page}");
}

#[test]
fn the_catalogue_has_every_text_of_the_fixture() {
    let output = shellac("explain", &["--list"]);
    let page = text(&output.stdout);
    assert!(page.lines().all(|line| line.len() <= 80), "{page}");
    let lines = std::fs::read_to_string(fixture::path("errors/texts.txt")).unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_shellac"))
        .args(["explain", "--json", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("shellac starts");
    let rows: Vec<Vec<&str>> = lines
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| line.split(" | ").collect())
        .collect();
    let texts: Vec<&str> = rows.iter().map(|row| row[1]).collect();
    let mut input = child.stdin.take().expect("it is piped");
    let all = texts.join("\n");
    thread::spawn(move || input.write_all(all.as_bytes()).expect("explain reads"));
    let output = child.wait_with_output().expect("it ends");
    let objects: Vec<serde_json::Value> =
        text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((objects.len(), output.status.code()), (rows.len(), Some(0)));
    for (row, object) in rows.iter().zip(&objects) {
        assert_eq!(object["given"], row[1]);
        for cause in row[2].split(' ') {
            let candidates = object["candidates"].as_array().expect("a list");
            assert!(candidates.iter().any(|found| found["id"] == cause), "{row:?}: {object}");
            assert!(page.contains(&format!("{cause}: ")), "{cause} is not in the catalogue");
        }
    }
}
