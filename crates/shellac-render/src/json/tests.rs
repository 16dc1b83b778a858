mod round_trip;

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use shellac_format::record::encode;
use shellac_format::{Dialect, Side, TAGS, Tag, Vxid};
use shellac_log::{Filter, Group, Grouping, LogRecords, Transaction};

use super::shape::ALL_FIELDS;
use super::{JsonWriter, bytes_of};
use crate::lines::Text;

const DIALECT: Dialect = Dialect::Vs9_0;

/// A transaction of these records, each with the NUL that ends a text.
fn transaction(level: u32, vxid: u64, records: &[(Tag, &[u8])]) -> Transaction {
    let mut bytes = Vec::new();
    for (tag, text) in records {
        let number = tag.number(DIALECT).expect("the dialect has it");
        let payload = [text, &b"\0"[..]].concat();
        encode(&mut bytes, DIALECT.layout(), number, Vxid(vxid), Side::Client, &payload);
    }
    Transaction::from_records(DIALECT, level, bytes).expect("whole records")
}

fn written(writer: &mut JsonWriter, transactions: Vec<Transaction>) -> Map<String, Value> {
    let mut out = Text::default();
    writer.group(&Group { transactions }, &mut out);
    let text = str::from_utf8(out.as_bytes()).expect("JSON is UTF-8");
    let line = text.strip_suffix('\n').expect("it is a line");
    match serde_json::from_str(line) {
        Ok(Value::Object(object)) => object,
        other => panic!("{other:?} from {line}"),
    }
}

fn writer(grouping: Grouping) -> JsonWriter {
    JsonWriter::new(DIALECT, grouping, &Filter::new(), false)
}

/// The records of a transaction with these, as JSON.
fn records(records: &[(Tag, &[u8])]) -> Vec<Value> {
    let object = written(&mut writer(Grouping::Vxid), vec![transaction(1, 7, records)]);
    object["records"].as_array().expect("a list").clone()
}

#[test]
fn each_shape() {
    let cases: [(Tag, &[u8], Value); 22] = [
        (Tag::VclCall, b"RECV", json!({"value": "RECV"})),
        (Tag::RespStatus, b"503", json!({"value": 503})),
        (Tag::RespStatus, b"0503", json!({"value": "0503"})),
        (Tag::Length, b"12", json!({"value": 12})),
        (Tag::ReqHeader, b"Host: a.b", json!({"name": "Host", "value": "a.b"})),
        (Tag::ReqHeader, b"X:", json!({"name": "X", "value": "", "raw": "X:"})),
        (Tag::ReqHeader, b"X:  y", json!({"name": "X", "value": "y", "raw": "X:  y"})),
        (Tag::ReqHeader, b"X: y ", json!({"name": "X", "value": "y", "raw": "X: y "})),
        (Tag::ReqHeader, b"X: ", json!({"name": "X", "value": ""})),
        (Tag::ReqHeader, b": y", json!({"value": ": y"})),
        (Tag::ReqHeader, b"none", json!({"value": "none"})),
        (
            Tag::Timestamp,
            b"Resp: 1795305357.021339 0.087033 -0.000034",
            json!({"event": "Resp", "time": 1795305357.021339, "rfc3339": "2026-11-21T23:55:57.021339Z",
                "since_start": 0.087033, "since_last": -0.000034}),
        ),
        (
            Tag::Timestamp,
            b"my own: word: 12.5 0 0",
            json!({"event": "my own: word", "time": 12.5, "since_start": 0, "since_last": 0}),
        ),
        (Tag::Timestamp, b"Resp: now", json!({"value": "Resp: now"})),
        (
            Tag::Begin,
            b"req 1 esi 2",
            json!({"type": "req", "other": 1, "reason": "esi", "level": 2}),
        ),
        (Tag::Link, b"bereq 3 fetch", json!({"type": "bereq", "other": 3, "reason": "fetch"})),
        (Tag::Link, b"bereq 3", json!({"value": "bereq 3"})),
        (Tag::Link, b"bereq 3 fetch 1 more", json!({"value": "bereq 3 fetch 1 more"})),
        (
            Tag::BackendClose,
            b"38 b close Backend/VCL requested close",
            json!({"fd": 38, "backend": "b", "how": "close", "reason": "Backend/VCL requested close"}),
        ),
        (
            Tag::Ttl,
            b"VCL 3600 10 0 1795305357 cacheable",
            json!({"source": "VCL", "ttl": 3600, "grace": 10, "keep": 0, "origin": 1795305357,
                "cacheable": "cacheable"}),
        ),
        (
            Tag::PipeAcct,
            b"1 2 3 4",
            json!({"client_request": 1, "backend_request": 2, "from_client": 3, "to_client": 4}),
        ),
        (Tag::H2RxHdr, b"\x01\xff", json!({"hex": "01ff00"})),
    ];
    for (tag, text, expected) in cases {
        let mut expected = expected;
        expected["tag"] = Value::from(tag.name());
        // Something behind it, so that it is written in passing, and nothing.
        let long = vec![b'y'; 200];
        for all in [&[(tag, text), (Tag::VclLog, &long)][..], &[(tag, text)]] {
            assert_eq!(records(all)[0], expected, "{}", text.escape_ascii());
        }
    }
}

