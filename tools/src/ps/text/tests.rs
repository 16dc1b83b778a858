use shellac_counters::live::{Bytes, InFlight, Phase, SeatState, Snapshot};
use shellac_render::redact::Redaction;

use super::super::sample::{Elsewhere, Found, Sample, Worker};
use super::super::sessions::Session;
use super::super::view::{Filter, View};
use super::*;

/// Shown in local time, so titles are compared without it.
const NOW_UNIX: u64 = 1_795_000_000_000_000;
const NOW: u64 = 1_000_000_000;

fn filter() -> Filter {
    let redaction = Redaction::default().with_parameters(true);
    Filter { backend: None, older: std::time::Duration::ZERO, redaction }
}

fn request(xid: u64, age: u64, phase: Phase, backend: &str, url: &str) -> InFlight {
    InFlight {
        seat: 0,
        phase,
        xid: Some(xid),
        session: xid - 1,
        attempt_xid: Some(xid + 1),
        attempt: 1,
        started: NOW - age,
        since: NOW - age / 2,
        deadline: Some(NOW + 2_500_000),
        client: Some("192.0.2.1:4711".parse().unwrap()),
        backend: backend.as_bytes().to_vec(),
        backend_cut: false,
        request: format!("GET {url}").into_bytes(),
        request_cut: false,
        bytes: Bytes::default(),
    }
}

fn sample(requests: Vec<InFlight>) -> Sample {
    let seats = vec![SeatState { swept: NOW - 50_000, hidden: 0, hidden_total: 0 }];
    let snapshot = Snapshot { requests, seats, busy: 0, broken: 0 };
    Sample {
        workdir: "/run/shellac/edge".to_owned(),
        instance: Some("edge".to_owned()),
        now_unix: NOW_UNIX,
        now: NOW,
        worker: Some(Worker { pid: 77, started_unix: NOW_UNIX / 1_000_000 - 8000 }),
        found: Found::Board(snapshot),
        draining: Vec::new(),
        problems: Vec::new(),
    }
}

fn some() -> Vec<InFlight> {
    let mut reading = request(1, 400_000, Phase::ReadHead, "", "");
    reading.xid = None;
    reading.request.clear();
    let mut retried = request(1_882_537_904_309_249, 12_340_000, Phase::FirstByte, "b0", "/x");
    retried.attempt = 3;
    let mut late = request(20, 3_000_000, Phase::Connect, "b1", "/y?token=geheim&a=1");
    late.deadline = Some(NOW - 1);
    let mut unlimited = request(30, 5_000, Phase::Pick, "b0", "/z");
    unlimited.deadline = None;
    unlimited.request_cut = true;
    vec![reading, retried, late, unlimited]
}

/// The page without the time in its first line.
fn page(sample: &Sample, filter: &Filter, columns: Option<usize>, rows: Option<usize>) -> String {
    let form = Form { columns, rows, color: false };
    let page = lines(&View::new(sample, filter), form).join("\n");
    match page.split_once("  ") {
        Some((name, rest)) => format!("{name}  {}", &rest["00:00:00  ".len()..]),
        None => page,
    }
}

#[test]
fn a_wide_page_has_a_line_per_request() {
    let expected = "\
edge  worker 77 up 2h13m  4 in flight, oldest 12.3 s

BACKEND  IN FLIGHT   OLDEST  WAITING FOR
b0               2   12.3 s  pick 1, first_byte 1
(none)           1   400 ms  read_head 1
b1               1    3.0 s  connect 1

             XID      AGE  PHASE         SINCE  TIMES OUT  BACKEND   CLIENT          REQUEST
1882537904309249   12.3 s  first_byte    6.1 s   in 2.5 s  b0 try 3  192.0.2.1:4711  GET /x
              20    3.0 s  connect       1.5 s        now  b1        192.0.2.1:4711  GET /y?token=(redacted)&a=1
               -   400 ms  read_head    200 ms   in 2.5 s  -         192.0.2.1:4711  -
              30     5 ms  pick           2 ms          -  b0        192.0.2.1:4711  GET /z...";
    assert_eq!(page(&sample(some()), &filter(), None, None), expected);
    assert_eq!(page(&sample(some()), &filter(), Some(150), Some(50)), expected);
}

#[test]
fn a_page_of_eighty_columns_has_two_lines_per_request() {
    let expected = "\
edge  worker 77 up 2h13m  4 in flight, oldest 12.3 s

BACKEND  IN FLIGHT   OLDEST  WAITING FOR
b0               2   12.3 s  pick 1, first_byte 1
(none)           1   400 ms  read_head 1
b1               1    3.0 s  connect 1

             XID      AGE  PHASE         SINCE  TIMES OUT  BACKEND
1882537904309249   12.3 s  first_byte    6.1 s   in 2.5 s  b0 try 3
                  192.0.2.1:4711 GET /x
              20    3.0 s  connect       1.5 s        now  b1
                  192.0.2.1:4711 GET /y?token=(redacted)&a=1
and 2 more, all younger";
    assert_eq!(page(&sample(some()), &filter(), Some(80), Some(13)), expected);
}

