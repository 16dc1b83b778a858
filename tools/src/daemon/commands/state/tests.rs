use shellac_upstream::admin::{Entry, Pattern};

use super::*;

#[test]
fn what_is_kept_comes_back_and_nothing_is_no_text() {
    assert_eq!(State::default().text(), "");
    assert_eq!(State::read("").unwrap(), State::default());
    let mut table = Table::default();
    table
        .set(Entry {
            pattern: Pattern::parse("*.api1").unwrap(),
            mode: Mode::Drain,
            author: "me".to_owned(),
            reason: "\"disk\"\n".to_owned(),
            since: 7,
            ttl: Some(60),
        })
        .unwrap();
    let wanted =
        vec![Wanted { config: "boot".to_owned(), backend: "b".to_owned(), mode: Mode::Sick }];
    let state = State { table, wanted };
    assert!(!state.text().contains('\n'), "it is one line");
    assert_eq!(State::read(&state.text()).unwrap(), state);
    assert!(State::read("{\"table\": 1}").is_err());
}
