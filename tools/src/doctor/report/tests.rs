use super::super::finding::{Level, Section, worst};
use super::{json, page};

fn sections() -> Vec<Section> {
    let mut one = Section::new("/run/shellac/x\u{1b}[2J");
    one.fine("manager", "pid 12, up 3 h");
    one.warn(
        "tmpfs",
        "not on a tmpfs, so that the system writes pages of the log to a disk",
        "put it below /run",
    );
    let mut two = Section::new("node");
    two.wrong("arp", "full \u{1b}]0;x\u{7}", "raise it");
    vec![one, two]
}

#[test]
fn a_page_says_what_and_what_to_do_in_its_columns() {
    let text = page(&sections(), 60, false);
    assert_eq!(
        text,
        "/run/shellac/x\\x1b[2J
  ok      manager       pid 12, up 3 h
  WARNING tmpfs         not on a tmpfs, so that the system
                        writes pages of the log to a disk
                        -> put it below /run

node
  WRONG   arp           full \\x1b]0;x\\x07
                        -> raise it

1 thing is wrong, 1 warning.
"
    );
    let colored = page(&sections(), 60, true);
    assert!(colored.contains("\x1b[1;31mWRONG   \x1b[0marp") && !colored.contains("\x1b]0"));
    let mut fine = Section::new("x");
    fine.note("a", "b");
    assert_eq!(page(&[fine], 60, false), "x\n  note    a             b\n\nNothing is wrong.\n");
}

#[test]
fn json_has_the_same_and_the_status_is_that_of_the_worst() {
    let value = json(&sections());
    assert_eq!(value["worst"], "wrong");
    assert_eq!(value["sections"][0]["findings"][1]["about"], "tmpfs");
    assert_eq!(value["sections"][0]["findings"][0]["advice"], serde_json::Value::Null);
    let status = |sections: &[Section]| worst(sections).status();
    assert_eq!((status(&sections()), status(&sections()[..1]), status(&[])), (2, 1, 0));
    assert!(Level::Wrong > Level::Warning);
}
