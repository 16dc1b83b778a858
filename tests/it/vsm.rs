//! Recorded and live shared-memory directories.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::process::Signal;
use shellac_format::{Dialect, Layout, Side, Tag, Vxid, record};
use shellac_ring::Ring;
use shellac_sys::{LogView, LogViewMut};
use shellac_vsm::{AttachOptions, Attachment, ChildSet, MgtSet, PublishOptions, SetKind};

use super::support::daemon::signal_process;
use super::support::deadline::Deadline;
use super::support::fixture::unpacked_archive;
use super::support::varnish::{self, Varnishd};

const RECORDED: AttachOptions = AttachOptions { check_pid: false };

/// What an index lists, read in the simplest way: these have no removals and no quotes.
fn listed(workdir: &Path, set: SetKind) -> Vec<(String, String, u64)> {
    let text = std::fs::read_to_string(workdir.join(set.dir_name()).join("_.index")).unwrap();
    assert!(!text.contains("\n- ") && !text.contains('"'));
    let lines = text.lines().skip(1).map(|line| line.split(' ').collect::<Vec<_>>());
    lines
        .filter(|fields| !fields[4].is_empty())
        .map(|fields| (fields[4].to_owned(), fields[5].to_owned(), fields[3].parse().unwrap()))
        .collect()
}

#[test]
fn recorded_directories_are_read_as_they_are() {
    let cases = [
        ("vsm-snapshot-7.1.1.tar.gz", Layout::Words2, 34840, 28240),
        ("vsm-snapshot-8.0.0.tar.zst", Layout::Words3, 39160, 8225),
        ("vsm-snapshot-9.0.2.tar.zst", Layout::Words3, 39696, 19455),
    ];
    for (archive, layout, main_doc_bytes, manager) in cases {
        let dir = unpacked_archive(&format!("snapshots/{archive}"));
        let mut attachment = Attachment::open(dir.path(), RECORDED)
            .unwrap_or_else(|error| panic!("{archive}: {error}"));
        assert!(attachment.refresh().worker_running, "{archive}");
        assert_eq!(attachment.header(SetKind::Mgt).unwrap().pid, manager);
        let found: Vec<_> = attachment
            .segments()
            .map(|segment| (segment.class.clone(), segment.ident.clone(), segment.len_bytes))
            .collect();
        let expected =
            [listed(dir.path(), SetKind::Mgt), listed(dir.path(), SetKind::Child)].concat();
        assert_eq!(found, expected, "{archive}");
        assert!(
            found.iter().any(|(class, ident, _)| class == "Stat" && ident.starts_with("VBE.")),
            "slices of clusters"
        );

        for segment in attachment.segments() {
            let mapping = attachment
                .map(segment)
                .unwrap_or_else(|error| panic!("{archive}: {}", error.full_text()));
            assert_eq!(u64::try_from(mapping.len_bytes()).unwrap(), segment.len_bytes);
        }
        let doc = attachment
            .segments()
            .filter(|s| s.class == "StatDoc" && s.set == SetKind::Child)
            .map(|s| s.len_bytes);
        assert_eq!(doc.max(), Some(main_doc_bytes));
        assert!(attachment.read_text("Arg", "-T").unwrap().unwrap().starts_with("127.0.0.1 "));

        let log = attachment.find("Log", "Log").unwrap();
        let view = LogView::open(attachment.map(log).unwrap()).unwrap();
        assert_eq!(shellac_ring::layout_of(&view).unwrap(), layout, "{archive}");
        assert_eq!(attachment.problems(), []);
    }
}

#[test]
fn stock_tools_accept_a_published_directory() {
    if !varnish::is_here() {
        return;
    }
    let root = tempfile::tempdir().unwrap();
    let workdir = root.path().join("w");
    let options = PublishOptions::own(1_795_305_618);
    let mut child = ChildSet::create(&workdir, &options).unwrap();
    let layout = Dialect::V6_0.layout();
    let view =
        LogViewMut::create(child.allocate("Log", "Log", 1 << 20).unwrap(), layout.segment_marker())
            .unwrap();
    let (ring, mut producers) = Ring::create(view, layout, 1).unwrap();
    let mut batch = Vec::new();
    let (note, none) = (Tag::Notice.number(Dialect::V6_0).unwrap(), Vxid(0));
    record::encode_text(&mut batch, layout, note, none, Side::None, b"test: written by us", 255);
    producers[0].publish(&batch).unwrap();
    ring.publish_marker();
    child.publish().unwrap();
    let mut mgt = MgtSet::create(&workdir, &options).unwrap();
    mgt.add_identity("edge", "6.0-7.2", "0").unwrap();
    mgt.publish().unwrap();

    let output =
        Command::new("varnishlog").args(["-d", "-g", "raw", "-n"]).arg(&workdir).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let fields: Vec<&str> = text.split_ascii_whitespace().collect();
    assert_eq!(fields, ["0", "Notice", "-", "test:", "written", "by", "us"]);
}

