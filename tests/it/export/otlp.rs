//! Traces.

use std::collections::HashSet;

use serde_json::{Value, json};
use shellac_format::record::encode;
use shellac_format::{Dialect, Side, Tag, Vxid};

use super::collector::Collector;
use super::{Captures, command, output, said};

fn text<'a>(span: &'a Value, member: &str) -> &'a str {
    span[member].as_str().unwrap_or_default()
}

/// The value of an attribute, as it is in the JSON.
fn attribute<'a>(of: &'a Value, key: &str) -> Option<&'a Value> {
    let all = of["attributes"].as_array().expect("a list");
    let found = all.iter().find(|it| it["key"] == key)?;
    found["value"].as_object().expect("an object").values().next()
}

fn nanos(span: &Value, member: &str) -> u64 {
    text(span, member).parse().expect("64-bit numbers are texts")
}

/// What every span has to have, and that each stands below one that is there.
fn check(spans: &[Value]) {
    let mut numbers = HashSet::new();
    for span in spans {
        let (trace, number) = (text(span, "traceId"), text(span, "spanId"));
        let is_hex = |text: &str, len: usize| {
            text.len() == len && text.bytes().all(|it| matches!(it, b'0'..=b'9' | b'a'..=b'f'))
        };
        assert!(is_hex(trace, 32) && is_hex(number, 16), "{span}");
        assert!(numbers.insert((trace, number)), "{number} twice");
        let (start, end) = (nanos(span, "startTimeUnixNano"), nanos(span, "endTimeUnixNano"));
        assert!(start > 1_500_000_000_000_000_000 && start <= end, "{span}");
        for event in span["events"].as_array().expect("a list") {
            assert!(nanos(event, "timeUnixNano") > 0, "{event}");
        }
    }
}

#[test]
fn a_failing_request_is_a_tree_of_spans() {
    let captures = Captures::unpack();
    let collector = Collector::start(&[]);
    let path = captures.path("restart-then-retry");
    let said =
        said(&["otlp", "--endpoint", &collector.endpoint(), "-r", &path, "--service", "edge"]);
    let spans = collector.spans();
    check(&spans);
    assert!(said.contains(&format!("1 groups sent, {} spans", spans.len())), "{said}");
    let posted = collector.posted();
    assert_eq!(posted.len(), 1);
    assert_eq!(posted[0].line, "POST /v1/traces HTTP/1.1");
    let is_json = ("content-type".to_owned(), "application/json".to_owned());
    assert!(posted[0].headers.contains(&is_json), "{:?}", posted[0].headers);
    assert_eq!(
        posted[0].body["resourceSpans"][0]["resource"]["attributes"],
        json!([{"key": "service.name", "value": {"stringValue": "edge"}}])
    );
    let traces: HashSet<&str> = spans.iter().map(|span| text(span, "traceId")).collect();
    assert_eq!(traces.len(), 1, "one trace");
    let tops: Vec<&Value> = spans.iter().filter(|it| it.get("parentSpanId").is_none()).collect();
    assert_eq!(tops.len(), 1, "{tops:?}");
    assert_eq!((tops[0]["kind"].as_u64(), text(tops[0], "name")), (Some(2), "GET"));
    for span in &spans {
        let parent = text(span, "parentSpanId");
        let is_there = spans.iter().any(|other| text(other, "spanId") == parent);
        assert!(is_there || parent.is_empty(), "{span}");
    }
    // Attempts: client spans below requests, the failed ones with the error as an event.
    let attempts: Vec<&Value> = spans.iter().filter(|it| it["kind"] == 3).collect();
    assert!(attempts.len() >= 2, "{} attempts", attempts.len());
    for attempt in &attempts {
        let above = spans.iter().find(|it| it["spanId"] == attempt["parentSpanId"]).expect("one");
        assert_ne!(above["kind"], 3, "below a request");
    }
    let failed: Vec<&&Value> = attempts.iter().filter(|it| it["status"]["code"] == 2).collect();
    assert_eq!(failed.len(), 1, "{attempts:?}");
    for attempt in failed {
        let events = attempt["events"].as_array().expect("a list");
        let errors: Vec<_> = events.iter().filter(|it| it["name"] == "exception").collect();
        assert_eq!(errors.len(), 2, "on a kept connection and on a new one");
        for error in errors {
            assert_eq!(attribute(error, "exception.message"), Some(&json!("HTC eof (-1)")));
            assert_eq!(attribute(error, "exception.type"), attribute(attempt, "error.type"));
        }
        assert!(attribute(attempt, "shellac.vxid").is_some());
    }
}

