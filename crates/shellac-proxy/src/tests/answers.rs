//! What clients get: framing, versions, pages, connections.

use shellac_format::{Dialect, Tag};

use super::origin::{Connection, Origin};
use super::rig::{Rig, body, get, xid};

const DIALECT: Dialect = Dialect::V7_3;

fn rig(script: impl Fn(usize, Connection) + Send + Sync + 'static) -> (Rig, Origin) {
    let origin = Origin::start(script);
    (Rig::start(DIALECT, origin.address, "[error_page]\ntime = false\n"), origin)
}

/// Answers the first request of every connection with `response` and closes.
fn once(response: &'static str) -> impl Fn(usize, Connection) + Send + Sync {
    move |_, mut connection| {
        connection.request();
        connection.send(response);
    }
}

#[test]
fn the_client_gets_the_number_of_its_request_and_the_backend_that_of_the_attempt() {
    let (rig, origin) = rig(|_, mut connection| connection.serve());
    let response = rig.exchange(get("/a"));
    let all = rig.sessions(1);
    let [_, bereq, req] = &all[..] else { panic!("{all:#?}") };
    assert_eq!((bereq.kind(), req.kind()), ("bereq", "req"));
    assert_eq!(xid(&response), req.xid());
    assert_eq!(origin.seen()[0].xid(), bereq.xid());
    assert_eq!(bereq.parent(), req.xid());
    assert_eq!(body(&response), "answer");
}

#[test]
fn the_page_for_a_failed_fetch_shows_the_number_and_what_was_configured() {
    let settings = "[error_page]\ninstance = true\ntime = false\n";
    let rig = Rig::start(DIALECT, Origin::refusing(), settings);
    let response = rig.exchange(get("/a"));
    let number = xid(&response);
    assert!(response.starts_with("HTTP/1.1 503 Backend fetch failed\r\n"), "{response}");
    let page = format!(
        "<!DOCTYPE html>\n<html>\n  <head>\n    <title>503 Backend fetch failed</title>\n  </head>\n  <body>\n    \
         <h1>Error 503 Backend fetch failed</h1>\n    <p>Backend fetch failed</p>\n    <h3>Guru Meditation:</h3>\n    \
         <p>XID: {number}</p>\n    <p>Instance: test</p>\n    <hr>\n    <p>Shellac</p>\n  </body>\n</html>\n"
    );
    assert_eq!(body(&response), page);
    assert!(response.contains(&format!("Content-Length: {}\r\n", page.len())), "{response}");
}

#[test]
fn the_page_has_the_time_unless_it_is_switched_off() {
    let rig = Rig::start(DIALECT, Origin::refusing(), "");
    let response = rig.exchange(get("/a"));
    let date = response.split("Date: ").nth(1).unwrap().split("\r\n").next().unwrap();
    assert!(body(&response).contains(&format!("<p>Time: {date}</p>")), "{response}");
}

#[test]
fn an_answer_without_a_date_gets_that_of_its_arrival_and_one_that_has_one_keeps_it() {
    let (rig, _origin) = rig(|index, mut connection| {
        connection.request();
        let date = ["", "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"][index - 1];
        connection.send(format!(
            "HTTP/1.1 103 Early Hints\r\nContent-Length: 9\r\n\r\n\
             HTTP/1.1 200 OK\r\n{date}Content-Length: 0\r\nConnection: close\r\n\r\n"
        ));
    });
    let response = rig.exchange(get("/a"));
    let (interim, last) = response.split_once("\r\n\r\n").unwrap();
    assert_eq!(interim, "HTTP/1.1 103 Early Hints", "an interim answer has neither");
    assert!(last.starts_with("HTTP/1.1 200 OK\r\n"), "{last}");
    let date = last.split("\r\nDate: ").nth(1).unwrap().split("\r\n").next().unwrap();
    assert!(date.len() == 29 && date.ends_with(" GMT"), "{date}");
    let all = rig.sessions(1);
    let [_, bereq, req] = &all[..] else { panic!("{all:#?}") };
    let line = format!("Date: {date}");
    assert!(bereq.texts(Tag::BerespHeader).contains(&line.as_str()), "{bereq:#?}");
    assert!(req.texts(Tag::RespHeader).contains(&line.as_str()), "{req:#?}");

    let response = rig.exchange(get("/b"));
    assert_eq!(response.matches("Date: ").count(), 1, "{response}");
    assert!(response.contains("\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"), "{response}");
}

#[test]
fn head_gets_the_head_of_the_page() {
    let rig = Rig::start(DIALECT, Origin::refusing(), "");
    let response = rig.exchange(get("/a").replace("GET", "HEAD"));
    assert_eq!(body(&response), "");
    assert!(response.contains("Content-Length: "), "{response}");
}

