//! Names, texts and the little HTTP that there is, without sockets and instances.

use std::io::{self, Cursor, Read, Write};
use std::time::Duration;

use shellac_counters::vsc::{Info, SetDoc};

use super::http::{self, Asked, Left, Limited};
use super::page::{About, Kind, Page, Value};
use super::text::{self, Form, Totals};
use super::{exporter, own};

fn info(name: &str, kind: &str, format: &str) -> Info {
    let text = format!(
        r#"{{"elem": {{"{name}": {{"type": "{kind}", "level": "info", "oneliner": "A \\ \"b\"", "format": "{format}", "index": 0}}}}}}"#
    );
    SetDoc::parse(&text).unwrap().counters.remove(0)
}

fn samples(page: &Page, totals: Totals) -> Vec<String> {
    let text = text::page(page, Form::Classic, totals);
    text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
}

#[test]
fn our_names_say_units_and_what_they_belong_to() {
    let cases = [
        ("MAIN", "client_req", "counter", "integer", 7, "shellac_main_client_req_total 7"),
        ("MAIN", "uptime", "counter", "duration", 7, "shellac_main_uptime_seconds 7"),
        ("MAIN", "s_fetch", "counter", "integer", 7, "shellac_main_fetch_total 7"),
        ("MAIN", "s_req_hdrbytes", "counter", "bytes", 7, "shellac_main_req_hdr_bytes_total 7"),
        ("MAIN", "threads", "gauge", "integer", u64::MAX, "shellac_main_threads -1"),
        ("MAIN", "a_total", "counter", "integer", 7, "shellac_main_a_total 7"),
        ("MAIN", "b_count", "gauge", "integer", 7, "shellac_main_b_count_value 7"),
        ("LOG", "lap_ms", "gauge", "integer", 1500, "shellac_log_lap_seconds 1.5"),
        ("SMA.s0", "g_bytes", "gauge", "bytes", 7, "shellac_sma_g_bytes{storage=\"s0\"} 7"),
        ("LCK.a.b", "locks", "counter", "integer", 7, "shellac_lck_locks_total{lock=\"a.b\"} 7"),
        ("VCP.x", "ref", "gauge", "integer", 7, "shellac_vcp_ref{id=\"x\"} 7"),
        (
            "VBE.boot.b.1",
            "happy",
            "bitmap",
            "bitmap",
            6,
            "shellac_backend_happy{backend=\"b.1\"} 0",
        ),
        (
            "VBE.boot.b\"\\\n",
            "conn",
            "gauge",
            "integer",
            7,
            "shellac_backend_conn{backend=\"b\\\"\\\\ \"} 7",
        ),
        (
            "VBE.boot.b",
            "connect_us",
            "counter",
            "integer",
            1_500_000,
            "shellac_backend_connect_seconds_total{backend=\"b\"} 1.5",
        ),
        ("9 k", "x-y", "what", "ever", 7, "shellac_9_k_x_y 7"),
    ];
    for (set, name, kind, format, value, expected) in cases {
        let mut page = Page::default();
        own::add(&mut page, set, &info(name, kind, format), value, false);
        assert_eq!(samples(&page, Totals::Marked), [expected]);
    }
    let mut page = Page::default();
    own::add(&mut page, "VBE.boot.b", &info("req", "counter", "integer"), 1, true);
    let expected = "shellac_backend_req_total{backend=\"b\",configuration=\"boot\"} 1";
    assert_eq!(samples(&page, Totals::Marked), [expected]);
}

