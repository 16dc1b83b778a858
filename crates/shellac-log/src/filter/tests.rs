use shellac_format::{ByteSet, Dialect, Side, Tag, TagSet, Vxid};

use shellac_query::regex::Regex;

use super::{Filter, Sides};
use crate::grouper::Compat;
use crate::transaction::{Kind, LogRecord, Reason};

fn shows(filter: &Filter, tag: Tag) -> bool {
    let number = tag.number(Dialect::V7_3).unwrap();
    shows_number(filter, number)
}

fn shows_number(filter: &Filter, number: u8) -> bool {
    let dialect = Dialect::V7_3;
    let tag = Tag::from_number(dialect, number);
    let record = LogRecord { number, tag, vxid: Vxid(1), side: Side::None, payload: b"\0" };
    filter.compile(dialect).shows(&record)
}

fn set(list: &str) -> TagSet {
    TagSet::parse(list).unwrap()
}

#[test]
fn without_options_everything_is_shown_even_what_has_no_name() {
    assert!(shows(&Filter::new(), Tag::ReqUrl));
    assert!(shows_number(&Filter::new(), 200));
}

#[test]
fn the_first_include_hides_the_rest() {
    let mut filter = Filter::new();
    filter.include(set("ReqURL"));
    filter.include(set("Begin"));
    assert!(shows(&filter, Tag::ReqUrl) && shows(&filter, Tag::Begin));
    assert!(!shows(&filter, Tag::End) && !shows_number(&filter, 200));
}

#[test]
fn later_options_win() {
    let mut filter = Filter::new();
    filter.exclude(set("Req*"));
    filter.include(set("ReqURL"));
    assert!(shows(&filter, Tag::ReqUrl) && shows(&filter, Tag::End));
    assert!(!shows(&filter, Tag::ReqMethod));
    filter.exclude(set("*URL"));
    assert!(!shows(&filter, Tag::ReqUrl));
}

#[test]
fn marks_are_never_shown() {
    for number in [0, 254, 255] {
        assert!(!shows_number(&Filter::new(), number));
    }
}

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern.as_bytes(), false).unwrap()
}

fn shows_text(filter: &Filter, tag: Tag, side: Side, payload: &[u8]) -> bool {
    let number = tag.number(Dialect::V6_0).unwrap();
    let record = LogRecord { number, tag: Some(tag), vxid: Vxid(1), side, payload };
    filter.compile(Dialect::V6_0).shows(&record)
}

#[test]
fn patterns_that_show_go_before_those_that_hide_and_both_before_tags() {
    let mut filter = Filter::new();
    filter.exclude(set("ReqURL"));
    filter.exclude_matching(None, regex("b"));
    filter.include_matching(Some(set("ReqURL")), regex("^/a"));
    let shows = |tag, text: &[u8]| shows_text(&filter, tag, Side::Client, text);
    assert!(shows(Tag::ReqUrl, b"/ab\0"));
    assert!(!shows(Tag::ReqUrl, b"/x\0"));
    assert!(!shows(Tag::ReqMethod, b"b\0"));
    assert!(shows(Tag::ReqMethod, b"a\0"));
}

#[test]
fn a_pattern_that_shows_as_the_first_option_hides_the_rest() {
    let mut filter = Filter::new();
    filter.include_matching(None, regex("yes"));
    assert!(shows_text(&filter, Tag::Begin, Side::None, b"yes\0"));
    assert!(!shows_text(&filter, Tag::Begin, Side::None, b"no\0"));
    let mut filter = Filter::new();
    filter.exclude_matching(None, regex("yes"));
    assert!(!shows_text(&filter, Tag::Begin, Side::None, b"yes\0"));
    assert!(shows_text(&filter, Tag::Begin, Side::None, b"no\0"));
}

#[test]
fn a_side_hides_the_other_whatever_a_pattern_says() {
    let mut filter = Filter::new();
    filter.sides.backend = true;
    filter.include_matching(None, regex("."));
    assert!(shows_text(&filter, Tag::Begin, Side::Backend, b"x"));
    assert!(!shows_text(&filter, Tag::Begin, Side::Client, b"x"));
    assert!(!shows_text(&filter, Tag::Begin, Side::None, b"x"));
}

#[test]
fn both_sides_are_all_for_the_newer_generation_and_none_for_the_older() {
    for (compat, shown) in [(None, false), (Some(Compat::V7), false), (Some(Compat::V9), true)] {
        let sides = Sides { client: true, backend: true, includes: false };
        let filter = Filter { sides, compat, ..Filter::new() };
        assert_eq!(shows_text(&filter, Tag::Begin, Side::Client, b"x"), shown, "{compat:?}");
    }
}

#[test]
fn sides_choose_transactions() {
    let client = Sides { client: true, ..Sides::default() };
    assert!(Sides::default().wants(Kind::Session, Reason::Http1));
    assert!(client.wants(Kind::Request, Reason::Rxreq));
    assert!(!client.wants(Kind::Request, Reason::Esi));
    assert!(Sides { includes: true, ..client }.wants(Kind::Request, Reason::Esi));
    assert!(!client.wants(Kind::Backend, Reason::Fetch));
    assert!(!client.wants(Kind::Session, Reason::Http1));
    assert!(Sides { backend: true, ..Sides::default() }.wants(Kind::Backend, Reason::Fetch));
}

#[test]
fn what_a_payload_begins_with_may_decide() {
    let shows = |filter: &Filter, tag: Tag, payload: &[u8]| {
        let number = tag.number(Dialect::V7_3).unwrap();
        let record = LogRecord { number, tag: Some(tag), vxid: Vxid(1), side: Side::None, payload };
        filter.compile(Dialect::V7_3).shows(&record)
    };
    let mut filter = Filter::new();
    filter.include_starting(Tag::ReqHeader, ByteSet::of_letters(*b"h"));
    filter.include_starting(Tag::VclReturn, ByteSet::of(*b"r"));
    filter.include_starting(Tag::ReqHeader, ByteSet::of(*b"x"));
    for (tag, payload, is_shown) in [
        (Tag::ReqHeader, &b"Host: a\0"[..], true),
        (Tag::ReqHeader, b"host: a\0", true),
        (Tag::ReqHeader, b"x: a\0", true),
        (Tag::ReqHeader, b"X: a\0", false),
        (Tag::ReqHeader, b"", true),
        (Tag::VclReturn, b"x\0", false),
        (Tag::ReqUrl, b"/h\0", false),
    ] {
        assert_eq!(shows(&filter, tag, payload), is_shown, "{payload:?}");
    }
    // What is shown anyway stays so.
    let mut filter = Filter::new();
    filter.include(set("VCL_return"));
    filter.include_starting(Tag::VclReturn, ByteSet::of(*b"r"));
    assert!(shows(&filter, Tag::VclReturn, b"fetch\0"));
}
