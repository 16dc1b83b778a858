//! The table against the lists that were taken from each family of writers.

use super::*;

fn check(dialect: Dialect, list: &str) {
    let mut named = 0;
    for line in list.lines().filter(|line| !line.is_empty()) {
        let (number, name) = line.split_once(' ').expect("NUMBER NAME");
        let number: u8 = number.parse().expect("a tag number");
        let tag = Tag::from_number(dialect, number);
        assert_eq!(tag.map(Tag::name), Some(name), "{dialect} {number}");
        assert_eq!(tag.and_then(|tag| tag.number(dialect)), Some(number));
        named += 1;
    }
    let in_table = (0..=255).filter(|&number| Tag::from_number(dialect, number).is_some()).count();
    assert_eq!(in_table, named, "{dialect}: the table names tags that the list does not");
}

#[test]
fn every_dialect_has_exactly_the_tags_of_its_list() {
    check(Dialect::V6_0, include_str!("../../../../fixtures/tags/6.0-7.2.txt"));
    check(Dialect::V7_3, include_str!("../../../../fixtures/tags/7.3-8.0.txt"));
    check(Dialect::Vs8_0_1, include_str!("../../../../fixtures/tags/8.0.1-vs.txt"));
    check(Dialect::Vs9_0, include_str!("../../../../fixtures/tags/9.0-vs.txt"));
}

#[test]
fn a_variant_is_its_own_row() {
    for (index, row) in TAGS.iter().enumerate() {
        assert_eq!(row.tag as usize, index);
        assert_eq!(row.tag.name(), row.name);
        assert!(!row.meaning.is_empty(), "{} says nothing", row.name);
    }
}
