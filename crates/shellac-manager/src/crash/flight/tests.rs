use std::net::SocketAddr;

use shellac_counters::live::Bytes;

use super::*;

const DIALECT: Dialect = Dialect::V7_3;
const SESSION: u64 = 2;
const REQUEST: u64 = 3;

fn head() -> LiveHead {
    LiveHead {
        seats: 1,
        slots: 8,
        pid: 17,
        started_unix: 1_000_000_000_000_000,
        started: 1_000_000,
    }
}

fn death() -> Death {
    Death { pid: 17, how: "signal: 9 (SIGKILL)".to_owned(), at: 3_500_000 }
}

fn shown(attempt: u32, attempt_xid: Option<u64>) -> InFlight {
    InFlight {
        seat: 0,
        phase: if attempt == 0 { Phase::Pick } else { Phase::FirstByte },
        xid: Some(REQUEST),
        session: SESSION,
        attempt_xid,
        attempt,
        started: 3_000_000,
        since: 3_200_000,
        deadline: None,
        client: Some(SocketAddr::from(([192, 0, 2, 1], 80))),
        backend: if attempt == 0 { Vec::new() } else { b"b0".to_vec() },
        backend_cut: false,
        request: b"GET /a b".to_vec(),
        request_cut: false,
        bytes: Bytes::default(),
    }
}

fn flights(requests: Vec<InFlight>) -> Flights {
    Flights::new(DIALECT, head(), Snapshot { requests, ..Snapshot::default() })
}

/// A published batch.
fn batch(xid: u64, side: Side, records: &[(Tag, &str)]) -> Vec<u8> {
    let mut out = Vec::new();
    for (tag, text) in records {
        let number = tag.number(DIALECT).unwrap();
        let layout = DIALECT.layout();
        record::encode_text(&mut out, layout, number, Vxid(xid), side, text.as_bytes(), 1024);
    }
    out
}

/// One line for each record.
fn lines(bytes: &[u8]) -> Vec<String> {
    let heads = Heads::new(DIALECT.layout(), bytes);
    let line = |place: shellac_format::Place| {
        let record = place.record(bytes);
        let tag = record.tag(DIALECT).unwrap().name();
        let text = String::from_utf8_lossy(record.text()).into_owned();
        format!("{} {} {tag} {text}", place.vxid.0, place.side.letter()).trim_end().to_owned()
    };
    heads.map(line).collect()
}

const ERROR: &str = "shellac: worker 17 died (signal: 9 (SIGKILL)) while this waited for the first byte of the answer, 300 ms after it had begun to";

#[test]
fn what_had_said_nothing_is_a_group_with_an_end() {
    let ends = flights(vec![shown(1, Some(4))]).end(&death(), 1 << 20, false);
    let expected = [
        "2 c Begin sess 0 HTTP/1".to_owned(),
        "2 c Link req 3 rxreq".to_owned(),
        "3 c Begin req 2 rxreq".to_owned(),
        "3 c Timestamp Start: 1000000002.000000 0.000000 0.000000".to_owned(),
        "3 c ReqStart 192.0.2.1 80 -".to_owned(),
        "3 c ReqMethod GET".to_owned(),
        "3 c ReqURL /a b".to_owned(),
        "3 c Link bereq 4 pass".to_owned(),
        "4 b Begin bereq 3 pass".to_owned(),
        "4 b VCL_Log fetch.phase:first_byte".to_owned(),
        "4 b VCL_Log fetch.backend:b0".to_owned(),
        "4 b VCL_Log fetch.class:died".to_owned(),
        "4 b VCL_Log fetch.try:1".to_owned(),
        format!("4 b Error {ERROR}"),
        "4 b End".to_owned(),
        format!("3 c Error {ERROR}"),
        "3 c Timestamp Died: 1000000002.500000 0.500000 0.300000".to_owned(),
        "3 c End".to_owned(),
        "2 c End".to_owned(),
    ];
    assert_eq!(lines(&ends.missing), expected);
    assert_eq!(lines(&ends.handed_on.concat()), expected);
    assert_eq!(ends.count, 1);
    for batch in &ends.handed_on {
        let heads: Vec<_> = Heads::new(DIALECT.layout(), batch).collect();
        assert!(heads.iter().all(|head| head.vxid == heads[0].vxid), "one transaction each");
    }
}