#[test]
fn a_busy_collector_gets_the_same_batch_once_more() {
    let captures = Captures::unpack();
    let collector = Collector::start(&[
        "503 Service Unavailable\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n",
        "429 Too Many Requests\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n",
    ]);
    let path = captures.path("restart-then-retry");
    let said = said(&["otlp", "--endpoint", &collector.endpoint(), "-r", &path]);
    let posted = collector.posted();
    assert_eq!(posted.len(), 3);
    assert!(posted.iter().all(|it| it.body == posted[0].body));
    assert!(said.contains("1 groups sent") && said.contains("answers 503"), "{said}");
}

#[test]
fn what_a_collector_refuses_or_drops_is_lost_and_said() {
    let captures = Captures::unpack();
    let path = captures.path("restart-then-retry");
    for (answer, expected) in [
        (
            "400 Bad Request\r\nContent-Length: 2\r\n\r\nno",
            "1 groups lost, as the collector refused them",
        ),
        (
            "200 OK\r\nContent-Length: 44\r\n\r\n{\"partialSuccess\": {\"rejectedSpans\": \"2\"}  }",
            "2 spans lost, as the collector dropped them",
        ),
    ] {
        let collector = Collector::start(&[answer]);
        let output = output(&["otlp", "--endpoint", &collector.endpoint(), "-r", &path]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && said.contains(expected), "{said}");
        assert_eq!(collector.posted().len(), 1, "not once more");
    }
}

