use shellac_format::record::encode_text;
use shellac_format::{Dialect, RecordError, Side, Tag, Vxid};

use super::{Kind, Reason, Transaction};

fn record(dialect: Dialect, out: &mut Vec<u8>, tag: Tag, vxid: u64, text: &str) {
    let number = tag.number(dialect).unwrap();
    encode_text(out, dialect.layout(), number, Vxid(vxid), Side::Client, text.as_bytes(), 255);
}

#[test]
fn a_transaction_knows_itself_from_its_records() {
    for dialect in Dialect::ALL {
        let mut bytes = Vec::new();
        record(dialect, &mut bytes, Tag::Begin, 5, "req 4 rxreq");
        record(dialect, &mut bytes, Tag::ReqUrl, 5, "/a");
        record(dialect, &mut bytes, Tag::End, 5, "");
        let it = Transaction::from_records(dialect, 1, bytes).unwrap();
        assert_eq!((it.vxid, it.parent), (Vxid(5), Vxid(4)));
        assert_eq!((it.kind, it.reason, it.complete), (Kind::Request, Reason::Rxreq, true));
        assert_eq!(it.records().count(), 3);
        assert_eq!(it.first(Tag::ReqUrl).unwrap().text(), b"/a");
    }
}

#[test]
fn bytes_that_are_no_records_are_refused_with_their_place() {
    let mut bytes = Vec::new();
    record(Dialect::V6_0, &mut bytes, Tag::End, 5, "");
    let good = bytes.len();
    bytes.extend_from_slice(&[0; 8]);
    assert_eq!(
        Transaction::from_records(Dialect::V6_0, 1, bytes),
        Err(RecordError::NotARecord { at: good, number: 0 })
    );
}

#[test]
fn reasons_are_read_as_they_are_written() {
    let words = "unknown HTTP/1 PROXY rxreq esi restart pass fetch bgfetch pipe retry synth";
    let reasons: Vec<_> = words.split(' ').map(|word| Reason::from_word(word.as_bytes())).collect();
    assert_eq!(reasons[0], Reason::Unknown);
    for (at, (word, reason)) in words.split(' ').zip(&reasons).enumerate() {
        assert_eq!(reason.word(), word);
        assert_eq!(reasons.iter().position(|other| other == reason), Some(at), "{word}");
    }
    assert_eq!(Reason::from_word(b"rxreq "), Reason::Unknown);
}
