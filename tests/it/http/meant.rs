//! Requests and answers made by chance, most of them good and some not: whoever is behind the proxy sees what was meant, to
//! the byte, or nothing.
//!
//! What is made is known to be good or bad by how it was made, not by asking a parser of ours. `SHELLAC_SEED` makes others.

mod answers;
mod requests;

use std::collections::BTreeMap;
use std::io::ErrorKind;

use crate::support::client::Client;
use crate::support::dice::Dice;
use crate::support::origin::{Origin, Received, Step, hex_digest, raw};
use crate::support::proxy::Proxy;
use answers::{Made, Whole};
use requests::Meant;

const SEED: u64 = 7;
const STREAMS: usize = 400;
const ANSWERS: usize = 600;

/// Whether a field is about one connection, and has no business behind it.
fn is_one_connections_own(name: &str) -> bool {
    let own = ["connection", "keep-alive", "proxy-connection", "te", "upgrade", "x-own", "x-b"];
    own.iter().any(|own| name.eq_ignore_ascii_case(own))
}

/// Answers each request with its number, framed in one of three ways.
fn numbered() -> Origin {
    Origin::start(|asked| {
        let number = asked.fields.get("X-Id").unwrap_or_default().to_owned();
        let body = if asked.method == "HEAD" { "" } else { &number };
        let len = number.len();
        let (head, body) = match asked.number % 3 {
            0 => (format!("Content-Length: {len}"), body.to_owned()),
            1 if asked.method == "HEAD" => ("Transfer-Encoding: chunked".to_owned(), String::new()),
            1 => {
                ("Transfer-Encoding: chunked".to_owned(), format!("{len:x}\r\n{body}\r\n0\r\n\r\n"))
            }
            _ => (format!("Connection: close\r\nContent-Length: {len}"), body.to_owned()),
        };
        let answer = raw(format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n{body}"));
        let mut steps = vec![Step::ReadBody, answer];
        steps.extend((asked.number % 3 == 2).then_some(Step::Close));
        steps
    })
}

#[test]
fn an_origin_sees_what_was_meant_or_nothing() {
    let mut dice = Dice::or(SEED);
    let seed = dice.seed();
    let origin = numbered();
    let proxy = Proxy::start_with("threads = 1", &[origin.address()], "");
    let mut expected = BTreeMap::new();
    let mut broken = Vec::new();
    for stream in 0..STREAMS {
        let requests: Vec<Meant> = (0..=dice.below(4))
            .map(|number| Meant::new(&mut dice, &format!("{stream}-{number}")))
            .collect();
        let what = format!("seed {seed}, stream {stream}: {requests:#?}");
        let served = send(&mut dice, &proxy, &requests, &what);
        for meant in &requests[..served] {
            expected.insert(meant.id.clone(), meant.seen());
        }
        broken.extend(requests.get(served).map(|meant| meant.id.clone()));
    }
    let received = origin.received();
    let mut seen = BTreeMap::new();
    for one in &received {
        let id = one.asked.fields.get("X-Id").unwrap_or_default();
        assert_eq!(one.asked.fields.all("Host").len(), 1, "seed {seed}: {one:?}");
        let own = one.asked.fields.0.iter().find(|(name, _)| is_one_connections_own(name));
        assert_eq!(own, None, "seed {seed}: {one:?}");
        if let Some(len) = one.asked.fields.get("Content-Length") {
            assert!(len == "0" || !len.starts_with('0'), "seed {seed}: {one:?}");
        }
        if one.complete {
            let before = seen.insert(id.to_owned(), seen_of(one));
            assert_eq!(before, None, "seed {seed}: {id} came twice");
        } else {
            // Its body was refused on the way.
            assert!(broken.iter().any(|broken| broken == id), "seed {seed}: {one:?}");
        }
    }
    for (id, one) in &expected {
        assert_eq!(seen.get(id), Some(one), "seed {seed}: {id}");
    }
    assert_eq!(seen.len(), expected.len(), "seed {seed}: more requests than were meant");
    assert!(seen.len() > STREAMS / 2, "seed {seed}: hardly anything is good");
    assert!(broken.len() > STREAMS / 10, "seed {seed}: hardly anything is bad");
}

fn seen_of(one: &Received) -> [String; 4] {
    let asked = &one.asked;
    let host = asked.fields.get("Host").unwrap_or_default();
    [asked.method.clone(), asked.target.clone(), host.to_owned(), one.digest.clone()]
}

/// Sends the requests as one stream, cut anywhere, and reads the answers: how many were served before one was refused, or
/// before the connection was to end.
fn send(dice: &mut Dice, proxy: &Proxy, requests: &[Meant], what: &str) -> usize {
    let stream: Vec<u8> = requests.iter().flat_map(|meant| meant.bytes.clone()).collect();
    let mut client = proxy.client();
    let mut cuts: Vec<usize> = (0..dice.below(5)).map(|_| dice.below(stream.len())).collect();
    cuts.push(stream.len());
    cuts.sort_unstable();
    let mut from = 0;
    for cut in cuts {
        // It may be closed as soon as something is refused.
        let _ = client.try_send(&stream[from..cut]);
        from = cut;
    }
    client.half_close_if_open();
    let mut served = 0;
    for meant in requests {
        let answer = client
            .try_answer(&meant.method)
            .unwrap_or_else(|error| panic!("{}: {error}: {what}", meant.id));
        let closes = answer.fields.get("Connection").is_some_and(|value| value == "close");
        if meant.is_bad {
            assert!(answer.status >= 400 && closes, "{}: {answer:?}: {what}", meant.id);
            break;
        }
        assert_eq!(answer.status, 200, "{}: {answer:?}: {what}", meant.id);
        assert!(answer.complete, "{}: {answer:?}: {what}", meant.id);
        if meant.method != "HEAD" {
            assert_eq!(answer.text(), meant.id, "{what}");
        }
        assert!(closes || !meant.closes, "{}: {answer:?}: {what}", meant.id);
        served += 1;
        if closes {
            break;
        }
    }
    let rest = client.until_closed();
    assert!(rest.is_empty(), "{:?} at the end: {what}", String::from_utf8_lossy(&rest));
    served
}

#[test]
fn a_client_sees_what_was_meant_or_that_something_is_wrong() {
    let mut dice = Dice::or(SEED);
    let seed = dice.seed();
    let made: Vec<Made> = (0..ANSWERS).map(|_| Made::new(&mut dice)).collect();
    let scripts: Vec<Vec<Step>> = made.iter().map(|made| made.steps.clone()).collect();
    let origin = Origin::start(move |asked| match asked.target.strip_prefix("/made/") {
        Some(number) => scripts[number.parse::<usize>().expect("a target of this test")].clone(),
        None => vec![Step::ReadBody, raw("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnext")],
    });
    let proxy = Proxy::start_with("threads = 1", &[origin.address()], "");
    for (number, made) in made.iter().enumerate() {
        let what = format!("seed {seed}, answer {number}: {made:#?}");
        ask(&mut proxy.client(), number, made, &what);
    }
    // No connection goes on after something on it was wrong.
    let mut spoiled = BTreeMap::new();
    for one in origin.received() {
        let connection = one.asked.connection;
        assert_eq!(spoiled.get(&connection), None, "seed {seed}: {one:?}");
        let number = one.asked.target.strip_prefix("/made/").and_then(|text| text.parse().ok());
        if let Some(number) = number.filter(|number: &usize| made[*number].spoils) {
            spoiled.insert(connection, number);
        }
    }
    assert!(spoiled.len() > ANSWERS / 10, "seed {seed}: hardly anything is wrong");
}

/// Asks for one answer, and for another one behind it if the connection goes on.
fn ask(client: &mut Client, number: usize, made: &Made, what: &str) {
    let Made { method, version, keep, .. } = made;
    client.send(format!("{method} /made/{number} HTTP/1.{version}\r\nHost: a\r\n{keep}\r\n"));
    let answer = client.try_answer(method).unwrap_or_else(|error| panic!("{error}: {what}"));
    let is_page = answer.status == 503 && answer.text().starts_with("<!DOCTYPE html>");
    match made.whole {
        Whole::Yes => {
            assert_eq!((answer.status, answer.complete), (made.status, true), "{what}");
            assert_eq!(hex_digest(&answer.body), hex_digest(&made.body), "{what}");
            let relayed = if *version == 1 { &made.interim[..] } else { &[] };
            assert_eq!(answer.interim, relayed, "{what}");
            let own = answer.fields.0.iter().find(|(name, value)| {
                let of_ours = matches!(value.as_str(), "close" | "keep-alive" | "chunked");
                is_one_connections_own(name) && !of_ours
            });
            assert_eq!(own, None, "{what}");
        }
        Whole::Head => {
            let is_cut = !answer.complete && made.body.starts_with(&answer.body);
            assert!(is_cut || is_page, "{answer:?}: {what}");
        }
        Whole::No if method == "HEAD" => assert_eq!(answer.status, 503, "{what}"),
        Whole::No => assert!(is_page, "{answer:?}: {what}"),
    }
    let goes_on = answer.complete && answer.fields.get("Connection") != Some("close");
    let sent = client.try_send("GET /next HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    if goes_on {
        sent.unwrap_or_else(|error| panic!("{error}: {what}"));
        let next = client.try_answer("GET").unwrap_or_else(|error| panic!("{error}: {what}"));
        assert_eq!((next.status, next.text().as_str()), (200, "next"), "{what}");
    }
    match client.try_answer("GET") {
        Ok(answer) => panic!("{answer:?} at the end: {what}"),
        Err(error) => {
            let ended = [ErrorKind::UnexpectedEof, ErrorKind::ConnectionReset];
            assert!(ended.contains(&error.kind()), "{error}: {what}");
        }
    }
}
