use std::time::Duration;

use shellac_format::record::{encode_batch_head, encode_text};
use shellac_format::{Dialect, Side, Tag, Vxid};

use super::{Compat, GivenUp, Grouper, Limits};
use crate::transaction::{Group, Grouping, Kind, LogRecords};

pub(super) const DIALECT: Dialect = Dialect::V7_3;

pub(super) fn at(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn record(vxid: u64, tag: Tag, text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let number = tag.number(DIALECT).unwrap();
    encode_text(&mut bytes, DIALECT.layout(), number, Vxid(vxid), Side::None, text.as_bytes(), 255);
    bytes
}

/// Records as `NUMBER TAG TEXT`, one a line.
pub(super) fn records(script: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let mut words = line.splitn(3, ' ');
        let vxid = words.next().unwrap().parse().unwrap();
        let tag = match words.next().unwrap() {
            "Begin" => Tag::Begin,
            "Link" => Tag::Link,
            "End" => Tag::End,
            "URL" => Tag::ReqUrl,
            other => panic!("{other}"),
        };
        bytes.extend(record(vxid, tag, words.next().unwrap_or_default()));
    }
    bytes
}

/// Level and number of each transaction.
pub(super) fn shape(group: &Group) -> Vec<(u32, u64)> {
    group.transactions.iter().map(|it| (it.level, it.vxid.0)).collect()
}

pub(super) fn texts(group: &Group, index: usize) -> Vec<String> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    group.transactions[index].records().map(|record| text(record.text())).collect()
}

fn grouper(grouping: Grouping) -> Grouper {
    Grouper::new(grouping, DIALECT, Limits::default())
}

pub(super) fn groups(grouper: &mut Grouper) -> Vec<Group> {
    std::iter::from_fn(|| grouper.pop()).collect()
}

/// The groups of a script, one unit per record.
fn grouped(grouping: Grouping, script: &str) -> Vec<Group> {
    let mut grouper = grouper(grouping);
    grouper.row(&records(script), at(0));
    groups(&mut grouper)
}

const TREE: &str = "
    2 Begin req 1 rxreq
    2 Link req 3 esi
    2 Link req 4 esi
    2 Link req 5 restart
    2 End
    4 Begin req 2 esi
    4 Link bereq 6 fetch
    4 Link bereq 7 fetch
    4 End
    7 Begin bereq 4 fetch
    7 End
    6 Begin bereq 4 fetch
    6 End
    5 Begin req 2 restart
    5 Link bereq 8 pass
    5 End
    3 Begin req 2 esi
    3 End
    8 Begin bereq 5 pass
    8 End";

#[test]
fn a_tree_comes_out_breadth_first_once_it_is_complete() {
    let groups = grouped(Grouping::Request, TREE);
    assert_eq!(groups.len(), 1);
    let expected = [(1, 2), (2, 3), (2, 4), (1, 5), (3, 6), (3, 7), (2, 8)];
    assert_eq!(shape(&groups[0]), expected);
    let attempt = &groups[0].transactions[6];
    assert_eq!((attempt.kind, attempt.parent, attempt.complete), (Kind::Backend, Vxid(5), true));
}

#[test]
fn in_vxid_grouping_each_comes_out_at_its_end() {
    let mut grouper = grouper(Grouping::Vxid).with_compat(Compat::V7);
    grouper.row(&records(TREE), at(0));
    let order: Vec<_> = groups(&mut grouper).iter().map(|group| shape(group)[0]).collect();
    assert_eq!(order, [(1, 2), (1, 4), (1, 7), (1, 6), (1, 5), (1, 3), (1, 8)]);
    assert_eq!(grouper.open(), 0);
}

#[test]
fn generations_differ_in_what_they_open_by_itself() {
    let script = "
        3 Begin req 2 esi 1
        3 End
        4 Begin nonsense
        4 End";
    let count = |compat| {
        let mut grouper = grouper(Grouping::Vxid).with_compat(compat);
        grouper.row(&records(script), at(0));
        groups(&mut grouper).len()
    };
    assert_eq!((count(Compat::V7), count(Compat::V9)), (2, 0));
}

