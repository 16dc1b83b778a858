use shellac_format::{Dialect, Side, Tag, TagSet, Vxid};

use super::Filter;
use crate::transaction::LogRecord;

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
