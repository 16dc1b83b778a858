//! Bodies as data, and that cutting the input changes nothing.

use proptest::prelude::*;

use super::*;

/// What came of a body whose connection ended after the input.
#[derive(Debug, PartialEq, Eq)]
struct Outcome {
    data: Vec<u8>,
    /// Bytes that belong to the next message.
    left_over: usize,
    result: Result<(), BodyError>,
    trailers: Headers,
}

/// Decodes the pieces one after another, then the end of the connection.
fn decode(framing: BodyFraming, pieces: &[&[u8]]) -> Outcome {
    let mut decoder = Decoder::new(framing);
    let mut data = Vec::new();
    let mut left_over = 0;
    let mut result = Ok(());
    'pieces: for piece in pieces {
        let mut input = *piece;
        while !decoder.is_done() && !input.is_empty() {
            match decoder.decode(input) {
                Ok(decoded) => {
                    data.extend_from_slice(decoded.data);
                    input = &input[decoded.consumed..];
                    assert_eq!(decoded.done, decoder.is_done());
                }
                Err(error) => {
                    assert_eq!(decoder.decode(input), Err(error), "the error stays");
                    assert_eq!(decoder.interrupted(), error);
                    result = Err(error);
                    break 'pieces;
                }
            }
        }
        left_over += input.len();
    }
    if result.is_ok() {
        result = decoder.eof();
    }
    assert_eq!(decoder.received_bytes(), data.len() as u64);
    Outcome { data, left_over, result, trailers: decoder.trailers().clone() }
}

fn check(
    framing: BodyFraming,
    wire: &[u8],
    data: &[u8],
    left_over: usize,
    result: Result<(), BodyError>,
) {
    let text = String::from_utf8_lossy(wire);
    let whole = decode(framing, &[wire]);
    assert_eq!(
        (&whole.data[..], whole.left_over, whole.result),
        (data, left_over, result),
        "{text:?}"
    );
    for cut in 0..=wire.len() {
        let (front, back) = wire.split_at(cut);
        assert_eq!(decode(framing, &[front, back]), whole, "cut at {cut}: {text:?}");
    }
    let bytes: Vec<&[u8]> = wire.chunks(1).collect();
    assert_eq!(decode(framing, &bytes), whole, "byte by byte: {text:?}");
}

#[test]
fn bodies_without_chunks() {
    let missing = |missing| Err(BodyError::StraightInsufficientBytes { missing });
    check(BodyFraming::None, b"next", b"", 4, Ok(()));
    check(BodyFraming::Length(0), b"next", b"", 4, Ok(()));
    check(BodyFraming::Length(3), b"abcnext", b"abc", 4, Ok(()));
    check(BodyFraming::Length(3), b"ab", b"ab", 0, missing(1));
    check(BodyFraming::Length(u64::MAX), b"ab", b"ab", 0, missing(u64::MAX - 2));
    check(BodyFraming::Eof, b"abc", b"abc", 0, Ok(()));
    check(BodyFraming::Eof, b"", b"", 0, Ok(()));
}

/// Wire, data, bytes of the next message, and how it ended.
type Case<'a> = (&'a [u8], &'a [u8], usize, Result<(), BodyError>);

