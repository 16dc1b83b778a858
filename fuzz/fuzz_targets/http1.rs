//! Any bytes as requests or responses: where they were cut makes no difference, nothing panics, and what is passed on is
//! read by the next server as what it was.
#![no_main]

use libfuzzer_sys::fuzz_target;
use shellac_http1::policy::strip_hop_by_hop;
use shellac_http1::{
    BodyFraming, Decoder, Encoder, Headers, Limits, RequestHead, ResponseHead, Trailing, Version,
    parse_request_into, parse_response_into, request_framing, response_framing, write,
};

const LIMITS: Limits = Limits { head_bytes: 4096, headers: 24 };

/// A body as it was understood: its bytes, what stands behind it, and why it ended early.
#[derive(Debug, PartialEq)]
struct Body {
    data: Vec<u8>,
    trailers: Headers,
    left_over: usize,
    end: Result<(), String>,
}

fn body(framing: BodyFraming, pieces: &[&[u8]]) -> Body {
    let mut decoder = Decoder::new(framing);
    let mut data = Vec::new();
    let mut left_over = 0;
    let mut end = Ok(());
    'all: for piece in pieces {
        let mut input = *piece;
        while !decoder.is_done() && !input.is_empty() {
            match decoder.decode(input) {
                Ok(decoded) => {
                    data.extend_from_slice(decoded.data);
                    input = &input[decoded.consumed..];
                }
                Err(error) => {
                    end = Err(error.to_string());
                    break 'all;
                }
            }
        }
        left_over += input.len();
    }
    if end.is_ok() {
        end = decoder.eof().map_err(|error| error.to_string());
    }
    if end.is_err() {
        left_over = 0;
    }
    Body { data, trailers: decoder.trailers().clone(), left_over, end }
}

/// Passes a body on in chunks, or as long as it is.
fn pass_on(
    head: &mut Headers,
    framing: BodyFraming,
    body: &Body,
    wire: &mut Vec<u8>,
    write: impl FnOnce(&Headers, &mut Vec<u8>),
) -> (BodyFraming, Headers) {
    let trailing = Trailing::of(head);
    strip_hop_by_hop(head);
    let framing = if framing == BodyFraming::Eof { BodyFraming::Chunked } else { framing };
    framing.set(head);
    if framing == BodyFraming::Chunked {
        trailing.announce(head);
    }
    write(head, wire);
    let mut encoder = Encoder::new(framing);
    encoder.data(&body.data, wire).expect("a whole body is as long as its head says");
    let passed: Headers = trailing
        .pass(&body.trailers)
        .map(|field| (String::from_utf8_lossy(field.name).into_owned(), field.value.to_vec()))
        .collect();
    encoder.finish_with(passed.iter(), wire).expect("a whole body is as long as its head says");
    (framing, passed)
}

fuzz_target!(|data: &[u8]| {
    let [control, at, wire @ ..] = data else { return };
    let at = usize::from(*at) % (wire.len() + 1);
    let (front, back) = wire.split_at(at);

    if control & 1 == 0 {
        let mut head = RequestHead::default();
        let early = parse_request_into(&mut head, front, &LIMITS);
        let all = parse_request_into(&mut head, wire, &LIMITS);
        assert!(early == Ok(None) || early == all, "{early:?} became {all:?}");
        let Ok(Some(len)) = all else { return };
        let framing = request_framing(&head).expect("a head that was taken has a framing");
        let rest = &wire[len..];
        let at = at % (rest.len() + 1);
        let whole = body(framing, &[rest]);
        assert_eq!(body(framing, &[&rest[..at], &rest[at..]]), whole);
        if whole.end.is_err() || head.headers.len() + 3 > LIMITS.headers {
            return;
        }
        if !head.headers.contains("host") {
            head.headers.push("Host", "a");
        }
        let mut out = Vec::new();
        let mut headers = head.headers.clone();
        let (framing, trailers) =
            pass_on(&mut headers, framing, &whole, &mut out, |headers, out| {
                head.headers = headers.clone();
                write::request(out, &head);
            });
        head.version = Version::Http11;
        let mut again = RequestHead::default();
        let limits = Limits { head_bytes: 16 << 10, ..LIMITS };
        let len = parse_request_into(&mut again, &out, &limits)
            .expect("what we write is good")
            .expect("and whole");
        assert_eq!((&again, request_framing(&again)), (&head, Ok(framing)));
        let body = body(framing, &[&out[len..]]);
        assert_eq!(
            (body.data, body.trailers, body.left_over, body.end),
            (whole.data, trailers, 0, Ok(()))
        );
    } else {
        let method = if control & 2 == 0 { "GET" } else { "HEAD" };
        let mut head = ResponseHead::default();
        let early = parse_response_into(&mut head, front, &LIMITS);
        let all = parse_response_into(&mut head, wire, &LIMITS);
        assert!(early == Ok(None) || early == all, "{early:?} became {all:?}");
        let Ok(Some(len)) = all else { return };
        let Ok(framing) = response_framing(&head, method) else { return };
        let rest = &wire[len..];
        let at = at % (rest.len() + 1);
        let whole = body(framing, &[rest]);
        assert_eq!(body(framing, &[&rest[..at], &rest[at..]]), whole);
        if whole.end.is_err()
            || framing == BodyFraming::None
            || head.headers.len() + 3 > LIMITS.headers
        {
            return;
        }
        let mut out = Vec::new();
        let mut headers = head.headers.clone();
        let (framing, trailers) =
            pass_on(&mut headers, framing, &whole, &mut out, |headers, out| {
                head.headers = headers.clone();
                write::response(out, &head);
            });
        head.version = Version::Http11;
        let mut again = ResponseHead::default();
        let limits = Limits { head_bytes: 16 << 10, ..LIMITS };
        let len = parse_response_into(&mut again, &out, &limits)
            .expect("what we write is good")
            .expect("and whole");
        assert_eq!((&again, response_framing(&again, method)), (&head, Ok(framing)));
        let body = body(framing, &[&out[len..]]);
        assert_eq!(
            (body.data, body.trailers, body.left_over, body.end),
            (whole.data, trailers, 0, Ok(()))
        );
    }
});
