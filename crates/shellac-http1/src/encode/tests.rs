//! Framings that are put on come off again.

use proptest::prelude::*;

use super::*;
use crate::body::Decoder;

/// A framing, the pieces of a body, the wire.
type Case<'a> = (BodyFraming, &'a [&'a [u8]], &'a [u8]);

#[test]
fn framings_on_the_wire() {
    let cases: &[Case] = &[
        (BodyFraming::Length(5), &[b"abc", b"", b"de"], b"abcde"),
        (BodyFraming::Eof, &[b"abc", b"de"], b"abcde"),
        (BodyFraming::None, &[b""], b""),
        (
            BodyFraming::Chunked,
            &[b"abc", b"", b"0123456789abcdefg"],
            b"3\r\nabc\r\n11\r\n0123456789abcdefg\r\n0\r\n\r\n",
        ),
        (BodyFraming::Chunked, &[], b"0\r\n\r\n"),
    ];
    for (framing, pieces, expected) in cases {
        let mut encoder = Encoder::new(*framing);
        let mut out = Vec::new();
        for piece in *pieces {
            encoder.data(piece, &mut out).unwrap();
        }
        out.extend_from_slice(encoder.finish().unwrap());
        assert_eq!(out, *expected, "{framing:?}");
    }
}

#[test]
fn a_promised_length_is_kept() {
    let mut out = Vec::new();
    let mut encoder = Encoder::new(BodyFraming::Length(4));
    encoder.data(b"abc", &mut out).unwrap();
    assert_eq!(encoder.finish(), Err(EncodeError::TooShort { missing: 1 }));
    assert_eq!(encoder.data(b"de", &mut out), Err(EncodeError::TooLong { excess: 1 }));
    assert_eq!(out, b"abc");
    encoder.data(b"d", &mut out).unwrap();
    assert_eq!(encoder.finish(), Ok(&b""[..]));
    assert_eq!(
        Encoder::new(BodyFraming::None).data(b"x", &mut out),
        Err(EncodeError::TooLong { excess: 1 })
    );
}

#[test]
fn trailers_stand_behind_the_last_chunk_and_nowhere_else() {
    let trailers: crate::Headers = [("X-Sum", "1"), ("Y", "")].into_iter().collect();
    let mut out = b"before".to_vec();
    Encoder::new(BodyFraming::Chunked).finish_with(trailers.iter(), &mut out).unwrap();
    assert_eq!(out, b"before0\r\nX-Sum: 1\r\nY: \r\n\r\n");
    for framing in [BodyFraming::Eof, BodyFraming::None, BodyFraming::Length(0)] {
        let mut out = Vec::new();
        Encoder::new(framing).finish_with(trailers.iter(), &mut out).unwrap();
        assert_eq!(out, b"", "{framing:?}");
    }
    let mut out = Vec::new();
    let short = Encoder::new(BodyFraming::Length(1)).finish_with(trailers.iter(), &mut out);
    assert_eq!((short, out.len()), (Err(EncodeError::TooShort { missing: 1 }), 0));
}

#[test]
fn the_longest_chunk_head_fits() {
    let head = Encoder::new(BodyFraming::Chunked).head(usize::MAX).unwrap();
    assert_eq!(head.as_bytes(), format!("{:x}\r\n", usize::MAX).as_bytes());
}

proptest! {
    #[test]
    fn what_is_encoded_is_decoded(
        pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..8),
        chunked in any::<bool>(),
    ) {
        let body = pieces.concat();
        let framing = if chunked { BodyFraming::Chunked } else { BodyFraming::Length(body.len() as u64) };
        let mut encoder = Encoder::new(framing);
        let mut wire = Vec::new();
        for piece in &pieces {
            encoder.data(piece, &mut wire).unwrap();
        }
        wire.extend_from_slice(encoder.finish().unwrap());
        let mut decoder = Decoder::new(framing);
        let mut input = &wire[..];
        let mut decoded_body = Vec::new();
        while !decoder.is_done() {
            let decoded = decoder.decode(input).unwrap();
            prop_assert!(decoded.consumed > 0);
            decoded_body.extend_from_slice(decoded.data);
            input = &input[decoded.consumed..];
        }
        prop_assert!(input.is_empty());
        prop_assert_eq!(decoded_body, body);
    }
}