#[test]
fn chunked_bodies() {
    use BodyError::*;
    let long_extension = [b"1;".as_slice(), &[b'x'; 1024], b"\r\na\r\n0\r\n\r\n"].concat();
    let long_trailer = [b"0\r\nX: ".as_slice(), &[b'x'; 8192], b"\r\n\r\n"].concat();
    let many_trailers = [b"0\r\n".as_slice(), &b"a:b\r\n".repeat(33), b"\r\n"].concat();
    let cases: &[Case] = &[
        (b"0\r\n\r\n", b"", 0, Ok(())),
        (b"0\r\n\r\nnext", b"", 4, Ok(())),
        (b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\nn", b"abcde", 1, Ok(())),
        (b"00000000000000000003\r\nabc\r\n00\r\n\r\n", b"abc", 0, Ok(())),
        (b"A\r\n0123456789\r\n0\r\n\r\n", b"0123456789", 0, Ok(())),
        (b"a\r\n0123456789\r\n0\r\n\r\n", b"0123456789", 0, Ok(())),
        (b"3;x=y\r\nabc\r\n0;last\r\n\r\n", b"abc", 0, Ok(())),
        (b"3 \t;x\r\nabc\r\n0 \r\n\r\n", b"abc", 0, Ok(())),
        (b"0\r\nX-Sum: 1\r\nY:2\r\n\r\nn", b"", 1, Ok(())),
        (b"", b"", 0, Err(ReadError)),
        (b"3", b"", 0, Err(ReadError)),
        (b"3\r\n", b"", 0, Err(InsufficientBytes)),
        (b"3\r\nab", b"ab", 0, Err(InsufficientBytes)),
        (b"3\r\nabc", b"abc", 0, Err(ReadError)),
        (b"3\r\nabc\r\n", b"abc", 0, Err(ReadError)),
        (b"3\r\nabc\r\n0\r\n", b"abc", 0, Err(ReadError)),
        (b"3\r\nabc\r\n0\r\nX: y\r\n", b"abc", 0, Err(ReadError)),
        (b"x\r\n", b"", 0, Err(HeaderNonHex)),
        (b"\r\n", b"", 0, Err(HeaderNonHex)),
        (b";x\r\n", b"", 0, Err(HeaderNonHex)),
        (b" 3\r\nabc\r\n", b"", 0, Err(HeaderNonHex)),
        (b"-1\r\n", b"", 0, Err(HeaderNonHex)),
        (b"0x3\r\nabc\r\n", b"", 0, Err(HeaderNoNewline)),
        (b"3 4\r\nabc\r\n", b"", 0, Err(HeaderNoNewline)),
        (b"3\r\nabc\r\nz\r\n", b"abc", 0, Err(HeaderNonHex)),
        (b"000000000000000000003\r\nabc\r\n", b"", 0, Err(HeaderTooLong)),
        (&long_extension, b"", 0, Err(HeaderTooLong)),
        (b"ffffffffffffffff\r\n", b"", 0, Err(SizeTooLarge)),
        (b"8000000000000000\r\n", b"", 0, Err(SizeTooLarge)),
        (b"10000000000000003\r\nabc\r\n", b"", 0, Err(HeaderTooLong)),
        (b"1234567890abcdef12345\r\nabc\r\n", b"", 0, Err(HeaderTooLong)),
        (b"7fffffffffffffff\r\nab", b"ab", 0, Err(InsufficientBytes)),
        (b"3\nabc\r\n", b"", 0, Err(HeaderNoNewline)),
        (b"3\rabc\r\n", b"", 0, Err(HeaderNoNewline)),
        (b"3;x\nabc\r\n", b"", 0, Err(HeaderNoNewline)),
        (b"3;\0\r\nabc\r\n", b"", 0, Err(HeaderNoNewline)),
        (b"3\r\nabcd\r\n", b"abc", 0, Err(TailNoNewline)),
        (b"3\r\nabc\n0\r\n\r\n", b"abc", 0, Err(TailNoNewline)),
        (b"3\r\nabc\rx", b"abc", 0, Err(TailNoNewline)),
        (b"0\r\n\n", b"", 0, Err(TrailerSyntax)),
        (b"0\r\nno colon\r\n\r\n", b"", 0, Err(TrailerSyntax)),
        (b"0\r\nX: y\n\r\n", b"", 0, Err(TrailerSyntax)),
        (b"0\r\nX: y\rz\r\n\r\n", b"", 0, Err(TrailerSyntax)),
        (b"0\r\nX: \0\r\n\r\n", b"", 0, Err(TrailerSyntax)),
        (b"0\r\n fold\r\n\r\n", b"", 0, Err(TrailerSyntax)),
        (b"0\r\nX: y\r\n z\r\n\r\n", b"", 0, Err(TrailerSyntax)),
        (&long_trailer, b"", 0, Err(TrailerTooLong)),
        (&many_trailers, b"", 0, Err(TrailerTooLong)),
    ];
    for (wire, data, left_over, result) in cases {
        // Cutting a text of several KB at every byte would only repeat one case.
        if wire.len() > 500 {
            let whole = decode(BodyFraming::Chunked, &[wire]);
            assert_eq!((&whole.data[..], whole.result), (*data, *result));
        } else {
            check(BodyFraming::Chunked, wire, data, *left_over, *result);
        }
    }
}

#[test]
fn trailers_are_kept() {
    let outcome = decode(BodyFraming::Chunked, &[b"0\r\nX-Sum:  1 \r\nY:2\r\n\r\n"]);
    assert_eq!(outcome.trailers, [("X-Sum", "1"), ("Y", "2")].into_iter().collect());
}

#[test]
fn an_interrupted_body_is_named_by_its_framing() {
    let cases: &[(BodyFraming, &[u8], &str)] = &[
        (BodyFraming::Length(3), b"a", "straight insufficient bytes"),
        (BodyFraming::Eof, b"a", "eof socket fail"),
        (BodyFraming::Chunked, b"3\r\na", "chunked insufficient bytes"),
        (BodyFraming::Chunked, b"3\r\nabc", "chunked read err"),
    ];
    for (framing, wire, text) in cases {
        let mut decoder = Decoder::new(*framing);
        decoder.decode(wire).unwrap();
        assert_eq!(decoder.interrupted().text(), *text);
    }
}

#[test]
fn texts_of_the_log() {
    use BodyError::*;
    let cases = [
        (HeaderNonHex, "chunked header non-hex"),
        (HeaderTooLong, "chunked header too long"),
        (SizeTooLarge, "bogusly large chunk size"),
        (HeaderNoNewline, "chunked header no NL"),
        (TailNoNewline, "chunked tail no NL"),
        (TrailerSyntax, "chunked tail no NL"),
        (TrailerTooLong, "chunked tail no NL"),
        (ReadError, "chunked read err"),
        (InsufficientBytes, "chunked insufficient bytes"),
    ];
    for (error, text) in cases {
        assert_eq!(error.text(), text);
    }
}

/// Pieces of chunked bodies in any order.
fn nearly_chunked() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop::sample::select(vec![
        &b"3\r\nabc\r\n"[..],
        b"1;x=y\r\na\r\n",
        b"0\r\n\r\n",
        b"0\r\n",
        b"X: y\r\n",
        b"\r\n",
        b"\r",
        b"\n",
        b"f",
        b";",
        b" ",
        b"\0",
        b"10000000000",
        b"abc",
    ]);
    prop_oneof![
        4 => prop::collection::vec(piece, 0..10).prop_map(|pieces| pieces.concat()),
        1 => prop::collection::vec(any::<u8>(), 0..100),
    ]
}

fn framing() -> impl Strategy<Value = BodyFraming> {
    prop_oneof![
        6 => Just(BodyFraming::Chunked),
        2 => (0_u64..50).prop_map(BodyFraming::Length),
        1 => Just(BodyFraming::Eof),
        1 => Just(BodyFraming::None),
    ]
}

proptest! {
    #[test]
    fn cutting_the_input_changes_nothing(
        wire in nearly_chunked(),
        framing in framing(),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
    ) {
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(wire.len() + 1)).collect();
        cuts.sort_unstable();
        let mut pieces = Vec::new();
        let mut start = 0;
        for cut in cuts {
            pieces.push(&wire[start..cut]);
            start = cut;
        }
        pieces.push(&wire[start..]);
        prop_assert_eq!(decode(framing, &pieces), decode(framing, &[&wire]));
    }
}
