//! Whole conversations: heads, bodies and trailers behind one another, cut anywhere, and written again.

use proptest::prelude::*;

use crate::framing::{BodyFraming, request_framing, response_framing};
use crate::head::{Limits, Version, parse_request_into, parse_response_into};
use crate::policy::strip_hop_by_hop;
use crate::{Decoder, Encoder, Headers, RequestHead, ResponseHead, Trailing, write};

const LIMITS: Limits = Limits { head_bytes: 2048, headers: 16 };

/// A message as its reader understands it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Message<H> {
    head: H,
    framing: BodyFraming,
    body: Vec<u8>,
    trailers: Headers,
}

/// What came of a connection: messages, and how it ended.
#[derive(Debug, PartialEq, Eq)]
struct Heard<H> {
    messages: Vec<Message<H>>,
    /// Why the rest was not read, as text; or what was unfinished when the input ended.
    end: String,
}

/// The two kinds of heads.
trait Head: Clone + Default + std::fmt::Debug + PartialEq {
    fn parse(&mut self, buf: &[u8]) -> Result<Option<usize>, String>;
    fn framing(&self) -> Result<BodyFraming, String>;
    fn headers(&mut self) -> &mut Headers;
    fn write(&self, out: &mut Vec<u8>);
    fn version(&mut self) -> &mut Version;
}

impl Head for RequestHead {
    fn parse(&mut self, buf: &[u8]) -> Result<Option<usize>, String> {
        parse_request_into(self, buf, &LIMITS).map_err(|error| error.to_string())
    }
    fn framing(&self) -> Result<BodyFraming, String> {
        request_framing(self).map_err(|error| error.to_string())
    }
    fn headers(&mut self) -> &mut Headers {
        &mut self.headers
    }
    fn write(&self, out: &mut Vec<u8>) {
        write::request(out, self);
    }
    fn version(&mut self) -> &mut Version {
        &mut self.version
    }
}

impl Head for ResponseHead {
    fn parse(&mut self, buf: &[u8]) -> Result<Option<usize>, String> {
        parse_response_into(self, buf, &LIMITS).map_err(|error| error.to_string())
    }
    fn framing(&self) -> Result<BodyFraming, String> {
        if self.is_interim() {
            return Ok(BodyFraming::None);
        }
        response_framing(self, "GET").map_err(|error| error.to_string())
    }
    fn headers(&mut self) -> &mut Headers {
        &mut self.headers
    }
    fn write(&self, out: &mut Vec<u8>) {
        write::response(out, self);
    }
    fn version(&mut self) -> &mut Version {
        &mut self.version
    }
}

/// Reads a connection on which these pieces arrive one after another, as a server or a client does.
fn listen<H: Head>(pieces: &[&[u8]]) -> Heard<H> {
    let mut messages = Vec::new();
    let mut buffer: Vec<u8> = Vec::new();
    let mut head = H::default();
    let mut open: Option<(Message<H>, Decoder)> = None;
    for piece in pieces {
        buffer.extend_from_slice(piece);
        loop {
            if let Some((message, decoder)) = &mut open {
                while !decoder.is_done() && !buffer.is_empty() {
                    match decoder.decode(&buffer) {
                        Ok(decoded) => {
                            message.body.extend_from_slice(decoded.data);
                            let consumed = decoded.consumed;
                            buffer.drain(..consumed);
                        }
                        Err(error) => return Heard { messages, end: error.to_string() },
                    }
                }
                if !decoder.is_done() {
                    break;
                }
                let (mut message, decoder) = open.take().expect("it is open");
                message.trailers = decoder.trailers().clone();
                messages.push(message);
            }
            if buffer.is_empty() {
                break;
            }
            match head.parse(&buffer) {
                Ok(None) => break,
                Err(error) => return Heard { messages, end: error },
                Ok(Some(len)) => {
                    buffer.drain(..len);
                    let framing = match head.framing() {
                        Ok(framing) => framing,
                        Err(error) => return Heard { messages, end: error },
                    };
                    let message = Message {
                        head: head.clone(),
                        framing,
                        body: Vec::new(),
                        trailers: Headers::new(),
                    };
                    open = Some((message, Decoder::new(framing)));
                }
            }
        }
    }
    let end = match open {
        None if buffer.is_empty() => "between messages".to_owned(),
        None => format!("{} bytes of a head", buffer.len()),
        Some((mut message, mut decoder)) => {
            let result = decoder.eof();
            message.trailers = decoder.trailers().clone();
            messages.push(message);
            format!("in a body: {result:?}")
        }
    };
    Heard { messages, end }
}

/// Writes messages as a proxy passes them on: without what concerned the last connection, in our framing.
fn pass_on<H: Head>(messages: &[Message<H>], chunks: usize) -> (Vec<u8>, Vec<Message<H>>) {
    let mut wire = Vec::new();
    let mut passed = Vec::new();
    for message in messages {
        let mut head = message.head.clone();
        let trailing = Trailing::of(head.headers());
        strip_hop_by_hop(head.headers());
        let framing = match message.framing {
            BodyFraming::Eof => BodyFraming::Chunked,
            other => other,
        };
        framing.set(head.headers());
        if framing == BodyFraming::Chunked {
            trailing.announce(head.headers());
        }
        *head.version() = Version::Http11;
        head.write(&mut wire);
        let mut encoder = Encoder::new(framing);
        for piece in message.body.chunks(chunks) {
            encoder.data(piece, &mut wire).expect("the body is as long as it said");
        }
        let trailers: Headers = trailing
            .pass(&message.trailers)
            .map(|field| (String::from_utf8_lossy(field.name).into_owned(), field.value.to_vec()))
            .collect();
        encoder.finish_with(trailers.iter(), &mut wire).expect("the body is as long as it said");
        passed.push(Message { head, framing, body: message.body.clone(), trailers });
    }
    (wire, passed)
}

