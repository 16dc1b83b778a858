use std::path::Path;
use std::process::{Command, Stdio};

use super::*;
use crate::{ChildSet, MgtSet, PublishOptions};

/// A working directory whose sets are written by hand.
struct Fixture {
    root: tempfile::TempDir,
}

impl Fixture {
    fn new() -> Self {
        let fixture = Self { root: tempfile::tempdir().unwrap() };
        fixture.index(SetKind::Mgt, "# 1 2\n+ a 0 8 Arg -i\n");
        fixture.file(SetKind::Mgt, "a", b"edge\0\0\0\0");
        fixture
    }

    fn path(&self) -> &Path {
        self.root.path()
    }

    fn dir(&self, set: SetKind) -> PathBuf {
        self.path().join(set.dir_name())
    }

    fn file(&self, set: SetKind, name: &str, bytes: &[u8]) {
        std::fs::create_dir_all(self.dir(set)).unwrap();
        std::fs::write(self.dir(set).join(name), bytes).unwrap();
    }

    /// Writes the index in place.
    fn index(&self, set: SetKind, text: &str) {
        self.file(set, "_.index", text.as_bytes());
    }

    fn append(&self, set: SetKind, text: &str) {
        use std::io::Write;
        let mut file = OpenOptions::new().append(true).open(self.dir(set).join("_.index")).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }

    /// Replaces the index by another file.
    fn rewrite(&self, set: SetKind, text: &str) {
        self.file(set, "new", text.as_bytes());
        std::fs::rename(self.dir(set).join("new"), self.dir(set).join("_.index")).unwrap();
    }

    fn attach(&self) -> Attachment {
        Attachment::open(self.path(), AttachOptions { check_pid: false }).unwrap()
    }
}

fn idents(attachment: &Attachment) -> Vec<&str> {
    attachment.segments().map(|segment| segment.ident.as_str()).collect()
}

const QUIET: Status = Status {
    mgt_running: true,
    mgt_restarted: false,
    mgt_changed: false,
    worker_running: true,
    worker_restarted: false,
    worker_changed: false,
};

#[test]
fn segments_come_in_the_order_of_the_indices() {
    let fixture = Fixture::new();
    fixture.index(SetKind::Child, "# 3 4\n+ c 0 4096  \n+ c 16 8 Stat x\n+ l 0 8 Log Log\n");
    fixture.file(SetKind::Child, "c", &[7; 4096]);
    fixture.file(SetKind::Child, "l", b"12345678");
    let mut attachment = fixture.attach();
    assert_eq!(idents(&attachment), ["-i", "x", "Log"]);
    assert_eq!(attachment.header(SetKind::Child), Some(Header { pid: 3, started_unix: 4 }));
    assert_eq!(attachment.read_text("Arg", "-i").unwrap().as_deref(), Some("edge"));
    assert_eq!(attachment.read_text("Log", "Log").unwrap().as_deref(), Some("12345678"));
    assert_eq!(attachment.read_text("Log", "no").unwrap(), None);
    assert_eq!(attachment.map(attachment.find("Stat", "x").unwrap()).unwrap().len_bytes(), 8);
    assert_eq!(attachment.refresh(), QUIET);
    assert!(attachment.problems().is_empty());
}

#[test]
fn what_is_appended_is_read_when_its_line_is_whole() {
    let fixture = Fixture::new();
    fixture.index(SetKind::Child, "# 3 4\n+ l 0 8 Log Log\n");
    let mut attachment = fixture.attach();
    let log = attachment.find("Log", "Log").unwrap().id;
    fixture.append(SetKind::Child, "+ s 0 8 Stat");
    assert_eq!(attachment.refresh(), QUIET);
    fixture.append(SetKind::Child, " one\n- l 0 8 Log Log\n");
    assert_eq!(attachment.refresh(), Status { worker_changed: true, ..QUIET });
    assert_eq!(idents(&attachment), ["-i", "one"]);
    assert!(!attachment.is_valid(log));
}