/// What a look from the start shows: an attachment that followed has to show the same.
fn identities(attachment: &Attachment) -> Vec<(String, String, String)> {
    attachment.segments().map(|s| (s.class.clone(), s.ident.clone(), s.file.clone())).collect()
}

#[test]
fn a_running_varnishd_is_followed_through_its_life() {
    if !varnish::is_here() {
        return;
    }
    let root = tempfile::tempdir().unwrap();
    let workdir = root.path().join("w");
    let mut varnishd = Varnishd::start(&workdir);
    let mut attachment = Attachment::open(&workdir, AttachOptions::default()).unwrap();
    let deadline = Deadline::generous();
    let until = |attachment: &mut Attachment, what: &str, running: bool| {
        let mut restarted = false;
        deadline.wait_for(what, || {
            let status = attachment.refresh();
            assert!(status.mgt_running);
            restarted |= status.worker_restarted;
            (status.worker_running == running && attachment.find("Log", "Log").is_some() == running)
                .then_some(())
        });
        restarted
    };
    until(&mut attachment, "the first worker", true);
    assert_eq!(attachment.header(SetKind::Mgt).unwrap().pid, varnishd.pid());
    assert_eq!(attachment.read_text("Arg", "-i").unwrap().as_deref(), Some("vtest"));
    let log = attachment.find("Log", "Log").unwrap().clone();
    assert_eq!(log.len_bytes, 1 << 20);
    let view = LogView::open(attachment.map(&log).unwrap()).unwrap();
    assert_eq!(shellac_ring::layout_of(&view).unwrap(), Layout::Words2);
    assert!(attachment.find("Stat", "MAIN").is_some());

    varnishd.admin("stop").unwrap();
    assert!(until(&mut attachment, "the end of the worker", false), "that it went is told");
    assert!(!attachment.is_valid(log.id));
    assert!(attachment.map(&log).unwrap_err().is_gone());

    varnishd.admin("start").unwrap();
    until(&mut attachment, "the second worker", true);
    let second = attachment.find("Log", "Log").unwrap().clone();
    assert_ne!(second.id, log.id);

    let worker = attachment.header(SetKind::Child).unwrap();
    signal_process(worker.pid, Signal::KILL);
    deadline.wait_for("another worker", || {
        let status = attachment.refresh();
        let log = attachment.find("Log", "Log");
        let another =
            attachment.header(SetKind::Child).is_some_and(|header| header.pid != worker.pid);
        (status.worker_running && another && log.is_some_and(|log| log.id != second.id))
            .then_some(())
    });
    assert!(!attachment.is_valid(second.id));

    // Every worker's start removes and adds segments of the manager: enough of them to have the index written anew.
    for _ in 0..6 {
        varnishd.admin("stop").unwrap();
        varnishd.admin("start").unwrap();
        attachment.refresh();
    }
    deadline.wait_for("the last worker's segments", || {
        attachment.refresh();
        let fresh = Attachment::open(&workdir, AttachOptions::default()).ok()?;
        (attachment.find("Log", "Log").is_some() && identities(&attachment) == identities(&fresh))
            .then_some(())
    });
    assert_eq!(attachment.problems(), []);

    varnishd.kill();
    let status = attachment.refresh();
    assert!(!status.mgt_running && !status.worker_running && status.mgt_restarted);
    let error = Attachment::open(&workdir, AttachOptions::default()).unwrap_err().full_text();
    assert!(
        error.contains(&format!("its manager, process {}, is dead", varnishd.pid())),
        "{error}"
    );
}

#[test]
fn who_may_not_read_is_told_which_group_to_join() {
    let root = tempfile::tempdir().unwrap();
    std::fs::set_permissions(root.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let workdir = root.path().join("w");
    let mut mgt = MgtSet::create(&workdir, &PublishOptions::own(1)).unwrap();
    mgt.add_identity("edge", "6.0-7.2", "0").unwrap();
    mgt.publish().unwrap();

    // Root may read everything: it has to become somebody else, who needs a copy of the program that it may run.
    let is_root = rustix::process::geteuid().is_root();
    let (mut command, place, expected) = if is_root {
        let program = root.path().join("shellac");
        std::fs::copy(env!("CARGO_BIN_EXE_shellac"), &program).unwrap();
        let mut command = Command::new("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(program);
        (
            command,
            &workdir,
            "is for root only: run this as root, or give the proxy's log to a group",
        )
    } else {
        std::fs::set_permissions(mgt.dir(), std::fs::Permissions::from_mode(0o000)).unwrap();
        let command = Command::new(env!("CARGO_BIN_EXE_shellac"));
        (command, &mgt.dir().to_owned(), "has mode 0000, no group may read it")
    };
    let output =
        command.args(["log", "-t", "0", "-n"]).arg(&workdir).stdin(Stdio::null()).output().unwrap();
    std::fs::set_permissions(mgt.dir(), std::fs::Permissions::from_mode(0o750)).unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{text}");
    for part in [place.to_str().unwrap(), "Permission denied", expected] {
        assert!(text.contains(part), "{part:?} is missing: {text}");
    }
}