#[test]
fn a_session_is_only_a_top_in_session_grouping() {
    let script = "
        1 Begin sess 0 HTTP/1
        1 Link req 2 rxreq
        2 Begin req 1 rxreq
        2 End
        1 End";
    assert_eq!(shape(&grouped(Grouping::Session, script)[0]), [(1, 1), (2, 2)]);
    assert_eq!(shape(&grouped(Grouping::Request, script)[0]), [(1, 2)]);
}

#[test]
fn what_has_no_begin_is_dropped_and_so_is_an_orphan_attempt() {
    let script = "
        2 URL /a
        2 End
        0 URL /b
        3 Begin bereq 0 bgfetch
        3 End";
    assert!(grouped(Grouping::Request, script).is_empty());
}

#[test]
fn a_batch_is_one_unit_and_goes_on_behind_its_end() {
    let mut grouper = grouper(Grouping::Request);
    let unit = records("2 Begin req 1 rxreq\n2 Link bereq 3 pass\n2 End\n2 URL /late");
    grouper.unit(&unit, at(0));
    grouper.unit(&records("2 URL /later"), at(0));
    assert!(grouper.pop().is_none(), "it waits for its child");
    grouper.unit(&records("3 Begin bereq 2 pass\n3 End"), at(0));
    let group = grouper.pop().unwrap();
    assert_eq!(texts(&group, 0), ["req 1 rxreq", "bereq 3 pass", "", "/late", "/later"]);
}

#[test]
fn heads_of_batches_in_a_row_are_stepped_over() {
    let body = records("2 Begin req 1 rxreq\n2 End");
    let mut row = Vec::new();
    encode_batch_head(&mut row, DIALECT.layout(), u32::try_from(body.len()).unwrap());
    row.extend_from_slice(&body);
    for grouping in [Grouping::Raw, Grouping::Request] {
        let mut grouper = grouper(grouping);
        grouper.row(&row, at(0));
        let records: usize = groups(&mut grouper)
            .iter()
            .flat_map(|group| &group.transactions)
            .map(|transaction| transaction.records().count())
            .sum();
        assert_eq!(records, 2, "{grouping:?}");
    }
}

#[test]
fn raw_gives_every_record_with_its_bytes() {
    let mut grouper = grouper(Grouping::Raw);
    let row = records("0 URL /a\n2 Begin req 1 rxreq\n0 URL /b");
    grouper.row(&row, at(0));
    let groups = groups(&mut grouper);
    let bytes: Vec<u8> =
        groups.iter().flat_map(|group| group.transactions[0].bytes().to_vec()).collect();
    assert_eq!(bytes, row);
    let kinds =
        groups.iter().map(|group| (group.transactions[0].kind, group.transactions[0].level));
    assert!(kinds.eq([(Kind::Raw, 0); 3]));
}

#[test]
fn the_oldest_is_given_up_after_its_time() {
    let mut grouper = grouper(Grouping::Request);
    grouper.unit(&records("2 Begin req 1 rxreq"), at(0));
    grouper.unit(&records("4 Begin req 1 rxreq"), at(60));
    grouper.unit(&records("4 URL /x"), at(119));
    assert!(grouper.pop().is_none());
    grouper.unit(&records("4 URL /y"), at(120));
    let group = grouper.pop().unwrap();
    assert_eq!(shape(&group), [(1, 2)]);
    assert!(!group.transactions[0].complete);
    assert_eq!(texts(&group, 0), ["req 1 rxreq", "timeout", "synth"]);
    assert_eq!(grouper.open(), 1);
}

#[test]
fn too_many_open_ones_push_the_oldest_out_with_what_it_started() {
    let limits = Limits { open_max: 2, ..Limits::default() };
    let mut grouper = Grouper::new(Grouping::Request, DIALECT, limits);
    grouper.row(&records("2 Begin req 1 rxreq\n2 Link bereq 3 fetch\n4 Begin req 1 rxreq"), at(0));
    let group = grouper.pop().unwrap();
    assert_eq!(shape(&group), [(1, 2), (2, 3)]);
    assert_eq!(texts(&group, 1), ["bereq 0 synth", "store overflow", "synth"]);
    let side = |index: usize| group.transactions[index].records().last().unwrap().side;
    assert_eq!((side(0), side(1)), (Side::Client, Side::Backend));
    assert_eq!(grouper.open(), 1);
}