#[test]
fn a_rewritten_index_keeps_what_it_still_has() {
    let fixture = Fixture::new();
    fixture.index(SetKind::Child, "# 3 4\n+ l 0 8 Log Log\n+ s 0 8 Stat one\n");
    let mut attachment = fixture.attach();
    let (log, one) =
        (attachment.find("Log", "Log").unwrap().id, attachment.find("Stat", "one").unwrap().id);
    fixture.rewrite(SetKind::Child, "# 3 4\n+ l 0 8 Log Log\n+ s 0 8 Stat one\n");
    assert_eq!(attachment.refresh(), QUIET);
    fixture.rewrite(SetKind::Child, "# 3 4\n+ l 0 8 Log Log\n+ t 0 8 Stat two\n");
    assert_eq!(attachment.refresh(), Status { worker_changed: true, ..QUIET });
    assert!(attachment.is_valid(log) && !attachment.is_valid(one));
    assert_eq!(idents(&attachment), ["-i", "Log", "two"]);
}

#[test]
fn a_shrunk_index_is_read_anew() {
    let fixture = Fixture::new();
    fixture.index(SetKind::Child, "# 3 4\n+ l 0 8 Log Log\n+ s 0 8 Stat one\n");
    let mut attachment = fixture.attach();
    let log = attachment.find("Log", "Log").unwrap().id;
    fixture.index(SetKind::Child, "# 3 4\n+ l 0 8 Log Log\n");
    assert_eq!(attachment.refresh(), Status { worker_changed: true, ..QUIET });
    assert!(attachment.is_valid(log));
    assert_eq!(idents(&attachment), ["-i", "Log"]);
}

#[test]
fn another_worker_has_other_segments_even_under_old_names() {
    let fixture = Fixture::new();
    fixture.index(SetKind::Child, "# 3 4\n+ l 0 8 Log Log\n");
    let mut attachment = fixture.attach();
    let log = attachment.find("Log", "Log").unwrap().id;

    std::fs::remove_dir_all(fixture.dir(SetKind::Child)).unwrap();
    let gone =
        Status { worker_running: false, worker_restarted: true, worker_changed: true, ..QUIET };
    assert_eq!(attachment.refresh(), gone);
    assert_eq!(attachment.refresh(), Status { worker_running: false, ..QUIET }, "told once");
    assert_eq!(idents(&attachment), ["-i"]);

    fixture.index(SetKind::Child, "# 5 6\n+ l 0 8 Log Log\n");
    assert_eq!(attachment.refresh(), Status { worker_changed: true, ..QUIET });
    assert!(!attachment.is_valid(log) && attachment.find("Log", "Log").is_some());

    // Between two looks: the directory is another one, and so is the header.
    std::fs::remove_dir_all(fixture.dir(SetKind::Child)).unwrap();
    fixture.index(SetKind::Child, "# 7 8\n+ l 0 8 Log Log\n");
    assert_eq!(
        attachment.refresh(),
        Status { worker_restarted: true, worker_changed: true, ..QUIET }
    );
    // A second header in the same file.
    let second = attachment.find("Log", "Log").unwrap().id;
    fixture.append(SetKind::Child, "# 9 9\n+ l 0 8 Log Log\n");
    assert_eq!(
        attachment.refresh(),
        Status { worker_restarted: true, worker_changed: true, ..QUIET }
    );
    assert!(!attachment.is_valid(second));
}

#[test]
fn a_vanished_directory_comes_back() {
    let fixture = Fixture::new();
    let mut attachment = fixture.attach();
    let aside = fixture.path().with_extension("aside");
    std::fs::rename(fixture.path(), &aside).unwrap();
    let status = attachment.refresh();
    assert!(!status.mgt_running && status.mgt_restarted && attachment.segments().next().is_none());
    assert_eq!(attachment.refresh(), Status::default());
    std::fs::rename(&aside, fixture.path()).unwrap();
    assert!(attachment.refresh().mgt_running);
    assert_eq!(idents(&attachment), ["-i"]);
}

