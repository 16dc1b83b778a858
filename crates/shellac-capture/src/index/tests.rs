use super::{Entry, MAX_LINE_BYTES, MAX_XIDS, Outcome};
use crate::stamp::Stamp;

#[test]
fn an_entry_has_the_fields_that_readers_know_in_their_order() {
    let mut entry = Entry::new(Stamp(1_795_325_485_123_456), 7, "eof_before_byte");
    entry.status = Some(503);
    entry.outcome = Outcome::Full;
    entry.file = Some("a.vsl".to_owned());
    entry.offset = Some(4);
    let line = String::from_utf8(entry.to_line()).unwrap();
    assert_eq!(
        line,
        concat!(
            r#"{"time":"2026-11-22T05:31:25.123456Z","xid":7,"xids":[7],"instance":null,"method":null,"url":null,"#,
            r#""status":503,"class":"eof_before_byte","backend":null,"attempts":0,"error":null,"rules":[],"#,
            r#""file":"a.vsl","offset":4,"outcome":"full","session":null}"#,
            "\n"
        )
    );
    assert_eq!(serde_json::from_str::<Entry>(&line).unwrap(), entry);
}

#[test]
fn no_line_is_longer_than_readers_take_and_hostile_text_stays_one_line_of_json() {
    let hostile = "\u{1b}\n\"ü\u{7f}\\".repeat(9000);
    let entry = Entry {
        xids: (u64::MAX - 5000..u64::MAX).collect(),
        instance: Some(hostile.clone()),
        method: Some(hostile.clone()),
        url: Some("\u{1}".repeat(100_000)),
        backend: Some(hostile.clone()),
        error: Some(hostile.clone()),
        rules: vec![hostile.clone(); 99],
        file: Some(hostile.clone()),
        reason: Some(hostile.clone()),
        ..Entry::new(Stamp(0), u64::MAX, hostile)
    };
    let line = entry.to_line();
    assert!(line.len() <= MAX_LINE_BYTES, "{}", line.len());
    let (end, rest) = line.split_last().unwrap();
    assert_eq!(*end, b'\n');
    assert!(rest.iter().all(|byte| *byte >= b' '), "a control character is in the line");
    let read: Entry = serde_json::from_slice(rest).unwrap();
    assert_eq!(read.xids.len(), MAX_XIDS);
    assert!(entry.url.unwrap().starts_with(&read.url.unwrap()));
}

#[test]
fn lines_of_later_versions_with_more_fields_are_read() {
    let text = r#"{"time":"2026-11-22T05:31:25Z","xid":1,"class":"c","outcome":"lost","reason":"disk","news":[1],
        "instance":null,"method":null,"url":null,"status":null,"backend":null,"error":null,"file":null,"offset":null,"session":null}"#;
    let entry: Entry = serde_json::from_str(text).unwrap();
    assert_eq!((entry.outcome, entry.reason.as_deref()), (Outcome::Lost, Some("disk")));
}
