use proptest::prelude::*;
use shellac_format::TagSet;
use shellac_query::Query;

use crate::grouper::tests::{DIALECT, at, groups, records};
use crate::{Compat, Filter, Group, Grouper, Grouping, Limits};

/// A record of one of few transactions, so that many meet; about half of them change the table.
fn line() -> impl Strategy<Value = String> {
    let kind = prop::sample::select(vec!["req", "bereq", "sess", "nonsense"]);
    let reason = prop::sample::select(vec!["rxreq", "esi", "restart", "fetch", "HTTP/1", "esi 1"]);
    let url = prop::sample::select(vec!["/a", "/b", "/ab", ""]);
    (0..9u64, 0..9u64, kind, reason, url, 0..8).prop_map(
        |(vxid, other, kind, reason, url, what)| match what {
            0 | 1 => format!("{vxid} Begin {kind} {other} {reason}"),
            2 => format!("{vxid} Link {kind} {other} {reason}"),
            3 => format!("{vxid} End"),
            4 => format!("{vxid} Link broken"),
            _ => format!("{vxid} URL {url}"),
        },
    )
}

fn grouping() -> impl Strategy<Value = Grouping> {
    prop::sample::select(vec![Grouping::Vxid, Grouping::Request, Grouping::Session])
}

/// What a query that is asked in the end selects.
fn selected(query: &Query, groups: Vec<Group>) -> Vec<Group> {
    groups.into_iter().filter(|group| query.selects(&group.transactions)).collect()
}

proptest! {
    #[test]
    fn where_rows_begin_and_end_does_not_matter(
        lines in prop::collection::vec(line(), 1..60),
        pieces in prop::collection::vec(1..20usize, 1..8),
        grouping in grouping(),
        open_max in 1..6usize,
    ) {
        let limits = Limits { open_max, ..Limits::default() };
        let mut one_by_one = Grouper::new(grouping, DIALECT, limits);
        let mut in_rows = Grouper::new(grouping, DIALECT, limits);
        let (mut expected, mut got) = (Vec::new(), Vec::new());
        for line in &lines {
            one_by_one.row(&records(line), at(0));
            expected.extend(groups(&mut one_by_one));
        }
        let mut rest = &lines[..];
        for piece in pieces.into_iter().cycle() {
            let (now, later) = rest.split_at(piece.min(rest.len()));
            let row = records(&now.join("\n"));
            prop_assert_eq!(in_rows.row(&row, at(0)), row.len());
            got.extend(groups(&mut in_rows));
            rest = later;
            if rest.is_empty() {
                break;
            }
        }
        prop_assert_eq!(&got, &expected);
        prop_assert_eq!(in_rows.account(), one_by_one.account());
        prop_assert_eq!(in_rows.open_bytes(), one_by_one.open_bytes());
        one_by_one.flush();
        in_rows.flush();
        prop_assert_eq!(groups(&mut in_rows), groups(&mut one_by_one));
        prop_assert_eq!((in_rows.open(), in_rows.open_bytes()), (0, 0));
    }

    #[test]
    fn a_query_that_listens_selects_the_same_groups(
        units in prop::collection::vec(prop::collection::vec(line(), 1..5), 1..30),
        are_units in any::<bool>(),
        grouping in grouping(),
        compat in prop::sample::select(vec![Compat::V7, Compat::V9]),
    ) {
        for text in [
            "ReqURL ~ '/a'",
            "ReqURL ~ '^/[b]'",
            "not ReqURL",
            "VSL",
            "VSL ~ 'link' or VSL eq 'flush'",
            "Begin ~ 'req' and {2+}ReqURL eq '/b'",
            "End eq 'synth' or vxid > 6",
            "Link ~ 'esi' and ReqURL ~ '[a]'",
        ] {
            let query = Query::parse(text).unwrap();
            let few = {
                let mut filter = Filter::new();
                filter.include(TagSet::parse("VCL_Log").unwrap());
                filter.compile(DIALECT)
            };
            let new = || {
                let limits = Limits { open_max: 4, ..Limits::default() };
                Grouper::new(grouping, DIALECT, limits).with_compat(compat)
            };
            let mut asked_later = new();
            let mut listening = new().with_query(query.clone());
            let mut keeping_little = new().with_kept(few).with_query(query.clone());
            let mut groupers = [&mut asked_later, &mut listening, &mut keeping_little];
            for unit in &units {
                let bytes = records(&unit.join("\n"));
                for grouper in &mut groupers {
                    if are_units {
                        grouper.unit(&bytes, at(0));
                    } else {
                        grouper.row(&bytes, at(0));
                    }
                }
            }
            let [expected, got, little] = groupers.map(|grouper| {
                grouper.flush();
                groups(grouper)
            });
            let expected = selected(&query, expected);
            prop_assert_eq!(&got, &expected, "{}", text);
            prop_assert_eq!(shapes(&little), shapes(&expected), "{}", text);
            prop_assert_eq!(listening.open_bytes(), 0);
        }
    }
}

fn shapes(groups: &[Group]) -> Vec<Vec<(u32, u64)>> {
    groups.iter().map(crate::grouper::tests::shape).collect()
}

#[test]
fn raw_records_are_selected_one_by_one() {
    let query = Query::parse("ReqURL eq '/a'").unwrap();
    let mut grouper = Grouper::new(Grouping::Raw, DIALECT, Limits::default()).with_query(query);
    grouper.row(&records("2 URL /a\n2 URL /b\n0 URL /a\n3 Begin req 2 rxreq"), at(0));
    assert_eq!(shapes(&groups(&mut grouper)), [[(0, 2)], [(0, 0)]]);
}
