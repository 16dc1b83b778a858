use std::os::unix::fs::PermissionsExt;

use super::*;

fn mode(path: &Path) -> u32 {
    std::fs::symlink_metadata(path).unwrap().permissions().mode() & 0o7777
}

fn index(set: &SetWriter) -> String {
    std::fs::read_to_string(set.dir().join("_.index")).unwrap()
}

/// The number of a process that has ended.
fn dead_pid() -> u32 {
    let mut child = std::process::Command::new("true").spawn().unwrap();
    child.wait().unwrap();
    child.id()
}

#[test]
fn a_set_has_the_shape_that_readers_expect() {
    let workdir = tempfile::tempdir().unwrap();
    let options = PublishOptions { pid: 4711, ..PublishOptions::own(99) };
    let mut set = MgtSet::create(&workdir.path().join("a/b"), &options).unwrap();
    let dir = set.dir().to_owned();
    assert_eq!(dir, workdir.path().join("a/b/_.vsm_mgt"));
    let entry = set.add_bytes("Arg", "-i", b"edge\0").unwrap();
    let log = set.allocate("Log", "Log", 5000).unwrap();
    assert!(!dir.join("_.index").exists(), "nothing is seen before it is published");
    set.publish().unwrap();

    assert_eq!((entry.len_bytes, log.len_bytes()), (8, 8192));
    let hex = entry.file.strip_prefix("_.Arg.").unwrap();
    assert!(
        hex.len() == 16
            && hex.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte)),
        "{hex}"
    );
    let text = index(&set);
    let log_file = text.split_ascii_whitespace().find(|field| field.starts_with("_.Log.")).unwrap();
    assert_eq!(
        text,
        format!("# 4711 99\n+ {} 0 8 Arg -i\n+ {log_file} 0 8192 Log Log\n", entry.file)
    );
    assert_eq!(
        (mode(&dir), mode(&dir.join("_.index")), mode(&dir.join(&entry.file))),
        (0o750, 0o640, 0o640)
    );
    assert_eq!(mode(&dir.join(log_file)), 0o640);
    let bytes = std::fs::read(dir.join(&entry.file)).unwrap();
    assert_eq!((&bytes[..8], bytes.len()), (&b"edge\0\0\0\0"[..], 4096));

    drop(set);
    assert!(!dir.exists() && workdir.path().join("a/b").exists());
}

#[test]
fn later_segments_are_appended_and_removals_told() {
    let workdir = tempfile::tempdir().unwrap();
    let mut set = ChildSet::create(workdir.path(), &PublishOptions::own(99)).unwrap();
    let gone = set.add_bytes("Stat", "early", &[1]).unwrap();
    set.remove_segment("Stat", "early").unwrap();
    assert!(!set.dir().join(gone.file).exists());
    set.publish().unwrap();
    assert_eq!(index(&set).lines().count(), 1, "what came and went before is not told");

    let inode = std::fs::metadata(set.dir().join("_.index")).unwrap().ino();
    let one = set.add_bytes("Stat", "one", &[0; 9]).unwrap();
    set.publish().unwrap();
    set.publish().unwrap();
    set.remove_segment("Stat", "one").unwrap();
    set.remove_segment("Stat", "never").unwrap();
    let file = &one.file;
    assert_eq!(
        index(&set).lines().skip(1).collect::<Vec<_>>(),
        [format!("+ {file} 0 16 Stat one"), format!("- {file} 0 16 Stat one")]
    );
    assert_eq!(std::fs::metadata(set.dir().join("_.index")).unwrap().ino(), inode);
    for _ in 0..10 {
        set.add_bytes("Stat", "more", &[1]).unwrap();
        set.publish().unwrap();
        set.remove_segment("Stat", "more").unwrap();
    }
    assert_eq!(index(&set).lines().count(), 1, "the eleventh removal writes the index anew");
    assert_ne!(std::fs::metadata(set.dir().join("_.index")).unwrap().ino(), inode);
    assert_eq!(
        std::fs::read_dir(set.dir()).unwrap().count(),
        1,
        "no temporary file and no segment stays"
    );
}

#[test]
fn a_set_of_a_living_process_is_left_alone() {
    let workdir = tempfile::tempdir().unwrap();
    let mut other = std::process::Command::new("sleep").arg("60").spawn().unwrap();
    let mut set = MgtSet::create(
        workdir.path(),
        &PublishOptions { pid: other.id(), ..PublishOptions::own(1) },
    )
    .unwrap();
    set.publish().unwrap();
    let error = MgtSet::create(workdir.path(), &PublishOptions::own(2)).unwrap_err();
    assert!(matches!(error, VsmError::Busy { pid, .. } if pid == other.id()), "{error}");
    assert!(error.full_text().contains(&format!("stop process {}", other.id())));
    assert_eq!(index(&set), format!("# {} 1\n", other.id()));

    let locked = PublishOptions { holds_lock: true, ..PublishOptions::own(3) };
    let mut heir = MgtSet::create(workdir.path(), &locked).unwrap();
    heir.publish().unwrap();
    drop(set);
    assert_eq!(
        index(&heir),
        format!("# {} 3\n", std::process::id()),
        "the one before removes only its own directory"
    );
    other.kill().unwrap();
    other.wait().unwrap();
}

