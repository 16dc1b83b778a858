use super::TABLE;
use crate::stock::table::{descriptions, optstring, synopsis, usage};

#[test]
fn the_letters_are_those_of_the_stock_tool() {
    assert_eq!(optstring(TABLE), "aAbcCdDEg:hi:I:k:L:n:P:Q:q:r:R:t:T:uvVw:x:X:");
}

#[test]
fn usage_has_a_line_for_each() {
    let usage = usage(TABLE, "varnishlog");
    assert_eq!(usage.lines().count(), 3 + TABLE.len());
    assert!(usage.contains("\n [-k <num>]                Limit transactions\n"));
    assert!(usage.contains("\n [-g <session|request|vxid|raw>] Grouping mode (default: vxid)\n"));
    assert!(
        synopsis(TABLE).starts_with("[-a] [-A]")
            && synopsis(TABLE).ends_with("[-X <[taglist:]regex>]")
    );
}

#[test]
fn each_name_tells_its_own_defaults() {
    let stock = descriptions(TABLE);
    assert!(stock.contains("are incomplete (default: 1000).") && !stock.contains("--limit-bytes"));
    assert!(stock.contains("for this long (default: 120).") && !stock.contains("stock name"));
    let ours = |letter| TABLE.iter().find(|row| row.letter == letter).map(|row| row.help);
    assert!(ours('L').is_some_and(|help| help.contains("as many as --limit-bytes allows")));
    assert!(ours('T').is_some_and(|help| help.contains("no limit for sessions")));
    assert!(TABLE.iter().all(|row| !row.help.contains("stock name")));
}
