use shellac_format::Vxid;

use super::Relation;
use crate::transaction::{Kind, Reason};

fn parse(text: &str) -> Option<(Kind, u64, Reason, u32)> {
    Relation::parse(text.as_bytes()).map(|it| (it.kind, it.vxid.0, it.reason, it.esi_level))
}

#[test]
fn the_three_fields_and_the_optional_fourth() {
    assert_eq!(parse("req 2 rxreq"), Some((Kind::Request, 2, Reason::Rxreq, 0)));
    assert_eq!(parse("req 3 esi 2"), Some((Kind::Request, 3, Reason::Esi, 2)));
    assert_eq!(parse("bereq 32770 retry"), Some((Kind::Backend, 32770, Reason::Retry, 0)));
    assert_eq!(parse("sess 0 HTTP/1"), Some((Kind::Session, 0, Reason::Http1, 0)));
    assert_eq!(parse("  req\t5  esi  x y"), Some((Kind::Request, 5, Reason::Esi, 0)));
}

#[test]
fn unknown_words_are_not_an_error() {
    assert_eq!(parse("foo 2 bar"), Some((Kind::Unknown, 2, Reason::Unknown, 0)));
}

#[test]
fn fewer_fields_are() {
    for text in ["", "req", "req 2", "req 2 ", "req x rxreq", "req -2 rxreq"] {
        assert_eq!(parse(text), None, "{text:?}");
    }
}

#[test]
fn a_number_that_does_not_fit_saturates() {
    let huge = Relation::parse(b"req 99999999999999999999999 rxreq").unwrap();
    assert_eq!(huge.vxid, Vxid(u64::MAX));
}
