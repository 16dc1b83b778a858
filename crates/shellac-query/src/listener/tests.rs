use shellac_format::{Tag, Vxid};

use super::{Heard, HeardTransaction, Listener};
use crate::Query;

/// The verdict on one transaction of level 1 and number 5 with these records.
fn verdict(query: &str, records: &[(Tag, &str)]) -> Option<bool> {
    let listener = Listener::new(Query::parse(query).unwrap());
    let mut heard = Heard::default();
    for (tag, text) in records {
        listener.hear(*tag, format!("{text}\0").as_bytes(), &mut heard);
    }
    listener.verdict(&[HeardTransaction { level: 1, vxid: Vxid(5), heard }])
}

const FINE: [(Tag, &str); 2] = [(Tag::ReqUrl, "/a"), (Tag::RespStatus, "200")];

#[test]
fn cheap_questions_are_answered_and_others_decide_only_when_they_must() {
    for (query, expected) in [
        ("RespStatus == 200", Some(true)),
        ("RespStatus >= 500", Some(false)),
        ("ReqURL ~ '^/a'", Some(true)),
        ("ReqURL ~ '^/[ab]'", None),
        ("RespStatus >= 500 and ReqURL ~ '^/[ab]'", Some(false)),
        ("ReqURL ~ '^/[ab]' and RespStatus >= 500", Some(false)),
        ("RespStatus == 200 and ReqURL ~ '^/[ab]'", None),
        ("RespStatus == 200 or ReqURL ~ '^/[ab]'", Some(true)),
        ("RespStatus >= 500 or ReqURL ~ '^/[ab]'", None),
        ("not ReqURL ~ '^/[ab]'", None),
        ("not RespStatus >= 500", Some(true)),
        ("{1}RespStatus == 200", Some(true)),
        ("{2+}RespStatus == 200", Some(false)),
        ("vxid == 5", Some(true)),
        ("vxid > 5", Some(false)),
    ] {
        assert_eq!(verdict(query, &FINE), expected, "{query}");
    }
}

#[test]
fn what_the_whole_query_looks_at_is_kept_when_it_may_be_asked() {
    let names = |tags: shellac_format::TagSet| tags.iter().map(Tag::name).collect::<Vec<_>>();
    let listener = |text: &str| Listener::new(Query::parse(text).unwrap());
    let all_heard = listener("RespStatus >= 500 and BerespStatus");
    assert_eq!(names(all_heard.tags()), ["RespStatus", "BerespStatus"]);
    assert!(all_heard.kept_tags().is_empty());
    let some_heard = listener("RespStatus >= 500 and ReqURL ~ '^/[ab]'");
    assert_eq!(names(some_heard.tags()), ["RespStatus"]);
    assert_eq!(names(some_heard.kept_tags()), ["ReqURL", "RespStatus"]);
}

#[test]
fn more_questions_than_bits_are_asked_in_the_end() {
    let lines: Vec<_> = (0..70).map(|n| format!("RespStatus == {n}")).collect();
    let query = lines.join("\n");
    assert_eq!(verdict(&query, &[(Tag::RespStatus, "63")]), Some(true));
    assert_eq!(verdict(&query, &[(Tag::RespStatus, "64")]), None);
    let listener = Listener::new(Query::parse(&query).unwrap());
    assert!(listener.kept_tags().contains(Tag::RespStatus));
}
