use proptest::prelude::*;

use super::{Answer, AnswerReader, FrameError};
use crate::Status;

fn wire(answer: &Answer) -> Vec<u8> {
    let mut out = Vec::new();
    answer.write_to(&mut out);
    out
}

#[test]
fn the_wire_is_as_a_varnishd_writes_it() {
    let text = "Unknown request.\nType 'help' for more info.\n";
    let answer = Answer::new(Status::UNKNOWN, text);
    assert_eq!(wire(&answer), format!("101 44      \n{text}\n").into_bytes());
    assert_eq!(wire(&Answer::new(Status::CLOSING, "")), b"500 0       \n\n");
}

#[test]
fn what_is_too_long_is_cut_and_says_so() {
    let cut = Answer::ok("0123456789").limited(4);
    assert_eq!((cut.status, cut.body.as_slice()), (Status::TRUNCATED, &b"0123"[..]));
    let error = Answer::new(Status::CANNOT, "0123456789").limited(4);
    assert_eq!(error.status, Status::CANNOT, "that it failed is more important");
    assert_eq!(Answer::ok("abc").limited(3), Answer::ok("abc"));
    // 'é' has two bytes.
    assert_eq!(Answer::ok("aé").limited(2).body, b"a");
}

#[test]
fn what_is_no_answer_is_an_error() {
    let cases: [(&[u8], &str); 6] = [
        (b"HTTP/1.1 200 OK\r\n", "HTTP"),
        (b"20 0        \n\n", "20 0"),
        (b"200 0      \n\n\n", "begins with"),
        (b"200 -1      \n\n", "-1"),
        (b"200 1 2     \nab", "1 2"),
        (b"+20 0       \n\n", "+20"),
    ];
    for (bytes, part) in cases {
        let mut reader = AnswerReader::new(100);
        reader.push(bytes);
        let error = reader.next().unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
    let mut reader = AnswerReader::new(100);
    reader.push(b"200 101     \n");
    assert_eq!(reader.next(), Err(FrameError::TooLong { len: 101, most: 100 }));
    let mut reader = AnswerReader::new(100);
    reader.push(b"200 1       \nab");
    assert_eq!(reader.next(), Err(FrameError::NoEnd));
}

proptest! {
    #[test]
    fn answers_come_back_whatever_the_pieces(
        answers in prop::collection::vec((100_u16..1000, prop::collection::vec(any::<u8>(), 0..300)), 0..8),
        piece in 1_usize..64,
    ) {
        let answers: Vec<Answer> = answers
            .into_iter()
            .map(|(code, body)| Answer::new(Status::new(code).unwrap(), body))
            .collect();
        let bytes: Vec<u8> = answers.iter().flat_map(wire).collect();
        let mut reader = AnswerReader::new(300);
        let mut found = Vec::new();
        for piece in bytes.chunks(piece) {
            reader.push(piece);
            while let Some(answer) = reader.next().unwrap() {
                found.push(answer);
            }
        }
        prop_assert_eq!(found, answers);
        prop_assert!(!reader.has_begun());
    }

    #[test]
    fn any_bytes_are_answers_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut reader = AnswerReader::new(50);
        reader.push(&bytes);
        let mut taken = 0;
        while let Ok(Some(answer)) = reader.next() {
            taken += 14 + answer.body.len();
            prop_assert!(taken <= bytes.len());
        }
    }
}
