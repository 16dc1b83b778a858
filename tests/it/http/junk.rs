//! Heads and bodies with bytes changed at random, from both sides: the proxy stays in order.

use std::io::ErrorKind;

use crate::support::origin::{Origin, Step, ok, raw};
use crate::support::proxy::Proxy;

const ROUNDS: u64 = 200;

/// Numbers that look random and are the same in every run.
fn number(round: u64, index: u64) -> u64 {
    let mut z = (round << 32 | index).wrapping_add(0x5e11_ac00).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z ^ (z >> 32)
}

/// `text` with a few bytes changed, left out, doubled, or the rest cut off.
fn spoiled(text: &str, round: u64) -> Vec<u8> {
    const BYTES: &[u8] = b"\r\n\0 \t:;,/0129afGHTP\x7f\xff";
    let mut bytes = text.as_bytes().to_vec();
    for change in 0..=number(round, 0) % 3 {
        let at = usize::try_from(number(round, 3 * change + 1)).unwrap_or(0) % bytes.len();
        let byte = BYTES[usize::try_from(number(round, 3 * change + 2)).unwrap_or(0) % BYTES.len()];
        match number(round, 3 * change + 3) % 8 {
            0..=3 => bytes[at] = byte,
            4 | 5 => bytes.insert(at, byte),
            6 => drop(bytes.remove(at)),
            _ => bytes.truncate(at + 1),
        }
    }
    bytes
}

#[test]
fn spoiled_requests_get_an_answer_or_a_close() {
    let origin = Origin::start(|_| vec![Step::ReadBody, ok("fine")]);
    let timeouts =
        "[timeouts]\nclient_head = \"300ms\"\nclient_idle = \"300ms\"\nclient_body = \"300ms\"\n";
    let proxy = Proxy::start(&[origin.address()], timeouts);
    let requests = [
        "GET /x HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n",
        "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
        "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;x\r\nhello\r\n0\r\nX: y\r\n\r\n",
        "POST http://b/x HTTP/1.0\r\nConnection: keep-alive, X\r\nContent-Length: 5\r\n\r\nhello",
    ];
    for round in 0..ROUNDS {
        let request = requests[usize::try_from(round).unwrap_or(0) % requests.len()];
        let mut client = proxy.client();
        let wire = spoiled(request, round);
        // It may be refused before its end.
        let _ = client.try_send(&wire);
        client.half_close_if_open();
        let said = client.until_closed();
        let answers = said.is_empty() || said.starts_with(b"HTTP/1.1 ");
        assert!(
            answers,
            "{:?}: {:?}",
            String::from_utf8_lossy(&wire),
            String::from_utf8_lossy(&said)
        );
    }
    let mut client = proxy.client();
    client.send(requests[1]);
    assert_eq!(client.answer("POST").text(), "fine");
}

#[test]
fn spoiled_answers_are_answers_cut_answers_or_error_pages() {
    let answers = [
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX: y\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX: y\r\n\r\n",
        "HTTP/1.1 103 Early\r\nX: y\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        "HTTP/1.0 200 OK\r\n\r\nhello",
    ];
    let origin = Origin::start(move |asked| match asked.target.strip_prefix("/spoiled/") {
        Some(round) => {
            let round: u64 = round.parse().expect("a target of this test");
            let answer = answers[usize::try_from(round).unwrap_or(0) % answers.len()];
            vec![raw(spoiled(answer, round)), Step::CloseCleanly]
        }
        None => vec![ok("fine")],
    });
    let proxy = Proxy::start(&[origin.address()], "");
    for round in 0..ROUNDS {
        let mut client = proxy.client();
        client.send(format!("GET /spoiled/{round} HTTP/1.1\r\nHost: a\r\n\r\n"));
        match client.try_answer("GET") {
            Ok(answer) => assert!(answer.status >= 200, "{round}: {answer:?}"),
            // A head went out, and its body broke off in the same moment.
            Err(error) => assert_eq!(error.kind(), ErrorKind::UnexpectedEof, "{round}"),
        }
        let _ = client.try_send("GET /next HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        let rest = client.until_closed();
        let next = rest.is_empty()
            || (rest.starts_with(b"HTTP/1.1 200 OK\r\n") && rest.ends_with(b"\r\n\r\nfine"));
        assert!(next, "{round}: {:?}", String::from_utf8_lossy(&rest));
    }
}
