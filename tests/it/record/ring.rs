//! What a log may say and do that no proxy of ours does: hostile text, too fast a writer, a small budget.

use std::path::{Path, PathBuf};

use rustix::process::Signal;
use shellac_format::{Dialect, Side, Tag, Vxid, record};
use shellac_ring::{Producer, Ring};
use shellac_sys::LogViewMut;
use shellac_vsm::{ChildSet, MgtSet, PublishOptions};
use tempfile::TempDir;

use crate::support::deadline::Deadline;
use crate::support::recorder::{Recorder, captures, json_lines, log_of};

const DIALECT: Dialect = Dialect::V7_3;

/// An instance that writes what a test says.
struct Writer {
    directory: TempDir,
    producer: Producer,
    _worker: ChildSet,
    _manager: MgtSet,
}

impl Writer {
    fn new() -> Writer {
        let directory = TempDir::new().unwrap();
        let workdir = directory.path().join("work");
        let options = PublishOptions::own(1);
        let mut worker = ChildSet::create(&workdir, &options).unwrap();
        let segment = worker.allocate("Log", "Log", 1 << 20).unwrap();
        let layout = DIALECT.layout();
        let view = LogViewMut::create(segment, layout.segment_marker()).unwrap();
        let (ring, mut producers) = Ring::create(view, layout, 1).unwrap();
        ring.publish_marker();
        worker.publish().unwrap();
        let mut manager = MgtSet::create(&workdir, &options).unwrap();
        manager.add_identity("made-up", DIALECT.name(), "0").unwrap();
        manager.publish().unwrap();
        let producer = producers.remove(0);
        Writer { directory, producer, _worker: worker, _manager: manager }
    }

    fn workdir(&self) -> PathBuf {
        self.directory.path().join("work")
    }

    fn dir(&self) -> PathBuf {
        self.directory.path().join("captures")
    }

    fn publish(&mut self, vxid: u64, lines: &[(Tag, &[u8])]) {
        let mut batch = Vec::new();
        for (tag, text) in lines {
            let number = tag.number(DIALECT).unwrap();
            let (layout, side) = (DIALECT.layout(), Side::Client);
            record::encode_text(&mut batch, layout, number, Vxid(vxid), side, text, 60_000);
        }
        self.producer.publish(&batch).expect("nobody else writes");
    }

    /// A failed request with one attempt; these bytes are wherever a text can be.
    fn fail(&mut self, vxid: u64, text: &[u8]) {
        let attempt = (vxid + 1).to_string();
        let spoilt = |before: &str| [before.as_bytes(), text].concat();
        let (url, error) = (spoilt("/x"), spoilt("HTC eof (-1)"));
        let (header, open) = (spoilt("Cookie: "), spoilt("7 b0 "));
        self.publish(
            vxid + 1,
            &[
                (Tag::Begin, format!("bereq {vxid} pass").as_bytes()),
                (Tag::BereqMethod, text),
                (Tag::BereqUrl, &url),
                (Tag::BackendOpen, &open),
                (Tag::FetchError, &error),
                (Tag::End, b""),
            ],
        );
        self.publish(
            vxid,
            &[
                (Tag::Begin, b"req 1 rxreq"),
                (Tag::ReqMethod, text),
                (Tag::ReqUrl, &url),
                (Tag::ReqHeader, &header),
                (Tag::Link, format!("bereq {attempt} pass").as_bytes()),
                (Tag::RespStatus, b"503"),
                (Tag::End, b""),
            ],
        );
    }
}

#[test]
fn hostile_text_reaches_no_terminal_and_no_json() {
    const HOSTILE: &[u8] = b"\x1b[2J\x1b]0;x\x07\"\\\n\r\t\xff\xfe'$(reboot)`\xc2\x9b../../etc\x7f";
    let mut writer = Writer::new();
    let told = writer.directory.path().join("told.json");
    let rules = writer.directory.path().join("rules.toml");
    let text = format!(
        "[[rule]]\nname = \"a/../b\\\"c\"\non = \"FetchError\"\nbefore = \"1s\"\nkeep = \"backend\"\nexec = [\"/usr/bin/tee\", {told:?}]\n"
    );
    std::fs::write(&rules, text).unwrap();
    let dir = writer.dir();
    let mut recorder =
        Recorder::start(&writer.workdir(), &dir, &["--rules", rules.to_str().unwrap()]);
    writer.fail(100, HOSTILE);
    let line = recorder.index_line(100);
    assert_eq!(
        (line["outcome"].as_str(), line["instance"].as_str()),
        (Some("full"), Some("made-up"))
    );
    recorder.finish();
    let said = recorder.said();
    assert!(said.bytes().all(|byte| byte == b'\n' || (b' '..0x7f).contains(&byte)), "{said:?}");
    assert!(said.contains("fires warning: a/../b"), "{said}");
    // `json_lines` looks at every byte of them.
    for name in ["index.jsonl", "manifest.jsonl", "counters.json"] {
        assert!(!json_lines(&dir.join(name)).is_empty(), "{name}");
    }
    let told = json_lines(&told);
    assert!(told[0]["failure"]["url"].as_str().unwrap().contains("\\x1b[2J"), "{}", told[0]);
    assert!(!told[0].to_string().contains("etc\\x7f\\\"]"), "the cookie is not told: {}", told[0]);
    let files = captures(&dir);
    assert_eq!(files.len(), 1);
    assert_eq!(files[0].parent(), Some(dir.as_path()), "no name leads out of the directory");
    assert!(log_of(&files[0], &["-g", "request"]).contains("<< Request  >> 100"));
}

