//! Requests held in each phase are shown where they are.

use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use rustix::net::listen;
use serde_json::Value;

use super::{json, requests, text};
use crate::support::client::Client;
use crate::support::deadline::Deadline;
use crate::support::origin::{Origin, Step, raw};
use crate::support::proxy::Proxy;

/// As long as any test: the origin ends it when it is dropped.
const FOR_EVER: Step = Step::Delay(Duration::from_secs(600));

/// Holds each request where its path says.
fn holding() -> Origin {
    let retried = AtomicUsize::new(0);
    Origin::start(move |asked| match asked.target.as_str() {
        "/read_body" => vec![Step::ReadBody],
        "/send" => vec![FOR_EVER],
        "/head" => vec![raw("HTTP/1.1 200 OK\r\nContent-"), Step::Hang],
        "/body" => vec![raw("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"), Step::Hang],
        "/deliver" => {
            let len = 64 << 20;
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {len}\r\n\r\n");
            vec![raw(head), Step::Send(vec![b'x'; len]), Step::Hang]
        }
        "/retry" if retried.fetch_add(1, Ordering::Relaxed) == 0 => vec![Step::CloseCleanly],
        _ => vec![Step::Hang],
    })
}

/// The request for `path`, or the one without, once it waits for `phase`.
fn held(proxy: &Proxy, path: Option<&str>, phase: &str) -> Value {
    Deadline::generous().wait_for(phase, || {
        let object = json(&proxy.workdir(), &[]);
        let all = requests(&object).iter();
        let mut found = all.filter(|one| one["url"].as_str() == path && one["phase"] == phase);
        found.next().cloned()
    })
}