#[test]
fn the_exporters_names_are_its_own() {
    // As the exporter of Debian 12 answers when varnishstat says so.
    let cases = [
        ("VBE.boot.B1", "req", "varnish_backend_req{backend=\"b1\",server=\"unknown\"}"),
        (
            "VBE.reload_20201016_072034_5.b",
            "req",
            "varnish_backend_req{backend=\"b\",server=\"unknown\"}",
        ),
        ("VBE.second.b1", "req", "varnish_backend_req{backend=\"second.b1\",server=\"unknown\"}"),
        (
            "VBE.boot.d(127.0.0.1,,80)",
            "req",
            "varnish_backend_req{backend=\"d\",server=\"127.0.0.1:80\"}",
        ),
        ("VBE.boot.v6(,::1,80)", "req", "varnish_backend_req{backend=\"v6\",server=\",::1,80\"}"),
        (
            "VBE.boot.goto.1.(1.2.3.4).(http://e:80).(ttl:10)",
            "req",
            "varnish_backend_req{backend=\"goto.1.(1.2.3.4).(http://e:80)\",server=\"ttl:10\"}",
        ),
        (
            "VBE.29a2d2c2-7a10-41b7-9cd3-2c8a2d2d2b1a.x",
            "req",
            "varnish_backend_req{backend=\"x\",server=\"29a2d2c2-7a10-41b7-9cd3-2c8a2d2d2b1a\"}",
        ),
        ("MAIN", "sess_conn", "varnish_main_sessions{type=\"conn\"}"),
        ("MAIN", "s_sess", "varnish_main_sessions_total"),
        ("MAIN", "s_fetch", "varnish_main_fetch_total"),
        ("MAIN", "fetch_1xx", "varnish_main_fetch{type=\"1xx\"}"),
        ("MAIN", "n_backend", "varnish_main_n_backend"),
        ("MGT", "uptime", "varnish_mgt_uptime"),
        ("LOG", "batches", "varnish_main_log_batches"),
        ("SMA.Transient", "c_req", "varnish_sma_c_req{type=\"transient\"}"),
        ("SMF.f", "c_req", "varnish_smf_c_req{type=\"f\"}"),
        ("LCK.vsl.some", "creat", "varnish_lock_created{target=\"vsl.some\"}"),
        ("LCK.ban", "locks", "varnish_lock_operations{target=\"ban\"}"),
        ("LCK.ban", "dbg_busy", "varnish_lck_dbg_busy{id=\"ban\"}"),
        ("MEMPOOL.req0", "live", "varnish_mempool_live{id=\"req0\"}"),
        ("WAITER.W", "conns", "varnish_main_waiter_w_conns{id=\"waiter.w\"}"),
    ];
    for (set, name, expected) in cases {
        let mut page = Page::default();
        exporter::add(&mut page, set, &info(name, "counter", "integer"), 3);
        assert_eq!(samples(&page, Totals::Bare), [format!("{expected} 3")]);
    }
    let mut page = Page::default();
    exporter::add(&mut page, "VBE.boot.b", &info("happy", "bitmap", "bitmap"), 5);
    let labels = "{backend=\"b\",server=\"unknown\"}";
    let expected =
        [format!("varnish_backend_happy{labels} 5"), format!("varnish_backend_up{labels} 1")];
    assert_eq!(samples(&page, Totals::Bare), expected);
}

#[test]
fn both_forms_are_as_their_specifications_have_them() {
    let mut page = Page::default();
    page.counter("a_bytes", Some("bytes"), "Say \"a\" \\ b", 1);
    page.gauge("b", None, "B", Value::Float(2.0));
    let about =
        About { name: "c_seconds", kind: Kind::Histogram, unit: Some("seconds"), help: "C" };
    let value = Value::Histogram { cumulative: vec![(Some(1.0), 2), (None, 3)], sum: 4.5 };
    page.add(&about, vec![("x", "y".to_owned())], value);
    let about = About { name: "d", kind: Kind::Info, unit: None, help: "D" };
    page.add(&about, vec![("v", "1".to_owned())], Value::Integer(1));
    assert_eq!(
        text::page(&page, Form::OpenMetrics, Totals::Marked),
        "# HELP a_bytes Say \\\"a\\\" \\\\ b\n# TYPE a_bytes counter\n# UNIT a_bytes bytes\na_bytes_total 1\n\
         # HELP b B\n# TYPE b gauge\nb 2.0\n\
         # HELP c_seconds C\n# TYPE c_seconds histogram\n# UNIT c_seconds seconds\n\
         c_seconds_bucket{x=\"y\",le=\"1.0\"} 2\nc_seconds_bucket{x=\"y\",le=\"+Inf\"} 3\n\
         c_seconds_count{x=\"y\"} 3\nc_seconds_sum{x=\"y\"} 4.5\n\
         # HELP d D\n# TYPE d info\nd_info{v=\"1\"} 1\n# EOF\n"
    );
    assert_eq!(
        text::page(&page, Form::Classic, Totals::Marked),
        "# HELP a_bytes_total Say \"a\" \\\\ b\n# TYPE a_bytes_total counter\na_bytes_total 1\n\
         # HELP b B\n# TYPE b gauge\nb 2.0\n\
         # HELP c_seconds C\n# TYPE c_seconds histogram\n\
         c_seconds_bucket{x=\"y\",le=\"1.0\"} 2\nc_seconds_bucket{x=\"y\",le=\"+Inf\"} 3\n\
         c_seconds_count{x=\"y\"} 3\nc_seconds_sum{x=\"y\"} 4.5\n\
         # HELP d_info D\n# TYPE d_info gauge\nd_info{v=\"1\"} 1\n"
    );
}

#[test]
fn what_was_there_stays_and_repetitions_are_counted() {
    let mut page = Page::default();
    page.counter("a", None, "A", 1);
    page.gauge("a", None, "other", Value::Integer(2));
    page.add(
        &About { name: "a", kind: Kind::Gauge, unit: None, help: "" },
        vec![("x", "y".repeat(1000))],
        Value::Integer(3),
    );
    assert_eq!((page.repeated, page.samples(), page.families().len()), (1, 2, 1));
    let lines = samples(&page, Totals::Marked);
    assert_eq!(lines[0], "a_total 1");
    assert!(lines[1].len() < 300, "{}", lines[1].len());
}

