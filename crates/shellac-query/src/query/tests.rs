use shellac_format::Vxid;

use super::{Query, QueryError};

fn selects(query: &str, vxids: &[u64]) -> bool {
    Query::parse(query).unwrap().selects(vxids.iter().map(|&vxid| Vxid(vxid)))
}

#[test]
fn one_of_the_transactions_must_have_the_number() {
    for query in ["vxid == 5", "vxid==5", "  vxid\t== \"5\" ", "vxid == 0x5", "vxid == 5 # five"] {
        assert!(selects(query, &[4, 5]), "{query}");
        assert!(!selects(query, &[4, 6]), "{query}");
    }
}

#[test]
fn lines_are_alternatives() {
    let query = "# two of them\nvxid == 5\n\nvxid == 7\n";
    assert!(selects(query, &[5]) && selects(query, &[7]) && !selects(query, &[6]));
}

#[test]
fn the_rest_of_the_language_is_announced_with_its_place() {
    for (query, place) in [
        ("RespStatus >= 500", 0),
        ("vxid != 5", 5),
        ("vxid == 5 or vxid == 6", 10),
        ("not vxid == 5", 0),
        ("vxid == 4\nReqURL ~ x", 10),
        ("vxids == 4", 0),
    ] {
        match Query::parse(query) {
            Err(QueryError::NotYet { at, .. }) => assert_eq!(at, place, "{query}"),
            other => panic!("{query}: {other:?}"),
        }
    }
    let error = Query::parse("  RespStatus >= 500").unwrap_err().to_string();
    assert!(error.ends_with("\n    RespStatus >= 500\n    ^"), "{error}");
    assert!(error.contains("vxid == NUMBER"), "{error}");
}

#[test]
fn a_number_that_is_none_is_a_syntax_error() {
    for query in
        ["vxid ==", "vxid == x", "vxid == 5x", "vxid == -1", "vxid == 99999999999999999999"]
    {
        assert!(
            matches!(Query::parse(query), Err(QueryError::Syntax { at: 7 | 8, .. })),
            "{query}"
        );
    }
    assert_eq!(Query::parse(" \n# x"), Err(QueryError::Empty));
}
