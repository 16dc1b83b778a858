use shellac_format::record::encode;
use shellac_format::{Dialect, Side, Tag, TagSet, Vxid};
use shellac_log::Filter;

use super::Keys;
use crate::reading::pass::Sink;
use crate::top::limits::Limits;

const DIALECT: Dialect = Dialect::V6_0;

fn row(records: &[(Tag, Side, &[u8])]) -> Vec<u8> {
    let mut row = Vec::new();
    for (tag, side, payload) in records {
        let number = tag.number(DIALECT).unwrap();
        encode(&mut row, DIALECT.layout(), number, Vxid(5), *side, payload);
    }
    row
}

fn counted(filter: &Filter, first_field: bool, records: &[(Tag, Side, &[u8])]) -> Vec<String> {
    let mut keys = Keys::new(filter, first_field, Limits::default(), DIALECT);
    let row = row(records);
    let (walked, _) = keys.row(DIALECT, &row).unwrap();
    assert_eq!((walked.records, walked.bytes), (records.len() as u64, row.len()));
    let name = |kind| crate::top::order::tag(kind).unwrap().name();
    let key = |it: shellac_measure::Counted<'_>| {
        format!("{} {} {}", it.count, name(it.kind), it.text.escape_ascii())
    };
    keys.counts.iter().map(key).collect()
}

const RECORDS: [(Tag, Side, &[u8]); 8] = [
    (Tag::ReqUrl, Side::Client, b"/a b\0"),
    (Tag::ReqUrl, Side::Client, b"/a b\0and more\0"),
    (Tag::ReqHeader, Side::Client, b"Host: a\0"),
    (Tag::BereqHeader, Side::Backend, b"Host:b\0"),
    (Tag::Debug, Side::Client, b"not shown as text\0"),
    (Tag::H2RxHdr, Side::Client, b"\x01\x02"),
    (Tag::End, Side::Client, b"\0"),
    (Tag::ReqHeader, Side::Client, b": no name\0"),
];

#[test]
fn keys_are_tags_with_texts_up_to_the_nul_and_nothing_is_no_key() {
    assert_eq!(
        counted(&Filter::new(), false, &RECORDS),
        ["2 ReqURL /a b", "1 ReqHeader Host: a", "1 BereqHeader Host:b", "1 ReqHeader : no name"]
    );
}

#[test]
fn the_first_field_ends_at_a_colon_or_a_space() {
    assert_eq!(
        counted(&Filter::new(), true, &RECORDS),
        ["2 ReqURL /a", "1 ReqHeader Host", "1 BereqHeader Host"]
    );
}

#[test]
fn records_that_are_not_shown_are_not_counted() {
    let mut filter = Filter::new();
    filter.exclude(TagSet::parse("ReqURL").unwrap());
    filter.sides.client = true;
    let expected = ["1 ReqHeader Host: a", "1 ReqHeader : no name"];
    assert_eq!(counted(&filter, false, &RECORDS), expected);
}

#[test]
fn another_dialect_has_the_same_keys() {
    let mut keys = Keys::new(&Filter::new(), false, Limits::default(), DIALECT);
    keys.row(DIALECT, &row(&RECORDS[..1])).unwrap();
    keys.set_dialect(Dialect::V7_3).unwrap();
    let mut other = Vec::new();
    let number = Tag::ReqUrl.number(Dialect::V7_3).unwrap();
    let layout = Dialect::V7_3.layout();
    encode(&mut other, layout, number, Vxid(7), Side::Client, b"/a b\0");
    keys.row(Dialect::V7_3, &other).unwrap();
    assert_eq!(keys.counts.iter().map(|it| it.count).collect::<Vec<_>>(), [2.0]);
}
