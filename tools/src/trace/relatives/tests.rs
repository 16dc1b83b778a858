use super::super::collect::tests::{DIALECT, STORY, log};
use super::*;

fn around(target: u64, lines: &[&str]) -> Vec<u64> {
    let mut relatives = Relatives::new(Vxid(target));
    // A row each, so that what was named before is looked for in earlier rows.
    lines.iter().for_each(|line| relatives.input(DIALECT, &log(&[line])));
    assert!(!relatives.again());
    let mut wanted: Vec<u64> = relatives.into_wanted().into_iter().map(|vxid| vxid.0).collect();
    wanted.sort_unstable();
    wanted
}

#[test]
fn every_number_of_a_tree_leads_to_all_of_it() {
    for target in [1, 2, 3, 4] {
        assert_eq!(around(target, STORY), [1, 2, 3, 4], "{target}");
        let backwards: Vec<&str> = STORY.iter().rev().copied().collect();
        assert_eq!(around(target, &backwards), [1, 2, 3, 4], "{target}");
    }
    assert_eq!(around(7, STORY), [7]);
}

#[test]
fn the_other_requests_of_a_connection_belong_only_to_the_connection() {
    let lines = [
        "2 Begin req 1 rxreq",
        "3 Begin req 1 rxreq",
        "4 Begin bereq 3 pass",
        "1 Begin sess 0 HTTP/1",
        "1 Link req 2 rxreq",
        "1 Link req 3 rxreq",
    ];
    assert_eq!(around(2, &lines), [1, 2]);
    assert_eq!(around(4, &lines), [1, 3, 4]);
    assert_eq!(around(1, &lines), [1, 2, 3, 4]);
}

#[test]
fn a_long_chain_in_any_order_costs_few_looks() {
    let chain: Vec<String> =
        (3..3000).map(|n| format!("{n} Begin bereq {} retry", n - 1)).collect();
    let forwards: Vec<&str> = chain.iter().map(String::as_str).collect();
    let backwards: Vec<&str> = forwards.iter().rev().copied().collect();
    for lines in [&forwards, &backwards] {
        for target in [2, 1500, 2999] {
            let mut relatives = Relatives::new(Vxid(target));
            relatives.input(DIALECT, &log(lines));
            assert!(!relatives.again());
            assert_eq!(relatives.into_wanted().len(), 2998, "{target}");
        }
    }
}

#[test]
fn what_was_forgotten_takes_another_pass() {
    let filler: Vec<u8> = log(&["100 Begin req 99 rxreq"]);
    let rows: Vec<Vec<u8>> = vec![
        log(&["3 Begin bereq 2 pass"]),
        filler.repeat(REMEMBERED + 1),
        log(&["2 Begin req 1 rxreq"]),
        log(&["4 Begin req 2 restart"]),
    ];
    let mut relatives = Relatives::new(Vxid(4));
    rows.iter().for_each(|row| relatives.input(DIALECT, row));
    assert!(relatives.again(), "2 was found when 3 was forgotten");
    rows.iter().for_each(|row| relatives.input(DIALECT, row));
    assert!(relatives.into_wanted().contains(&Vxid(3)));
}
