use super::{Limits, OPEN_BYTES};
use crate::grouper::tests::{DIALECT, at, groups, records, shape, texts};
use crate::{Group, Grouper, Grouping, LogRecords};

/// Nothing but the bytes is limited.
fn limited(open_max_bytes: usize) -> Limits {
    Limits { open_max: usize::MAX, open_max_bytes, ..Limits::default() }
}

fn has_overflowed(group: &Group) -> bool {
    (0..group.transactions.len()).any(|it| texts(group, it).contains(&"store overflow".to_owned()))
}

#[test]
fn a_session_of_twenty_thousand_requests_is_one_group() {
    const REQUESTS: u64 = 20_000;
    let mut grouper = Grouper::new(Grouping::Session, DIALECT, limited(64 << 20));
    grouper.row(&records("1 Begin sess 0 HTTP/1"), at(0));
    for vxid in (2..).step_by(2).take(20_000) {
        let script = format!(
            "1 Link req {vxid} rxreq\n{vxid} Begin req 1 rxreq\n{vxid} Link bereq {attempt} pass\n\
             {attempt} Begin bereq {vxid} pass\n{attempt} End\n{vxid} End",
            attempt = vxid + 1
        );
        grouper.row(&records(&script), at(0));
        assert!(grouper.pop().is_none());
    }
    assert_eq!(grouper.open() as u64, 1 + 2 * REQUESTS);
    grouper.row(&records("1 End"), at(0));
    let group = grouper.pop().unwrap();
    assert_eq!(group.transactions.len() as u64, 1 + 2 * REQUESTS);
    assert!(group.transactions.iter().all(|it| it.complete));
    assert_eq!(shape(&group)[..3], [(1, 1), (2, 2), (2, 4)]);
    assert_eq!(shape(&group).last(), Some(&(3, 2 * REQUESTS + 1)));
    assert_eq!((grouper.open(), grouper.open_bytes()), (0, 0));
    // The rule of the original tools does not let it become so long.
    let mut stock = Grouper::new(Grouping::Session, DIALECT, Limits::default());
    stock.row(&records("1 Begin sess 0 HTTP/1"), at(0));
    for vxid in 2..1002 {
        stock.row(&records(&format!("1 Link req {vxid} rxreq")), at(0));
    }
    assert!(has_overflowed(&stock.pop().unwrap()));
}

#[test]
fn what_comes_and_goes_in_one_unit_counts_among_the_open() {
    let limits = Limits { open_max: 2, ..Limits::default() };
    let batch = records("3 Begin bereq 2 fetch\n3 URL /\n3 End");
    let shown = |open: &[u64]| {
        let mut grouper = Grouper::new(Grouping::Vxid, DIALECT, limits);
        for vxid in open {
            grouper.unit(&records(&format!("{vxid} Begin sess 0 HTTP/1")), at(0));
        }
        grouper.unit(&batch, at(0));
        let groups = groups(&mut grouper);
        assert_eq!(grouper.open(), open.len() + 1 - groups.len());
        let shown = groups.iter();
        shown.map(|group| (group.transactions[0].vxid.0, has_overflowed(group))).collect::<Vec<_>>()
    };
    assert_eq!(shown(&[10]), [(3, false)], "it has the second place");
    assert_eq!(
        shown(&[10, 11]),
        [(3, false), (10, true)],
        "the oldest leaves behind it, and no other"
    );
    // Record by record it is the same transaction, which pushes the oldest out when it begins.
    let mut grouper = Grouper::new(Grouping::Vxid, DIALECT, limits);
    grouper.row(&records("10 Begin sess 0 HTTP/1\n11 Begin sess 0 HTTP/1"), at(0));
    grouper.row(&batch, at(0));
    let order: Vec<u64> = groups(&mut grouper).iter().map(|it| it.transactions[0].vxid.0).collect();
    assert_eq!(order, [10, 3]);
}

#[test]
fn more_bytes_than_the_limit_push_out_the_oldest_tree_and_no_other() {
    let text = "x".repeat(100);
    let long = |vxid: u64| records(&format!("{vxid} URL {text}"));
    let mut grouper = Grouper::new(Grouping::Session, DIALECT, limited(64 << 10));
    // The session, its complete request and the one that is under way are older than another session.
    let script = "
        1 Begin sess 0 HTTP/1
        2 Begin req 1 rxreq
        2 End
        3 Begin req 1 rxreq
        5 Begin sess 0 HTTP/1
        6 Begin req 5 rxreq";
    grouper.row(&records(script), at(0));
    let mut fed = 0;
    while grouper.account().overflows == 0 {
        assert!(grouper.pop().is_none());
        grouper.unit(&long(3), at(0));
        fed += 1;
    }
    let group = grouper.pop().unwrap();
    assert!(grouper.pop().is_none());
    assert_eq!(shape(&group), [(1, 1), (2, 2), (2, 3)]);
    assert_eq!(
        texts(&group, 2).len(),
        1 + fed + 2,
        "everything that was read, and what was made up"
    );
    assert_eq!(grouper.account().overflows, 2, "the request that was complete is not cut");
    assert_eq!(grouper.open(), 2);
    grouper.row(&records("6 End\n5 End"), at(0));
    assert_eq!(shape(&grouper.pop().unwrap()), [(1, 5), (2, 6)]);
}

