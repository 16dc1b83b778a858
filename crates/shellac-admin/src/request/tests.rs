use proptest::prelude::*;

use super::{Incoming, RequestReader};
use crate::words::{SyntaxError, quote};

fn all(reader: &mut RequestReader) -> Vec<Incoming> {
    std::iter::from_fn(|| reader.next()).collect()
}

fn request(words: &[&str]) -> Incoming {
    Incoming::Request(words.iter().map(|&word| word.to_owned()).collect())
}

#[test]
fn lines_dashes_and_here_documents() {
    let mut reader = RequestReader::new(1000);
    reader.push(b"ping\n\n  \n-ping x\n- status\n--a\nload a << EOF\n one\n\"two\nEOF\nlast");
    assert_eq!(
        all(&mut reader),
        [
            request(&["ping"]),
            request(&["ping", "x"]),
            request(&["status"]),
            request(&["-a"]),
            request(&["load", "a", " one\n\"two\n"]),
        ]
    );
    assert_eq!(reader.waiting(), 4);
    reader.push(b"\nx <<\nx <<EOF\nx \"<<\" a\nx \"a\n<< E\nE\n");
    assert_eq!(
        all(&mut reader),
        [
            request(&["last"]),
            request(&["x", "<<"]),
            request(&["x", "<<EOF"]),
            request(&["x", "<<", "a"]),
            Incoming::Bad(SyntaxError::MissingQuote),
            request(&[""]),
        ]
    );
}

#[test]
fn what_is_too_long_ends_everything() {
    let mut reader = RequestReader::new(10);
    reader.push(b"0123456789\n01234567890");
    assert_eq!(all(&mut reader), [request(&["0123456789"]), Incoming::TooLong]);
    reader.push(b"\nping\n");
    assert_eq!((all(&mut reader), reader.waiting()), (vec![], 0));

    let mut reader = RequestReader::new(10);
    reader.push(b"x << E\n1234\n1234\n1");
    assert_eq!(all(&mut reader), [Incoming::TooLong]);
}

proptest! {
    #[test]
    fn pieces_make_no_difference(
        requests in prop::collection::vec(prop::collection::vec("[a-z\" \\\\\n]{1,6}", 1..4), 0..6),
        piece in 1_usize..9,
    ) {
        let mut bytes = Vec::new();
        for words in &requests {
            let line: Vec<String> = words.iter().map(|word| quote(word)).collect();
            bytes.extend_from_slice(line.join(" ").as_bytes());
            bytes.push(b'\n');
        }
        let mut reader = RequestReader::new(1000);
        let mut found = Vec::new();
        for piece in bytes.chunks(piece) {
            reader.push(piece);
            found.extend(all(&mut reader));
        }
        let expected: Vec<Incoming> = requests.into_iter().map(Incoming::Request).collect();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn what_is_kept_is_bounded(
        pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..20),
    ) {
        let mut reader = RequestReader::new(64);
        for piece in pieces {
            reader.push(&piece);
            all(&mut reader);
            prop_assert!(reader.waiting() <= 64);
        }
    }
}
