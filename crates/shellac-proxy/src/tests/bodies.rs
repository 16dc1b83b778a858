//! Request bodies: sent as they come, kept, lost, refused, broken off.

use shellac_format::{Dialect, Tag};

use super::origin::{Connection, Origin};
use super::rig::{Rig, body, post};

const DIALECT: Dialect = Dialect::V6_0;
const SMALL: &str = "[body]\nlimit = \"1K\"\n";

fn chunked(path: &str, chunks: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n{chunks}"
    )
}

#[test]
fn a_chunked_body_arrives_whole() {
    let origin = Origin::start(|_, mut connection| connection.serve());
    let rig = Rig::start(DIALECT, origin.address, "");
    let response = rig.exchange(chunked("/a", "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n"));
    assert_eq!(body(&response), "answer");
    assert_eq!(origin.seen()[0].body, b"abcde");
    let all = rig.sessions(1);
    assert_eq!(all[1].note("fetch.sent"), Some("5"));
}

#[test]
fn a_body_is_passed_on_while_it_comes() {
    let origin = Origin::start(|_, mut connection| connection.serve());
    let rig = Rig::start(DIALECT, origin.address, "");
    let mut client = rig.connect();
    client.send("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\nConnection: close\r\n\r\nabc");
    // The backend has the head before the body is complete.
    rig.journal.wait(DIALECT, |_| !origin.seen().is_empty());
    client.send("def");
    assert_eq!(body(&client.rest()), "answer");
    assert_eq!(origin.seen()[0].body, b"abcdef");
}

#[test]
fn a_large_body_arrives_whole_although_it_is_not_kept() {
    let origin = Origin::start(|_, mut connection| connection.serve());
    let rig = Rig::start(DIALECT, origin.address, SMALL);
    let data: String =
        (0..2 << 20).map(|at| char::from(b'a' + u8::try_from(at % 26).unwrap())).collect();
    let response = rig.exchange(post("/a", &data));
    assert_eq!(body(&response), "answer");
    assert!(origin.seen()[0].body == data.as_bytes());
    let all = rig.sessions(1);
    assert_eq!(all[1].note("fetch.replay"), Some("lost"));
}

#[test]
fn a_body_that_is_not_kept_is_not_sent_again() {
    let origin = Origin::start(|number, mut connection| {
        if number > 1 {
            connection.serve();
        }
        connection.request();
    });
    let policy = "[[route]]\npath = \"/\"\n[route.retry]\nmethods = [\"POST\"]\n";
    let rig = Rig::start(DIALECT, origin.address, &format!("{SMALL}{policy}"));
    let response = rig.exchange(post("/a", &"x".repeat(2000)));
    assert!(response.starts_with("HTTP/1.1 503 "), "{response}");
    let response = rig.exchange(post("/b", &"x".repeat(1000)));
    assert!(response.starts_with("HTTP/1.1 200 "), "{response}");
    assert_eq!(origin.seen().len(), 2);
}

#[test]
fn a_body_over_the_limit_is_refused_where_that_is_wanted() {
    let origin = Origin::start(|_, mut connection| connection.serve());
    let settings = "[body]\nlimit = \"1K\"\nover = \"refuse\"\n";
    let rig = Rig::start(DIALECT, origin.address, settings);
    let response = rig.exchange(post("/a", &"x".repeat(2000)));
    assert!(response.starts_with("HTTP/1.1 413 "), "{response}");
    // Nobody asked a backend.
    assert_eq!(origin.seen(), []);
    let chunks = format!("7d0\r\n{}\r\n0\r\n\r\n", "x".repeat(2000));
    let response = rig.exchange(chunked("/a", &chunks));
    assert!(response.starts_with("HTTP/1.1 413 "), "{response}");
    let all = rig.sessions(2);
    assert!(all.iter().all(|one| one.has_ended()), "{all:#?}");
}