#[test]
fn what_was_overwritten_is_told_and_recording_goes_on() {
    let mut writer = Writer::new();
    let dir = writer.dir();
    let arguments = ["--on", "FetchError", "--before", "1s", "--after", "1h"];
    let mut recorder = Recorder::start(&writer.workdir(), &dir, &arguments);
    writer.fail(100, b"");
    recorder.index_line(100);
    recorder.signal(Signal::STOP);
    let status = format!("/proc/{}/stat", recorder.pid());
    Deadline::generous().wait_for("the recorder to stop", || {
        std::fs::read_to_string(&status).unwrap().contains(") T ").then_some(())
    });
    let filler = [b'x'; 50_000];
    for number in 0..40 {
        writer.publish(1000 + number, &[(Tag::VclLog, &filler)]);
    }
    writer.fail(200, b"");
    recorder.signal(Signal::CONT);
    let line = recorder.index_line(200);
    assert_eq!(line["outcome"], "full", "{line}");
    recorder.manifest_line("the loss", |line| line["event"] == "lost");
    recorder.finish();
    let said = recorder.said();
    assert!(said.contains("bytes of the log were lost: overrun"), "{said}");
    let line = recorder.manifest_line("the capture", |line| line["file"].is_string());
    assert_eq!(line["loss"]["reasons"][0], "overrun", "{line}");
    assert!(line["loss"]["bytes"].as_u64() > Some(500_000), "{line}");
    assert!(log_of(&captures(&dir)[0], &["-g", "request"]).contains("<< Request  >> 200"));
}

fn vsl_bytes(dir: &Path) -> u64 {
    captures(dir).iter().filter_map(|file| file.metadata().ok()).map(|it| it.len()).sum()
}

#[test]
fn a_small_budget_is_kept_and_every_failure_is_in_the_index() {
    let mut writer = Writer::new();
    let dir = writer.dir();
    let arguments = [
        "--on",
        "FetchError",
        "--limit",
        "off",
        "--budget",
        "100K",
        "--files",
        "10",
        "--first",
        "2",
        "--last",
        "3",
    ];
    let mut recorder = Recorder::start(&writer.workdir(), &dir, &arguments);
    for number in 1..=60 {
        writer.fail(100 * number, &[b'a'; 500]);
        if number % 10 == 0 {
            recorder.index_line(100 * number);
            assert!(vsl_bytes(&dir) <= 100 << 10 && captures(&dir).len() <= 10);
        }
    }
    recorder.finish();
    let lines = json_lines(&dir.join("index.jsonl"));
    let failures = lines.iter().filter(|line| line["outcome"].is_string()).count();
    let evicted = lines.iter().filter(|line| line["evicted"].is_string()).count();
    assert_eq!(failures, 60);
    assert!(evicted >= 50, "what was removed is said: {evicted}");
    let first = json_lines(&dir.join("index.jsonl"))[0]["file"].as_str().unwrap().to_owned();
    assert!(dir.join(first).exists(), "the first one of a class stays");
    let said = recorder.said();
    assert!(
        said.contains("60 groups: 60 kept, 0 in the index only, 0 suppressed, 0 lost"),
        "{said}"
    );
}

#[test]
fn index_and_manifest_are_begun_anew_when_they_were_moved() {
    let mut writer = Writer::new();
    let dir = writer.dir();
    let mut recorder = Recorder::start(&writer.workdir(), &dir, &["--on", "FetchError"]);
    writer.fail(100, b"");
    recorder.index_line(100);
    std::fs::rename(dir.join("index.jsonl"), writer.directory.path().join("moved")).unwrap();
    recorder.signal(Signal::HUP);
    recorder.wait_for_line("to new files from here on");
    writer.fail(200, b"");
    recorder.index_line(200);
    let lines = json_lines(&dir.join("index.jsonl"));
    assert!(lines.iter().all(|line| line["xid"] != 100), "{lines:?}");
    recorder.finish();
}

#[test]
fn what_is_usual_survives_a_restart_and_nonsense_is_left() {
    let writer = Writer::new();
    let dir = writer.dir();
    let rule = "change(FetchError by backend) > 3x";
    let run = |mut writer: Writer| {
        let mut recorder = Recorder::start(&writer.workdir(), &dir, &["--on-rate", rule]);
        let vxid = 100 * u64::from(recorder.pid());
        writer.fail(vxid, b"");
        recorder.index_line(vxid);
        recorder.finish();
        let saved = json_lines(&dir.join("baseline.json"));
        let keys = saved[0]["rules"][rule]["keys"].as_object().expect("keys by backend").clone();
        let counted = keys.values().flat_map(|key| key["hours"].as_array().expect("hours"));
        let count: f64 = counted.filter_map(|hour| hour[1].as_f64()).sum();
        (writer, count, recorder.said())
    };
    let (writer, first, _) = run(writer);
    let (writer, second, said) = run(writer);
    assert_eq!((first, second), (1.0, 2.0), "the second run goes on where the first ended: {said}");
    std::fs::write(dir.join("baseline.json"), "{\"version\":").unwrap();
    let (_, third, said) = run(writer);
    assert!(said.contains("baseline.json") && said.contains("learned anew"), "{said}");
    assert_eq!(third, 1.0);
}
