//! Traces of what happens now, and over TLS.

use super::collector::Collector;
use super::{Captures, Running, output, said};
use crate::support::deadline::Deadline;
use crate::support::origin::{Origin, Step};
use crate::support::proxy::Proxy;

/// A proxy whose backend answers nothing.
fn failing() -> (Origin, Proxy) {
    let origin = Origin::start(|_| vec![Step::Close]);
    let proxy = Proxy::start(&[origin.address()], "");
    (origin, proxy)
}

fn fail(proxy: &Proxy) {
    let mut client = proxy.client();
    client.send("GET /bad HTTP/1.1\r\nHost: a\r\n\r\n");
    client.answer("GET");
}

#[test]
fn what_fails_is_sent_while_it_happens() {
    let (_origin, proxy) = failing();
    let collector = Collector::start(&[]);
    let mut export = Running::start("otlp", &proxy, &["--endpoint", &collector.endpoint()]);
    // It may not follow the log yet when the first ones fail.
    let spans = Deadline::generous().wait_for("spans of a failing request", || {
        fail(&proxy);
        Some(collector.spans()).filter(|spans| !spans.is_empty())
    });
    assert!(spans.iter().any(|span| span["status"]["code"] == 2), "{spans:?}");
    let status = export.finish();
    let line = export.said.wait_for_line("groups sent");
    assert!(status.success() && !line.contains("lost"), "{status}: {line}");
}

#[test]
fn what_a_collector_that_is_away_does_not_get_is_counted() {
    let (_origin, proxy) = failing();
    // Held without being listened to, so that nobody else gets the port.
    let held = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    held.bind(&"127.0.0.1:0".parse::<std::net::SocketAddr>().unwrap().into()).unwrap();
    let address = held.local_addr().unwrap().as_socket().unwrap();
    let endpoint = format!("http://{address}");
    let mut export = Running::start("otlp", &proxy, &["--endpoint", &endpoint, "--give-up", "0.5"]);
    let complaint = Deadline::generous().wait_for("a complaint", || {
        fail(&proxy);
        export.said.all().contains("cannot be reached").then(|| export.said.all())
    });
    assert!(complaint.contains(&endpoint), "{complaint}");
    let status = export.finish();
    let line = export.said.wait_for_line("0 groups sent");
    assert_eq!(status.code(), Some(1), "{line}");
    assert!(line.contains("groups lost, as the collector did not answer"), "{line}");
}

#[test]
fn over_tls_only_who_is_believed_gets_anything() {
    let captures = Captures::unpack();
    let path = captures.path("restart-then-retry");
    let (collector, authority) = Collector::start_tls();
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, pem: &str| {
        let path = directory.path().join(name);
        std::fs::write(&path, pem).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let ca = write("ca.pem", &authority);
    let endpoint = collector.endpoint();
    let args = ["otlp", "--endpoint", &endpoint, "-r", &path, "--give-up", "0.5"];
    let text = said(&[&args[..], &["--ca", &ca, "--header", "x-key: a,b"]].concat());
    assert!(text.contains("1 groups sent"), "{text}");
    let posted = collector.posted();
    assert_eq!(posted.len(), 1);
    assert!(posted[0].headers.contains(&("x-key".to_owned(), "a,b".to_owned())));

    let (_, stranger) = Collector::start_tls();
    let other = write("other.pem", &stranger);
    let output = output(&[&args[..], &["--ca", &other]].concat());
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("cannot be reached") && text.contains("1 groups lost"), "{text}");
    assert_eq!(collector.posted().len(), 1, "nothing of it");
}
