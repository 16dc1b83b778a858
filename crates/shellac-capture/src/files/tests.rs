use std::fs;

use super::{list, locate, logs};

const STEM: &str = "20261122T053125.000Z-fetch-timeout-7";

#[test]
fn a_file_is_found_in_all_its_forms_and_under_no_foreign_name() {
    let dir = tempfile::tempdir().unwrap();
    let name = format!("{STEM}.vsl");
    assert_eq!(locate(dir.path(), &name).unwrap(), None);
    for (ending, is_partial, is_compressed) in
        [(".zst", false, true), (".part", true, false), ("", false, false)]
    {
        let path = dir.path().join(format!("{name}{ending}"));
        fs::write(&path, b"VSL2").unwrap();
        let found = locate(dir.path(), &name).unwrap().unwrap();
        assert_eq!((found.path, found.name.as_str()), (path, name.as_str()));
        assert_eq!((found.is_partial, found.is_compressed), (is_partial, is_compressed));
    }
    // An index is input: its names lead nowhere else.
    fs::write(dir.path().join("secret.vsl"), b"VSL2").unwrap();
    for hostile in ["secret.vsl", "../x.vsl", "/etc/passwd", "", ".vsl", &format!("../{STEM}.vsl")]
    {
        assert_eq!(locate(dir.path(), hostile).unwrap(), None, "{hostile}");
    }
}

#[test]
fn the_list_is_newest_first_and_has_only_captures() {
    let dir = tempfile::tempdir().unwrap();
    for name in [
        "20261122T053125.000Z-fetch-timeout-7.vsl.zst",
        "20261122T053126.000Z-fetch-timeout-8.vsl",
        "20261122T053127.000Z-fetch-timeout-9.vsl.part",
        "20261122T053127.000Z-fetch-timeout-9.vsl.zst.part",
        "index.jsonl",
        "manifest.jsonl",
        "other.vsl",
    ] {
        fs::write(dir.path().join(name), b"").unwrap();
    }
    let files = list(dir.path()).unwrap();
    let xids: Vec<&str> = files.iter().map(|file| &file.name[file.name.len() - 5..]).collect();
    assert_eq!(xids, ["9.vsl", "8.vsl", "7.vsl"]);
    assert!(files[0].is_partial && files[2].is_compressed);
}

#[test]
fn who_reads_a_directory_through_has_captures_first_and_whatever_else_is_a_log() {
    let dir = tempfile::tempdir().unwrap();
    let names = [
        "20261122T053125.000Z-fetch-timeout-7.vsl.zst",
        "20261122T053127.000Z-fetch-timeout-9.vsl.part",
        "by-hand.vsl",
        "index.jsonl",
    ];
    for name in names {
        fs::write(dir.path().join(name), b"VSL2").unwrap();
    }
    let found = logs(dir.path()).unwrap();
    assert_eq!(found, names[..3].iter().map(|name| dir.path().join(name)).collect::<Vec<_>>());
}