#[test]
fn an_index_without_file_or_header_is_nobody() {
    let fixture = Fixture::new();
    let mut attachment = fixture.attach();
    std::fs::create_dir(fixture.dir(SetKind::Child)).unwrap();
    assert_eq!(attachment.refresh(), Status { worker_running: false, ..QUIET });
    assert_eq!(attachment.refresh(), Status { worker_running: false, ..QUIET });
    fixture.index(SetKind::Child, "+ l 0 8 Log Log\n");
    assert!(!attachment.refresh().worker_running);
}

#[test]
fn bad_lines_are_told_and_the_rest_is_read() {
    let fixture = Fixture::new();
    fixture.index(
        SetKind::Child,
        "# 3 4\n+ ../../../etc/passwd 0 8 Log Log\nnonsense\n+ c 16 8 Stat early\n+ c 0 4096  \n+ c 16 8 Stat x\n+ c 4090 8 Stat late\n+ l 0 8 Log Log\n+ l 0 8 Log Log\n",
    );
    let mut attachment = fixture.attach();
    assert_eq!(idents(&attachment), ["-i", "x", "Log"]);
    let problems: Vec<String> = attachment.problems().iter().map(Problem::to_string).collect();
    let parts = [
        "line 2: the file is not a name inside this directory",
        "line 3: does not begin with",
        "a slice of a cluster that is not there",
        "ends at byte 4098 of a cluster of 4096 bytes",
    ];
    assert_eq!(problems.len(), parts.len(), "{problems:?}");
    for (problem, part) in problems.iter().zip(parts) {
        assert!(problem.contains("_.vsm_child/_.index: ") && problem.contains(part), "{problem}");
    }
    assert!(attachment.problems().is_empty(), "told once");
}

#[test]
fn segments_that_are_not_what_the_index_says() {
    let fixture = Fixture::new();
    fixture.index(
        SetKind::Child,
        "# 3 4\n+ short 0 9999 Log short\n+ none 0 8 Log none\n+ fifo 0 8 Log fifo\n+ link 0 8 Log link\n+ huge 0 9000000000000000000 Log huge\n+ empty 0 0 Log empty\n",
    );
    fixture.file(SetKind::Child, "short", &[1; 4096]);
    fixture.file(SetKind::Child, "huge", &[1; 8]);
    fixture.file(SetKind::Child, "empty", &[1; 8]);
    let dir = fixture.dir(SetKind::Child);
    assert!(Command::new("mkfifo").arg(dir.join("fifo")).status().unwrap().success());
    std::os::unix::fs::symlink("/etc/passwd", dir.join("link")).unwrap();
    let attachment = fixture.attach();
    let map = |ident| attachment.map(attachment.find("Log", ident).unwrap()).unwrap_err();
    let short = map("short").full_text();
    assert!(
        short.contains("9999") && short.contains("4096") && short.contains("_.vsm_child/short"),
        "{short}"
    );
    assert!(map("none").is_gone() && !map("short").is_gone());
    assert!(
        map("none").full_text().contains("_.vsm_child/none: No such file"),
        "{}",
        map("none").full_text()
    );
    for ident in ["fifo", "link"] {
        assert!(map(ident).full_text().contains("not a regular file"));
    }
    assert!(map("huge").full_text().contains("9000000000000000000"), "{}", map("huge").full_text());
    assert!(map("empty").full_text().contains("length is zero"), "{}", map("empty").full_text());
}

#[test]
fn an_index_that_is_no_file_is_refused() {
    let fixture = Fixture::new();
    let dir = fixture.dir(SetKind::Child);
    std::fs::create_dir(&dir).unwrap();
    assert!(Command::new("mkfifo").arg(dir.join("_.index")).status().unwrap().success());
    let mut attachment = fixture.attach();
    assert!(!attachment.refresh().worker_running);
}

