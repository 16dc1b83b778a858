use super::*;

fn check(mut file: Box<dyn Stored>) {
    file.append(b"abc").unwrap();
    file.append(b"defg").unwrap();
    let mut read = [0; 4];
    file.read_at(2, &mut read).unwrap();
    assert_eq!(&read, b"cdef");
    let short = file.read_at(5, &mut read).unwrap_err();
    assert_eq!(short.kind(), io::ErrorKind::UnexpectedEof);
}

#[test]
fn a_file_has_no_name_and_keeps_what_is_written() {
    let dir = tempfile::TempDir::new().unwrap();
    let file = System.create(dir.path()).unwrap();
    assert_eq!(dir.path().read_dir().unwrap().count(), 0);
    check(file);
}

#[test]
fn where_files_need_a_name_it_is_gone_at_once() {
    let dir = tempfile::TempDir::new().unwrap();
    let file = named(dir.path()).unwrap();
    assert_eq!(dir.path().read_dir().unwrap().count(), 0);
    check(Box::new(OnDisk { file, len: 0 }));
}

#[test]
fn a_directory_that_is_not_there_is_said() {
    let dir = tempfile::TempDir::new().unwrap();
    let error = System.create(&dir.path().join("gone")).err().unwrap();
    assert_eq!(error.kind(), io::ErrorKind::NotFound);
}