#[test]
fn a_client_that_stops_in_its_body_gets_an_error_and_the_log_says_why() {
    let origin = Origin::start(|_, mut connection| {
        connection.request();
    });
    let rig = Rig::start(DIALECT, origin.address, "");
    let mut client = rig.connect();
    client.send("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc");
    client.half_close();
    assert!(client.rest().starts_with("HTTP/1.1 503 "));
    let all = rig.sessions(1);
    let [session, bereq, req] = &all[..] else { panic!("{all:#?}") };
    assert_eq!(req.texts(Tag::FetchError), ["straight insufficient bytes"]);
    assert_eq!(
        bereq.texts(Tag::FetchError),
        ["req.body read error: 0 (Success)", "backend write error: 0 (Success) (Error transaction"]
    );
    assert_eq!(bereq.note("fetch.class"), Some("client"));
    assert_eq!((bereq.note("fetch.client"), bereq.note("fetch.limit")), (Some("closed"), None));
    assert!(session.texts(Tag::SessClose)[0].starts_with("RX_BODY "));
}

#[test]
fn a_body_with_broken_framing_is_the_clients_fault() {
    let origin = Origin::start(|_, mut connection| {
        connection.request();
    });
    let rig = Rig::start(DIALECT, origin.address, "");
    let response =
        rig.exchange(chunked("/a", "3\r\nabc\r\nZZ\r\nGET /evil HTTP/1.1\r\nHost: x\r\n\r\n"));
    assert!(response.starts_with("HTTP/1.1 400 "), "{response}");
    assert_eq!(response.matches("HTTP/1.1 ").count(), 1, "{response}");
    let all = rig.sessions(1);
    assert_eq!(all.iter().filter(|one| one.kind() == "req").count(), 1);
    let attempt = all.iter().find(|one| one.kind() == "bereq").expect("it had begun");
    assert_eq!(attempt.note("fetch.client"), Some("malformed"));
}

#[test]
fn a_client_that_stalls_in_its_body_is_let_go() {
    let origin = Origin::start(|_, mut connection| {
        connection.request();
    });
    let rig = Rig::start(DIALECT, origin.address, "[timeouts]\nclient_body = \"100ms\"\n");
    let response = rig.exchange("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc");
    assert!(response.starts_with("HTTP/1.1 408 "), "{response}");
}

