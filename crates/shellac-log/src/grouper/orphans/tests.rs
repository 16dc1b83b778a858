use std::time::Duration;

use crate::grouper::tests::{DIALECT, at, groups, records, shape, texts};
use crate::{Account, GivenUp, Group, Grouper, Grouping, Kind, Limits};

fn grouper(grouping: Grouping) -> Grouper {
    Grouper::new(grouping, DIALECT, Limits::default()).with_orphans(true)
}

fn shapes(groups: &[Group]) -> Vec<Vec<(u32, u64)>> {
    groups.iter().map(shape).collect()
}

/// The rest of a request whose beginning was lost, and its two attempts.
const CUT: &str = "
    2 URL /lost
    3 Begin bereq 2 fetch
    3 Link bereq 4 retry
    3 End
    2 URL /rest
    4 Begin bereq 3 retry
    4 End";

#[test]
fn attempts_of_a_cut_request_come_out_when_it_ends_and_are_only_counted_without_being_asked_for() {
    for orphans in [true, false] {
        let mut grouper = grouper(Grouping::Request).with_orphans(orphans);
        grouper.row(&records(CUT), at(0));
        assert!(grouper.pop().is_none(), "the beginning of the request may still come");
        grouper.row(&records("2 End"), at(1));
        let account = grouper.account();
        let expected = match orphans {
            true => vec![vec![(1, 3), (2, 4)]],
            false => vec![],
        };
        let groups = groups(&mut grouper);
        assert_eq!(shapes(&groups), expected);
        assert_eq!((account.orphans, account.orphans_begun), if orphans { (1, 0) } else { (3, 2) });
        assert_eq!(account.unopened_bytes, records("2 URL /lost").len() as u64);
        let rest = records("2 URL /rest\n2 End").len();
        let attempts = records("3 Begin bereq 2 fetch\n3 Link bereq 4 retry\n3 End").len()
            + records("4 Begin bereq 3 retry\n4 End").len();
        let dropped = if orphans { rest } else { rest + attempts };
        assert_eq!(account.orphan_bytes, dropped as u64);
        assert_eq!(grouper.open(), 0);
        if let Some(group) = groups.first() {
            assert_eq!(group.transactions[0].kind, Kind::Backend);
            assert!(group.transactions.iter().all(|transaction| transaction.complete));
        }
    }
}

#[test]
fn a_request_that_never_comes_is_waited_for_as_long_as_the_limits_say() {
    let script = "3 Begin bereq 2 fetch\n3 End\n5 Begin bereq 0 bgfetch\n5 End";
    let mut grouper = grouper(Grouping::Request);
    grouper.row(&records(script), at(0));
    // One that names no parent waits for nobody.
    assert_eq!(shapes(&groups(&mut grouper)), [[(1, 5)]]);
    grouper.unit(&records("9 URL /x"), at(119));
    assert!(grouper.pop().is_none());
    grouper.unit(&records("9 URL /x"), at(120));
    assert_eq!(shapes(&groups(&mut grouper)), [[(1, 3)]]);
    assert_eq!(grouper.account().timeouts, 1);
    for why in [GivenUp::Flush, GivenUp::Gap] {
        grouper.row(&records(script), at(200));
        grouper.give_up_all(why);
        assert_eq!(shapes(&groups(&mut grouper)), [[(1, 5)], [(1, 3)]]);
    }
    assert_eq!(grouper.account().gaps, 1);
}

#[test]
fn an_attempt_that_is_cut_itself_is_marked_and_a_mere_name_is_no_group() {
    let mut grouper = grouper(Grouping::Request);
    grouper.row(&records("3 Begin bereq 2 fetch\n3 URL /a\n3 Link bereq 4 retry"), at(0));
    grouper.give_up_all(GivenUp::Gap);
    let groups = groups(&mut grouper);
    // 4 has made-up records only, and belongs to 3; 2 has too, and belongs to nobody.
    assert_eq!(shapes(&groups), [[(1, 3), (2, 4)]]);
    assert_eq!(
        texts(&groups[0], 0),
        ["bereq 2 fetch", "/a", "bereq 4 retry", "records lost", "synth"]
    );
    grouper.row(&records("2 Begin nonsense 0 x\n2 Link bereq 3 fetch\n2 End"), at(1));
    grouper.flush();
    assert!(grouper.pop().is_none(), "of 3 there is nothing but its name");
}

#[test]
fn requests_of_a_session_that_began_before_reading_did() {
    let script = "
        2 Begin req 1 rxreq
        2 Link bereq 3 pass
        3 Begin bereq 2 pass
        3 End
        2 End
        4 Begin req 1 rxreq
        4 End
        1 End";
    let mut grouper = grouper(Grouping::Session);
    grouper.row(&records(script), at(0));
    assert_eq!(shapes(&groups(&mut grouper)), [vec![(1, 2), (2, 3)], vec![(1, 4)]]);
    let mut strict = self::grouper(Grouping::Session).with_orphans(false);
    strict.row(&records(script), at(0));
    assert!(strict.pop().is_none());
    let Account { orphans, orphans_begun, .. } = strict.account();
    assert_eq!((orphans, orphans_begun), (4, 3));
}

#[test]
fn whole_trees_are_what_they_are_without_it() {
    let script = "
        2 Begin req 1 rxreq
        2 Link bereq 3 fetch
        3 Begin bereq 2 fetch
        3 End
        2 End";
    for grouping in [Grouping::Vxid, Grouping::Request] {
        let [with, without] = [true, false].map(|orphans| {
            let mut grouper = grouper(grouping).with_orphans(orphans);
            grouper.row(&records(script), Duration::ZERO);
            assert_eq!(grouper.account(), Account::default());
            groups(&mut grouper)
        });
        assert_eq!(with, without);
    }
}