#[test]
fn requests_are_shown_in_the_phase_in_which_they_are_held() {
    let origin = holding();
    // Two connections fill it, and the kernel answers no other.
    let full = TcpListener::bind("127.0.0.1:0").unwrap();
    listen(&full, 0).unwrap();
    let deaf = full.local_addr().unwrap();
    let _waiting: Vec<_> = (0..2)
        .map_while(|_| std::net::TcpStream::connect_timeout(&deaf, Duration::from_millis(100)).ok())
        .collect();
    let tables = "[[pool]]\nname = \"answers\"\nbackends = [\"b0\"]\n[[pool]]\nname = \"deaf\"\nbackends = [\"b1\"]\n\
        [[route]]\npath = \"/\"\npool = \"answers\"\n[route.retry]\non = [\"eof_before_byte\"]\n\
        [[route]]\npath = \"/connect\"\npool = \"deaf\"\n[route.retry]\non = []\n\
        [timeouts]\nclient_head = \"100s\"\nclient_body = \"200s\"\n\
        [limits]\nclient_body_rate = 0\n";
    let proxy = Proxy::start(&[origin.address(), deaf], tables);
    assert_eq!(json(&proxy.workdir(), &[])["in_flight"], 0);
    assert!(text(&proxy.workdir(), &[]).contains("nothing in flight"));

    let mut clients = Vec::new();
    let mut seen = Vec::new();
    let mut hold = |path: Option<&str>, phase: &str, bytes: &str| {
        let mut client = proxy.client();
        client.send(bytes);
        clients.push(client);
        seen.push(held(&proxy, path, phase));
    };
    let get = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n");
    hold(None, "read_head", "GET /read_head HTTP/1.1\r\nHo");
    let post = "POST /read_body HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc";
    hold(Some("/read_body"), "read_body", post);
    hold(Some("/connect"), "connect", &get("/connect"));
    for (path, phase) in [
        ("/first_byte", "first_byte"),
        ("/head", "head"),
        ("/body", "body"),
        ("/deliver", "deliver"),
    ] {
        hold(Some(path), phase, &get(path));
    }
    // Its first attempt fails, the second hangs.
    let mut client = proxy.client();
    client.send(get("/retry"));
    clients.push(client);
    seen.push(Deadline::generous().wait_for("the second attempt", || {
        let found = held(&proxy, Some("/retry"), "first_byte");
        (found["attempt"] == 2).then_some(found)
    }));
    // More than all buffers on the way hold, so whoever sends it waits too.
    let address = proxy.address();
    let uploading = thread::spawn(move || {
        let mut client = Client::connect(address);
        let len = 32 << 20;
        client.send(format!("POST /send HTTP/1.1\r\nHost: a\r\nContent-Length: {len}\r\n\r\n"));
        // Ends with the proxy's connection.
        let _ = client.try_send(vec![b'x'; len]);
    });
    seen.push(held(&proxy, Some("/send"), "send"));

    let object = json(&proxy.workdir(), &[]);
    let shown = requests(&object);
    assert_eq!(object["in_flight"], 9);
    // The oldest first: that is how they were begun.
    let phases: Vec<&str> = shown.iter().map(|one| one["phase"].as_str().unwrap()).collect();
    let expected = [
        "read_head",
        "read_body",
        "connect",
        "first_byte",
        "head",
        "body",
        "deliver",
        "first_byte",
        "send",
    ];
    assert_eq!(phases, expected);
    let parties: Vec<&str> = shown.iter().map(|one| one["waits_for"].as_str().unwrap()).collect();
    let (client, backend) = ("client", "backend");
    let expected = [client, client, backend, backend, backend, backend, client, backend, backend];
    assert_eq!(parties, expected);
    for (now, before) in shown.iter().zip(&seen) {
        for key in ["xid", "session", "attempt_xid", "client", "backend", "url", "method"] {
            assert_eq!(now[key], before[key], "{key} of {now:#}");
        }
        let number = |key: &str| now[key].as_f64().unwrap_or_else(|| panic!("{key}: {now:#}"));
        assert!(number("age") >= number("since"), "{now:#}");
        assert!(number("age") >= before["age"].as_f64().unwrap());
        assert!(number("times_out_in") > 0.0, "{now:#}");
    }
    let limit = |at: usize| shown[at]["times_out_in"].as_f64().unwrap();
    assert!((60.0..=100.0).contains(&limit(0)), "{}", shown[0]);
    assert!((160.0..=200.0).contains(&limit(1)), "{}", shown[1]);

    // Numbers are those of the log and of what the backend was told.
    let log = proxy.log("raw");
    let received = origin.received();
    for one in shown.iter().filter(|one| one["backend"] == "b0") {
        assert!(log.contains(&format!("req {} rxreq", one["xid"])), "{one:#}");
        let mut attempts =
            received.iter().filter(|it| it.asked.target == one["url"].as_str().unwrap());
        assert_eq!(attempts.next_back().unwrap().asked.xid(), one["attempt_xid"].as_u64());
    }
    let places: Vec<&Value> = shown.iter().map(|one| &one["backend"]).collect();
    assert_eq!((places[0], places[1], places[2]), (&Value::Null, &"b0".into(), &"b1".into()));

    let page = text(&proxy.workdir(), &[]);
    let lines: Vec<&str> = page.lines().collect();
    let b0 = lines.iter().find(|line| line.starts_with("b0 ")).expect("a sum for b0");
    for part in [" 7 ", "first_byte 2", "deliver 1", "body 1", "head 1", "read_body 1", "send 1"] {
        assert!(b0.contains(part), "{part}: {b0}");
    }
    let rows: Vec<&str> =
        lines.iter().copied().filter(|line| line.contains("127.0.0.1:")).collect();
    let urls: Vec<&str> = rows.iter().map(|line| line.rsplit(' ').next().unwrap()).collect();
    let expected = [
        "-",
        "/read_body",
        "/connect",
        "/first_byte",
        "/head",
        "/body",
        "/deliver",
        "/retry",
        "/send",
    ];
    assert_eq!(urls, expected, "{page}");
    assert!(rows[7].contains("b0 try 2"), "{page}");
    let filtered = json(&proxy.workdir(), &["--backend", "b1"]);
    assert_eq!((requests(&filtered).len(), &filtered["in_flight"]), (1, &9.into()));
    let filtered = json(&proxy.workdir(), &["--older", "1h"]);
    assert_eq!(requests(&filtered).len(), 0);

    drop(clients);
    drop(origin);
    uploading.join().unwrap();
    Deadline::generous().wait_for("an empty board", || {
        (json(&proxy.workdir(), &[])["in_flight"] == 0).then_some(())
    });
}

#[test]
fn secrets_in_a_url_are_replaced_and_terminals_safe() {
    let origin = Origin::start(|_| vec![Step::Hang]);
    let proxy = Proxy::start(&[origin.address()], "");
    let mut client = proxy.client();
    let url = format!("/login?user=me&password=geheim&x=%1b[2J{}", "y".repeat(300));
    client.send(format!("GET {url} HTTP/1.1\r\nHost: a\r\n\r\n"));
    let found = Deadline::generous()
        .wait_for("the request", || requests(&json(&proxy.workdir(), &[])).first().cloned());
    let shown = found["url"].as_str().unwrap();
    assert!(shown.starts_with("/login?user=me&password=(redacted)&x=%1b[2Jyyy"), "{shown}");
    assert_eq!(found["url_cut"], true);
    let page = text(&proxy.workdir(), &[]);
    assert!(!page.contains("geheim") && page.contains("yyy..."), "{page}");
    assert!(text(&proxy.workdir(), &["--no-redact"]).contains("password=geheim"));
}
