use std::os::unix::fs::PermissionsExt;

use super::*;

#[test]
fn what_is_kept_is_found_again_and_nothing_is_no_file() {
    let dir = tempfile::tempdir().unwrap();
    let mut saved = Saved::open(dir.path()).unwrap();
    assert_eq!(saved.text(), "");
    saved.keep("one".to_owned()).unwrap();
    // A writer that was killed leaves this behind.
    std::fs::write(dir.path().join("_.new"), "half").unwrap();
    saved.keep("two".to_owned()).unwrap();
    let again = Saved::open(dir.path()).unwrap();
    assert_eq!(again.text(), "two");
    let file = dir.path().join(FILE);
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    saved.keep(String::new()).unwrap();
    saved.keep(String::new()).unwrap();
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn what_cannot_be_written_is_kept_in_memory() {
    let dir = tempfile::tempdir().unwrap();
    let mut saved = Saved::open(dir.path()).unwrap();
    let path = dir.path().to_owned();
    drop(dir);
    assert!(!path.exists());
    assert_eq!(saved.keep("one".to_owned()).unwrap_err().kind(), io::ErrorKind::NotFound);
    assert_eq!(saved.text(), "one");
    let error = saved.keep("x".repeat(BYTES_MOST + 1)).unwrap_err();
    assert!(error.to_string().contains("4 MiB"));
    assert_eq!(saved.text(), "one", "it is not made room for");
}
