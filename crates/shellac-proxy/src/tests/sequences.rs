//! The order of records, case by case and dialect by dialect, against the lines in `sequences.txt`.

use std::collections::BTreeMap;

use shellac_format::Dialect;

use super::log::Transaction;
use super::origin::{Connection, Origin};
use super::rig::{Rig, get, post};
use super::tunnels::{SWITCHING, upgrade};

const DIALECTS: [Dialect; 3] = [Dialect::V6_0, Dialect::V7_3, Dialect::Vs9_0];
/// Short times, and no retry unless a case wants one.
const SETTINGS: &str = "[timeouts]\nfirst_byte = \"TIME\"\nbetween_bytes = \"TIME\"\n\
    [[route]]\npath = \"/\"\n[route.retry]\nmax = 0\n[[route]]\npath = \"/retry\"\n\
    [route.retry]\nmethods = [\"GET\", \"POST\"]\non = [\"connect\", \"eof_before_byte\", \"reused\", \"status\"]\n\
    statuses = [500]\n\
    [[route]]\npath = \"/pipe\"\naction = \"pipe\"\n[[route]]\npath = \"/ws\"\nupgrade = [\"websocket\"]\n[route.retry]\nmax = 0\n\
    [[route]]\npath = \"/denied\"\naction = \"deny\"\n";

/// The cases in which somebody is too late. In all others nobody may be, however slow the machine is.
const TIMED: [&str; 3] = ["first_byte", "head_timeout", "stalled"];

/// The lines expected of each case: `[case dialect ...]`, then a line per transaction in the order in which they begin.
fn expected() -> BTreeMap<(String, String), Vec<String>> {
    let mut cases = BTreeMap::new();
    let mut keys: Vec<(String, String)> = Vec::new();
    for line in include_str!("sequences.txt").lines() {
        if let Some(title) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            let mut words = title.split(' ').map(str::to_owned);
            let case = words.next().unwrap();
            keys = words.map(|dialect| (case.clone(), dialect)).collect();
        } else if !line.is_empty() && !line.starts_with('#') {
            for key in &keys {
                cases.entry(key.clone()).or_insert_with(Vec::new).push(line.to_owned());
            }
        }
    }
    cases
}

/// Runs a case in every dialect: the origin's script, and the requests, each on its own connection.
fn check(case: &str, script: fn(usize, Connection), requests: &[String]) {
    check_at(case, |_| Origin::start(script).address, requests);
}

fn check_at(case: &str, backend: impl Fn(Dialect) -> std::net::SocketAddr, requests: &[String]) {
    let expected = expected();
    for dialect in DIALECTS {
        let time = if TIMED.contains(&case) { "500ms" } else { "60s" };
        let rig = Rig::start(dialect, backend(dialect), &SETTINGS.replace("TIME", time));
        for request in requests {
            rig.exchange(request);
        }
        let found: Vec<String> =
            rig.sessions(requests.len()).iter().map(Transaction::sequence).collect();
        let key = (case.to_owned(), dialect.name().to_owned());
        let wanted = expected.get(&key).cloned().unwrap_or_default();
        assert!(found == wanted, "[{case} {dialect}]\n{}\n", found.join("\n"));
    }
}

#[test]
fn success() {
    check("success", |_, mut connection| connection.serve(), &[get("/a"), get("/b")]);
}

#[test]
fn success_with_a_body() {
    check("post", |_, mut connection| connection.serve(), &[post("/a", "hello world")]);
}

#[test]
fn success_chunked() {
    let script = |_, mut connection: Connection| {
        connection.request();
        connection
            .send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
        connection.wait_for_end();
    };
    check("chunked", script, &[get("/a")]);
}

#[test]
fn success_delimited_by_close() {
    let script = |_, mut connection: Connection| {
        connection.request();
        connection.send("HTTP/1.0 200 OK\r\n\r\nabc");
    };
    check("close", script, &[get("/a")]);
}

#[test]
fn success_from_an_old_server() {
    let script = |_, mut connection: Connection| {
        connection.request();
        connection.send("HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nabc");
    };
    check("http10", script, &[get("/a")]);
}

#[test]
fn success_without_a_body() {
    let script = |_, mut connection: Connection| {
        connection.request();
        connection.respond(404, "");
        connection.wait_for_end();
    };
    check("empty", script, &[get("/a")]);
}

#[test]
fn connection_refused() {
    check_at("refused", |_| Origin::refusing(), &[get("/a")]);
}

#[test]
fn end_before_the_first_byte() {
    let script = |_, mut connection: Connection| {
        connection.request();
    };
    check("eof", script, &[get("/a")]);
}

