//! The cases of `fixtures/query`, and properties of every text.

use std::path::Path;

use proptest::prelude::*;
use serde::Deserialize;
use shellac_format::{Tag, TagSet, Vxid};

use super::{Compat, Options, Query, QueryTransaction};
use crate::error::QueryError;
use crate::listener::{Heard, HeardTransaction, Listener};

fn fixture<T: for<'a> Deserialize<'a>>(name: &str) -> T {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/query").join(name);
    let text = std::fs::read_to_string(path).expect("the fixture is there");
    toml::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[derive(Deserialize)]
struct Groups {
    group: Vec<Group>,
}

#[derive(Deserialize)]
struct Group {
    name: String,
    transaction: Vec<Transaction>,
}

#[derive(Deserialize)]
struct Transaction {
    level: u32,
    vxid: u64,
    records: Vec<String>,
}

impl QueryTransaction for Transaction {
    fn level(&self) -> u32 {
        self.level
    }

    fn vxid(&self) -> Vxid {
        Vxid(self.vxid)
    }

    fn records(&self) -> impl Iterator<Item = (Tag, &[u8])> {
        self.records.iter().map(|record| {
            let (tag, _) = record.split_once(' ').expect("TAG TEXT");
            let tags = TagSet::named(tag, TagSet::ALL).expect("a tag");
            // One byte too many at the end stands for the NUL.
            (tags.iter().next().expect("one"), &record.as_bytes()[tag.len() + 1..])
        })
    }
}

impl Groups {
    fn load() -> Groups {
        let mut groups: Groups = fixture("groups.toml");
        for group in &mut groups.group {
            for transaction in &mut group.transaction {
                for record in &mut transaction.records {
                    record.push('\0');
                }
            }
        }
        groups
    }
}

#[derive(Deserialize)]
struct Cases<C> {
    case: Vec<C>,
}

const BOTH: [Compat; 2] = [Compat::V7, Compat::V9];

#[test]
fn every_case_selects_its_groups() {
    #[derive(Deserialize)]
    struct Case {
        about: String,
        query: String,
        selects: Vec<String>,
        #[serde(default)]
        v9: Option<Vec<String>>,
        #[serde(default)]
        caseless: bool,
    }
    let groups = Groups::load();
    let mut verdicts = 0;
    let cases: Cases<Case> = fixture("valid.toml");
    assert!(cases.case.len() >= 140, "{} cases", cases.case.len());
    for case in &cases.case {
        for compat in BOTH {
            let options = Options { compat, caseless: case.caseless };
            let query = Query::parse_with(&case.query, options)
                .unwrap_or_else(|error| panic!("{}: {}\n{error}", case.about, case.query));
            let selected: Vec<&str> = (groups.group.iter())
                .filter(|group| query.selects(&group.transaction))
                .map(|group| group.name.as_str())
                .collect();
            let expected = match &case.v9 {
                Some(v9) if compat == Compat::V9 => v9,
                _ => &case.selects,
            };
            assert_eq!(&selected, expected, "{}: {compat:?} {}", case.about, case.query);
            let listener = Listener::new(query);
            for group in &groups.group {
                // Whoever listened says the same, or does not know it.
                if let Some(verdict) = verdict(&listener, group) {
                    let selects = expected.contains(&group.name);
                    assert_eq!(verdict, selects, "{}: {compat:?} {}", group.name, case.query);
                    verdicts += 1;
                }
            }
        }
    }
    let asked = 2 * cases.case.len() * groups.group.len();
    assert!(verdicts > asked / 2, "{verdicts} of {asked}: most comparisons are cheap");
}

fn verdict(listener: &Listener, group: &Group) -> Option<bool> {
    let heard = group.transaction.iter().map(|transaction| {
        let mut heard = Heard::default();
        for (tag, payload) in transaction.records() {
            if listener.tags().contains(tag) {
                listener.hear(tag, payload, &mut heard);
            }
        }
        HeardTransaction { level: transaction.level, vxid: transaction.vxid(), heard }
    });
    listener.verdict(&heard.collect::<Vec<_>>())
}

#[test]
fn every_mistake_has_its_text() {
    #[derive(Deserialize)]
    struct Case {
        query: String,
        error: String,
    }
    let cases: Cases<Case> = fixture("errors.toml");
    assert!(cases.case.len() >= 130, "{} cases", cases.case.len());
    for case in &cases.case {
        for compat in BOTH {
            let error = Query::parse_with(&case.query, Options { compat, caseless: false });
            let error = error.expect_err(&case.query);
            assert_eq!(error.to_string(), case.error, "{compat:?} {:?}", case.query);
            let empty = error == QueryError::Empty;
            assert_eq!(empty, case.error.is_empty(), "{:?}", case.query);
        }
    }
}

#[test]
fn numbers_are_those_of_the_generation() {
    #[derive(Deserialize)]
    struct Numbers {
        subjects: Vec<String>,
        case: Vec<Case>,
    }
    #[derive(Deserialize)]
    struct Case {
        query: String,
        v7: Vec<String>,
        v9: Vec<String>,
    }
    let numbers: Numbers = fixture("numbers.toml");
    for case in &numbers.case {
        for (compat, expected) in [(Compat::V7, &case.v7), (Compat::V9, &case.v9)] {
            let query = Query::parse_with(&case.query, Options { compat, caseless: false });
            let query = query.unwrap_or_else(|error| panic!("{}\n{error}", case.query));
            let selected: Vec<&String> = (numbers.subjects.iter())
                .filter(|subject| {
                    let payload = [subject.as_bytes(), b"\0"].concat();
                    query.selects_record(Vxid(1), Some(Tag::VclLog), &payload)
                })
                .collect();
            assert_eq!(selected, expected.iter().collect::<Vec<_>>(), "{compat:?} {}", case.query);
        }
    }
}

#[test]
fn a_query_says_which_tags_it_looks_at() {
    let query = Query::parse("not (ReqURL,RespStatus ~ a or Hit) and vxid == 3").unwrap();
    let mut tags = TagSet::EMPTY;
    for tag in [Tag::ReqUrl, Tag::RespStatus, Tag::Hit] {
        tags.insert(tag);
    }
    assert_eq!(query.tags(), tags);
}

#[test]
fn names_of_tags_are_those_of_the_generation() {
    let parse = |text: &str, compat| Query::parse_with(text, Options { compat, caseless: false });
    assert!(parse("ReqTarget", Compat::V7).is_err());
    assert!(parse("BackendStart", Compat::V9).is_err());
    // What is unique in one generation may be the beginning of several names in the other.
    let query = parse("BackendS", Compat::V7).unwrap();
    assert_eq!(query.tags().iter().collect::<Vec<_>>(), [Tag::BackendStart]);
    let query = query.with_compat(Compat::V9).unwrap();
    assert_eq!(query.tags().iter().collect::<Vec<_>>(), [Tag::BackendSsl]);
}

#[test]
fn payloads_without_text_are_no_danger() {
    for query in
        ["VCL_Log", "VCL_Log[1]", "VCL_Log:a", "VCL_Log == 0", "VCL_Log ~ x", "*[2] eq \"\""]
    {
        let query = Query::parse(query).unwrap();
        for payload in [&b""[..], b"\0", b"\"", b"\"\"", b"\"\" x\0", b":"] {
            query.selects_record(Vxid(1), Some(Tag::VclLog), payload);
            assert!(
                !query.selects_record(Vxid(1), None, payload),
                "it has no name to be asked for"
            );
        }
    }
    let empty_word = Query::parse("VCL_Log[2] eq \"\"").unwrap();
    assert!(empty_word.selects_record(Vxid(1), Some(Tag::VclLog), b"x \"\"\0"));
}

/// A search that is given up counts as found, for nobody knows.
#[test]
fn a_search_that_takes_too_long_is_found() {
    let payload = [&b"a".repeat(40)[..], b"b\0"].concat();
    for (query, selected) in [("VCL_Log ~ \"(a+)+$\"", true), ("VCL_Log !~ \"(a+)+$\"", false)] {
        let query = Query::parse(query).unwrap();
        let got = query.selects_record(Vxid(1), Some(Tag::VclLog), &payload);
        assert_eq!(got, selected);
    }
}

#[test]
fn bytes_that_are_no_text_are_found_and_shown() {
    let query = Query::parse(b"VCL_Log ~ \"[\xe9]+x$\"").unwrap();
    assert!(query.selects_record(Vxid(1), Some(Tag::VclLog), b"a\xe9\xe9x\0"));
    let error = Query::parse(b"VCL_Log ~ \"\xe9\xe9(\"").unwrap_err().to_bytes();
    let marks = error.split(|&byte| byte == b'\n').nth(2).unwrap();
    assert_eq!(marks, b"----------###^#");
    assert!(error.starts_with(b"Regular expression error: missing closing parenthesis (Pos 14)\n"));
}

#[test]
fn parentheses_have_a_limit() {
    let nested = |depth: usize| format!("{}Hit{}", "(".repeat(depth), ")".repeat(depth));
    assert!(Query::parse(nested(64)).is_ok());
    for depth in [65, 100_000] {
        let error = Query::parse(nested(depth)).unwrap_err().to_string();
        assert!(error.starts_with("Too many parentheses in parentheses (Pos 65)\n"), "{error}");
    }
    // What stands side by side has none.
    assert!(Query::parse("Hit and ".repeat(20_000) + "Hit or not (Hit)").is_ok());
}

/// Text that looks like a query more often than not.
fn any_text() -> impl Strategy<Value = Vec<u8>> {
    let word = proptest::sample::select(vec![
        "ReqURL", "Resp*", "vxid", "not", "and", "or", "eq", "ne", "==", "!=", "<", ">=", "~",
        "!~", "(", ")", "[", "]", "{", "}", ":", ",", "\"", "'", "\"a(\"", "1", "1.5", "-", "+",
        "\n", "\\", "\\\n", "#", " ", "\t", "0x", "*", "é", "\0",
    ]);
    let words =
        proptest::collection::vec(word, 0..20).prop_map(|words| words.concat().into_bytes());
    let spaced = proptest::collection::vec(
        proptest::sample::select(vec![
            "ReqURL", "(", ")", "and", "not", "==", "5", "~", "a", "vxid",
        ]),
        0..12,
    );
    prop_oneof![
        words,
        spaced.prop_map(|words| words.join(" ").into_bytes()),
        proptest::collection::vec(any::<u8>(), 0..40)
    ]
}

proptest! {
    #[test]
    fn any_text_is_a_query_or_has_a_mistake_inside(text in any_text(), payload: Vec<u8>, v7: bool) {
        let compat = if v7 { Compat::V7 } else { Compat::V9 };
        match Query::parse_with(&text, Options { compat, caseless: false }) {
            Ok(query) => {
                query.selects_record(Vxid(5), Some(Tag::ReqUrl), &payload);
            }
            Err(QueryError::Empty) => {}
            Err(error) => {
                let QueryError::Text { span, inside, .. } = &error else { panic!("{error:?}") };
                prop_assert!(span.start <= span.end && span.end <= text.len());
                prop_assert!(inside.unwrap_or(0) <= span.len());
                let shown = error.to_bytes();
                // Message, text, marks, and an empty line; line ends of the text are blanks.
                let lines: Vec<&[u8]> = shown.split(|&byte| byte == b'\n').collect();
                let [message @ .., query, marks, empty, end] = &lines[..] else { panic!() };
                prop_assert!(!message.is_empty());
                prop_assert_eq!((query.len(), marks.len()), (text.len(), text.len()));
                prop_assert!(empty.is_empty() && end.is_empty());
            }
        }
    }
}