#[test]
fn the_word_that_a_client_waits_for_is_the_backends() {
    let origin = Origin::start(|_, mut connection| {
        connection.head();
        connection.send("HTTP/1.1 100 Continue\r\n\r\n");
        let mut rest = String::new();
        while !rest.ends_with("abc") {
            rest.push(connection.byte());
        }
        connection.respond(200, &rest);
    });
    let rig = Rig::start(DIALECT, origin.address, "");
    let mut client = rig.connect();
    client.send(
        "POST /a HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\nConnection: close\r\n\r\n",
    );
    assert_eq!(client.until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
    client.send("abc");
    let response = client.rest();
    assert!(response.starts_with("HTTP/1.1 200 ") && body(&response) == "abc", "{response}");
}

#[test]
fn a_backend_that_does_not_say_the_word_is_not_waited_for() {
    let origin = Origin::start(|_, mut connection| connection.serve());
    let rig = Rig::start(DIALECT, origin.address, "");
    let mut client = rig.connect();
    client.send(
        "POST /a HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\nConnection: close\r\n\r\n",
    );
    assert_eq!(client.until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
    client.send("abc");
    assert_eq!(body(&client.rest()), "answer");
}

#[test]
fn a_backend_that_refuses_gets_no_body() {
    let origin = Origin::start(|_, mut connection| {
        connection.head();
        connection.respond(403, "no");
        connection.wait_for_end();
    });
    let rig = Rig::start(DIALECT, origin.address, "");
    let mut client = rig.connect();
    client.send("POST /a HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
    let response = client.until("no");
    assert!(response.starts_with("HTTP/1.1 403 "), "{response}");
    // Whether the body still comes is unknown, so what comes is not taken for a request.
    client.send("GET /evil HTTP/1.1\r\nHost: x\r\n\r\n");
    client.half_close();
    assert_eq!(client.rest(), "");
    assert_eq!(origin.seen().len(), 1);
}

#[test]
fn an_early_response_wins_over_an_upload_that_stalls() {
    let origin = Origin::start(|_, mut connection| {
        connection.head();
        connection.respond(413, "too large");
        connection.wait_for_end();
    });
    let rig = Rig::start(DIALECT, origin.address, "");
    let mut client = rig.connect();
    client.send("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 20000000\r\n\r\n");
    client.send(vec![b'x'; 64 << 10]);
    let response = client.until("too large");
    assert!(response.starts_with("HTTP/1.1 413 "), "{response}");
    client.half_close();
    assert_eq!(client.rest(), "");
    let all = rig.sessions(1);
    assert!(all[0].texts(Tag::SessClose)[0].starts_with("RX_BODY "), "{all:#?}");
    assert_eq!(all.iter().filter(|one| one.kind() == "req").count(), 1);
}

#[test]
fn a_response_may_begin_before_the_request_ends() {
    let origin = Origin::start(|_, mut connection| {
        connection.head();
        connection.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n");
        let mut echo = String::new();
        while echo.len() < 6 {
            echo.push(connection.byte());
            connection.send(&echo[echo.len() - 1..]);
        }
        connection.wait_for_end();
    });
    let rig = Rig::start(DIALECT, origin.address, "");
    let mut client = rig.connect();
    client.send("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\nabc");
    assert!(client.until("abc").starts_with("HTTP/1.1 200 "));
    client.send("def");
    assert_eq!(client.until("def"), "def");
    // Whether the body would come to its end was unknown when the answer began.
    assert_eq!(client.rest(), "");
    let all = rig.sessions(1);
    assert_eq!(all[1].note("fetch.response"), Some("before the request was sent"));
    assert!(all[0].texts(Tag::SessClose)[0].starts_with("RX_BODY "), "{all:#?}");
}

/// Begins its answer at once, tells it what it makes of the body, and ends it when that ends, one way or the other.
fn begins_at_once(_: usize, mut connection: Connection) {
    connection.head();
    connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nbegun\r\n");
    connection.wait_for_end();
    connection.send("4\r\nover\r\n0\r\n\r\n");
}

#[test]
fn a_request_that_breaks_off_after_its_response_began_ends_for_the_backend_too() {
    let cases = [
        ("5\r\nhello\r\nZZ\r\n", "malformed", false),
        ("5\r\nhello\r\n", "closed", true),
        ("20\r\n01234567890123456789012345678901\r\n", "too_large", false),
    ];
    for (rest, word, ends) in cases {
        let origin = Origin::start(begins_at_once);
        let settings = "[body]\nmemory = \"16\"\nlimit = \"16\"\nover = \"refuse\"\n";
        let rig = Rig::start(DIALECT, origin.address, settings);
        let mut client = rig.connect();
        client.send("POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n");
        assert!(client.until("begun").starts_with("HTTP/1.1 200 "), "{word}");
        client.send(rest);
        if ends {
            client.half_close();
        }
        // The backend waits for the rest, which will never come, and has to know.
        assert!(client.until("0\r\n\r\n").contains("over"), "{word}");
        if !ends {
            client.half_close();
        }
        assert_eq!(client.rest(), "", "{word}");
        let all = rig.sessions(1);
        let attempt = all.iter().find(|one| one.kind() == "bereq").expect("there was one");
        assert_eq!(attempt.note("fetch.request"), Some(word), "{all:#?}");
        assert!(attempt.texts(Tag::BackendClose)[0].contains(" close"), "{word}: {all:#?}");
    }
}

#[test]
fn a_body_that_waits_for_a_word_goes_on_when_the_answer_begins_without_one() {
    let origin = Origin::start(|_, mut connection| {
        connection.head();
        connection.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
        let body = connection.take(5);
        connection.send(body);
        connection.wait_for_end();
    });
    let rig = Rig::start(DIALECT, origin.address, "");
    let mut client = rig.connect();
    client.send("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
    assert!(client.until("\r\n\r\n").starts_with("HTTP/1.1 200 "));
    client.send("hello");
    assert_eq!(client.until("hello"), "hello");
    assert_eq!(client.rest(), "");
}