#[test]
fn transactions_that_never_end_hold_no_more_than_the_limit() {
    let limit = 256 << 10;
    let row_bytes = 4 << 10;
    for grouping in [Grouping::Vxid, Grouping::Request, Grouping::Session] {
        let mut grouper = Grouper::new(grouping, DIALECT, limited(limit));
        let mut came_out = 0;
        let mut fed = 0;
        for vxid in (2..10_000).step_by(4) {
            // Names of children and parents that never come, beginnings without an end, and ends of what nobody knows.
            let script = format!(
                "{vxid} Begin req 1 rxreq\n{vxid} Link req {a} esi\n{vxid} Link bereq {b} fetch\n\
                 {c} Begin bereq {b} retry\n{vxid} URL {text}\n{c} Link bereq {vxid} retry\n{gone} End",
                a = vxid + 1,
                b = vxid + 2,
                c = vxid + 3,
                gone = vxid + 1_000_000,
                text = "y".repeat(200),
            );
            let row = records(&script);
            assert!(row.len() < row_bytes);
            fed += row.len() as u64;
            grouper.row(&row, at(0));
            assert!(grouper.open_bytes() <= limit, "{grouping:?}: {}", grouper.open_bytes());
            came_out += read_bytes(&groups(&mut grouper));
        }
        let account = grouper.account();
        assert!(account.overflows > 1000, "{grouping:?}: {account:?}");
        grouper.flush();
        came_out += read_bytes(&groups(&mut grouper));
        let account = grouper.account();
        assert_eq!(came_out + account.unopened_bytes + account.orphan_bytes, fed, "{grouping:?}");
        assert_eq!(grouper.open_bytes(), 0);
    }
}

/// Bytes of records that were not made up here: those are known by their texts.
fn read_bytes(groups: &[Group]) -> u64 {
    let made_up = |text: &[u8]| {
        text == b"store overflow"
            || text == b"flush"
            || text.ends_with(b"synth")
            || text.contains(&b'"')
    };
    let records = groups.iter().flat_map(|group| &group.transactions).flat_map(|transaction| {
        LogRecords::new(DIALECT, transaction.bytes())
            .with_bytes()
            .filter(|(it, _)| !made_up(it.text()))
    });
    records.map(|(_, bytes)| bytes.len() as u64).sum()
}

#[test]
fn the_oldest_is_given_up_with_what_it_waits_for() {
    let mut grouper = Grouper::new(Grouping::Request, DIALECT, limited(4 * OPEN_BYTES));
    grouper.row(&records("2 Begin req 1 rxreq\n2 Link bereq 3 fetch"), at(0));
    grouper.row(&records("4 Begin req 1 rxreq\n6 Begin req 1 rxreq"), at(0));
    let group = grouper.pop().unwrap();
    assert_eq!(shape(&group), [(1, 2), (2, 3)]);
    assert_eq!(texts(&group, 1), ["bereq 0 synth", "store overflow", "synth"]);
    assert_eq!(grouper.open(), 2);
}

/// Each names the one before as its parent. Were the way to the top gone for each of them, this would not end.
#[test]
fn a_tree_may_be_as_deep_as_it_likes() {
    const DEPTH: u64 = 200_000;
    let mut grouper = Grouper::new(Grouping::Request, DIALECT, limited(usize::MAX));
    grouper.row(&records("1 Begin req 0 rxreq"), at(0));
    for vxid in 2..=DEPTH {
        let parent = vxid - 1;
        grouper.row(&records(&format!("{vxid} Begin bereq {parent} retry\n{parent} End")), at(0));
    }
    assert!(grouper.pop().is_none());
    // One that would close the circle.
    let circle = format!("{DEPTH} Link req 1 restart");
    grouper.row(&records(&circle), at(0));
    grouper.row(&records(&format!("{DEPTH} End")), at(0));
    let group = grouper.pop().unwrap();
    assert_eq!(shape(&group).last(), Some(&(u32::try_from(DEPTH).unwrap(), DEPTH)));
    let last = group.transactions.len() - 1;
    assert_eq!(texts(&group, last)[2], format!("link too late ({DEPTH}:Link \"req 1 restart\")"));
}