#[test]
fn a_flush_leaves_nothing_open() {
    let mut grouper = grouper(Grouping::Session);
    grouper.row(&records("2 Begin req 1 rxreq\n2 Link req 3 esi\n3 Begin req 2 esi\n3 End"), at(0));
    grouper.flush();
    assert_eq!(grouper.open(), 0);
    assert!(grouper.pop().is_none(), "its top is not known to be a session");
    let mut flushed = self::grouper(Grouping::Request);
    flushed.row(&records("2 Begin req 1 rxreq\n2 Link req 3 esi\n3 Begin req 2 esi\n3 End"), at(0));
    flushed.flush();
    assert_eq!(texts(&flushed.pop().unwrap(), 0), ["req 1 rxreq", "req 3 esi", "flush", "synth"]);
}

#[test]
fn contradictions_are_named_behind_the_record_that_makes_them() {
    let script = "
        2 Begin req 2 esi
        2 Begin req 1 rxreq
        2 Link req
        2 Link req 2 esi
        2 Link req 0 esi
        2 End";
    let groups = grouped(Grouping::Request, script);
    assert_eq!(
        texts(&groups[0], 0),
        [
            "req 2 esi",
            "link to self (2:Begin \"req 2 esi\")",
            "req 1 rxreq",
            "duplicate begin (2:Begin \"req 1 rxreq\")",
            "req",
            "parse error (2:Link \"req\")",
            "req 2 esi",
            "link to self (2:Link \"req 2 esi\")",
            "req 0 esi",
            "illegal link vxid (2:Link \"req 0 esi\")",
            "",
        ]
    );
}

#[test]
fn a_diagnostic_is_cut_where_a_made_up_record_ends() {
    let script = format!("2 Begin req 1 rxreq\n2 Link {}\n2 End", "x".repeat(100));
    let groups = grouped(Grouping::Request, &script);
    let diagnostic = &texts(&groups[0], 0)[2];
    assert!(diagnostic.starts_with("parse error (2:Link \"xxx") && diagnostic.len() == 63);
}

#[test]
fn two_that_name_each_other_as_children_do_not_stay_for_ever() {
    let mut grouper = grouper(Grouping::Request);
    grouper.row(
        &records(
            "2 Begin req 1 rxreq
             3 Begin req 1 rxreq
             2 Link req 3 esi
             3 Link req 2 esi
             3 End
             2 End",
        ),
        at(0),
    );
    assert_eq!(grouper.open(), 0);
    let group = grouper.pop().unwrap();
    assert_eq!(shape(&group), [(1, 2), (2, 3)]);
    assert!(texts(&group, 1).iter().any(|text| text.starts_with("link too late")));
}

#[test]
fn recycled_groups_are_as_good_as_new() {
    let mut grouper = grouper(Grouping::Request);
    for round in 0..3 {
        grouper.row(&records(TREE), at(round));
        let group = grouper.pop().unwrap();
        assert_eq!(shape(&group).len(), 7);
        assert_eq!(texts(&group, 0).len(), 5);
        grouper.recycle(group);
    }
}

#[test]
fn records_of_a_popped_group_can_be_walked_again() {
    let group = grouped(Grouping::Request, TREE).remove(0);
    let top = &group.transactions[0];
    let whole: usize =
        LogRecords::new(DIALECT, top.bytes()).with_bytes().map(|(_, it)| it.len()).sum();
    assert_eq!(whole, top.bytes().len());
}