/// A connection that is bytes, and a clock that is not needed.
struct Wire(Cursor<Vec<u8>>, Vec<u8>);

impl Read for Wire {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        // In small pieces, as a slow client sends them.
        let len = into.len().min(7);
        self.0.read(&mut into[..len])
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let len = bytes.len().min(5);
        self.1.write(&bytes[..len])
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Limited for Wire {
    fn limit(&self, _time: Duration) -> io::Result<()> {
        Ok(())
    }
}

struct Always(Option<Duration>);

impl Left for Always {
    fn left(&self) -> Option<Duration> {
        self.0
    }
}

const SECOND: Always = Always(Some(Duration::from_secs(1)));

fn ask(text: &[u8]) -> io::Result<Option<Asked>> {
    http::read(&mut Wire(Cursor::new(text.to_vec()), Vec::new()), &SECOND)
}

#[test]
fn requests_are_understood_or_refused() {
    let metrics = |form, with_body| Asked::Metrics { form, with_body };
    let refused =
        |status| move |it: &Asked| matches!(it, Asked::Refused { status: s, .. } if *s == status);
    let accept =
        |value: &str| format!("GET /metrics?a=b HTTP/1.1\r\nHost: x\r\naccept: {value}\r\n\r\n");
    let cases = [
        ("GET /metrics HTTP/1.1\r\n\r\n".to_owned(), metrics(Form::Classic, true)),
        ("HEAD /metrics HTTP/1.0\r\n\r\n".to_owned(), metrics(Form::Classic, false)),
        (accept("application/openmetrics-text"), metrics(Form::OpenMetrics, true)),
        (
            // As Prometheus asks.
            accept(
                "application/openmetrics-text; version=1.0.0; charset=utf-8;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
            ),
            metrics(Form::OpenMetrics, true),
        ),
        (accept("application/openmetrics-text;q=0.1,text/plain"), metrics(Form::Classic, true)),
        (accept("application/openmetrics-text;q=0,text/plain;q=0"), metrics(Form::Classic, true)),
        (
            accept("image/png, ;q=, application/openmetrics-text;q=x"),
            metrics(Form::OpenMetrics, true),
        ),
        ("GET /-/healthy HTTP/1.1\r\n\r\n".to_owned(), Asked::Healthy { with_body: true }),
        ("GET / HTTP/1.1\r\n\r\n".to_owned(), Asked::Index { with_body: true }),
    ];
    for (text, expected) in cases {
        assert_eq!(ask(text.as_bytes()).unwrap(), Some(expected), "{text}");
    }
    let long = format!("GET /metrics HTTP/1.1\r\nx: {}\r\n\r\n", "y".repeat(9000));
    let many = format!("GET /metrics HTTP/1.1\r\n{}\r\n", "x: y\r\n".repeat(100));
    for (text, status) in [
        ("POST /metrics HTTP/1.1\r\n\r\n", 405),
        ("GET /other HTTP/1.1\r\n\r\n", 404),
        ("\u{16}\u{3}\u{1} what", 400),
        (&long, 431),
        (&many, 400),
    ] {
        let asked = ask(text.as_bytes()).unwrap().unwrap();
        assert!(refused(status)(&asked), "{status}: {asked:?}");
    }
    assert_eq!(ask(b"").unwrap(), None);
    assert!(ask(b"GET /met").is_err(), "it ended early");
    let mut wire = Wire(Cursor::new(b"GET / HTTP/1.1\r\n\r\n".to_vec()), Vec::new());
    assert!(http::read(&mut wire, &Always(None)).is_err(), "there is no time left");
}

#[test]
fn answers_are_whole() {
    let mut wire = Wire(Cursor::default(), Vec::new());
    http::answer(&mut wire, &SECOND, (405, "Method Not Allowed"), "text/plain", "no\n", true)
        .unwrap();
    assert_eq!(
        String::from_utf8(wire.1).unwrap(),
        "HTTP/1.1 405 Method Not Allowed\r\nContent-Type: text/plain\r\nContent-Length: 3\r\nAllow: GET, HEAD\r\n\
         Connection: close\r\n\r\nno\n"
    );
    let mut wire = Wire(Cursor::default(), Vec::new());
    http::answer(&mut wire, &SECOND, (200, "OK"), "text/plain", "yes\n", false).unwrap();
    let text = String::from_utf8(wire.1).unwrap();
    assert!(text.contains("Content-Length: 4\r\n") && text.ends_with("\r\n\r\n"), "{text}");
}