#[test]
fn a_chunked_body_stays_chunked_for_http_1_1() {
    let script = once(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;ext=1\r\nabc\r\n2\r\nde\r\n0\r\nX-Trailer: 1\r\n\r\n",
    );
    let (rig, _origin) = rig(script);
    let response = rig.exchange(get("/a"));
    assert!(response.contains("\r\nTransfer-Encoding: chunked\r\n"), "{response}");
    assert_eq!(body(&response), "3\r\nabc\r\n2\r\nde\r\n0\r\nX-Trailer: 1\r\n\r\n");
}

#[test]
fn a_chunked_body_loses_its_framing_for_http_1_0() {
    let script = once(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
    );
    let (rig, _origin) = rig(script);
    let response = rig.exchange("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    assert!(!response.contains("Transfer-Encoding"), "{response}");
    assert!(response.contains("\r\nConnection: close\r\n"), "{response}");
    assert_eq!(body(&response), "abcde");
}

#[test]
fn a_body_that_ends_with_the_connection_gets_chunks() {
    let (rig, _origin) = rig(once("HTTP/1.1 200 OK\r\n\r\nabc"));
    let response = rig.exchange(get("/a"));
    assert_eq!(body(&response), "3\r\nabc\r\n0\r\n\r\n");
}

#[test]
fn bodies_that_break_off_stay_visibly_short() {
    let (rig, _origin) = rig(|number, mut connection| {
        connection.request();
        connection.send(match number {
            1 => "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
            _ => "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
        });
    });
    let response = rig.exchange(get("/length"));
    assert!(response.contains("Content-Length: 10\r\n") && body(&response) == "abc", "{response}");
    let response = rig.exchange(get("/chunked"));
    assert_eq!(body(&response), "3\r\nabc\r\n", "no last chunk");
    // Without any framing only a reset tells; it may overtake the data.
    let response = rig.exchange("GET /a HTTP/1.0\r\n\r\n");
    assert!(response.ends_with("<reset>"), "{response}");
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let (rig, origin) = rig(|_, mut connection| {
        while let Some(seen) = connection.request() {
            let line = seen.head.lines().next().unwrap_or_default().to_owned();
            connection.respond(200, &format!("{line} {}", String::from_utf8_lossy(&seen.body)));
        }
    });
    let mut client = rig.connect();
    client.send(
        "GET /a HTTP/1.1\r\nHost: x\r\n\r\nPOST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc\
         GET /c HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    );
    let responses = client.rest();
    let found: Vec<usize> = ["GET /a HTTP/1.1 ", "POST /b HTTP/1.1 abc", "GET /c HTTP/1.1 "]
        .iter()
        .map(|line| responses.find(line).unwrap_or_else(|| panic!("{line} in {responses}")))
        .collect();
    assert!(found.is_sorted(), "{responses}");
    // One after the other, so one connection was enough.
    assert!(origin.seen().iter().all(|seen| seen.connection == 1));
    let all = rig.sessions(1);
    assert_eq!(all[0].texts(Tag::Link).len(), 3);
}

#[test]
fn connections_are_kept_as_the_versions_want_it() {
    let (rig, _origin) = rig(|_, mut connection| connection.serve());
    let mut client = rig.connect();
    client.send("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    assert!(client.until("answer").contains("Connection: keep-alive\r\n"));
    client.send("GET /b HTTP/1.0\r\n\r\n");
    assert!(client.rest().contains("Connection: close\r\n"));
    let all = rig.sessions(1);
    assert_eq!(all[0].texts(Tag::SessClose)[0].split(' ').next(), Some("REQ_HTTP10"));
}

#[test]
fn interim_heads_reach_http_1_1_clients() {
    let script = once(
        "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
    );
    let (rig, _origin) = rig(script);
    let response = rig.exchange(get("/a"));
    assert!(response.starts_with("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK"));
    let response = rig.exchange("GET /a HTTP/1.0\r\n\r\n");
    assert!(response.starts_with("HTTP/1.1 200 OK"), "{response}");
}

#[test]
fn bytes_behind_a_response_are_nobodys() {
    let (rig, origin) = rig(|_, mut connection| {
        while connection.request().is_some() {
            connection
                .send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 666 Evil\r\n\r\n");
        }
    });
    for _ in 0..2 {
        let response = rig.exchange(get("/a"));
        assert_eq!(body(&response), "ok");
    }
    let connections: Vec<usize> = origin.seen().iter().map(|seen| seen.connection).collect();
    assert_eq!(connections, [1, 2]);
    let all = rig.sessions(2);
    let closed: Vec<&str> = all.iter().flat_map(|one| one.texts(Tag::BackendClose)).collect();
    assert!(closed.iter().all(|text| text.ends_with("close RX_JUNK")), "{closed:?}");
}

#[test]
fn what_concerns_one_connection_is_not_passed_on() {
    let response = "HTTP/1.1 200 OK\r\nConnection: X-Hop\r\nX-Hop: 1\r\nKeep-Alive: 5\r\nX-Stays: 1\r\nContent-Length: 0\r\n\r\n";
    let (rig, origin) = rig(once(response));
    let response = rig.exchange(
        "GET /a HTTP/1.1\r\nHost: x\r\nConnection: close, X-Mine\r\nX-Mine: 1\r\nTE: trailers\r\nX-Forwarded-For: 192.0.2.1\r\n\r\n",
    );
    assert!(response.contains("X-Stays: 1\r\n"), "{response}");
    assert!(!response.contains("X-Hop") && !response.contains("Keep-Alive"), "{response}");
    assert!(response.contains("Via: 1.1 test (Shellac)\r\n"), "{response}");
    let seen = &origin.seen()[0];
    assert_eq!(
        (seen.header("X-Mine"), seen.header("TE"), seen.header("Connection")),
        (None, None, None)
    );
    assert_eq!(seen.header("X-Forwarded-For"), Some("192.0.2.1, 127.0.0.1"));
    assert_eq!(seen.header("Via"), Some("1.1 test (Shellac)"));
}

#[test]
fn heads_are_refused_with_their_status() {
    let (rig, origin) = rig(|_, mut connection| connection.serve());
    let long = "x".repeat(40 << 10);
    for (request, status) in [
        ("GET / HTTP/1.1\r\n\r\n".to_owned(), "400 "),
        ("GET / HTTP/1.1\nHost: x\n\n".to_owned(), "400 "),
        ("GET / HTTP/2.0\r\nHost: x\r\n\r\n".to_owned(), "505 "),
        (format!("GET /{long} HTTP/1.1\r\nHost: x\r\n\r\n"), "414 "),
        (format!("GET / HTTP/1.1\r\nHost: x\r\nX: {long}\r\n\r\n"), "431 "),
        ("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n".to_owned(), "501 "),
        (
            "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n".to_owned(),
            "413 ",
        ),
    ] {
        let response = rig.exchange(&request);
        let start = format!("HTTP/1.1 {status}");
        assert!(response.starts_with(&start), "{response} for {:.60}", request);
        assert!(response.contains("Connection: close\r\n"), "{response}");
    }
    assert_eq!(origin.seen(), []);
}

#[test]
fn a_client_that_says_nothing_is_let_go() {
    let origin = Origin::start(|_, mut connection| connection.serve());
    let settings = "[timeouts]\nclient_idle = \"100ms\"\nclient_head = \"300ms\"\n";
    let rig = Rig::start(DIALECT, origin.address, settings);
    let mut silent = rig.connect();
    assert_eq!(silent.rest(), "");
    let mut slow = rig.connect();
    slow.send("GET / HTTP/1.1\r\n");
    assert_eq!(slow.rest(), "");
    let all = rig.sessions(2);
    let mut ends: Vec<&str> = all.iter().flat_map(|one| one.texts(Tag::SessClose)).collect();
    ends.sort_unstable();
    assert!(
        ends[0].starts_with("RX_CLOSE_IDLE ") && ends[1].starts_with("RX_TIMEOUT "),
        "{ends:?}"
    );
}

#[test]
fn large_bodies_arrive_whole() {
    const LEN: usize = 3 << 20;
    let (rig, _origin) = rig(|_, mut connection| {
        let Some(seen) = connection.request() else { return };
        let byte = |at: usize| b'a' + u8::try_from(at % 26).unwrap();
        let data: Vec<u8> = (0..LEN).map(byte).collect();
        if seen.head.starts_with("GET /length ") {
            connection.send(format!(
                "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {LEN}\r\n\r\n"
            ));
            connection.send(&data);
        } else {
            connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
            for piece in data.chunks(70_001) {
                connection.send(format!("{:x}\r\n", piece.len()));
                connection.send(piece);
                connection.send("\r\n");
            }
            connection.send("0\r\n\r\n");
        }
        connection.wait_for_end();
    });
    let expected: String =
        (0..LEN).map(|at| char::from(b'a' + u8::try_from(at % 26).unwrap())).collect();
    assert!(body(&rig.exchange(get("/length"))) == expected);
    let response = rig.exchange("GET /chunked HTTP/1.0\r\n\r\n");
    assert!(body(&response) == expected);
}

#[test]
fn routes_are_chosen_by_host_and_longest_path() {
    let plain = Origin::start(|_, mut connection| connection.serve());
    let special = Origin::start(|_, mut connection| connection.serve());
    let settings = "[[pool]]\nname = \"p0\"\nbackends = [\"b0\"]\n[[pool]]\nname = \"p1\"\nbackends = [\"b1\"]\n\
        [[route]]\npath = \"/\"\npool = \"p0\"\n[[route]]\npath = \"/x/y\"\npool = \"p1\"\n\
        [[route]]\npath = \"/\"\nhost = \"special.example\"\npool = \"p1\"\n";
    let rig = Rig::with_backends(DIALECT, &[plain.address, special.address], settings);
    rig.exchange(get("/x"));
    rig.exchange(get("/x/y/z"));
    rig.exchange(get("/q").replace("example.org", "SPECIAL.example:8080"));
    assert_eq!((plain.seen().len(), special.seen().len()), (1, 2));
}
