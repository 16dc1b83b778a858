use super::*;

fn stamp(text: &str) -> Stamp {
    Stamp::parse_compact(text).expect("a moment")
}

fn names(folder: &Folder) -> Vec<String> {
    let mut names = folder.names().unwrap();
    names.sort_unstable();
    names
}

#[test]
fn a_table_never_gets_the_name_of_another_one() {
    let directory = tempfile::tempdir().unwrap();
    let folder = Folder::open(directory.path(), Keep::of(2)).unwrap();
    let now = stamp("20261122T130000.000Z");
    let first = folder.name(now);
    assert!(first.ends_with("requests-20261122T130000.000Z.parquet"), "{}", first.display());
    fs::write(&first, "").unwrap();
    assert!(folder.name(now).ends_with("requests-20261122T130000.001Z.parquet"));
}

#[test]
fn the_newest_are_kept_and_other_files_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let folder = Folder::open(directory.path(), Keep::of(2)).unwrap();
    for name in [
        "requests-20261122T130000.000Z.parquet",
        "requests-20251122T130000.000Z.parquet",
        "requests-20271122T130000.000Z.parquet",
        "requests-of-mine.parquet",
        "a.parquet",
    ] {
        fs::write(directory.path().join(name), "").unwrap();
    }
    folder.thin_out().unwrap();
    assert_eq!(
        names(&folder),
        [
            "a.parquet",
            "requests-20261122T130000.000Z.parquet",
            "requests-20271122T130000.000Z.parquet",
            "requests-of-mine.parquet"
        ]
    );
}

#[test]
fn what_is_left_gets_its_name_or_goes() {
    let directory = tempfile::tempdir().unwrap();
    let folder = Folder::open(directory.path(), Keep::of(9)).unwrap();
    let begun = directory.path().join("requests-20261122T130000.000Z.parquet");
    let table = crate::export::parquet::file::Table::create_known(&begun, 1).unwrap();
    assert_eq!(names(&folder), [".requests-20261122T130000.000Z.parquet.part"]);
    table.finish().unwrap();
    let part = directory.path().join(".requests-20261122T130000.000Z.parquet.part");
    // Killed between the last byte and the name.
    fs::rename(&begun, &part).unwrap();
    let cut = directory.path().join(".requests-20261122T140000.000Z.parquet.part");
    fs::write(&cut, "PAR1 and then nothing").unwrap();
    let other = directory.path().join(".shellac-x.part");
    fs::write(&other, "somebody else writes it").unwrap();
    let mut left = folder.settle().unwrap();
    left.sort_by_key(|left| matches!(left, Left::Removed(_)));
    assert_eq!(left, [Left::Whole(begun), Left::Removed(cut)]);
    assert_eq!(names(&folder), [".shellac-x.part", "requests-20261122T130000.000Z.parquet"]);
    assert!(folder.settle().unwrap().is_empty());
}

#[test]
fn a_directory_has_one_export() {
    let directory = tempfile::tempdir().unwrap();
    let folder = Folder::open(directory.path(), Keep::of(1)).unwrap();
    let refused = Folder::open(directory.path(), Keep::of(1)).unwrap_err().to_string();
    assert!(refused.contains("another export writes to"), "{refused}");
    drop(folder);
    Folder::open(directory.path(), Keep::of(1)).unwrap();
    let missing = Folder::open(&directory.path().join("none"), Keep::of(1)).unwrap_err();
    assert!(missing.to_string().contains("is no directory"), "{missing}");
}
