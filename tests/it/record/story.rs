//! The story that this tool is for: now and then a request fails, and what came before is needed.

use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::support::client::Client;
use crate::support::origin::{Asked, Origin, Step, ok, raw};
use crate::support::proxy::Proxy;
use crate::support::recorder::{Recorder, captures, log_of, shellac};
use crate::support::varnish::{self, Varnishd};

/// Answers, but closes without an answer when it is asked for `/fresh`, and for `/reused` on a connection that has
/// been used before.
fn flaky(asked: &Asked) -> Vec<Step> {
    match asked.target.as_str() {
        "/fresh" => vec![Step::ReadBody, Step::CloseCleanly],
        "/reused" if asked.on_connection > 0 => vec![Step::ReadBody, Step::CloseCleanly],
        "/last" => {
            let answer = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 4\r\n\r\nfine";
            vec![Step::ReadBody, raw(answer), Step::Close]
        }
        _ => vec![Step::ReadBody, ok("fine")],
    }
}

fn post(client: &mut Client, path: &str) -> (u64, u16) {
    client.send(format!("POST {path} HTTP/1.1\r\nHost: shop\r\nContent-Length: 5\r\n\r\nhello"));
    let answer = client.answer("POST");
    let xid = answer.fields.get("X-Varnish").expect("the answer has X-Varnish");
    // varnishd names the object's transaction behind the request's.
    let xid = xid.split(' ').next().and_then(|xid| xid.parse().ok()).expect("a number");
    (xid, answer.status)
}

/// The group of `xid` as `shellac log` shows it.
fn group_in(file: &Path, xid: u64) -> Option<String> {
    let log = log_of(file, &["-g", "request"]);
    let head = format!("*   << Request  >> {xid}");
    let groups = log.split("\n\n");
    let mut found =
        groups.filter(|it| it.lines().next().is_some_and(|line| line.trim_end() == head));
    let group = found.next().map(str::to_owned);
    assert_eq!(found.next(), None, "{xid} is in {} twice", file.display());
    group
}

/// Traces `xid` from a file; the text must speak of it and name no other cause.
fn traced(xid: u64, file: &Path) -> String {
    let output = shellac(&["trace", &xid.to_string(), "-r", file.to_str().unwrap()]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A failing request with the one that went well just before it.
struct Case {
    before: u64,
    failed: u64,
    class: &'static str,
}

fn cases(client: &mut Client) -> Vec<Case> {
    let (fresh, reused) = ("before_byte_fresh", "before_byte_reused");
    [("/last", "/fresh", fresh), ("/good", "/reused", reused)]
        .into_iter()
        .cycle()
        .take(6)
        .map(|(good, bad, class)| {
            let (before, status) = post(client, good);
            assert_eq!(status, 200, "{good}");
            let (failed, status) = post(client, bad);
            assert_eq!(status, 503, "{bad}");
            Case { before, failed, class }
        })
        .collect()
}

/// Every failed group is in the file that the index names, whole, once, with what came before it, and with its cause.
fn check(recorder: &mut Recorder, cases: &[Case], live: &dyn Fn(u64) -> String) {
    for case in cases {
        let line = recorder.index_line(case.failed);
        assert_eq!(line["outcome"], "full", "{line}");
        let class = line["class"].as_str().expect("a class");
        assert!(class.ends_with(case.class), "{line}");
        assert_eq!(line["status"], 503, "{line}");
        let file = recorder.dir().join(line["file"].as_str().expect("a file is named"));
        let group = group_in(&file, case.failed).expect("the file has the group");
        assert_eq!(group.trim_end(), live(case.failed).trim_end(), "as it was in the ring");
        assert!(
            group_in(&file, case.before).is_some(),
            "{} before {} is not in\n{}",
            case.before,
            case.failed,
            log_of(&file, &["-g", "raw"])
        );
        let traced = traced(case.failed, &file);
        let is_reused = case.class.ends_with("reused");
        assert!(traced.contains("before the first byte"), "{traced}");
        assert_eq!(traced.contains("reused"), is_reused, "the cause of {}: {traced}", case.class);
    }
}

#[test]
fn each_failure_is_kept_whole_with_what_came_before_and_its_cause() {
    let origin = Origin::start(flaky);
    let proxy = Proxy::start_with("threads = 1", &[origin.address()], "");
    let dir = TempDir::new().unwrap();
    let dir = dir.path().join("captures");
    let arguments = ["--on", "FetchError", "--before", "10s", "--budget", "8M"];
    let mut recorder = Recorder::start(&proxy.workdir(), &dir, &arguments);
    let cases = cases(&mut proxy.client());
    for case in &cases {
        recorder.index_line(case.failed);
    }
    let said = recorder.index_line(cases[0].failed);
    assert_eq!((said["instance"].as_str(), said["attempts"].as_u64()), (Some("test"), Some(1)));
    recorder.finish();
    check(&mut recorder, &cases, &|xid| proxy.request_log(xid));

    let files = captures(&dir);
    assert_eq!(files.len(), 1, "windows that overlap are one: {files:?}");
    let bytes: u64 = files.iter().map(|file| file.metadata().unwrap().len()).sum();
    assert!(bytes < 8 << 20, "{bytes}");
    let line = recorder.manifest_line("a capture", |line| line["file"].is_string());
    assert_eq!(line["triggers_total"].as_u64(), Some(cases.len() as u64), "{line}");
    assert_eq!(
        (line["keep"].as_str(), line["asked"]["before"].as_f64()),
        (Some("all"), Some(10.0))
    );
    assert!(line["had"]["before"].as_f64().is_some(), "{line}");
    assert_eq!(line["loss"]["times"], 0, "{line}");
    if varnish::is_here() {
        let mut command = Command::new("varnishlog");
        let output = command.arg("-r").arg(&files[0]).args(["-g", "request"]).output().unwrap();
        let shown = String::from_utf8_lossy(&output.stdout);
        for case in &cases {
            assert!(shown.contains(&format!("<< Request  >> {}", case.failed)), "{shown}");
            assert!(shown.contains(&format!("<< Request  >> {}", case.before)), "{shown}");
        }
        assert!(!shown.contains("VSL  "), "stock varnishlog has no complaints: {shown}");
    }
}

#[test]
fn a_varnishd_is_recorded_as_well() {
    if !varnish::is_here() {
        return;
    }
    let origin = Origin::start(flaky);
    let directory = TempDir::new().unwrap();
    let workdir = directory.path().join("varnishd");
    let varnishd = Varnishd::start_with(&workdir, &["-b", &origin.address().to_string()]);
    let dir = directory.path().join("captures");
    let mut recorder = Recorder::start(&workdir, &dir, &["--on", "FetchError", "--before", "10s"]);
    let cases = cases(&mut Client::connect(varnishd.address()));
    for case in &cases {
        recorder.index_line(case.failed);
    }
    recorder.finish();
    let live = |xid: u64| {
        let query = format!("vxid == {xid}");
        let arguments =
            ["log", "-d", "-n", workdir.to_str().unwrap(), "-g", "request", "-q", &query];
        String::from_utf8_lossy(&shellac(&arguments).stdout).into_owned()
    };
    check(&mut recorder, &cases, &live);
}
