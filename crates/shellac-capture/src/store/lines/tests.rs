use super::Lines;
use crate::index::MAX_LINE_BYTES;

fn lines(text: &[u8]) -> Vec<Vec<u8>> {
    Lines::new(text).map(Result::unwrap).collect()
}

#[test]
fn lines_come_without_ends_and_a_cut_one_does_not_come() {
    assert_eq!(lines(b"one\n\ntwo\ncut"), [b"one".to_vec(), b"".to_vec(), b"two".to_vec()]);
    assert!(lines(b"").is_empty());
}

#[test]
fn a_line_that_is_too_long_is_passed_over_and_takes_no_memory() {
    let mut text = vec![b'x'; 3 * MAX_LINE_BYTES];
    text.extend_from_slice(b"\nshort\n");
    assert_eq!(lines(&text), [b"short".to_vec()]);
    let mut just = vec![b'y'; MAX_LINE_BYTES];
    just.push(b'\n');
    assert_eq!(lines(&just)[0].len(), MAX_LINE_BYTES);
}

#[test]
fn an_error_ends_the_lines() {
    struct Broken;
    impl std::io::Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::UnexpectedEof.into())
        }
    }
    let mut lines = Lines::new(Broken);
    assert!(lines.next().unwrap().is_err());
    assert!(lines.next().is_none());
}