#[test]
fn reset_before_the_first_byte() {
    let script = |_, mut connection: Connection| {
        connection.request();
        connection.reset();
    };
    check("reset", script, &[get("/a")]);
}

#[test]
fn end_on_a_reused_connection_with_a_retry() {
    let script = |number, mut connection: Connection| {
        if number == 1 {
            connection.request();
            connection.respond(200, "answer");
            connection.request();
        } else {
            connection.serve();
        }
    };
    check("reused", script, &[get("/retry"), get("/retry")]);
}

#[test]
fn end_on_a_new_connection_with_a_retry() {
    let script = |number, mut connection: Connection| {
        if number == 1 {
            connection.request();
        } else {
            connection.serve();
        }
    };
    check("retry", script, &[post("/retry", "hello world")]);
}

#[test]
fn retry_for_a_status() {
    let script = |number, mut connection: Connection| {
        connection.request();
        connection.respond(if number == 1 { 500 } else { 200 }, "answer");
        connection.wait_for_end();
    };
    check("status", script, &[get("/retry")]);
}

#[test]
fn too_many_retries() {
    let script = |_, mut connection: Connection| {
        connection.request();
    };
    check("retries", script, &[get("/retry")]);
}

#[test]
fn no_first_byte_in_time() {
    let script = |number, mut connection: Connection| {
        if number == 1 {
            connection.request();
            connection.respond(200, "answer");
        }
        connection.request();
        connection.wait_for_end();
    };
    check("first_byte", script, &[get("/a"), get("/b"), get("/c")]);
}

#[test]
fn head_does_not_go_on_in_time() {
    let script = |_, mut connection: Connection| {
        connection.request();
        connection.send("HTTP/1.1 200 OK\r\nServer: x");
        connection.wait_for_end();
    };
    check("head_timeout", script, &[get("/a")]);
}

#[test]
fn end_inside_the_head() {
    let script = |_, mut connection: Connection| {
        connection.request();
        connection.send("HTTP/1.1 200 OK\r\nServer: x");
    };
    check("eof_in_head", script, &[get("/a")]);
}

#[test]
fn junk_instead_of_a_response() {
    let script = |_, mut connection: Connection| {
        connection.request();
        connection.send("HELLO\r\n\r\n");
        connection.wait_for_end();
    };
    check("junk", script, &[get("/a")]);
}

#[test]
fn a_header_line_that_is_none() {
    let script = |_, mut connection: Connection| {
        connection.request();
        connection.send("HTTP/1.1 200 OK\r\nno header: at all\r\n\r\n");
        connection.wait_for_end();
    };
    check("bad_header", script, &[get("/a")]);
}

#[test]
fn a_length_that_is_none() {
    let script = |_, mut connection: Connection| {
        connection.request();
        connection.send("HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n");
        connection.wait_for_end();
    };
    check("bad_length", script, &[get("/a")]);
}

#[test]
fn body_shorter_than_promised() {
    let script = |_, mut connection: Connection| {
        connection.request();
        connection.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhello world");
    };
    check("truncated", script, &[get("/a")]);
}

#[test]
fn body_stalls() {
    let script = |_, mut connection: Connection| {
        connection.request();
        connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab");
        connection.wait_for_end();
    };
    check("stalled", script, &[get("/a")]);
}

#[test]
fn a_request_that_is_none() {
    let requests = ["GARBAGE\r\n\r\n".to_owned(), "GET / HTTP/1.1\r\na b: c\r\n\r\n".to_owned()];
    check("bad_request", |_, _| (), &requests);
}

#[test]
fn a_request_that_is_not_passed_on() {
    let connect = "CONNECT example.org:443 HTTP/1.1\r\nHost: example.org\r\n\r\n".to_owned();
    check("synth", |_, _| (), &[connect.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n")]);
}

#[test]
fn a_tunnel() {
    let script = |_, mut connection: Connection| {
        connection.head();
        connection.respond(200, "answer");
    };
    check("pipe", script, &[get("/pipe")]);
}

#[test]
fn no_connection_for_a_tunnel() {
    check_at("pipe_refused", |_| Origin::refusing(), &[get("/pipe")]);
}

#[test]
fn a_change_of_the_protocol() {
    let script = |_, mut connection: Connection| {
        connection.head();
        connection.send(SWITCHING);
    };
    check("upgrade", script, &[upgrade("/ws")]);
}

#[test]
fn a_change_of_the_protocol_that_is_refused() {
    let script = |_, mut connection: Connection| {
        connection.head();
        connection.respond(403, "no");
        connection.wait_for_end();
    };
    check("upgrade_refused", script, &[upgrade("/ws")]);
}

#[test]
fn a_route_that_denies() {
    check("denied", |_, _| (), &[get("/denied")]);
}
