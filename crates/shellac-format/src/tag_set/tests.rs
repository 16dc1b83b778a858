//! Lists of tags as users write them.

use super::*;

fn check(list: &str, expected: Result<&[Tag], &str>) {
    let found = TagSet::parse(list).map(|set| set.iter().collect::<Vec<_>>());
    assert_eq!(
        found.as_deref().map_err(ToString::to_string),
        expected.map_err(str::to_owned),
        "{list}"
    );
}

#[test]
fn names_prefixes_and_globs() {
    check("ReqURL", Ok(&[Tag::ReqUrl]));
    check("requrl,,begin", Ok(&[Tag::ReqUrl, Tag::Begin]));
    check("Hit", Ok(&[Tag::Hit]));
    check("HitP", Ok(&[Tag::HitPass]));
    check("*acct", Ok(&[Tag::ReqAcct, Tag::PipeAcct, Tag::BereqAcct, Tag::VfpAcct, Tag::VdpAcct]));
    check("B*H*", Err("Syntax error in \"B*H*\""));
    check("B*health", Ok(&[Tag::BackendHealth]));
    check("Be", Err("\"Be\" is ambiguous"));
    check("nonsense", Err("\"nonsense\" matches zero tags"));
    check("ReqURL,x*y", Err("\"ReqURL,x*y\" matches zero tags"));
    check("", Err("\"\" matches zero tags"));
}

#[test]
fn all_is_the_whole_table() {
    assert_eq!(TagSet::ALL.iter().count(), TAGS.len());
    assert_eq!(TagSet::ALL.without(TagSet::ALL), TagSet::EMPTY);
}