#[test]
fn a_collector_that_is_gone_is_given_up() {
    let captures = Captures::unpack();
    // Held without being listened to, so that nobody else gets the port.
    let held = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    held.bind(&"127.0.0.1:0".parse::<std::net::SocketAddr>().unwrap().into()).unwrap();
    let address = held.local_addr().unwrap().as_socket().unwrap();
    let endpoint = format!("http://{address}");
    let path = captures.path("restart-then-retry");
    let output = output(&["otlp", "--endpoint", &endpoint, "-r", &path, "--give-up", "0.5"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("cannot be reached") && said.contains("1 groups lost"), "{said}");
}

/// A request whose client brought a traceparent, with an attempt that fails, after a good one.
fn recording(directory: &tempfile::TempDir) -> String {
    let dialect = Dialect::V6_0;
    let mut file = dialect.layout().file_magic().to_vec();
    let mut write = |vxid: u64, side: Side, records: &[(Tag, &str)]| {
        for (tag, said) in records {
            let payload = [said.as_bytes(), b"\0"].concat();
            let number = tag.number(dialect).expect("the dialect has it");
            encode(&mut file, dialect.layout(), number, Vxid(vxid), side, &payload);
        }
    };
    for (request, status) in [(10, "200"), (20, "503")] {
        let begin = format!("bereq {request} pass");
        let link = format!("bereq {} pass", request + 1);
        let error = if status == "503" { "first byte timeout" } else { "" };
        let mut attempt = vec![
            (Tag::Begin, begin.as_str()),
            (Tag::Timestamp, "Start: 1795305357.100000 0.000000 0.000000"),
            (Tag::BereqMethod, "GET"),
            (Tag::BereqUrl, "/a?token=secret"),
        ];
        if !error.is_empty() {
            attempt.push((Tag::FetchError, error));
        }
        attempt.push((Tag::Timestamp, "Error: 1795305357.200000 0.100000 0.100000"));
        attempt.push((Tag::BerespStatus, status));
        attempt.push((Tag::End, ""));
        write(request + 1, Side::Backend, &attempt);
        write(
            request,
            Side::Client,
            &[
                (Tag::Begin, "req 1 rxreq"),
                (Tag::Timestamp, "Start: 1795305357.000000 0.000000 0.000000"),
                (Tag::ReqStart, "192.0.2.1 4242 a0"),
                (Tag::ReqMethod, "BREW"),
                (Tag::ReqUrl, "/a?token=secret&x=1"),
                (Tag::ReqProtocol, "HTTP/1.1"),
                (Tag::ReqHeader, "Host: example.com"),
                (Tag::ReqHeader, "Authorization: hidden"),
                (
                    Tag::ReqHeader,
                    "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                ),
                (Tag::ReqHeader, "tracestate: vendor=1"),
                (Tag::Link, link.as_str()),
                (Tag::RespStatus, status),
                (Tag::Timestamp, "Resp: 1795305357.300000 0.300000 0.300000"),
                (Tag::End, ""),
            ],
        );
    }
    let path = directory.path().join("traced.vsl");
    std::fs::write(&path, file).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn a_trace_that_a_request_brought_goes_on_and_secrets_do_not() {
    let directory = tempfile::tempdir().unwrap();
    let path = recording(&directory);
    let collector = Collector::start(&[]);
    let args = ["otlp", "--endpoint", &collector.endpoint(), "-r", &path, "--dialect", "6.0-7.2"];
    let args = [&args[..], &["--redact-query", "--headers", "x-key=abc"]].concat();
    said(&args);
    let spans = collector.spans();
    check(&spans);
    assert_eq!(spans.len(), 2, "the failing one with its attempt");
    assert!(spans.iter().all(|it| it["traceId"] == "4bf92f3577b34da6a3ce929d0e0e4736"));
    let (request, attempt) = (&spans[0], &spans[1]);
    assert_eq!(request["parentSpanId"], "00f067aa0ba902b7");
    assert_eq!(request["traceState"], "vendor=1");
    assert_eq!(attempt["parentSpanId"], request["spanId"]);
    assert_eq!((&request["name"], &attempt["name"]), (&json!("HTTP"), &json!("GET")));
    let of_request = |key: &str| attribute(request, key).cloned();
    assert_eq!(of_request("http.request.method"), Some(json!("_OTHER")));
    assert_eq!(of_request("http.request.method_original"), Some(json!("BREW")));
    assert_eq!(of_request("url.path"), Some(json!("/a")));
    assert_eq!(of_request("url.query"), Some(json!("token=(redacted)&x=1")));
    assert_eq!(of_request("http.response.status_code"), Some(json!("503")));
    assert_eq!(of_request("client.address"), Some(json!("192.0.2.1")));
    assert_eq!(of_request("client.port"), Some(json!("4242")));
    assert_eq!(nanos(request, "startTimeUnixNano"), 1_795_305_357_000_000_000);
    assert_eq!(nanos(request, "endTimeUnixNano"), 1_795_305_357_300_000_000);
    let events = attempt["events"].as_array().unwrap();
    let error = events.iter().find(|it| it["name"] == "exception").unwrap();
    assert_eq!(nanos(error, "timeUnixNano"), 1_795_305_357_200_000_000, "known by then");
    let posted = collector.posted();
    let all = posted[0].body.to_string();
    assert!(!all.contains("secret") && !all.contains("hidden"), "{all}");
    assert!(posted[0].headers.contains(&("x-key".to_owned(), "abc".to_owned())));
    // The same group has the same numbers, whenever it is sent.
    said(&args);
    assert_eq!(collector.spans(), spans);
}

#[test]
fn good_groups_go_out_when_they_are_asked_for_and_failing_ones_up_to_a_rate() {
    let directory = tempfile::tempdir().unwrap();
    let path = recording(&directory);
    let all = |more: &[&str]| {
        let collector = Collector::start(&[]);
        let endpoint = collector.endpoint();
        let args = ["otlp", "--endpoint", &endpoint, "-r", &path, "--dialect", "6.0-7.2"];
        let said = said(&[&args[..], more].concat());
        (collector.spans().len(), said)
    };
    assert_eq!(all(&["--sample", "1", "-k", "1"]).0, 2);
    let (none, said) = all(&["--max-failing", "0"]);
    assert_eq!(none, 0);
    assert!(said.contains("1 failing groups left out"), "{said}");
}

#[test]
fn mistakes_are_named() {
    for (args, expected) in [
        (&["otlp", "--endpoint", "ftp://x"][..], "does not begin with http:// or https://"),
        (&["otlp", "--endpoint", "https://x", "--ca", "/nonexistent"], "--ca: /nonexistent"),
        (&["otlp", "--header", "secret"], "expected NAME: VALUE"),
        (&["otlp", "--sample", "2"], "is no share"),
        (&["otlp", "-g", "raw"], "a trace is a request or a session"),
    ] {
        let output = output(args);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && said.contains(expected), "{args:?}: {said}");
    }
    // The environment is read as the exporters of others read it.
    let output = command(&["otlp", "-r", "-"])
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", "ftp://x")
        .output()
        .expect("shellac starts");
    assert!(String::from_utf8_lossy(&output.stderr).contains("ftp://x"));
}
