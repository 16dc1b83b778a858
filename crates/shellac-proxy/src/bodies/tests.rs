use super::*;

fn wait(work: Work) -> Done {
    work.blocking_recv().unwrap()
}

#[test]
fn what_is_written_in_pieces_is_read_again() {
    let dir = tempfile::TempDir::new().unwrap();
    let bodies = Bodies::default();
    let mut file = None;
    for piece in ["one ", "two ", "three"] {
        let work = bodies.write(file.take(), dir.path(), piece.into()).unwrap();
        let Done::Written(back, bytes) = wait(work) else { panic!("{piece:?} was not written") };
        assert_eq!(bytes, piece.as_bytes());
        file = Some(back);
    }
    let work = bodies.read(file.unwrap(), 4, 7, Vec::new()).unwrap();
    let Done::Read(file, bytes) = wait(work) else { panic!("nothing was read") };
    assert_eq!(bytes, b"two thr");
    let work = bodies.read(file, 10, 100, bytes).unwrap();
    assert!(
        matches!(wait(work), Done::Failed(error) if error.kind() == io::ErrorKind::UnexpectedEof)
    );
}

#[test]
fn a_directory_that_is_not_there_fails_one_body_and_no_other() {
    let dir = tempfile::TempDir::new().unwrap();
    let bodies = Bodies::default();
    let work = bodies.write(None, &dir.path().join("gone"), b"x".to_vec()).unwrap();
    assert!(matches!(wait(work), Done::Failed(error) if error.kind() == io::ErrorKind::NotFound));
    let work = bodies.write(None, dir.path(), b"x".to_vec()).unwrap();
    assert!(matches!(wait(work), Done::Written(..)));
}