#[test]
fn names_that_begin_alike_are_told_apart() {
    let mut second =
        request(1_882_537_904_309_251, 2_000_000, Phase::Body, "checkout-service-green-02", "/b");
    second.attempt = 2;
    let first =
        request(1_882_537_904_309_249, 3_000_000, Phase::Body, "checkout-service-blue-01", "/a");
    let sample = sample(vec![first, second]);
    let expected = "\
edge  worker 77 up 2h13m  2 in flight, oldest 3.0 s

BACKEND                    IN FLIGHT   OLDEST  WAITING FOR
checkout-service-blue-01           1    3.0 s  body 1
checkout-service-green-02          1    2.0 s  body 1

             XID      AGE  PHASE         SINCE  TIMES OUT  BACKEND
1882537904309249    3.0 s  body          1.5 s   in 2.5 s  checkout...e-blue-01
                  192.0.2.1:4711 GET /a
1882537904309251    2.0 s  body          1.0 s   in 2.5 s  checkout...-02 try 2
                  192.0.2.1:4711 GET /b";
    assert_eq!(page(&sample, &filter(), Some(80), Some(24)), expected);
    // Where there is room they are whole.
    for columns in [Some(150), None] {
        let wide = page(&sample, &filter(), columns, None);
        assert!(
            wide.contains("  checkout-service-green-02 try 2  192.0.2.1:4711  GET /b"),
            "{wide}"
        );
    }
}

#[test]
fn no_page_is_larger_than_its_screen() {
    let many: Vec<InFlight> = (0..500)
        .map(|at| {
            let url = format!("/{}", "u".repeat(at));
            request(at as u64 + 2, at as u64 * 1000, Phase::Body, &format!("b{}", at % 40), &url)
        })
        .collect();
    for columns in [1, 2, 5, 20, 60, 80, 132, 200] {
        for rows in [1, 2, 5, 10, 24, 60] {
            let form = Form { columns: Some(columns), rows: Some(rows), color: false };
            let page = lines(&View::new(&sample(many.clone()), &filter()), form);
            assert!(page.len() <= rows, "{} lines of {rows}", page.len());
            for line in &page {
                assert!(line.len() <= columns, "{columns} columns: {line}");
            }
            // Who does not fit is counted, where there is room for anything of that kind.
            if rows >= 24 && columns >= 80 {
                let shown = page.iter().filter(|line| line.contains("192.0.2.1:4711")).count();
                let more = page.last().unwrap().split(' ').nth(1).unwrap();
                assert_eq!(shown + more.parse::<usize>().unwrap(), 500);
            }
        }
    }
}

#[test]
fn filters_leave_out_and_say_so() {
    let only = |filter: Filter| page(&sample(some()), &filter, None, None);
    let at_b0 = only(Filter { backend: Some("b0".to_owned()), ..filter() });
    assert!(at_b0.contains("2 of 4 in flight"), "{at_b0}");
    assert!(at_b0.contains("GET /x") && !at_b0.contains("GET /y"), "{at_b0}");
    let old = only(Filter { older: std::time::Duration::from_secs(3), ..filter() });
    assert!(old.contains("2 of 4 in flight") && !old.contains("GET /z"), "{old}");
    let none = only(Filter { backend: Some("b".to_owned()), ..filter() });
    assert!(none.contains("nothing in flight that is asked for"), "{none}");
    let open = only(Filter { redaction: Redaction::none(), ..filter() });
    assert!(open.contains("token=geheim"), "{open}");
}

#[test]
fn what_makes_a_page_less_than_it_seems_is_on_it() {
    let mut sample = sample(Vec::new());
    let Found::Board(snapshot) = &mut sample.found else { unreachable!() };
    snapshot.busy = 1;
    snapshot.broken = 1;
    snapshot.seats.push(SeatState { swept: NOW - 3_200_000, hidden: 37, hidden_total: 50 });
    let page = page(&sample, &filter(), Some(80), Some(24));
    for part in [
        "37 more are in flight for which the scoreboard has no room",
        "2 could not be read whole",
        "thread 1 has not been heard of for 3.2 s",
        "nothing in flight",
    ] {
        assert!(page.contains(part), "{part} is not in\n{page}");
    }
}