#[test]
fn what_is_cut_by_a_gap_is_marked_and_its_rest_is_not_glued_to_anything() {
    for grouping in [Grouping::Vxid, Grouping::Request, Grouping::Session] {
        let mut grouper = grouper(grouping);
        let kind = if grouping == Grouping::Session { "sess 0 HTTP/1" } else { "req 1 rxreq" };
        grouper.row(&records(&format!("2 Begin {kind}\n2 URL /before")), at(0));
        grouper.give_up_all(GivenUp::Gap);
        let group = grouper.pop().unwrap();
        assert!(!group.transactions[0].complete);
        assert_eq!(texts(&group, 0), [kind, "/before", "records lost", "synth"]);
        // The rest of it, with an attempt that names it.
        grouper.row(&records("2 URL /after"), at(1));
        grouper.row(&records("3 Begin bereq 2 fetch\n3 End\n2 URL /later\n2 End"), at(1));
        grouper.flush();
        let later = groups(&mut grouper);
        assert!(later.iter().flat_map(shape).all(|(_, vxid)| vxid == 3), "{grouping:?}");
        assert_eq!(grouper.open(), 0);
    }
}

#[test]
fn what_is_not_kept_leaves_the_same_groups_without_it() {
    let script = "
        1 Begin req 9 rxreq
        1 URL /a
        2 URL /nobody-knows-it
        1 Link bereq 2 fetch
        2 Begin bereq 1 fetch
        2 Link bereq 2 fetch
        2 URL /b
        2 End
        1 URL /c
        1 End";
    let mut filter = crate::Filter::new();
    filter.include(shellac_format::TagSet::parse("VSL").unwrap());
    let mut all = grouper(Grouping::Request);
    let mut few = grouper(Grouping::Request).with_kept(filter.compile(DIALECT));
    for grouper in [&mut all, &mut few] {
        grouper.row(&records(script), at(0));
    }
    let (all, few) = (groups(&mut all), groups(&mut few));
    assert_eq!(shape(&few[0]), [(1, 1), (2, 2)]);
    assert_eq!(shape(&all[0]), shape(&few[0]));
    for (index, with_text, expected) in
        [(0, "/c", &[][..]), (1, "/b", &["link to self (2:Link \"bereq 2 fetch\")"])]
    {
        assert!(texts(&all[0], index).iter().any(|text| text == with_text));
        assert_eq!(texts(&few[0], index), expected);
    }
}

#[test]
fn what_records_begin_with_may_keep_them_in_rows_and_where_all_are_looked_at() {
    let script = "
        1 Begin req 9 rxreq
        1 URL /a
        1 URL b
        1 URL /c
        2 URL /nobody-knows-it
        2 URL b
        1 URL d
        1 End";
    let kept = |with_diagnostics: bool| {
        let mut filter = crate::Filter::new();
        filter.include_starting(Tag::ReqUrl, shellac_format::ByteSet::of(*b"/"));
        if with_diagnostics {
            filter.include(shellac_format::TagSet::parse("VSL").unwrap());
        }
        grouper(Grouping::Vxid).with_kept(filter.compile(DIALECT))
    };
    let mut rows = kept(false);
    rows.row(&records(script), at(0));
    assert_eq!(texts(&groups(&mut rows)[0], 0), ["/a", "/c"]);
    // The records of a unit belong to its transaction, and those that are of another one are told.
    let unit = records("1 Begin req 9 rxreq\n1 URL /a\n1 URL b\n2 URL b\n1 End");
    let mut without = kept(false);
    without.unit(&unit, at(0));
    assert_eq!(texts(&groups(&mut without)[0], 0), ["/a"]);
    let mut with = kept(true);
    with.unit(&unit, at(0));
    let told = "vxid mismatch (2:ReqURL \"b\")";
    assert_eq!(texts(&groups(&mut with)[0], 0), ["/a", "b", "b", told]);
}

#[test]
fn a_link_that_is_wrong_is_told_where_transactions_stand_alone_if_somebody_listens() {
    let script = "1 Begin req 9 rxreq\n1 Link broken\n1 URL /a\n1 End";
    for (tags, expected) in
        [("ReqURL", &["/a"][..]), ("VSL,ReqURL", &["parse error (1:Link \"broken\")", "/a"])]
    {
        let mut filter = crate::Filter::new();
        filter.include(shellac_format::TagSet::parse(tags).unwrap());
        let mut grouper = grouper(Grouping::Vxid).with_kept(filter.compile(DIALECT));
        grouper.row(&records(script), at(0));
        assert_eq!(texts(&groups(&mut grouper)[0], 0), expected, "{tags}");
    }
}
