//! The same on a varnishd, which knows less and of which no more is said.

use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::sync::Mutex;
use std::sync::mpsc;

use super::{adm, command};
use crate::support::client::Client;
use crate::support::deadline::Deadline;
use crate::support::origin::{Origin, ok};
use crate::support::varnish::{self, Varnishd};

#[test]
fn a_varnishd_is_drained_with_what_it_has() {
    if !varnish::is_here() {
        return;
    }
    let (release, released) = mpsc::channel();
    let released = Mutex::new(released);
    let origin = Origin::start(move |_| {
        // An error is the end of the test.
        let _ = released.lock().expect("nobody panicked").recv();
        vec![ok("late")]
    });
    let root = tempfile::tempdir().expect("a temporary directory");
    let workdir = root.path().join("v");
    let vcl = format!(
        "vcl 4.1; backend api1 {{ .host = \"127.0.0.1\"; .port = \"{}\"; }} backend api2 {{ .host = \"127.0.0.1\"; .port = \"9\"; }} \
         sub vcl_recv {{ set req.backend_hint = api1; if (req.url == \"/2\") {{ set req.backend_hint = api2; }} return (pass); }}",
        origin.address().port()
    );
    let file = root.path().join("x.vcl");
    std::fs::write(&file, vcl).expect("it is written");
    let path = file.to_str().expect("text");
    let varnishd = Varnishd::start_with(&workdir, &["-f", path]);
    let mut client = Client::connect(varnishd.address());
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    let in_flight = |expected: &str| {
        Deadline::generous().wait_for("the counter", || {
            let output = std::process::Command::new(env!("CARGO_BIN_EXE_shellac"))
                .args(["stat", "-1", "-I", "VBE.boot.api1.conn", "-n"])
                .arg(&workdir)
                .output()
                .expect("it starts");
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            (text.split_ascii_whitespace().nth(1) == Some(expected)).then_some(())
        });
    };
    in_flight("1");
    let (status, text) = adm(&workdir, &["drain", "apy1"]);
    assert!(status == Some(2) && text.contains("nearest: boot.api1"), "{text}");
    let (status, text) = adm(&workdir, &["drain", "api*"]);
    assert!(
        status == Some(3) && text.contains("no healthy backend would be left in boot"),
        "{text}"
    );
    let (status, text) = adm(&workdir, &["drain", "api1", "--kill-after", "1s", "--wait"]);
    assert!(status == Some(1) && text.contains("a varnishd has no --kill-after"), "{text}");
    assert_eq!(adm(&workdir, &["kill", "5"]).0, Some(1));
    let (status, text) = adm(&workdir, &["drain", "api1", "--wait", "--timeout", "100ms"]);
    assert!(status == Some(1) && text.contains("time is up: 1 in flight"), "{text}");
    assert!(text.contains("still connecting"), "{text}");

    // It stays, and takes the backend out of what is loaded meanwhile.
    let holding = ["drain", "api1", "--wait", "--hold", "--quiet", "100ms", "--json"];
    let mut holding = command(&workdir, &holding)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts");
    let mut lines = BufReader::new(holding.stdout.take().expect("a pipe")).lines();
    let mut until = |event: &str| {
        let found = lines
            .by_ref()
            .map_while(Result::ok)
            .find(|line| line.contains(&format!("\"event\":\"{event}\"")));
        found.unwrap_or_else(|| panic!("no {event}"))
    };
    until("waiting");
    varnishd.admin(&format!("vcl.load new {path}")).expect("it compiles");
    assert!(until("held").contains("new.api1"));
    release.send(()).expect("the origin lives");
    assert_eq!(client.answer("GET").status, 200);
    until("drained");
    holding.kill().expect("it runs");
    holding.wait().expect("it is our child");
    let list = varnishd.admin("backend.list new.api1").expect("it answers");
    assert!(list.contains("sick"), "{list}");

    let (status, text) = adm(&workdir, &["undrain", "api1", "--wait-healthy", "1"]);
    assert!(
        status == Some(0) && text.contains("boot.api1\nnew.api1\nhealthy: boot.api1\n"),
        "{text}"
    );
    let list = varnishd.admin("backend.list *.api1").expect("it answers");
    assert!(!list.contains("sick"), "{list}");
    let (status, text) = adm(&workdir, &["undrain", "api1", "--wait-healthy", "2"]);
    assert!(status == Some(2) && text.contains("only 1 are meant"), "{text}");

    // One that refuses every connection fails more than the other; the pattern means those that have counters.
    let watching = ["undrain", "api2", "--watch", "2s", "--json"];
    let mut watching =
        command(&workdir, &watching).stdout(Stdio::piped()).spawn().expect("it starts");
    while watching.try_wait().expect("it is our child").is_none() {
        client.send("GET /2 HTTP/1.1\r\nHost: a\r\n\r\n");
        assert_eq!(client.answer("GET").status, 503);
    }
    let output = watching.wait_with_output().expect("it is our child");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.code() == Some(1) && text.contains("\"name\":\"boot.api2\""), "{text}");
}
