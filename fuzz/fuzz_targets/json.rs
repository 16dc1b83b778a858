//! Any records in any trees: each line of JSON parses, in both schemas, and ours says what every record says.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use shellac_format::record::encode;
use shellac_format::{Dialect, Side, Tag, Vxid};
use shellac_log::{Filter, Group, Grouping, Transaction};
use shellac_render::json::varnishlog_json::VarnishlogJson;
use shellac_render::json::{JsonWriter, bytes_of};
use shellac_render::lines::Text;

#[path = "../../crates/shellac-render/src/json/tests/round_trip.rs"]
mod round_trip;

/// The line in a text that is empty or one line.
fn line(out: &Text) -> Option<Value> {
    let text = std::str::from_utf8(out.as_bytes()).expect("JSON is UTF-8");
    let line = text.strip_suffix('\n')?;
    assert!(!line.contains(|c: char| c.is_control()), "{line:?}");
    Some(serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
}

fuzz_target!(|data: &[u8]| {
    let Some((&first, mut data)) = data.split_first() else { return };
    let dialect = Dialect::ALL[usize::from(first) % Dialect::ALL.len()];
    let is_verbose = first & 0x80 != 0;
    // Each record: a number, how long it is and which transaction it is of, and its payload.
    let mut records: [Vec<u8>; 4] = Default::default();
    while let [number, len_bytes, of, rest @ ..] = data {
        let (payload, rest) = rest.split_at(rest.len().min(usize::from(*len_bytes)));
        data = rest;
        let at = usize::from(of % 4);
        // So that there are trees: the last bits name a transaction of the group.
        let begin = format!("{} {} retry\0", ["req", "bereq"][at % 2], of >> 6);
        let payload = if of & 0x20 != 0 { begin.as_bytes() } else { payload };
        let number = match of & 0x20 {
            0 => (*number).clamp(1, 253),
            _ => Tag::Begin.number(dialect).expect("every dialect has it"),
        };
        let side = [Side::Client, Side::Backend][at % 2];
        encode(&mut records[at], dialect.layout(), number, Vxid(at as u64), side, payload);
    }
    let transactions: Vec<Transaction> = (1..)
        .zip(records)
        .filter(|(_, bytes)| !bytes.is_empty())
        .map(|(level, bytes)| {
            Transaction::from_records(dialect, level, bytes).expect("they are whole")
        })
        .collect();
    let group = Group { transactions };
    let mut out = Text::default();
    JsonWriter::new(dialect, Grouping::Request, &Filter::new(), is_verbose).group(&group, &mut out);
    if group.transactions.is_empty() {
        return assert!(out.is_empty());
    }
    let value = line(&out).expect("there is something");
    let objects = round_trip::transactions(value.as_object().expect("an object"));
    assert_eq!(objects.len(), group.transactions.len());
    for transaction in &group.transactions {
        let is_it = |object: &&&serde_json::Map<String, Value>| object["vxid"] == transaction.vxid.0;
        let object = objects.iter().find(is_it).expect("each is somewhere");
        let shown = object["records"].as_array().expect("a list");
        assert_eq!(shown.len(), transaction.records().count());
        for (object, record) in shown.iter().zip(transaction.records()) {
            round_trip::check(object.as_object().expect("an object"), &record);
        }
    }
    for grouping in [Grouping::Request, Grouping::Raw] {
        out.clear();
        VarnishlogJson::new(dialect, grouping, &Filter::new()).group(&group, &mut out);
        let text = std::str::from_utf8(out.as_bytes()).expect("JSON is UTF-8");
        for line in text.lines() {
            let _: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        }
    }
});
