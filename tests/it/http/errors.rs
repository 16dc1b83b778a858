//! What a client gets when no answer can be had, and what the log calls it.

use std::fs;
use std::path::Path;

use crate::support::origin::{Origin, Step, ok, raw};
use crate::support::proxy::Proxy;

/// Only what is to time out is short: a busy machine must not make other waits time out.
const FIRST_BYTE: &str = "[timeouts]\nfirst_byte = \"200ms\"\n";
const BETWEEN_BYTES: &str = "[timeouts]\nbetween_bytes = \"200ms\"\n";

/// Compares with a file under fixtures/golden; `SHELLAC_BLESS=1` writes it instead.
fn golden(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/golden").join(name);
    if std::env::var_os("SHELLAC_BLESS").is_some_and(|value| value == "1") {
        fs::create_dir_all(path.parent().expect("a file has a directory")).unwrap();
        fs::write(&path, text).unwrap();
    }
    let expected =
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    assert_eq!(text, expected, "{name}; SHELLAC_BLESS=1 rewrites it");
}

#[test]
fn the_error_page_is_the_one_people_know() {
    let origin = Origin::start(|_| vec![Step::Hang]);
    let page = "[error_page]\ninstance = true\ntime = false\n";
    let proxy = Proxy::start(&[origin.address()], &format!("{FIRST_BYTE}{page}"));
    let mut client = proxy.client();
    client.send("GET /x HTTP/1.1\r\nHost: a\r\n\r\n");
    let answer = client.answer("GET");
    assert_eq!((answer.status, answer.complete), (503, true));
    let xid = answer.xid().to_string();
    assert!(answer.text().contains(&xid), "{}", answer.text());
    golden("error-page.html", &answer.text().replace(&xid, "[XID]"));
    assert!(answer.fields.get("Content-Type").is_some_and(|value| value.starts_with("text/html")));

    // The connection goes on, and a HEAD gets the head of the same page.
    client.send("HEAD /x HTTP/1.1\r\nHost: a\r\n\r\n");
    let head = client.answer("HEAD");
    assert_eq!(head.status, 503);
    assert!(head.fields.get("Content-Length").is_some_and(|length| length != "0"), "{head:?}");
}

#[test]
fn the_error_page_may_name_the_time() {
    let origin = Origin::start(|_| vec![Step::CloseCleanly]);
    let proxy = Proxy::start(&[origin.address()], "[error_page]\ntime = true\n");
    let mut client = proxy.client();
    client.send("GET /x HTTP/1.1\r\nHost: a\r\n\r\n");
    let with_time = client.answer("GET").text();
    assert!(!with_time.contains("test"), "the instance was not asked for: {with_time}");
    let year = with_time
        .split(|c: char| !c.is_ascii_digit())
        .any(|word| word.len() == 4 && word.starts_with("20"));
    assert!(year, "{with_time}");
}