#[test]
fn hostile_text_is_shown_and_does_nothing() {
    let mut request = request(9, 1_000_000, Phase::Body, "b\x1b[2J", "/\x1b]0;x\x07\n\u{202e}");
    request.request.push(0xff);
    let mut sample = sample(vec![request]);
    sample.instance = Some("edge\x1b[31m".to_owned());
    sample.problems.push("a name\nwith\x1b[m escapes".to_owned());
    let view = View::new(&sample, &filter());
    let form = Form { columns: None, rows: None, color: false };
    let json = super::super::json::page(&view).unwrap();
    for text in [lines(&view, form).join("\n"), json.trim_end().to_owned()] {
        assert!(text.chars().all(|c| c == '\n' || (' '..='~').contains(&c)), "{text:?}");
    }
    assert!(lines(&view, form).join("\n").contains("GET /\\x1b]0;x\\x07\\x0a\\xe2\\x80\\xae\\xff"));
    let value: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(value["requests"][0]["backend"], "b\\x1b[2J");
}

#[test]
fn a_proxy_without_a_scoreboard_is_shown_by_its_sessions_and_connections() {
    let mut sample = sample(Vec::new());
    let session =
        |opened_unix, request| Session { opened_unix, client: "192.0.2.9:1".to_owned(), request };
    sample.found = Found::Elsewhere(Elsewhere {
        sessions: vec![(5, session(0, None)), (7, session(NOW_UNIX - 4_000_000, Some(8)))],
        untold: 2,
        connections: vec![("boot.a".to_owned(), 0), ("boot.b".to_owned(), 3)],
        remarks: vec!["records were lost".to_owned()],
    });
    let expected = "\
edge  worker 77 up 2h13m  2 sessions open
This proxy has no scoreboard: where a request hangs is not published.
Its open sessions (from the log) and connections (from its counters) instead.
records were lost

BACKEND  CONNECTIONS IN USE
boot.b                    3
boot.a                    0

SESSION      AGE  REQUEST  CLIENT
      5        -        -  192.0.2.9:1
      7    4.0 s        8  192.0.2.9:1
and 2 more";
    assert_eq!(page(&sample, &filter(), Some(80), None), expected);
    // What has no room is counted, those that are not told of with it.
    let tight = page(&sample, &filter(), Some(80), Some(12));
    assert!(tight.ends_with("192.0.2.9:1\nand 3 more"), "{tight}");
    let json = super::super::json::page(&View::new(&sample, &filter())).unwrap();
    let value: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert!(value["in_flight"].is_null());
    assert_eq!(value["elsewhere"]["sessions"][1]["request"], 8);
}

#[test]
fn times_take_seven_columns_at_most() {
    for (micros, expected) in [
        (0, "0 ms"),
        (999_999, "999 ms"),
        (1_000_000, "1.0 s"),
        (99_990_000, "99.9 s"),
        (100_000_000, "1m40s"),
        (3_599_000_000, "59m59s"),
        (3_600_000_000, "1h00m"),
        (86_400_000_000, "1d00h"),
    ] {
        assert_eq!(short(micros), expected);
        assert!(expected.len() <= 7);
    }
}

#[test]
fn what_a_worker_finishes_whose_place_was_taken_is_marked() {
    let mut two = sample(vec![request(100, 1_000_000, Phase::FirstByte, "b0", "/new")]);
    let old = vec![request(9, 60_000_000, Phase::Deliver, "b0", "/old")];
    let seats = vec![SeatState { swept: NOW, hidden: 2, hidden_total: 2 }];
    two.draining = vec![(55, Snapshot { requests: old, seats, busy: 0, broken: 0 })];
    let view = View::new(&two, &filter());
    assert_eq!((view.in_flight, view.hidden, view.threads.len()), (2, 2, 1));
    let form = Form { columns: Some(80), rows: None, color: false };
    let page = lines(&view, form);
    assert!(page.iter().all(|line| line.len() <= 80), "{page:#?}");
    let said = "worker 55, whose place was taken, finishes 1 of them (marked with *)";
    assert!(page.iter().any(|line| line == said), "{page:#?}");
    let lines: Vec<&String> = page.iter().filter(|line| line.contains("  b0")).collect();
    assert!(lines[0].starts_with(" 9*  "), "{page:#?}");
    assert!(lines[1].starts_with("100  "), "{page:#?}");
    let json: serde_json::Value =
        serde_json::from_str(&super::super::json::page(&view).unwrap()).unwrap();
    assert_eq!(json["draining"], serde_json::json!([{ "pid": 55, "in_flight": 1 }]));
    assert_eq!(json["requests"][0]["draining"], 55);
    assert_eq!(json["requests"][1]["draining"], serde_json::Value::Null);
}