#[test]
fn attempts_lie_in_their_request_and_requests_in_what_caused_them() {
    let one =
        |level, vxid, begin: &str| transaction(level, vxid, &[(Tag::Begin, begin.as_bytes())]);
    let group = vec![
        one(1, 10, "req 1 rxreq"),
        one(2, 11, "bereq 10 fetch"),
        one(2, 12, "req 10 esi 1"),
        one(3, 13, "bereq 11 retry"),
        one(3, 14, "bereq 12 pass"),
        one(4, 15, "bereq 13 retry"),
        // Of nobody who is here.
        one(4, 16, "req 99 restart"),
    ];
    let object = written(&mut writer(Grouping::Request), group);
    let numbers = |object: &Value, list: &str| -> Vec<u64> {
        let list = object.get(list).and_then(Value::as_array).into_iter().flatten();
        list.map(|it| it["vxid"].as_u64().expect("a number")).collect()
    };
    let object = Value::Object(object);
    assert_eq!(object["grouping"], "request");
    assert_eq!(numbers(&object, "attempts"), [11, 13, 15]);
    assert_eq!(numbers(&object, "requests"), [12, 16]);
    assert_eq!(numbers(&object["requests"][0], "attempts"), [14]);
    assert_eq!(object["attempts"][1]["parent"], 11);
}

#[test]
fn what_lies_too_deep_for_readers_stands_beside_it() {
    let count = 500;
    let group = (0..count).map(|at| {
        let begin = format!("req {at} restart");
        transaction(u32::try_from(at).unwrap() + 1, at + 1, &[(Tag::Begin, begin.as_bytes())])
    });
    let object = written(&mut writer(Grouping::Request), group.collect());
    let all = round_trip::transactions(&object);
    assert_eq!(all.len(), usize::try_from(count).unwrap());
}

#[test]
fn what_is_hidden_is_left_out_and_what_holds_something_is_kept() {
    let mut filter = Filter::new();
    filter.sides.backend = true;
    let mut writer = JsonWriter::new(DIALECT, Grouping::Request, &filter, false);
    let top = || transaction(1, 10, &[(Tag::Begin, b"req 1 rxreq"), (Tag::ReqUrl, b"/")]);
    let attempt = transaction(2, 11, &[(Tag::Begin, b"bereq 10 fetch")]);
    let object = written(&mut writer, vec![top(), attempt]);
    assert_eq!((object.get("records"), object.get("url")), (None, None));
    assert_eq!(object["attempts"][0]["vxid"], 11);
    let mut out = Text::default();
    writer.group(&Group { transactions: vec![top()] }, &mut out);
    assert!(out.is_empty(), "nothing of it is shown");
}

#[test]
fn what_a_transaction_comes_to() {
    let object = written(
        &mut writer(Grouping::Vxid),
        vec![transaction(
            1,
            10,
            &[
                (Tag::Timestamp, b"Start: 1795305357.000001 0.000000 0.000000"),
                (Tag::ReqStart, b"::1 4242 a0"),
                (Tag::ReqMethod, b"GET"),
                (Tag::ReqUrl, b"/first"),
                (Tag::ReqUrl, b"/rewritten"),
                (Tag::ReqHeader, b"host:  x "),
                (Tag::BackendOpen, b"38 b 127.0.0.1 80 127.0.0.1 33340 reuse 1.5 2"),
                (Tag::FetchError, b"one\xff"),
                (Tag::FetchError, b"two"),
                (Tag::RespStatus, b"200"),
                (Tag::RespStatus, b"503"),
                (Tag::Timestamp, b"Resp: 1795305358.000001 1.000000 1.000000"),
            ],
        )],
    );
    let without: Map<String, Value> =
        object.into_iter().filter(|(name, _)| name != "records").collect();
    assert_eq!(
        Value::Object(without),
        json!({"schema": "shellac-log/1", "grouping": "vxid", "vxid": 10, "type": "unknown",
            "reason": "unknown", "parent": 0, "complete": false, "time": 1795305357.000001,
            "rfc3339": "2026-11-21T23:55:57.000001Z", "duration": 1.0, "client": "::1",
            "client_port": 4242, "method": "GET", "url": "/first", "host": "x", "status": 503,
            "backend": "b", "backend_address": "127.0.0.1", "backend_port": 80, "reused": true,
            "errors": ["one\u{10f7ff}", "two"]})
    );
}

