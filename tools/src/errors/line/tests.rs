use shellac_format::{Dialect, Side, Tag, Vxid, record};
use shellac_log::Transaction;

use super::*;

fn attempt(records: &[(Tag, &[u8])]) -> Failures {
    let dialect = Dialect::V7_3;
    let mut bytes = Vec::new();
    let mut add = |tag: Tag, text: &[u8]| {
        let number = tag.number(dialect).expect("a tag of this dialect");
        record::encode_text(
            &mut bytes,
            dialect.layout(),
            number,
            Vxid(7),
            Side::Backend,
            text,
            4096,
        );
    };
    add(Tag::Begin, b"bereq 6 fetch");
    records.iter().for_each(|(tag, text)| add(*tag, text));
    add(Tag::End, b"");
    let transaction = Transaction::from_records(dialect, 1, bytes).expect("whole records");
    Failures::read(&[transaction]).expect("it failed")
}

fn line(failures: &Failures) -> String {
    text(&failures.attempts[0], failures, Zone::Utc, None)
}

#[test]
fn a_line_has_everything_that_is_recorded() {
    let failures = attempt(&[
        (Tag::Timestamp, b"Start: 1795325485.000000 0.000000 0.000000"),
        (Tag::BereqMethod, b"POST"),
        (Tag::BereqUrl, b"/a"),
        (Tag::BereqHeader, b"Host: example.org"),
        (Tag::BackendOpen, b"27 boot.b0 127.0.0.1 18081 127.0.0.1 48986 reuse"),
        (Tag::FetchError, b"HTC eof (Unexpected end of input)"),
        (Tag::VclLog, b"fetch.phase:first_byte"),
        (Tag::VclLog, b"fetch.class:eof"),
        (Tag::VclLog, b"fetch.reused:1"),
        (Tag::VclLog, b"fetch.age:2.500000"),
        (Tag::VclLog, b"fetch.waited:0.000150"),
        (Tag::VclLog, b"fetch.taken:0"),
        (Tag::Timestamp, b"Beresp: 1795325485.123456 0.123456 0.123456"),
    ]);
    let expected = "time=2026-11-22T05:31:25.123456Z xid=7 class=eof_before_byte_reused \
        phase=first_byte how=eof cause=reused-closed try=1/1 client=- method=POST url=/a \
        host=example.org backend=b0 addr=127.0.0.1:18081 reused=1 age=2.500000 waited=0.000150 taken=0 \
        error=\"HTC eof (Unexpected end of input)\"\n";
    assert_eq!(line(&failures), expected);
    // What explains it needs no more than the line.
    let shellac_render::explain::Explained::Known(known) =
        shellac_render::explain::explain(expected)
    else {
        panic!("not known")
    };
    assert_eq!(known.diagnosis.candidates[0].id, "reused-closed");
    let object: Value = json(&failures.attempts[0], &failures, Zone::Utc, Some("f"))
        .parse()
        .expect("a JSON object");
    assert_eq!(object["age"], 2.5);
    assert_eq!((&object["client"], &object["taken"]), (&Value::Null, &Value::from(0)));
    assert_eq!(object["file"], "f");
}

#[test]
fn hostile_text_stays_one_line_of_printable_letters() {
    let failures = attempt(&[
        (Tag::BereqMethod, b"GET x=\"y\" \\"),
        (Tag::BereqUrl, b"/\x1b[2J\n time=0 error=\"fake\""),
        (Tag::BereqHeader, b"Host: \xff\xfe\r\n-"),
        (Tag::FetchError, b"Director \"a\n\x1b]0;x\x07\" returned no backend"),
    ]);
    let line = line(&failures);
    assert_eq!(line.matches('\n').count(), 1, "{line}");
    assert!(line.trim_end().bytes().all(|byte| (0x20..0x7f).contains(&byte)), "{line}");
    assert!(line.contains(r#" url="/\\x1b[2J\\x0a time=0 error=\"fake\"" host="#), "{line}");
    assert!(line.contains(r#" method="GET x=\"y\" \\" "#), "{line}");
    let object: Value = json(&failures.attempts[0], &failures, Zone::Utc, None).parse().unwrap();
    assert_eq!(object["url"], "/\\x1b[2J\\x0a time=0 error=\"fake\"");
}