#[test]
fn why_there_is_nothing_to_attach_to() {
    let fixture = Fixture::new();
    let open = |path: &Path, check_pid| {
        Attachment::open(path, AttachOptions { check_pid }).unwrap_err().full_text()
    };
    let missing = open(&fixture.path().join("no"), true);
    assert!(
        missing.contains("/no is not a running instance: there is no such directory; start"),
        "{missing}"
    );
    let file = open(&fixture.dir(SetKind::Mgt).join("a"), true);
    assert!(file.contains("cannot open") && file.contains("Not a directory"), "{file}");
    fixture.index(SetKind::Mgt, "junk\n");
    assert!(open(fixture.path(), false).contains("does not say who writes it"));
    std::fs::remove_file(fixture.dir(SetKind::Mgt).join("_.index")).unwrap();
    assert!(open(fixture.path(), false).contains("it has no _.vsm_mgt/_.index"));
}

#[test]
fn the_process_has_to_live_unless_that_is_switched_off() {
    let root = tempfile::tempdir().unwrap();
    let mut process = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
    let mut mgt = MgtSet::create(root.path(), &PublishOptions::own(1)).unwrap();
    mgt.add_identity("x", "7.3-8.0", "0").unwrap();
    mgt.publish().unwrap();
    let mut child = ChildSet::create(
        root.path(),
        &PublishOptions { pid: process.id(), ..PublishOptions::own(1) },
    )
    .unwrap();
    child.add_bytes("Log", "Log", b"x").unwrap();
    child.publish().unwrap();
    let mut attachment = Attachment::open(root.path(), AttachOptions::default()).unwrap();
    assert_eq!(attachment.refresh(), QUIET);

    process.kill().unwrap();
    process.wait().unwrap();
    let died =
        Status { worker_running: false, worker_restarted: true, worker_changed: true, ..QUIET };
    assert_eq!(attachment.refresh(), died);
    assert_eq!(attachment.refresh(), Status { worker_running: false, ..QUIET }, "told once");
    assert!(attachment.find("Log", "Log").is_some(), "what the dead wrote can be read");
    let mut unchecked = Attachment::open(root.path(), AttachOptions { check_pid: false }).unwrap();
    assert!(unchecked.refresh().worker_running);

    drop(mgt);
    let status = attachment.refresh();
    assert!(!status.mgt_running && status.mgt_restarted);
    let dead = PublishOptions { pid: process.id(), holds_lock: true, ..PublishOptions::own(1) };
    let mut mgt = MgtSet::create(root.path(), &dead).unwrap();
    mgt.publish().unwrap();
    let error = Attachment::open(root.path(), AttachOptions::default()).unwrap_err().full_text();
    assert!(error.contains(&format!("its manager, process {}, is dead", process.id())), "{error}");
}

#[test]
fn a_writer_is_followed_through_many_changes() {
    let root = tempfile::tempdir().unwrap();
    let mut mgt = MgtSet::create(root.path(), &PublishOptions::own(1)).unwrap();
    mgt.add_identity("x", "7.3-8.0", "0").unwrap();
    mgt.publish().unwrap();
    let mut attachment = Attachment::open(root.path(), AttachOptions::default()).unwrap();
    for number in 0..60_u32 {
        let ident = format!("s{number}");
        mgt.add_bytes("Stat", &ident, &number.to_ne_bytes()).unwrap();
        mgt.publish().unwrap();
        if number % 3 != 0 {
            mgt.remove_segment("Stat", &ident).unwrap();
        }
        if number % 7 == 0 {
            attachment.refresh();
        }
    }
    attachment.refresh();
    let expected: Vec<&str> = mgt.entries().iter().map(|entry| entry.ident.as_str()).collect();
    assert_eq!(idents(&attachment), expected);
    assert!(attachment.problems().is_empty());
    for segment in attachment.segments() {
        attachment.map(segment).unwrap();
    }
}