/// A message on the wire: mostly good, sometimes not.
fn request() -> impl Strategy<Value = Vec<u8>> {
    let head = prop::sample::select(vec![
        "GET / HTTP/1.1\r\nHost: a\r\n",
        "POST /x?y HTTP/1.1\r\nHost: a:80\r\nX: y\r\n",
        "PUT http://b/z HTTP/1.1\r\nHost: a\r\nConnection: X-Own, close\r\nX-Own: 1\r\n",
        "POST /old HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n",
        "\r\nDELETE /z HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nConnection: TE\r\n",
    ]);
    (head, body()).prop_map(|(head, body)| [head.as_bytes(), &body].concat())
}

fn response() -> impl Strategy<Value = Vec<u8>> {
    let head = prop::sample::select(vec![
        "HTTP/1.1 200 OK\r\n",
        "HTTP/1.0 404 Not Found\r\nKeep-Alive: 5\r\nConnection: keep-alive\r\n",
        "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\n",
        "HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 500 \r\n",
    ]);
    (head, body()).prop_map(|(head, body)| [head.as_bytes(), &body].concat())
}

/// The rest of a head, and a body that it announces.
fn body() -> impl Strategy<Value = Vec<u8>> {
    let data = || prop::collection::vec(any::<u8>(), 0..60);
    let length = data().prop_map(|data| {
        [format!("Content-Length: {}\r\n\r\n", data.len()).as_bytes(), &data].concat()
    });
    let trailers = prop::sample::select(vec![
        "",
        "X-Sum: 1\r\n",
        "x-own: 2\r\nY:\r\nHost: evil\r\n",
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "no colon\r\n",
    ]);
    let chunked = (prop::collection::vec(data(), 0..4), trailers, any::<bool>()).prop_map(
        |(pieces, trailers, extended)| {
            let mut wire =
                b"Trailer: X-Sum, X-Own, Host\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
            for piece in pieces.iter().filter(|piece| !piece.is_empty()) {
                let extension = if extended { ";name=\"value\"" } else { "" };
                wire.extend_from_slice(format!("{:X}{extension}\r\n", piece.len()).as_bytes());
                wire.extend_from_slice(piece);
                wire.extend_from_slice(b"\r\n");
            }
            [&wire, b"0\r\n".as_slice(), trailers.as_bytes(), b"\r\n"].concat()
        },
    );
    let none = Just(b"\r\n".to_vec());
    let broken = prop::sample::select(vec![
        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n".to_vec(),
        b"Transfer-Encoding: chunked\r\n\r\n5\nabcde\r\n0\r\n\r\n".to_vec(),
        b"X: y\n\r\n".to_vec(),
        b"X : y\r\n\r\n".to_vec(),
    ]);
    prop_oneof![4 => length, 4 => chunked, 2 => none, 1 => broken]
}

/// One piece, two pieces cut at every byte, and single bytes: all the same.
fn cut_everywhere<H: Head>(wire: &[u8]) -> Result<Heard<H>, TestCaseError> {
    let whole = listen::<H>(&[wire]);
    for at in 0..=wire.len() {
        let (front, back) = wire.split_at(at);
        prop_assert_eq!(&listen::<H>(&[front, back]), &whole, "cut at {}", at);
    }
    let bytes: Vec<&[u8]> = wire.chunks(1).collect();
    prop_assert_eq!(&listen::<H>(&bytes), &whole, "byte by byte");
    Ok(whole)
}

/// What is passed on is read as what was passed on.
fn comes_back<H: Head>(heard: &Heard<H>, chunks: usize) -> Result<(), TestCaseError> {
    let whole = match heard.end.as_str() {
        "between messages" | "in a body: Ok(())" => &heard.messages[..],
        end if end.starts_with("in a body") => &heard.messages[..heard.messages.len() - 1],
        _ => &heard.messages[..],
    };
    let (wire, expected) = pass_on(whole, chunks);
    let again = listen::<H>(&[&wire]);
    prop_assert_eq!(again.end, "between messages");
    prop_assert_eq!(again.messages.len(), expected.len());
    for (again, mut expected) in again.messages.into_iter().zip(expected) {
        if expected.framing == BodyFraming::None && again.framing == BodyFraming::Eof {
            // Only `write` cannot say that there is no body: that is in the status.
            expected.framing = again.framing;
        }
        prop_assert_eq!(again, expected);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn requests_are_the_same_however_they_are_cut_and_after_they_were_passed_on(
        wires in prop::collection::vec(request(), 1..4),
        chunks in 1_usize..70,
    ) {
        let heard = cut_everywhere::<RequestHead>(&wires.concat())?;
        comes_back(&heard, chunks)?;
    }

    #[test]
    fn responses_are_the_same_however_they_are_cut_and_after_they_were_passed_on(
        wires in prop::collection::vec(response(), 1..3),
        chunks in 1_usize..70,
    ) {
        let heard = cut_everywhere::<ResponseHead>(&wires.concat())?;
        comes_back(&heard, chunks)?;
    }
}