#[test]
fn failures_before_a_whole_head_are_error_pages_with_their_text_in_the_log() {
    let origin = Origin::start(|asked| match asked.target.as_str() {
        "/silent" => vec![Step::Hang],
        "/stalls" => vec![raw("HTTP/1.1 200 OK\r\nX: "), Step::Hang],
        "/junk" => vec![raw("this is not HTTP\r\n\r\n"), Step::Hang],
        "/no-colon" => vec![raw("HTTP/1.1 200 OK\r\nno colon\r\n\r\n"), Step::Hang],
        "/bare-lf" => vec![raw("HTTP/1.1 200 OK\nContent-Length: 2\n\nhi"), Step::Hang],
        "/cut" => vec![raw("HTTP/1.1 200 OK\r\nX: "), Step::CloseCleanly],
        "/big" => {
            vec![raw(format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "x".repeat(100_000))), Step::Hang]
        }
        "/length" => vec![raw("HTTP/1.1 200 OK\r\nContent-Length: abc\r\n\r\nhi"), Step::Hang],
        "/coding" => vec![raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nhi"), Step::Hang],
        "/101" => vec![raw("HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\nhi"), Step::Hang],
        _ => vec![Step::CloseCleanly],
    });
    let once = "[[route]]\n[route.retry]\non = [\"connect\"]\n";
    let proxies = ["", FIRST_BYTE, BETWEEN_BYTES]
        .map(|timeouts| Proxy::start(&[origin.address()], &format!("{timeouts}{once}")));
    let cases = [
        ("/silent", "FetchError     first byte timeout"),
        ("/stalls", "FetchError     timeout"),
        ("/junk", "FetchError     http format error"),
        ("/no-colon", "FetchError     http format error"),
        ("/bare-lf", "FetchError     http format error"),
        ("/cut", "FetchError     HTC eof (-1)"),
        ("/big", "FetchError     overflow"),
        ("/length", "Error          Body cannot be fetched"),
        ("/coding", "Error          Body cannot be fetched"),
        ("/101", "Error          "),
        ("/eof", "FetchError     HTC eof (-1)"),
    ];
    for (target, text) in cases {
        let proxy = match target {
            "/silent" => &proxies[1],
            "/stalls" => &proxies[2],
            _ => &proxies[0],
        };
        let mut client = proxy.client();
        client.send(format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n"));
        let answer = client.answer("GET");
        assert_eq!(answer.status, 503, "{target}");
        assert!(answer.text().contains("Guru Meditation"), "{target}: {}", answer.text());
        let log = proxy.request_log(answer.xid());
        assert!(log.contains(text), "{target}: {text:?} is not in\n{log}");
        assert!(log.contains("BackendClose"), "{target}: the connection is not closed in\n{log}");
    }
    assert_eq!(origin.connections(), cases.len(), "none of these connections can be used again");
}

#[test]
fn each_dialect_has_its_own_words_for_a_connection_that_ended() {
    let cases = [
        ("6.0-7.2", "HTC eof (-1)", "Received bad req/resp"),
        ("7.3-8.0", "HTC eof (Unexpected end of input)", "close"),
        ("9.0-vs", "HTC eof (Unexpected end of input)", "close RX_BAD"),
    ];
    for (dialect, error, close) in cases {
        let origin = Origin::start(|_| vec![Step::CloseCleanly]);
        let log = format!("[log]\nsize = \"16M\"\ndialect = \"{dialect}\"\n");
        let proxy = Proxy::start(&[origin.address()], &log);
        let mut client = proxy.client();
        client.send("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
        let log = proxy.request_log(client.answer("POST").xid());
        let has = |tag: &str, text: &str| {
            log.lines().any(|line| line.contains(tag) && line.contains(text))
        };
        assert!(has("FetchError", error) && has("BackendClose", close), "{dialect}:\n{log}");
    }
}

#[test]
fn a_refused_connection_is_an_error_page() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = closed.local_addr().unwrap();
    drop(closed);
    let proxy = Proxy::start(&[nobody], "");
    let mut client = proxy.client();
    client.send("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello");
    let answer = client.answer("POST");
    assert_eq!(answer.status, 503);
    let log = proxy.request_log(answer.xid());
    for text in [
        "FetchError     backend b0: fail errno 111 (Connection refused)",
        "fetch.phase:connect",
        "fetch.class:refused",
    ] {
        assert!(log.contains(text), "{text:?} is not in\n{log}");
    }
    assert!(!log.contains("BackendOpen"), "{log}");
}

#[test]
fn a_body_that_stalls_is_cut() {
    let origin = Origin::start(|_| {
        vec![raw("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort"), Step::Hang]
    });
    let proxy = Proxy::start(&[origin.address()], BETWEEN_BYTES);
    let mut client = proxy.client();
    client.send("GET /x HTTP/1.1\r\nHost: a\r\n\r\n");
    let answer = client.answer("GET");
    assert_eq!((answer.status, answer.text().as_str(), answer.complete), (200, "short", false));
    let log = proxy.request_log(answer.xid());
    assert!(
        log.contains("Resource temporarily unavailable")
            && log.contains("straight insufficient bytes"),
        "{log}"
    );
}

#[test]
fn a_refusal_is_logged_with_what_could_not_be_read() {
    let origin = Origin::start(|_| vec![ok("")]);
    let proxy = Proxy::start(&[origin.address()], "");
    let mut client = proxy.client();
    client.send("GET /x HTTP/1.1\r\nHost: a\nX: y\r\n\r\n");
    assert_eq!(client.answer("GET").status, 400);
    client.until_closed();
    let log = proxy.wait_for_log("session", &["HttpGarbage", "SessClose"]);
    assert!(log.contains("GET /x HTTP/1.1"), "{log}");
    assert!(log.contains("RespStatus     400"), "{log}");
    assert!(
        log.contains("SessClose      RX_JUNK") || log.contains("SessClose      RX_BAD"),
        "{log}"
    );
}