#[test]
fn what_was_published_is_not_said_twice() {
    let mut flights = flights(vec![shown(2, Some(5))]);
    let session = batch(2, Side::Client, &[(Tag::Begin, "sess 0 HTTP/1"), (Tag::SessOpen, "x")]);
    let link = batch(2, Side::Client, &[(Tag::Link, "req 3 rxreq")]);
    let beginning =
        [(Tag::Begin, "req 2 rxreq"), (Tag::ReqUrl, "/all"), (Tag::Link, "bereq 4 pass")];
    let request = batch(3, Side::Client, &beginning);
    let ended = [(Tag::Begin, "bereq 3 pass"), (Tag::Link, "bereq 5 retry"), (Tag::End, "")];
    let first = batch(4, Side::Backend, &ended);
    let other = batch(9, Side::Client, &[(Tag::Begin, "req 8 rxreq"), (Tag::End, "")]);
    let mut began = self::flights(vec![shown(2, Some(5))]);
    for batch in [&session, &link, &request, &other, &first] {
        flights.look(batch);
        began.look(batch);
    }
    let ends = flights.end(&death(), 1 << 20, false);
    let ending = [
        "5 b Begin bereq 4 retry".to_owned(),
        "5 b VCL_Log fetch.phase:first_byte".to_owned(),
        "5 b VCL_Log fetch.backend:b0".to_owned(),
        "5 b VCL_Log fetch.class:died".to_owned(),
        "5 b VCL_Log fetch.try:2".to_owned(),
        format!("5 b Error {ERROR}"),
        "5 b End".to_owned(),
        format!("3 c Error {ERROR}"),
        "3 c Timestamp Died: 1000000002.500000 0.500000 0.300000".to_owned(),
        "3 c End".to_owned(),
        "2 c End".to_owned(),
    ];
    assert_eq!(lines(&ends.missing), ending);
    assert_eq!(lines(&began.end(&death(), 1 << 20, true).handed_on.concat()), ending);
    // The next log has not seen any of it.
    let mut whole = [lines(&session), lines(&request), lines(&first)].concat();
    whole.push("2 c Link req 3 rxreq".to_owned());
    whole.extend(ending);
    assert_eq!(lines(&ends.handed_on.concat()), whole);
}

#[test]
fn what_has_its_end_is_left_and_what_is_too_much_is_made_short() {
    let mut ended = flights(vec![shown(0, None)]);
    ended.look(&batch(3, Side::Client, &[(Tag::Begin, "req 2 rxreq"), (Tag::End, "")]));
    assert_eq!(ended.end(&death(), 1 << 20, false), Ends::default());

    let mut long = flights(vec![shown(0, None)]);
    long.look(&batch(3, Side::Client, &[(Tag::Begin, "req 2 rxreq")]));
    let text = "x".repeat(1000);
    for _ in 0..300 {
        long.look(&batch(3, Side::Client, &[(Tag::VclLog, &text)]));
    }
    let ends = long.end(&death(), 1 << 20, false);
    let whole = lines(&ends.handed_on.concat());
    assert_eq!(whole.iter().filter(|line| line.contains(" Begin req")).count(), 1);
    assert!(!whole.iter().any(|line| line.contains("xxx")), "{whole:?}");
    assert!(!lines(&ends.missing).iter().any(|line| line.contains(" Begin req")));

    // Without room they are in the file only.
    let ends = flights(vec![shown(0, None)]).end(&death(), 10, false);
    assert_eq!((ends.count, ends.handed_on.len()), (1, 0));
    assert!(!ends.missing.is_empty());
    let early = InFlight { xid: None, ..shown(0, None) };
    assert_eq!(flights(vec![early]).end(&death(), 1 << 20, false), Ends::default());
}
