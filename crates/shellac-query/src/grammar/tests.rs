use super::parse;
use crate::predicate::{Condition, Pattern, Test};
use crate::query::Options;

fn condition(text: &str) -> Condition {
    parse(text.as_bytes(), Options::default()).unwrap_or_else(|error| panic!("{text}\n{error}"))
}

#[test]
fn and_binds_tighter_than_or() {
    let Condition::Any(parts) = condition("Hit or ReqURL and RespStatus or not Hit and ReqURL")
    else {
        panic!("or is outside")
    };
    let [Condition::Record(_), Condition::All(middle), Condition::All(last)] = &parts[..] else {
        panic!("{parts:?}")
    };
    assert_eq!(middle.len(), 2);
    assert!(matches!(last[..], [Condition::Not(_), Condition::Record(_)]));
}

#[test]
fn expressions_without_special_characters_need_no_pcre() {
    let pattern = |expression: &str, caseless| {
        let text = format!("ReqURL ~ '{expression}'");
        let options = Options { caseless, ..Options::default() };
        let condition = parse(text.as_bytes(), options).expect("a query");
        let Condition::Record(comparison) = condition else { panic!("a comparison") };
        let Test::Search { pattern, found: true } = comparison.test else { panic!("a search") };
        pattern
    };
    assert!(matches!(pattern("^/a b#", false), Pattern::Start(start) if start == b"/a b#"));
    assert!(matches!(pattern("/a-b", false), Pattern::Literal(_)));
    assert!(matches!(pattern("/a", true), Pattern::Regex(_)));
    for expression in ["a.b", "a|b", "^a$", "a*", "(?i)a", "[a]", "a\\\\d", "a{2}"] {
        assert!(matches!(pattern(expression, false), Pattern::Regex(_)), "{expression}");
    }
}
