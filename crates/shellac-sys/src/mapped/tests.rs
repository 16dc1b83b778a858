use super::*;

fn file_with(bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("file");
    std::fs::write(&path, bytes).unwrap();
    (dir, path)
}

#[test]
fn any_offset_can_be_mapped() {
    let bytes: Vec<u8> = (0..10_000).map(|at| (at % 251) as u8).collect();
    let (_dir, path) = file_with(&bytes);
    for (offset, len) in [(0, 10_000), (1, 10), (200, 184), (4095, 2), (4097, 5000), (9_999, 1)] {
        let map = MappedFile::open(&path, offset as u64, len).unwrap();
        assert_eq!(map.len_bytes(), len);
        let mut out = vec![0; len];
        map.read_bytes(0, &mut out).unwrap();
        assert_eq!(out, bytes[offset..offset + len]);
    }
}

#[test]
fn a_file_shorter_than_asked_for_is_an_error_with_both_numbers() {
    let (_dir, path) = file_with(&[1; 100]);
    for (offset, len) in [(0, 101), (50, 51), (100, 1), (u64::MAX, 2)] {
        let error = MappedFile::open(&path, offset, len).unwrap_err();
        assert!(
            matches!(error, MapError::Short { have_bytes: 100, wanted_bytes, .. } if wanted_bytes == len),
            "{error}"
        );
        assert!(error.to_string().contains("100"));
    }
    assert!(matches!(MappedFile::open(&path, 0, 0), Err(MapError::Empty { .. })));
}

#[test]
fn a_missing_file_is_an_error_with_its_path() {
    let dir = tempfile::tempdir().unwrap();
    let error = MappedFile::open(&dir.path().join("nothing"), 0, 1).unwrap_err();
    assert!(error.to_string().ends_with("nothing"), "{error}");
    assert_eq!(error.io().map(io::Error::kind), Some(io::ErrorKind::NotFound));
}

#[test]
fn reading_past_the_end_is_refused() {
    let (_dir, path) = file_with(&[1; 100]);
    let map = MappedFile::open(&path, 10, 20).unwrap();
    let mut out = [9; 2];
    assert_eq!(map.read_bytes(19, &mut out), Err(OutOfBounds { at: 19, len: 2, have: 20 }));
    assert_eq!(map.read_bytes(usize::MAX, &mut out).unwrap_err().have, 20);
    assert_eq!(out, [9; 2]);
    assert_eq!(map.read_bytes(20, &mut []), Ok(()));
}

#[test]
fn what_is_written_is_read_by_another_mapping() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("new");
    let writer = MappedFileMut::create(&path, 8192, &CreateOptions::default()).unwrap();
    let reader = MappedFile::open(&path, 4000, 4192).unwrap();
    writer.write_bytes(4090, b"across a page").unwrap();
    let mut out = [0; 13];
    reader.read_bytes(90, &mut out).unwrap();
    assert_eq!(&out, b"across a page");
    assert!(writer.write_bytes(8190, b"123").is_err());
}

#[test]
fn a_new_file_has_the_mode_asked_for_and_is_new() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("new");
    // More than a usual umask leaves.
    let options = CreateOptions { mode: 0o666, gid: None };
    let _writer = MappedFileMut::create(&path, 4096, &options).unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o666);
    let again = MappedFileMut::create(&path, 4096, &options).unwrap_err();
    assert_eq!(again.io().map(io::Error::kind), Some(io::ErrorKind::AlreadyExists));
    assert!(path.exists(), "a file that was there before stays");
}

#[test]
fn an_impossible_length_leaves_no_file_behind() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("new");
    let error = MappedFileMut::create(&path, 1 << 60, &CreateOptions::default()).unwrap_err();
    assert!(error.to_string().contains("new"), "{error}");
    assert!(!path.exists());
}