#[test]
fn what_the_dead_left_is_replaced() {
    let workdir = tempfile::tempdir().unwrap();
    let dead = PublishOptions { pid: dead_pid(), ..PublishOptions::own(1) };
    let mut left = ChildSet::create(workdir.path(), &dead).unwrap();
    left.add_bytes("Log", "Log", &[1]).unwrap();
    left.publish().unwrap();
    left.leave();
    let mut set = ChildSet::create(workdir.path(), &PublishOptions::own(2)).unwrap();
    set.publish().unwrap();
    assert_eq!(index(&set), format!("# {} 2\n", std::process::id()));
    set.remove().unwrap();
    remove_set(workdir.path(), SetKind::Child).unwrap();
}

#[test]
fn errors_name_path_and_reason() {
    let workdir = tempfile::tempdir().unwrap();
    let file = workdir.path().join("file");
    std::fs::write(&file, "").unwrap();
    let error = MgtSet::create(&file, &PublishOptions::own(1)).unwrap_err();
    assert!(error.full_text().contains(&file.display().to_string()), "{}", error.full_text());
    assert!(
        error.full_text().contains("File exists") || error.full_text().contains("Not a directory"),
        "{}",
        error.full_text()
    );
}

#[test]
fn a_cluster_comes_before_its_slices_and_goes_with_them() {
    let workdir = tempfile::tempdir().unwrap();
    let mut mgt = MgtSet::create(workdir.path(), &PublishOptions::own(99)).unwrap();
    mgt.add_identity("test", "7.3-8.0", "0").unwrap();
    mgt.publish().unwrap();
    let mut set = ChildSet::create(workdir.path(), &PublishOptions::own(99)).unwrap();
    let (file, memory) = set.allocate_cluster(5000).unwrap();
    assert_eq!((memory.len_bytes(), file.starts_with("_.VSC_cluster.")), (8192, true));
    set.add_slice(&file, 64, 184, "Stat", "a");
    set.add_slice(&file, 256, 184, "Stat", "b");
    set.publish().unwrap();
    let lines = format!("+ {file} 0 8192  \n+ {file} 64 184 Stat a\n+ {file} 256 184 Stat b\n");
    assert_eq!(index(&set), format!("# {} 99\n{lines}", std::process::id()));
    let mut reader =
        crate::Attachment::open(workdir.path(), crate::AttachOptions::default()).unwrap();
    let idents = |reader: &crate::Attachment| -> Vec<String> {
        reader.segments().map(|segment| segment.ident.clone()).collect()
    };
    assert_eq!(idents(&reader), ["-i", "-shellac", "a", "b"]);
    memory.write_bytes(256, b"12345678").unwrap();
    let mapped = reader.map(reader.find("Stat", "b").unwrap()).unwrap();
    let mut bytes = [0; 8];
    mapped.read_bytes(0, &mut bytes).unwrap();
    assert_eq!(&bytes, b"12345678");

    // One slice less: the file stays for the others.
    set.remove_segment("Stat", "a").unwrap();
    assert!(index(&set).ends_with(&format!("- {file} 64 184 Stat a\n")));
    assert!(set.dir().join(&file).exists());
    reader.refresh();
    assert_eq!(idents(&reader), ["-i", "-shellac", "b"]);
    // All of it: the cluster's line is the last one.
    set.remove_file(&file).unwrap();
    assert!(
        index(&set).ends_with(&format!("- {file} 256 184 Stat b\n- {file} 0 8192  \n")),
        "{}",
        index(&set)
    );
    assert!(!set.dir().join(&file).exists());
    reader.refresh();
    assert_eq!(idents(&reader), ["-i", "-shellac"]);
    assert_eq!(reader.problems(), []);
    set.remove_file(&file).unwrap();

    // Many at a time are a new file.
    let (file, _memory) = set.allocate_cluster(64 * 40).unwrap();
    (1..40).for_each(|at| set.add_slice(&file, at * 64, 64, "Stat", &format!("s{at}")));
    set.publish().unwrap();
    set.remove_file(&file).unwrap();
    assert_eq!(index(&set), format!("# {} 99\n", std::process::id()));
}

#[test]
fn an_index_that_could_not_be_written_is_written_anew() {
    let workdir = tempfile::tempdir().unwrap();
    let mut set = ChildSet::create(workdir.path(), &PublishOptions::own(99)).unwrap();
    set.add_bytes("Arg", "first", b"1").unwrap();
    set.publish().unwrap();
    let path = set.dir().join("_.index");
    let away = set.dir().join("away");
    // In the way of the file, so that it cannot be opened, by whoever runs this.
    std::fs::rename(&path, &away).unwrap();
    std::fs::create_dir(&path).unwrap();
    set.add_bytes("Arg", "second", b"2").unwrap();
    let error = set.publish().unwrap_err();
    assert!(error.to_string().contains("_.index"), "{error}");
    std::fs::remove_dir(&path).unwrap();
    set.publish().unwrap();
    let text = index(&set);
    assert_eq!(text.lines().count(), 3, "{text}");
    assert!(text.contains("Arg first") && text.contains("Arg second"), "{text}");
}