#[test]
fn records_by_themselves_are_lines_with_number_and_side() {
    let one = transaction(0, 10, &[(Tag::Begin, b"req 1 rxreq"), (Tag::VclCall, b"RECV")]);
    let mut filter = Filter::new();
    filter.include(shellac_format::TagSet::parse("Begin").unwrap());
    let mut out = Text::default();
    let walked =
        JsonWriter::new(DIALECT, Grouping::Raw, &filter, false).raw_row(one.bytes(), &mut out);
    assert_eq!((walked.records, walked.bytes), (2, one.bytes().len()));
    assert_eq!(
        str::from_utf8(out.as_bytes()).unwrap(),
        "{\"schema\":\"shellac-log/1\",\"grouping\":\"raw\",\"tag\":\"Begin\",\"vxid\":10,\"side\":\"client\",\
         \"type\":\"req\",\"other\":1,\"reason\":\"rxreq\"}\n"
    );
}

#[test]
fn every_name_of_a_field_is_in_the_schema() {
    let schema: Value = serde_json::from_str(super::SCHEMA_FILE).expect("the schema is JSON");
    let known = &schema["$defs"]["record"]["properties"];
    for field in ALL_FIELDS.iter().flat_map(|fields| fields.names) {
        assert!(known.get(field.name).is_some(), "{}", field.name);
        // With -v a record has these two as well.
        assert!(!matches!(field.name, "tag" | "vxid" | "side"), "{} twice", field.name);
    }
    assert_eq!(schema["$id"], super::SCHEMA);
    assert_eq!(schema["$defs"]["schema"]["const"], super::SCHEMA);
}

/// Payloads that are nearly what their tag promises, and any bytes.
fn payload() -> impl Strategy<Value = Vec<u8>> {
    let word = "[a-zA-Z:.]{0,12}|-?[0-9]{1,12}(\\.[0-9]{0,8})?|\"\\\\";
    let words = proptest::collection::vec(word, 0..11);
    let text = words.prop_map(|words| (words.join(" ") + "\0").into_bytes());
    let duration = (0u32..12, 0u32..1_000_000);
    let stamp = ("[A-Za-z ]{0,40}", 0u64..20_000_000_000, 0u32..1_000_000, duration);
    let stamp = stamp.prop_map(|(label, seconds, micros, (whole, parts))| {
        format!("{label}: {seconds}.{micros:06} {whole}.{parts:06} 0.{parts:06}\0").into_bytes()
    });
    let value = prop_oneof![
        "[ -~]{0,30}",
        "[ -~\u{e9}]{0,30}",
        // Longer than what is looked at together, and than what is written in passing.
        (0..500usize, "[ -~]{4}").prop_map(|(len, text)| "x".repeat(len) + &text),
        (430..480usize).prop_map(|len| "\"\\".repeat(len / 2)),
    ];
    let header = ("[A-Za-z-]{0,34}", ": ?", value)
        .prop_map(|(name, between, value)| format!("{name}{between}{value}\0").into_bytes());
    prop_oneof![text, stamp, header, proptest::collection::vec(any::<u8>(), 0..150)]
}

/// Records with these payloads, for tags by their place in the table.
fn encoded(records: &[(usize, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (row, payload) in records {
        let Some(number) = TAGS[*row].tag.number(DIALECT) else { continue };
        encode(&mut bytes, DIALECT.layout(), number, Vxid(5), Side::Backend, payload);
    }
    bytes
}

proptest! {
    /// With a record behind it each is written in passing where that can be, without one it is looked at with care.
    #[test]
    fn every_record_comes_back(
        records in proptest::collection::vec((0..TAGS.len(), payload()), 1..8),
        is_verbose in any::<bool>(),
    ) {
        let bytes = encoded(&records);
        let transaction = Transaction::from_records(DIALECT, 1, bytes.clone()).unwrap();
        let mut writer = JsonWriter::new(DIALECT, Grouping::Vxid, &Filter::new(), is_verbose);
        let object = written(&mut writer, vec![transaction]);
        let objects = object["records"].as_array().unwrap();
        let expected: Vec<_> = LogRecords::new(DIALECT, &bytes).collect();
        prop_assert_eq!(objects.len(), expected.len());
        for (object, record) in objects.iter().zip(&expected) {
            let object = object.as_object().unwrap();
            prop_assert_eq!(object.contains_key("side"), is_verbose);
            round_trip::check(object, record);
        }
    }

    /// With number and side nothing is written in passing.
    #[test]
    fn what_is_written_in_passing_is_what_care_writes(
        records in proptest::collection::vec((0..TAGS.len(), payload()), 1..20),
    ) {
        let bytes = encoded(&records);
        let line = |is_verbose| {
            let transaction = Transaction::from_records(DIALECT, 1, bytes.clone()).unwrap();
            let mut writer = JsonWriter::new(DIALECT, Grouping::Vxid, &Filter::new(), is_verbose);
            let mut out = Text::default();
            writer.group(&Group { transactions: vec![transaction] }, &mut out);
            String::from_utf8(out.as_bytes().to_vec()).unwrap()
        };
        prop_assert_eq!(line(false), line(true).replace(",\"vxid\":5,\"side\":\"backend\"", ""));
    }
}
